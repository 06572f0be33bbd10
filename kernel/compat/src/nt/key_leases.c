/* kernel/compat/src/nt/key_leases.c: leases of the registry's keys and values. */
#include "key_leases.h"

#include <mm/heap.h>
#include <string.h>

#define MAX_NAME_BYTES 256u
#define MAX_REPLY_BYTES 256u

struct key_lease {
	struct lease_payload payload;	/* first */
	uint64_t id;
};

HEAP_CACHE(key_lease_cache, "nt-key-lease", sizeof(struct key_lease));

static void key_lease_release(struct lease_payload *p)
{
	heap_cache_free(&key_lease_cache, p);
}

static void value_lease_release(struct lease_payload *p)
{
	kfree(p);
}

/* What a path is leased by: the key that it begins at, then itself. All are one subject's, because a new
 * key may change where any path leads. */
struct path_key {
	uint64_t from;
	char path[MAX_NAME_BYTES];
};

static uint32_t path_key_init(struct path_key *k, uint64_t from, const struct nt_string *path)
{
	uint32_t nbytes = path->nchars * 2;

	if (nbytes > MAX_NAME_BYTES)
		return 0;
	k->from = from;
	if (nbytes)
		memcpy(k->path, path->chars, nbytes);
	return (uint32_t)sizeof(k->from) + nbytes;
}

bool nt_key_lease_find(uint64_t from, const struct nt_string *path, uint64_t *id)
{
	struct lease_payload *payload;
	struct lease_stamp stamp;
	struct path_key key;
	uint32_t len = path_key_init(&key, from, path);

	if (!len || !lease_lookup(LEASE_KEY, 0, (const char *)&key, len, &payload, &stamp))
		return false;
	*id = payload ? ((struct key_lease *)payload)->id : 0;
	lease_payload_put(payload);
	return true;
}

void nt_key_lease_grant(uint64_t from, const struct nt_string *path, uint64_t id, uint64_t seq)
{
	struct key_lease *l = NULL;
	struct path_key key;
	uint32_t len = path_key_init(&key, from, path);

	if (!len)
		return;
	if (id) {
		l = heap_cache_alloc(&key_lease_cache, 0);
		if (!l)
			return;
		refcount_set(&l->payload.refs, 1);
		l->payload.release = key_lease_release;
		l->id = id;
	}
	lease_grant(LEASE_KEY, 0, (const char *)&key, len, seq, VFS_LEASE_FOREVER, l ? &l->payload : NULL);
}

bool nt_value_lease_find(uint64_t id, const struct nt_string *name, struct nt_value_lease **out)
{
	struct lease_payload *payload;
	struct lease_stamp stamp;

	if (name->nchars * 2 > MAX_NAME_BYTES ||
	    !lease_lookup(LEASE_VALUE, id, (const char *)name->chars, name->nchars * 2, &payload, &stamp))
		return false;
	*out = (struct nt_value_lease *)payload;
	return true;
}

void nt_value_lease_grant(uint64_t id, const struct nt_string *name, const void *reply, uint32_t nbytes, uint64_t seq)
{
	struct nt_value_lease *l = NULL;

	if (name->nchars * 2 > MAX_NAME_BYTES || nbytes > MAX_REPLY_BYTES)
		return;
	if (reply) {
		l = kmalloc(sizeof(*l) + nbytes, HEAP_NOZERO);
		if (!l)
			return;
		refcount_set(&l->payload.refs, 1);
		l->payload.release = value_lease_release;
		l->nbytes = nbytes;
		memcpy(l->reply, reply, nbytes);
	}
	lease_grant(LEASE_VALUE, id, (const char *)name->chars, name->nchars * 2, seq, VFS_LEASE_FOREVER, l ? &l->payload : NULL);
}
