/* kernel/compat/src/linux/sched.c: policies, priorities and processors of threads (man 7 sched). */
#include <compat/linux.h>
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <mm/usercopy.h>

#define MAX_RT_PRIORITY 99

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

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* SCHED_DEADLINE is a policy that this scheduler does not have. */
static bool is_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE || is_realtime(policy);
}

/* What sched_setscheduler(2) and its kin want of a thread. */
struct wish {
	int policy;
	int priority;
	int nice;
	bool resets_on_fork;
};

static bool needs_privilege(const struct ps_thread *t, const struct wish *w)
{
	uint64_t limit = t->process->envelope.limits[RLIMIT_RTPRIO].cur;
	int old = t->thread.policy;

	if (is_realtime(w->policy)) {
		if (w->policy != old && !limit)
			return true;
		if (w->priority > t->thread.own_priority && (uint64_t)w->priority > limit)
			return true;
	} else if (!linux_may_be_nice(t, w->nice)) {
		return true;
	}
	if (old == SCHED_IDLE && w->policy != SCHED_IDLE && !linux_may_be_nice(t, t->nice - 1))
		return true;
	return t->resets_on_fork && !w->resets_on_fork;
}

static int64_t set_policy(struct ps_thread *t, const struct wish *w)
{
	if (!is_policy(w->policy))
		return -EINVAL;
	if (w->priority < 0 || w->priority > MAX_RT_PRIORITY || is_realtime(w->policy) != (w->priority != 0))
		return -EINVAL;
	if (!may_schedule(t) || (needs_privilege(t, w) && !ps_capable(CAP_SYS_NICE)))
		return -EPERM;
	t->resets_on_fork = w->resets_on_fork;
	if (!is_realtime(w->policy))
		t->nice = w->nice;
	ps_set_policy(t, w->policy, w->priority);
	return 0;
}

/* @policy -1: as it is. */
static int64_t set_scheduler(uint64_t tid, int policy, uint64_t param)
{
	struct ps_thread *t;
	struct wish w;
	int64_t err;

	if (!param || (int)tid < 0)
		return -EINVAL;
	if (get_user(w.priority, (int __user *)user_ptr(param)))
		return -EFAULT;
	t = thread_of(tid);
	if (!t)
		return -ESRCH;
	w.nice = t->nice;
	w.policy = policy == -1 ? t->thread.policy : policy & ~SCHED_RESET_ON_FORK;
	w.resets_on_fork = policy == -1 ? t->resets_on_fork : !!(policy & SCHED_RESET_ON_FORK);
	err = set_policy(t, &w);
	ps_thread_put(t);
	return err;
}

int64_t linux_sys_sched_setscheduler(const uint64_t a[6])
{
	return (int)a[1] < 0 ? -EINVAL : set_scheduler(a[0], (int)a[1], a[2]);
}

int64_t linux_sys_sched_setparam(const uint64_t a[6])
{
	return set_scheduler(a[0], -1, a[1]);
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
	policy = t->thread.policy | (t->resets_on_fork ? SCHED_RESET_ON_FORK : 0);
	ps_thread_put(t);
	return policy;
}

int64_t linux_sys_sched_getparam(const uint64_t a[6])
{
	struct ps_thread *t;
	int priority;

	if ((int)a[0] < 0 || !a[1])
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	priority = t->thread.own_priority;
	ps_thread_put(t);
	return copy_to_user(user_ptr(a[1]), &priority, sizeof(priority)) ? -EFAULT : 0;
}

/* linux/sched/types.h, whose name for it glibc's headers take. */
struct linux_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
#define SCHED_ATTR_VER0_BYTES 48u

/* A size that is not understood is answered with the one that is. */
static int64_t refuse_size(uint64_t user)
{
	return put_user((uint32_t)sizeof(struct linux_sched_attr), (uint32_t __user *)user_ptr(user)) ? -EFAULT : -E2BIG;
}

