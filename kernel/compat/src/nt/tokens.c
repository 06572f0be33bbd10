/* kernel/compat/src/nt/tokens.c: tokens and SIDs of the caller ([MS-DTYP] 2.4.2; winnt.h).
 *
 * A token shows credentials that live in the process; of its own it has its type only. User n is
 * S-1-5-21-0-0-0-(1000 + n), root Administrator (500) and a member of Administrators. A thread may
 * impersonate who it is already, with a duplicate of its own token, and nobody else.
 */
#include <mm/heap.h>
#include <string.h>

#include "query.h"

#define TOKEN_DUPLICATE 0x0002u
#define TOKEN_IMPERSONATE 0x0004u
#define TOKEN_QUERY 0x0008u
#define TOKEN_ADJUST_PRIVILEGES 0x0020u
#define PROCESS_QUERY_LIMITED 0x1000u

enum token_class { TOKEN_USER = 1, TOKEN_GROUPS, TOKEN_PRIVILEGES, TOKEN_OWNER, TOKEN_PRIMARY_GROUP, TOKEN_DEFAULT_DACL,
	TOKEN_SOURCE, TOKEN_TYPE, TOKEN_IMPERSONATION_LEVEL, TOKEN_STATISTICS, TOKEN_RESTRICTED_SIDS, TOKEN_SESSION_ID,
	TOKEN_ELEVATION_TYPE = 18, TOKEN_LINKED_TOKEN = 19, TOKEN_ELEVATION = 20, TOKEN_VIRTUALIZATION_ENABLED = 24,
	TOKEN_INTEGRITY_LEVEL = 25, TOKEN_UI_ACCESS = 26, TOKEN_IS_APP_CONTAINER = 29, TOKEN_APP_CONTAINER_SID = 31 };

#define SE_GROUP_ENABLED_ALL 7u		/* mandatory, by default, enabled */
#define SE_GROUP_OWNER 8u
#define SE_GROUP_INTEGRITY 0x60u
#define SE_PRIVILEGE_ENABLED 3u		/* by default, too */
#define SE_PRIVILEGE_IS_ENABLED 2u
#define PRIMARY_TOKEN 1u
#define IMPERSONATION_TOKEN 2u
#define LEVEL_ANONYMOUS 0u
#define LEVEL_DELEGATION 3u
#define ATTRIBUTES_QUALITY 0x28u	/* in OBJECT_ATTRIBUTES: where the level is named */
#define ELEVATION_DEFAULT 1u
#define RID_ADMINISTRATOR 500u
#define RID_USERS 1000u
#define RID_DOMAIN_USERS 513u

struct token {
	struct object object;	/* first */
	uint32_t uid;
	uint32_t type, level;	/* the level is an impersonation token's */
};
HEAP_CACHE(token_cache, "nt-token", sizeof(struct token));

static void token_release(struct object *obj)
{
	heap_cache_free(&token_cache, obj);
}

static const struct object_type token_type = {
	.name = "token",
	.kind = OBJECT_TOKEN,
	.release = token_release,
};

struct sid { uint8_t revision, count, authority[6]; uint32_t sub[6]; };

static uint32_t sid_bytes(const struct sid *s)
{
	return 8u + 4u * s->count;
}

static struct sid sid_make(uint8_t authority, uint8_t count, const uint32_t *sub)
{
	struct sid s = { .revision = 1, .count = count, .authority = { 0, 0, 0, 0, 0, authority } };

	memcpy(s.sub, sub, count * sizeof(*sub));
	return s;
}

static struct sid user_sid(uint32_t uid)
{
	return sid_make(5, 5, (const uint32_t[]){ 21, 0, 0, 0, uid ? RID_USERS + uid : RID_ADMINISTRATOR });
}

/* ---- buffers with what they point to behind them ---- */

struct answer {
	const struct nt_query *q;
	uint8_t bytes[1024];
	uint32_t used;
};

static uint64_t add_sid(struct answer *a, const struct sid *s)
{
	uint64_t at = a->q->buffer + a->used;

	memcpy(a->bytes + a->used, s, sid_bytes(s));
	a->used += sid_bytes(s);
	return at;
}

