/* kernel/ps/src/signal.c: sending, taking and carrying out signals.
 *
 * signal_lock, taken with interrupts off because timers send, guards queues,
 * actions and the stop state. Telling the parent needs the tree, so it is done by
 * the thread that stops or goes on, never by the sender.
 */
#include "internal.h"
#include "signal_rules.h"

HEAP_CACHE(actions_cache, "sigactions", sizeof(struct sigactions));

struct sigactions *sigactions_create(void)
{
	struct sigactions *a = heap_cache_alloc(&actions_cache, 0);

	if (a)
		refcount_set(&a->refs, 1);
	return a;
}

struct sigactions *sigactions_copy(struct process *p)
{
	struct sigactions *a = sigactions_create();
	uint64_t flags;

	if (!a)
		return NULL;
	flags = signals_lock(p);
	memcpy(a->action, p->actions->action, sizeof(a->action));
	signals_unlock(p, flags);
	return a;
}

void sigactions_put(struct sigactions *a)
{
	if (a && refcount_put(&a->refs))
		heap_cache_free(&actions_cache, a);
}

static void set_interrupt(struct ps_thread *t, uint32_t bits)
{
	if (&t->thread == current_thread())
		__atomic_fetch_or(&t->thread.interrupts, bits, __ATOMIC_ACQ_REL);
	else
		thread_interrupt(&t->thread, bits);
}

static bool has_work(const struct ps_thread *t)
{
	const struct process *p = t->process;

	return ((t->pending.bits | p->pending.bits) & ~t->blocked) || p->group_exit || p->continue_unnotified ||
	       (p->stop_signal && !t->is_stopped);
}

void signal_recalc(struct ps_thread *t)
{
	if (has_work(t))
		set_interrupt(t, INTERRUPT_SIGNAL);
	else
		thread_clear_interrupt(&t->thread, INTERRUPT_SIGNAL);
}

void signal_recalc_all(struct process *p)
{
	struct ps_thread *t;

	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node)
		signal_recalc(t);
}

void exit_threads_of(struct process *p, uint32_t status, int signal)
{
	struct ps_thread *t;

	if (p->group_exit)
		return;
	p->group_exit = true;
	p->exit_status = status;
	p->killed_by = (uint32_t)signal;
	p->stop_signal = 0;
	p->continue_unnotified = false;
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node)
		set_interrupt(t, INTERRUPT_FATAL | INTERRUPT_SIGNAL);
}

/* pid 1 and rootd take only what they have a handler for (man 2 kill, NOTES). */
static bool is_protected(const struct process *p)
{
	return p->pid == PID_INIT || p->is_hidden;
}

static bool would_be_ignored(struct process *p, const struct ps_thread *t, int sig)
{
	uint64_t handler = p->actions->action[sig - 1].handler;

	if (is_protected(p) && (handler == SIGNAL_DEFAULT || (SIGNAL_BIT(sig) & SIGNAL_UNBLOCKABLE)))
		return true;
	if (t && (t->blocked & SIGNAL_BIT(sig)))
		return false;
	return handler == SIGNAL_IGNORE || (handler == SIGNAL_DEFAULT && signal_default_is_ignore(sig));
}

static void remove_everywhere(struct process *p, uint64_t set)
{
	struct ps_thread *t;

	signal_queue_remove(&p->pending, set);
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node)
		signal_queue_remove(&t->pending, set);
}

/* Stop and continue take effect on each other when they are sent, whatever is blocked (POSIX 2.4.1). */
static void cancel_opposites(struct process *p, int sig)
{
	if (signal_default_is_stop(sig)) {
		remove_everywhere(p, SIGNAL_BIT(SIGCONT));
		return;
	}
	if (sig != SIGCONT)
		return;
	remove_everywhere(p, SIGNAL_STOP_SET);
	p->continue_count++;
	if (!p->stop_signal)
		return;
	p->stop_signal = 0;
	p->continue_unnotified = true;
	waitq_wake_all(&p->stop_wait, 0);
}

static bool can_take(const struct ps_thread *t, int sig)
{
	return !t->is_exiting && !(t->blocked & SIGNAL_BIT(sig));
}

static struct ps_thread *choose_thread(struct process *p, struct ps_thread *wanted, int sig)
{
	struct ps_thread *t;

	if (wanted)
		return can_take(wanted, sig) ? wanted : NULL;
	if (p->leader && can_take(p->leader, sig))
		return p->leader;
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		if (can_take(t, sig))
			return t;
	}
	return NULL;
}

/* An NT program is told of these keys, and decides itself (DECISIONS 51). */
static bool is_console_event(const struct process *p, int sig)
{
	return p->nt && (sig == SIGINT || sig == SIGQUIT) && p->actions->action[sig - 1].handler == SIGNAL_DEFAULT;
}

