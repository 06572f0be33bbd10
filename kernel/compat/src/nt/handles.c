/* kernel/compat/src/nt/handles.c: the NT view of the handle table (DECISIONS 52; [MS-DTYP] 2.4.3). */
#include "nt.h"

#include <io/file.h>

#define MAX_HANDLE 0xffffff	/* no limit of the NT view's own: memory is */

#define GENERIC_READ 0x80000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_ALL 0x10000000u
#define MAXIMUM_ALLOWED 0x02000000u
#define GENERIC_BITS (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL | MAXIMUM_ALLOWED)

#define STANDARD_READ 0x00020000u	/* READ_CONTROL; STANDARD_RIGHTS_WRITE and _EXECUTE are the same */
#define STANDARD_REQUIRED 0x000f0000u
#define SYNCHRONIZE 0x00100000u

#define FILE_READ_BITS 0x00000089u	/* READ_DATA | READ_EA | READ_ATTRIBUTES */
#define FILE_WRITE_BITS 0x00000116u	/* WRITE_DATA | APPEND_DATA | WRITE_EA | WRITE_ATTRIBUTES */

struct generic { uint32_t read, write, execute, all; };

static const struct generic generics[OBJECT_KIND_END] = {
	[OBJECT_FILE] = { STANDARD_READ | SYNCHRONIZE | FILE_READ_BITS, STANDARD_READ | SYNCHRONIZE | FILE_WRITE_BITS,
			  STANDARD_READ | SYNCHRONIZE | 0xa0, STANDARD_REQUIRED | SYNCHRONIZE | 0x1ff },
	[OBJECT_PROCESS] = { STANDARD_READ | 0x0410, STANDARD_READ | 0x0bea, STANDARD_READ | SYNCHRONIZE | 0x1001,
			     STANDARD_REQUIRED | SYNCHRONIZE | 0xffff },
	[OBJECT_THREAD] = { STANDARD_READ | 0x0048, STANDARD_READ | 0x0437, STANDARD_READ | SYNCHRONIZE | 0x0800,
			    STANDARD_REQUIRED | SYNCHRONIZE | 0xffff },
	[OBJECT_EVENT] = { STANDARD_READ | 1, STANDARD_READ | 2, STANDARD_READ | SYNCHRONIZE,
			   STANDARD_REQUIRED | SYNCHRONIZE | 3 },
	[OBJECT_MUTANT] = { STANDARD_READ | 1, STANDARD_READ, STANDARD_READ | SYNCHRONIZE,
			    STANDARD_REQUIRED | SYNCHRONIZE | 1 },
	[OBJECT_SEMAPHORE] = { STANDARD_READ | 1, STANDARD_READ | 2, STANDARD_READ | SYNCHRONIZE,
			       STANDARD_REQUIRED | SYNCHRONIZE | 3 },
	[OBJECT_TIMER] = { STANDARD_READ | 1, STANDARD_READ | 2, STANDARD_READ | SYNCHRONIZE,
			   STANDARD_REQUIRED | SYNCHRONIZE | 3 },
	[OBJECT_IO_COMPLETION] = { STANDARD_READ | 1, STANDARD_READ | 2, STANDARD_READ | SYNCHRONIZE,
				   STANDARD_REQUIRED | SYNCHRONIZE | 3 },
	[OBJECT_SECTION] = { STANDARD_READ | 5, STANDARD_READ | 2, STANDARD_READ | 8, STANDARD_REQUIRED | 0x1f },
	[OBJECT_KEY] = { STANDARD_READ | 0x19, STANDARD_READ | 0x06, STANDARD_READ | 0x19, STANDARD_REQUIRED | 0x3f },
	[OBJECT_TOKEN] = { STANDARD_READ | 8, STANDARD_READ | 0xe0, STANDARD_READ, STANDARD_REQUIRED | 0x1ff },
	[OBJECT_JOB] = { STANDARD_READ | 4, STANDARD_READ | 0x0b, STANDARD_READ | SYNCHRONIZE,
			 STANDARD_REQUIRED | SYNCHRONIZE | 0x1f },
	[OBJECT_DIRECTORY] = { STANDARD_READ | 3, STANDARD_READ | 0x0c, STANDARD_READ | 3, STANDARD_REQUIRED | 0x0f },
	[OBJECT_SYMBOLIC_LINK] = { STANDARD_READ | 1, STANDARD_READ, STANDARD_READ | 1, STANDARD_REQUIRED | 1 },
	[OBJECT_KEYED_EVENT] = { STANDARD_READ | 1, STANDARD_READ | 2, STANDARD_READ, STANDARD_REQUIRED | 3 },
	[OBJECT_DEBUG] = { STANDARD_READ | 1, STANDARD_READ | 2, STANDARD_READ | SYNCHRONIZE,
			   STANDARD_REQUIRED | SYNCHRONIZE | 0x0f },
};

uint32_t nt_map_access(enum object_kind kind, uint32_t access)
{
	const struct generic *g = &generics[kind];
	uint32_t mapped = access & ~GENERIC_BITS;

	if (access & GENERIC_READ)
		mapped |= g->read;
	if (access & GENERIC_WRITE)
		mapped |= g->write;
	if (access & GENERIC_EXECUTE)
		mapped |= g->execute;
	if (access & (GENERIC_ALL | MAXIMUM_ALLOWED))
		mapped |= g->all;
	return mapped;
}

