/* kernel/compat/src/linux/poll_calls.c: poll and ppoll. */
#include <asm/resource.h>
#include <io/poll.h>

#include "files.h"

#define POLLNVAL_BIT 0x20u
#define SOME_FDS 32u	/* that are copied in at once */

struct linux_pollfd { int32_t fd; int16_t events, revents; };

static void take_file(struct poll_entry *e, const struct linux_pollfd *fd)
{
	e->events = (uint16_t)fd->events;
	if (fd->fd >= 0 && linux_file(fd->fd, &e->file))
		e->ready = POLLNVAL_BIT;
}

static int take_files(struct poll_list *l, const struct linux_pollfd __user *fds, uint32_t n)
{
	struct poll_at at = { l, 0 };
	struct linux_pollfd some[SOME_FDS];

	for (uint32_t done = 0; done < n; done += SOME_FDS) {
		uint32_t count = MIN(n - done, SOME_FDS);

		if (copy_from_user(some, fds + done, count * sizeof(some[0])))
			return -EFAULT;
		for (uint32_t i = 0; i < count; i++)
			take_file(poll_next(&at), &some[i]);
	}
	return 0;
}

static int results_out(struct poll_list *l, struct linux_pollfd __user *fds, uint32_t n)
{
	struct poll_at at = { l, 0 };

	for (uint32_t i = 0; i < n; i++) {
		if (put_user((int16_t)poll_next(&at)->ready, &fds[i].revents))
			return -EFAULT;
	}
	return 0;
}

static int64_t do_poll(uint64_t user, uint32_t n, uint64_t deadline)
{
	struct linux_pollfd __user *fds = user_ptr(user);
	struct poll_list *list;
	int64_t count;

	if (n > ps_limit(RLIMIT_NOFILE))
		return -EINVAL;
	list = poll_list_make(n);
	if (!list)
		return -ENOMEM;
	count = take_files(list, fds, n);
	if (!count)
		count = poll_files(list, deadline);
	if (count >= 0 && results_out(list, fds, n))
		count = -EFAULT;
	poll_list_free(list);
	return count;
}

static int64_t poll_until(uint64_t user, uint32_t n, uint64_t deadline);

static int64_t poll_again(struct ps_thread *t)
{
	return poll_until(t->restart.args[0], (uint32_t)t->restart.args[1], t->restart.deadline_ns);
}

static int64_t poll_until(uint64_t user, uint32_t n, uint64_t deadline)
{
	int64_t count = do_poll(user, n, deadline);

	if (count == -EINTR)
		return linux_set_restart(poll_again, deadline, user, n, 0, 0);
	return count;
}

int64_t linux_sys_poll(const uint64_t a[6])
{
	int32_t timeout_ms = (int32_t)a[2];
	uint64_t deadline = 0;

	if (timeout_ms == 0)
		deadline = POLL_NO_WAIT;
	else if (timeout_ms > 0)
		deadline = linux_deadline_after((uint64_t)timeout_ms * NSEC_PER_MSEC);
	return poll_until(a[0], (uint32_t)a[1], deadline);
}

/* Linux writes the time that is left back, whatever came of the call. */
static void remaining_out(uint64_t user, uint64_t deadline)
{
	uint64_t now = clock_monotonic_ns();

	if (linux_timespec_out(user, deadline > now ? deadline - now : 0))
		return;
}

int64_t linux_sys_ppoll(const uint64_t a[6])
{
	uint64_t deadline = 0, ns;
	int64_t count;
	int err;

	if (a[2]) {
		err = linux_timespec_in(a[2], &ns);
		if (err)
			return err;
		deadline = ns ? linux_deadline_after(ns) : POLL_NO_WAIT;
	}
	err = linux_set_temporary_mask(a[3], a[4]);
	if (err)
		return err;
	count = do_poll(a[0], (uint32_t)a[1], deadline);
	linux_end_temporary_mask(count == -EINTR);
	if (a[2])
		remaining_out(a[2], deadline);
	return count == -EINTR ? -ERESTARTNOHAND : count;
}
