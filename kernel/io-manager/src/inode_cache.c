/* kernel/io-manager/src/inode_cache.c: inodes by node number, and giving them back.
 *
 * The cache refers to its inodes without counting. An inode whose last reference goes
 * is idle: it stays on a list, oldest first, until
 * - its node has no link left, or too many are idle: then its contents are dropped and
 *   the owner gets its lookups back (VFS_RELEASE);
 * - the owner forgets the node.
 * Contents of KERNEL_DATA nodes live nowhere else, so only the second ends them.
 *
 * Retiring may sleep and may make other inodes idle, so it is done from one list by one
 * thread at a time, and never nests.
 */
#include <errno.h>
#include <string.h>

#include <ds/hash.h>
#include <mm/heap.h>
#include <nucleus/counter.h>

#include "vfs_private.h"

#define BUCKETS 8192u
#define SETTLE_NS NSEC_PER_SEC
#define MAX_SCAN 64u	/* idle inodes looked at when one has to go */

HEAP_CACHE(inode_heap, "inode", sizeof(struct inode));

static struct spinlock cache_lock = SPINLOCK_INIT(INODE_CACHE);
static struct list_node buckets[BUCKETS];
/* What no lease may say anything of (a process's folder) is hardly ever found again. What has no link
 * is there only as long as something else, like a call of loaderd's, holds its contents. */
enum idle_kind { IDLE_LEASED, IDLE_UNLEASED, IDLE_UNLINKED, IDLE_KINDS };
static const uint32_t max_idle[IDLE_KINDS] = { 4096, 128, 0 };

static struct list_node idle_lists[IDLE_KINDS], retire_list;
static uint32_t nidle[IDLE_KINDS];
static bool is_retiring;
static uint64_t absent_revoked_seq;
static uint32_t marked_dev;

void inode_cache_init(void)
{
	for (uint32_t b = 0; b < BUCKETS; b++)
		list_init(&buckets[b]);
	for (int kind = 0; kind < IDLE_KINDS; kind++)
		list_init(&idle_lists[kind]);
	list_init(&retire_list);
}

static struct list_node *bucket_of(uint64_t node)
{
	return &buckets[hash_u64(node) % BUCKETS];
}

static struct inode *find_locked(uint64_t node)
{
	struct inode *i;

	LIST_FOR_EACH_ENTRY(i, bucket_of(node), hash_node) {
		if (i->node == node && !i->is_forgotten)
			return i;
	}
	return NULL;
}

static bool has_no_link(const struct inode *i)
{
	return READ_ONCE(i->attr.nlink) == 0;
}

static bool holds_only_copy(const struct inode *i)
{
	return inode_is_kernel_data(i) && !i->is_forgotten;
}

static void idle_remove(struct inode *i)
{
	if (list_is_empty(&i->lru_node))
		return;
	list_del(&i->lru_node);
	nidle[i->idle_kind]--;
}

/* What can only go when its owner forgets it is on no list: nothing looks for it there. */
static void idle_add(struct inode *i)
{
	if (holds_only_copy(i) && !has_no_link(i))
		return;
	if (has_no_link(i))
		i->idle_kind = IDLE_UNLINKED;
	else
		i->idle_kind = i->attr.lease_ns ? IDLE_LEASED : IDLE_UNLEASED;
	list_add_tail(&i->lru_node, &idle_lists[i->idle_kind]);
	nidle[i->idle_kind]++;
}

static void get_locked(struct inode *i)
{
	if (__atomic_fetch_add(&i->refs.value, 1, __ATOMIC_ACQUIRE))
		return;
	if (!i->is_retiring)
		idle_remove(i);
	if (unlikely(i->attr.dev == marked_dev))
		marked_dev = 0;
}

uint32_t inode_mount_marked(void)
{
	return READ_ONCE(marked_dev);
}

void inode_mount_mark(uint32_t dev)
{
	spin_lock(&cache_lock);
	marked_dev = dev;
	spin_unlock(&cache_lock);
}

void inode_get(struct inode *i)
{
	refcount_get(&i->refs);
}

struct inode *inode_find(uint64_t node)
{
	struct inode *i;

