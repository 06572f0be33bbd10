/* kernel/compat/src/linux/process_access.c: other processes' memory and descriptors. */
#include "process_access.h"

#include <linux/capability.h>
#include <linux/kcmp.h>
#include <linux/mman.h>
#include <mm/heap.h>

#include "files.h"

#define COPY_CHUNK (16u << 10)

static bool ids_match(const struct credentials *mine, const struct credentials *theirs)
{
	return mine->uid == theirs->uid && mine->uid == theirs->euid && mine->uid == theirs->suid &&
	       mine->gid == theirs->gid && mine->gid == theirs->egid && mine->gid == theirs->sgid;
}

int linux_may_attach(struct process *p)
{
	if (p == ps_current() || ps_capable(CAP_SYS_PTRACE))
		return p->is_service && p != ps_current() ? -EPERM : 0;
	if (p->is_service || !p->dumpable || !ids_match(ps_credentials(), &p->credentials))
		return -EPERM;
	/* Who has more capabilities is out of reach. */
	return p->credentials.cap_permitted & ~ps_credentials()->cap_permitted ? -EPERM : 0;
}

/* Its space, a reference, if it may be looked into. */
static int space_of(struct process *p, struct mm_space **out)
{
	int err = linux_may_attach(p);

	if (err)
		return err;
	*out = ps_space_get(p);
	return *out ? 0 : -ESRCH;
}

/* ---- process_vm_readv, process_vm_writev ---- */

static uint64_t total_of(const struct linux_iov *iov)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < iov->count; i++)
		total += iov->segments[i].len;
	return total;
}

/* One stretch of the other's memory. Returns: bytes, fewer where either side ends; -EFAULT. */
static int64_t copy_stretch(struct mm_space *s, uint64_t address, uint64_t len, struct io_vector *v, bool write, void *buffer)
{
	int64_t n;
	int err;

	if (write) {
		len = io_copy_from(v, buffer, len, &err);
		return err ? err : mm_space_copy(s, address, buffer, len, true);
	}
	n = mm_space_copy(s, address, buffer, len, false);
	if (n <= 0)
		return n;
	n = (int64_t)io_copy_to(v, buffer, (size_t)n, &err);
	return err ? err : n;
}

static int64_t copy_all(struct mm_space *s, const struct linux_iov *remote, struct io_vector *v, bool write, void *buffer)
{
	int64_t done = 0;

	for (uint32_t i = 0; i < remote->count; i++) {
		uint64_t at = remote->segments[i].base, left = remote->segments[i].len;

		while (left && v->left) {
			uint64_t want = MIN(MIN(left, v->left), (uint64_t)COPY_CHUNK - at % PAGE_SIZE);
			int64_t n = copy_stretch(s, at, want, v, write, buffer);

			if (n < 0)
				return done ? done : n;
			done += n;
			if ((uint64_t)n < want)
				return done;
			at += want;
			left -= want;
			if (signal_is_pending() && ps_current()->group_exit)
				return done;
		}
	}
	return done;
}

static int64_t copy_between(uint32_t pid, const struct linux_iov *local, const struct linux_iov *remote, bool write)
{
	struct process *p = ps_find_any(pid);
	struct mm_space *s;
	struct io_vector v;
	void *buffer;
	int64_t n;

	if (!p)
		return -ESRCH;
	n = space_of(p, &s);
	ps_put(p);
	if (n)
		return n;
	buffer = kmalloc(COPY_CHUNK, HEAP_NOZERO);
	io_vector_init(&v, local->segments, local->count, false);
	n = buffer ? copy_all(s, remote, &v, write, buffer) : -ENOMEM;
	kfree(buffer);
	mm_space_put(s);
	return n;
}

static int64_t process_vm(const uint64_t a[6], bool write)
{
	struct linux_iov local, remote;
	int64_t n;

	if (a[5])
		return -EINVAL;
	n = linux_iov_in(&local, a[1], a[2]);
	if (n)
		return n;
	n = linux_iov_in(&remote, a[3], a[4]);
	if (!n) {
		n = total_of(&local) && total_of(&remote) ? copy_between((uint32_t)a[0], &local, &remote, write) : 0;
		linux_iov_end(&remote);
	}
	linux_iov_end(&local);
	return n;
}

