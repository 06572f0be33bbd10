/* kernel/compat/src/linux/prctl.c: settings of threads and processes (man 2 prctl). */
#include <compat/identity.h>
#include <compat/linux.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <string.h>

#define TIMER_SLACK_NS 50000	/* what every thread has at first (man 2 prctl, PR_SET_TIMERSLACK) */

static int64_t set_name_of_thread(uint64_t at)
{
	struct ps_thread *t = ps_current_thread();
	char name[sizeof(t->thread.name)] = { 0 };
	int64_t n = strncpy_from_user(name, (const char __user *)user_ptr(at), sizeof(name));

	if (n == -EFAULT)
		return -EFAULT;
	name[sizeof(name) - 1] = 0;
	memcpy(t->thread.name, name, sizeof(name));
	if (t == t->process->leader)
		memcpy(t->process->name, name, sizeof(name));
	return 0;
}

static int64_t int_out(uint64_t at, int value)
{
	return put_user(value, (int __user *)user_ptr(at)) ? -EFAULT : 0;
}

/* @rest: arguments that must be zero, so that they may mean something one day. */
static bool has_more(const uint64_t a[6], int rest)
{
	for (int i = 5 - rest; i < 5; i++) {
		if (a[i])
			return true;
	}
	return false;
}

/* ---- what is kept of the process ---- */

static int64_t of_process(const uint64_t a[6])
{
	struct process *p = ps_current();

	switch ((int)a[0]) {
	case PR_SET_PDEATHSIG:
		if (a[1] > PS_NSIG)
			return -EINVAL;
		p->pdeath_signal = (uint32_t)a[1];
		return 0;
	case PR_GET_PDEATHSIG:
		return int_out(a[1], (int)p->pdeath_signal);
	case PR_SET_DUMPABLE:
		if (a[1] > 1)
			return -EINVAL;
		p->dumpable = a[1];
		return 0;
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_CHILD_SUBREAPER:
		p->child_subreaper = a[1];
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return int_out(a[1], p->child_subreaper);
	case PR_SET_THP_DISABLE:
		if (has_more(a, 3))
			return -EINVAL;
		p->has_no_huge_pages = a[1];
		return 0;
	case PR_GET_THP_DISABLE:
		return has_more(a, 4) ? -EINVAL : (int64_t)p->has_no_huge_pages;
	}
	return -ENOSYS;
}

/* ---- credentials: syscalld's to change ---- */

static int64_t of_credentials(const uint64_t a[6])
{
	const struct credentials *c = ps_credentials();

	switch ((int)a[0]) {
	case PR_SET_NO_NEW_PRIVS:
		if (a[1] != 1 || has_more(a, 3))
			return -EINVAL;
		return linux_change_credentials(CRED_NO_NEW_PRIVS, 0, 0, 0, NULL, 0);
	case PR_GET_NO_NEW_PRIVS:
		return has_more(a, 4) ? -EINVAL : (int64_t)c->no_new_privs;
	case PR_SET_SECUREBITS:
		return linux_change_credentials(CRED_SECUREBITS, a[1], 0, 0, NULL, 0);
	case PR_GET_SECUREBITS:
		return c->securebits;
	case PR_SET_KEEPCAPS:
		return a[1] > 1 ? -EINVAL : linux_change_credentials(CRED_KEEPCAPS, a[1], 0, 0, NULL, 0);
	case PR_GET_KEEPCAPS:
		return c->securebits >> 4 & 1;
	case PR_CAPBSET_READ:
		return a[1] > CAP_LAST_CAP ? -EINVAL : (int64_t)(c->cap_bounding >> a[1] & 1);
	case PR_CAPBSET_DROP:
		return linux_change_credentials(CRED_CAPBSET_DROP, a[1], 0, 0, NULL, 0);
	case PR_CAP_AMBIENT:
		if (a[1] == PR_CAP_AMBIENT_IS_SET)
			return a[2] > CAP_LAST_CAP || has_more(a, 2) ? -EINVAL : (int64_t)(c->cap_ambient >> a[2] & 1);
		return linux_change_credentials(CRED_AMBIENT, a[1], a[2], 0, NULL, 0);
	}
	return -ENOSYS;
}

/* ---- the thread, and the machine as it is ---- */

static int64_t set_timer_slack(uint64_t ns)
{
	struct ps_thread *t = ps_current_thread();

	/* Timers have no slack, which satisfies any; 0 asks for the first value again. */
	t->timer_slack_ns = (int64_t)ns > 0 ? ns : 0;
	return 0;
}

static int64_t machine_check_policy(const uint64_t a[6])
{
	if (has_more(a, 2))
		return -EINVAL;
	if (a[1] == PR_MCE_KILL_CLEAR)
		return a[2] ? -EINVAL : 0;
	/* There is no machine check that a program survives: the default is all there is. */
	return a[1] == PR_MCE_KILL_SET && a[2] == PR_MCE_KILL_DEFAULT ? 0 : -EINVAL;
}

static int64_t of_thread(const uint64_t a[6])
{
	struct ps_thread *t = ps_current_thread();

	switch ((int)a[0]) {
	case PR_SET_NAME:
		return set_name_of_thread(a[1]);
	case PR_GET_NAME:
		return copy_to_user(user_ptr(a[1]), t->thread.name, sizeof(t->thread.name)) ? -EFAULT : 0;
	case PR_SET_TIMERSLACK:
		return set_timer_slack(a[1]);
	case PR_GET_TIMERSLACK:
		return (int64_t)(t->timer_slack_ns ? t->timer_slack_ns : TIMER_SLACK_NS);
	case PR_GET_TID_ADDRESS:
		return copy_to_user(user_ptr(a[1]), &t->clear_child_tid, 8) ? -EFAULT : 0;
	case PR_GET_TSC:
		return int_out(a[1], PR_TSC_ENABLE);
	case PR_SET_TSC:
		return a[1] == PR_TSC_ENABLE ? 0 : -EINVAL;
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return a[1] == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_MCE_KILL:
		return machine_check_policy(a);
	case PR_MCE_KILL_GET:
		return has_more(a, 4) ? -EINVAL : PR_MCE_KILL_DEFAULT;
	case PR_GET_SECCOMP:
		return 0;
	case PR_SET_SECCOMP:	/* as a Linux without it says */
		return -EINVAL;
	}
	return -ENOSYS;
}

int64_t linux_sys_prctl(const uint64_t a[6])
{
	int64_t ret = of_thread(a);

	if (ret == -ENOSYS)
		ret = of_process(a);
	if (ret == -ENOSYS)
		ret = of_credentials(a);
	if (ret != -ENOSYS)
		return ret;
	log_info(COMPAT, "%s: prctl %d is not supported", ps_current()->name, (int)a[0]);
	return -EINVAL;
}