	spin_lock(&cache_lock);
	i = find_locked(node);
	if (i)
		get_locked(i);
	spin_unlock(&cache_lock);
	return i;
}

/* The inode with the smallest node above @after in one bucket. */
static struct inode *next_in_bucket(struct list_node *bucket, uint64_t after)
{
	struct inode *i, *best = NULL;

	LIST_FOR_EACH_ENTRY(i, bucket, hash_node) {
		if (i->node > after && !i->is_forgotten && (!best || i->node < best->node))
			best = i;
	}
	return best;
}

struct inode *inode_next(uint64_t after)
{
	struct list_node *bucket = after ? bucket_of(after) : buckets;
	struct inode *next;

	spin_lock(&cache_lock);
	next = next_in_bucket(bucket, after);
	while (!next && ++bucket < buckets + BUCKETS)
		next = next_in_bucket(bucket, 0);
	if (next)
		get_locked(next);
	spin_unlock(&cache_lock);
	return next;
}

uint64_t inode_lookups(struct inode *i)
{
	uint64_t n;

	spin_lock(&cache_lock);
	n = i->nlookup + (i->is_releasing ? i->release.words[2] : 0);
	spin_unlock(&cache_lock);
	return n;
}

void inode_cache_for_each(void (*fn)(struct inode *i, void *context), void *context)
{
	uint64_t after = 0;
	struct inode *i;

	while ((i = inode_next(after))) {
		after = i->node;
		fn(i, context);
		inode_put(i);
	}
}

static void init_contents(struct inode *i)
{
	bool is_kernel_data = i->attr.flags & VFS_NODE_KERNEL_DATA;

	if (!inode_is_regular(i))
		return;
	mm_object_init(&i->object, i->attr.size, is_kernel_data ? NULL : &vfs_pager_ops, i);
	if (is_kernel_data)
		i->object.flags |= MM_OBJECT_SHMEM;
	i->size_is_ours = is_kernel_data;
	i->server_size = i->attr.size;
}

static struct inode *inode_create(const struct vfs_attr *attr)
{
	struct inode *i = heap_cache_alloc(&inode_heap, 0);

	if (!i)
		return NULL;
	refcount_set(&i->refs, 1);
	i->node = attr->node;
	i->attr = *attr;
	list_init(&i->hash_node);
	list_init(&i->lru_node);
	list_init(&i->posix_locks);
	list_init(&i->flock_locks);
	list_init(&i->watches);
	spin_init(&i->state_lock, LOCK_INODE_STATE);
	spin_init(&i->locks_lock, LOCK_FILE_LOCKS);
	mutex_init(&i->lock, LOCK_INODE);
	waitq_init(&i->lock_wait);
	init_contents(i);
	return i;
}

static void inode_destroy(struct inode *i)
{
	if (inode_is_regular(i)) {
		mm_object_destroy_pages(&i->object);
		/* The write-back thread may have found it a moment before: it lets go soon. */
		while (refcount_read(&i->object.refs) > 1)
			thread_block(0, clock_monotonic_ns() + NSEC_PER_MSEC);
	}
	mm_object_put(i->bundle_object);
	link_text_put(i->target);
	kfree(i->place);
	heap_cache_free(&inode_heap, i);
}

/* An object that somebody else still refers to lives inside the inode. */
static bool object_is_free(const struct inode *i)
{
	return !inode_is_regular(i) || (refcount_read(&i->object.refs) == 1 && !atomic_load(&i->pageouts));
}

static struct inode *insert_or_get(struct inode *new, uint64_t node)
{
	struct inode *i;

	spin_lock(&cache_lock);
	i = find_locked(node);
	if (i) {
		get_locked(i);
	} else if (new) {
		new->attr_revoked_seq = absent_revoked_seq;
		list_add(&new->hash_node, bucket_of(node));
		i = new;
	}
	if (i)
		i->nlookup++;
	spin_unlock(&cache_lock);
	return i;
}

struct inode *inode_obtain(const struct vfs_attr *attr, const char *target, uint32_t target_len)
{
	struct inode *i = insert_or_get(NULL, attr->node), *new;

