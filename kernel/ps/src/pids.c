/* kernel/ps/src/pids.c: numbers of threads, processes, groups and sessions, one space for all.
 *
 * Numbers are given out in ascending order and wrap, as on Linux, so that one that
 * has just become free is not at once somebody else's. ps_tree_lock guards all.
 */
#include "internal.h"

#define NBUCKETS 1024
#define WORD_BITS 64

HEAP_CACHE(pid_cache, "pid", sizeof(struct ps_pid));

static struct list_node buckets[NBUCKETS];
static uint64_t taken[PID_LIMIT / WORD_BITS];
uint32_t pid_last = PID_FIRST_DYNAMIC - 1;

static struct list_node *bucket_of(uint32_t nr)
{
	struct list_node *b = &buckets[nr % NBUCKETS];

	if (unlikely(!b->next))
		list_init(b);
	return b;
}

static bool is_taken(uint32_t nr)
{
	return taken[nr / WORD_BITS] >> (nr % WORD_BITS) & 1;
}

/* The first free number in [from, to), or 0. */
static uint32_t find_free(uint32_t from, uint32_t to)
{
	for (uint32_t nr = from; nr < to; nr++) {
		if (nr % WORD_BITS == 0 && taken[nr / WORD_BITS] == ~0ull) {
			nr += WORD_BITS - 1;
			continue;
		}
		if (!is_taken(nr))
			return nr;
	}
	return 0;
}

static uint32_t choose(uint32_t wanted)
{
	uint32_t nr;

	if (wanted)
		return wanted < PID_LIMIT && !is_taken(wanted) ? wanted : 0;
	nr = find_free(pid_last + 1, PID_LIMIT);
	if (!nr)
		nr = find_free(PID_FIRST_DYNAMIC, PID_LIMIT);
	if (nr)
		pid_last = nr;
	return nr;
}

struct ps_pid *pid_alloc(uint32_t wanted)
{
	struct ps_pid *p = heap_cache_alloc(&pid_cache, 0);

	if (!p)
		return NULL;
	p->uses = 1;
	spin_lock(&ps_tree_lock);
	p->nr = choose(wanted);
	if (p->nr) {
		taken[p->nr / WORD_BITS] |= 1ull << (p->nr % WORD_BITS);
		list_add(&p->hash_node, bucket_of(p->nr));
	}
	spin_unlock(&ps_tree_lock);
	if (p->nr)
		return p;
	heap_cache_free(&pid_cache, p);
	return NULL;
}

struct ps_pid *pid_lookup(uint32_t nr)
{
	struct ps_pid *p;

	if (nr >= PID_LIMIT || !is_taken(nr))
		return NULL;
	LIST_FOR_EACH_ENTRY(p, bucket_of(nr), hash_node) {
		if (p->nr == nr)
			return p;
	}
	return NULL;
}

void pid_unuse(struct ps_pid *p)
{
	DEBUG_ASSERT(p->uses);
	if (--p->uses)
		return;
	list_del(&p->hash_node);
	taken[p->nr / WORD_BITS] &= ~(1ull << (p->nr % WORD_BITS));
	heap_cache_free(&pid_cache, p);
}

uint32_t pid_next(uint32_t after)
{
	for (uint32_t nr = after + 1; nr < PID_LIMIT; nr++) {
		if (!taken[nr / WORD_BITS]) {
			nr |= WORD_BITS - 1;
			continue;
		}
		if (is_taken(nr))
			return nr;
	}
	return 0;
}
