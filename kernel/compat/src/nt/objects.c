/* kernel/compat/src/nt/objects.c: handles copied, compared and described, whatever their objects are
 * (Microsoft Learn: ZwDuplicateObject, NtQueryObject, SetHandleInformation). */
#include <io/inode.h>
#include <mm/heap.h>
#include <string.h>

#include "sync.h"

#define PROCESS_DUP_HANDLE 0x0040u

#define DUPLICATE_CLOSE_SOURCE 1u
#define DUPLICATE_SAME_ACCESS 2u
#define DUPLICATE_SAME_ATTRIBUTES 4u

/* ---- copies ---- */

static uint32_t attributes_of(struct process *p, uint64_t handle)
{
	struct handle_table *handles = ps_handles_get(p);
	uint32_t flags = 0;

	if (!handles)
		return 0;
	(void)handle_get_flags(handles, nt_handle_index(handle), &flags, NULL);
	handle_table_put(handles, p);
	return (flags & HANDLE_INHERIT ? NT_OBJ_INHERIT : 0) | (flags & HANDLE_PROTECT ? NT_OBJ_PROTECT_CLOSE : 0);
}

static ntstatus close_in(struct process *p, uint64_t handle)
{
	struct handle_table *handles = ps_handles_get(p);
	uint32_t flags;
	int err;

	if (!handles)
		return STATUS_PROCESS_IS_TERMINATING;
	err = handle_get_flags(handles, nt_handle_index(handle), &flags, NULL);
	if (!err && (flags & HANDLE_PROTECT)) {
		handle_table_put(handles, p);
		return STATUS_HANDLE_NOT_CLOSABLE;
	}
	if (!err)
		err = handle_close(handles, nt_handle_index(handle), p);
	handle_table_put(handles, p);
	return err ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
}

struct copy {
	struct process *from, *to;	/* to: NULL: nowhere */
	uint64_t handle;
	uint32_t access, attributes, options;
};

