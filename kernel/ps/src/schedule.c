/* kernel/ps/src/schedule.c: how threads are scheduled, in Linux's terms (man 7 sched). */
#include <linux/sched.h>

#include "internal.h"

static uint32_t weight_of(const struct ps_thread *t, int policy)
{
	return policy == SCHED_IDLE ? SCHED_IDLE_WEIGHT : ps_nice_weight(t->nice);
}

void ps_set_nice(struct ps_thread *t, int nice)
{
	t->nice = nice;
	sched_set_policy(&t->thread, t->thread.policy, t->thread.own_priority, weight_of(t, t->thread.policy));
}

void ps_set_policy(struct ps_thread *t, int policy, int priority)
{
	sched_set_policy(&t->thread, (uint8_t)policy, (uint8_t)priority, weight_of(t, policy));
}

int ps_nice(const struct process *p)
{
	const struct ps_thread *t = p->leader ? p->leader : list_first_entry(&p->threads, struct ps_thread, process_node);

	return t ? t->nice : 0;
}

void schedule_inherit(struct ps_thread *child, const struct ps_thread *parent)
{
	bool resets = parent->resets_on_fork;
	bool is_urgent = parent->thread.own_priority > 0;

	child->nice = resets ? MAX(parent->nice, 0) : parent->nice;
	child->io_priority = parent->io_priority;
	child->resets_on_fork = false;
	child->thread.policy = resets && is_urgent ? SCHED_NORMAL : parent->thread.policy;
	child->thread.own_priority = resets ? 0 : parent->thread.own_priority;
	child->thread.priority = child->thread.own_priority;
	child->thread.weight = weight_of(child, child->thread.policy);
}