static bool ends_process(struct process *p, int sig)
{
	uint64_t handler = p->actions->action[sig - 1].handler;

	if (is_console_event(p, sig))
		return false;
	return sig == SIGKILL ||
	       (handler == SIGNAL_DEFAULT && !signal_default_is_ignore(sig) && !signal_default_is_stop(sig));
}

/* @t NULL: to the process. The caller holds signal_lock. */
static int send_locked(struct process *p, struct ps_thread *t, int sig, const struct signal_info *info)
{
	struct ps_thread *taker;
	int err;

	if (!p->nthreads)
		return 0;
	cancel_opposites(p, sig);
	if (would_be_ignored(p, t ? t : p->leader, sig))
		return 0;
	err = signal_queue_add(t ? &t->pending : &p->pending, sig, info,
			       (uint32_t)MIN(p->envelope.limits[LIMIT_SIGPENDING].cur, 1u << 20));
	if (err)
		return err;
	waitq_wake_all(&p->signal_wait, SIGNAL_BIT(sig));
	if (!waitq_is_empty(signal_watch_queue(p)))
		waitq_wake_all(signal_watch_queue(p), 1 /* POLLIN */);
	taker = choose_thread(p, t, sig);
	if (!taker)
		return 0;
	/* A thread in a sleep that only death ends must learn of it now, not when it next returns. */
	if (ends_process(p, sig))
		end_by_signal(p, taker, sig, info);
	else
		set_interrupt(taker, INTERRUPT_SIGNAL);
	return 0;
}

int signal_send_process(struct process *p, int sig, const struct signal_info *info)
{
	uint64_t flags = signals_lock(p);
	int err = send_locked(p, NULL, sig, info);

	signals_unlock(p, flags);
	return err;
}

int signal_send_thread(struct ps_thread *t, int sig, const struct signal_info *info)
{
	uint64_t flags = signals_lock(t->process);
	int err = t->is_exiting ? 0 : send_locked(t->process, t, sig, info);

	signals_unlock(t->process, flags);
	return err;
}

static void for_each_member(uint32_t pgid, void (*fn)(struct process *p, void *context), void *context)
{
	struct ps_pid *node;
	struct process *p;

	spin_lock(&ps_tree_lock);
	node = pid_lookup(pgid);
	if (node && node->group) {
		LIST_FOR_EACH_ENTRY(p, &node->group->members, group_node)
			fn(p, context);
	}
	spin_unlock(&ps_tree_lock);
}

/* One signal for several processes. */
struct broadcast {
	int sig;
	const struct signal_info *info;
	uint32_t nreached, ndenied;
};

static void send_to_member(struct process *p, void *context)
{
	struct broadcast *b = context;

	signal_send_process(p, b->sig, b->info);
}

void signal_send_group(uint32_t pgid, int sig, const struct signal_info *info)
{
	struct broadcast b = { .sig = sig, .info = info };

	for_each_member(pgid, send_to_member, &b);
}

bool signal_force_current(int sig, int code, uint64_t address)
{
	struct signal_info info = { .code = code, .fields = { address } };
	struct ps_thread *t = ps_current_thread();
	struct process *p = t->process;
	struct signal_action *action = &p->actions->action[sig - 1];
	uint64_t flags = signals_lock(p);
	bool ends;

	if (action->handler == SIGNAL_IGNORE || (t->blocked & SIGNAL_BIT(sig))) {
		action->handler = SIGNAL_DEFAULT;
		t->blocked &= ~SIGNAL_BIT(sig);
	}
	ends = action->handler == SIGNAL_DEFAULT;
	if (ends) {
		end_by_signal(p, t, sig, &info);
	} else {
		signal_queue_remove(&t->pending, SIGNAL_BIT(sig));
		signal_queue_add(&t->pending, sig, &info, ~0u);
		set_interrupt(t, INTERRUPT_SIGNAL);
	}
	signals_unlock(p, flags);
	return ends;
}

void signal_end_current(int sig)
{
	struct ps_thread *t = ps_current_thread();
	uint64_t flags = signals_lock(t->process);

	end_by_signal(t->process, t, sig, NULL);
	signals_unlock(t->process, flags);
}

int signal_permission(struct process *p, int sig)
{
	struct process *me = ps_current();

	if (p == me || signal_ids_permit(&me->credentials, &p->credentials))
		return 0;
	if (sig == SIGCONT && p->group && me->group && p->group->session == me->group->session)
		return 0;
	return -EPERM;
}

/* Of several processes: success if one could be signalled (man 2 kill). */
static void broadcast_one(struct process *p, void *context)
{
	struct broadcast *b = context;

	if (signal_permission(p, b->sig)) {
		b->ndenied++;
		return;
	}
	b->nreached++;
	if (b->sig)
		signal_send_process(p, b->sig, b->info);
}

