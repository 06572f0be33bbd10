/* kernel/compat/src/linux/signal_frame.h: struct rt_sigframe of x86_64 (asm/sigcontext.h, asm/ucontext.h). */
#ifndef COMPAT_SIGNAL_FRAME_H
#define COMPAT_SIGNAL_FRAME_H

#include <compat/linux.h>

struct linux_stack {
	uint64_t sp;
	int32_t flags;
	int32_t pad;
	uint64_t size;
};
struct linux_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpstate;
	uint64_t reserved[8];
};
struct linux_ucontext {
	uint64_t flags, link;
	struct linux_stack stack;
	struct linux_sigcontext context;
	uint64_t sigmask;
};
struct linux_rt_sigframe {
	uint64_t pretcode;
	struct linux_ucontext uc;
	struct signal_info info;
};
_Static_assert(sizeof(struct linux_rt_sigframe) == 440, "as Linux lays it out");

#define LINUX_SS_ONSTACK 1
#define LINUX_SS_DISABLE 2
#define LINUX_SS_AUTODISARM (1u << 31)

/* Push a frame for @action's handler and turn @f to it. Returns: 0; -EFAULT: the stack cannot take it. */
int signal_frame_push(struct trap_frame *f, const struct signal_info *info, const struct signal_action *action,
	uint64_t mask);
/* rt_sigreturn: take the frame below @f->rsp back. Returns: 0 or -EFAULT. */
int signal_frame_pop(struct trap_frame *f, uint64_t *mask);
uint32_t signal_frame_max_bytes(void);

/* sigaltstack(2) on the current thread; @rsp is the user's. */
int altstack_set(const struct linux_stack *new, uint64_t rsp);
void altstack_get(struct linux_stack *out, uint64_t rsp);

#endif
