/* kernel/sched/include/sched/thread.h: threads and the run queues.
 *
 * A struct thread is embedded first in ps's thread; sched never allocates one.
 * Blocking: fill in a wait (sched/wait.h), call thread_block(), be woken by
 * thread_wake(). The kernel is not preempted: a thread leaves the CPU only where
 * it blocks, calls sched_cond_resched(), or returns to user mode.
 *
 * Locking: a run queue's lock guards its threads' scheduling fields.
 */
#ifndef SCHED_THREAD_H
#define SCHED_THREAD_H

#include <ds/list.h>
#include <ds/rbtree.h>
#include <lowlevel/percpu.h>
#include <lowlevel/spinlock.h>
#include <lowlevel/trap.h>

#define KERNEL_STACK_BYTES (16u << 10)

enum thread_state { THREAD_NEW, THREAD_RUNNABLE, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };
enum thread_personality { PERSONALITY_LINUX, PERSONALITY_NT, PERSONALITY_SERVICE };

/* Reasons to wake a sleeper early, strongest first. A sleep names those it heeds. */
#define INTERRUPT_FATAL 1u	/* the thread is to die */
#define INTERRUPT_SUSPEND 2u
#define INTERRUPT_SPECIAL_APC 4u
#define INTERRUPT_USER_APC 8u	/* alertable NT waits only */
#define INTERRUPT_SIGNAL 16u	/* Linux waits only */
#define INTERRUPT_RETURN 32u	/* no reason to wake: something is to be done before user mode goes on */

struct thread {
	/* switch state: known to the assembly */
	uint64_t saved_rsp;		/* 00h */
	uint64_t kernel_stack_top;	/* 08h */

	struct rb_node run_node;
	struct list_node all_node;
	uint64_t vruntime;		/* weighted ns */
	uint32_t weight;		/* 1024: nice 0 */
	uint32_t cpu;			/* where it runs or last ran */
	uint64_t affinity;		/* bit per CPU */
	uint32_t state;			/* enum thread_state; run queue lock */
	uint32_t wake_pending;		/* a wake came before it had blocked */
	uint32_t interrupts;		/* INTERRUPT_* that are set; atomic */
	uint32_t interrupt_mask;	/* those the current sleep heeds */
	uint32_t interrupts_on_switch;	/* set each time it leaves a CPU; 0: none */
	bool is_kernel;
	bool is_idle;
	bool is_queued;			/* in its run queue's tree */
	uint8_t personality;
	uint8_t policy;			/* Linux's SCHED_* */
	uint8_t own_priority;		/* real-time: 1 to 99; 0: shares the CPU by weight */
	uint8_t inherited_priority;	/* of who waits for what it holds */
	uint8_t priority;		/* the greater of both: in force; run queue lock */
	int64_t rt_order;		/* among equals in the run queue: least first */
	uint64_t rt_slice_used_ns;	/* SCHED_RR */
	uint8_t user_fpu_live;
	uint64_t fs_base, gs_base;	/* user's; saved when it leaves the CPU */
	void *fpu;			/* XSAVE area, NULL for kernel threads */
	uint64_t user_ns, system_ns;	/* CPU time so far */
	uint64_t accounted_at_ns;	/* start of the running stretch */
	uint64_t switches_voluntary, switches_involuntary;
	void *space;			/* struct mm_space *, NULL: keep the last */
	uint32_t tid;
	char name[16];
	bool is_noted;			/* ipc-runtime: it has taken a notification and not come back since */
	uint32_t nheld;			/* debug: sleeping locks held */
	uint16_t held_classes[8];
};

/* Hooks of higher modules around a switch; filled at boot. */
struct sched_ops {
	void (*switch_space)(void *space);	/* load page tables; NULL space: keep */
	/* @t is off its stack for ever. Interrupts off: hand it to a reaper. */
	void (*thread_dead)(struct thread *t);
	/* Memory for a kernel thread: zeroed, with a stack; NULL when there is none. */
	struct thread *(*kthread_alloc)(uint64_t *stack_top);
};
extern struct sched_ops sched_ops;

