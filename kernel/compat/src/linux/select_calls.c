/* kernel/compat/src/linux/select_calls.c: select and pselect6, over the same waiting as poll. */
#include <io/poll.h>
#include <mm/heap.h>
#include <string.h>

#include "files.h"

#define IN_EVENTS (IO_POLLIN | IO_POLLRDNORM | IO_POLLHUP | IO_POLLERR)
#define OUT_EVENTS (IO_POLLOUT | IO_POLLWRNORM | IO_POLLERR)
#define EXCEPT_EVENTS IO_POLLPRI

struct selection {
	uint32_t nfds, nwords;
	uint64_t *sets[3];	/* read, write, except: one array, then the results in another */
	uint64_t *results[3];
	uint64_t user[3];
	struct poll_list *files;	/* of the descriptors that are in any set, in their order */
};

static const uint32_t wanted[3] = { IO_POLLIN | IO_POLLRDNORM, IO_POLLOUT | IO_POLLWRNORM, IO_POLLPRI };
static const uint32_t means[3] = { IN_EVENTS, OUT_EVENTS, EXCEPT_EVENTS };

static bool has(const uint64_t *set, uint32_t fd)
{
	return set[fd / 64] >> (fd % 64) & 1;
}

static int sets_in(struct selection *s)
{
	uint64_t *words = kmalloc(6 * s->nwords * sizeof(uint64_t) + 8, 0);

	s->sets[0] = words;
	if (!words)
		return -ENOMEM;
	for (int k = 0; k < 3; k++) {
		s->sets[k] = words + (uint32_t)k * s->nwords;
		s->results[k] = words + (uint32_t)(3 + k) * s->nwords;
		if (s->user[k] && copy_from_user(s->sets[k], user_ptr(s->user[k]), s->nwords * sizeof(uint64_t)))
			return -EFAULT;
	}
	/* What lies in the last word behind nfds is not asked for. */
	for (int k = 0; s->nfds % 64 && k < 3; k++)
		s->sets[k][s->nwords - 1] &= (1ull << (s->nfds % 64)) - 1;
	return 0;
}

static uint32_t count_fds(const struct selection *s)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < s->nwords; w++) {
		for (uint64_t bits = s->sets[0][w] | s->sets[1][w] | s->sets[2][w]; bits; bits &= bits - 1)
			n++;
	}
	return n;
}

/* The first descriptor from @fd on that is in any set; nfds: none. */
static uint32_t next_fd(const struct selection *s, uint32_t fd)
{
	for (uint32_t w = fd / 64; w < s->nwords; w++, fd = w * 64) {
		uint64_t bits = (s->sets[0][w] | s->sets[1][w] | s->sets[2][w]) >> (fd % 64);

		if (bits)
			return fd + (uint32_t)__builtin_ctzll(bits);
	}
	return s->nfds;
}

static int take_files(struct selection *s)
{
	struct poll_at at;

	s->files = poll_list_make(count_fds(s));
	if (!s->files)
		return -ENOMEM;
	at = (struct poll_at){ s->files, 0 };
	for (uint32_t fd = next_fd(s, 0); fd < s->nfds; fd = next_fd(s, fd + 1)) {
		struct poll_entry *e = poll_next(&at);

		if (linux_file((int)fd, &e->file))
			return -EBADF;
		for (int k = 0; k < 3; k++)
			e->events |= has(s->sets[k], fd) ? wanted[k] : 0;
	}
	return 0;
}

static int64_t set_results(struct selection *s)
{
	struct poll_at at = { s->files, 0 };
	int64_t bits = 0;

	for (uint32_t fd = next_fd(s, 0); fd < s->nfds; fd = next_fd(s, fd + 1)) {
		uint32_t ready = poll_next(&at)->ready;

		for (int k = 0; k < 3; k++) {
			if (!has(s->sets[k], fd) || !(ready & means[k]))
				continue;
			s->results[k][fd / 64] |= 1ull << (fd % 64);
			bits++;
		}
	}
	return bits;
}

static int results_out(const struct selection *s)
{
	for (int k = 0; k < 3; k++) {
		if (s->user[k] && copy_to_user(user_ptr(s->user[k]), s->results[k], s->nwords * sizeof(uint64_t)))
			return -EFAULT;
	}
	return 0;
}

static void selection_end(struct selection *s)
{
	poll_list_free(s->files);
	kfree(s->sets[0]);
}

static int64_t do_select(const uint64_t a[6], uint64_t deadline)
{
	struct selection s = { .user = { a[1], a[2], a[3] } };
	int64_t n;

	if ((int32_t)a[0] < 0)
		return -EINVAL;
	/* More than the table holds cannot be open (Linux cuts it likewise). */
	s.nfds = MIN((uint32_t)a[0], handle_capacity(ps_current()->handles));
	s.nwords = (s.nfds + 63) / 64;
	n = sets_in(&s);
	if (!n)
		n = take_files(&s);
	if (!n)
		n = poll_files(s.files, deadline);
	if (n >= 0) {
		n = set_results(&s);
		if (results_out(&s))
			n = -EFAULT;
	}
	selection_end(&s);
	return n == -EINTR ? -ERESTARTNOHAND : n;
}

static uint64_t time_left(uint64_t deadline)
{
	uint64_t now = clock_monotonic_ns();

	return deadline > now ? deadline - now : 0;
}

int64_t linux_sys_select(const uint64_t a[6])
{
	uint64_t deadline = 0, ns;
	int64_t n;
	int err;

	if (a[4]) {
		err = linux_timeval_in(a[4], &ns);
		if (err)
			return err;
		deadline = ns ? linux_deadline_after(ns) : POLL_NO_WAIT;
	}
	n = do_select(a, deadline);
	if (a[4] && linux_timeval_out(a[4], time_left(deadline)))
		return n;	/* read-only memory: the result stands */
	return n;
}

int64_t linux_sys_pselect6(const uint64_t a[6])
{
	uint64_t deadline = 0, ns, mask[2] = { 0, 0 };
	int64_t n;
	int err;

	if (a[4]) {
		err = linux_timespec_in(a[4], &ns);
		if (err)
			return err;
		deadline = ns ? linux_deadline_after(ns) : POLL_NO_WAIT;
	}
	if (a[5] && copy_from_user(mask, user_ptr(a[5]), sizeof(mask)))
		return -EFAULT;
	err = linux_set_temporary_mask(mask[0], mask[1]);
	if (err)
		return err;
	n = do_select(a, deadline);
	linux_end_temporary_mask(n == -ERESTARTNOHAND);
	if (a[4] && linux_timespec_out(a[4], time_left(deadline)))
		return n;
	return n;
}
