/* hived: the Windows registry. Its keys live as long as the machine does: in its state, which its successor takes up. */
#include <errno.h>
#include <string.h>

#include <nucleus/nucleus.h>
#include <service/service.h>
#include <service/state.h>

#include "hive.h"

/* Room for what every machine starts with. */
#define FIRST_BYTES (4u << 20)

static struct state arena;

static struct hive_text text_of(const char *data, uint32_t bytes)
{
	return (struct hive_text){ (const uint16_t *)(const void *)data, bytes / 2 };
}

/* A hive of a user who was never here comes into being with the first look at it. */
static bool is_user_hive(struct hive_text path)
{
	static const uint16_t prefix[] = u"user\\s-1-5-21-";
	const uint32_t n = sizeof(prefix) / sizeof(prefix[0]) - 1;

	if (path.nchars && *path.chars == '\\') {
		path.chars++;
		path.nchars--;
	}
	if (path.nchars <= n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint16_t c = path.chars[i];

		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != prefix[i])
			return false;
	}
	return true;
}

static int start_user(struct hive_key *root, struct hive_text path)
{
	struct hive_text none = { 0 };
	struct hive_key *user;
	uint32_t parts = 0, i = 0;
	bool created;
	int err;

	/* "user\sid", whatever follows. */
	for (; i < path.nchars; i++) {
		if (path.chars[i] == '\\' && i && ++parts == 2)
			break;
	}
	path.nchars = i;
	err = hive_open(root, path, HIVE_OPEN_CREATE, none, &user, &created);
	return err || !created ? err : hive_start_user(user);
}

static int open_key(struct service_call *call, struct hive_key *from, struct hive_note *note)
{
	uint32_t class_bytes = (uint32_t)call->words[3];
	struct hive_text path, class;
	struct hive_key *key;
	bool created;
	int err = 0;

	if (class_bytes > call->data_len)
		return -EINVAL;
	path = text_of(call->data, call->data_len - class_bytes);
	class = text_of(call->data + path.nchars * 2, class_bytes);
	if (from->id == HIVE_ROOT && is_user_hive(path))
		err = start_user(from, path);
	if (!err)
		err = hive_open(from, path, (uint32_t)call->words[2], class, &key, &created);
	if (err)
		return err;
	note->words[0] = key->id;
	note->words[1] = created;
	if (created)
		note->changed = hive_parent(key)->id;
	return 0;
}

static void add(struct service_call *call, const void *data, uint32_t bytes)
{
	if (bytes)
		memcpy(call->reply + call->reply_len, data, bytes);
	call->reply_len += bytes;
}

static int tell_key(struct service_call *call, const struct hive_key *key)
{
	struct hive_key_info info;

	if (!key)
		return -ERANGE;
	hive_describe(key, &info);
	add(call, &info, sizeof(info));
	add(call, hive_bytes(key->name), info.name_bytes);
	add(call, hive_bytes(key->class), info.class_bytes);
	return 0;
}

static int tell_value(struct service_call *call, const struct hive_value *v, int missing)
{
	struct hive_value_info info;

	if (!v)
		return missing;
	info = (struct hive_value_info){ .type = v->type, .name_bytes = v->name_chars * 2, .data_bytes = v->bytes };
	add(call, &info, sizeof(info));
	add(call, hive_bytes(v->name), info.name_bytes);
	add(call, hive_bytes(v->data), info.data_bytes);
	return 0;
}

static int set_value(struct service_call *call, struct hive_key *key)
{
	uint32_t name_bytes = (uint32_t)call->words[3];

	if (name_bytes > call->data_len)
		return -EINVAL;
	return hive_set(key, text_of(call->data, name_bytes), (uint32_t)call->words[2], call->data + name_bytes,
			call->data_len - name_bytes);
}

static int tell_path(struct service_call *call, const struct hive_key *key)
{
	uint32_t cap = IPC_MAX_DATA / 2, n = hive_path(key, (uint16_t *)(void *)call->reply, cap);

	call->reply_len = (n < cap ? n : cap) * 2;
	return 0;
}

/* The ids of the key that was changed and of those above it. */
static void tell_chain(struct service_call *call, uint64_t id)
{
	const struct hive_key *key = id ? hive_by_id(id) : NULL;

	for (; key && call->reply_len + sizeof(key->id) <= IPC_MAX_DATA; key = hive_parent(key))
		add(call, &key->id, sizeof(key->id));
}

