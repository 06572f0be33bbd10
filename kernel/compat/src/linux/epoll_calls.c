/* kernel/compat/src/linux/epoll_calls.c: epoll. */
#include <io/poll.h>
#include <linux/eventpoll.h>

#include "files.h"

static int64_t create(uint32_t flags)
{
	struct file *f;
	int err = epoll_create_file(flags, &f);

	return err ? err : linux_install(f, flags);
}

int64_t linux_sys_epoll_create(const uint64_t a[6])
{
	return (int32_t)a[0] > 0 ? create(0) : -EINVAL;
}

int64_t linux_sys_epoll_create1(const uint64_t a[6])
{
	return a[0] & ~(uint64_t)O_CLOEXEC ? -EINVAL : create((uint32_t)a[0]);
}

int64_t linux_sys_epoll_ctl(const uint64_t a[6])
{
	struct io_epoll_event event = { 0 };
	struct file *ep, *target;
	int err;

	if ((int)a[1] != EPOLL_CTL_DEL && copy_from_user(&event, user_ptr(a[3]), sizeof(event)))
		return -EFAULT;
	err = linux_file((int)a[0], &ep);
	if (err)
		return err;
	err = linux_file((int)a[2], &target);
	if (!err) {
		err = epoll_control(ep, (int)a[1], target, (int)a[2], &event);
		file_put(target);
	}
	file_put(ep);
	return err;
}

static int64_t wait_events(int fd, uint64_t user, int32_t max, uint64_t deadline)
{
	struct file *ep;
	int64_t n;

	if (max <= 0 || max > (int32_t)(0x7fffffff / sizeof(struct io_epoll_event)))
		return -EINVAL;
	if (user + (uint32_t)max * sizeof(struct io_epoll_event) > USER_TOP)
		return -EFAULT;
	n = linux_file(fd, &ep);
	if (n)
		return n;
	n = file_is_epoll(ep) ? epoll_wait_events(ep, user_ptr(user), (uint32_t)max, deadline) : -EINVAL;
	file_put(ep);
	return n;
}

static uint64_t deadline_of_ms(int32_t ms)
{
	if (ms < 0)
		return 0;
	return ms ? linux_deadline_after((uint64_t)ms * NSEC_PER_MSEC) : POLL_NO_WAIT;
}

int64_t linux_sys_epoll_wait(const uint64_t a[6])
{
	return wait_events((int)a[0], a[1], (int32_t)a[2], deadline_of_ms((int32_t)a[3]));
}

static int64_t wait_masked(const uint64_t a[6], uint64_t deadline)
{
	int64_t n = linux_set_temporary_mask(a[4], a[5]);

	if (n)
		return n;
	n = wait_events((int)a[0], a[1], (int32_t)a[2], deadline);
	linux_end_temporary_mask(n == -EINTR);
	return n;
}

int64_t linux_sys_epoll_pwait(const uint64_t a[6])
{
	return wait_masked(a, deadline_of_ms((int32_t)a[3]));
}

int64_t linux_sys_epoll_pwait2(const uint64_t a[6])
{
	uint64_t deadline = 0, ns;

	if (a[3]) {
		int err = linux_timespec_in(a[3], &ns);

		if (err)
			return err;
		deadline = ns ? linux_deadline_after(ns) : POLL_NO_WAIT;
	}
	return wait_masked(a, deadline);
}
