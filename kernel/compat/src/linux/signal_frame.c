/* kernel/compat/src/linux/signal_frame.c: the frame a handler runs on, and the way back from it.
 *
 * From high to low: the red zone (System V ABI 3.2.2), the XSAVE image aligned to 64,
 * the frame, so that the handler starts as if called: rsp + 8 is a multiple of 16.
 */
#include <asm/signal.h>
#include <mm/usercopy.h>
#include <string.h>

#include "dispatch.h"
#include "signal_frame.h"

#define RED_ZONE_BYTES 128
#define FPU_ALIGN 64u
#define FRAME_SLACK 24

/* Where XSAVE leaves room for software, and what Linux says there (asm/sigcontext.h, struct _fpx_sw_bytes). */
#define FXSAVE_BYTES 512
#define FPX_SOFTWARE_OFFSET 464
#define FPX_MAGIC1 0x46505853u
#define FPX_MAGIC2 0x46505845u
#define XSTATE_X87_SSE 3u
struct fpx_software {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t state_size;
	uint32_t pad[7];
};

#define UC_FP_XSTATE 1
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4
#define MIN_ALTSTACK_BYTES 2048
#define USER_FLAGS_KEPT 0x244dd5u	/* AC OF DF TF SF ZF AF PF CF RF and ID */

static bool has_xsave(void)
{
	return fpu_xcr0;
}

static uint64_t fpu_bytes(void)
{
	return fpu_state_bytes + (has_xsave() ? sizeof(uint32_t) : 0);
}

uint32_t signal_frame_max_bytes(void)
{
	return (uint32_t)ALIGN_UP(sizeof(struct linux_rt_sigframe) + FRAME_SLACK + fpu_bytes() + FPU_ALIGN - 1, 16);
}

static bool is_on_altstack(const struct ps_thread *t, uint64_t rsp)
{
	return rsp > t->altstack_base && rsp - t->altstack_base <= t->altstack_bytes;
}

/* With SS_AUTODISARM the stack counts as free: it was taken away when it was entered. */
static bool altstack_is_busy(const struct ps_thread *t, uint64_t rsp)
{
	return !(t->altstack_flags & LINUX_SS_AUTODISARM) && is_on_altstack(t, rsp);
}

void altstack_get(struct linux_stack *out, uint64_t rsp)
{
	const struct ps_thread *t = ps_current_thread();

	*out = (struct linux_stack){ .sp = t->altstack_base, .size = t->altstack_bytes };
	if (!t->altstack_bytes)
		out->flags = LINUX_SS_DISABLE;
	else if (altstack_is_busy(t, rsp))
		out->flags = LINUX_SS_ONSTACK;
	out->flags |= (int32_t)(t->altstack_flags & LINUX_SS_AUTODISARM);
}

int altstack_set(const struct linux_stack *new, uint64_t rsp)
{
	struct ps_thread *t = ps_current_thread();
	uint32_t mode = (uint32_t)new->flags & ~LINUX_SS_AUTODISARM;

	if (altstack_is_busy(t, rsp))
		return -EPERM;
	if (mode != LINUX_SS_DISABLE && mode != LINUX_SS_ONSTACK && mode)
		return -EINVAL;
	if (mode != LINUX_SS_DISABLE && new->size < MIN_ALTSTACK_BYTES)
		return -ENOMEM;
	t->altstack_base = mode == LINUX_SS_DISABLE ? 0 : new->sp;
	t->altstack_bytes = mode == LINUX_SS_DISABLE ? 0 : new->size;
	t->altstack_flags = (uint32_t)new->flags;
	return 0;
}

/* ---- the FPU's part ---- */

static int push_fpu(uint64_t at)
{
	char *area = current_thread()->fpu;
	struct fpx_software *sw = (struct fpx_software *)(area + FPX_SOFTWARE_OFFSET);
	uint32_t magic2 = FPX_MAGIC2;

	fpu_save(area);
	memset(sw, 0, sizeof(*sw));
	if (has_xsave()) {
		sw->magic1 = FPX_MAGIC1;
		sw->extended_size = (uint32_t)fpu_bytes();
		sw->features = fpu_xcr0;
		sw->state_size = fpu_state_bytes;
	}
	if (copy_to_user(user_ptr(at), area, fpu_state_bytes))
		return -EFAULT;
	if (has_xsave() && copy_to_user(user_ptr(at + fpu_state_bytes), &magic2, sizeof(magic2)))
		return -EFAULT;
	return 0;
}

static bool has_extended_state(const struct fpx_software *sw, uint64_t at)
{
	uint32_t magic2;

	if (!has_xsave() || sw->magic1 != FPX_MAGIC1 || sw->state_size < FXSAVE_BYTES + FPU_ALIGN ||
	    sw->state_size > fpu_state_bytes || sw->extended_size < sw->state_size + sizeof(magic2))
		return false;
	return !copy_from_user(&magic2, user_ptr(at + sw->state_size), sizeof(magic2)) && magic2 == FPX_MAGIC2;
}

/* Check a state that user mode may have written in the scratch area, then load it. */
static int pop_fpu(uint64_t at)
{
	char *area = ps_current_thread()->fpu_scratch;
	const struct fpx_software *sw = (const struct fpx_software *)(area + FPX_SOFTWARE_OFFSET);
	uint64_t *header = (uint64_t *)(area + FXSAVE_BYTES);

	fpu_init_state(area);
	if (at) {
		if (copy_from_user(area, user_ptr(at), FXSAVE_BYTES))
			return -EFAULT;
		if (has_extended_state(sw, at)) {
			uint64_t features = sw->features;

			if (copy_from_user(area + FXSAVE_BYTES, user_ptr(at + FXSAVE_BYTES), sw->state_size - FXSAVE_BYTES))
				return -EFAULT;
			header[0] &= features & fpu_xcr0;
		} else if (has_xsave()) {
			header[0] = XSTATE_X87_SSE;
		}
		if (!fpu_state_is_valid(area))
			return -EFAULT;
	}
	fpu_restore(area);
	return 0;
}

