/* kernel/ps/include/ps/process.h: processes, threads, groups, sessions, waits.
 *
 * The kernel holds the tree and applies the standard rules; procd decides who may
 * exec. One process and one thread serve both worlds. Pids and tids come from one
 * space; services have fixed low pids.
 *
 * Locking: ps_tree_lock (PS_TREE) guards parents, children, groups, sessions, pids and
 * states; process->lock (PROCESS) limits, credentials and the pointers to the space,
 * handles and fs; process->signal_lock (SIGNAL, interrupts off: timers send signals)
 * pending signals, actions, stop state and the list of threads. Taken in that order.
 */
#ifndef PS_PROCESS_H
#define PS_PROCESS_H

#include <albireo/exec.h>
#include <albireo/native.h>
#include <albireo/services.h>
#include <ds/list.h>
#include <mm/space.h>
#include <object/object.h>
#include <object/wait_source.h>
#include <ps/nice.h>
#include <ps/signal.h>
#include <sched/wait.h>

struct ps_session {
	refcount_t refs;
	uint32_t sid;
	void *tty;		/* controlling terminal, a reference of ps_upper_ops' */
	uint32_t hung_up_group;	/* in the foreground when the terminal hung up: the leader's end tells it; 0: none */
	uint32_t nprocesses;
};
struct ps_group {
	uint32_t pgid;
	struct ps_session *session;
	struct list_node members;	/* process.group_node */
	struct list_node all_node;
};

struct ps_pid;
struct futex_pi_wait;

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_DEAD };

struct process {
	struct object object;	/* first: handles to processes */
	uint32_t pid;
	struct ps_pid *pid_node;
	char name[16];		/* comm */
	uint32_t state;		/* tree lock */
	struct process *parent;
	struct list_node children, sibling_node, all_node, group_node;
	struct ps_group *group;

	struct spinlock lock;
	struct list_node threads;	/* ps_thread.process_node; signal_lock */
	uint32_t nthreads;		/* live */
	struct ps_thread *leader;
	struct mm_space *space;
	struct handle_table *handles;
	void *fs;			/* io's struct fs_context */
	struct envelope envelope;
	struct credentials credentials;	/* of the process; threads share it */
	uint32_t capabilities;		/* CAP_* of services.h */
	uint32_t service_ids[4];
	uint32_t rank;
	bool is_service;
	bool strace;
	bool dumpable, child_subreaper, has_execed, is_exiting, group_exit;
	bool is_hidden;			/* rootd: no pid that anybody could name */
	bool is_supervised;		/* its end is rootd's to take */
	bool has_endpoints;
	bool has_envelope;		/* syscalld's, or a service's fixed one */
	bool has_left_tty;		/* TIOCNOTTY of who leads no session: its session's terminal is not its own; tree lock */
	uint32_t exit_status;		/* 32 bits; wait4 encodes (ps_wait_status) */
	uint32_t killed_by;		/* the signal that ended it; 0: it exited */
	bool core_dumped;
	bool has_no_huge_pages;		/* PR_SET_THP_DISABLE: kept for who asks; there are none */
	uint16_t core_filter;		/* bits of /proc/PID/coredump_filter (man 5 core) */
	struct ps_thread *core_thread;	/* writes a core before the process ends; signal_lock; NULL: none is to be written */
	uint32_t core_waiting;		/* threads that have come to rest for it */
	struct signal_info core_info;	/* why */
	uint32_t exit_signal_to_parent;	/* SIGCHLD, or clone's */
	uint32_t pdeath_signal;

	struct spinlock signal_lock;
	struct sigactions *actions;	/* counted: CLONE_SIGHAND */
	struct signal_queue pending;	/* process-wide */
	struct wait_queue signal_wait;	/* sigtimedwait */
	uint32_t stop_signal;		/* stopped by; 0: running */
	uint32_t continue_count;	/* SIGCONTs sent: a stop that was decided before is void */
	uint32_t last_stop_signal;	/* for the waiting parent */
	uint32_t nstopped;		/* threads that have come to rest */
	bool stop_unreported, continued_unreported;	/* for wait; tree lock */
	bool continue_unnotified;	/* the parent is yet to get CLD_CONTINUED */
	struct wait_queue stop_wait;
	struct wait_queue end_wait;	/* for its end: pidfds */
	struct wait_queue child_wait;	/* of this process, for its children */
	struct wait_queue vfork_wait;
	bool vfork_parent_waits;
	struct credentials *staged_credentials;	/* execve: where the next change goes */
	bool policy_is_busy;		/* a change of credentials or limits is with syscalld */
	struct wait_queue policy_wait;