/* ---- leases ---- */

/* Decisions have odd numbers, what ends those before a change the even one between. */
static uint64_t decision(void)
{
	return 2 * hive_version() + 1;
}

static void revoke(uint32_t kind, uint64_t subject)
{
	struct lease_revoke r = { .kind = kind, .node = subject, .seq = decision() - 1 };
	int err = nucleus_lease_revoke(&r);

	if (err)
		service_log_error("cannot take back a lease of the registry: error %d", -err);
}

/* Before a change is committed: from then on nobody acts on what was true before it. */
static void revoke_changed(const struct service_call *call)
{
	if (hive_take_moved())
		revoke(LEASE_KEY, 0);
	switch (call->words[0]) {
	case HIVED_DELETE_KEY:
	case HIVED_SET_VALUE:
	case HIVED_DELETE_VALUE:
		revoke(LEASE_VALUE, call->words[1]);
		break;
	default:
		break;
	}
}

static int apply(struct service_call *call, struct hive_key *key, struct hive_note *note)
{
	struct hive_text name = text_of(call->data, call->data_len);

	switch (call->words[0]) {
	case HIVED_OPEN_KEY:
		return open_key(call, key, note);
	case HIVED_DELETE_KEY:
		note->changed = hive_parent(key) ? hive_parent(key)->id : 0;
		return hive_delete(key);
	case HIVED_RENAME_KEY:
		note->changed = hive_parent(key) ? hive_parent(key)->id : 0;
		return hive_rename(key, name);
	case HIVED_SET_VALUE:
		note->changed = key->id;
		return set_value(call, key);
	default:
		note->changed = key->id;
		return hive_unset(key, name);
	}
}

static bool is_change(const struct service_call *call)
{
	switch (call->words[0]) {
	case HIVED_OPEN_KEY:
	case HIVED_DELETE_KEY:
	case HIVED_RENAME_KEY:
	case HIVED_SET_VALUE:
	case HIVED_DELETE_VALUE:
		return true;
	default:
		return false;
	}
}

/* One transaction: the change, and what was answered to it. */
static int change(struct service_call *call)
{
	struct hive_note note = { .request_id = call->request_id };
	struct hive_key *key;
	int err;

	if (call->is_retry && hive_note()->request_id == call->request_id) {
		note = *hive_note();
	} else {
		key = hive_by_id(call->words[1]);
		if (!key)
			return -ESTALE;
		hive_begin();
		err = apply(call, key, &note);
		if (!err && note.changed)
			hive_set_note(&note);
		revoke_changed(call);
		err = hive_end(err);
		if (err)
			return err;
	}
	call->reply_words[1] = note.words[0];
	call->reply_words[2] = note.words[1];
	if (call->words[HIVED_WANTS_CHAIN])
		tell_chain(call, note.changed);
	return 0;
}

static int answer(struct service_call *call)
{
	struct hive_key *key;

	if (is_change(call))
		return change(call);
	key = hive_by_id(call->words[1]);
	if (!key)
		return -ESTALE;
	switch (call->words[0]) {
	case HIVED_QUERY_KEY:
		return tell_key(call, key);
	case HIVED_ENUM_KEY:
		return tell_key(call, hive_child(key, (uint32_t)call->words[2]));
	case HIVED_PATH:
		return tell_path(call, key);
	case HIVED_GET_VALUE:
		return tell_value(call, hive_find(key, text_of(call->data, call->data_len)), -ENOENT);
	case HIVED_ENUM_VALUE:
		return tell_value(call, hive_value_at(key, (uint32_t)call->words[2]), -ERANGE);
	default:
		service_log_warn("unknown operation %lu", (unsigned long)call->words[0]);
		return -ENOSYS;
	}
}

static int handle(struct service_call *call)
{
	int err;

	if (!call->is_from_kernel)
		return -EACCES;
	err = answer(call);
	call->reply_words[HIVED_SEQ] = decision();
	return err;
}

static int start(void)
{
	int err = service_state_open(&arena, FIRST_BYTES);

	if (err >= 0)
		err = hive_init(&arena);
	if (err)
		service_log_error("no registry: error %d", -err);
	return err;
}

static const struct service hived = {
	.name = "hived",
	.id = SERVICE_HIVED,
	.start = start,
	.handle = handle,
	.threads = 1,
	.max_threads = 1,
};

int main(void)
{
	return service_main(&hived);
}
