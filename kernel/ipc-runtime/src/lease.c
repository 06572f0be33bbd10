/* kernel/ipc-runtime/src/lease.c: the table of leases.
 *
 * A hash of buckets; a lease lives in the bucket of (kind, subject, key), and each
 * subject has a home bucket that remembers the last revoke. A bucket's sequence
 * grows with every removal, which is what readers validate. The memory of a
 * removed lease is freed when its last reader has put its reference.
 */
#include <ds/hash.h>
#include <errno.h>
#include <ipc/lease.h>
#include <mm/heap.h>
#include <nucleus/counter.h>
#include <sched/thread.h>
#include <string.h>

#define BUCKETS 4096u
#define MAX_LEASES 65536u
#define INLINE_KEY 40

struct lease {
	struct list_node node;
	struct lease_payload *payload;
	uint64_t subject;
	uint64_t expires_ns;	/* ~0: never */
	uint32_t hash;
	uint16_t kind;
	uint16_t key_len;
	char *key;
	char small_key[INLINE_KEY];
};

struct bucket {
	struct spinlock lock;
	uint64_t seq;
	struct list_node leases;
	/* Decisions up to this one about any subject at home here are refused: as much as
	 * one per bucket can say; refusing too much only costs a call. */
	uint64_t revoked_seq[LEASE_KIND_END];
	/* Leases, in any bucket, of subjects at home here: 0 spares a revoke the search. */
	uint32_t nsubject_leases[LEASE_KIND_END];
};

HEAP_CACHE(lease_cache, "lease", sizeof(struct lease));

static struct bucket buckets[BUCKETS];
static uint64_t counts[LEASE_KIND_END];
static uint64_t clock_hand;

static const struct { uint8_t hit, miss, grant, refused, revoke; } counters[LEASE_KIND_END] = {
	[LEASE_NAME] = { COUNTER_LEASE_NAME_HIT, COUNTER_LEASE_NAME_MISS, COUNTER_LEASE_NAME_GRANT,
			 COUNTER_LEASE_NAME_REFUSED, COUNTER_LEASE_NAME_REVOKE },
	[LEASE_FOLD] = { COUNTER_LEASE_FOLD_HIT, COUNTER_LEASE_FOLD_MISS, COUNTER_LEASE_FOLD_GRANT,
			 COUNTER_LEASE_FOLD_REFUSED, COUNTER_LEASE_FOLD_REVOKE },
	[LEASE_IMAGE] = { COUNTER_LEASE_IMAGE_HIT, COUNTER_LEASE_IMAGE_MISS, COUNTER_LEASE_IMAGE_GRANT,
			  COUNTER_LEASE_IMAGE_MISS, COUNTER_LEASE_IMAGE_REVOKE },
	[LEASE_SOCKET] = { COUNTER_LEASE_SOCKET_HIT, COUNTER_LEASE_SOCKET_MISS, COUNTER_LEASE_SOCKET_GRANT,
			   COUNTER_LEASE_SOCKET_REFUSED, COUNTER_LEASE_SOCKET_REVOKE },
	[LEASE_KEY] = { COUNTER_LEASE_KEY_HIT, COUNTER_LEASE_KEY_MISS, COUNTER_LEASE_KEY_GRANT,
			COUNTER_LEASE_KEY_REFUSED, COUNTER_LEASE_KEY_REVOKE },
	[LEASE_VALUE] = { COUNTER_LEASE_VALUE_HIT, COUNTER_LEASE_VALUE_MISS, COUNTER_LEASE_VALUE_GRANT,
			  COUNTER_LEASE_VALUE_REFUSED, COUNTER_LEASE_VALUE_REVOKE },
};

static uint32_t hash_of(enum lease_kind kind, uint64_t subject, const char *key, uint32_t len)
{
	return (uint32_t)hash_words(subject + kind, key, len);
}

static struct bucket *bucket_at(uint32_t hash)
{
	return &buckets[hash % BUCKETS];
}

static struct bucket *home_of(enum lease_kind kind, uint64_t subject)
{
	return bucket_at(hash_of(kind, subject, NULL, 0));
}

void lease_init(void)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, LOCK_LEASE_BUCKET);
		list_init(&buckets[i].leases);
	}
}