/* kill(-1): services keep the machine running, as kernel threads do elsewhere. */
static void broadcast_others(struct process *p, void *context)
{
	if (p->pid != PID_INIT && p != ps_current() && !p->is_service)
		broadcast_one(p, context);
}

static int kill_group(uint32_t pgid, struct broadcast *b)
{
	for_each_member(pgid, broadcast_one, b);
	if (b->nreached)
		return 0;
	return b->ndenied ? -EPERM : -ESRCH;
}

static int kill_one(uint32_t pid, int sig, const struct signal_info *info)
{
	struct process *p = ps_find(pid);
	int err;

	if (!p) {
		/* A thread's id stands for its process (Linux: kill_pid_info). */
		struct ps_thread *t = ps_find_thread(pid);

		if (!t)
			return -ESRCH;
		p = t->process;
		object_get(&p->object);
		ps_thread_put(t);
	}
	err = signal_permission(p, sig);
	if (!err && sig)
		err = signal_send_process(p, sig, info);
	ps_put(p);
	return err;
}

int signal_kill(int32_t pid, int sig, const struct signal_info *info)
{
	struct broadcast b = { .sig = sig, .info = info };

	if (sig < 0 || sig > PS_NSIG)
		return -EINVAL;
	if (pid > 0)
		return kill_one((uint32_t)pid, sig, info);
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid != -1)
		return kill_group(pid ? (uint32_t)-pid : ps_group_id(), &b);
	ps_for_each(broadcast_others, &b);
	return b.nreached ? 0 : b.ndenied ? -EPERM : -ESRCH;
}

/* ---- taking ---- */

/* Rest until SIGCONT or death. The caller holds signal_lock; it is dropped. */
static void stop_current(struct ps_thread *t, uint64_t flags)
{
	struct process *p = t->process;
	bool is_last;

	t->is_stopped = true;
	p->nstopped++;
	is_last = p->nstopped == p->nthreads;
	signals_unlock(p, flags);

	if (is_last)
		notify_parent_stopped(p, false);
	(void)WAIT_EVENT(&p->stop_wait, !READ_ONCE(p->stop_signal), INTERRUPT_FATAL, 0);

	flags = signals_lock(p);
	t->is_stopped = false;
	p->nstopped--;
	signals_unlock(p, flags);
}

/* Carry out a stop signal's default action. The caller holds nothing. */
static void begin_stop(struct process *p, int sig, uint32_t continue_count)
{
	bool is_orphaned = false;
	uint64_t flags;

	if (sig != SIGSTOP) {
		spin_lock(&ps_tree_lock);
		is_orphaned = !p->group || group_would_be_orphaned(p->group, NULL);
		spin_unlock(&ps_tree_lock);
	}
	if (is_orphaned)
		return;
	flags = signals_lock(p);
	if (p->continue_count == continue_count && !p->group_exit) {
		p->stop_signal = (uint32_t)sig;
		p->last_stop_signal = (uint32_t)sig;
		signal_recalc_all(p);
	}
	signals_unlock(p, flags);
}

static int take_one(struct ps_thread *t, uint64_t set, struct signal_info *info)
{
	int sig = signal_queue_take(&t->pending, set, info);

	return sig ? sig : signal_queue_take(&t->process->pending, set, info);
}

enum take_step { TAKE_AGAIN, TAKE_NOTHING, TAKE_HANDLER };

/* The default of a signal without a handler. The caller holds signal_lock; it is dropped. */
static void act_by_default(struct process *p, int sig, struct signal_info *info, uint64_t flags)
{
	bool ignored = p->actions->action[sig - 1].handler == SIGNAL_IGNORE || signal_default_is_ignore(sig) ||
		       is_protected(p);
	uint32_t continue_count = p->continue_count;

	if (!ignored && !signal_default_is_stop(sig))
		end_by_signal(p, ps_current_thread(), sig, info);
	signals_unlock(p, flags);
	if (ignored && info->code == SIGNAL_CODE_TIMER && ps_upper_ops.timer_signal_discarded)
		ps_upper_ops.timer_signal_discarded(info);
	if (!ignored && signal_default_is_stop(sig))
		begin_stop(p, sig, continue_count);
}

static enum take_step take_step(struct ps_thread *t, struct signal_info *info, struct signal_action *action)
{
	struct process *p = t->process;
	uint64_t flags = signals_lock(p);
	struct signal_action *a;
	int sig;

