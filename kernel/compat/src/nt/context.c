/* kernel/compat/src/nt/context.c: CONTEXT records (winnt.h), NtContinue. */
#include "context.h"

#include <lowlevel/cpu.h>
#include <mm/heap.h>
#include <string.h>

#include "apc.h"

#define EFLAGS_USER 0x00240dd5u		/* ID AC OF DF TF SF ZF AF PF CF */
#define EFLAGS_ALWAYS 0x202u
#define FXSAVE_MXCSR 24
#define MXCSR_VALID 0xffffu
#define XSAVE_HEADER 512
#define XFEATURE_X87_SSE 3ull

#define HAS(c, part) (((c)->flags & (part)) == (part))

static void save_integer(struct nt_context *c, const struct trap_frame *f)
{
	c->rax = f->rax;
	c->rcx = f->rcx;
	c->rdx = f->rdx;
	c->rbx = f->rbx;
	c->rbp = f->rbp;
	c->rsi = f->rsi;
	c->rdi = f->rdi;
	c->r8 = f->r8;
	c->r9 = f->r9;
	c->r10 = f->r10;
	c->r11 = f->r11;
	c->r12 = f->r12;
	c->r13 = f->r13;
	c->r14 = f->r14;
	c->r15 = f->r15;
}

static void save_registers(struct nt_context *c, const struct trap_frame *f)
{
	if (HAS(c, CONTEXT_CONTROL)) {
		c->rip = f->rip;
		c->rsp = f->rsp;
		c->eflags = (uint32_t)f->rflags;
		c->cs = NT_CODE_SELECTOR;
		c->ss = NT_DATA_SELECTOR;
	}
	if (HAS(c, CONTEXT_INTEGER))
		save_integer(c, f);
	if (HAS(c, CONTEXT_SEGMENTS)) {
		c->ds = c->es = c->gs = NT_DATA_SELECTOR;
		c->fs = NT_TEB_SELECTOR;
	}
}

void nt_context_save(struct nt_context *c, const struct trap_frame *f)
{
	char *area = current_thread()->fpu;

	save_registers(c, f);
	if (HAS(c, CONTEXT_FLOATING_POINT)) {
		fpu_save(area);
		memcpy(c->fxsave, area, sizeof(c->fxsave));
		memcpy(&c->mxcsr, area + FXSAVE_MXCSR, sizeof(c->mxcsr));
	}
}

static void restore_integer(const struct nt_context *c, struct trap_frame *f)
{
	f->rax = c->rax;
	f->rcx = c->rcx;
	f->rdx = c->rdx;
	f->rbx = c->rbx;
	f->rbp = c->rbp;
	f->rsi = c->rsi;
	f->rdi = c->rdi;
	f->r8 = c->r8;
	f->r9 = c->r9;
	f->r10 = c->r10;
	f->r11 = c->r11;
	f->r12 = c->r12;
	f->r13 = c->r13;
	f->r14 = c->r14;
	f->r15 = c->r15;
}

/* The legacy part comes from the record, what AVX adds stays. */
static void restore_fpu(const struct nt_context *c)
{
	char *area = ps_current_thread()->fpu_scratch;
	uint32_t mxcsr = c->mxcsr & MXCSR_VALID;

	fpu_save(area);
	memcpy(area, c->fxsave, sizeof(c->fxsave));
	memcpy(area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	if (fpu_xcr0)
		*(uint64_t *)(area + XSAVE_HEADER) |= XFEATURE_X87_SSE;
	fpu_restore(area);
}

static ntstatus restore_registers(const struct nt_context *c, struct trap_frame *f)
{
	if (HAS(c, CONTEXT_CONTROL)) {
		if (c->rip >= USER_TOP || c->rsp >= USER_TOP)
			return STATUS_INVALID_PARAMETER;
		f->rip = c->rip;
		f->rsp = c->rsp;
		f->rflags = (c->eflags & EFLAGS_USER) | EFLAGS_ALWAYS;
	}
	if (HAS(c, CONTEXT_INTEGER))
		restore_integer(c, f);
	return STATUS_SUCCESS;
}

ntstatus nt_context_restore(const struct nt_context *c, struct trap_frame *f)
{
	ntstatus status = restore_registers(c, f);

	if (!status && HAS(c, CONTEXT_FLOATING_POINT))
		restore_fpu(c);
	return status;
}

ntstatus nt_sys_NtContinue(const uint64_t *a)
{
	struct trap_frame *f = trap_user_frame();
	struct nt_context *c = kmalloc(sizeof(*c), HEAP_NOZERO);
	ntstatus status;

	if (!c)
		return STATUS_NO_MEMORY;
	status = nt_get(c, a[0], sizeof(*c));
	if (!status)
		status = nt_context_restore(c, f);
	kfree(c);
	if (!status && (uint8_t)a[1])
		(void)nt_test_alert();
	nt_current_thread()->context_was_set = !status;
	return status;
}

/* ---- other threads' ---- */

/* A thread that runs is stopped over the time: its frame is whole then. */
static ntstatus stop(struct ps_thread *t)
{
	struct nt_thread *nt = t->nt;

	while (!t->has_ended && t->thread.state == THREAD_RUNNING && nt->suspend_count)
		sched_yield();
	return t->has_ended ? STATUS_THREAD_IS_TERMINATING : STATUS_SUCCESS;
}

static struct trap_frame *frame_of(struct ps_thread *t)
{
	return (struct trap_frame *)(uintptr_t)t->thread.kernel_stack_top - 1;
}

ntstatus nt_context_of(struct ps_thread *t, struct nt_context *c)
{
	char *area = t->thread.fpu;
	ntstatus status;

	if (t == ps_current_thread()) {
		nt_context_save(c, trap_user_frame());
		return STATUS_SUCCESS;
	}
	if (!t->nt)
		return STATUS_INVALID_HANDLE;
	status = stop(t);
	if (status)
		return status;
	save_registers(c, frame_of(t));
	if (HAS(c, CONTEXT_FLOATING_POINT)) {
		memcpy(c->fxsave, area, sizeof(c->fxsave));
		memcpy(&c->mxcsr, area + FXSAVE_MXCSR, sizeof(c->mxcsr));
	}
	return STATUS_SUCCESS;
}

ntstatus nt_context_put(struct ps_thread *t, const struct nt_context *c)
{
	uint32_t mxcsr = c->mxcsr & MXCSR_VALID;
	char *area = t->thread.fpu;
	ntstatus status;

	if (t == ps_current_thread()) {
		status = nt_context_restore(c, trap_user_frame());
		nt_current_thread()->context_was_set = !status && HAS(c, CONTEXT_INTEGER);
		return status;
	}
	if (!t->nt)
		return STATUS_INVALID_HANDLE;
	status = stop(t);
	if (!status)
		status = restore_registers(c, frame_of(t));
	if (!status && HAS(c, CONTEXT_FLOATING_POINT)) {
		memcpy(area, c->fxsave, sizeof(c->fxsave));
		memcpy(area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
		if (fpu_xcr0)
			*(uint64_t *)(area + XSAVE_HEADER) |= XFEATURE_X87_SSE;
	}
	return status;
}
