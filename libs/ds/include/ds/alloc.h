/* ds/alloc.h: where a structure that needs memory gets it.
 *
 * The structures here never pick an allocator: the kernel hands in its heap,
 * a service its malloc, a test one that fails on demand.
 */
#ifndef DS_ALLOC_H
#define DS_ALLOC_H

#include <stddef.h>

struct ds_alloc_ops {
	/* Memory aligned for any object, contents undefined; NULL when there is none. */
	void *(*alloc)(void *ctx, size_t len_bytes);
	void (*free)(void *ctx, void *ptr);
};

#endif