	uint64_t start_ns;
	uint64_t user_ns, system_ns;	/* of ended threads */
	uint64_t children_user_ns, children_system_ns;
	uint64_t minor_faults, major_faults, children_minor_faults, children_major_faults, max_rss_pages, children_max_rss_pages;
	uint64_t voluntary_switches, involuntary_switches;	/* of ended threads */
	uint64_t read_chars, written_chars, read_calls, write_calls;
	struct ktimer alarm_timer;	/* ITIMER_REAL */
	uint64_t alarm_interval_ns, alarm_expires_ns;	/* 0: none */
	void *timers;			/* POSIX timers, compat's */
	void *sem_undos;		/* what System V semaphores get back at its end, io's; NULL: nothing */
	void *nt;			/* struct nt_process of an NT program, compat's; NULL: a Linux one */
	void *job;			/* compat's: the NT job it is in; NULL: none */
	struct wait_source ended;	/* ready once it is a zombie */
	bool reaps_itself;		/* nobody waits for it by its parent's right: NT's CreateProcess */
	void *exe;			/* io's inode of the main image; a reference of ps_upper_ops' */
	uint64_t exe_node;
	int32_t oom_score_adj, oom_score_floor;
};

/* What restart_syscall(2) goes on with. */
struct ps_restart {
	int64_t (*fn)(struct ps_thread *t);	/* NULL: nothing */
	uint64_t deadline_ns;
	uint64_t args[4];
};

struct ps_thread {
	struct thread thread;	/* first */
	struct object object;
	struct process *process;	/* a reference */
	struct list_node process_node;
	struct ps_pid *pid_node;
	uint64_t blocked;	/* signal mask: bit n-1 is signal n */
	uint64_t saved_mask;	/* restored after sigsuspend, ppoll … when has_saved_mask */
	bool has_saved_mask;
	struct signal_queue pending;
	uint64_t altstack_base, altstack_bytes;
	uint32_t altstack_flags;
	uint64_t clear_child_tid;	/* user address */
	void *nt;			/* struct nt_thread of an NT program, compat's */
	struct wait_source ended;	/* ready once it is past its last user instruction */
	uint64_t robust_list;
	struct list_node pi_owned;	/* compat's: futexes it holds that others wait for, */
	struct futex_pi_wait *pi_wait;	/* the one it waits for, */
	bool pi_has_exited;		/* and that it takes none any more */
	uint64_t rseq;			/* user address of a struct rseq; 0: none */
	uint32_t rseq_bytes, rseq_signature;
	uint32_t rseq_cpu;		/* what it shows */
	uint32_t persona;		/* personality(2) */
	void *fpu_scratch;		/* a second XSAVE area: sigreturn checks a state there */
	void *fpu_memory;		/* both areas as allocated */
	struct ps_restart restart;
	uint64_t fault_vector, fault_error, fault_address;	/* the last: a signal frame shows them */
	uint64_t start_ns;
	int32_t nice;
	uint16_t io_priority;	/* ioprio_set(2)'s value; 0: by nice */
	uint64_t timer_slack_ns;	/* 0: the usual */
	bool resets_on_fork;	/* SCHED_RESET_ON_FORK */
	bool is_stopped;
	bool must_exit;			/* another thread's execve ends it */
	bool is_exiting, has_ended;
	uint32_t exit_code;
};

extern struct spinlock ps_tree_lock;

static inline struct ps_thread *ps_current_thread(void) { return (struct ps_thread *)current_thread(); }
static inline struct process *ps_current(void) { return ps_current_thread()->process; }	/* never from kernel threads */
bool ps_current_is_process(void);	/* false for kernel threads */
static inline const struct credentials *ps_credentials(void) { return &ps_current()->credentials; }
static inline uint64_t ps_limit(unsigned resource) { return ps_current()->envelope.limits[resource].cur; }
/* Is @gid @own, which is one of the current process's group ids, or one of its supplementary groups? */
bool ps_in_group(uint32_t own, uint32_t gid);
bool ps_capable(unsigned linux_capability);	/* CAP_* of linux/capability.h, effective set */

