/* kernel/compat/src/nt/keys.c: the registry's services: hived owns the keys, a handle refers to one by its id
 * (Microsoft Learn: ZwCreateKey and kin; wdm.h for the information classes).
 */
#include <albireo/hive.h>
#include <albireo/services.h>
#include <ipc/endpoint.h>
#include <mm/heap.h>
#include <string.h>

#include "key_leases.h"
#include "keys.h"

#define KEY_QUERY_VALUE 0x01u
#define KEY_SET_VALUE 0x02u
#define KEY_CREATE_SUB_KEY 0x04u
#define KEY_ENUMERATE_SUB_KEYS 0x08u
#define KEY_WOW64 0x0300u	/* which half of a 32-bit system's registry: there is one */
#define DELETE 0x00010000u
#define REG_OPTION_VOLATILE 1u
enum disposition { CREATED_NEW_KEY = 1, OPENED_EXISTING_KEY };

enum key_class { KEY_BASIC, KEY_NODE, KEY_FULL, KEY_NAME, KEY_CACHED };
enum value_class { VALUE_BASIC, VALUE_FULL, VALUE_PARTIAL, VALUE_FULL_ALIGN64, VALUE_PARTIAL_ALIGN64 };

HEAP_CACHE(key_cache, "nt-key", sizeof(struct nt_key));

static void key_release(struct object *obj)
{
	nt_key_watch_end((struct nt_key *)obj);
	heap_cache_free(&key_cache, obj);
}

static const struct object_type key_type = {
	.name = "key",
	.kind = OBJECT_KEY,
	.release = key_release,
};

/* ---- asking hived ---- */

static ntstatus status_of(int64_t err)
{
	switch (err) {
	case -ESTALE:
		return STATUS_KEY_DELETED;
	case -ERANGE:
		return STATUS_NO_MORE_ENTRIES;
	case -ENOTEMPTY:
		return STATUS_ACCESS_DENIED;
	case -EPERM:
		return STATUS_CANNOT_DELETE;
	case -EBUSY:
		return STATUS_CHILD_MUST_BE_VOLATILE;
	case -EINVAL:
		return STATUS_INVALID_PARAMETER;
	case -E2BIG:
		return STATUS_INSUFFICIENT_RESOURCES;
	default:
		return nt_status(err);
	}
}

static ntstatus ask(struct ipc_kernel_call *call)
{
	int err = ipc_call_service(SERVICE_HIVED, call);

	return status_of(err ? err : (int64_t)call->words[0]);
}

#define MAX_CHAIN (IPC_MAX_DATA / sizeof(uint64_t))

/* The same for what changes a key: who waits for @filter is told. */
static ntstatus ask_to_change(struct ipc_kernel_call *call, uint32_t filter)
{
	uint64_t *chain = NULL;
	ntstatus status;

	if (nt_keys_are_watched())
		chain = kmalloc(IPC_MAX_DATA, HEAP_NOZERO);
	if (chain) {
		call->reply_data = chain;
		call->reply_cap = IPC_MAX_DATA;
		call->words[HIVED_WANTS_CHAIN] = 1;
	}
	status = ask(call);
	if (!status && chain)
		nt_key_changed(chain, MIN(call->reply_len / sizeof(*chain), MAX_CHAIN), filter);
	kfree(chain);
	return status;
}

static ntstatus key_lookup(uint64_t handle, uint32_t access, uint64_t *id)
{
	struct object *obj;
	ntstatus status = nt_handle_lookup(handle, OBJECT_KEY, access, &obj);

	if (status)
		return status;
	*id = ((struct nt_key *)obj)->id;
	object_put(obj);
	return STATUS_SUCCESS;
}

/* ---- opening ---- */

static const uint16_t prefix[] = { '\\', 'r', 'e', 'g', 'i', 's', 't', 'r', 'y' };

static bool skip_prefix(struct nt_string *s)
{
	if (s->nchars < ARRAY_SIZE(prefix))
		return false;
	for (uint32_t i = 0; i < ARRAY_SIZE(prefix); i++) {
		uint16_t c = s->chars[i];

		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != prefix[i])
			return false;
	}
	if (s->nchars > ARRAY_SIZE(prefix) && s->chars[ARRAY_SIZE(prefix)] != '\\')
		return false;
	s->chars += ARRAY_SIZE(prefix);
	s->nchars -= ARRAY_SIZE(prefix);
	return true;
}

