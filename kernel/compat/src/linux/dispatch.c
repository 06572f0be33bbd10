/* kernel/compat/src/linux/dispatch.c: from the syscall instruction to the function of the call.
 *
 * The personality of the thread picks the table: programs have all of Linux's calls,
 * services a table of their own; native numbers lie above both.
 */
#include <albireo/native.h>
#include <nucleus/log.h>
#include <string.h>

#include "../outcomes.h"
#include "dispatch.h"

#include "../nt/nt.h"

/* A call whose function is in no file yet is absent like those marked so. */
#define WEAK_MECH(name) extern __typeof__(linux_sys_##name) linux_sys_##name __attribute__((weak));
#define WEAK_LEASE(name) WEAK_MECH(name)
#define WEAK_ROUTE(name) WEAK_MECH(name)
#define WEAK_ABSENT(name)
#define SYSCALL(nr, name, run, owner, ...) WEAK_##run(name)
#include "linux/syscalls.def"
#undef SYSCALL

#define ENTRY_MECH(name) linux_sys_##name
#define ENTRY_LEASE(name) linux_sys_##name
#define ENTRY_ROUTE(name) linux_sys_##name
#define ENTRY_ABSENT(name) NULL

const linux_call linux_calls[LINUX_NCALLS] = {
#define SYSCALL(nr, name, run, owner, ...) [nr] = ENTRY_##run(name),
#include "linux/syscalls.def"
#undef SYSCALL
};

static const char *const names[LINUX_NCALLS] = {
#define SYSCALL(nr, name, run, owner, ...) [nr] = #name,
#include "linux/syscalls.def"
#undef SYSCALL
};

#define SEEN_SLOTS 1024u
static uint64_t seen[SEEN_SLOTS];

const char *linux_call_name(uint64_t nr)
{
	return nr < LINUX_NCALLS ? names[nr] : NULL;
}

bool log_once_for_program(const char *comm, uint64_t nr)
{
	uint64_t h = 0xcbf29ce484222325ull ^ nr * 0x9e3779b97f4a7c15ull;

	for (; *comm; comm++)
		h = (h ^ (uint8_t)*comm) * 0x100000001b3ull;
	h |= 1;
	for (uint32_t i = 0; i < 8; i++) {
		uint64_t *slot = &seen[(h + i) % SEEN_SLOTS], old = 0;

		if (__atomic_compare_exchange_n(slot, &old, h, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (old == h)
			return false;
	}
	return false;	/* so many that silence is better */
}

static int64_t absent(uint64_t nr)
{
	struct ps_thread *t = ps_current_thread();
	const char *name = linux_call_name(nr);

	if (!log_once_for_program(t->thread.name, nr))
		return -ENOSYS;
	if (name)
		log_info(COMPAT, "%s called %s (%llu), which is not there: ENOSYS", t->thread.name, name,
			 (unsigned long long)nr);
	else
		log_info(COMPAT, "%s called number %llu, which does not exist: ENOSYS", t->thread.name,
			 (unsigned long long)nr);
	return -ENOSYS;
}

static int64_t traced(linux_call call, uint64_t nr, const uint64_t a[6])
{
	struct strace_line *line = strace_begin(nr, a);
	int64_t ret = call ? call(a) : absent(nr);

	strace_end(line, ret);
	return ret;
}

void linux_tell_outcome(uint64_t nr, int64_t ret)
{
	const char *name = linux_call_name(nr);

	if (name && ret < 0 && ret >= -MAX_ERRNO && current_thread()->personality != PERSONALITY_SERVICE)
		outcome_tell(OUTCOME_LINUX, (uint32_t)nr, name, (uint32_t)-ret);
}

void compat_syscall(struct trap_frame *f)
{
	struct ps_thread *t = ps_current_thread();
	const uint64_t a[6] = { f->rdi, f->rsi, f->rdx, f->r10, f->r8, f->r9 };
	uint32_t nr = (uint32_t)f->error;
	linux_call call = NULL;
	int64_t ret;

	if (likely(nr < LINUX_NCALLS))
		call = t->thread.personality == PERSONALITY_SERVICE ? service_calls[nr] : linux_calls[nr];
	if (t->thread.personality == PERSONALITY_NT) {
		nt_syscall(f);
		return;
	}
	if (unlikely(t->process->strace) && nr < SYS_NUCLEUS_BASE)
		ret = traced(call, nr, a);
	else if (likely(call != NULL))
		ret = call(a);
	else if (nr >= SYS_NUCLEUS_BASE)
		ret = linux_call_native(f);
	else
		ret = absent(nr);
	f->rax = (uint64_t)ret;
	if (outcomes_are_told())
		linux_tell_outcome(nr, ret);
	if (unlikely(is_restart_code(ret)))
		linux_deliver(f);
}

void compat_user_return(struct trap_frame *f)
{
	struct thread *t = current_thread();

	if (unlikely(t->personality == PERSONALITY_NT)) {
		nt_user_return(f);
		return;
	}
	while (unlikely(READ_ONCE(t->interrupts) | this_cpu()->need_resched)) {
		__asm__ volatile("sti" : : : "memory");
		sched_cond_resched();
		if (READ_ONCE(t->interrupts) & INTERRUPT_LINUX)
			linux_deliver(f);
		if (READ_ONCE(t->interrupts) & INTERRUPT_RETURN)
			linux_rseq_return(f);
		__asm__ volatile("cli" : : : "memory");
	}
}

void linux_raise_sigpipe(void)
{
	struct process *p = ps_current();
	struct signal_info info = {
		.code = SIGNAL_CODE_USER,
		.fields = { p->pid | (uint64_t)p->credentials.uid << 32 },
	};

	signal_send_thread(ps_current_thread(), 13, &info);
}
