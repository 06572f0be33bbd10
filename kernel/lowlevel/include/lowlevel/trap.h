/* kernel/lowlevel/include/lowlevel/trap.h: what the entry code saves, and who handles it.
 *
 * Every way into ring 0 builds the same frame at the top of the thread's kernel
 * stack. Exceptions and interrupts go to the ops table, which higher modules
 * fill at boot; it is the only pointer upward from here.
 */
#ifndef LOWLEVEL_TRAP_H
#define LOWLEVEL_TRAP_H

#include <lowlevel/percpu.h>
#include <nucleus/compiler.h>

struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector;	/* for a syscall: TRAP_SYSCALL */
	uint64_t error;		/* for a syscall: the number, as Linux's orig_rax */
	uint64_t rip, cs, rflags, rsp, ss;
};

enum trap_vector {
	TRAP_DE = 0, TRAP_DB = 1, TRAP_NMI = 2, TRAP_BP = 3, TRAP_OF = 4, TRAP_BR = 5, TRAP_UD = 6,
	TRAP_NM = 7, TRAP_DF = 8, TRAP_TS = 10, TRAP_NP = 11, TRAP_SS = 12, TRAP_GP = 13, TRAP_PF = 14,
	TRAP_MF = 16, TRAP_AC = 17, TRAP_MC = 18, TRAP_XM = 19,
	TRAP_IRQ_FIRST = 32,
	TRAP_TIMER = 0xf0, TRAP_RESCHEDULE = 0xf1, TRAP_SHOOTDOWN = 0xf2, TRAP_STOP = 0xf3, TRAP_SPURIOUS = 0xff,
	TRAP_SYSCALL = 0x100,
};

/* As Linux and Windows have them: programs look at cs and ss. */
#define SEL_KERNEL_CODE 0x10
#define SEL_KERNEL_DATA 0x18
#define SEL_USER_CODE32 0x23
#define SEL_USER_DATA 0x2b
#define SEL_USER_CODE 0x33
#define SEL_TSS 0x40
#define SEL_CPU_NUMBER 0x7b	/* its limit is the CPU's index, for the vDSO */

static inline bool trap_from_user(const struct trap_frame *f) { return (f->cs & 3) == 3; }

struct trap_ops {
	/* #PF. @error as the CPU pushed it. Interrupts are as in the interrupted code. */
	void (*page_fault)(struct trap_frame *f, uint64_t address, uint64_t error);
	/* Any other exception from user mode, interrupts on. */
	void (*user_exception)(struct trap_frame *f);
	/* A device or timer interrupt, interrupts off. */
	void (*interrupt)(struct trap_frame *f);
	/* A syscall, interrupts on. Sets f->rax. */
	void (*syscall)(struct trap_frame *f);
	/* Before every return to user mode, interrupts off: reschedule, deliver
	 * signals; may turn interrupts on and off again and may change *f. */
	void (*user_return)(struct trap_frame *f);
};
extern struct trap_ops trap_ops;

/* The user-mode frame of the current thread: at the top of its kernel stack. */
struct trap_frame *trap_user_frame(void);

/* Leave the kernel through @f with iret after checking selectors, flags and
 * canonical addresses; for sigreturn, exec, new threads. Never returns. */
void trap_return(struct trap_frame *f) __noreturn;

/* An instruction at `from` that faults continues at `to` (user copy). */
struct exception_table_entry { int32_t from, to; };
/* Returns: true if @f was moved to its recovery address. */
bool exception_table_fixup(struct trap_frame *f);

/* Print registers and a symbolised backtrace to the debug console. */
void trap_dump(const struct trap_frame *f);
void backtrace_dump(uint64_t rbp, uint64_t rip);

/* Per-CPU GDT, TSS, IST stacks, IDT, syscall MSRs, CR0/CR4 bits. Boot, once a CPU. */
void lowlevel_cpu_init(struct percpu *cpu);
void lowlevel_set_kernel_stack(uint64_t top);

/* FPU state, XSAVE format with the size CPUID gives. */
extern uint32_t fpu_state_bytes;	/* <= 4096 */
extern uint64_t fpu_xcr0;
static inline bool fpu_has_avx(void)
{
	return fpu_xcr0 & 4;
}
void fpu_save(void *area);
void fpu_restore(const void *area);
void fpu_init_state(void *area);
/* For sigreturn: @area came from user space; invalid bits are refused. */
bool fpu_state_is_valid(const void *area);

#endif
