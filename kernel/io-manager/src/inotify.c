/* kernel/io-manager/src/inotify.c: queues of what happened, as files (man 7 inotify). See notify.h for the lock. */
#include <errno.h>
#include <string.h>

#include <ds/radix.h>
#include <asm/ioctls.h>
#include <linux/inotify.h>
#include <mm/heap.h>
#include <mm/usercopy.h>

#include "notify.h"
#include "vfs_private.h"

#define MAX_INSTANCES 1024u	/* in the machine */
#define MAX_WATCHES 65536u
#define MAX_EVENTS 16384u	/* in a queue */
#define READABLE (IO_POLLIN | IO_POLLRDNORM)

struct event {
	struct list_node node;
	int32_t wd;
	uint32_t mask, cookie;
	uint32_t len;
	char name[];
};

struct inotify {
	struct wait_queue wait;
	struct list_node events;
	uint32_t nevents;
	uint64_t bytes;			/* that reading all would give */
	struct radix_tree watches;	/* by number */
	int32_t next_wd;
	bool has_overflow;
	struct event overflow;		/* queued when there is no room for another */
};

HEAP_CACHE(inotify_cache, "inotify", sizeof(struct inotify));
HEAP_CACHE(watch_cache, "inotify watch", sizeof(struct watch));

static uint32_t ninstances;

static void *node_alloc(void *ctx, size_t size)
{
	return kmalloc(size, HEAP_ATOMIC);
}

static void node_free(void *ctx, void *p)
{
	kfree(p);
}

static const struct ds_alloc_ops node_ops = { node_alloc, node_free };

/* ---- events ---- */

/* The name's bytes with NULs up to a multiple of the head's. */
static uint32_t padded(uint32_t len)
{
	const uint32_t unit = sizeof(struct inotify_event);

	return len ? (len + 1 + unit - 1) / unit * unit : 0;
}

static uint64_t bytes_of(const struct event *e)
{
	return sizeof(struct inotify_event) + padded(e->len);
}

static void append(struct inotify *q, struct event *e)
{
	list_add_tail(&e->node, &q->events);
	q->nevents++;
	q->bytes += bytes_of(e);
	waitq_wake_all(&q->wait, READABLE);
}

static bool repeats_last(const struct inotify *q, int32_t wd, uint32_t mask, uint32_t cookie, const char *name, uint32_t len)
{
	const struct event *e;

	if (list_is_empty(&q->events))
		return false;
	e = container_of(q->events.prev, struct event, node);
	return e->wd == wd && e->mask == mask && e->cookie == cookie && e->len == len && !memcmp(e->name, name, len);
}

static void overflow(struct inotify *q)
{
	if (q->has_overflow)
		return;
	q->has_overflow = true;
	q->overflow = (struct event){ .wd = -1, .mask = IN_Q_OVERFLOW };
	append(q, &q->overflow);
}

void inotify_queue(struct watch *w, uint32_t mask, uint32_t cookie, const char *name, uint32_t len)
{
	struct inotify *q = w->owner;
	struct event *e;

	/* Linux never said of an inode that ended or moved that it is a folder. */
	if (mask & (IN_DELETE_SELF | IN_MOVE_SELF))
		mask &= ~(uint32_t)IN_ISDIR;
	if (repeats_last(q, w->wd, mask, cookie, name, len))
		return;
	e = q->nevents < MAX_EVENTS ? kmalloc(sizeof(*e) + len, HEAP_ATOMIC | HEAP_NOZERO) : NULL;
	if (!e) {
		overflow(q);
		return;
	}
	*e = (struct event){ .wd = w->wd, .mask = mask, .cookie = cookie, .len = len };
	if (len)
		memcpy(e->name, name, len);
	append(q, e);
}

/* ---- watches ---- */

void watch_end(struct watch *w, struct list_node *dead)
{
	inotify_queue(w, IN_IGNORED, 0, NULL, 0);
	radix_remove(&w->owner->watches, (uint32_t)w->wd);
	list_del(&w->inode_node);
	list_del(&w->all_node);
	w->inode->nwatches--;
	atomic_sub(&notify_nwatches, 1);
	list_add_tail(&w->dead_node, dead);
}

void watches_free(struct list_node *dead)
{
	struct watch *w, *next;

	LIST_FOR_EACH_ENTRY_SAFE(w, next, dead, dead_node) {
		inode_put(w->inode);
		heap_cache_free(&watch_cache, w);
	}
}

static struct watch *find_watch(struct inotify *q, struct inode *i)
{
	struct watch *w;

	LIST_FOR_EACH_ENTRY(w, &i->watches, inode_node) {
		if (w->owner == q)
			return w;
	}
	return NULL;
}

#define KEPT_BITS (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)

static int change(struct watch *w, uint32_t mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	w->mask = (mask & IN_MASK_ADD ? w->mask : 0) | (mask & KEPT_BITS);
	return w->wd;
}

/* Numbers are not used again until all have been: a late event must not be taken for another's. */
static int take_number(struct inotify *q, struct watch *w)
{
	int err;

	do {
		if (q->next_wd <= 0)
			q->next_wd = 1;
		w->wd = q->next_wd++;
		err = radix_insert(&q->watches, (uint32_t)w->wd, w);
	} while (err == -EEXIST);
	return err;
}

