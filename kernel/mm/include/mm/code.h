/* kernel/mm/include/mm/code.h: memory for code that joins the kernel's own.
 *
 * It lies in the top 2 GiB, where the kernel's code model reaches, with a page that
 * is not mapped behind each piece. It is never writable and executable at once.
 * Context: process; may sleep.
 */
#ifndef MM_CODE_H
#define MM_CODE_H

#include <nucleus/compiler.h>

#define MM_CODE_BASE 0xffffffffa0000000ull
#define MM_CODE_END 0xfffffffffe000000ull

enum mm_code_access { MM_CODE_WRITE, MM_CODE_READ, MM_CODE_EXECUTE };

/* @npages zeroed pages that may be written. Returns: their address; 0 without memory or room. */
uint64_t mm_code_alloc(size_t npages);

/* From its return on, on every CPU. */
void mm_code_protect(uint64_t address, size_t npages, enum mm_code_access access);

/* Give back what mm_code_alloc() gave; nothing runs there any more. Its addresses are not used again. */
void mm_code_free(uint64_t address, size_t npages);

#endif
