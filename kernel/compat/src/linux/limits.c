/* kernel/compat/src/linux/limits.c: limits of processes. */
#include <albireo/services.h>
#include <compat/linux.h>
#include <ipc/endpoint.h>
#include <linux/capability.h>
#include <linux/resource.h>
#include <mm/usercopy.h>

struct limit { uint64_t cur, max; };

/* prlimit(2): the same ids, or CAP_SYS_RESOURCE. */
static bool may_reach(const struct process *p)
{
	const struct credentials *me = ps_credentials(), *it = &p->credentials;

	if (p == ps_current())
		return true;
	if (me->uid == it->euid && me->uid == it->suid && me->uid == it->uid && me->gid == it->egid &&
	    me->gid == it->sgid && me->gid == it->gid)
		return true;
	return ps_capable(CAP_SYS_RESOURCE);
}

static int64_t set_limit(struct process *p, uint32_t resource, const struct limit *limit)
{
	const struct credentials *me = ps_credentials();
	struct envelope envelope;
	struct ipc_kernel_call c = { .words = { SYSCALLD_SETRLIMIT, p->pid, ps_current()->pid, resource, limit->cur, limit->max,
		me->uid | me->cap_effective << 32 }, .data = &envelope, .data_len = sizeof(envelope) };
	int64_t err = ps_policy_begin(p);

	if (err)
		return err;
	envelope = p->envelope;
	err = ipc_call_service(SERVICE_SYSCALLD, &c);
	ps_policy_end(p);
	return err ? err : (int64_t)c.words[0];
}

static int64_t prlimit(struct process *p, uint32_t resource, const struct limit *new, struct limit *old)
{
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (new && new->cur > new->max)
		return -EINVAL;
	if (old) {
		old->cur = p->envelope.limits[resource].cur;
		old->max = p->envelope.limits[resource].max;
	}
	return new ? set_limit(p, resource, new) : 0;
}

int64_t linux_sys_getrlimit(const uint64_t a[6])
{
	struct limit old;
	int64_t err = prlimit(ps_current(), (uint32_t)a[0], NULL, &old);

	if (err)
		return err;
	return copy_to_user(user_ptr(a[1]), &old, sizeof(old)) ? -EFAULT : 0;
}

int64_t linux_sys_setrlimit(const uint64_t a[6])
{
	struct limit new;

	if (copy_from_user(&new, user_ptr(a[1]), sizeof(new)))
		return -EFAULT;
	return prlimit(ps_current(), (uint32_t)a[0], &new, NULL);
}

int64_t linux_sys_prlimit64(const uint64_t a[6])
{
	struct limit new, old;
	struct process *p;
	int64_t err = -EPERM;

	if (a[2] && copy_from_user(&new, user_ptr(a[2]), sizeof(new)))
		return -EFAULT;
	p = ps_find((uint32_t)a[0] ? (uint32_t)a[0] : ps_current()->pid);
	if (!p)
		return -ESRCH;
	if (may_reach(p))
		err = prlimit(p, (uint32_t)a[1], a[2] ? &new : NULL, &old);
	ps_put(p);
	if (!err && a[3] && copy_to_user(user_ptr(a[3]), &old, sizeof(old)))
		return -EFAULT;
	return err;
}