/* What ps needs of io-manager and compat; filled in at boot. */
struct ps_upper_ops {
	int (*fs_create)(void **out);
	int (*fs_clone)(void *fs, void **out);
	void (*fs_get)(void *fs);
	void (*fs_put)(void *fs);
	void (*tty_put)(void *tty);
	void (*exe_get)(void *inode);	/* also keeps writers away while it is mapped as a program */
	void (*exe_put)(void *inode);
	/* A session leader ends: hang up its terminal, let go of it. */
	void (*session_ended)(struct ps_session *s);
	/* Write a core of the current process, whose other threads rest. Returns: whether it has one. */
	bool (*core_dump)(const struct signal_info *info);
	/* The current process has a new child, which does not run yet. */
	void (*process_born)(struct process *child);
	/* A process is past its last user instruction: timers, POSIX locks … */
	void (*process_exiting)(struct process *p);
	/* A timer's signal left the queue without a handler's running. */
	void (*timer_signal_discarded)(struct signal_info *info);
	void (*process_released)(struct process *p);	/* the last reference went; any context */
	void (*thread_released)(struct ps_thread *t);	/* likewise */
	/* @p has a new envelope; also a child that was forked under a limit on CPU time. */
	void (*limits_changed)(struct process *p);
	/* A process is about to run another program, alone: timers. */
	void (*process_execs)(struct process *p);
	/* A thread is past its last use of its address space (exit, execve): robust futexes … */
	void (*thread_exiting)(struct ps_thread *t);
	/* For PROC_QUERY. fs: its nodes and umask; a terminal: number and foreground group; a mapped
	 * file: node, ino and dev; a handle: what readlink of /proc/PID/fd/N shows, its length, and
	 * what /proc/PID/fdinfo/N tells. */
	void (*fs_describe)(void *fs, struct proc_stat *out);
	void (*tty_describe)(void *tty, struct proc_stat *out);
	void (*file_describe)(void *file, struct proc_map *out);
	int64_t (*handle_describe)(struct object *object, char *buf, size_t cap);
	void (*handle_inform)(struct object *object, struct proc_fd *out);
};
extern struct ps_upper_ops ps_upper_ops;

void ps_init(void);

/* Make a process for a service: rootd and PROC_SPAWN. The image is mapped from @image by
 * @layout, argv/env as in struct proc_spawn (kernel memory). Not started: *out has it
 * with a reference; ps_start() runs it. */
int ps_spawn_service(const struct proc_spawn *spec, struct mm_object *image, const struct image_layout *layout,
	const char *argv_env, size_t argv_env_len, struct process **out);
void ps_start(struct process *p);

/* clone(2) as fork, vfork, threads. @frame: the child's user frame, rax already 0.
 * Returns: the child's tid, or -EAGAIN -ENOMEM -EINVAL -ENOSYS. */
struct ps_clone {
	uint64_t flags;		/* Linux CLONE_* */
	uint64_t stack, tls;
	uint64_t parent_tid, child_tid;	/* user addresses */
	uint32_t exit_signal;
	uint32_t wanted_tid;		/* 0: any; else for who may choose, -EPERM -EINVAL -EEXIST */
};
int64_t ps_clone(const struct ps_clone *c, const struct trap_frame *frame);

/* Argument and environment strings on their way to a new stack, kept in pages. */
struct ps_strings {
	struct frame **frames;
	uint32_t nframes, max_frames;
	uint64_t bytes;			/* used */
	uint64_t limit_bytes;		/* strings and pointers; -E2BIG past it */
	uint32_t *starts;		/* offset of each string */
	uint32_t count, max_count;
};
void ps_strings_init(struct ps_strings *s, uint64_t limit_bytes);
void ps_strings_free(struct ps_strings *s);
/* Append @text and its NUL. Returns: 0; -E2BIG; -ENOMEM. */
int ps_strings_add(struct ps_strings *s, const char *text);
/* Append the strings of @from after the first @skip. 0, -E2BIG, -ENOMEM. */
int ps_strings_append(struct ps_strings *s, const struct ps_strings *from, uint32_t skip);
/* Append a user string. Returns: 0; -EFAULT; -E2BIG (also past MAX_ARG_STRLEN); -ENOMEM. */
int ps_strings_add_user(struct ps_strings *s, uint64_t user_address);

/* An executable file as it is mapped. */
struct ps_image {
	struct mm_object *object;
	const struct image_layout *layout;
	void *file;			/* io's struct file for the areas, or NULL */
};

/* Replace the current process's program. Everything that can fail happens before the point of
 * no return. Builds the new space from the image, the stack with argv, env and auxv;
 * ends other threads; resets signals; closes CLOEXEC handles.
 * Returns: 0 with the user frame set; negative errno with the old program intact. */