static void lease_free(struct lease *l)
{
	atomic_sub(&counts[l->kind], 1);
	lease_payload_put(l->payload);
	if (l->key != l->small_key)
		kfree(l->key);
	heap_cache_free(&lease_cache, l);
}

static bool matches(const struct lease *l, uint32_t hash, enum lease_kind kind, uint64_t subject, const char *key,
		    uint32_t len)
{
	return l->hash == hash && l->kind == kind && l->subject == subject && l->key_len == len && !memcmp(l->key, key, len);
}

static struct lease *find(struct bucket *b, uint32_t hash, enum lease_kind kind, uint64_t subject, const char *key,
			  uint32_t len)
{
	struct lease *l;

	LIST_FOR_EACH_ENTRY(l, &b->leases, node) {
		if (matches(l, hash, kind, subject, key, len))
			return l;
	}
	return NULL;
}

static void insert_locked(struct bucket *b, struct lease *l)
{
	atomic_add(&home_of(l->kind, l->subject)->nsubject_leases[l->kind], 1);
	list_add(&l->node, &b->leases);
}

static void remove_locked(struct bucket *b, struct lease *l, struct list_node *freed)
{
	atomic_sub(&home_of(l->kind, l->subject)->nsubject_leases[l->kind], 1);
	list_del(&l->node);
	b->seq++;
	list_add_tail(&l->node, freed);
}

static void free_list(struct list_node *freed)
{
	struct lease *l;

	while ((l = list_first_entry(freed, struct lease, node))) {
		list_del(&l->node);
		lease_free(l);
	}
}

bool lease_lookup(enum lease_kind kind, uint64_t subject, const char *key, uint32_t key_len,
		  struct lease_payload **out, struct lease_stamp *stamp)
{
	uint32_t hash = hash_of(kind, subject, key, key_len);
	struct list_node freed = LIST_INIT(freed);
	struct bucket *b = bucket_at(hash);
	struct lease *l;

	spin_lock(&b->lock);
	l = find(b, hash, kind, subject, key, key_len);
	if (l && l->expires_ns != VFS_LEASE_FOREVER && l->expires_ns <= clock_monotonic_ns()) {
		remove_locked(b, l, &freed);
		l = NULL;
	}
	if (l) {
		if (l->payload)
			refcount_get(&l->payload->refs);
		*out = l->payload;
		stamp->bucket = hash % BUCKETS;
		stamp->bucket_seq = b->seq;
		stamp->expires_ns = l->expires_ns;
	}
	spin_unlock(&b->lock);
	if (unlikely(!list_is_empty(&freed)))
		free_list(&freed);
	counter_inc(l ? counters[kind].hit : counters[kind].miss);
	return l;
}

bool lease_is_valid(const struct lease_stamp *stamp)
{
	return __atomic_load_n(&buckets[stamp->bucket].seq, __ATOMIC_ACQUIRE) == stamp->bucket_seq;
}

bool lease_lock_valid(const struct lease_stamp *stamp)
{
	struct bucket *b = &buckets[stamp->bucket];

	spin_lock(&b->lock);
	if (b->seq == stamp->bucket_seq)
		return true;
	spin_unlock(&b->lock);
	return false;
}

void lease_unlock(const struct lease_stamp *stamp)
{
	spin_unlock(&buckets[stamp->bucket].lock);
}

static struct lease *create(enum lease_kind kind, uint64_t subject, const char *key, uint32_t len)
{
	struct lease *l = heap_cache_alloc(&lease_cache, HEAP_NOZERO);

	if (!l)
		return NULL;
	l->key = l->small_key;
	if (len > INLINE_KEY) {
		l->key = kmalloc(len, HEAP_NOZERO);
		if (!l->key) {
			heap_cache_free(&lease_cache, l);
			return NULL;
		}
	}
	memcpy(l->key, key, len);
	l->key_len = (uint16_t)len;
	l->kind = (uint16_t)kind;
	l->subject = subject;
	l->hash = hash_of(kind, subject, key, len);
	atomic_add(&counts[kind], 1);
	return l;
}

