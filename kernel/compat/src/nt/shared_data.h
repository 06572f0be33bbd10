/* kernel/compat/src/nt/shared_data.h: KUSER_SHARED_DATA, one page for all NT processes, and our user-mode stubs. */
#ifndef COMPAT_NT_SHARED_DATA_H
#define COMPAT_NT_SHARED_DATA_H

#include <mm/object.h>

/* The page's object, a reference; made, and its clocks started, at the first call. -ENOMEM. */
int nt_shared_data(struct mm_object **out);
/* Bring its clocks up to date: whoever has waited for time sees that it passed. */
void nt_shared_data_tick(void);
/* Code for user mode: at NT_STUB_UNIX_CALL what libwine's DLLs call for their Unix halves, which says
 * STATUS_NOT_SUPPORTED but for the time of day; NT_STUB_NTDLL and NT_STUB_TABLE name ntdll's half and all others'. -ENOMEM. */
int nt_stubs(struct mm_object **out);

#define NT_STUBS_ADDRESS 0x7ffd0000ull
#define NT_STUB_UNIX_CALL 0x000ull
#define NT_STUB_NTDLL 0x700ull
#define NT_STUB_TABLE 0x800ull
#define NT_STUB_TABLE_WORDS 256u

/* 100 ns units. */
#define NT_TICKS_PER_SECOND 10000000ull
#define NT_NS_PER_TICK 100u
#define NT_EPOCH_TICKS 116444736000000000ull	/* from 1601 to 1970 */

#endif