struct ps_start {
	uint64_t entry, rsp, gs_base;
	uint64_t rcx;			/* the first argument as NT passes it */
	uint8_t personality;		/* enum thread_personality */
};
struct ps_exec {
	struct ps_image image;
	struct ps_image interpreter;	/* PT_INTERP's; layout NULL: none */
	struct ps_strings prefix;	/* of a script: what replaces argv[0] */
	struct ps_strings argv, envp;
	const char *path;		/* AT_EXECFN, as given */
	const char *comm;
	uint64_t exe_node;
	void *exe;			/* io's inode; a reference is taken through ps_upper_ops */
	const struct credentials *credentials;	/* in force afterwards */
	bool is_secure;			/* AT_SECURE */
	bool is_fixed;			/* no random addresses */
	/* Of another personality: builds the new space in place of image and stack, and
	 * says where its first thread starts. NULL: Linux. Returns: 0 or a negative errno. */
	int (*build)(struct ps_exec *e, struct mm_space *space, struct ps_start *start);
	/* Past the point of no return, in the new space. */
	void (*started)(struct ps_exec *e, struct ps_thread *t);
	void *personality_data;		/* theirs */
	uint32_t pid;			/* the process's; ps fills it in */
	bool is_unmappable;		/* out: it failed for the image itself */
};
int ps_exec(struct ps_exec *e, struct trap_frame *frame);
/* A new child of the current process that runs @e: CreateProcess. It has the handles marked HANDLE_INHERIT (all that are
 * not HANDLE_CLOEXEC for a Linux program) if @inherits, @keep in any case; @fs is taken over. Its first thread is not
 * started: thread_start() does that, after what @e->started has set up. Returns: 0 and references; as ps_exec(). */
struct ps_child {
	struct handle_table *handles;	/* what it inherits from; NULL: the current process's */
	bool inherits;
	const int *keep;		/* handles; -1: none */
	uint32_t nkeep;
	void *fs;			/* io's fs_context, a reference: taken even on failure */
	struct process *process;	/* out */
	struct ps_thread *thread;	/* out */
};
int ps_spawn_program(struct ps_exec *e, struct ps_child *child);
extern uint32_t ps_min_signal_stack;	/* AT_MINSIGSTKSZ, the edge's */

/* What every program has mapped: the vDSO's image, and one page below it for the clocks; the edge's. */
struct ps_vdso {
	struct mm_object *image;	/* NULL: none yet */
	struct mm_object *clock_page;
	uint64_t image_bytes;
};
extern struct ps_vdso ps_vdso;

/* Call @fn for each thread of the current process, all of which rest but this one: for a core. The
 * current one is the first. */
void ps_for_each_resting(void (*fn)(struct ps_thread *t, void *context), void *context);

/* End: exit_group with @status (32 bits) or by @signal (nonzero). Never returns. */
void ps_exit_group(uint32_t status, int signal) __noreturn;
void ps_exit_thread(uint32_t status) __noreturn;

/* A user frame that starts at @rip. */
void ps_frame_init_user(struct trap_frame *f, uint64_t rip, uint64_t rsp);
/* A new thread of @p, which may be another process. @prepare fills in its frame (at the top of its kernel stack)
 * and personality before it runs; its tid is known. Returns: 0; what @prepare returned; -ENOMEM -EAGAIN; -ESRCH
 * the process ends. */
int ps_create_thread(struct process *p, int (*prepare)(struct ps_thread *t, void *context), void *context);
/* End the others with @status and wait until they are gone. Returns: 0; -EINTR the caller is to end too. */
int ps_end_other_threads(uint32_t status);
void ps_end_thread(struct ps_thread *t, uint32_t status);	/* does not wait */
void ps_end_process(struct process *p, uint32_t status);	/* likewise */

#define PS_STATUS_EXITED(code) (((code) & 0xff) << 8)
#define PS_STATUS_CORE 0x80
/* The code that a Linux parent sees: the low byte, or 255 of an NT program whose code is not zero but for that (DECISIONS 41). */
uint32_t ps_exit_code(const struct process *p);
/* wait4's status word of an ended process. */
uint32_t ps_wait_status(const struct process *p);

struct ps_wait_result {
	uint32_t pid, uid;
	int32_t code, status;	/* CLD_*, as in siginfo */
	uint32_t wait_status;	/* wait4's */
	uint64_t user_ns, system_ns, max_rss_pages, minor_faults, major_faults, voluntary_switches, involuntary_switches;
};
/* which: P_ALL, P_PID, P_PGID of waitid(2); options W*. Returns: pid; 0 (WNOHANG); -ECHILD; -EINTR. */
int64_t ps_wait(int which, uint32_t id, uint32_t options, struct ps_wait_result *out);

