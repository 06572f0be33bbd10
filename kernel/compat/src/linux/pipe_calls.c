/* kernel/compat/src/linux/pipe_calls.c: pipes. */
#include "files.h"

/* Install both or none, and tell where. */
int64_t linux_install_pair(struct file *first, struct file *second, uint32_t flags, uint64_t user)
{
	struct process *p = ps_current();
	int32_t fds[2];

	fds[0] = (int32_t)linux_install(first, flags);
	if (fds[0] < 0) {
		file_put(second);
		return fds[0];
	}
	fds[1] = (int32_t)linux_install(second, flags);
	if (fds[1] < 0) {
		handle_close(p->handles, fds[0], p);
		return fds[1];
	}
	if (copy_to_user(user_ptr(user), fds, sizeof(fds))) {
		handle_close(p->handles, fds[0], p);
		handle_close(p->handles, fds[1], p);
		return -EFAULT;
	}
	return 0;
}

static int64_t make_pipe(uint64_t user, uint32_t flags)
{
	struct file *reader, *writer;
	int err;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create(flags, &reader, &writer);
	return err ? err : linux_install_pair(reader, writer, flags, user);
}

int64_t linux_sys_pipe(const uint64_t a[6])
{
	return make_pipe(a[0], 0);
}

int64_t linux_sys_pipe2(const uint64_t a[6])
{
	return make_pipe(a[0], (uint32_t)a[1]);
}