int64_t linux_sys_process_vm_readv(const uint64_t a[6])
{
	return process_vm(a, false);
}

int64_t linux_sys_process_vm_writev(const uint64_t a[6])
{
	return process_vm(a, true);
}

/* ---- process_madvise ---- */

static bool is_allowed_for_others(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

static int64_t advise_all(struct mm_space *s, const struct linux_iov *iov, int advice)
{
	int64_t done = 0;

	for (uint32_t i = 0; i < iov->count; i++) {
		int err = mm_advise(s, iov->segments[i].base, iov->segments[i].len, advice);

		if (err)
			return done ? done : err;
		done += (int64_t)iov->segments[i].len;
	}
	return done;
}

/* The memory of @p for advice. Unlike its siblings the call says EACCES of a process out of reach. */
static int64_t space_to_advise(struct process *p, int advice, struct mm_space **s)
{
	int64_t n;

	if (p == ps_current())
		return space_of(p, s);
	if (!is_allowed_for_others(advice))
		return -EINVAL;
	n = space_of(p, s);
	if (!n && !ps_capable(CAP_SYS_NICE)) {
		mm_space_put(*s);
		return -EPERM;
	}
	return n == -EPERM ? -EACCES : n;
}

int64_t linux_sys_process_madvise(const uint64_t a[6])
{
	struct linux_iov iov;
	struct mm_space *s;
	struct process *p;
	int64_t n;

	if (a[4])
		return -EINVAL;
	n = linux_iov_in(&iov, a[1], a[2]);
	if (n)
		return n;
	n = linux_pidfd_process((int)a[0], &p);
	if (n)
		goto end;
	n = space_to_advise(p, (int)a[3], &s);
	ps_put(p);
	if (!n) {
		n = advise_all(s, &iov, (int)a[3]);
		mm_space_put(s);
	}
end:
	linux_iov_end(&iov);
	return n;
}

/* ---- kcmp ---- */

static int64_t order(uintptr_t x, uintptr_t y)
{
	/* Programs may sort by it, but shall not learn addresses (man 2 kcmp). */
	static const uintptr_t cookie = 0x5bd1e9955bd1e995ull;

	x = (x ^ cookie) * (cookie | 1);
	y = (y ^ cookie) * (cookie | 1);
	return x == y ? 0 : x < y ? 1 : 2;
}

static int file_of(struct process *p, uint64_t fd, uintptr_t *out)
{
	struct handle_table *t = ps_handles_get(p);
	struct object *obj;
	int err = t ? handle_lookup(t, (int)fd, OBJECT_FILE, 0, &obj) : -EBADF;

	if (t)
		handle_table_put(t, p);
	if (err)
		return -EBADF;
	*out = (uintptr_t)obj;
	object_put(obj);
	return 0;
}

static int identity_of(struct process *p, int type, uint64_t index, uintptr_t *out)
{
	switch (type) {
	case KCMP_FILE:
		return file_of(p, index, out);
	case KCMP_VM:
		*out = (uintptr_t)p->space;
		return 0;
	case KCMP_FILES:
		*out = (uintptr_t)p->handles;
		return 0;
	case KCMP_FS:
		*out = (uintptr_t)p->fs;
		return 0;
	case KCMP_SIGHAND:
		*out = (uintptr_t)p->actions;
		return 0;
	case KCMP_IO:
	case KCMP_SYSVSEM:
		*out = 0;	/* nobody has any */
		return 0;
	default:
		return type == KCMP_EPOLL_TFD ? -EOPNOTSUPP : -EINVAL;
	}
}

static int64_t compare(struct process *p, struct process *q, const uint64_t a[6])
{
	uintptr_t x, y;
	int err = linux_may_attach(p);

	if (!err)
		err = linux_may_attach(q);
	if (!err)
		err = identity_of(p, (int)a[2], a[3], &x);
	if (!err)
		err = identity_of(q, (int)a[2], a[4], &y);
	return err ? err : order(x, y);
}

int64_t linux_sys_kcmp(const uint64_t a[6])
{
	struct process *p = ps_find_any((uint32_t)a[0]), *q = ps_find_any((uint32_t)a[1]);
	int64_t ret = p && q ? compare(p, q, a) : -ESRCH;

	ps_put(p);
	ps_put(q);
	return ret;
}
