/* kernel/compat/src/linux/identity.c: who a process is (credentials(7), capabilities(7)).
 *
 * What is in force lives in the kernel and is read here; every change is decided by
 * syscalld, which sends it back through PROC_CREDENTIALS_BROKER.
 */
#include <albireo/services.h>
#include <compat/identity.h>
#include <compat/linux.h>
#include <ipc/endpoint.h>
#include <linux/capability.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <string.h>

#define UNCHANGED 0xffffffffu
#define LINUX_NGROUPS_MAX 65536u

int64_t linux_change_credentials(enum cred_call call, uint64_t x, uint64_t y, uint64_t z, const uint32_t *groups, uint32_t ngroups)
{
	struct process *p = ps_current();
	struct ipc_kernel_call c = { .words = { SYSCALLD_SETCRED, p->pid, call, x, y, z } };
	uint8_t *data = kmalloc(sizeof(p->credentials) + ngroups * sizeof(*groups), HEAP_NOZERO);
	int64_t err;

	if (!data)
		return -ENOMEM;
	err = ps_policy_begin(p);
	if (err)
		goto out;
	memcpy(data, &p->credentials, sizeof(p->credentials));
	if (ngroups)
		memcpy(data + sizeof(p->credentials), groups, ngroups * sizeof(*groups));
	c.data = data;
	c.data_len = (uint32_t)(sizeof(p->credentials) + ngroups * sizeof(*groups));
	err = ipc_call_service(SERVICE_SYSCALLD, &c);
	ps_policy_end(p);
	if (!err)
		err = (int64_t)c.words[0];
out:
	kfree(data);
	return err;
}

int64_t linux_sys_getuid(const uint64_t a[6]) { return ps_credentials()->uid; }
int64_t linux_sys_geteuid(const uint64_t a[6]) { return ps_credentials()->euid; }
int64_t linux_sys_getgid(const uint64_t a[6]) { return ps_credentials()->gid; }
int64_t linux_sys_getegid(const uint64_t a[6]) { return ps_credentials()->egid; }

static int64_t three_out(const uint64_t a[6], uint32_t x, uint32_t y, uint32_t z)
{
	if (put_user(x, (uint32_t __user *)user_ptr(a[0])) || put_user(y, (uint32_t __user *)user_ptr(a[1])) ||
	    put_user(z, (uint32_t __user *)user_ptr(a[2])))
		return -EFAULT;
	return 0;
}

int64_t linux_sys_getresuid(const uint64_t a[6])
{
	const struct credentials *c = ps_credentials();

	return three_out(a, c->uid, c->euid, c->suid);
}

int64_t linux_sys_getresgid(const uint64_t a[6])
{
	const struct credentials *c = ps_credentials();

	return three_out(a, c->gid, c->egid, c->sgid);
}

static int64_t change(enum cred_call call, const uint64_t a[6], unsigned nargs)
{
	uint64_t args[3];

	/* ids are 32 bits wide, and -1 leaves one as it is */
	for (unsigned i = 0; i < 3; i++)
		args[i] = i < nargs && (uint32_t)a[i] != UNCHANGED ? (uint32_t)a[i] : ~0ull;
	if ((call == CRED_SETUID || call == CRED_SETGID) && args[0] == ~0ull)
		return -EINVAL;
	return linux_change_credentials(call, args[0], args[1], args[2], NULL, 0);
}

int64_t linux_sys_setuid(const uint64_t a[6]) { return change(CRED_SETUID, a, 1); }
int64_t linux_sys_setgid(const uint64_t a[6]) { return change(CRED_SETGID, a, 1); }
int64_t linux_sys_setreuid(const uint64_t a[6]) { return change(CRED_SETREUID, a, 2); }
int64_t linux_sys_setregid(const uint64_t a[6]) { return change(CRED_SETREGID, a, 2); }
int64_t linux_sys_setresuid(const uint64_t a[6]) { return change(CRED_SETRESUID, a, 3); }
int64_t linux_sys_setresgid(const uint64_t a[6]) { return change(CRED_SETRESGID, a, 3); }