static void put_at(struct answer *a, uint32_t offset, const void *data, uint32_t n)
{
	memcpy(a->bytes + offset, data, n);
}

static ntstatus put(const struct nt_query *q, const void *data, uint32_t n)
{
	if (q->length && nt_put32(q->length, n))
		return STATUS_ACCESS_VIOLATION;
	return q->cap < n ? STATUS_BUFFER_TOO_SMALL : nt_put(q->buffer, data, n);
}

static ntstatus put_word(const struct nt_query *q, uint32_t word)
{
	return put(q, &word, sizeof(word));
}

static ntstatus finish(const struct answer *a)
{
	return put(a->q, a->bytes, a->used);
}

struct sid_and_attributes { uint64_t sid; uint32_t attributes, pad; };

static ntstatus one_sid(const struct nt_query *q, const struct sid *s, uint32_t attributes, uint32_t head)
{
	struct answer a = { .q = q, .used = head };
	struct sid_and_attributes out = { .attributes = attributes };

	out.sid = add_sid(&a, s);
	put_at(&a, 0, &out, head);
	return finish(&a);
}

static ntstatus groups(const struct nt_query *q, uint32_t uid)
{
	const struct sid all[] = {
		sid_make(5, 5, (const uint32_t[]){ 21, 0, 0, 0, RID_DOMAIN_USERS }),
		sid_make(1, 1, (const uint32_t[]){ 0 }),			/* Everyone */
		sid_make(5, 2, (const uint32_t[]){ 32, 545 }),			/* Users */
		sid_make(5, 1, (const uint32_t[]){ 4 }),			/* Interactive */
		sid_make(5, 1, (const uint32_t[]){ 11 }),			/* Authenticated Users */
		sid_make(2, 1, (const uint32_t[]){ 0 }),			/* Local */
		sid_make(5, 2, (const uint32_t[]){ 32, 544 }),			/* Administrators */
	};
	uint32_t n = uid ? ARRAY_SIZE(all) - 1 : ARRAY_SIZE(all);
	struct answer a = { .q = q, .used = 8 + n * (uint32_t)sizeof(struct sid_and_attributes) };

	put_at(&a, 0, &n, sizeof(n));
	for (uint32_t i = 0; i < n; i++) {
		struct sid_and_attributes out = { .attributes = SE_GROUP_ENABLED_ALL };

		if (i == ARRAY_SIZE(all) - 1)
			out.attributes |= SE_GROUP_OWNER;
		out.sid = add_sid(&a, &all[i]);
		put_at(&a, 8 + i * (uint32_t)sizeof(out), &out, sizeof(out));
	}
	return finish(&a);
}

/* LUIDs of privileges are their numbers (winnt.h, SE_*_PRIVILEGE). */
static const uint8_t admin_privileges[] = { 5, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 22, 23, 24, 25, 28, 29, 30 };
static const uint8_t user_privileges[] = { 19, 23, 25 };

static ntstatus privileges(const struct nt_query *q, uint32_t uid)
{
	const uint8_t *list = uid ? user_privileges : admin_privileges;
	uint32_t n = uid ? ARRAY_SIZE(user_privileges) : ARRAY_SIZE(admin_privileges);
	struct answer a = { .q = q, .used = 4 + 12 * n };

	put_at(&a, 0, &n, sizeof(n));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t out[3] = { list[i], 0, list[i] == 23 || list[i] == 30 || list[i] == 29 ? SE_PRIVILEGE_ENABLED : 0 };

		put_at(&a, 4 + 12 * i, out, sizeof(out));
	}
	return finish(&a);
}

/* An ACL that gives everything to the user and to the system. */
static ntstatus default_dacl(const struct nt_query *q, uint32_t uid)
{
	const struct sid sids[2] = { user_sid(uid), sid_make(5, 1, (const uint32_t[]){ 18 }) };
	struct answer a = { .q = q, .used = 8 };
	uint64_t acl = q->buffer + 8;
	uint16_t head[4] = { 2, 8, 2, 0 };	/* ACL_REVISION, its size, its entries */

	put_at(&a, 0, &acl, sizeof(acl));
	a.used += sizeof(head);
	for (uint32_t i = 0; i < 2; i++) {
		struct { uint8_t type, flags; uint16_t bytes; uint32_t mask; } ace = {
			0, 0, (uint16_t)(8 + sid_bytes(&sids[i])), 0x10000000u };

		put_at(&a, a.used, &ace, sizeof(ace));
		a.used += sizeof(ace);
		add_sid(&a, &sids[i]);
		head[1] = (uint16_t)(head[1] + ace.bytes);
	}
	put_at(&a, 8, head, sizeof(head));
	return finish(&a);
}

