/* kernel/ps/src/oom.c: who dies when memory is gone. Allocates nothing. */
#include "internal.h"

#define ADJ_NEVER (-1000)	/* man 5 proc, oom_score_adj */
#define ADJ_RANGE 1000

struct choice {
	struct process *worst;
	int64_t worst_score;
	int64_t total_pages;
	bool one_is_dying;
};

/* The tree lock keeps the process, not its space: only numbers of a live one are looked at, and
 * a thread that is ending gives its memory back soon anyway. */
static void consider(struct process *p, void *context)
{
	struct choice *c = context;
	int64_t score;

	if (p->is_service || p->pid == PID_INIT || p->state != PROCESS_ALIVE || p->oom_score_adj == ADJ_NEVER)
		return;
	spin_lock(&p->lock);
	score = p->space ? (int64_t)(p->space->rss_pages + p->space->page_table_pages) : -1;
	spin_unlock(&p->lock);
	if (score < 0)
		return;
	if (p->killed_by == SIGKILL && p->group_exit)
		c->one_is_dying = true;
	score += p->oom_score_adj * c->total_pages / ADJ_RANGE;
	if (!c->worst || score > c->worst_score) {
		if (c->worst)
			object_put(&c->worst->object);
		object_get(&p->object);
		c->worst = p;
		c->worst_score = score;
	}
}

bool ps_oom_kill(void)
{
	struct choice c = { 0 };
	struct mm_statistics mm;

	mm_statistics(&mm);
	c.total_pages = (int64_t)mm.total_pages;
	ps_for_each(consider, &c);
	if (!c.worst)
		return false;
	if (!c.one_is_dying) {
		counter_inc(COUNTER_OOM_KILL);
		log_error(MEMORY, "out of memory: killed pid %u (%s), %llu of %llu pages", c.worst->pid, c.worst->name,
			  (unsigned long long)c.worst_score, (unsigned long long)mm.total_pages);
		signal_send_process(c.worst, SIGKILL, NULL);
	}
	ps_put(c.worst);
	return true;
}
