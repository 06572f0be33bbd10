/* kernel/mm/src/trap_fault.c: the page-fault exception, sorted into what may be resolved and what not. */
#include <errno.h>

#include <lowlevel/trap.h>
#include <mm/space.h>

#include "fault_internal.h"
#include "usercopy.h"

/* Error code (Intel SDM 3A 4.7). */
#define ERROR_WRITE 2u
#define ERROR_RESERVED 8u
#define ERROR_FETCH 16u

#define SEGV_MAPERR 1
#define BUS_ADRERR 2
#define RFLAGS_IF 0x200u

static uint32_t access_of(uint64_t error)
{
	return error & ERROR_FETCH ? MM_EXEC : error & ERROR_WRITE ? MM_WRITE : MM_READ;
}

static bool user_fault(struct trap_frame *f, uint64_t address, uint64_t error, int *code, int *errno_out)
{
	struct mm_space *s = mm_current_space();
	int err;

	if ((error & ERROR_WRITE) && fault_pass_zero_store(s, f, address))
		return true;
	err = mm_fault(s, address, access_of(error), code);
	/* -EINTR: the thread is to die, which it does on its way out. */
	if (!err || err == -EINTR)
		return true;
	if (err == -EIO)
		*code = BUS_ADRERR;
	*errno_out = err;
	return false;
}

/* In code that is allowed to touch user memory, and to sleep for it? */
static bool is_usercopy(uint64_t rip)
{
	return rip >= (uint64_t)(uintptr_t)usercopy_start && rip < (uint64_t)(uintptr_t)usercopy_nofault_start;
}

bool (*mm_usercopy_refused)(uint64_t address);

/* A user copy of the kernel. An address beyond user memory never gets this far. */
static bool kernel_fault(struct trap_frame *f, uint64_t address, uint64_t error)
{
	struct mm_space *s = mm_current_space();
	int code;

	if (address >= USER_TOP || (error & (ERROR_RESERVED | ERROR_FETCH)))
		return false;
	if (s && (f->rflags & RFLAGS_IF) && is_usercopy(f->rip) &&
	    (!mm_fault(s, address, access_of(error), &code) || (mm_usercopy_refused && mm_usercopy_refused(address))))
		return true;
	return exception_table_fixup(f);
}

bool mm_trap_page_fault(struct trap_frame *f, uint64_t address, uint64_t error, int *code, int *errno_out)
{
	*code = SEGV_MAPERR;
	*errno_out = 0;
	if (!trap_from_user(f))
		return kernel_fault(f, address, error);
	if (error & ERROR_RESERVED)
		return false;
	return user_fault(f, address, error, code, errno_out);
}
