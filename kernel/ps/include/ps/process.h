/* kernel/ps/include/ps/process.h: processes, threads, groups, sessions, waits.
 *
 * The kernel holds the tree and applies the standard rules; procd decides who may
 * exec. One process and one thread serve both worlds. Pids and tids come from one
 * space; services have fixed low pids.
 *
 * Locking: ps_tree_lock (PS_TREE) guards parents, children, groups, sessions, pids and
 * states; process->lock (PROCESS) threads and limits; process->signal_lock (SIGNAL)
 * pending signals and actions. Taken in that order.
 */
#ifndef PS_PROCESS_H
#define PS_PROCESS_H

#include <albireo/exec.h>
#include <albireo/services.h>
#include <ds/list.h>
#include <mm/space.h>
#include <object/object.h>
#include <ps/signal.h>
#include <sched/wait.h>

struct ps_session {
	refcount_t refs;
	uint32_t sid;
	void *tty;		/* controlling terminal, a reference of ps_upper_ops' */
	uint32_t nprocesses;
};
struct ps_group {
	uint32_t pgid;
	struct ps_session *session;
	struct list_node members;	/* process.group_node */
	struct list_node all_node;
};

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_DEAD };

struct process {
	struct object object;	/* first: handles to processes */
	uint32_t pid;
	char name[16];		/* comm */
	uint32_t state;		/* tree lock */
	struct process *parent;
	struct list_node children, sibling_node, all_node, group_node;
	struct ps_group *group;

	struct spinlock lock;
	struct list_node threads;	/* ps_thread.process_node */
	uint32_t nthreads;		/* live */
	struct ps_thread *leader;
	struct mm_space *space;
	struct handle_table *handles;
	void *fs;			/* io's struct fs_context */
	struct envelope envelope;
	struct credentials credentials;	/* of the process; threads share it */
	int32_t nice;
	uint32_t capabilities;		/* CAP_* of services.h */
	uint32_t service_ids[4];
	uint32_t rank;
	bool is_service;
	bool strace;
	bool dumpable, child_subreaper, has_execed, is_exiting, group_exit;
	uint32_t exit_status;		/* 32 bits; wait4 encodes (ps_wait_status) */
	uint32_t exit_signal_to_parent;	/* SIGCHLD, or clone's */
	uint32_t pdeath_signal;

	struct spinlock signal_lock;
	struct sigactions *actions;	/* counted: CLONE_SIGHAND */
	struct signal_queue pending;	/* process-wide */
	struct wait_queue signal_wait;	/* sigtimedwait, signalfd */
	uint32_t stop_signal;		/* stopped by; 0: running */
	bool stop_reported, continued_unreported;
	struct wait_queue child_wait;	/* of this process, for its children */
	struct wait_queue vfork_wait;
	bool vfork_parent_waits;

	uint64_t start_ns;
	uint64_t user_ns, system_ns;	/* of ended threads */
	uint64_t children_user_ns, children_system_ns;
	uint64_t minor_faults, major_faults, children_minor_faults, children_major_faults, max_rss_pages, children_max_rss_pages;
	uint64_t read_chars, written_chars, read_calls, write_calls;
	struct ktimer alarm_timer;	/* ITIMER_REAL */
	uint64_t alarm_interval_ns;
	void *timers;			/* POSIX timers, compat's */
	uint64_t exe_node;
	char *exe_path;			/* absolute as executed; for PROC_QUERY and core */
	int32_t oom_score_adj;
};

struct ps_thread {
	struct thread thread;	/* first */
	refcount_t refs;
	struct process *process;
	struct list_node process_node;
	uint64_t blocked;	/* signal mask: bit n-1 is signal n */
	uint64_t saved_mask;	/* restored after sigsuspend, ppoll … when has_saved_mask */
	bool has_saved_mask;
	struct signal_queue pending;
	uint64_t altstack_base, altstack_bytes;
	uint32_t altstack_flags;
	uint64_t clear_child_tid;	/* user address */
	uint64_t robust_list, robust_list_bytes;
	uint64_t rseq;
	struct trap_frame start_frame;	/* what a new thread returns to user mode with */
	uint64_t restart_deadline_ns;	/* for restart_syscall */
	uint64_t ipc_request_id;	/* as a service: the request it answers */
	void *ipc_state;
	int32_t syscall_nr;		/* being run; -1 none: restart decisions */
	uint64_t syscall_rax;		/* its first argument register image */
	bool is_exiting;
	bool vfork_child;
	uint32_t exit_code;
};

extern struct spinlock ps_tree_lock;

