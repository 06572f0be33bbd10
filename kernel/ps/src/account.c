/* kernel/ps/src/account.c: what all processes hold together, for the checks at the machine's end. */
#include "internal.h"

#ifdef CONFIG_DEBUG
static void add_space(struct ps_account *account, const struct mm_space *s)
{
	account->spaces++;
	account->areas += s->nareas;
	account->page_table_pages += atomic_load(&s->page_table_pages);
	account->anon_pages += atomic_load(&s->rss_pages) - atomic_load(&s->rss_file_pages);
}

void ps_account(struct ps_account *out)
{
	struct process *p;

	*out = (struct ps_account){ 0 };
	spin_lock(&ps_tree_lock);
	LIST_FOR_EACH_ENTRY(p, &process_list, all_node) {
		out->processes++;
		out->threads += p->nthreads;
		spin_lock(&p->lock);
		if (p->space)
			add_space(out, p->space);
		if (p->handles)
			out->handle_tables++;
		/* A service has some as well, once somebody has limited its time. */
		if (atomic_load(&p->timers))
			out->timers++;
		spin_unlock(&p->lock);
	}
	spin_unlock(&ps_tree_lock);
}
#endif
