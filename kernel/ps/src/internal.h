/* kernel/ps/src/internal.h: what the files of ps share.
 *
 * "tree" in a comment: the caller holds ps_tree_lock. "signals": it holds the
 * process's signal_lock with interrupts off.
 */
#ifndef PS_INTERNAL_H
#define PS_INTERNAL_H

#include <asm/signal.h>
#include <errno.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include <ps/process.h>
#include <string.h>

#define PID_LIMIT 32768u		/* Linux: PID_MAX_DEFAULT */
#define PID_FIRST_DYNAMIC 300u		/* Linux: RESERVED_PIDS; services live below */
#define PID_INIT 1u
#define CAP_LINUX_KILL 5
#define CAP_LINUX_SYS_ADMIN 21
#define CAP_LINUX_SYS_RESOURCE 24
#define LIMIT_CPU 0
#define LIMIT_STACK 3			/* RLIMIT_* of x86_64 */
#define LIMIT_DATA 2
#define LIMIT_CORE 4
#define LIMIT_NPROC 6
#define LIMIT_MEMLOCK 8
#define LIMIT_AS 9
#define LIMIT_SIGPENDING 11
#define LIMIT_NOFILE 7
#define CORE_FILTER_DEFAULT 0x33	/* anonymous memory, ELF headers, private huge pages (man 5 core) */
#define NSEC_PER_TICK (NSEC_PER_SEC / 100)	/* clock_t, USER_HZ */

/* ---- pids.c: a number is taken while a thread, process, group or session bears it ---- */
struct ps_pid {
	struct list_node hash_node;
	uint32_t nr;
	uint32_t uses;
	struct process *process;	/* until it is reaped */
	struct ps_thread *thread;	/* until it ends */
	struct ps_group *group;
	struct ps_session *session;
};
/* A new number with one use: @wanted, or the next free (0). NULL: none left or no memory. */
struct ps_pid *pid_alloc(uint32_t wanted);
struct ps_pid *pid_lookup(uint32_t nr);		/* tree; NULL: free */
static inline void pid_use(struct ps_pid *p) { p->uses++; }	/* tree */
void pid_unuse(struct ps_pid *p);		/* tree; frees the number at the last */
uint32_t pid_next(uint32_t after);		/* tree; the next number taken, 0: none */
extern uint32_t pid_last;

/* ---- process.c ---- */
extern struct list_node process_list;	/* tree; process.all_node, in order of start */
extern struct process *process_init;	/* tree; pid 1 */
extern uint32_t process_count, thread_count;
/* A process with everything initialised and in no list. NULL: no memory. */
struct process *process_alloc(void);
void process_link(struct process *p, struct process *parent);	/* tree */
/* Take a zombie out of the tree: its parent's reference is dropped by the caller, unlocked. */
void process_unlink(struct process *p);		/* tree */
void process_apply_limits(struct process *p);	/* envelope → space */
void process_add_child_usage(struct process *parent, struct process *child);	/* tree */

/* ---- thread.c ---- */
void ps_threads_init(void);
/* A thread of @p with stack and FPU areas, in no list. Its user frame is *frame. */
struct ps_thread *ps_thread_alloc(struct process *p, const char *name, const struct trap_frame *frame);
void ps_thread_attach(struct ps_thread *t, struct process *p, struct ps_pid *pid);	/* tree */
void ps_thread_free_unused(struct ps_thread *t);	/* never started */
void ps_thread_dead(struct thread *t);			/* sched_ops.thread_dead */

/* ---- schedule.c: a new thread is scheduled as its maker, unless that forbade it ---- */
void schedule_inherit(struct ps_thread *child, const struct ps_thread *parent);

/* ---- clone.c: what a child is made of ---- */
int process_check_limit(struct process *me);		/* RLIMIT_NPROC: 0, -EAGAIN */
void process_inherit(struct process *child, struct process *me, const struct ps_clone *c);
void process_drop_parts(struct process *child);		/* of a child that never ran */
int process_link_child(struct process *child, struct ps_thread *t, uint64_t flags);	/* 0, -EINTR */
void pid_put(struct ps_pid *pid);

