/* Linear hashing (Litwin, 1980). With n buckets and N the greatest power of two times
 * FIRST_BUCKETS that is at most n, a hash's bucket is its low bits modulo 2N, or modulo N
 * if that bucket is not there yet. Adding bucket n splits bucket n - N.
 *
 * Buckets lie in segments that double: segment 0 has the first FIRST_BUCKETS, segment k
 * the next FIRST_BUCKETS << (k - 1). */
#include <errno.h>
#include <string.h>

#include <state/table.h>

#include "internal.h"

#define FIRST_BUCKETS 16u
#define MAX_SEGMENTS 32

struct table {
	struct hash_key seed;
	uint64_t count;
	uint64_t nbuckets;
	state_off_t segments[MAX_SEGMENTS];
};

static uint64_t hash_of(const struct table *t, uint64_t key, const void *name, size_t name_len)
{
	struct hash_key seed = { t->seed.k0 ^ hash_u64(key), t->seed.k1 };

	return hash_bytes(&seed, name, name_len);
}

static unsigned int segment_of(uint64_t bucket)
{
	return bucket < FIRST_BUCKETS ? 0 : 64 - __builtin_clzll(bucket / FIRST_BUCKETS);
}

static uint64_t segment_start(unsigned int segment)
{
	return segment ? (uint64_t)FIRST_BUCKETS << (segment - 1) : 0;
}

static uint64_t segment_buckets(unsigned int segment)
{
	return segment ? segment_start(segment) : FIRST_BUCKETS;
}

static state_off_t *bucket_at(const struct state *st, const struct table *t, uint64_t bucket)
{
	unsigned int segment = segment_of(bucket);

	return STATE_PTR(st, t->segments[segment], state_off_t) + (bucket - segment_start(segment));
}

/* N: the number of buckets when the current round of splits began. */
static uint64_t round_buckets(const struct table *t)
{
	return (uint64_t)1 << (63 - __builtin_clzll(t->nbuckets));
}

static uint64_t bucket_of(const struct table *t, uint64_t hash)
{
	uint64_t n = round_buckets(t), bucket = hash & (2 * n - 1);

	return bucket < t->nbuckets ? bucket : hash & (n - 1);
}

/* The link that leads to @node, or the last one of its chain. */
static state_off_t *link_to(const struct state *st, const struct table *t, uint64_t hash, state_off_t node)
{
	state_off_t *link = bucket_at(st, t, bucket_of(t, hash));

	while (*link && *link != node)
		link = &STATE_PTR(st, *link, struct state_table_node)->next;
	return link;
}

state_off_t state_table_create(struct state *st, const struct hash_key *seed)
{
	state_off_t off = state_alloc(st, sizeof(struct table));
	struct table *t = STATE_PTR(st, off, struct table);

	if (!off)
		return 0;
	t->seed = *seed;
	t->nbuckets = FIRST_BUCKETS;
	t->segments[0] = state_alloc(st, FIRST_BUCKETS * sizeof(state_off_t));
	if (t->segments[0])
		return off;
	state_free(st, off);
	return 0;
}

void state_table_destroy(struct state *st, state_off_t table)
{
	struct table *t = STATE_PTR(st, table, struct table);
	unsigned int i;

	STATE_BUG_ON(t->count != 0);
	for (i = 0; i < MAX_SEGMENTS; i++)
		state_free(st, t->segments[i]);
	state_free(st, table);
}

/* Move to bucket @to what belongs there of the chain at @link; both chains keep their order. */
static void split_chain(struct state *st, const struct table *t, state_off_t *link, uint64_t to)
{
	uint64_t mask = 2 * round_buckets(t) - 1;
	state_off_t *new_link = bucket_at(st, t, to);

	while (*link && !state_is_failed(st)) {
		state_off_t off = *link;
		struct state_table_node *node = STATE_PTR(st, off, struct state_table_node);

		if ((node->hash & mask) != to) {
			link = &node->next;
			continue;
		}
		STATE_SET(st, link, node->next);
		STATE_SET(st, &node->next, 0);
		STATE_SET(st, new_link, off);
		new_link = &node->next;
	}
}

/* Add one bucket; if there is no room for it, leave the table as it is. */
static void add_bucket(struct state *st, struct table *t)
{
	uint64_t to = t->nbuckets;
	unsigned int segment = segment_of(to);

	if (segment >= MAX_SEGMENTS)
		return;
	if (!t->segments[segment]) {
		state_off_t off = state_alloc(st, segment_buckets(segment) * sizeof(state_off_t));

		if (!off)
			return;
		STATE_SET(st, &t->segments[segment], off);
	}
	split_chain(st, t, bucket_at(st, t, to - round_buckets(t)), to);
	STATE_SET(st, &t->nbuckets, to + 1);
}

int state_table_insert(struct state *st, state_off_t table, state_off_t node)
{
	struct table *t = STATE_PTR(st, table, struct table);
	struct state_table_node *n = STATE_PTR(st, node, struct state_table_node);
	state_off_t *link;

	if (state_table_find(st, table, n->key, state_table_name(n), n->name_len))
		return -EEXIST;
	if (t->count >= t->nbuckets)
		add_bucket(st, t);
	STATE_SET(st, &n->hash, hash_of(t, n->key, state_table_name(n), n->name_len));
	link = bucket_at(st, t, bucket_of(t, n->hash));
	STATE_SET(st, &n->next, *link);
	STATE_SET(st, link, node);
	STATE_SET(st, &t->count, t->count + 1);
	return 0;
}

state_off_t state_table_find(const struct state *st, state_off_t table, uint64_t key,
			     const void *name, size_t name_len)
{
	const struct table *t = STATE_PTR(st, table, struct table);
	uint64_t hash = hash_of(t, key, name, name_len);
	state_off_t off = *bucket_at(st, t, bucket_of(t, hash));

	while (off) {
		const struct state_table_node *n = STATE_PTR(st, off, struct state_table_node);

		if (n->hash == hash && n->key == key && n->name_len == name_len &&
		    (!name_len || memcmp(state_table_name(n), name, name_len) == 0))
			return off;
		off = n->next;
	}
	return 0;
}

void state_table_remove(struct state *st, state_off_t table, state_off_t node)
{
	struct table *t = STATE_PTR(st, table, struct table);
	struct state_table_node *n = STATE_PTR(st, node, struct state_table_node);
	state_off_t *link = link_to(st, t, n->hash, node);

	STATE_BUG_ON(!*link && !state_is_failed(st));
	STATE_SET(st, link, n->next);
	STATE_SET(st, &t->count, t->count - 1);
}

uint64_t state_table_count(const struct state *st, state_off_t table)
{
	return STATE_PTR(st, table, struct table)->count;
}

state_off_t state_table_next(const struct state *st, state_off_t table, state_off_t node)
{
	const struct table *t = STATE_PTR(st, table, struct table);
	uint64_t bucket = 0;
	state_off_t off;

	if (node) {
		const struct state_table_node *n = STATE_PTR(st, node, struct state_table_node);

		if (n->next)
			return n->next;
		bucket = bucket_of(t, n->hash) + 1;
	}
	for (; bucket < t->nbuckets; bucket++) {
		off = *bucket_at(st, t, bucket);
		if (off)
			return off;
	}
	return 0;
}
