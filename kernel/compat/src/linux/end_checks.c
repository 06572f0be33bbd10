/* kernel/compat/src/linux/end_checks.c: leaks and stacks, when the machine ends (end_checks.h).
 *
 * Of some classes only programs have objects: there must be none. Of others, and of frames, there are as many as the
 * processes that are left, which are services, account for.
 */
#include "end_checks.h"

#ifdef CONFIG_DEBUG
#include <string.h>

#include <mm/frame.h>
#include <mm/heap.h>
#include <nucleus/log.h>
#include <ps/process.h>

#include "../nt/sync.h"

#define SETTLE_NS (5 * NSEC_PER_SEC)	/* what is freed late is freed by then */
#define STEP_NS (5 * NSEC_PER_MSEC)
#define KERNEL_PAGE_TABLES 64		/* no process's, at most */

static const char *const of_programs[] = {
	"pipe", "pty", "socket", "epoll", "epoll item", "eventfd", "timerfd", "signalfd", "inotify", "inotify watch", "futex-pi",
	"posix-timer", "file lock", "nt-apc", "nt-packet", "nt-pipe", "nt-pipe-end", "nt-pipe-request", "nt-process",
	"nt-region", "nt-section", "nt-thread", "nt-token",
};

struct check {
	bool is_told;			/* else counted only */
	uint32_t nfound;
	struct ps_account held;
};

static void find(struct check *check, const char *name, uint64_t live, uint64_t held)
{
	if (live <= held)
		return;
	check->nfound++;
	if (check->is_told)
		log_error(MEMORY, "=== CHECK: leak: %lu of '%s' are left, and %lu are accounted for", live, name, held);
}

static void check_class(const char *name, uint32_t size, uint64_t live, void *context)
{
	struct check *check = context;
	const struct { const char *name; uint64_t held; } accounted[] = {
		{ "process", check->held.processes }, { "thread", check->held.threads }, { "space", check->held.spaces },
		{ "handle_table", check->held.handle_tables }, { "area", check->held.areas }, { "timers", check->held.timers },
	};

	for (size_t i = 0; i < ARRAY_SIZE(of_programs); i++)
		if (!strcmp(name, of_programs[i]))
			find(check, name, live, 0);
	for (size_t i = 0; i < ARRAY_SIZE(accounted); i++)
		if (!strcmp(name, accounted[i].name))
			find(check, name, live, accounted[i].held);
}

static uint32_t look(bool is_told)
{
	struct check check = { .is_told = is_told };
	struct mm_statistics memory;

	ps_account(&check.held);
	heap_for_each_cache(check_class, &check);
	mm_statistics(&memory);
	find(&check, "anonymous frame", memory.anon_pages, check.held.anon_pages);
	find(&check, "page table", memory.page_table_pages, check.held.page_table_pages + KERNEL_PAGE_TABLES);
	return check.nfound;
}

static void check_leaks(void)
{
	uint64_t until = clock_monotonic_ns() + SETTLE_NS;

	nt_names_end();
	while (look(false)) {
		if (clock_monotonic_ns() >= until) {
			look(true);
			return;
		}
		thread_block(0, clock_monotonic_ns() + STEP_NS);
	}
}

static void check_stack(struct ps_thread *t, void *context)
{
	mm_stack_check(t->thread.kernel_stack_top, t->thread.name);
}

void end_checks(void)
{
	check_leaks();
	ps_for_each_thread(check_stack, NULL);
	log_info(MEMORY, "kernel stacks: %lu of %u bytes used at most", mm_stack_deepest(), KERNEL_STACK_BYTES);
}
#endif
