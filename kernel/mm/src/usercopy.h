/* kernel/mm/src/usercopy.h: the assembly that touches user memory.
 *
 * Each returns the bytes (or words) that were not done when an access could not be
 * resolved. From usercopy_start on a fault is resolved, which may sleep; from
 * usercopy_nofault_start on it fails at once.
 */
#ifndef MM_USERCOPY_INTERNAL_H
#define MM_USERCOPY_INTERNAL_H

#include <nucleus/compiler.h>

extern const char usercopy_start[], usercopy_nofault_start[];

size_t usercopy_copy(void *dst, const void *src, size_t n);
size_t usercopy_clear(void *dst, size_t n);
/* Returns: the length without NUL; @size when there is none; -1 for a fault. */
int64_t usercopy_string(char *dst, const char *src, size_t size);

size_t usercopy_copy_nofault(void *dst, const void *src, size_t n);
/* Returns: 0, *@expected as found; 1 for a fault. */
int usercopy_cmpxchg32_nofault(uint32_t *p, uint32_t *expected, uint32_t desired);

/* Nonzero: user pages are only reachable between stac and clac. */
extern uint8_t usercopy_has_smap;
void usercopy_init_cpu(void);

#endif