/* One lease too many: drop the leases of the next bucket. */
static void evict(void)
{
	struct bucket *b = &buckets[atomic_add(&clock_hand, 1) % BUCKETS];
	struct list_node freed = LIST_INIT(freed);
	struct lease *l, *next;

	spin_lock(&b->lock);
	LIST_FOR_EACH_ENTRY_SAFE(l, next, &b->leases, node)
		remove_locked(b, l, &freed);
	spin_unlock(&b->lock);
	free_list(&freed);
}

static uint64_t total(void)
{
	uint64_t n = 0;

	for (int k = 0; k < LEASE_KIND_END; k++)
		n += counts[k];
	return n;
}

int lease_grant(enum lease_kind kind, uint64_t subject, const char *key, uint32_t key_len, uint64_t seq,
		uint64_t lease_ns, struct lease_payload *payload)
{
	struct list_node freed = LIST_INIT(freed);
	struct bucket *b, *home = home_of(kind, subject);
	struct lease *l, *old;
	bool is_stale;

	if (!lease_ns) {
		lease_payload_put(payload);
		return 0;
	}
	l = create(kind, subject, key, key_len);
	if (!l) {
		lease_payload_put(payload);
		return -ENOMEM;
	}
	l->payload = payload;
	l->expires_ns = lease_ns == VFS_LEASE_FOREVER ? VFS_LEASE_FOREVER : clock_monotonic_ns() + lease_ns;
	b = bucket_at(l->hash);
	spin_lock(&b->lock);
	/* Read after the bucket is locked: a revoke sets it before it looks in the bucket. */
	is_stale = seq <= __atomic_load_n(&home->revoked_seq[kind], __ATOMIC_SEQ_CST);
	if (is_stale) {
		list_add(&l->node, &freed);
	} else {
		old = find(b, l->hash, kind, subject, key, key_len);
		if (old)
			remove_locked(b, old, &freed);
		insert_locked(b, l);
	}
	spin_unlock(&b->lock);
	free_list(&freed);
	if (is_stale) {
		counter_inc(counters[kind].refused);
		return -ESTALE;
	}
	counter_inc(counters[kind].grant);
	if (unlikely(total() > MAX_LEASES))
		evict();
	return 0;
}

static void raise_revoked(struct bucket *home, enum lease_kind kind, uint64_t seq)
{
	uint64_t old = __atomic_load_n(&home->revoked_seq[kind], __ATOMIC_RELAXED);

	while (old < seq && !__atomic_compare_exchange_n(&home->revoked_seq[kind], &old, seq, false, __ATOMIC_SEQ_CST,
							 __ATOMIC_RELAXED))
		;
}

static void remove_subject(enum lease_kind kind, uint64_t subject, bool every_subject)
{
	struct list_node freed = LIST_INIT(freed);
	struct lease *l, *next;

	if (!every_subject && !atomic_load(&home_of(kind, subject)->nsubject_leases[kind]))
		return;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		struct bucket *b = &buckets[i];

		if (list_is_empty(&b->leases))
			continue;
		spin_lock(&b->lock);
		LIST_FOR_EACH_ENTRY_SAFE(l, next, &b->leases, node) {
			if (l->kind == kind && (every_subject || l->subject == subject))
				remove_locked(b, l, &freed);
		}
		spin_unlock(&b->lock);
	}
	free_list(&freed);
}

void lease_revoke(enum lease_kind kind, uint64_t subject, const char *key, uint32_t key_len, uint64_t seq)
{
	struct list_node freed = LIST_INIT(freed);
	struct bucket *b;
	struct lease *l;
	uint32_t hash;

	counter_inc(counters[kind].revoke);
	raise_revoked(home_of(kind, subject), kind, seq);
	if (!key) {
		remove_subject(kind, subject, false);
		return;
	}
	hash = hash_of(kind, subject, key, key_len);
	b = bucket_at(hash);
	spin_lock(&b->lock);
	l = find(b, hash, kind, subject, key, key_len);
	if (l)
		remove_locked(b, l, &freed);
	else
		b->seq++;
	spin_unlock(&b->lock);
	free_list(&freed);
}

void lease_forget_subject(enum lease_kind kind, uint64_t subject)
{
	remove_subject(kind, subject, false);
}

uint64_t lease_count(enum lease_kind kind)
{
	return counts[kind];
}

void lease_drop_all(enum lease_kind kind)
{
	remove_subject(kind, 0, true);
}