/* setfsuid(2) answers with the old id and never with an error. */
int64_t linux_sys_setfsuid(const uint64_t a[6])
{
	uint32_t old = ps_credentials()->fsuid;

	(void)change(CRED_SETFSUID, a, 1);
	return old;
}

int64_t linux_sys_setfsgid(const uint64_t a[6])
{
	uint32_t old = ps_credentials()->fsgid;

	(void)change(CRED_SETFSGID, a, 1);
	return old;
}

int64_t linux_sys_getgroups(const uint64_t a[6])
{
	const struct credentials *c = ps_credentials();
	int size = (int)a[0];

	if (size < 0)
		return -EINVAL;
	if (!size)
		return c->ngroups;
	if ((uint32_t)size < c->ngroups)
		return -EINVAL;
	return copy_to_user(user_ptr(a[1]), c->groups, c->ngroups * sizeof(c->groups[0])) ? -EFAULT : (int64_t)c->ngroups;
}

int64_t linux_sys_setgroups(const uint64_t a[6])
{
	uint32_t groups[CRED_MAX_GROUPS], n = (uint32_t)a[0];

	if (!ps_capable(CAP_SETGID))
		return -EPERM;
	if (n > CRED_MAX_GROUPS)
		return n > LINUX_NGROUPS_MAX ? -EINVAL : -ENOMEM;
	if (copy_from_user(groups, user_ptr(a[1]), n * sizeof(*groups)))
		return -EFAULT;
	return linux_change_credentials(CRED_SETGROUPS, n, 0, 0, groups, n);
}

/* The header names a process and a version; 0 or how many 32-bit halves the data has. */
static int64_t read_header(uint64_t at, struct __user_cap_header_struct *h, unsigned *halves)
{
	if (copy_from_user(h, user_ptr(at), sizeof(*h)))
		return -EFAULT;
	switch (h->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*halves = _LINUX_CAPABILITY_U32S_1;
		return 0;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*halves = _LINUX_CAPABILITY_U32S_3;
		return 0;
	}
	h->version = _LINUX_CAPABILITY_VERSION_3;
	if (copy_to_user(user_ptr(at), h, sizeof(h->version)))
		return -EFAULT;
	return -EINVAL;
}

int64_t linux_sys_capget(const uint64_t a[6])
{
	struct __user_cap_data_struct data[2] = { 0 };
	struct __user_cap_header_struct h;
	struct process *p;
	unsigned halves;
	int64_t err = read_header(a[0], &h, &halves);

	if (err)
		return err == -EINVAL && !a[1] ? 0 : err;
	if (h.pid < 0)
		return -EINVAL;
	p = ps_find(h.pid ? (uint32_t)h.pid : ps_current()->pid);
	if (!p)
		return -ESRCH;
	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(p->credentials.cap_effective >> (32 * i));
		data[i].permitted = (uint32_t)(p->credentials.cap_permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(p->credentials.cap_inheritable >> (32 * i));
	}
	ps_put(p);
	return a[1] && copy_to_user(user_ptr(a[1]), data, halves * sizeof(*data)) ? -EFAULT : 0;
}

int64_t linux_sys_capset(const uint64_t a[6])
{
	struct __user_cap_data_struct data[2] = { 0 };
	struct __user_cap_header_struct h;
	unsigned halves;
	int64_t err = read_header(a[0], &h, &halves);

	if (err)
		return err;
	if (h.pid && (uint32_t)h.pid != ps_current()->pid && (uint32_t)h.pid != current_thread()->tid)
		return -EPERM;
	if (copy_from_user(data, user_ptr(a[1]), halves * sizeof(*data)))
		return -EFAULT;
	return linux_change_credentials(CRED_CAPSET, data[0].effective | (uint64_t)data[1].effective << 32,
					data[0].permitted | (uint64_t)data[1].permitted << 32,
					data[0].inheritable | (uint64_t)data[1].inheritable << 32, NULL, 0);
}
