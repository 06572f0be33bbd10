/* kernel/lowlevel/src/trap.c: from the entry code to the modules that handle traps. */
#include <lowlevel/cpu.h>
#include <lowlevel/spinlock.h>
#include <lowlevel/trap.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include <nucleus/panic.h>
#include <string.h>

#define RFLAGS_IF 0x200u
#define RFLAGS_TF 0x100u
#define RFLAGS_RF 0x10000u
#define RFLAGS_USER_ALLOWED 0x250dd5u	/* CF PF AF ZF SF TF DF OF RF AC ID */
#define USER_LIMIT 0x00007fffffffffffull

struct trap_ops trap_ops;

extern const struct exception_table_entry __extable_start[], __extable_end[];

void trap_dispatch(struct trap_frame *f);
void trap_dispatch_ist(struct trap_frame *f, uint64_t user_gs);
void trap_redispatch(struct trap_frame *f) __noreturn;
void trap_leave(struct trap_frame *f);
bool trap_syscall(struct trap_frame *f);
void trap_return_to(struct trap_frame *f) __noreturn;

static const char *const exception_names[32] = {
	[TRAP_DE] = "divide error", [TRAP_DB] = "debug", [TRAP_NMI] = "NMI", [TRAP_BP] = "breakpoint",
	[TRAP_OF] = "overflow", [TRAP_BR] = "bound range", [TRAP_UD] = "invalid opcode",
	[TRAP_NM] = "no FPU", [TRAP_DF] = "double fault", [TRAP_TS] = "invalid TSS",
	[TRAP_NP] = "segment not present", [TRAP_SS] = "stack segment", [TRAP_GP] = "general protection",
	[TRAP_PF] = "page fault", [TRAP_MF] = "x87", [TRAP_AC] = "alignment check", [TRAP_MC] = "machine check",
	[TRAP_XM] = "SIMD",
};

static void __noreturn fatal(struct trap_frame *f)
{
	const char *name = f->vector < 32 && exception_names[f->vector] ? exception_names[f->vector] : "trap";

	panic_frame(f, "%s in ring 0 (vector %llu, error %llxh, address %llxh)", name, (unsigned long long)f->vector,
		    (unsigned long long)f->error, (unsigned long long)read_cr2());
}

bool exception_table_fixup(struct trap_frame *f)
{
	for (const struct exception_table_entry *e = __extable_start; e < __extable_end; e++) {
		if ((uint64_t)(uintptr_t)&e->from + (uint64_t)(int64_t)e->from == f->rip) {
			f->rip = (uint64_t)(uintptr_t)&e->to + (uint64_t)(int64_t)e->to;
			return true;
		}
	}
	return false;
}

static void exception(struct trap_frame *f)
{
	uint64_t address;

	if (f->vector == TRAP_PF) {
		address = read_cr2();
		if (f->rflags & RFLAGS_IF)
			interrupts_enable();
		if (!trap_ops.page_fault)
			fatal(f);
		trap_ops.page_fault(f, address, f->error);
		interrupts_disable();
		return;
	}
	if (!trap_from_user(f)) {
		if (f->vector == TRAP_GP && exception_table_fixup(f))
			return;
		fatal(f);
	}
	interrupts_enable();
	trap_ops.user_exception(f);
	interrupts_disable();
}

void trap_dispatch(struct trap_frame *f)
{
	struct percpu *cpu;
	uint32_t held_base;

	if (f->vector < TRAP_IRQ_FIRST) {
		exception(f);
		return;
	}
	cpu = this_cpu();
	cpu->interrupts++;
	cpu->interrupt_depth++;
	held_base = cpu->held_base;
	cpu->held_base = cpu->nheld;
	trap_ops.interrupt(f);
	cpu->held_base = held_base;
	cpu->interrupt_depth--;
}

void trap_dispatch_ist(struct trap_frame *f, uint64_t user_gs)
{
	if (f->vector == TRAP_DB && trap_from_user(f)) {
		/* Single steps and user breakpoints arrive on the IST stack: move to the thread's
		 * own, where signals can be delivered, with the GS bases as after a swapgs. */
		struct trap_frame *u = trap_user_frame();

		*u = *f;
		wrmsr(MSR_KERNEL_GS_BASE, user_gs);
		trap_redispatch(u);
	}
	if (f->vector == TRAP_NMI)
		for (;;)
			__asm__ volatile("cli; hlt");	/* another CPU's panic stops us */
	fatal(f);
}

void trap_leave(struct trap_frame *f)
{
	trap_ops.user_return(f);
}

bool trap_syscall(struct trap_frame *f)
{
	f->rcx = f->rip;
	f->r11 = f->rflags;
	interrupts_enable();
	trap_ops.syscall(f);
	interrupts_disable();
	trap_ops.user_return(f);
	return f->vector == TRAP_SYSCALL && f->rcx == f->rip && f->r11 == f->rflags && f->rip <= USER_LIMIT &&
	       f->cs == SEL_USER_CODE && f->ss == SEL_USER_DATA && !(f->rflags & (RFLAGS_TF | RFLAGS_RF));
}

struct trap_frame *trap_user_frame(void)
{
	return (struct trap_frame *)(uintptr_t)this_cpu()->kernel_stack - 1;
}

void trap_return(struct trap_frame *f)
{
	struct trap_frame *top;

	interrupts_disable();
	top = trap_user_frame();
	if (f != top)
		memmove(top, f, sizeof(*f));
	top->cs = SEL_USER_CODE;
	top->ss = SEL_USER_DATA;
	top->rflags = (top->rflags & RFLAGS_USER_ALLOWED) | RFLAGS_IF | 2;
	if (top->rip > USER_LIMIT)
		top->rip = USER_LIMIT;	/* faults in user mode, as a jump there would */
	top->vector = 0;
	trap_return_to(top);
}
