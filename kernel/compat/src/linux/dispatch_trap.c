/* kernel/compat/src/linux/dispatch_trap.c: faults of user mode as signals (SDM 3A 6.15; man 2 sigaction). */
#include <asm/signal.h>
#include <lowlevel/cpu.h>
#include <mm/space.h>
#include <nucleus/log.h>
#include <nucleus/log.h>
#include <nucleus/panic.h>

#include "dispatch.h"

#include "../nt/nt.h"

/* asm-generic/siginfo.h */
#define CODE_INTDIV 1
#define CODE_FLTDIV 3
#define CODE_FLTOVF 4
#define CODE_FLTUND 5
#define CODE_FLTRES 6
#define CODE_FLTINV 7
#define CODE_ILLOPN 2
#define CODE_TRACE 2
#define CODE_ADRALN 1

#define PAGE_FAULT_PRESENT 1u	/* Intel SDM 3A 4.7 */

#define FXSAVE_FCW 0
#define FXSAVE_FSW 2
#define FXSAVE_MXCSR 24

/* A program that ends by a fault is worth a line now and then; a service always. */
static void report_end(const struct trap_frame *f, int sig, uint64_t address)
{
	struct process *p = ps_current();
	uint64_t start = p->space->start_code;

	if (p->is_service)
		log_error(SERVICE, "%s (pid %u) ends by signal %d: vector %llu, address %llx, rip %llx (code + %llx), rsp %llx",
			  p->name, p->pid, sig, (unsigned long long)f->vector, (unsigned long long)address,
			  (unsigned long long)f->rip, (unsigned long long)(f->rip - start), (unsigned long long)f->rsp);
	else
		log_ratelimited(LOG_INFO, PROCESS, "%s (pid %u) ends by signal %d: vector %llu, address %llx, rip %llx (code + %llx)",
				p->name, p->pid, sig, (unsigned long long)f->vector, (unsigned long long)address,
				(unsigned long long)f->rip, (unsigned long long)(f->rip - start));
}

static void raise(const struct trap_frame *f, int sig, int code, uint64_t address)
{
	if (signal_force_current(sig, code, address))
		report_end(f, sig, f->vector == TRAP_PF ? address : 0);
}

static void note_fault(const struct trap_frame *f, uint64_t address)
{
	struct ps_thread *t = ps_current_thread();

	t->fault_vector = f->vector;
	t->fault_error = f->error;
	/* Whether the kernel maps something there is not told (Linux: sanitize_error_code). */
	if (f->vector == TRAP_PF && address >= USER_TOP)
		t->fault_error |= PAGE_FAULT_PRESENT;
	if (f->vector == TRAP_PF)	/* as CR2 does, it stays until the next one */
		t->fault_address = address;
	/* A program's faults are its own; a service's are ours to look into. */
	if (t->process->is_service)
		service_fault_report(f, address);
}

/* The first unmasked exception of x87 or SSE status bits, in the order Linux reports them. */
static int float_code(uint32_t raised)
{
	if (raised & 0x01)
		return CODE_FLTINV;
	if (raised & 0x04)
		return CODE_FLTDIV;
	if (raised & 0x08)
		return CODE_FLTOVF;
	if (raised & 0x12)
		return CODE_FLTUND;
	return raised & 0x20 ? CODE_FLTRES : 0;
}

static int x87_code(void)
{
	char *area = current_thread()->fpu;

	fpu_save(area);
	return float_code(*(uint16_t *)(area + FXSAVE_FSW) & ~*(uint16_t *)(area + FXSAVE_FCW));
}

static int sse_code(void)
{
	char *area = current_thread()->fpu;
	uint32_t mxcsr;

	fpu_save(area);
	mxcsr = *(uint32_t *)(area + FXSAVE_MXCSR);
	return float_code(mxcsr & ~(mxcsr >> 7));
}

void compat_user_exception(struct trap_frame *f)
{
	if (current_thread()->personality == PERSONALITY_NT && nt_user_exception(f))
		return;
	note_fault(f, 0);
	switch (f->vector) {
	case TRAP_DE:
		raise(f, SIGFPE, CODE_INTDIV, f->rip);
		break;
	case TRAP_DB:
		raise(f, SIGTRAP, CODE_TRACE, f->rip);
		break;
	case TRAP_BP:
		raise(f, SIGTRAP, SIGNAL_CODE_KERNEL, 0);
		break;
	case TRAP_UD:
		raise(f, SIGILL, CODE_ILLOPN, f->rip);
		break;
	case TRAP_NP:
	case TRAP_SS:
		raise(f, SIGBUS, SIGNAL_CODE_KERNEL, 0);
		break;
	case TRAP_AC:
		raise(f, SIGBUS, CODE_ADRALN, f->rip);
		break;
	case TRAP_MF:
		raise(f, SIGFPE, x87_code(), f->rip);
		break;
	case TRAP_XM:
		raise(f, SIGFPE, sse_code(), f->rip);
		break;
	default:
		raise(f, SIGSEGV, SIGNAL_CODE_KERNEL, 0);
		break;
	}
}

/* Memory ran out while a page was needed: whoever was chosen to die frees some; else it is us. */
static void out_of_memory(void)
{
	if (mm_oom_kill && mm_oom_kill())
		sched_yield();
	else
		signal_force_current(SIGKILL, SIGNAL_CODE_KERNEL, 0);
}

void compat_page_fault(struct trap_frame *f, uint64_t address, uint64_t error)
{
	int code, err;

	if (mm_trap_page_fault(f, address, error, &code, &err))
		return;
	if (!trap_from_user(f))
		panic_frame(f, "page fault in ring 0 at %llx, error %llxh", (unsigned long long)address,
			    (unsigned long long)error);
	if (current_thread()->personality == PERSONALITY_NT && nt_page_fault(f, address, error, code, err))
		return;
	if (err == -ENOMEM) {
		out_of_memory();
		return;
	}
	note_fault(f, address);
	raise(f, err == -EIO ? SIGBUS : SIGSEGV, code, address);
}
