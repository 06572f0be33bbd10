/* kernel/io-manager/src/notify.c: from what happens to whom it is told. See notify.h for the lock. */
#include "notify.h"

#include <string.h>

#include <linux/inotify.h>
#include <mm/heap.h>

#include "vfs_private.h"

uint32_t notify_nwatches;
void (*notify_listener)(const struct notify_event *e);
struct spinlock notify_lock = SPINLOCK_INIT(NOTIFY);
struct list_node notify_all = LIST_INIT(notify_all);

static uint32_t last_cookie;

uint32_t notify_new_cookie(void)
{
	return __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
}

struct happening {
	uint32_t mask, cookie;
	const char *name;	/* of a child; len 0: of the inode itself */
	uint32_t len;
	bool is_unlinked;	/* the child had that name once */
};

/* The lock is held. */
static void tell(struct inode *i, const struct happening *h, struct list_node *dead)
{
	struct watch *w, *next;

	LIST_FOR_EACH_ENTRY_SAFE(w, next, &i->watches, inode_node) {
		if (!(h->mask & w->mask & IN_ALL_EVENTS))
			continue;
		if (h->is_unlinked && (w->mask & IN_EXCL_UNLINK))
			continue;
		inotify_queue(w, h->mask, h->cookie, h->name, h->len);
		if (w->mask & IN_ONESHOT)
			watch_end(w, dead);
	}
}

static uint32_t with_kind(const struct inode *i, uint32_t mask)
{
	return inode_is_dir(i) ? mask | IN_ISDIR : mask;
}

void notify_tell_self(struct inode *i, uint32_t mask)
{
	const struct happening h = { .mask = with_kind(i, mask) };
	struct list_node dead = LIST_INIT(dead);

	spin_lock(&notify_lock);
	tell(i, &h, &dead);
	spin_unlock(&notify_lock);
	watches_free(&dead);
}

static void tell_listener(struct inode *dir, const struct happening *h)
{
	const struct notify_event e = { .dir = dir, .name = h->name, .len = h->len, .mask = h->mask, .cookie = h->cookie };

	if (notify_listener && !h->is_unlinked)
		notify_listener(&e);
}

void notify_listen(int change)
{
	atomic_add(&notify_nwatches, (uint32_t)change);
}

void notify_tell_name(struct inode *dir, const char *name, uint32_t len, uint32_t mask, bool is_dir, uint32_t cookie)
{
	const struct happening h = { .mask = is_dir ? mask | IN_ISDIR : mask, .cookie = cookie, .name = name, .len = len };
	struct list_node dead = LIST_INIT(dead);

	spin_lock(&notify_lock);
	tell(dir, &h, &dead);
	spin_unlock(&notify_lock);
	watches_free(&dead);
	tell_listener(dir, &h);
}

/* Where @i was found. Returns: the folder, a reference, if the machine knows it; the name in @name. */
static struct inode *place_of(struct inode *i, char name[VFS_NAME_MAX], struct happening *h)
{
	uint64_t dir = 0;

	spin_lock(&notify_lock);
	if (i->place) {
		dir = i->place->dir;
		h->len = i->place->len;
		h->is_unlinked = i->place->is_gone;
		memcpy(name, i->place->name, h->len);
	}
	spin_unlock(&notify_lock);
	h->name = name;
	return dir ? inode_find(dir) : NULL;
}

void notify_tell_inode(struct inode *i, uint32_t mask)
{
	struct happening h = { .mask = with_kind(i, mask) };
	struct list_node dead = LIST_INIT(dead);
	char name[VFS_NAME_MAX];
	struct inode *dir = place_of(i, name, &h);

	if (dir) {
		spin_lock(&notify_lock);
		tell(dir, &h, &dead);
		spin_unlock(&notify_lock);
		watches_free(&dead);
		tell_listener(dir, &h);
		inode_put(dir);
	}
	notify_tell_self(i, mask);
}

void notify_keep_place(struct inode *i, struct inode *dir, const char *name, uint32_t len)
{
	struct inode_place *p, *old;

	if (!len || len > VFS_NAME_MAX || (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
		return;
	p = kmalloc(sizeof(*p) + len, HEAP_NOZERO);
	if (!p)
		return;
	*p = (struct inode_place){ .dir = dir->node, .len = len };
	memcpy(p->name, name, len);
	spin_lock(&notify_lock);
	old = i->place;
	i->place = p;
	spin_unlock(&notify_lock);
	kfree(old);
}

void notify_removed_place(struct inode *i)
{
	if (!notify_is_on())
		return;
	spin_lock(&notify_lock);
	if (i->place)
		i->place->is_gone = true;
	spin_unlock(&notify_lock);
}

/* ---- ends ---- */

void notify_end(struct inode *i, uint32_t mask)
{
	struct list_node dead = LIST_INIT(dead);
	struct watch *w, *next;

	spin_lock(&notify_lock);
	LIST_FOR_EACH_ENTRY_SAFE(w, next, &i->watches, inode_node) {
		if ((w->mask & mask) || mask == IN_UNMOUNT)
			inotify_queue(w, mask, 0, NULL, 0);
		watch_end(w, &dead);
	}
	spin_unlock(&notify_lock);
	watches_free(&dead);
}

void notify_deleted(struct inode *i)
{
	if (!notify_is_on() || READ_ONCE(i->attr.nlink) || (inode_is_regular(i) && atomic_load(&i->opens)))
		return;
	notify_end(i, IN_DELETE_SELF);
}

/* A watched inode of that filesystem, a reference, or NULL. */
static struct inode *watched_of(uint32_t dev)
{
	struct inode *found = NULL;
	struct watch *w;

	spin_lock(&notify_lock);
	LIST_FOR_EACH_ENTRY(w, &notify_all, all_node) {
		if (w->inode->attr.dev == dev) {
			found = w->inode;
			inode_get(found);
			break;
		}
	}
	spin_unlock(&notify_lock);
	return found;
}

void notify_unmounted(uint32_t dev)
{
	struct inode *i;

	while (notify_is_on() && (i = watched_of(dev))) {
		notify_end(i, IN_UNMOUNT);
		inode_put(i);
	}
}
