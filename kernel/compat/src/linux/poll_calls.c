/* kernel/compat/src/linux/poll_calls.c: poll and ppoll. */
#include <asm/resource.h>
#include <io/poll.h>
#include <mm/heap.h>

#include "files.h"

#define POLLNVAL_BIT 0x20u

struct linux_pollfd { int32_t fd; int16_t events, revents; };

static void take_files(const struct linux_pollfd *fds, struct poll_entry *entries, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		entries[i].events = (uint16_t)fds[i].events;
		if (fds[i].fd >= 0 && linux_file(fds[i].fd, &entries[i].file))
			entries[i].ready = POLLNVAL_BIT;
	}
}

static int64_t poll_taken(struct linux_pollfd *fds, struct poll_entry *entries, uint32_t n, uint64_t deadline)
{
	int64_t count;

	take_files(fds, entries, n);
	count = poll_files(entries, n, deadline);
	for (uint32_t i = 0; i < n; i++) {
		fds[i].revents = (int16_t)entries[i].ready;
		file_put(entries[i].file);
	}
	return count;
}

static int results_out(uint64_t user, const struct linux_pollfd *fds, uint32_t n)
{
	struct linux_pollfd __user *out = user_ptr(user);

	for (uint32_t i = 0; i < n; i++) {
		if (put_user(fds[i].revents, &out[i].revents))
			return -EFAULT;
	}
	return 0;
}

static int64_t do_poll(uint64_t user, uint32_t n, uint64_t deadline)
{
	struct poll_entry *entries;
	struct linux_pollfd *fds;
	int64_t count = -ENOMEM;

	if (n > ps_limit(RLIMIT_NOFILE))
		return -EINVAL;
	fds = kmalloc(MAX(n, 1u) * sizeof(*fds), HEAP_NOZERO);
	entries = kmalloc(MAX(n, 1u) * sizeof(*entries), 0);
	if (fds && entries)
		count = copy_from_user(fds, user_ptr(user), n * sizeof(*fds));
	if (!count)
		count = poll_taken(fds, entries, n, deadline);
	if (count >= 0 && results_out(user, fds, n))
		count = -EFAULT;
	kfree(entries);
	kfree(fds);
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
