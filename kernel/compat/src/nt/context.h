/* kernel/compat/src/nt/context.h: CONTEXT records and the user frame. */
#ifndef COMPAT_NT_CONTEXT_H
#define COMPAT_NT_CONTEXT_H

#include "nt.h"

/* Fill in the parts that c->flags asks for from @f, the current thread's frame, and its FPU state. */
void nt_context_save(struct nt_context *c, const struct trap_frame *f);
/* Put the parts that c->flags names into @f and the FPU; selectors and flags are made safe.
 * Returns: STATUS_SUCCESS; STATUS_INVALID_PARAMETER for an address outside user memory. */
ntstatus nt_context_restore(const struct nt_context *c, struct trap_frame *f);

/* The same for @t, another thread, as it was when it last left user mode. It should be suspended. */
ntstatus nt_context_of(struct ps_thread *t, struct nt_context *c);
ntstatus nt_context_put(struct ps_thread *t, const struct nt_context *c);

#endif
