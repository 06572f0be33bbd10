/* kernel/compat/src/linux/pidfd_calls.c: processes by descriptor. */
#include <io/pidfd.h>

#include "files.h"
#include "process_access.h"

int linux_pidfd_process(int fd, struct process **out)
{
	struct file *f;
	int err = linux_file(fd, &f);

	if (err)
		return err;
	if (!file_is_pidfd(f)) {
		err = -EBADF;
	} else {
		*out = pidfd_process(f);
		if (*out && READ_ONCE((*out)->state) != PROCESS_DEAD)
			object_get(&(*out)->object);
		else
			err = -ESRCH;
	}
	file_put(f);
	return err;
}

int64_t linux_store_pidfd(uint32_t pid, uint64_t where)
{
	struct process *p = ps_find(pid);
	struct file *f;
	int64_t fd = pidfd_create_file(p, 0, &f);

	ps_put(p);
	if (!fd)
		fd = linux_install(f, O_CLOEXEC);
	if (fd < 0)
		return fd;
	return put_user((int32_t)fd, (int32_t __user *)user_ptr(where));
}

int64_t linux_sys_pidfd_open(const uint64_t a[6])
{
	struct ps_thread *t;
	struct process *p;
	struct file *f;
	int64_t err;

	if ((uint32_t)a[1] & ~(uint32_t)O_NONBLOCK)
		return -EINVAL;
	if ((int32_t)a[0] <= 0)
		return -EINVAL;
	p = ps_find((uint32_t)a[0]);
	if (!p) {
		t = ps_find_thread((uint32_t)a[0]);
		if (!t)
			return -ESRCH;
		ps_thread_put(t);
		return -ENOENT;	/* a thread that leads no process */
	}
	err = pidfd_create_file(p, (uint32_t)a[1], &f);
	ps_put(p);
	return err ? err : linux_install(f, O_CLOEXEC);
}

static int info_in(uint64_t user, int sig, const struct process *p, struct signal_info *info)
{
	if (!user) {
		*info = (struct signal_info){
			.signo = sig,
			.code = SIGNAL_CODE_USER,
			.fields = { ps_current()->pid | (uint64_t)ps_credentials()->uid << 32 },
		};
		return 0;
	}
	if (copy_from_user(info, user_ptr(user), sizeof(*info)))
		return -EFAULT;
	if (info->signo != sig)
		return -EINVAL;
	if (p != ps_current() && (info->code >= 0 || info->code == SIGNAL_CODE_TKILL))
		return -EPERM;
	return 0;
}

/* A process as its folder of /proc is as good (man 2 pidfd_send_signal). */
static int process_of_folder(int fd, struct process **out)
{
	struct vfs_attr attr;
	struct file *f;
	int err = linux_file(fd, &f);

	if (err)
		return err;
	err = f->inode && (f->inode->attr.flags & VFS_NODE_PROCESS) ? inode_getattr(f->inode, &attr) : -EBADF;
	file_put(f);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	*out = ps_find(attr.rdev);
	return *out ? 0 : -ESRCH;
}

int64_t linux_sys_pidfd_send_signal(const uint64_t a[6])
{
	int sig = (int)a[1];
	struct signal_info info;
	struct process *p;
	int err;

	if ((uint32_t)a[3])
		return -EINVAL;
	err = linux_pidfd_process((int)a[0], &p);
	if (err == -EBADF)
		err = process_of_folder((int)a[0], &p);
	if (err)
		return err;
	err = info_in(a[2], sig, p, &info);
	if (!err && (sig < 0 || sig > PS_NSIG))
		err = -EINVAL;
	if (!err)
		err = signal_permission(p, sig);
	if (!err && sig)
		err = signal_send_process(p, sig, &info);
	ps_put(p);
	return err;
}

static int64_t take_descriptor(struct process *p, int fd)
{
	int64_t err = linux_may_attach(p);
	struct handle_table *t;
	struct object *obj;

	if (err)
		return err;
	t = ps_handles_get(p);
	if (!t)
		return -ESRCH;
	err = handle_lookup(t, fd, OBJECT_FILE, 0, &obj);
	handle_table_put(t, p);
	return err ? -EBADF : linux_install(file_from_object(obj), O_CLOEXEC);
}

int64_t linux_sys_pidfd_getfd(const uint64_t a[6])
{
	struct process *p;
	int64_t fd;

	if ((uint32_t)a[2])
		return -EINVAL;
	fd = linux_pidfd_process((int)a[0], &p);
	if (fd)
		return fd;
	fd = take_descriptor(p, (int)a[1]);
	ps_put(p);
	return fd;
}
