/* kernel/io-manager/src/locks.c: POSIX record locks, open-file-description locks and flock.
 *
 * All are ranges with an owner: the process (F_SETLK), the open file (F_OFD_SETLK, flock).
 * They live in the inode and never leave the machine. A process that waits for a POSIX
 * lock is on one list, which is searched for cycles before it sleeps (EDEADLK).
 *
 * Locking: inode->locks_lock guards its ranges; `waits_lock`, taken inside it, the list
 * of waiters.
 */
#include <errno.h>

#include <asm/fcntl.h>
#include <mm/heap.h>

#include "lock_ranges.h"
#include "vfs_private.h"

#define MAX_RANGES (64u << 10)	/* in the machine */
#define MAX_CYCLE 64

HEAP_CACHE(range_cache, "file lock", sizeof(struct lock_range));

struct lock_wait {
	struct list_node node;
	const void *owner, *blocker;
};

static struct spinlock waits_lock = SPINLOCK_INIT(FILE_LOCKS);
static struct list_node waits = LIST_INIT(waits);
static uint32_t nranges;

static struct lock_range *range_alloc(void)
{
	struct lock_range *r;

	if (__atomic_add_fetch(&nranges, 1, __ATOMIC_RELAXED) > MAX_RANGES) {
		atomic_sub(&nranges, 1);
		return NULL;
	}
	r = heap_cache_alloc(&range_cache, 0);
	if (!r)
		atomic_sub(&nranges, 1);
	return r;
}

static void range_free(struct lock_range *r)
{
	if (!r)
		return;
	heap_cache_free(&range_cache, r);
	atomic_sub(&nranges, 1);
}

static void free_list(struct list_node *freed)
{
	struct lock_range *r, *next;

	LIST_FOR_EACH_ENTRY_SAFE(r, next, freed, node) {
		list_del(&r->node);
		range_free(r);
	}
}

/* ---- waiting ---- */

static const void *blocker_of(const void *owner)
{
	struct lock_wait *w;

	LIST_FOR_EACH_ENTRY(w, &waits, node) {
		if (w->owner == owner)
			return w->blocker;
	}
	return NULL;
}

/* Enter @w unless its owner would then wait for itself. */
static bool enter_wait(struct lock_wait *w)
{
	const void *at = w->blocker;
	bool cycle = false;

	spin_lock_nested(&waits_lock);
	for (unsigned i = 0; at && !cycle && i < MAX_CYCLE; i++) {
		cycle = at == w->owner;
		at = blocker_of(at);
	}
	if (!cycle)
		list_add(&w->node, &waits);
	spin_unlock(&waits_lock);
	return !cycle;
}

static void leave_wait(struct lock_wait *w)
{
	spin_lock(&waits_lock);
	list_del(&w->node);
	spin_unlock(&waits_lock);
}

static bool is_vacant(struct inode *i, struct list_node *set, const struct lock_range *wanted)
{
	bool vacant;

	spin_lock(&i->locks_lock);
	vacant = !range_conflict(set, wanted);
	spin_unlock(&i->locks_lock);
	return vacant;
}

/* ---- setting ---- */

/* Returns: 0 set; -EAGAIN conflict, with @w entered if there is one; -EDEADLK. */
static int try_set(struct inode *i, struct list_node *set, const struct lock_range *wanted,
		   struct lock_range *spare[2], struct list_node *freed, struct lock_wait *w)
{
	struct lock_range *conflict;
	int err = 0;

	spin_lock(&i->locks_lock);
	conflict = range_conflict(set, wanted);
	if (!conflict) {
		range_apply(set, wanted, spare, freed);
	} else {
		err = -EAGAIN;
		if (w) {
			w->blocker = conflict->owner;
			if (!enter_wait(w))
				err = -EDEADLK;
		}
	}
	spin_unlock(&i->locks_lock);
	return err;
}

static int set_waiting(struct inode *i, struct list_node *set, const struct lock_range *wanted,
		       struct lock_range *spare[2], struct list_node *freed, bool wait)
{
	struct lock_wait w = { .owner = wanted->owner };

