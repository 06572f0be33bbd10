/* kernel/compat/src/nt/exceptions.c: hardware and software exceptions through KiUserExceptionDispatcher
 * (Microsoft Learn, "x64 exception handling"; winnt.h).
 *
 * The dispatcher finds the CONTEXT at rsp and the EXCEPTION_RECORD 20h bytes behind it. When the record
 * cannot be pushed, or ntdll says that nobody handled it, the process ends with the exception's code.
 */
#include <lowlevel/cpu.h>
#include <mm/heap.h>
#include <nucleus/log.h>
#include <string.h>

#include "context.h"
#include "memory.h"

#define RECORD_OFFSET 0x4f0u
#define FRAME_BYTES (RECORD_OFFSET + sizeof(struct nt_exception_record))
#define RED_ZONE 128u	/* code that was not Windows' own may keep one */
#define EXCEPTION_NONCONTINUABLE 1u
#define PF_WRITE 2u
#define PF_FETCH 16u
#define ACCESS_READ 0u
#define ACCESS_WRITE 1u
#define ACCESS_EXECUTE 8u

static void end_with(uint32_t code, const char *why) __noreturn;
static void end_with(uint32_t code, const char *why)
{
	struct trap_frame *f = trap_user_frame();

	log_ratelimited(LOG_INFO, PROCESS, "%s (pid %u) ends by exception %08xh at rip %llx, rsp %llx: %s",
			ps_current()->name, ps_current()->pid, code, (unsigned long long)f->rip,
			(unsigned long long)f->rsp, why);
	ps_exit_group(code, 0);
}

/* Put @context and @record where the dispatcher wants them. */
static bool push(struct trap_frame *f, const struct nt_context *context, const struct nt_exception_record *record)
{
	uint64_t at = ALIGN_DOWN(context->rsp - RED_ZONE - FRAME_BYTES, 16);

	if (nt_put(at, context, sizeof(*context)) || nt_put(at + RECORD_OFFSET, record, sizeof(*record)))
		return false;
	f->rsp = at;
	f->rip = nt_current()->ntdll_base + nt_current()->entry->ki_user_exception_dispatcher;
	f->rflags &= ~0x100ull;
	return true;
}

static void raise(struct trap_frame *f, const struct nt_exception_record *record)
{
	struct nt_context *c = kmalloc(sizeof(*c), 0);
	bool ok;

	log_debug(PROCESS, "%s: exception %08xh at %llx, %llx %llx", ps_current()->name, record->code,
		  (unsigned long long)record->address, (unsigned long long)record->parameters[0],
		  (unsigned long long)record->parameters[1]);
	if (!c)
		end_with(STATUS_NO_MEMORY, "no memory for its record");
	c->flags = CONTEXT_ALL & ~(CONTEXT_DEBUG_REGISTERS & 0xff);
	nt_context_save(c, f);
	ok = push(f, c, record);
	kfree(c);
	if (!ok)
		end_with(record->code, "no stack for its record");
}

static uint32_t float_code(uint32_t raised)
{
	if (raised & 0x01)
		return STATUS_FLOAT_INVALID_OPERATION;
	if (raised & 0x02)
		return STATUS_FLOAT_DENORMAL_OPERAND;
	if (raised & 0x04)
		return STATUS_FLOAT_DIVIDE_BY_ZERO;
	if (raised & 0x08)
		return STATUS_FLOAT_OVERFLOW;
	if (raised & 0x10)
		return STATUS_FLOAT_UNDERFLOW;
	return STATUS_FLOAT_INEXACT_RESULT;
}

static uint32_t float_status(bool is_sse)
{
	char *area = current_thread()->fpu;
	uint32_t mxcsr;

	fpu_save(area);
	memcpy(&mxcsr, area + 24, sizeof(mxcsr));
	if (is_sse)
		return float_code(mxcsr & ~(mxcsr >> 7));
	return float_code(*(uint16_t *)(area + 2) & ~*(uint16_t *)area);
}

#define INSTRUCTION_MAX_BYTES 15

/* Is this the code of an instruction that only ring 0, or an I/O privilege level, may execute (Intel SDM 3A 5.9;
 * 1 19.5)? @p stands behind the prefixes. */
static bool is_privileged(const uint8_t *p)
{
	switch (p[0]) {
	case 0x6c: case 0x6d: case 0x6e: case 0x6f:	/* ins, outs */
	case 0xe4: case 0xe5: case 0xe6: case 0xe7:	/* in, out */
	case 0xec: case 0xed: case 0xee: case 0xef:
	case 0xf4: case 0xfa: case 0xfb:		/* hlt, cli, sti */
		return true;
	case 0x0f:
		break;
	default:
		return false;
	}
	switch (p[1]) {
	case 0x00:					/* lldt, ltr */
		return (p[2] >> 3 & 7) == 2 || (p[2] >> 3 & 7) == 3;
	case 0x01:					/* lgdt, lidt, lmsw, invlpg */
		return (p[2] >> 3 & 7) == 2 || (p[2] >> 3 & 7) == 3 || (p[2] >> 3 & 7) >= 6;
	case 0x06: case 0x07: case 0x08: case 0x09:	/* clts, sysret, invd, wbinvd */
	case 0x20: case 0x21: case 0x22: case 0x23:	/* mov of control and debug registers */
	case 0x30: case 0x32: case 0x33: case 0x35:	/* wrmsr, rdmsr, rdpmc, sysexit */
		return true;
	default:
		return false;
	}
}