/* Fill in @t to start at @entry(@arg) on @stack (KERNEL_STACK_BYTES, top given). */
void thread_init(struct thread *t, const char *name, uint64_t stack_top, void (*entry)(void *), void *arg);
/* Make a new thread runnable. */
void thread_start(struct thread *t);
/* Leave the CPU until woken or interrupted (see wait.h for the usual forms).
 * @mask: INTERRUPT_* heeded. @deadline_ns: absolute monotonic, 0: none.
 * Returns: 0 woken; -EINTR; -ETIMEDOUT. A wake before the call is not lost.
 * Context: process, interrupts on, no spinlock. */
int thread_block(uint32_t mask, uint64_t deadline_ns);
/* Wake @t if it sleeps. Context: any. */
void thread_wake(struct thread *t);
/* Set interrupt bits; wakes it if its sleep heeds one, and pokes its CPU when
 * it runs in user mode. */
void thread_interrupt(struct thread *t, uint32_t bits);
static inline void thread_clear_interrupt(struct thread *t, uint32_t bits)
{
	__atomic_fetch_and(&t->interrupts, ~bits, __ATOMIC_ACQ_REL);
}
/* End the current thread; sched_ops.thread_dead gets it later on another stack. */
void thread_exit(void) __noreturn;

void sched_yield(void);
void sched_cond_resched(void);
/* @priority 1 to 99 for SCHED_FIFO and SCHED_RR, 0 for the others, which share by @weight. */
void sched_set_policy(struct thread *t, uint8_t policy, uint8_t priority, uint32_t weight);
/* Run at @priority at least (0: at the own) while more urgent threads wait for @t. */
void sched_set_inherited(struct thread *t, uint8_t priority);
#define SCHED_RR_SLICE_NS (100 * NSEC_PER_MSEC)
#define SCHED_SLICE_NS (4 * NSEC_PER_MSEC)	/* of those that share by weight, at the least */
#define SCHED_IDLE_WEIGHT 3u
void sched_set_affinity(struct thread *t, uint64_t mask);
/* Give the rest of our time to @t on this CPU and block (IPC hand-off). */
int thread_block_handoff(struct thread *t, uint32_t mask, uint64_t deadline_ns);
/* Wake @t onto this CPU's queue without preempting: the caller is about to block. */
void thread_wake_here(struct thread *t);


/* Start a kernel thread; it never ends. Returns NULL when there is no memory. */
struct thread *kthread_create(const char *name, void (*entry)(void *), void *arg);

void sched_init_cpu(struct percpu *cpu, struct thread *idle);
void sched_start_cpu(void) __noreturn;	/* become the idle thread */

/* EXEC_IDLE_FILE: "spin", before the first request: an idle CPU does not halt while a device has a request. */
void sched_configure_idle(const char *text, size_t len);
/* The host's files and disks: around what they take their own time to answer. Context: any. */
void sched_device_request_begin(void);
void sched_device_request_end(void);
void sched_tick(bool from_user);
/* Charge the current thread, as user time, with what it ran since it was last charged. Context: process. */
void sched_account_current(void);
/* The local timer's interrupt: expired timers, the tick, the next deadline. */
void sched_timer_interrupt(bool from_user);
uint64_t sched_idle_ns(uint32_t cpu);
uint64_t sched_user_ns(uint32_t cpu);
uint64_t sched_system_ns(uint32_t cpu);
uint32_t sched_running_count(void);

/* Time. Monotonic nanoseconds since boot; realtime = monotonic + offset. */
uint64_t clock_monotonic_ns(void);
uint64_t clock_realtime_ns(void);
void clock_set_realtime_ns(uint64_t now_ns);
/* Where the struct clock_page (sched/clock_page.h) lies, for programs to map read-only. */
uint64_t clock_page_physical(void);

#endif
