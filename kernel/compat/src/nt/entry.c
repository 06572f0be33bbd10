/* kernel/compat/src/nt/entry.c: exceptions of user mode, and what happens on the way back to it. */
#include <lowlevel/cpu.h>
#include <nucleus/log.h>

#include "nt.h"

#include "../linux/dispatch.h"

bool nt_user_exception(struct trap_frame *f)
{
	log_warn(PROCESS, "%s: exception vector %llu at %llx", ps_current()->name, (unsigned long long)f->vector,
		 (unsigned long long)f->rip);
	return false;
}

bool nt_page_fault(struct trap_frame *f, uint64_t address, uint64_t error, int code, int err)
{
	log_warn(PROCESS, "%s: page fault at rip %llx, address %llx, error %llx", ps_current()->name,
		 (unsigned long long)f->rip, (unsigned long long)address, (unsigned long long)error);
	return false;
}

void nt_deliver(struct trap_frame *f)
{
	if (READ_ONCE(current_thread()->interrupts) & INTERRUPT_LINUX)
		linux_deliver(f);
}