static bool is_prefix(uint8_t b)
{
	static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3 };

	return memchr(prefixes, b, sizeof(prefixes)) || (b & 0xf0) == 0x40;
}

static bool is_at_privileged(uint64_t rip)
{
	uint8_t code[INSTRUCTION_MAX_BYTES + 3] = { 0 };
	size_t got = copy_from_user_partial(code, nt_ptr(rip), INSTRUCTION_MAX_BYTES), i = 0;

	while (i < got && is_prefix(code[i]))
		i++;
	return i < got && is_privileged(code + i);
}

/* #GP and its like: an instruction that is not the program's to execute, or an access violation at no address
 * that the CPU names. */
static void general(struct nt_exception_record *r)
{
	if (is_at_privileged(r->address)) {
		r->code = STATUS_PRIVILEGED_INSTRUCTION;
		return;
	}
	r->code = STATUS_ACCESS_VIOLATION;
	r->nparameters = 2;
	r->parameters[0] = ACCESS_READ;
	r->parameters[1] = ~0ull;
}

bool nt_user_exception(struct trap_frame *f)
{
	struct nt_exception_record r = { .address = f->rip };

	switch (f->vector) {
	case TRAP_DE:
		r.code = STATUS_INTEGER_DIVIDE_BY_ZERO;
		break;
	case TRAP_DB:
		r.code = STATUS_SINGLE_STEP;
		break;
	case TRAP_BP:
		/* The record names the instruction, the context goes on behind it but for one byte. */
		r.code = STATUS_BREAKPOINT;
		r.address = --f->rip;
		r.nparameters = 1;
		break;
	case TRAP_OF:
		r.code = STATUS_INTEGER_OVERFLOW;
		break;
	case TRAP_BR:
		r.code = STATUS_ARRAY_BOUNDS_EXCEEDED;
		break;
	case TRAP_UD:
		r.code = STATUS_ILLEGAL_INSTRUCTION;
		break;
	case TRAP_AC:
		r.code = STATUS_DATATYPE_MISALIGNMENT;
		break;
	case TRAP_MF:
		r.code = float_status(false);
		break;
	case TRAP_XM:
		r.code = float_status(true);
		break;
	default:
		general(&r);
		break;
	}
	raise(f, &r);
	return true;
}

bool nt_stack_touched_by_kernel(uint64_t address)
{
	uint64_t stack_top, bottom, teb;

	if (current_thread()->personality != PERSONALITY_NT || mutex_is_mine(&nt_current()->memory_lock))
		return false;
	teb = nt_current_thread()->teb;
	/* Without faults: this is one. */
	if (copy_from_user_nofault(&stack_top, nt_ptr(teb + TEB_STACK_BASE), sizeof(stack_top)) ||
	    copy_from_user_nofault(&bottom, nt_ptr(teb + TEB_DEALLOCATION_STACK), sizeof(bottom)))
		return false;
	return address >= bottom && address < stack_top && !nt_memory_fault(address, 0);
}

bool nt_page_fault(struct trap_frame *f, uint64_t address, uint64_t error, int code, int err)
{
	struct nt_exception_record r = {
		.code = STATUS_ACCESS_VIOLATION,
		.address = f->rip,
		.nparameters = 2,
		.parameters = { error & PF_FETCH ? ACCESS_EXECUTE : error & PF_WRITE ? ACCESS_WRITE : ACCESS_READ, address },
	};

	if (err == -ENOMEM)
		return false;
	if (err == -EIO) {
		r.code = STATUS_IN_PAGE_ERROR;
		r.nparameters = 3;
		r.parameters[2] = STATUS_IO_DEVICE_ERROR;
	} else {
		r.code = nt_memory_fault(address, error);
		if (!r.code)
			return true;
		if (r.code == STATUS_STACK_OVERFLOW)
			r.nparameters = 2;
	}
	raise(f, &r);
	return true;
}

ntstatus nt_sys_NtRaiseException(const uint64_t *a)
{
	struct trap_frame *f = trap_user_frame();
	struct nt_exception_record *r = kmalloc(sizeof(*r) + sizeof(struct nt_context), 0);
	struct nt_context *c = (struct nt_context *)(r + 1);
	bool is_first = (uint8_t)a[2];
	ntstatus status;

	if (!r)
		return STATUS_NO_MEMORY;
	c = (struct nt_context *)ALIGN_UP((uint64_t)(r + 1), 8);
	status = nt_get(r, a[0], sizeof(*r));
	if (!status)
		status = nt_get(c, a[1], sizeof(*c));
	if (!status && !is_first) {
		uint32_t code = r->code;

		kfree(r);
		end_with(code, "unhandled");
	}
	if (!status)
		status = nt_context_restore(c, f);
	if (!status && !push(f, c, r)) {
		uint32_t code = r->code;

		kfree(r);
		end_with(code, "no stack for its record");
	}
	kfree(r);
	nt_current_thread()->context_was_set = !status;
	return status;
}
