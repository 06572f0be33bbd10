/* kernel/ps/src/wait.c: waiting for children (man 2 wait). */
#include "internal.h"
#include "wait_rules.h"

static void fill_result(const struct process *child, int code, int status, uint32_t wait_status,
	struct ps_wait_result *out)
{
	*out = (struct ps_wait_result){
		.pid = child->pid,
		.uid = child->credentials.uid,
		.code = code,
		.status = status,
		.wait_status = wait_status,
		.user_ns = child->user_ns + child->children_user_ns,
		.system_ns = child->system_ns + child->children_system_ns,
		.max_rss_pages = MAX(child->max_rss_pages, child->children_max_rss_pages),
		.minor_faults = child->minor_faults + child->children_minor_faults,
		.major_faults = child->major_faults + child->children_major_faults,
		.voluntary_switches = child->voluntary_switches,
		.involuntary_switches = child->involuntary_switches,
	};
}

/* What there is to report of @child. */
static enum wait_event event_of(const struct process *child, uint32_t options)
{
	return wait_choose_event(options, child->state == PROCESS_ZOMBIE, child->stop_unreported,
				 child->continued_unreported);
}

static void report_event(struct process *child, enum wait_event event, bool keep, struct ps_wait_result *out)
{
	switch (event) {
	case WAIT_EXITED:
		if (child->killed_by)
			fill_result(child, child->core_dumped ? WAIT_CODE_DUMPED : WAIT_CODE_KILLED, (int)child->killed_by, ps_wait_status(child), out);
		else
			fill_result(child, WAIT_CODE_EXITED, (int)ps_exit_code(child), ps_wait_status(child), out);
		break;
	case WAIT_STOPPED:
		fill_result(child, WAIT_CODE_STOPPED, (int)child->last_stop_signal, child->last_stop_signal << 8 | 0x7f,
			    out);
		child->stop_unreported = keep;
		break;
	case WAIT_CONTINUED:
		fill_result(child, WAIT_CODE_CONTINUED, SIGCONT, 0xffff, out);
		child->continued_unreported = keep;
		break;
	case WAIT_NOTHING:
		break;
	}
}

/* Returns: the pid of a child that had something to report; 0: none yet; -ECHILD: there is none to wait for. */
static int64_t scan(struct process *me, int which, uint32_t id, uint32_t options, struct ps_wait_result *out)
{
	struct process *child, *reaped = NULL;
	int64_t ret = -ECHILD;

	spin_lock(&ps_tree_lock);
	LIST_FOR_EACH_ENTRY(child, &me->children, sibling_node) {
		enum wait_event event;

		if (!wait_selects(which, id, options, child->pid, child->group ? child->group->pgid : 0,
				  child->exit_signal_to_parent != SIGCHLD))
			continue;
		ret = 0;
		event = event_of(child, options);
		if (event == WAIT_NOTHING)
			continue;
		ret = child->pid;
		report_event(child, event, options & WAIT_OPTION_NOWAIT, out);
		if (event == WAIT_EXITED && !(options & WAIT_OPTION_NOWAIT)) {
			process_add_child_usage(me, child);
			process_unlink(child);
			reaped = child;
		}
		break;
	}
	spin_unlock(&ps_tree_lock);
	ps_put(reaped);
	return ret;
}

int64_t ps_wait(int which, uint32_t id, uint32_t options, struct ps_wait_result *out)
{
	struct process *me = ps_current();
	int64_t ret = scan(me, which, id, options, out);
	int err;

	if (ret || (options & WAIT_OPTION_NOHANG))
		return ret;
	err = WAIT_EVENT(&me->child_wait, (ret = scan(me, which, id, options, out)) != 0,
			 INTERRUPT_SIGNAL | INTERRUPT_FATAL, 0);
	return err ? err : ret;
}