/* An open file has the rights it was opened with; of other objects their owner may have all. */
static ntstatus access_of_copy(const struct copy *c, const struct object *obj, uint32_t granted, uint32_t *access)
{
	if (c->options & DUPLICATE_SAME_ACCESS) {
		*access = granted;
		return STATUS_SUCCESS;
	}
	*access = nt_map_access(obj->type->kind, c->access);
	if (obj->type->kind == OBJECT_FILE && (*access & ~granted))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

static ntstatus copy_handle(const struct copy *c, uint64_t user_target)
{
	uint32_t granted, access, attributes = c->attributes;
	struct object *obj;
	uint64_t handle = 0;
	ntstatus status = nt_handle_lookup_in(c->from, c->handle, &obj, &granted);

	if (status)
		return status;
	if (c->options & DUPLICATE_SAME_ATTRIBUTES)
		attributes = attributes_of(c->from, c->handle);
	if (c->to) {
		status = access_of_copy(c, obj, granted, &access);
		if (!status)
			status = nt_handle_install_in(c->to, obj, access, attributes, &handle);
	}
	object_put(obj);
	if (!status && user_target && nt_put64(user_target, handle)) {
		close_in(c->to ? c->to : c->from, handle);
		status = STATUS_ACCESS_VIOLATION;
	}
	return status;
}

/* The source is closed even when the copy failed. */
ntstatus nt_sys_NtDuplicateObject(const uint64_t *a)
{
	struct copy c = {
		.handle = a[1],
		.access = (uint32_t)a[4],
		.attributes = (uint32_t)a[5],
		.options = (uint32_t)a[6],
	};
	ntstatus status = nt_process_lookup(a[0], PROCESS_DUP_HANDLE, &c.from), closed = STATUS_SUCCESS;

	if (status)
		return status;
	if (a[2])
		status = nt_process_lookup(a[2], PROCESS_DUP_HANDLE, &c.to);
	if (!status && !a[2] && !(c.options & DUPLICATE_CLOSE_SOURCE))
		status = STATUS_INVALID_PARAMETER;
	if (!status)
		status = copy_handle(&c, a[2] ? a[3] : 0);
	if ((c.options & DUPLICATE_CLOSE_SOURCE) && c.handle != NT_CURRENT_PROCESS && c.handle != NT_CURRENT_THREAD)
		closed = close_in(c.from, c.handle);
	if (c.to)
		ps_put(c.to);
	ps_put(c.from);
	return status ? status : closed;
}

ntstatus nt_sys_NtCompareObjects(const uint64_t *a)
{
	struct object *first, *second;
	ntstatus status = nt_handle_lookup(a[0], 0, 0, &first);

	if (status)
		return status;
	status = nt_handle_lookup(a[1], 0, 0, &second);
	if (!status) {
		status = first == second ? STATUS_SUCCESS : STATUS_NOT_SAME_OBJECT;
		object_put(second);
	}
	object_put(first);
	return status;
}

/* ---- descriptions ---- */

enum object_class { OBJECT_BASIC_CLASS, OBJECT_NAME_CLASS, OBJECT_TYPE_CLASS, OBJECT_TYPES_CLASS, OBJECT_FLAGS_CLASS };

struct basic_information {
	uint32_t attributes, access, handles, references, paged, nonpaged, reserved[3];
	uint32_t name_bytes, type_bytes, security_bytes;
	uint64_t created;
};
_Static_assert(sizeof(struct basic_information) == 0x38, "OBJECT_BASIC_INFORMATION");
struct type_information {
	struct nt_unicode_string name;
	uint32_t objects, handles, reserved[4], peak_objects, peak_handles, reserved2[4];
	uint32_t invalid_attributes, generic[4], valid_access;
	uint8_t has_security, has_handle_counts, index, reserved3;
	uint32_t pool, paged, nonpaged;
};
_Static_assert(sizeof(struct type_information) == 0x68, "OBJECT_TYPE_INFORMATION");
struct flag_information { uint8_t inherit, protect; };

/* What Windows calls the types. */
static const char *const type_names[OBJECT_KIND_END] = {
	[OBJECT_FILE] = "File", [OBJECT_PROCESS] = "Process", [OBJECT_THREAD] = "Thread", [OBJECT_EVENT] = "Event",
	[OBJECT_MUTANT] = "Mutant", [OBJECT_SEMAPHORE] = "Semaphore", [OBJECT_TIMER] = "Timer",
	[OBJECT_IO_COMPLETION] = "IoCompletion", [OBJECT_SECTION] = "Section", [OBJECT_KEY] = "Key",
	[OBJECT_TOKEN] = "Token", [OBJECT_JOB] = "Job", [OBJECT_DIRECTORY] = "Directory",
	[OBJECT_SYMBOLIC_LINK] = "SymbolicLink", [OBJECT_KEYED_EVENT] = "KeyedEvent", [OBJECT_DEBUG] = "DebugObject",
};

struct answer {
	uint64_t buffer, cap, length;	/* user addresses of buffer and length */
};

static ntstatus put_length(const struct answer *to, uint32_t bytes)
{
	return to->length ? nt_put32(to->length, bytes) : STATUS_SUCCESS;
}

static ntstatus answer_basic(struct object *obj, uint64_t handle, uint32_t granted, const struct answer *to)
{
	struct basic_information out = {
		.attributes = attributes_of(ps_current(), handle),
		.access = granted,
		.handles = 1,
		.references = refcount_read(&obj->refs),
	};
	ntstatus status;

	if (to->cap < sizeof(out)) {
		status = put_length(to, sizeof(out));
		return status ? status : STATUS_INFO_LENGTH_MISMATCH;
	}
	status = nt_put(to->buffer, &out, sizeof(out));
	return status ? status : put_length(to, sizeof(out));
}

/* A UNICODE_STRING at the start of @head_bytes, its text and a zero behind them. */
static ntstatus answer_string(void *head, uint32_t head_bytes, const uint16_t *chars, uint32_t n, const struct answer *to)
{
	struct nt_unicode_string *string = head;
	uint32_t text_bytes = n ? (n + 1) * 2 : 0, total = head_bytes + text_bytes;
	ntstatus status = put_length(to, total);

	if (status)
		return status;
	if (to->cap < total)
		return to->cap < head_bytes ? STATUS_INFO_LENGTH_MISMATCH : STATUS_BUFFER_OVERFLOW;
	*string = (struct nt_unicode_string){
		.bytes = (uint16_t)(n * 2),
		.max_bytes = (uint16_t)text_bytes,
		.buffer = n ? to->buffer + head_bytes : 0,
	};
	status = nt_put(to->buffer, head, head_bytes);
	if (!status && n)
		status = nt_put(to->buffer + head_bytes, chars, n * 2);
	if (!status && n)
		status = nt_put(to->buffer + head_bytes + n * 2, &(uint16_t){ 0 }, 2);
	return status;
}

#define PATH_BYTES 4096
#define PREFIX_CHARS 4u		/* \??\ */

/* The NT name of an open file's inode in kmalloc'd memory; NULL and no characters: it has none. */
static ntstatus file_name(struct object *obj, uint16_t **chars, uint32_t *n)
{
	static const uint16_t prefix[PREFIX_CHARS] = { '\\', '?', '?', '\\' };
	struct inode *inode = file_from_object(obj)->inode;
	uint16_t *name;
	char *path;

	*chars = NULL;
	*n = 0;
	if (!inode || (!inode_is_regular(inode) && !inode_is_dir(inode)))
		return STATUS_SUCCESS;
	path = kmalloc(PATH_BYTES + 1, 0);	/* the path comes without its end */
	if (!path)
		return STATUS_NO_MEMORY;
	if (vfs_path_of(inode, path, PATH_BYTES) < 0) {
		kfree(path);
		return STATUS_FILE_DELETED;
	}
	name = nt_name_of_path(path, n);
	kfree(path);
	if (name)
		*chars = kmalloc((PREFIX_CHARS + *n) * 2, HEAP_NOZERO);
	if (*chars) {
		memcpy(*chars, prefix, sizeof(prefix));
		memcpy(*chars + PREFIX_CHARS, name, *n * 2);
		*n += PREFIX_CHARS;
	}
	kfree(name);
	return *chars ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static ntstatus answer_name(struct object *obj, const struct answer *to)
{
	struct nt_unicode_string head;
	uint16_t *chars;
	uint32_t n;
	ntstatus status = obj->type->kind == OBJECT_FILE ? file_name(obj, &chars, &n) : nt_object_name(obj, &chars, &n);

	if (status)
		return status;
	status = answer_string(&head, sizeof(head), chars, n, to);
	kfree(chars);
	return status;
}

uint32_t nt_type_name(const struct object *obj, uint16_t out[NT_TYPE_NAME_CHARS])
{
	const char *name = type_names[obj->type->kind] ? type_names[obj->type->kind] : obj->type->name;
	uint32_t n = nt_utf16(name, strlen(name), out, NT_TYPE_NAME_CHARS);

	return MIN(n, NT_TYPE_NAME_CHARS);
}

static ntstatus answer_type(struct object *obj, const struct answer *to)
{
	struct type_information out = {
		.objects = 1,
		.handles = 1,
		.valid_access = nt_map_access(obj->type->kind, NT_GENERIC_ALL),
		.index = (uint8_t)obj->type->kind,
	};
	uint16_t chars[NT_TYPE_NAME_CHARS];
	uint32_t n = nt_type_name(obj, chars);

	return answer_string(&out, sizeof(out), chars, n, to);
}

static ntstatus answer_flags(uint64_t handle, const struct answer *to)
{
	uint32_t attributes = attributes_of(ps_current(), handle);
	struct flag_information out = {
		.inherit = !!(attributes & NT_OBJ_INHERIT),
		.protect = !!(attributes & NT_OBJ_PROTECT_CLOSE),
	};
	ntstatus status;

	if (to->cap < sizeof(out))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_put(to->buffer, &out, sizeof(out));
	return status ? status : put_length(to, sizeof(out));
}

ntstatus nt_sys_NtQueryObject(const uint64_t *a)
{
	struct answer to = { a[2], (uint32_t)a[3], a[4] };
	struct object *obj;
	uint32_t granted;
	ntstatus status = nt_handle_lookup_in(ps_current(), a[0], &obj, &granted);

	if (status)
		return status;
	switch ((uint32_t)a[1]) {
	case OBJECT_BASIC_CLASS:
		status = answer_basic(obj, a[0], granted, &to);
		break;
	case OBJECT_NAME_CLASS:
		status = answer_name(obj, &to);
		break;
	case OBJECT_TYPE_CLASS:
		status = answer_type(obj, &to);
		break;
	case OBJECT_FLAGS_CLASS:
		status = answer_flags(a[0], &to);
		break;
	default:
		status = STATUS_INVALID_INFO_CLASS;
		break;
	}
	object_put(obj);
	return status;
}

ntstatus nt_sys_NtSetInformationObject(const uint64_t *a)
{
	struct handle_table *handles = ps_current()->handles;
	struct flag_information in;
	uint32_t flags;
	ntstatus status;

	if ((uint32_t)a[1] != OBJECT_FLAGS_CLASS)
		return STATUS_INVALID_INFO_CLASS;
	if ((uint32_t)a[3] < sizeof(in))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_get(&in, a[2], sizeof(in));
	if (status)
		return status;
	flags = (in.inherit ? HANDLE_INHERIT : HANDLE_CLOEXEC) | (in.protect ? HANDLE_PROTECT : 0);
	return handle_set_flags(handles, nt_handle_index(a[0]), flags) ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
}