static ntstatus install(uint64_t id, uint32_t access, uint32_t attributes, uint64_t out)
{
	struct nt_key *k = heap_cache_alloc(&key_cache, 0);
	ntstatus status;

	if (!k)
		return STATUS_NO_MEMORY;
	object_init(&k->object, &key_type);
	k->id = id;
	status = nt_handle_install(&k->object, nt_map_access(OBJECT_KEY, access) & ~KEY_WOW64, attributes, out);
	object_put(&k->object);
	return status;
}

/* An absolute path of more than one part. */
static bool has_parts(const struct nt_string *path)
{
	for (uint32_t i = 1; i < path->nchars; i++)
		if (path->chars[i] == '\\')
			return true;
	return false;
}

struct opening {
	uint64_t user_handle, user_disposition;
	uint32_t access, flags;
	struct nt_string class;
};

/* What hived says of @path: the key in *@id, and whether it was made. */
static ntstatus ask_for_key(const struct opening *o, uint64_t from, const struct nt_string *path, uint64_t *id, bool *created)
{
	uint32_t bytes = path->nchars * 2, class_bytes = o->class.nchars * 2;
	struct ipc_kernel_call call = { .words = { HIVED_OPEN_KEY, from, o->flags, class_bytes } };
	char *data = kmalloc(bytes + class_bytes + 1, HEAP_NOZERO);
	ntstatus status;

	if (!data)
		return STATUS_NO_MEMORY;
	memcpy(data, path->chars, bytes);
	if (class_bytes)
		memcpy(data + bytes, o->class.chars, class_bytes);
	call.data = data;
	call.data_len = bytes + class_bytes;
	status = o->flags & HIVE_OPEN_CREATE ? ask_to_change(&call, REG_NOTIFY_CHANGE_NAME) : ask(&call);
	kfree(data);
	*id = call.words[1];
	*created = !status && call.words[2];
	/* A part that is missing where a key is to be made says nothing of who only opens. */
	if ((!status && !*created) || (status == STATUS_OBJECT_NAME_NOT_FOUND && !(o->flags & HIVE_OPEN_CREATE)))
		nt_key_lease_grant(from, path, status ? 0 : *id, call.words[HIVED_SEQ]);
	return status;
}