	if (!i) {
		new = inode_create(attr);
		if (!new)
			return NULL;
		i = insert_or_get(new, attr->node);
		if (i != new)
			inode_destroy(new);
	}
	inode_merge_attr(i, attr);
	if (target_len && inode_is_symlink(i) && inode_keep_target(i, target, target_len)) {
		inode_put(i);
		return NULL;
	}
	return i;
}

uint64_t inode_revoked_before(void)
{
	return READ_ONCE(absent_revoked_seq);
}

void inode_note_revoke_of_absent(uint64_t seq)
{
	spin_lock(&cache_lock);
	absent_revoked_seq = MAX(absent_revoked_seq, seq);
	spin_unlock(&cache_lock);
}

static bool is_dirty(const struct inode *i)
{
	return inode_is_regular(i) && READ_ONCE(i->object.ndirty);
}

static void queue_retire(struct inode *i)
{
	if (i->is_retiring)
		return;
	idle_remove(i);
	list_add_tail(&i->lru_node, &retire_list);
	i->is_retiring = true;
}

/* Dirty ones wait for their write-back, unless nobody can read it any more; what has been released, for its
 * owner to forget it. */
static bool may_retire(const struct inode *i)
{
	if (i->is_releasing || !object_is_free(i))
		return false;
	if (has_no_link(i))
		return i->nlookup || !holds_only_copy(i);
	return !holds_only_copy(i) && !is_dirty(i);
}

/* The oldest idle inodes that can go, until @left are idle. */
static void retire_excess(enum idle_kind kind, uint32_t left, uint32_t max_scan)
{
	struct inode *i, *next;
	uint32_t looked_at = 0;

	LIST_FOR_EACH_ENTRY_SAFE(i, next, &idle_lists[kind], lru_node) {
		if (nidle[kind] <= left || ++looked_at > max_scan)
			return;
		if (may_retire(i))
			queue_retire(i);
	}
}

static void release_done(struct ipc_notification *n);

/* Back to idle; whatever still holds it back will let go of it later. */
static void unretire_locked(struct inode *i)
{
	i->is_retiring = false;
	list_del(&i->lru_node);
	if (!refcount_read(&i->refs))
		idle_add(i);
}

/* Returns: true when @i is out of the cache and has to be destroyed. */
static bool retire_locked(struct inode *i, bool *send)
{
	*send = false;
	if (refcount_read(&i->refs) || !object_is_free(i)) {
		unretire_locked(i);
		return false;
	}
	if (!i->is_releasing && !holds_only_copy(i) && (i->is_forgotten || !i->nlookup)) {
		list_del(&i->hash_node);
		list_del(&i->lru_node);
		return true;
	}
	if (!i->is_releasing && i->nlookup) {
		i->release.words[0] = VFS_RELEASE;
		i->release.words[1] = i->node;
		i->release.words[2] = i->nlookup;
		i->release.done = release_done;
		i->nlookup = 0;
		i->is_releasing = true;
		*send = true;
	}
	unretire_locked(i);
	return false;
}

static void retire_one(struct inode *i)
{
	bool send, gone;

	if (inode_is_dir(i)) {
		lease_forget_subject(LEASE_NAME, i->node);
		lease_forget_subject(LEASE_FOLD, i->node);
	}
	spin_lock(&cache_lock);
	gone = retire_locked(i, &send);
	spin_unlock(&cache_lock);
	if (gone)
		inode_destroy(i);
	else if (send)
		ipc_notify_service(SERVICE_VFSD, &i->release);
}

static void retire_all(void)
{
	spin_lock(&cache_lock);
	if (is_retiring) {
		spin_unlock(&cache_lock);
		return;
	}
	is_retiring = true;
	while (!list_is_empty(&retire_list)) {
		struct inode *i = list_first_entry(&retire_list, struct inode, lru_node);

		list_del(&i->lru_node);
		spin_unlock(&cache_lock);
		retire_one(i);
		spin_lock(&cache_lock);
	}
	is_retiring = false;
	spin_unlock(&cache_lock);
}