static inline struct ps_thread *ps_current_thread(void) { return (struct ps_thread *)current_thread(); }
static inline struct process *ps_current(void) { return ps_current_thread()->process; }	/* never from kernel threads */
bool ps_current_is_process(void);	/* false for kernel threads */
static inline const struct credentials *ps_credentials(void) { return &ps_current()->credentials; }
static inline uint64_t ps_limit(unsigned resource) { return ps_current()->envelope.limits[resource].cur; }
bool ps_capable(unsigned linux_capability);	/* CAP_* of linux/capability.h, effective set */

/* What ps needs of io-manager and compat; filled in at boot. */
struct ps_upper_ops {
	int (*fs_clone)(void *fs, void **out);
	void (*fs_get)(void *fs);
	void (*fs_put)(void *fs);
	void (*tty_put)(void *tty);
	/* A session leader ends: hang up its terminal, let go of it. */
	void (*session_ended)(struct ps_session *s);
	/* A process is past its last user instruction: timers, POSIX locks … */
	void (*process_exiting)(struct process *p);
	void (*thread_exiting)(struct ps_thread *t);
	/* First return to user mode and signal frames are the edge's. */
	void (*deliver_signal)(struct trap_frame *f);
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
};
int64_t ps_clone(const struct ps_clone *c, const struct trap_frame *frame);

/* Replace the current process's program. Everything that can fail happens before the point of
 * no return. Builds the new space from @images (main, then interpreter), the stack
 * with argv, env and auxv; ends other threads; resets signals; closes CLOEXEC handles.
 * Returns: 0 with the user frame set; negative errno with the old program intact. */
struct ps_exec_image { struct mm_object *object; const struct image_layout *layout; void *file; uint64_t file_bytes; };
struct ps_exec {
	struct ps_exec_image main, interpreter;	/* interpreter.object NULL: none */
	char **argv, **envp;		/* kernel memory */
	uint32_t argc, envc;
	const char *path;		/* AT_EXECFN, absolute or as given */
	const char *comm;
	uint64_t exe_node;
	void *exe_inode;		/* io's inode, a reference; kept in space->exe */
	bool set_uid, set_gid;		/* new effective ids below */
	uint32_t uid, gid;
};
int ps_exec(struct ps_exec *e, struct trap_frame *frame);
extern void (*ps_exe_put)(void *exe_inode);

/* End: exit_group with @status (32 bits) or by @signal (nonzero). Never returns. */
void ps_exit_group(uint32_t status, int signal) __noreturn;
void ps_exit_thread(uint32_t status) __noreturn;

#define PS_STATUS_EXITED(code) (((code) & 0xff) << 8)
/* wait4's status word of an ended process. */
uint32_t ps_wait_status(const struct process *p);

struct ps_wait_result { uint32_t pid, uid; int32_t code, status; uint32_t wait_status; uint64_t user_ns, system_ns, max_rss_pages, minor_faults, major_faults; };
/* which: P_ALL, P_PID, P_PGID of waitid(2); options W*. Returns: pid; 0 (WNOHANG); -ECHILD; -EINTR. */
int64_t ps_wait(int which, uint32_t id, uint32_t options, struct ps_wait_result *out);

/* Lookups: a reference, or NULL. */
struct process *ps_find(uint32_t pid);
struct ps_thread *ps_find_thread(uint32_t tid);
void ps_put(struct process *p);
void ps_thread_put(struct ps_thread *t);
uint32_t ps_next_pid(uint32_t after);	/* 0: none */

/* Groups and sessions: setpgid, getpgid, setsid as the man pages say. */
int ps_set_group(uint32_t pid, uint32_t pgid);
int64_t ps_get_group(uint32_t pid);
int64_t ps_get_session(uint32_t pid);
int64_t ps_new_session(void);
bool ps_group_is_orphaned(uint32_t pgid);
bool ps_group_in_session(uint32_t pgid, uint32_t sid);
static inline uint32_t ps_session_id(void) { return ps_current()->group->session->sid; }
static inline uint32_t ps_group_id(void) { return ps_current()->group->pgid; }

/* rootd's: the next service that ended. Sleeps. */
int ps_wait_service(struct proc_exit *out);
int64_t ps_query(uint32_t op, uint64_t pid, void *buf, size_t cap);	/* PROC_QUERY_BROKER */
int ps_set_credentials(uint32_t pid, const struct credentials *c);
int ps_grant_envelope(uint32_t pid, const struct envelope *e);
void ps_kill_all_programs(void);	/* SIGKILL; waits until they are gone */
/* Charge a signal weight change: setpriority. */
int ps_set_nice(struct process *p, int nice);
uint32_t ps_process_count(void);

#endif
