/* kernel/compat/src/linux/priority.c: nice values and I/O priorities of threads, by thread, group or user. */
#include <compat/linux.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/resource.h>

/* What both pairs of calls have in common: whom they mean. */
struct selection {
	int which;		/* PRIO_* */
	uint32_t id;
	int value;		/* to set, or the best found */
	int found;
	int64_t err;
	void (*visit)(struct ps_thread *t, struct selection *s);
};

static bool is_selected(const struct ps_thread *t, const struct selection *s)
{
	const struct process *p = t->process;

	switch (s->which) {
	case PRIO_PROCESS:
		return t->thread.tid == s->id;
	case PRIO_PGRP:
		return p->group && p->group->pgid == s->id;
	default:
		return p->credentials.uid == s->id;
	}
}

static void visit_if_selected(struct ps_thread *t, void *context)
{
	struct selection *s = context;

	if (is_selected(t, s))
		s->visit(t, s);
}

static int64_t select_threads(struct selection *s)
{
	if (!s->id)
		s->id = s->which == PRIO_PROCESS ? current_thread()->tid :
			s->which == PRIO_PGRP ? ps_group_id() : ps_credentials()->uid;
	ps_for_each_thread(visit_if_selected, s);
	return s->found ? s->err : -ESRCH;
}

static bool is_mine(const struct process *p)
{
	const struct credentials *me = ps_credentials();

	return me->euid == p->credentials.uid || me->euid == p->credentials.euid || ps_capable(CAP_SYS_NICE);
}

/* ---- nice ---- */

bool linux_may_be_nice(const struct ps_thread *t, int nice)
{
	uint64_t limit = t->process->envelope.limits[RLIMIT_NICE].cur;

	return nice >= t->nice || 20 - nice <= (int)MIN(limit, 40u) || ps_capable(CAP_SYS_NICE);
}

static void best_nice(struct ps_thread *t, struct selection *s)
{
	s->value = s->found++ ? MIN(s->value, t->nice) : t->nice;
}

static void set_nice(struct ps_thread *t, struct selection *s)
{
	s->found++;
	if (!is_mine(t->process))
		s->err = -EPERM;
	else if (!linux_may_be_nice(t, s->value))
		s->err = -EACCES;
	else
		ps_set_nice(t, s->value);
}

int64_t linux_sys_getpriority(const uint64_t a[6])
{
	struct selection s = { .which = (int)a[0], .id = (uint32_t)a[1], .visit = best_nice };
	int64_t err;

	if (s.which < PRIO_PROCESS || s.which > PRIO_USER)
		return -EINVAL;
	err = select_threads(&s);
	return err ? err : 20 - s.value;
}

int64_t linux_sys_setpriority(const uint64_t a[6])
{
	struct selection s = { .which = (int)a[0], .id = (uint32_t)a[1], .visit = set_nice,
		.value = MAX(NICE_MIN, MIN((int)a[2], NICE_MAX)) };

	if (s.which < PRIO_PROCESS || s.which > PRIO_USER)
		return -EINVAL;
	return select_threads(&s);
}

/* ---- I/O priority: kept for who asks; there is no device queue that orders by it ---- */

static int class_of(int value)
{
	return IOPRIO_PRIO_CLASS(value);
}

/* What a thread without one has follows from its nice value (man 2 ioprio_set, NOTES). */
static int effective(const struct ps_thread *t)
{
	if (class_of(t->io_priority) != IOPRIO_CLASS_NONE)
		return t->io_priority;
	return IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT | (t->nice + 20) / 5;
}

static void best_io(struct ps_thread *t, struct selection *s)
{
	/* Of one thread what was set, of several the best in force. */
	if (s->which == PRIO_PROCESS) {
		s->value = t->io_priority;
		s->found = 1;
		return;
	}
	s->value = s->found++ ? MIN(s->value, effective(t)) : effective(t);
}

static void set_io(struct ps_thread *t, struct selection *s)
{
	s->found++;
	if (is_mine(t->process))
		t->io_priority = (uint16_t)s->value;
	else
		s->err = -EPERM;
}

static int check_io(int value)
{
	int data = (int)IOPRIO_PRIO_DATA(value);

	if (value < 0 || value >> IOPRIO_CLASS_SHIFT > IOPRIO_CLASS_MASK)
		return -EINVAL;
	switch (class_of(value)) {
	case IOPRIO_CLASS_NONE:
		return data ? -EINVAL : 0;
	case IOPRIO_CLASS_RT:
		if (!ps_capable(CAP_SYS_NICE) && !ps_capable(CAP_SYS_ADMIN))
			return -EPERM;
		return data < IOPRIO_NR_LEVELS ? 0 : -EINVAL;
	case IOPRIO_CLASS_BE:
		return data < IOPRIO_NR_LEVELS ? 0 : -EINVAL;
	case IOPRIO_CLASS_IDLE:
		return 0;
	}
	return -EINVAL;
}

int64_t linux_sys_ioprio_get(const uint64_t a[6])
{
	struct selection s = { .which = (int)a[0] - IOPRIO_WHO_PROCESS, .id = (uint32_t)a[1], .visit = best_io };
	int64_t err;

	if (s.which < PRIO_PROCESS || s.which > PRIO_USER)
		return -EINVAL;
	err = select_threads(&s);
	return err ? err : s.value;
}

int64_t linux_sys_ioprio_set(const uint64_t a[6])
{
	struct selection s = { .which = (int)a[0] - IOPRIO_WHO_PROCESS, .id = (uint32_t)a[1], .visit = set_io,
		.value = (int)a[2] };
	int64_t err = check_io(s.value);

	if (err)
		return err;
	if (s.which < PRIO_PROCESS || s.which > PRIO_USER)
		return -EINVAL;
	return select_threads(&s);
}