static ntstatus find_key(const struct opening *o, uint64_t from, const struct nt_string *path, uint64_t *id, bool *created)
{
	*created = false;
	if (!nt_key_lease_find(from, path, id) || (!*id && (o->flags & HIVE_OPEN_CREATE)))
		return ask_for_key(o, from, path, id, created);
	return *id ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

static ntstatus open_at(const struct opening *o, uint64_t from, const struct nt_string *path, uint32_t attributes)
{
	uint64_t id;
	bool created;
	ntstatus status = find_key(o, from, path, &id, &created);

	if (!status)
		status = install(id, o->access, attributes, o->user_handle);
	if (!status && o->user_disposition)
		status = nt_put32(o->user_disposition, created ? CREATED_NEW_KEY : OPENED_EXISTING_KEY);
	return status;
}

static ntstatus open_key(const struct opening *o, uint64_t user_attributes)
{
	struct nt_attributes a;
	struct nt_string path;
	uint64_t from = HIVE_ROOT;
	ntstatus status = nt_attributes_in(user_attributes, &a);

	if (status)
		return status;
	path = a.name;
	/* What may be made below a key is its owner's to say, not the handle's (Microsoft Learn: RegCreateKeyExW). */
	if (a.root) {
		status = key_lookup(a.root, 0, &from);
		if (!status && path.nchars && *path.chars == '\\')
			status = STATUS_OBJECT_PATH_SYNTAX_BAD;
	} else if (!path.nchars || *path.chars != '\\') {
		status = STATUS_OBJECT_PATH_SYNTAX_BAD;
	} else if (!skip_prefix(&path)) {
		status = has_parts(&path) ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_OBJECT_NAME_NOT_FOUND;
	}
	if (!status)
		status = open_at(o, from, &path, a.flags);
	nt_attributes_free(&a);
	return status;
}

ntstatus nt_sys_NtOpenKey(const uint64_t *a)
{
	struct opening o = { .user_handle = a[0], .access = (uint32_t)a[1] };

	return open_key(&o, a[2]);
}

ntstatus nt_sys_NtOpenKeyEx(const uint64_t *a)
{
	return nt_sys_NtOpenKey(a);
}

ntstatus nt_sys_NtCreateKey(const uint64_t *a)
{
	struct opening o = {
		.user_handle = a[0],
		.access = (uint32_t)a[1],
		.flags = HIVE_OPEN_CREATE | (a[5] & REG_OPTION_VOLATILE ? HIVE_OPEN_VOLATILE : 0),
		.user_disposition = a[6],
	};
	ntstatus status = nt_string_in(a[4], &o.class);

	if (!status)
		status = open_key(&o, a[2]);
	nt_string_free(&o.class);
	return status;
}

ntstatus nt_sys_NtDeleteKey(const uint64_t *a)
{
	struct ipc_kernel_call call = { .words = { HIVED_DELETE_KEY } };
	uint64_t id;
	ntstatus status = key_lookup(a[0], DELETE, &id);

	if (status)
		return status;
	call.words[1] = id;
	status = ask_to_change(&call, REG_NOTIFY_CHANGE_NAME);
	if (!status)
		nt_key_deleted(id);
	return status;
}

ntstatus nt_sys_NtFlushKey(const uint64_t *a)
{
	uint64_t id;

	return key_lookup(a[0], 0, &id);	/* nothing is kept back */
}

ntstatus nt_sys_NtRenameKey(const uint64_t *a)
{
	struct ipc_kernel_call call = { .words = { HIVED_RENAME_KEY } };
	struct nt_string name;
	ntstatus status = nt_string_in(a[1], &name);

	if (!status)
		status = key_lookup(a[0], KEY_SET_VALUE, &call.words[1]);
	if (!status) {
		call.data = name.chars;
		call.data_len = name.nchars * 2;
		status = ask_to_change(&call, REG_NOTIFY_CHANGE_NAME);
	}
	nt_string_free(&name);
	return status;
}

/* ---- answers that may be cut: a fixed part, then text or data ---- */

struct reply {
	uint64_t buffer;
	uint32_t cap;
	uint64_t length;	/* user address of a ULONG */
};

static ntstatus put_reply(const struct reply *r, const void *fixed, uint32_t fixed_bytes, const void *tail, uint32_t tail_bytes)
{
	uint32_t room;

	if (nt_put32(r->length, fixed_bytes + tail_bytes))
		return STATUS_ACCESS_VIOLATION;
	if (r->cap < fixed_bytes)
		return STATUS_BUFFER_TOO_SMALL;
	room = MIN(r->cap - fixed_bytes, tail_bytes);
	if (nt_put(r->buffer, fixed, fixed_bytes) || nt_put(r->buffer + fixed_bytes, tail, room))
		return STATUS_ACCESS_VIOLATION;
	return room < tail_bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

struct answer { struct ipc_kernel_call call; char *data; };

static ntstatus ask_for_data(struct answer *answer, uint32_t least)
{
	ntstatus status;

	answer->data = kmalloc(IPC_MAX_DATA, HEAP_NOZERO);
	if (!answer->data)
		return STATUS_NO_MEMORY;
	answer->call.reply_data = answer->data;
	answer->call.reply_cap = IPC_MAX_DATA;
	status = ask(&answer->call);
	return status || answer->call.reply_len >= least ? status : STATUS_INTERNAL_ERROR;
}

static ntstatus key_basic(const struct hive_key_info *i, const char *name, const struct reply *r)
{
	struct { uint64_t written; uint32_t title, name_bytes; } out = { i->written, 0, i->name_bytes };

	return put_reply(r, &out, sizeof(out), name, i->name_bytes);
}

static ntstatus key_node(const struct hive_key_info *i, const char *name, const struct reply *r)
{
	struct { uint64_t written; uint32_t title, class_at, class_bytes, name_bytes; } out = {
		i->written, 0, i->class_bytes ? 24 + i->name_bytes : ~0u, i->class_bytes, i->name_bytes };

	return put_reply(r, &out, sizeof(out), name, i->name_bytes + i->class_bytes);
}

static ntstatus key_full(const struct hive_key_info *i, const char *class, const struct reply *r)
{
	struct { uint64_t written; uint32_t title, class_at, class_bytes, nkeys, max_name, max_class, nvalues, max_value_name,
		max_value; } out = { i->written, 0, i->class_bytes ? 44 : ~0u, i->class_bytes, i->nkeys, i->max_name_bytes,
		i->max_class_bytes, i->nvalues, i->max_value_name_bytes, i->max_value_bytes };

	return put_reply(r, &out, 44, class, i->class_bytes);
}

static ntstatus key_cached(const struct hive_key_info *i, const struct reply *r)
{
	struct { uint64_t written; uint32_t title, nkeys, max_name, nvalues, max_value_name, max_value, name_bytes, pad; } out = {
		i->written, 0, i->nkeys, i->max_name_bytes, i->nvalues, i->max_value_name_bytes, i->max_value_bytes,
		i->name_bytes, 0 };

	return put_reply(r, &out, sizeof(out), NULL, 0);
}

static ntstatus tell_key(const struct answer *answer, uint32_t class, const struct reply *r)
{
	const struct hive_key_info *i = (const struct hive_key_info *)answer->data;
	const char *name = (const char *)(i + 1);

	switch (class) {
	case KEY_BASIC:
		return key_basic(i, name, r);
	case KEY_NODE:
		return key_node(i, name, r);
	case KEY_FULL:
		return key_full(i, name + i->name_bytes, r);
	default:
		return key_cached(i, r);
	}
}

static ntstatus tell_path(uint64_t id, const struct reply *r)
{
	struct answer answer = { .call = { .words = { HIVED_PATH, id } } };
	ntstatus status = ask_for_data(&answer, 0);

	if (!status)
		status = put_reply(r, &answer.call.reply_len, sizeof(uint32_t), answer.data, answer.call.reply_len);
	kfree(answer.data);
	return status;
}

ntstatus nt_sys_NtQueryKey(const uint64_t *a)
{
	struct answer answer = { .call = { .words = { HIVED_QUERY_KEY } } };
	struct reply r = { a[2], (uint32_t)a[3], a[4] };
	uint32_t class = (uint32_t)a[1];
	ntstatus status;

	if (class > KEY_CACHED)
		return STATUS_INVALID_PARAMETER;
	status = key_lookup(a[0], class == KEY_NAME ? 0 : KEY_QUERY_VALUE, &answer.call.words[1]);
	if (status)
		return status;
	if (class == KEY_NAME)
		return tell_path(answer.call.words[1], &r);
	status = ask_for_data(&answer, sizeof(struct hive_key_info));
	if (!status)
		status = tell_key(&answer, class, &r);
	kfree(answer.data);
	return status;
}

ntstatus nt_sys_NtEnumerateKey(const uint64_t *a)
{
	struct answer answer = { .call = { .words = { HIVED_ENUM_KEY, 0, (uint32_t)a[1] } } };
	struct reply r = { a[3], (uint32_t)a[4], a[5] };
	uint32_t class = (uint32_t)a[2];
	ntstatus status;

	if (class > KEY_FULL)
		return STATUS_INVALID_PARAMETER;
	status = key_lookup(a[0], KEY_ENUMERATE_SUB_KEYS, &answer.call.words[1]);
	if (status)
		return status;
	status = ask_for_data(&answer, sizeof(struct hive_key_info));
	if (!status)
		status = tell_key(&answer, class, &r);
	kfree(answer.data);
	return status;
}

/* ---- values ---- */

static ntstatus tell_value(const void *answer, uint32_t class, const struct reply *r)
{
	const struct hive_value_info *i = answer;
	const char *name = (const char *)(i + 1), *data = name + i->name_bytes;
	uint32_t basic[3] = { 0, i->type, i->name_bytes }, partial[3] = { 0, i->type, i->data_bytes };
	uint32_t full[5] = { 0, i->type, 20 + i->name_bytes, i->data_bytes, i->name_bytes };
	uint32_t aligned[2] = { i->type, i->data_bytes };

	switch (class) {
	case VALUE_BASIC:
		return put_reply(r, basic, sizeof(basic), name, i->name_bytes);
	case VALUE_PARTIAL:
		return put_reply(r, partial, sizeof(partial), data, i->data_bytes);
	case VALUE_PARTIAL_ALIGN64:
		return put_reply(r, aligned, sizeof(aligned), data, i->data_bytes);
	default:
		return put_reply(r, full, sizeof(full), name, i->name_bytes + i->data_bytes);
	}
}

static bool is_value_class(uint32_t class)
{
	return class <= VALUE_PARTIAL || class == VALUE_PARTIAL_ALIGN64;
}

static ntstatus ask_for_value(uint64_t id, const struct nt_string *name, uint32_t class, const struct reply *r)
{
	struct answer answer = { .call = { .words = { HIVED_GET_VALUE, id }, .data = name->chars, .data_len = name->nchars * 2 } };
	ntstatus status = ask_for_data(&answer, sizeof(struct hive_value_info));

	if (!status)
		nt_value_lease_grant(id, name, answer.data, answer.call.reply_len, answer.call.words[HIVED_SEQ]);
	else if (status == STATUS_OBJECT_NAME_NOT_FOUND)
		nt_value_lease_grant(id, name, NULL, 0, answer.call.words[HIVED_SEQ]);
	if (!status)
		status = tell_value(answer.data, class, r);
	kfree(answer.data);
	return status;
}

static ntstatus query_value(uint64_t id, const struct nt_string *name, uint32_t class, const struct reply *r)
{
	struct nt_value_lease *l;
	ntstatus status;

	if (!nt_value_lease_find(id, name, &l))
		return ask_for_value(id, name, class, r);
	if (!l)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = tell_value(l->reply, class, r);
	lease_payload_put(&l->payload);
	return status;
}

ntstatus nt_sys_NtQueryValueKey(const uint64_t *a)
{
	struct reply r = { a[3], (uint32_t)a[4], a[5] };
	struct nt_string name;
	uint64_t id;
	ntstatus status;

	if (!is_value_class((uint32_t)a[2]))
		return STATUS_INVALID_PARAMETER;
	status = nt_string_in(a[1], &name);
	if (!status)
		status = key_lookup(a[0], KEY_QUERY_VALUE, &id);
	if (!status)
		status = query_value(id, &name, (uint32_t)a[2], &r);
	nt_string_free(&name);
	return status;
}

ntstatus nt_sys_NtEnumerateValueKey(const uint64_t *a)
{
	struct answer answer = { .call = { .words = { HIVED_ENUM_VALUE, 0, (uint32_t)a[1] } } };
	struct reply r = { a[3], (uint32_t)a[4], a[5] };
	ntstatus status;

	if (!is_value_class((uint32_t)a[2]))
		return STATUS_INVALID_PARAMETER;
	status = key_lookup(a[0], KEY_QUERY_VALUE, &answer.call.words[1]);
	if (status)
		return status;
	status = ask_for_data(&answer, sizeof(struct hive_value_info));
	if (!status)
		status = tell_value(answer.data, (uint32_t)a[2], &r);
	kfree(answer.data);
	return status;
}

ntstatus nt_sys_NtSetValueKey(const uint64_t *a)
{
	uint32_t bytes = (uint32_t)a[5], name_bytes;
	struct ipc_kernel_call call = { .words = { HIVED_SET_VALUE, 0, (uint32_t)a[3] } };
	struct nt_string name;
	ntstatus status = nt_string_in(a[1], &name);
	char *data = NULL;

	if (status)
		return status;
	name_bytes = name.nchars * 2;
	if (bytes > HIVE_MAX_VALUE_BYTES || name_bytes + bytes > IPC_MAX_DATA)
		status = STATUS_INSUFFICIENT_RESOURCES;
	if (!status)
		status = key_lookup(a[0], KEY_SET_VALUE, &call.words[1]);
	if (!status) {
		data = kmalloc(name_bytes + bytes + 1, HEAP_NOZERO);
		status = data ? nt_get(data + name_bytes, a[4], bytes) : STATUS_NO_MEMORY;
	}
	if (!status) {
		if (name_bytes)
			memcpy(data, name.chars, name_bytes);
		call.words[3] = name_bytes;
		call.data = data;
		call.data_len = name_bytes + bytes;
		status = ask_to_change(&call, REG_NOTIFY_CHANGE_LAST_SET);
	}
	kfree(data);
	nt_string_free(&name);
	return status;
}

ntstatus nt_sys_NtDeleteValueKey(const uint64_t *a)
{
	struct ipc_kernel_call call = { .words = { HIVED_DELETE_VALUE } };
	struct nt_string name;
	ntstatus status = nt_string_in(a[1], &name);

	if (status)
		return status;
	status = key_lookup(a[0], KEY_SET_VALUE, &call.words[1]);
	if (!status) {
		call.data = name.chars;
		call.data_len = name.nchars * 2;
		status = ask_to_change(&call, REG_NOTIFY_CHANGE_LAST_SET);
	}
	nt_string_free(&name);
	return status;
}