/* ---- registers ---- */

static void fill_context(struct linux_sigcontext *c, const struct trap_frame *f, uint64_t mask, uint64_t fpstate)
{
	const struct ps_thread *t = ps_current_thread();

	*c = (struct linux_sigcontext){
		.r8 = f->r8, .r9 = f->r9, .r10 = f->r10, .r11 = f->r11, .r12 = f->r12, .r13 = f->r13, .r14 = f->r14,
		.r15 = f->r15, .rdi = f->rdi, .rsi = f->rsi, .rbp = f->rbp, .rbx = f->rbx, .rdx = f->rdx, .rax = f->rax,
		.rcx = f->rcx, .rsp = f->rsp, .rip = f->rip, .eflags = f->rflags,
		.cs = (uint16_t)f->cs, .ss = (uint16_t)f->ss,
		.err = t->fault_error, .trapno = t->fault_vector, .cr2 = t->fault_address,
		.oldmask = mask, .fpstate = fpstate,
	};
}

static void take_context(struct trap_frame *f, const struct linux_sigcontext *c)
{
	f->r8 = c->r8;
	f->r9 = c->r9;
	f->r10 = c->r10;
	f->r11 = c->r11;
	f->r12 = c->r12;
	f->r13 = c->r13;
	f->r14 = c->r14;
	f->r15 = c->r15;
	f->rdi = c->rdi;
	f->rsi = c->rsi;
	f->rbp = c->rbp;
	f->rbx = c->rbx;
	f->rdx = c->rdx;
	f->rax = c->rax;
	f->rcx = c->rcx;
	f->rsp = c->rsp;
	f->rip = c->rip;
	f->rflags = (f->rflags & ~(uint64_t)USER_FLAGS_KEPT) | (c->eflags & USER_FLAGS_KEPT);
	f->vector = 0;
	f->error = NO_CALL;
}

/* ---- the frame ---- */

static uint64_t choose_stack(const struct ps_thread *t, const struct trap_frame *f, const struct signal_action *action)
{
	uint64_t sp = f->rsp - RED_ZONE_BYTES;

	if (!(action->flags & SA_ONSTACK) || !t->altstack_bytes || is_on_altstack(t, f->rsp))
		return sp;
	return t->altstack_base + t->altstack_bytes;
}

/* A handler that overran its alternate stack must not write below it. */
static bool overruns(const struct ps_thread *t, const struct signal_action *action, uint64_t rsp, uint64_t frame)
{
	return (action->flags & SA_ONSTACK) && t->altstack_bytes && is_on_altstack(t, rsp) && !is_on_altstack(t, frame);
}

int signal_frame_push(struct trap_frame *f, const struct signal_info *info, const struct signal_action *action,
	uint64_t mask)
{
	struct ps_thread *t = ps_current_thread();
	uint64_t sp = choose_stack(t, f, action);
	uint64_t fpu = ALIGN_DOWN(sp - fpu_bytes(), FPU_ALIGN);
	uint64_t at = ALIGN_DOWN(fpu - sizeof(struct linux_rt_sigframe), 16) - 8;
	struct linux_rt_sigframe frame = { .pretcode = action->restorer, .info = *info };

	/* x86_64 has no default way back: the C library brings its own. */
	if (!(action->flags & 0x04000000) /* SA_RESTORER */ || overruns(t, action, f->rsp, at))
		return -EFAULT;
	frame.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (has_xsave() ? UC_FP_XSTATE : 0);
	altstack_get(&frame.uc.stack, f->rsp);
	fill_context(&frame.uc.context, f, mask, fpu);
	frame.uc.sigmask = mask;
	if (push_fpu(fpu) || copy_to_user(user_ptr(at), &frame, sizeof(frame)))
		return -EFAULT;

	if (t->altstack_flags & LINUX_SS_AUTODISARM) {
		t->altstack_base = t->altstack_bytes = 0;
		t->altstack_flags = LINUX_SS_DISABLE;
	}
	f->rdi = (uint64_t)info->signo;
	f->rsi = at + offsetof(struct linux_rt_sigframe, info);
	f->rdx = at + offsetof(struct linux_rt_sigframe, uc);
	f->rax = 0;
	f->rsp = at;
	f->rip = action->handler;
	f->rflags &= ~(uint64_t)0x10500;	/* DF, TF, RF */
	f->rcx = f->rip;
	f->r11 = f->rflags;
	f->error = NO_CALL;
	fpu_init_state(t->fpu_scratch);
	fpu_restore(t->fpu_scratch);
	return 0;
}

int signal_frame_pop(struct trap_frame *f, uint64_t *mask)
{
	struct linux_ucontext uc;
	uint64_t at = f->rsp - 8;

	if (copy_from_user(&uc, user_ptr(at + offsetof(struct linux_rt_sigframe, uc)), sizeof(uc)))
		return -EFAULT;
	if (pop_fpu(uc.context.fpstate))
		return -EFAULT;
	take_context(f, &uc.context);
	*mask = uc.sigmask;
	(void)altstack_set(&uc.stack, f->rsp);	/* its errors were the handler's to see */
	return 0;
}