	for (;;) {
		int err = try_set(i, set, wanted, spare, freed, wait ? &w : NULL);

		if (err != -EAGAIN || !wait)
			return err;
		err = WAIT_EVENT(&i->lock_wait, is_vacant(i, set, wanted), INTERRUPT_SIGNAL | INTERRUPT_FATAL, 0);
		leave_wait(&w);
		if (err)
			return err;
	}
}

static int set_range(struct inode *i, struct list_node *set, const struct lock_range *wanted, bool wait)
{
	struct lock_range *spare[2] = { range_alloc(), range_alloc() };
	struct list_node freed = LIST_INIT(freed);
	int err = -ENOLCK;

	if (spare[0] && spare[1])
		err = set_waiting(i, set, wanted, spare, &freed, wait);
	range_free(spare[0]);
	range_free(spare[1]);
	free_list(&freed);
	/* An unlock or a weaker lock may let somebody in. */
	if (!err && wanted->type != RANGE_WRITE)
		waitq_wake_all(&i->lock_wait, 0);
	return err;
}

static enum range_type type_of(int16_t linux_type)
{
	switch (linux_type) {
	case F_RDLCK:
		return RANGE_READ;
	case F_WRLCK:
		return RANGE_WRITE;
	default:
		return RANGE_UNLOCK;
	}
}

static void find_conflict(struct inode *i, const struct lock_range *wanted, struct linux_flock_range *out)
{
	struct lock_range *r;

	spin_lock(&i->locks_lock);
	r = range_conflict(&i->posix_locks, wanted);
	if (r) {
		out->type = r->type == RANGE_WRITE ? F_WRLCK : F_RDLCK;
		out->start = r->start;
		out->end = r->last;
		out->pid = r->pid;
	} else {
		out->type = F_UNLCK;
	}
	spin_unlock(&i->locks_lock);
}

int inode_posix_lock(struct file *f, struct linux_flock_range *range, bool wait, bool get, void *owner)
{
	struct lock_range wanted = { .start = range->start, .last = range->end, .type = type_of(range->type),
		.owner = owner, .pid = range->pid };

	if (get) {
		find_conflict(f->inode, &wanted, range);
		return 0;
	}
	return set_range(f->inode, &f->inode->posix_locks, &wanted, wait);
}

static void unlock_all(struct inode *i, struct list_node *set, const void *owner)
{
	struct list_node freed = LIST_INIT(freed);

	spin_lock(&i->locks_lock);
	range_remove_owner(set, owner, &freed);
	spin_unlock(&i->locks_lock);
	if (list_is_empty(&freed))
		return;
	free_list(&freed);
	waitq_wake_all(&i->lock_wait, 0);
}

void inode_posix_unlock_all(struct inode *i, void *owner)
{
	unlock_all(i, &i->posix_locks, owner);
}

/* ---- flock ---- */

static bool holds_flock(struct inode *i, const struct lock_range *wanted)
{
	struct lock_range *r;
	bool held = false;

	spin_lock(&i->locks_lock);
	LIST_FOR_EACH_ENTRY(r, &i->flock_locks, node)
		held |= r->owner == wanted->owner && r->type == wanted->type;
	spin_unlock(&i->locks_lock);
	return held;
}

int inode_flock(struct file *f, int operation)
{
	struct inode *i = f->inode;
	struct lock_range wanted = { .last = ~0ull, .owner = f };

	switch (operation & ~LOCK_NB) {
	case LOCK_SH:
		wanted.type = RANGE_READ;
		break;
	case LOCK_EX:
		wanted.type = RANGE_WRITE;
		break;
	case LOCK_UN:
		unlock_all(i, &i->flock_locks, f);
		return 0;
	default:
		return -EINVAL;
	}
	if (holds_flock(i, &wanted))
		return 0;
	/* A conversion gives the old lock up first (man 2 flock). */
	unlock_all(i, &i->flock_locks, f);
	f->has_flock = true;
	return set_range(i, &i->flock_locks, &wanted, !(operation & LOCK_NB));
}

void inode_flock_release(struct file *f)
{
	unlock_all(f->inode, &f->inode->flock_locks, f);
}
