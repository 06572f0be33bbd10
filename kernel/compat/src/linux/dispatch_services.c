/* kernel/compat/src/linux/dispatch_services.c: what a service's libc may call (DECISIONS 18).
 *
 * Memory, threads, futexes, clocks and signals are mechanism under the fixed envelope;
 * nothing here needs another service. Paths, descriptors and processes are absent.
 */
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <string.h>

#include "dispatch.h"

#define STDERR 2
#define LINE_BYTES 240
#define MAX_PIECES 16

static void log_text(const char *text, size_t len)
{
	struct process *p = ps_current();

	while (len && text[len - 1] == '\n')
		len--;
	if (len)
		log_write_service(LOG_INFO, LOG_CAT_SERVICE, p->name, p->pid, text, len);
}

/* What a service writes to its standard error is a log line. */
static int64_t service_write(const uint64_t a[6])
{
	char line[LINE_BYTES];
	size_t n = MIN(a[2], sizeof(line));

	if (a[0] != STDERR)
		return -EBADF;
	if (copy_from_user(line, user_ptr(a[1]), n))
		return -EFAULT;
	log_text(line, n);
	return (int64_t)a[2];
}

static int64_t service_writev(const uint64_t a[6])
{
	struct { uint64_t base, len; } pieces[MAX_PIECES];
	char line[LINE_BYTES];
	size_t used = 0, n;
	int64_t total = 0;

	if (a[0] != STDERR)
		return -EBADF;
	if (a[2] > MAX_PIECES)
		return -EINVAL;
	if (copy_from_user(pieces, user_ptr(a[1]), a[2] * sizeof(pieces[0])))
		return -EFAULT;
	for (uint64_t i = 0; i < a[2]; i++) {
		n = MIN(pieces[i].len, sizeof(line) - used);
		if (copy_from_user(line + used, user_ptr(pieces[i].base), n))
			return -EFAULT;
		used += n;
		total += (int64_t)pieces[i].len;
	}
	log_text(line, used);
	return total;
}

/* A thread of the service; another process never. */
static int64_t service_clone(const uint64_t a[6])
{
	const uint64_t thread = 0x10000;	/* CLONE_THREAD */

	return a[0] & thread ? linux_sys_clone(a) : -ENOSYS;
}

const linux_call service_calls[LINUX_NCALLS] = {
	[1] = service_write,
	[20] = service_writev,
	[56] = service_clone,
#define CALL(nr, name) [nr] = linux_sys_##name,
	CALL(9, mmap) CALL(10, mprotect) CALL(11, munmap) CALL(12, brk)
	CALL(13, rt_sigaction) CALL(14, rt_sigprocmask) CALL(15, rt_sigreturn)
	CALL(24, sched_yield) CALL(25, mremap) CALL(28, madvise)
	CALL(35, nanosleep) CALL(39, getpid) CALL(60, exit) CALL(62, kill) CALL(63, uname)
	CALL(96, gettimeofday) CALL(102, getuid) CALL(104, getgid) CALL(107, geteuid) CALL(108, getegid)
	CALL(131, sigaltstack) CALL(158, arch_prctl) CALL(186, gettid) CALL(200, tkill) CALL(201, time)
	CALL(202, futex) CALL(203, sched_setaffinity) CALL(204, sched_getaffinity)
	CALL(218, set_tid_address) CALL(219, restart_syscall)
	CALL(228, clock_gettime) CALL(229, clock_getres) CALL(230, clock_nanosleep) CALL(231, exit_group)
	CALL(234, tgkill) CALL(273, set_robust_list) CALL(318, getrandom)
#undef CALL
};