	if (p->group_exit || t->must_exit) {
		signals_unlock(p, flags);
		if (!t->must_exit)
			core_take_part(t);
		ps_exit_thread(p->group_exit ? p->exit_status : t->exit_code);
	}
	if (p->continue_unnotified) {
		p->continue_unnotified = false;
		signals_unlock(p, flags);
		notify_parent_stopped(p, true);
		return TAKE_AGAIN;
	}
	if (p->stop_signal) {
		stop_current(t, flags);
		return TAKE_AGAIN;
	}
	sig = take_one(t, ~t->blocked, info);
	if (!sig) {
		signal_recalc(t);
		signals_unlock(p, flags);
		return TAKE_NOTHING;
	}
	a = &p->actions->action[sig - 1];
	if ((a->handler == SIGNAL_DEFAULT || a->handler == SIGNAL_IGNORE) && !is_console_event(p, sig)) {
		act_by_default(p, sig, info, flags);
		return TAKE_AGAIN;
	}
	*action = *a;
	if (a->flags & SA_RESETHAND)
		a->handler = SIGNAL_DEFAULT;
	signal_recalc(t);
	signals_unlock(p, flags);
	return TAKE_HANDLER;
}

bool signal_take(struct signal_info *info, struct signal_action *action)
{
	struct ps_thread *t = ps_current_thread();
	enum take_step step;

	do {
		step = take_step(t, info, action);
	} while (step == TAKE_AGAIN);
	return step == TAKE_HANDLER;
}

int signal_dequeue(uint64_t set, struct signal_info *info)
{
	struct ps_thread *t = ps_current_thread();
	uint64_t flags = signals_lock(t->process);
	int sig = take_one(t, set, info);

	if (sig)
		signal_recalc(t);
	signals_unlock(t->process, flags);
	return sig;
}

bool signal_queued_for_timer(struct process *p, struct ps_thread *t, int sig, uint32_t timer_id)
{
	struct signal_queue *q = t ? &t->pending : &p->pending;
	struct pending_signal *e;
	bool found = false;
	uint64_t flags = signals_lock(p);

	LIST_FOR_EACH_ENTRY(e, &q->infos, node) {
		if (e->info.signo == sig && e->info.code == SIGNAL_CODE_TIMER &&
		    (uint32_t)e->info.fields[0] == timer_id)
			found = true;
	}
	signals_unlock(p, flags);
	return found;
}

bool signal_is_pending(void)
{
	return atomic_load(&current_thread()->interrupts) & (INTERRUPT_SIGNAL | INTERRUPT_FATAL);
}

uint64_t signal_pending_set(void)
{
	struct ps_thread *t = ps_current_thread();

	return READ_ONCE(t->pending.bits) | READ_ONCE(t->process->pending.bits);
}

void signal_set_mask(uint64_t mask)
{
	struct ps_thread *t = ps_current_thread();
	struct process *p = t->process;
	uint64_t flags = signals_lock(p);

	t->blocked = mask & ~SIGNAL_UNBLOCKABLE;
	/* What this thread blocks now may be another's to take. */
	if (p->pending.bits && p->nthreads > 1)
		signal_recalc_all(p);
	else
		signal_recalc(t);
	signals_unlock(p, flags);
}

int signal_set_action(int sig, const struct signal_action *new, struct signal_action *old)
{
	struct process *p = ps_current();
	struct signal_action *a;
	uint64_t flags;

	if (sig < 1 || sig > PS_NSIG || (new && (SIGNAL_BIT(sig) & SIGNAL_UNBLOCKABLE)))
		return -EINVAL;
	flags = signals_lock(p);
	a = &p->actions->action[sig - 1];
	if (old)
		*old = *a;
	if (new) {
		*a = *new;
		a->mask &= ~SIGNAL_UNBLOCKABLE;
		/* Setting it to be ignored discards what is pending, blocked or not (POSIX 2.4.3). */
		if (a->handler == SIGNAL_IGNORE || (a->handler == SIGNAL_DEFAULT && signal_default_is_ignore(sig)))
			remove_everywhere(p, SIGNAL_BIT(sig));
	}
	signals_unlock(p, flags);
	return 0;
}

void signal_reset_for_exec(struct process *p)
{
	uint64_t flags = signals_lock(p);

	for (int i = 0; i < PS_NSIG; i++) {
		struct signal_action *a = &p->actions->action[i];

		if (a->handler != SIGNAL_IGNORE)
			a->handler = SIGNAL_DEFAULT;
		a->flags = 0;
		a->restorer = 0;
		a->mask = 0;
	}
	signals_unlock(p, flags);
}

bool signal_is_ignored_or_blocked(int sig)
{
	struct ps_thread *t = ps_current_thread();

	return (t->blocked & SIGNAL_BIT(sig)) ||
	       READ_ONCE(t->process->actions->action[sig - 1].handler) == SIGNAL_IGNORE;
}
