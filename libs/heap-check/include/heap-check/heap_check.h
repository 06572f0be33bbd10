/* heap-check/heap_check.h: an allocator around another one that finds what programs do wrong with their memory.
 *
 * Linked with -Wl,--wrap for malloc, calloc, realloc and free (man 1 ld), in builds with debug checks. Fresh memory
 * holds a pattern; words before and behind each block tell of writes past its ends; what is freed is filled
 * with another pattern, waits before it is used again, and is looked at then. realloc() always moves. Blocks of
 * aligned_alloc() and its kin are not known here: nobody may allocate one.
 *
 * Locking: one mutex, inside; nothing is called with it but the allocator around which this is.
 */
#ifndef HEAP_CHECK_HEAP_CHECK_H
#define HEAP_CHECK_HEAP_CHECK_H

#include <stddef.h>

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void __wrap_free(void *block);

/* Look at every block there is, free or not; this happens by itself now and then, and at exit. */
void heap_check_all(void);

/* ---- what the program has ---- */

/* The allocator that is wrapped. */
void *__real_malloc(size_t bytes);
void __real_free(void *block);

/* Tell of a fault; @text is one line without its end. */
void heap_check_report(const char *text) __attribute__((noreturn));

#endif
