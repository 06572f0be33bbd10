/* kernel/compat/src/nt/dispatch.c: from the syscall instruction of a thunk to its service.
 *
 * Numbers are the image's own: the table that loaderd read from its thunks says which service is meant.
 */
#include <albireo/exec.h>
#include <nucleus/log.h>

#include "nt.h"
#include "strace.h"

#include "../linux/dispatch.h"
#include "../outcomes.h"

typedef ntstatus (*nt_service)(const uint64_t *a);

#define SERVICE(name, ...) extern __typeof__(nt_sys_##name) nt_sys_##name __attribute__((weak));
#include "nt/syscalls.def"
#undef SERVICE

/* How many arguments follow a line's name, run and owner. */
#define COUNT(...) COUNT_(__VA_ARGS__, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define COUNT_(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, n, ...) n

static const struct {
	const char *name;
	nt_service call;
	uint8_t nargs;
} services[NT_SERVICE_COUNT] = {
#define SERVICE(name, run, owner, ...) { #name, nt_sys_##name, COUNT(owner, ##__VA_ARGS__) },
#include "nt/syscalls.def"
#undef SERVICE
};

#define REGISTER_ARGS 4u
#define STACK_ARGS_OFFSET 0x28	/* past the return address and the four homes */

static ntstatus absent(uint32_t number, const char *name)
{
	const char *program = ps_current_thread()->thread.name;

	if (!log_once_for_program(program, SYS_NUCLEUS_BASE + number))
		return STATUS_NOT_IMPLEMENTED;
	if (name)
		log_info(COMPAT, "%s called %s, which is not there: STATUS_NOT_IMPLEMENTED", program, name);
	else
		log_info(COMPAT, "%s called system service %xh, which does not exist", program, number);
	return STATUS_NOT_IMPLEMENTED;
}

static ntstatus arguments_in(const struct trap_frame *f, uint32_t n, uint64_t *a)
{
	a[0] = f->r10;
	a[1] = f->rdx;
	a[2] = f->r8;
	a[3] = f->r9;
	if (n <= REGISTER_ARGS)
		return STATUS_SUCCESS;
	return nt_get(a + REGISTER_ARGS, f->rsp + STACK_ARGS_OFFSET, (n - REGISTER_ARGS) * sizeof(*a));
}

static ntstatus serve(uint32_t number, uint32_t index, const uint64_t *a)
{
	return services[index].call ? services[index].call(a) : absent(number, services[index].name);
}

static ntstatus traced(uint32_t number, uint32_t index, const uint64_t *a)
{
	struct nt_strace_line *line = nt_strace_begin(index, a);
	ntstatus status = serve(number, index, a);

	nt_strace_end(line, status);
	return status;
}

/* Warnings and errors. */
static bool is_failure(ntstatus s) { return s >> 30 >= 2; }

static ntstatus run(const struct trap_frame *f, uint32_t number)
{
	struct nt_process *p = nt_current();
	uint64_t a[NT_MAX_ARGS];
	uint32_t index = number < IMAGE_MAX_SERVICES ? p->entry->service[number] : 0;
	ntstatus status;

	if (!index)
		return absent(number, NULL);
	index--;
	status = arguments_in(f, services[index].nargs, a);
	if (status)
		return status;
	if (unlikely(ps_current()->strace))
		status = traced(number, index, a);
	else
		status = serve(number, index, a);
	if (outcomes_are_told() && is_failure(status))
		outcome_tell(OUTCOME_NT, index, services[index].name, status);
	return status;
}

void nt_syscall(struct trap_frame *f)
{
	struct nt_thread *t = nt_current_thread();
	ntstatus status = run(f, (uint32_t)f->error);

	/* After NtContinue and its like all of rax is the context's. */
	if (likely(!t->context_was_set))
		f->rax = status;
	t->context_was_set = false;
}