/* Lookups: a reference, or NULL. */
struct process *ps_find(uint32_t pid);
struct process *ps_find_any(uint32_t id);	/* a pid, or the tid of one of its threads */
struct ps_thread *ps_find_thread(uint32_t tid);
void ps_put(struct process *p);
void ps_thread_put(struct ps_thread *t);
struct ps_thread *ps_thread_from_object(struct object *obj);	/* OBJECT_THREAD; borrowed */
/* String @i of @s with its NUL; @out has room for PS_MAX_STRING_BYTES. */
#define PS_MAX_STRING_BYTES (128u << 10)
void ps_strings_get(const struct ps_strings *s, uint32_t i, char *out);
uint32_t ps_next_pid(uint32_t after);	/* 0: none */

/* Groups and sessions: setpgid, getpgid, setsid as the man pages say. */
int ps_set_group(uint32_t pid, uint32_t pgid);
int64_t ps_get_group(uint32_t pid);
int64_t ps_get_session(uint32_t pid);
int64_t ps_new_session(void);
bool ps_group_is_orphaned(uint32_t pgid);
bool ps_group_in_session(uint32_t pgid, uint32_t sid);
bool ps_group_exists(uint32_t pgid);
static inline uint32_t ps_session_id(void) { return ps_current()->group->session->sid; }
static inline uint32_t ps_group_id(void) { return ps_current()->group->pgid; }

/* rootd's: the next service that ended, or is wanted. Sleeps. One thread. */
int ps_wait_service(struct proc_exit *out);
void ps_service_wanted(uint32_t id);	/* a service that has never served was called; tell rootd */
int64_t ps_query(uint32_t op, uint64_t pid, void *buf, size_t cap);	/* PROC_QUERY_BROKER */
int ps_set_credentials(uint32_t pid, const struct credentials *c);
int ps_grant_envelope(uint32_t pid, const struct envelope *e);
void ps_kill_all_programs(void);	/* SIGKILL; waits until they are gone */
/* @t's registers when it last left user mode. */
struct trap_frame *ps_user_frame(const struct ps_thread *t);
/* Give the stacks back that are kept for the next threads; soon, by a thread of their own. */
void ps_drop_spares(void);
uint32_t ps_process_count(void);
uint32_t ps_thread_count(void);

/* One change of credentials or limits a process at a time: syscalld decides on what is in
 * force. Returns: 0; -EINTR when a fatal signal came. */
int ps_policy_begin(struct process *p);
void ps_policy_end(struct process *p);
/* Between these: what ps_set_credentials() brings goes to *@to, NULL: into force. */
void ps_stage_credentials(struct process *p, struct credentials *to);

/* The process's space, or NULL when it has ended: a reference. */
struct mm_space *ps_space_get(struct process *p);
struct handle_table *ps_handles_get(struct process *p);
/* CPU time of a process so far: ended threads and live ones. */
void ps_cpu_time(struct process *p, uint64_t *user_ns, uint64_t *system_ns);
#ifdef CONFIG_DEBUG
/* What there is of these while nobody but processes holds any, ended ones that were not waited for and hidden ones
 * among them. Two that share a space count it twice. */
struct ps_account {
	uint64_t processes, threads, spaces, handle_tables, timers, areas, page_table_pages, anon_pages;
};
void ps_account(struct ps_account *out);
#endif
/* Call @fn for each process that is not hidden, with the tree lock held. */
void ps_for_each(void (*fn)(struct process *p, void *context), void *context);
/* Call @fn for each of their threads, with the process's signal lock held too. */
void ps_for_each_thread(void (*fn)(struct ps_thread *t, void *context), void *context);

/* How a thread is scheduled (man 7 sched): @policy SCHED_*, @priority of the real-time ones. */
void ps_set_nice(struct ps_thread *t, int nice);	/* -20 to 19 */
void ps_set_policy(struct ps_thread *t, int policy, int priority);
/* The nice value of a process as a whole: its leader's. */
int ps_nice(const struct process *p);

/* A handle to a memory object, for messages: kind OBJECT_MEMORY. @mo: a reference is taken. */
int memory_handle_create(struct mm_object *mo, struct object **out);
struct mm_object *memory_handle_object(struct object *obj);	/* borrowed */

/* Names of the machine, at most 64 bytes: sethostname, setdomainname. */
void ps_set_machine_name(bool is_domain, const char *name, size_t len);
void ps_get_machine_name(bool is_domain, char out[65]);
void ps_load_averages(uint64_t out_1000[3]);

#endif
