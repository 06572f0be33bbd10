/* kernel/io-manager/src/walk_prefix.c: ways to folders that were walked before.
 *
 * Programs open many files of few folders. A prefix is a path without its last component, with the stamps of
 * the leases that answered each step of it. A later walk that begins alike takes it in one step if every
 * lease still holds and every folder on the way may be searched, which is looked at anew each time; otherwise
 * it goes component by component, which also finds the right error.
 *
 * A prefix holds no reference to an inode: a lease that holds does.
 *
 * Locking: slot->lock guards the slot; a prefix that is in one does not change any more.
 */
#include <ds/hash.h>
#include <mm/heap.h>
#include <nucleus/counter.h>
#include <string.h>

#include "vfs_private.h"

#define SLOTS 512u
#define MAX_STEPS 24u
#define MAX_BYTES 192u
#define MIN_SLASHES 2u	/* of a path whose prefix is worth it */
/* Of walks that may not go everywhere, each step has to be looked at. */
#define BOUND (WALK_NO_SYMLINKS | WALK_NO_MAGIC | WALK_BENEATH | WALK_IN_ROOT | WALK_NO_XDEV)

struct step {
	struct lease_stamp stamp;
	struct inode *inode;	/* NULL: there is no such name */
};

struct prefix {
	refcount_t refs;
	uint64_t hash;
	uint64_t start, root;	/* nodes */
	uint64_t expires_ns;
	uint32_t nbytes, nsteps, nlinks;
	bool folds, meets_root;
	bool is_incomplete;	/* something else than a lease answered a step */
	char path[MAX_BYTES];
	struct step steps[MAX_STEPS];
};

static struct slot {
	struct spinlock lock;
	uint64_t seen;		/* hash of the prefix that was asked for last */
	struct prefix *prefix;
} slots[SLOTS];

void walk_prefix_init(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		spin_init(&slots[i].lock, LOCK_WALK_PREFIX);
}

static void prefix_put(struct prefix *p)
{
	if (p && refcount_put(&p->refs))
		kfree(p);
}

/* Bytes of @path up to its last component; 0: no prefix is kept for it. */
static uint32_t prefix_bytes(const char *path)
{
	uint32_t n = 0, last = 0, slashes = 0;

	for (; path[n]; n++) {
		if (path[n] == '/') {
			slashes++;
			last = n + 1;
		}
	}
	return slashes >= MIN_SLASHES && last < n && last <= MAX_BYTES ? last : 0;
}

static bool is_of(const struct prefix *p, const struct walk *w, uint32_t nbytes)
{
	return p->nbytes == nbytes && p->start == w->dir->node && p->root == w->root->node &&
	       p->folds == !!(w->flags & WALK_FOLD) && !memcmp(p->path, w->rest, nbytes);
}

/* Does the lease of step @i hold, and may the folder that it leads to be searched? @end: it need not be, and
 * gets a reference. */
static bool take_step(const struct step *s, bool is_end)
{
	bool is_open;

	if (!lease_lock_valid(&s->stamp))
		return false;
	is_open = is_end || !s->inode || !inode_is_dir(s->inode) || inode_may_search_now(s->inode);
	if (is_end)
		inode_get(s->inode);
	lease_unlock(&s->stamp);
	return is_open;
}

static bool take(const struct prefix *p, struct walk *w)
{
	if (p->expires_ns != VFS_LEASE_FOREVER && p->expires_ns <= clock_monotonic_ns())
		return false;
	if (!inode_may_search_now(w->dir) || (p->meets_root && !inode_may_search_now(w->root)))
		return false;
	for (uint32_t i = 0; i < p->nsteps; i++) {
		if (!take_step(&p->steps[i], i == p->nsteps - 1))
			return false;
	}
	inode_put(w->dir);
	w->dir = p->steps[p->nsteps - 1].inode;
	w->rest += p->nbytes;
	w->nlinks = p->nlinks;
	counter_add(COUNTER_LEASE_NAME_HIT, p->nsteps);
	return true;
}

/* Remember the steps of a walk that begins. Without memory nothing is remembered. */
static void begin(struct walk *w, uint64_t hash, uint32_t nbytes)
{
	struct prefix *p = kmalloc(sizeof(*p), HEAP_NOZERO);

	if (!p)
		return;
	refcount_set(&p->refs, 1);
	p->hash = hash;
	p->start = w->dir->node;
	p->root = w->root->node;
	p->expires_ns = VFS_LEASE_FOREVER;
	p->nbytes = nbytes;
	p->nsteps = p->nlinks = 0;
	p->folds = w->flags & WALK_FOLD;
	p->meets_root = p->is_incomplete = false;
	memcpy(p->path, w->rest, nbytes);
	w->prefix = p;
}

void walk_prefix_take(struct walk *w)
{
	uint32_t nbytes = w->flags & BOUND ? 0 : prefix_bytes(w->rest);
	struct prefix *p = NULL;
	bool is_known = false, was_seen;
	struct slot *slot;
	uint64_t hash;

	if (!nbytes)
		return;
	hash = hash_words(w->dir->node + (w->flags & WALK_FOLD), w->rest, nbytes);
	slot = &slots[hash % SLOTS];
	spin_lock(&slot->lock);
	was_seen = slot->seen == hash;
	slot->seen = hash;
	if (slot->prefix && slot->prefix->hash == hash) {
		p = slot->prefix;
		refcount_get(&p->refs);
	}
	spin_unlock(&slot->lock);
	if (p)
		is_known = is_of(p, w, nbytes) && take(p, w);
	prefix_put(p);
	/* What is asked for once is not worth the memory. */
	if (was_seen && !is_known)
		begin(w, hash, nbytes);
}

void walk_prefix_note(struct walk *w, const struct lease_stamp *stamp, struct inode *i)
{
	struct prefix *p = w->prefix;

	if (!p)
		return;
	if (!stamp || p->nsteps == MAX_STEPS) {
		p->is_incomplete = true;
		return;
	}
	p->steps[p->nsteps++] = (struct step){ *stamp, i };
	p->expires_ns = MIN(p->expires_ns, stamp->expires_ns);
}

void walk_prefix_note_root(struct walk *w)
{
	if (w->prefix)
		w->prefix->meets_root = true;
}

void walk_prefix_keep(struct walk *w)
{
	struct prefix *p = w->prefix, *old;
	struct slot *slot;

	w->prefix = NULL;
	if (!p)
		return;
	if (p->is_incomplete || !p->nsteps || p->steps[p->nsteps - 1].inode != w->dir) {
		kfree(p);
		return;
	}
	p->nlinks = w->nlinks;
	slot = &slots[p->hash % SLOTS];
	spin_lock(&slot->lock);
	old = slot->prefix;
	slot->prefix = p;
	spin_unlock(&slot->lock);
	prefix_put(old);
}