struct statistics {
	uint64_t token_id, authentication_id, expires;
	uint32_t type, level, charged, available, groups, privileges;
	uint64_t modified_id;
};

static ntstatus query(const struct token *t, uint32_t class, const struct nt_query *q)
{
	struct statistics statistics = { .token_id = 1000 + t->uid, .authentication_id = 999, .expires = ~0ull >> 1,
		.type = t->type, .level = t->level, .charged = 4096, .groups = 6, .privileges = 3, .modified_id = 1 };
	struct sid sid = user_sid(t->uid);
	struct { char name[8]; uint64_t id; } source = { "Albireo", 0 };
	uint64_t none = 0;

	switch (class) {
	case TOKEN_USER:
		return one_sid(q, &sid, 0, sizeof(struct sid_and_attributes));
	case TOKEN_OWNER:
		return one_sid(q, &sid, 0, sizeof(uint64_t));
	case TOKEN_PRIMARY_GROUP:
		sid.sub[4] = RID_DOMAIN_USERS;
		return one_sid(q, &sid, 0, sizeof(uint64_t));
	case TOKEN_GROUPS:
		return groups(q, t->uid);
	case TOKEN_PRIVILEGES:
		return privileges(q, t->uid);
	case TOKEN_DEFAULT_DACL:
		return default_dacl(q, t->uid);
	case TOKEN_SOURCE:
		return put(q, &source, sizeof(source));
	case TOKEN_TYPE:
		return put_word(q, t->type);
	case TOKEN_IMPERSONATION_LEVEL:
		return t->type == PRIMARY_TOKEN ? STATUS_INVALID_PARAMETER : put_word(q, t->level);
	case TOKEN_STATISTICS:
		return put(q, &statistics, sizeof(statistics));
	case TOKEN_SESSION_ID:
		return put_word(q, 1);
	case TOKEN_ELEVATION_TYPE:
		return put_word(q, ELEVATION_DEFAULT);
	case TOKEN_ELEVATION:
		return put_word(q, !t->uid);
	case TOKEN_VIRTUALIZATION_ENABLED:
	case TOKEN_UI_ACCESS:
	case TOKEN_IS_APP_CONTAINER:
		return put_word(q, 0);
	case TOKEN_APP_CONTAINER_SID:
		return put(q, &none, sizeof(none));
	case TOKEN_INTEGRITY_LEVEL:
		sid = sid_make(16, 1, (const uint32_t[]){ t->uid ? 0x2000 : 0x3000 });
		return one_sid(q, &sid, SE_GROUP_INTEGRITY, sizeof(struct sid_and_attributes));
	default:
		return STATUS_INVALID_INFO_CLASS;
	}
}

/* Pseudo handles of the caller's own token, process, thread, effective. */
#define CURRENT_PROCESS_TOKEN (~3ull)
#define CURRENT_THREAD_TOKEN (~4ull)
#define CURRENT_EFFECTIVE_TOKEN (~5ull)

static struct token *token_create(uint32_t uid, uint32_t type, uint32_t level)
{
	struct token *t = heap_cache_alloc(&token_cache, 0);

	if (!t)
		return NULL;
	object_init(&t->object, &token_type);
	t->uid = uid;
	t->type = type;
	t->level = level;
	return t;
}

static ntstatus install_token(struct token *t, uint32_t access, uint32_t attributes, uint64_t out)
{
	ntstatus status;

	if (!t)
		return STATUS_NO_MEMORY;
	status = nt_handle_install(&t->object, nt_map_access(OBJECT_TOKEN, access), attributes, out);
	object_put(&t->object);
	return status;
}

/* The token that @t impersonates with, a reference; NULL: none. */
static struct object *token_of_thread(struct ps_thread *t)
{
	struct nt_thread *nt = t->nt;
	struct object *obj;
	uint64_t flags;