/* What the rights of a descriptor are to the NT view. */
static uint32_t access_of_rights(const struct object *obj)
{
	const struct file *f = (const struct file *)obj;
	uint32_t access = 0;

	if (obj->type->kind != OBJECT_FILE)
		return generics[obj->type->kind].all;
	if (f->access & RIGHT_READ)
		access |= GENERIC_READ;
	if (f->access & RIGHT_WRITE)
		access |= GENERIC_WRITE;
	return nt_map_access(OBJECT_FILE, access) | SYNCHRONIZE | STANDARD_READ;
}

static uint32_t flags_of_attributes(uint32_t attributes)
{
	uint32_t flags = attributes & NT_OBJ_INHERIT ? HANDLE_INHERIT : HANDLE_CLOEXEC;

	return flags | (attributes & NT_OBJ_PROTECT_CLOSE ? HANDLE_PROTECT : 0);
}

ntstatus nt_handle_install_in(struct process *p, struct object *obj, uint32_t access, uint32_t attributes, uint64_t *handle)
{
	struct handle_table *handles = ps_handles_get(p);
	int h;

	if (!handles)
		return STATUS_PROCESS_IS_TERMINATING;
	h = handle_install(handles, obj, RIGHT_ALL, flags_of_attributes(attributes), 0, MAX_HANDLE);
	if (h >= 0) {
		/* A thread that closes handles it was never given has what it asked for. */
		(void)handle_set_access(handles, h, obj, access);
		*handle = nt_handle_value(h);
	}
	handle_table_put(handles, p);
	return nt_status(MIN(h, 0));
}

ntstatus nt_handle_install(struct object *obj, uint32_t access, uint32_t attributes, uint64_t out)
{
	struct process *p = ps_current();
	uint64_t handle;
	ntstatus status = nt_handle_install_in(p, obj, access, attributes, &handle);

	if (status)
		return status;
	status = nt_put64(out, handle);
	if (!nt_success(status))
		(void)handle_close(p->handles, nt_handle_index(handle), p);
	return status;
}

/* A reference in *@out. */
static void lookup_pseudo(uint64_t handle, struct object **out)
{
	if (handle == NT_CURRENT_PROCESS)
		*out = &ps_current()->object;
	else
		*out = &ps_current_thread()->object;
	object_get(*out);
}

ntstatus nt_handle_lookup_in(struct process *p, uint64_t handle, struct object **out, uint32_t *granted)
{
	struct handle_table *handles;
	int h = nt_handle_index(handle), err;

	if (p == ps_current() && (handle == NT_CURRENT_PROCESS || handle == NT_CURRENT_THREAD)) {
		lookup_pseudo(handle, out);
		*granted = generics[(*out)->type->kind].all;
		return STATUS_SUCCESS;
	}
	if (handle >> 32 && (int64_t)handle >> 32 != -1)
		return STATUS_INVALID_HANDLE;
	handles = ps_handles_get(p);
	if (!handles)
		return STATUS_PROCESS_IS_TERMINATING;
	err = handle_lookup(handles, h, 0, 0, out);
	if (!err && handle_get_access(handles, h, granted)) {
		object_put(*out);
		err = -EBADF;
	}
	handle_table_put(handles, p);
	if (!err && !*granted)
		*granted = access_of_rights(*out);
	return err ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
}

ntstatus nt_handle_lookup(uint64_t handle, enum object_kind kind, uint32_t access, struct object **out)
{
	uint32_t granted;
	ntstatus status = nt_handle_lookup_in(ps_current(), handle, out, &granted);

	if (status)
		return status;
	if (kind && (*out)->type->kind != kind)
		status = STATUS_OBJECT_TYPE_MISMATCH;
	else if (access & ~granted)
		status = STATUS_ACCESS_DENIED;
	if (status) {
		object_put(*out);
		*out = NULL;
	}
	return status;
}

ntstatus nt_process_lookup(uint64_t handle, uint32_t access, struct process **out)
{
	struct object *obj;
	ntstatus status = nt_handle_lookup(handle, OBJECT_PROCESS, access, &obj);

	if (!status)
		*out = (struct process *)obj;
	return status;
}

ntstatus nt_thread_lookup(uint64_t handle, uint32_t access, struct ps_thread **out)
{
	struct object *obj;
	ntstatus status = nt_handle_lookup(handle, OBJECT_THREAD, access, &obj);

	if (!status)
		*out = ps_thread_from_object(obj);
	return status;
}

ntstatus nt_sys_NtClose(const uint64_t *a)
{
	struct process *p = ps_current();
	int h = nt_handle_index(a[0]);
	uint32_t flags;

	if (a[0] == NT_CURRENT_PROCESS || a[0] == NT_CURRENT_THREAD)
		return STATUS_SUCCESS;
	if (handle_get_flags(p->handles, h, &flags, NULL))
		return STATUS_INVALID_HANDLE;
	if (flags & HANDLE_PROTECT)
		return STATUS_HANDLE_NOT_CLOSABLE;
	return handle_close(p->handles, h, p) ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
}
