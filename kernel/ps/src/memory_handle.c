/* kernel/ps/src/memory_handle.c: a memory object as something a handle can name. */
#include "internal.h"

struct memory_handle {
	struct object object;	/* first */
	struct mm_object *memory;
};
HEAP_CACHE(memory_handle_cache, "memory-handle", sizeof(struct memory_handle));

static void memory_handle_release(struct object *obj)
{
	struct memory_handle *h = (struct memory_handle *)obj;

	mm_object_put(h->memory);
	heap_cache_free(&memory_handle_cache, h);
}

static const struct object_type memory_handle_type = {
	.name = "memory",
	.kind = OBJECT_MEMORY,
	.release = memory_handle_release,
};

int memory_handle_create(struct mm_object *mo, struct object **out)
{
	struct memory_handle *h = heap_cache_alloc(&memory_handle_cache, 0);

	if (!h)
		return -ENOMEM;
	object_init(&h->object, &memory_handle_type);
	mm_object_get(mo);
	h->memory = mo;
	*out = &h->object;
	return 0;
}

struct mm_object *memory_handle_object(struct object *obj)
{
	return ((struct memory_handle *)obj)->memory;
}