	if (!nt)
		return NULL;
	flags = spin_lock_irqsave(&nt->lock);
	obj = nt->token;
	if (obj)
		object_get(obj);
	spin_unlock_irqrestore(&nt->lock, flags);
	return obj;
}

/* The token that @handle means; *obj is a reference or NULL, @mine room for the process's own. */
static ntstatus token_of(uint64_t handle, uint32_t access, struct token *mine, struct object **obj, const struct token **out)
{
	ntstatus status = STATUS_SUCCESS;

	*obj = NULL;
	if (handle == CURRENT_THREAD_TOKEN || handle == CURRENT_EFFECTIVE_TOKEN)
		*obj = token_of_thread(ps_current_thread());
	if (handle == CURRENT_THREAD_TOKEN && !*obj)
		return STATUS_NO_TOKEN;
	if (handle == CURRENT_PROCESS_TOKEN || (handle == CURRENT_EFFECTIVE_TOKEN && !*obj)) {
		*mine = (struct token){ .uid = ps_credentials()->euid, .type = PRIMARY_TOKEN };
		*out = mine;
		return STATUS_SUCCESS;
	}
	if (!*obj)
		status = nt_handle_lookup(handle, OBJECT_TOKEN, access, obj);
	if (!status)
		*out = (const struct token *)*obj;
	return status;
}

ntstatus nt_sys_NtQueryInformationToken(const uint64_t *a)
{
	struct nt_query q = { a[2], (uint32_t)a[3], a[4] };
	const struct token *t;
	struct token mine;
	struct object *obj;
	ntstatus status = token_of(a[0], TOKEN_QUERY, &mine, &obj, &t);

	if (status)
		return status;
	status = query(t, (uint32_t)a[1], &q);
	object_put(obj);
	return status;
}

static ntstatus open_token(uint64_t process, uint32_t access, uint32_t attributes, uint64_t out)
{
	struct process *p;
	ntstatus status = nt_process_lookup(process, PROCESS_QUERY_LIMITED, &p);

	if (status)
		return status;
	status = install_token(token_create(p->credentials.euid, PRIMARY_TOKEN, 0), access, attributes, out);
	ps_put(p);
	return status;
}

ntstatus nt_sys_NtOpenProcessToken(const uint64_t *a)
{
	return open_token(a[0], (uint32_t)a[1], 0, a[2]);
}

ntstatus nt_sys_NtOpenProcessTokenEx(const uint64_t *a)
{
	return open_token(a[0], (uint32_t)a[1], (uint32_t)a[2], a[3]);
}

static ntstatus open_thread_token(uint64_t thread, uint32_t access, uint32_t attributes, uint64_t out)
{
	struct ps_thread *t;
	struct object *obj;
	ntstatus status = nt_thread_lookup(thread, 0, &t);

	if (status)
		return status;
	obj = token_of_thread(t);
	ps_thread_put(t);
	if (!obj)
		return STATUS_NO_TOKEN;
	status = nt_handle_install(obj, nt_map_access(OBJECT_TOKEN, access), attributes, out);
	object_put(obj);
	return status;
}

ntstatus nt_sys_NtOpenThreadToken(const uint64_t *a)
{
	return open_thread_token(a[0], (uint32_t)a[1], 0, a[3]);
}

ntstatus nt_sys_NtOpenThreadTokenEx(const uint64_t *a)
{
	return open_thread_token(a[0], (uint32_t)a[1], (uint32_t)a[3], a[4]);
}

/* ---- duplicates and impersonation ---- */

/* The level that SECURITY_QUALITY_OF_SERVICE of @attributes asks for; without one, anonymous. */
static ntstatus level_in(uint64_t attributes, uint32_t *level)
{
	struct { uint32_t bytes, level; } quality;
	uint64_t at = 0;

	*level = LEVEL_ANONYMOUS;
	if (attributes && nt_get(&at, attributes + ATTRIBUTES_QUALITY, sizeof(at)))
		return STATUS_ACCESS_VIOLATION;
	if (!at)
		return STATUS_SUCCESS;
	if (nt_get(&quality, at, sizeof(quality)))
		return STATUS_ACCESS_VIOLATION;
	*level = quality.level;
	return quality.level > LEVEL_DELEGATION ? STATUS_BAD_IMPERSONATION_LEVEL : STATUS_SUCCESS;
}

