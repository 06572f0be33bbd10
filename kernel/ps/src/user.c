/* kernel/ps/src/user.c: how many threads each real user has (RLIMIT_NPROC).
 *
 * A user is in the table while it has any. ps_tree_lock guards it.
 */
#include "internal.h"

#define NBUCKETS 32

struct user_count {
	struct list_node node;
	uint32_t uid;
	uint32_t count;
};
HEAP_CACHE(user_cache, "user", sizeof(struct user_count));
static struct list_node buckets[NBUCKETS];

static struct list_node *bucket_of(uint32_t uid)
{
	struct list_node *b = &buckets[uid % NBUCKETS];

	if (unlikely(!b->next))
		list_init(b);
	return b;
}

static struct user_count *find(uint32_t uid)
{
	struct user_count *u;

	LIST_FOR_EACH_ENTRY(u, bucket_of(uid), node) {
		if (u->uid == uid)
			return u;
	}
	return NULL;
}

uint32_t user_processes(uint32_t uid)
{
	struct user_count *u = find(uid);

	return u ? u->count : 0;
}

void user_charge(uint32_t uid, int delta)
{
	struct user_count *u = find(uid);

	if (!u) {
		if (delta < 0)
			return;
		/* Without memory this user is not counted: a limit is missed, nothing else. */
		u = heap_cache_alloc(&user_cache, HEAP_ATOMIC);
		if (!u)
			return;
		u->uid = uid;
		list_add(&u->node, bucket_of(uid));
	}
	u->count += (uint32_t)delta;
	if (u->count)
		return;
	list_del(&u->node);
	heap_cache_free(&user_cache, u);
}
