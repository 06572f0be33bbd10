/* kernel/compat/src/linux/sched.c: scheduling calls. There is one policy, SCHED_OTHER; BATCH and IDLE are
 * kept for who asks, and run as it. */
#include <compat/linux.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <mm/usercopy.h>

#define MAX_RT_PRIORITY 99
#define SLICE_NS (4 * NSEC_PER_MSEC)

int64_t linux_sys_sched_yield(const uint64_t a[6])
{
	sched_yield();
	return 0;
}

/* The thread of @tid, 0 the caller. A reference, or NULL. */
static struct ps_thread *thread_of(uint64_t tid)
{
	return ps_find_thread((uint32_t)tid ? (uint32_t)tid : current_thread()->tid);
}

static uint64_t online_mask(void)
{
	uint32_t n = READ_ONCE(percpu_count);

	return n == 64 ? ~0ull : (1ull << n) - 1;
}

static bool may_schedule(const struct ps_thread *t)
{
	const struct credentials *me = ps_credentials(), *it = &t->process->credentials;

	return me->euid == it->uid || me->euid == it->euid || ps_capable(CAP_SYS_NICE);
}

int64_t linux_sys_sched_getaffinity(const uint64_t a[6])
{
	struct ps_thread *t;
	uint64_t mask;

	if (a[1] < sizeof(mask) || a[1] % sizeof(mask))
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	mask = t->thread.affinity & online_mask();
	ps_thread_put(t);
	return copy_to_user(user_ptr(a[2]), &mask, sizeof(mask)) ? -EFAULT : (int64_t)sizeof(mask);
}

int64_t linux_sys_sched_setaffinity(const uint64_t a[6])
{
	struct ps_thread *t;
	uint64_t mask = 0;
	int64_t err = 0;

	if (copy_from_user(&mask, user_ptr(a[2]), MIN(a[1], sizeof(mask))))
		return -EFAULT;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	if (!may_schedule(t))
		err = -EPERM;
	else if (!(mask & online_mask()))
		err = -EINVAL;
	else
		sched_set_affinity(&t->thread, mask & online_mask());
	ps_thread_put(t);
	return err;
}

static bool is_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE || policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

int64_t linux_sys_sched_getscheduler(const uint64_t a[6])
{
	struct ps_thread *t;
	int64_t policy;

	if ((int)a[0] < 0)
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	policy = t->thread.policy;
	ps_thread_put(t);
	return policy;
}

/* Real-time policies are refused as without the privilege for them. */
int64_t linux_sys_sched_setscheduler(const uint64_t a[6])
{
	int policy = (int)a[1], priority;
	struct ps_thread *t;
	int64_t err = 0;

	if ((int)a[0] < 0 || !a[2])
		return -EINVAL;
	if (get_user(priority, (int __user *)user_ptr(a[2])))
		return -EFAULT;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	if (!is_policy(policy) || (is_realtime(policy) ? priority < 1 || priority > MAX_RT_PRIORITY : priority))
		err = -EINVAL;
	else if (is_realtime(policy) || !may_schedule(t))
		err = -EPERM;
	else
		t->thread.policy = (uint8_t)policy;
	ps_thread_put(t);
	return err;
}

int64_t linux_sys_sched_getparam(const uint64_t a[6])
{
	struct ps_thread *t;
	int priority = 0;

	if ((int)a[0] < 0 || !a[1])
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	ps_thread_put(t);
	return copy_to_user(user_ptr(a[1]), &priority, sizeof(priority)) ? -EFAULT : 0;
}

int64_t linux_sys_sched_setparam(const uint64_t a[6])
{
	int64_t policy = linux_sys_sched_getscheduler(a);
	const uint64_t b[6] = { a[0], (uint64_t)policy, a[1] };

	return policy < 0 ? policy : linux_sys_sched_setscheduler(b);
}

int64_t linux_sys_sched_get_priority_max(const uint64_t a[6])
{
	return is_realtime((int)a[0]) ? MAX_RT_PRIORITY : is_policy((int)a[0]) ? 0 : -EINVAL;
}

int64_t linux_sys_sched_get_priority_min(const uint64_t a[6])
{
	return is_realtime((int)a[0]) ? 1 : is_policy((int)a[0]) ? 0 : -EINVAL;
}

int64_t linux_sys_sched_rr_get_interval(const uint64_t a[6])
{
	struct ps_thread *t;

	if ((int)a[0] < 0)
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	ps_thread_put(t);
	return linux_timespec_out(a[1], SLICE_NS);
}

int64_t linux_sys_getcpu(const uint64_t a[6])
{
	uint32_t cpu = cpu_index(), node = 0;

	if ((a[0] && put_user(cpu, (uint32_t __user *)user_ptr(a[0]))) ||
	    (a[1] && put_user(node, (uint32_t __user *)user_ptr(a[1]))))
		return -EFAULT;
	return 0;
}
