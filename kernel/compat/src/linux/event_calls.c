/* kernel/compat/src/linux/event_calls.c: eventfd, timerfd and signalfd. */
#include <io/event.h>
#include <linux/capability.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "files.h"

#define EFD_SEMAPHORE_FLAG 1u

static int64_t make_eventfd(uint32_t count, uint32_t flags)
{
	struct file *f;
	int err;

	if (flags & ~(EFD_SEMAPHORE_FLAG | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = eventfd_create_file(count, flags & EFD_SEMAPHORE_FLAG, flags, &f);
	return err ? err : linux_install(f, flags);
}

int64_t linux_sys_eventfd(const uint64_t a[6])
{
	return make_eventfd((uint32_t)a[0], 0);
}

int64_t linux_sys_eventfd2(const uint64_t a[6])
{
	return make_eventfd((uint32_t)a[0], (uint32_t)a[1]);
}

/* ---- timerfd ---- */

static bool is_alarm(int32_t clock)
{
	return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

static bool has_timerfd(int32_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || is_alarm(clock);
}

int64_t linux_sys_timerfd_create(const uint64_t a[6])
{
	int32_t clock = (int32_t)a[0];
	struct file *f;
	int err;

	if (((uint32_t)a[1] & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK)) || !has_timerfd(clock))
		return -EINVAL;
	if (is_alarm(clock) && !ps_capable(CAP_WAKE_ALARM))
		return -EPERM;
	err = timerfd_create_file(clock, (uint32_t)a[1], &f);
	return err ? err : linux_install(f, (uint32_t)a[1]);
}

static int timerfd_of(int fd, struct file **out)
{
	int err = linux_file(fd, out);

	if (err || file_is_timerfd(*out))
		return err;
	file_put(*out);
	return -EINVAL;
}

/* A struct itimerspec begins with its interval. */
static int itimerspec_out(uint64_t user, const struct timerfd_value *v)
{
	if (linux_timespec_out(user, v->interval_ns))
		return -EFAULT;
	return linux_timespec_out(user + sizeof(struct __kernel_timespec), v->left_ns);
}

static int itimerspec_in(uint64_t user, uint64_t *value_ns, uint64_t *interval_ns)
{
	int err = linux_timespec_in(user, interval_ns), second;

	if (err == -EFAULT)
		return err;
	second = linux_timespec_in(user + sizeof(struct __kernel_timespec), value_ns);
	return second ? second : err;
}

int64_t linux_sys_timerfd_settime(const uint64_t a[6])
{
	uint64_t value_ns, interval_ns;
	struct timerfd_value old;
	struct file *f;
	int err = itimerspec_in(a[2], &value_ns, &interval_ns);

	if (err)
		return err;
	if ((uint32_t)a[1] & ~(uint32_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	err = timerfd_of((int)a[0], &f);
	if (err)
		return err;
	if (is_alarm(timerfd_clock(f)) && !ps_capable(CAP_WAKE_ALARM))
		err = -EPERM;
	else
		err = timerfd_set(f, (uint32_t)a[1], value_ns, interval_ns, &old);
	file_put(f);
	if (!err && a[3])
		err = itimerspec_out(a[3], &old);
	return err;
}

int64_t linux_sys_timerfd_gettime(const uint64_t a[6])
{
	struct timerfd_value value;
	struct file *f;
	int err = timerfd_of((int)a[0], &f);

	if (err)
		return err;
	timerfd_get(f, &value);
	file_put(f);
	return itimerspec_out(a[1], &value);
}

/* ---- signalfd ---- */

static int64_t change_signalfd(int fd, uint64_t mask)
{
	struct file *f;
	int err = linux_file(fd, &f);

	if (err)
		return err;
	if (file_is_signalfd(f))
		signalfd_set_mask(f, mask);
	else
		err = -EINVAL;
	file_put(f);
	return err ? err : fd;
}

static int64_t make_signalfd(int fd, uint64_t user_mask, uint64_t bytes, uint32_t flags)
{
	struct file *f;
	uint64_t mask;
	int err;

	if (bytes != LINUX_SIGSET_BYTES)
		return -EINVAL;
	if (copy_from_user(&mask, user_ptr(user_mask), sizeof(mask)))
		return -EFAULT;
	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (fd != -1)
		return change_signalfd(fd, mask);
	err = signalfd_create_file(mask, flags, &f);
	return err ? err : linux_install(f, flags);
}

int64_t linux_sys_signalfd(const uint64_t a[6])
{
	return make_signalfd((int)a[0], a[1], a[2], 0);
}

int64_t linux_sys_signalfd4(const uint64_t a[6])
{
	return make_signalfd((int)a[0], a[1], a[2], (uint32_t)a[3]);
}
