/* kernel/compat/src/linux/core_regs.h: struct user_regs_struct of sys/user.h, for cores and tracers. */
#ifndef COMPAT_CORE_REGS_H
#define COMPAT_CORE_REGS_H

#include <compat/linux.h>

struct linux_user_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax, rip, cs, eflags, rsp, ss;
	uint64_t fs_base, gs_base, ds, es, fs, gs;
};
_Static_assert(sizeof(struct linux_user_regs) == 27 * 8, "as Linux lays it out");

/* All but the bases, which the frame does not hold. */
void linux_regs_from_frame(struct linux_user_regs *r, const struct trap_frame *f);

#endif
