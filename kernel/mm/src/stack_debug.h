/* kernel/mm/src/stack_debug.h: how deep kernel stacks are used; nothing in release builds. */
#ifndef MM_STACK_DEBUG_H
#define MM_STACK_DEBUG_H

#include <mm/frame.h>

#ifdef CONFIG_DEBUG
/* The stack that ends at @top is nobody's yet. */
void stack_debug_paint(uint64_t top);
#else
static inline void stack_debug_paint(uint64_t top) { }
#endif

#endif