ntstatus nt_sys_NtDuplicateToken(const uint64_t *a)
{
	uint32_t type = (uint32_t)a[4], level, access = (uint32_t)a[1];
	const struct token *t;
	struct token mine;
	struct object *obj;
	ntstatus status = token_of(a[0], TOKEN_DUPLICATE, &mine, &obj, &t);

	if (status)
		return status;
	status = level_in(a[2], &level);
	if (!status && type != PRIMARY_TOKEN && type != IMPERSONATION_TOKEN)
		status = STATUS_INVALID_PARAMETER;
	/* An impersonation token gives no more than it was made for. */
	if (!status && t->type == IMPERSONATION_TOKEN && type == IMPERSONATION_TOKEN && level > t->level)
		status = STATUS_BAD_IMPERSONATION_LEVEL;
	/* None asked for means those of the handle. */
	if (!status && !access && handle_get_flags(ps_current()->handles, nt_handle_index(a[0]), NULL, &access))
		access = NT_GENERIC_ALL;
	if (!status)
		status = install_token(token_create(t->uid, type, type == IMPERSONATION_TOKEN ? level : 0), access, 0, a[5]);
	object_put(obj);
	return status;
}

ntstatus nt_impersonate(struct ps_thread *t, uint64_t handle)
{
	struct nt_thread *nt = t->nt;
	struct object *obj = NULL, *old;
	const struct token *token;
	ntstatus status = STATUS_SUCCESS;
	uint64_t flags;

	if (handle) {
		status = nt_handle_lookup(handle, OBJECT_TOKEN, TOKEN_IMPERSONATE, &obj);
		if (status)
			return status;
		token = (const struct token *)obj;
		if (token->type != IMPERSONATION_TOKEN)
			status = STATUS_BAD_TOKEN_TYPE;
		else if (token->uid != t->process->credentials.euid)
			status = STATUS_ACCESS_DENIED;
	}
	if (status) {
		object_put(obj);
		return status;
	}
	flags = spin_lock_irqsave(&nt->lock);
	old = nt->token;
	nt->token = obj;
	spin_unlock_irqrestore(&nt->lock, flags);
	object_put(old);
	return STATUS_SUCCESS;
}

/* ---- privileges ---- */

static bool has_privilege(uint32_t uid, uint32_t luid)
{
	const uint8_t *list = uid ? user_privileges : admin_privileges;
	uint32_t n = uid ? ARRAY_SIZE(user_privileges) : ARRAY_SIZE(admin_privileges);

	for (uint32_t i = 0; i < n; i++) {
		if (list[i] == luid)
			return true;
	}
	return false;
}

/* What a token has stays: enabling it changes nothing that anybody asks for. */
ntstatus nt_sys_NtAdjustPrivilegesToken(const uint64_t *a)
{
	struct { uint32_t low, high, attributes; } entry;
	const struct token *t;
	struct token mine;
	struct object *obj;
	uint32_t n = 0, none = 0;
	ntstatus status = token_of(a[0], TOKEN_ADJUST_PRIVILEGES, &mine, &obj, &t);

	if (status)
		return status;
	if (!(uint8_t)a[1] && a[2])
		status = nt_get(&n, a[2], sizeof(n));
	for (uint32_t i = 0; nt_success(status) && i < n; i++) {
		if (nt_get(&entry, a[2] + 4 + i * sizeof(entry), sizeof(entry)))
			status = STATUS_ACCESS_VIOLATION;
		else if (entry.high || !has_privilege(t->uid, entry.low))
			status = STATUS_NOT_ALL_ASSIGNED;
	}
	if (nt_success(status) && a[4] && (uint32_t)a[3] >= sizeof(none) && nt_put32(a[4], none))
		status = STATUS_ACCESS_VIOLATION;
	if (nt_success(status) && a[5] && nt_put32(a[5], sizeof(none)))
		status = STATUS_ACCESS_VIOLATION;
	object_put(obj);
	return status;
}