static int64_t attr_in(uint64_t user, struct linux_sched_attr *attr)
{
	uint32_t size;
	uint8_t rest;

	if (get_user(size, (uint32_t __user *)user_ptr(user)))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_VER0_BYTES;
	if (size < SCHED_ATTR_VER0_BYTES || size > PAGE_SIZE)
		return refuse_size(user);
	*attr = (struct linux_sched_attr){ 0 };
	if (copy_from_user(attr, user_ptr(user), MIN(size, sizeof(*attr))))
		return -EFAULT;
	for (uint32_t at = sizeof(*attr); at < size; at++) {
		if (get_user(rest, (uint8_t __user *)user_ptr(user + at)))
			return -EFAULT;
		if (rest)
			return refuse_size(user);
	}
	if ((attr->flags & SCHED_FLAG_UTIL_CLAMP) && size < sizeof(*attr))
		return -EINVAL;
	return 0;
}

static struct wish wish_of(const struct linux_sched_attr *attr, const struct ps_thread *t)
{
	struct wish w = {
		.policy = (int)attr->policy,
		.priority = (int)MIN(attr->priority, (uint32_t)INT32_MAX),
		.nice = MAX(NICE_MIN, MIN(attr->nice, NICE_MAX)),
		.resets_on_fork = attr->flags & SCHED_FLAG_RESET_ON_FORK,
	};

	if (attr->flags & SCHED_FLAG_KEEP_POLICY) {
		w.policy = t->thread.policy;
		w.resets_on_fork = t->resets_on_fork;
	}
	/* What is kept takes the policy along, asked for or not, as on Linux. */
	if (attr->flags & SCHED_FLAG_KEEP_PARAMS) {
		w.policy = t->thread.policy;
		w.priority = t->thread.own_priority;
		w.nice = t->nice;
	}
	return w;
}

int64_t linux_sys_sched_setattr(const uint64_t a[6])
{
	struct linux_sched_attr attr;
	struct ps_thread *t;
	struct wish w;
	int64_t err;

	if (!a[1] || (int)a[0] < 0 || (uint32_t)a[2])
		return -EINVAL;
	err = attr_in(a[1], &attr);
	if (err)
		return err;
	if ((int32_t)attr.policy < 0)
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	w = wish_of(&attr, t);
	if (attr.flags & ~(uint64_t)SCHED_FLAG_ALL)
		err = -EINVAL;
	else if (attr.flags & SCHED_FLAG_UTIL_CLAMP)
		err = -EOPNOTSUPP;
	else
		err = set_policy(t, &w);
	ps_thread_put(t);
	return err;
}

int64_t linux_sys_sched_getattr(const uint64_t a[6])
{
	uint32_t size = (uint32_t)a[2];
	struct linux_sched_attr attr;
	struct ps_thread *t;

	if (!a[1] || (int)a[0] < 0 || size > PAGE_SIZE || size < SCHED_ATTR_VER0_BYTES || (uint32_t)a[3])
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	attr = (struct linux_sched_attr){
		.size = MIN(size, (uint32_t)sizeof(attr)),
		.policy = t->thread.policy,
		.flags = t->resets_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
		.nice = t->thread.own_priority ? 0 : t->nice,
		.priority = t->thread.own_priority,
	};
	ps_thread_put(t);
	return copy_to_user(user_ptr(a[1]), &attr, attr.size) ? -EFAULT : 0;
}

int64_t linux_sys_sched_get_priority_max(const uint64_t a[6])
{
	return is_realtime((int)a[0]) ? MAX_RT_PRIORITY : is_policy((int)a[0]) || (int)a[0] == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t linux_sys_sched_get_priority_min(const uint64_t a[6])
{
	return is_realtime((int)a[0]) ? 1 : is_policy((int)a[0]) || (int)a[0] == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t linux_sys_sched_rr_get_interval(const uint64_t a[6])
{
	struct ps_thread *t;
	int policy;

	if ((int)a[0] < 0)
		return -EINVAL;
	t = thread_of(a[0]);
	if (!t)
		return -ESRCH;
	policy = t->thread.policy;
	ps_thread_put(t);
	return linux_timespec_out(a[1], policy == SCHED_RR ? SCHED_RR_SLICE_NS : policy == SCHED_FIFO ? 0 : SCHED_SLICE_NS);
}

int64_t linux_sys_getcpu(const uint64_t a[6])
{
	uint32_t cpu = cpu_index(), node = 0;

	if ((a[0] && put_user(cpu, (uint32_t __user *)user_ptr(a[0]))) ||
	    (a[1] && put_user(node, (uint32_t __user *)user_ptr(a[1]))))
		return -EFAULT;
	return 0;
}
