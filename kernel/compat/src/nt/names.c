/* kernel/compat/src/nt/names.c: handles of new objects and of named ones. */
#include "sync.h"

ntstatus nt_create_object(uint64_t user_handle, uint32_t access, uint64_t user_attributes, enum object_kind kind,
	ntstatus (*make)(void *arg, struct object **out), void *arg)
{
	struct nt_attributes name;
	struct object *obj = NULL;
	ntstatus status = nt_attributes_in(user_attributes, &name);

	if (status)
		return status;
	status = make(arg, &obj);
	if (!status) {
		status = nt_handle_install(obj, nt_map_access(kind, access), name.flags, user_handle);
		object_put(obj);
	}
	nt_attributes_free(&name);
	return status;
}

ntstatus nt_open_object(uint64_t user_handle, uint32_t access, uint64_t user_attributes, enum object_kind kind)
{
	struct nt_attributes name;
	ntstatus status = nt_attributes_in(user_attributes, &name);

	if (status)
		return status;
	status = name.name.nchars ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_SYNTAX_BAD;
	nt_attributes_free(&name);
	return status;
}