/* ---- user.c: processes of each user, for RLIMIT_NPROC ---- */
void user_charge(uint32_t uid, int delta);	/* tree */
uint32_t user_processes(uint32_t uid);		/* tree */

/* ---- group.c ---- */
void group_join(struct process *p, struct ps_group *g);		/* tree */
void group_leave(struct process *p);				/* tree */
int group_create_session(struct process *p);			/* tree: a new session and group of p's pid */
/* @leaving (may be NULL) goes: if that orphans @g and it has stopped members, they get SIGHUP and
 * SIGCONT (POSIX 3.264). tree */
void group_check_orphaned(struct ps_group *g, struct process *leaving);
bool group_would_be_orphaned(struct ps_group *g, const struct process *ignored);	/* tree */

/* ---- exit.c ---- */
void ps_exit_init(void);
/* @p has changed state: signal to the parent and wake its wait. tree */
void notify_parent_exit(struct process *p, bool *reap_itself);
void notify_parent_stopped(struct process *p, bool continued);	/* takes the tree lock */
void exit_threads_of(struct process *p, uint32_t status, int signal);	/* signals: all are to die */

/* ---- core.c ---- */
/* End @p by @sig, which @t takes: with a core if it may have one. signals */
void end_by_signal(struct process *p, struct ps_thread *t, int sig, const struct signal_info *info);
void core_take_part(struct ps_thread *t);			/* on the way out of a process that wants a core */
void core_leave(struct process *p, struct ps_thread *t);	/* signals; @t is off the list */

/* ---- signal.c ---- */
void signal_recalc(struct ps_thread *t);	/* signals: INTERRUPT_SIGNAL of t */
void signal_recalc_all(struct process *p);	/* signals */
void signal_watch_init(void);
struct sigactions *sigactions_create(void);
struct sigactions *sigactions_copy(struct process *p);
void sigactions_put(struct sigactions *a);
void signal_child_info(struct process *child, int code, int status, struct signal_info *out);

/* ---- spawn.c / exec.c: shared image mapping and stack building ---- */
/* Ask syscalld for the first envelope if @p has none yet. 0, or why it could not. */
int envelope_ensure(struct process *p);
struct image_placement {
	uint64_t base, entry, phdr, brk;	/* of the program itself */
	uint64_t interpreter_base;		/* 0: none */
	uint64_t start;				/* where the first thread starts */
};
/* Map @program and, if it has a layout, @interpreter into @s, which nobody else sees yet.
 * @is_fixed: to the same addresses each time. */
int image_map(struct mm_space *s, const struct ps_image *program, const struct ps_image *interpreter, bool is_fixed,
	struct image_placement *out);
/* Map the vDSO above the stack if there is room. Returns: 0 and its address; 0 without one. */
int vdso_map(struct mm_space *s, bool is_fixed, uint64_t *base);
/* A random number of @mask's bits. */
uint64_t random_bits(uint64_t mask);
struct stack_request {
	const struct ps_strings *prefix, *argv, *envp;	/* prefix may be NULL */
	uint32_t skip_argv;		/* 1: argv[0] is replaced by the prefix */
	const char *path;
	const struct image_layout *layout;
	struct image_placement placement;
	const struct credentials *credentials;
	bool is_secure, is_fixed;
};
/* A new space with the program of @e. Its reference is the caller's, on failure too (NULL: none was made). */
int exec_build_space(struct ps_exec *e, const struct mm_limits *limits, struct mm_space **space, struct ps_start *start);
/* Map and fill the new stack. Returns: 0 and the stack pointer. */
int stack_build(struct mm_space *s, const struct stack_request *rq, uint64_t *rsp);

/* ---- machine.c, oom.c ---- */
void ps_machine_init(void);	/* load averages */
bool ps_oom_kill(void);

static inline uint64_t signals_lock(struct process *p) { return spin_lock_irqsave(&p->signal_lock); }
static inline void signals_unlock(struct process *p, uint64_t flags) { spin_unlock_irqrestore(&p->signal_lock, flags); }

#endif
