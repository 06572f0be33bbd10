/* kernel/mm/src/heap_debug.h: poison and quarantine of freed heap memory; nothing in release builds. */
#ifndef MM_HEAP_DEBUG_H
#define MM_HEAP_DEBUG_H

#include <mm/heap.h>

#ifdef CONFIG_DEBUG
#define HEAP_HAS_QUARANTINE 1
/* Object size with room for the state word behind it. */
uint32_t heap_debug_object_bytes(uint32_t bytes);
void heap_debug_mark_free(void *object, uint32_t bytes);
/* Panics when the object was written after it was freed. */
void heap_debug_mark_used(struct heap_cache *c, void *object, uint32_t bytes);
/* Panics when @object is free already; else it is no longer live. Returns: an object, of
 * any cache, to free really; or NULL. */
void *heap_debug_quarantine(struct heap_cache *c, void *object, uint32_t bytes);
#else
#define HEAP_HAS_QUARANTINE 0
static inline uint32_t heap_debug_object_bytes(uint32_t bytes) { return bytes; }
static inline void heap_debug_mark_free(void *object, uint32_t bytes) { }
static inline void heap_debug_mark_used(struct heap_cache *c, void *object, uint32_t bytes) { }
static inline void *heap_debug_quarantine(struct heap_cache *c, void *object, uint32_t bytes) { return object; }
#endif

#endif