/* The receiver has the release: the storage is ours again. */
static void release_done(struct ipc_notification *n)
{
	struct inode *i = container_of(n, struct inode, release);
	bool gone, again;

	spin_lock(&cache_lock);
	i->is_releasing = false;
	gone = !refcount_read(&i->refs) && !i->nlookup && !holds_only_copy(i) && !i->is_retiring && object_is_free(i);
	if (gone) {
		list_del(&i->hash_node);
		idle_remove(i);
	}
	/* It was looked up meanwhile, and let go of again. */
	again = !gone && !refcount_read(&i->refs) && i->nlookup && has_no_link(i);
	if (again)
		queue_retire(i);
	spin_unlock(&cache_lock);
	if (gone)
		inode_destroy(i);
	if (again)
		retire_all();
}

void inode_put(struct inode *i)
{
	int old;
	bool work;

	if (!i)
		return;
	old = refcount_read(&i->refs);
	while (old > 1) {
		if (__atomic_compare_exchange_n(&i->refs.value, &old, old - 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return;
	}
	spin_lock(&cache_lock);
	if (!refcount_put(&i->refs)) {
		spin_unlock(&cache_lock);
		return;
	}
	if (!i->is_retiring) {
		idle_add(i);
		if (has_no_link(i) || i->is_forgotten)
			queue_retire(i);
	}
	if (nidle[i->idle_kind] > max_idle[i->idle_kind])
		retire_excess(i->idle_kind, max_idle[i->idle_kind], MAX_SCAN);
	if (nidle[IDLE_UNLINKED])
		retire_excess(IDLE_UNLINKED, 0, MAX_SCAN);
	work = !list_is_empty(&retire_list);
	spin_unlock(&cache_lock);
	if (work)
		retire_all();
}

/* Is everything sent for what has no link? Write-back may hold an object for a moment. */
static bool is_all_released(void)
{
	bool is_all;
	struct inode *i;

	spin_lock(&cache_lock);
	is_all = !is_retiring && list_is_empty(&retire_list);
	LIST_FOR_EACH_ENTRY(i, &idle_lists[IDLE_UNLINKED], lru_node)
		is_all &= !i->nlookup;
	spin_unlock(&cache_lock);
	return is_all;
}

void inode_cache_settle(void)
{
	uint64_t deadline_ns = clock_monotonic_ns() + SETTLE_NS;

	for (;;) {
		spin_lock(&cache_lock);
		retire_excess(IDLE_UNLINKED, 0, ~0u);
		spin_unlock(&cache_lock);
		retire_all();
		if (is_all_released() || clock_monotonic_ns() >= deadline_ns)
			break;
		thread_block(0, clock_monotonic_ns() + NSEC_PER_MSEC);
	}
	(void)ipc_settle_service(SERVICE_VFSD, deadline_ns);
}

bool inode_mount_is_busy(struct inode *root)
{
	bool busy = false;

	lease_drop_all(LEASE_NAME);
	spin_lock(&cache_lock);
	for (uint32_t b = 0; b < BUCKETS && !busy; b++) {
		struct inode *i;

		LIST_FOR_EACH_ENTRY(i, &buckets[b], hash_node) {
			if (i->attr.dev == root->attr.dev && (uint32_t)refcount_read(&i->refs) > (uint32_t)(i == root) + READ_ONCE(i->nwatches))
				busy = true;
		}
	}
	spin_unlock(&cache_lock);
	return busy;
}

bool inode_mount_is_written(struct inode *root)
{
	bool is_written = false;

	spin_lock(&cache_lock);
	for (uint32_t b = 0; b < BUCKETS && !is_written; b++) {
		struct inode *i;

		LIST_FOR_EACH_ENTRY(i, &buckets[b], hash_node) {
			if (i->attr.dev == root->attr.dev && (atomic_load(&i->writers) || (has_no_link(i) && refcount_read(&i->refs))))
				is_written = true;
		}
	}
	spin_unlock(&cache_lock);
	return is_written;
}

void inode_drop_idle(void)
{
	spin_lock(&cache_lock);
	for (int kind = 0; kind < IDLE_KINDS; kind++)
		retire_excess(kind, 0, ~0u);
	spin_unlock(&cache_lock);
	retire_all();
}

void inode_forget(struct inode *i)
{
	spin_lock(&cache_lock);
	i->is_forgotten = true;
	spin_unlock(&cache_lock);
}