/* The lock is held; *@spare is consumed when it is used. */
static int add_locked(struct inotify *q, struct inode *i, uint32_t mask, struct watch **spare)
{
	struct watch *w = find_watch(q, i);
	int err;

	if (w)
		return change(w, mask);
	if (!*spare)
		return -ENOMEM;
	if (atomic_load(&notify_nwatches) >= MAX_WATCHES)
		return -ENOSPC;
	w = *spare;
	*w = (struct watch){ .owner = q, .inode = i, .mask = mask & KEPT_BITS };
	err = take_number(q, w);
	if (err)
		return err;
	*spare = NULL;
	inode_get(i);
	list_add_tail(&w->inode_node, &i->watches);
	list_add_tail(&w->all_node, &notify_all);
	i->nwatches++;
	atomic_add(&notify_nwatches, 1);
	return w->wd;
}

int inotify_add(struct file *f, struct inode *i, uint32_t mask)
{
	struct watch *spare = heap_cache_alloc(&watch_cache, 0);
	int wd;

	spin_lock(&notify_lock);
	wd = add_locked(f->private, i, mask, &spare);
	spin_unlock(&notify_lock);
	if (spare)
		heap_cache_free(&watch_cache, spare);
	return wd;
}

int inotify_remove(struct file *f, int wd)
{
	struct inotify *q = f->private;
	struct list_node dead = LIST_INIT(dead);
	struct watch *w;

	spin_lock(&notify_lock);
	w = wd > 0 ? radix_lookup(&q->watches, (uint32_t)wd) : NULL;
	if (w)
		watch_end(w, &dead);
	spin_unlock(&notify_lock);
	watches_free(&dead);
	return w ? 0 : -EINVAL;
}

/* ---- the queue as a file ---- */

/* The first event if it fits @room. Returns: 0 with it off the queue; -EAGAIN; -EINVAL too long. */
static int take_event(struct inotify *q, uint64_t room, struct event **out)
{
	struct event *e;
	int err = -EAGAIN;

	spin_lock(&notify_lock);
	e = list_first_entry(&q->events, struct event, node);
	if (e) {
		err = bytes_of(e) > room ? -EINVAL : 0;
		if (!err) {
			list_del(&e->node);
			q->nevents--;
			q->bytes -= bytes_of(e);
		}
	}
	spin_unlock(&notify_lock);
	*out = e;
	return err;
}

static void event_free(struct inotify *q, struct event *e)
{
	if (e != &q->overflow) {
		kfree(e);
		return;
	}
	spin_lock(&notify_lock);
	q->has_overflow = false;
	spin_unlock(&notify_lock);
}

static int copy_event(struct io_vector *v, const struct event *e)
{
	struct inotify_event head = { .wd = e->wd, .mask = e->mask, .cookie = e->cookie, .len = padded(e->len) };
	char name[VFS_NAME_MAX + 1 + sizeof(head)] = "";
	int err;

	memcpy(name, e->name, e->len);
	if (io_copy_to(v, &head, sizeof(head), &err) < sizeof(head))
		return -EFAULT;
	return io_copy_to(v, name, head.len, &err) < head.len ? -EFAULT : 0;
}

static int64_t inotify_read(struct io_request *rq)
{
	struct inotify *q = rq->file->private;
	uint64_t before = rq->vector.left;
	struct event *e;
	int err;

	while (!(err = take_event(q, rq->vector.left, &e))) {
		err = copy_event(&rq->vector, e);
		event_free(q, e);
		if (err)
			return err;
	}
	return rq->vector.left < before ? (int64_t)(before - rq->vector.left) : err;
}

static uint32_t inotify_poll(struct file *f)
{
	return list_is_empty(&((struct inotify *)f->private)->events) ? 0 : READABLE;
}

static struct wait_queue *inotify_wait_queue(struct file *f, uint32_t events)
{
	return &((struct inotify *)f->private)->wait;
}

static int64_t inotify_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	const struct inotify *q = f->private;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user((int)READ_ONCE(q->bytes), (int __user *)arg);
}

static void end_all_watches(struct inotify *q)
{
	struct list_node dead = LIST_INIT(dead);
	struct watch *w;
	uint64_t at = 0;

	spin_lock(&notify_lock);
	while ((w = radix_next(&q->watches, &at)))
		watch_end(w, &dead);
	spin_unlock(&notify_lock);
	watches_free(&dead);
}

static void inotify_release(struct file *f)
{
	struct inotify *q = f->private;
	struct event *e;

	end_all_watches(q);
	while (!take_event(q, ~0ull, &e))
		event_free(q, e);
	radix_destroy(&q->watches);
	heap_cache_free(&inotify_cache, q);
	atomic_sub(&ninstances, 1);
}

static const struct file_ops inotify_ops = {
	.name = "inotify",
	.read = inotify_read,
	.poll = inotify_poll,
	.wait_queue = inotify_wait_queue,
	.ioctl = inotify_ioctl,
	.ignores_seek = true,
	.release = inotify_release,
};

bool file_is_inotify(const struct file *f)
{
	return f->ops == &inotify_ops;
}

static struct inotify *inotify_alloc(void)
{
	struct inotify *q = heap_cache_alloc(&inotify_cache, 0);

	if (!q)
		return NULL;
	waitq_init(&q->wait);
	list_init(&q->events);
	radix_init(&q->watches, &node_ops, NULL);
	q->next_wd = 1;
	return q;
}

int inotify_create_file(uint32_t flags, struct file **out)
{
	struct inotify *q;
	int err = -EMFILE;

	if (__atomic_add_fetch(&ninstances, 1, __ATOMIC_RELAXED) > MAX_INSTANCES)
		goto uncount;
	err = -ENOMEM;
	q = inotify_alloc();
	if (!q)
		goto uncount;
	err = file_create(&inotify_ops, O_RDONLY | (flags & O_NONBLOCK), q, out);
	if (!err)
		return 0;
	heap_cache_free(&inotify_cache, q);
uncount:
	atomic_sub(&ninstances, 1);
	return err;
}
