#include "core_regs.h"

#include "dispatch.h"

void linux_regs_from_frame(struct linux_user_regs *r, const struct trap_frame *f)
{
	*r = (struct linux_user_regs){
		.r15 = f->r15, .r14 = f->r14, .r13 = f->r13, .r12 = f->r12, .rbp = f->rbp, .rbx = f->rbx,
		.r11 = f->r11, .r10 = f->r10, .r9 = f->r9, .r8 = f->r8, .rax = f->rax, .rcx = f->rcx,
		.rdx = f->rdx, .rsi = f->rsi, .rdi = f->rdi,
		.orig_rax = f->vector == TRAP_SYSCALL ? f->error : NO_CALL,
		.rip = f->rip, .cs = f->cs, .eflags = f->rflags, .rsp = f->rsp, .ss = f->ss,
	};
}
