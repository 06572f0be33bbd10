/* kernel/object/src/object.c: reference counts of typed objects. */
#include <object/object.h>

void object_init(struct object *obj, const struct object_type *type)
{
	refcount_set(&obj->refs, 1);
	obj->type = type;
}

void object_put(struct object *obj)
{
	if (obj && refcount_put(&obj->refs))
		obj->type->release(obj);
}
