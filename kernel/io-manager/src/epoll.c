/* kernel/io-manager/src/epoll.c: sets of files that tell when they become ready.
 *
 * An item watches one (file, descriptor) pair by waiters on the file's queues. A wake
 * puts it on the set's ready list; epoll_wait() asks each ready file once more. Items do
 * not hold their files: a file's release takes its items out first.
 *
 * Locking: graph_lock (EPOLL) guards which set watches which file; set->lock (EPOLL,
 * nested in it and in the lock of a set that watches this one) the items; set->ready_lock
 * (EPOLL_READY, interrupts off, taken by wakes under a file's queue lock) the ready list.
 */
#include <errno.h>

#include <ds/rbtree.h>
#include <io/poll.h>
#include <linux/eventpoll.h>
#include <mm/heap.h>
#include <mm/usercopy.h>

#include "file_private.h"

#define MAX_ITEMS 65536u
#define MAX_DEPTH 5

#define ALWAYS (IO_POLLERR | IO_POLLHUP)
/* EPOLLET and friends: the header's carry a type that only sparse knows. */
#define EDGE (1u << 31)
#define ONESHOT (1u << 30)
#define WAKEUP (1u << 29)
#define EXCLUSIVE (1u << 28)
#define MODIFIERS (EDGE | ONESHOT | WAKEUP | EXCLUSIVE)

struct epoll_set {
	struct mutex lock;
	struct spinlock ready_lock;
	struct list_node ready;
	struct wait_queue wait;
	struct rb_root items;
	uint32_t nitems;
	struct file *file;	/* itself */
};

struct epoll_item {
	struct rb_node node;
	struct list_node ready_node, file_node;
	struct epoll_set *set;
	struct file *file;
	int fd;
	uint32_t events;	/* no event bits: disarmed by EPOLLONESHOT */
	uint64_t data;
	struct wait_queue *queues[2];
	struct waiter waiters[2];
};

HEAP_CACHE(set_cache, "epoll", sizeof(struct epoll_set));
HEAP_CACHE(item_cache, "epoll item", sizeof(struct epoll_item));

static struct mutex graph_lock = { .class = LOCK_EPOLL,
	.wait = { .lock = SPINLOCK_INIT(WAIT_QUEUE), .waiters = LIST_INIT(graph_lock.wait.waiters) } };

static const struct file_ops epoll_ops;

bool file_is_epoll(const struct file *f)
{
	return f->ops == &epoll_ops;
}

/* ---- wakes ---- */

/* Wake a set's own waiters while the queue of one of its files is locked. Sets form no
 * cycles, so queue locks nest in one direction. */
static void wake_set(struct wait_queue *q)
{
	struct waiter *w, *next;
	uint64_t flags = flags_save_disable();

	spin_lock_nested(&q->lock);
	LIST_FOR_EACH_ENTRY_SAFE(w, next, &q->waiters, node)
		w->wake(w, IO_POLLIN);
	spin_unlock(&q->lock);
	flags_restore(flags);
}

static void make_ready(struct epoll_item *item)
{
	struct epoll_set *set = item->set;
	uint64_t flags = spin_lock_irqsave(&set->ready_lock);

	if (list_is_empty(&item->ready_node))
		list_add_tail(&item->ready_node, &set->ready);
	spin_unlock_irqrestore(&set->ready_lock, flags);
}

static bool item_woken(struct waiter *w, uint64_t key)
{
	struct epoll_item *item = w->context;
	uint32_t events = READ_ONCE(item->events);
	bool has_waiters;

	if (!(events & ~MODIFIERS) || (key && !(key & (events | ALWAYS))))
		return false;
	has_waiters = !waitq_is_empty(&item->set->wait);
	make_ready(item);
	wake_set(&item->set->wait);
	/* Of exclusive watchers one that somebody waits for is enough (man 2 epoll_ctl). */
	return has_waiters;
}

static struct epoll_item *pop_ready(struct epoll_set *set)
{
	uint64_t flags = spin_lock_irqsave(&set->ready_lock);
	struct epoll_item *item = list_first_entry(&set->ready, struct epoll_item, ready_node);

	if (item)
		list_del(&item->ready_node);
	spin_unlock_irqrestore(&set->ready_lock, flags);
	return item;
}

static uint32_t count_ready(struct epoll_set *set)
{
	uint64_t flags = spin_lock_irqsave(&set->ready_lock);
	struct list_node *n;
	uint32_t count = 0;

	for (n = set->ready.next; n != &set->ready; n = n->next)
		count++;
	spin_unlock_irqrestore(&set->ready_lock, flags);
	return count;
}

static uint32_t item_poll(struct epoll_item *item)
{
	uint32_t events = item->events & ~MODIFIERS;

	return events ? file_poll(item->file) & (events | ALWAYS) : 0;
}

/* ---- items ---- */

static int compare(const struct file *file, int fd, const struct epoll_item *item)
{
	if (file != item->file)
		return file < item->file ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

static struct epoll_item *find_item(struct epoll_set *set, const struct file *file, int fd)
{
	struct rb_node *n = set->items.node;

	while (n) {
		struct epoll_item *item = rb_entry(n, struct epoll_item, node);
		int order = compare(file, fd, item);

		if (!order)
			return item;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	const struct epoll_item *x = rb_entry(a, struct epoll_item, node);

	return compare(x->file, x->fd, rb_entry(b, struct epoll_item, node)) < 0;
}

static void watch(struct epoll_item *item)
{
	struct file *f = item->file;

	if (!f->ops->wait_queue)
		return;
	item->queues[0] = f->ops->wait_queue(f, IO_POLLIN);
	item->queues[1] = f->ops->wait_queue(f, IO_POLLOUT);
	if (item->queues[1] == item->queues[0])
		item->queues[1] = NULL;
	for (int q = 0; q < 2; q++) {
		if (!item->queues[q])
			continue;
		waiter_init(&item->waiters[q]);
		item->waiters[q].wake = item_woken;
		item->waiters[q].context = item;
		item->waiters[q].is_exclusive = item->events & EXCLUSIVE;
		waitq_add(item->queues[q], &item->waiters[q]);
	}
}

/* The graph's and the set's lock are held. */
static void remove_item(struct epoll_item *item)
{
	struct epoll_set *set = item->set;
	uint64_t flags;

	for (int q = 0; q < 2; q++) {
		if (item->queues[q])
			waitq_remove(item->queues[q], &item->waiters[q]);
	}
	flags = spin_lock_irqsave(&set->ready_lock);
	list_del(&item->ready_node);
	spin_unlock_irqrestore(&set->ready_lock, flags);
	list_del(&item->file_node);
	rb_erase(&set->items, &item->node, NULL);
	set->nitems--;
	heap_cache_free(&item_cache, item);
}

void epoll_file_released(struct file *f)
{
	if (list_is_empty(&f->epoll_items))
		return;
	mutex_lock(&graph_lock);
	while (!list_is_empty(&f->epoll_items)) {
		struct epoll_item *item = list_first_entry(&f->epoll_items, struct epoll_item, file_node);
		struct epoll_set *set = item->set;

		mutex_lock_nested(&set->lock);
		remove_item(item);
		mutex_unlock(&set->lock);
	}
	mutex_unlock(&graph_lock);
}

/* ---- control ---- */

/* Longest chain of sets below (that @set watches) and above (that watch @f). graph_lock held. */
static int depth_below(const struct file *f, const struct file *forbidden, int left)
{
	const struct epoll_set *set = f->private;
	int deepest = 0;

	if (f == forbidden || left == 0)
		return MAX_DEPTH + 1;
	for (struct rb_node *n = rb_first(&set->items); n; n = rb_next(n)) {
		const struct epoll_item *item = rb_entry(n, struct epoll_item, node);

		if (file_is_epoll(item->file))
			deepest = MAX(deepest, 1 + depth_below(item->file, forbidden, left - 1));
	}
	return deepest;
}

static int depth_above(const struct file *f, int left)
{
	const struct epoll_item *item;
	int highest = 0;

	if (left == 0)
		return MAX_DEPTH + 1;
	LIST_FOR_EACH_ENTRY(item, &f->epoll_items, file_node)
		highest = MAX(highest, 1 + depth_above(item->set->file, left - 1));
	return highest;
}

static int check_nesting(struct epoll_set *set, struct file *target)
{
	if (!file_is_epoll(target))
		return 0;
	if (depth_below(target, set->file, MAX_DEPTH) + depth_above(set->file, MAX_DEPTH) + 1 >= MAX_DEPTH)
		return -ELOOP;
	return 0;
}

/* It may be ready already: nothing would wake it. */
static void check_now(struct epoll_item *item)
{
	if (!item_poll(item))
		return;
	make_ready(item);
	waitq_wake_all(&item->set->wait, IO_POLLIN);
}

static int add_item(struct epoll_set *set, struct file *target, int fd, const struct io_epoll_event *event)
{
	struct epoll_item *item;
	int err = check_nesting(set, target);

	if (err)
		return err;
	if (set->nitems >= MAX_ITEMS)
		return -ENOSPC;
	item = heap_cache_alloc(&item_cache, 0);
	if (!item)
		return -ENOMEM;
	item->set = set;
	item->file = target;
	item->fd = fd;
	item->events = event->events | ALWAYS;
	item->data = event->data;
	list_init(&item->ready_node);
	list_add_tail(&item->file_node, &target->epoll_items);
	rb_add(&set->items, &item->node, item_less, NULL);
	set->nitems++;
	watch(item);
	check_now(item);
	return 0;
}

static int modify_item(struct epoll_item *item, const struct io_epoll_event *event)
{
	if ((event->events | item->events) & EXCLUSIVE)
		return -EINVAL;
	item->data = event->data;
	WRITE_ONCE(item->events, event->events | ALWAYS);
	check_now(item);
	return 0;
}

static int control_locked(struct epoll_set *set, int op, struct file *target, int fd, const struct io_epoll_event *event)
{
	struct epoll_item *item = find_item(set, target, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : add_item(set, target, fd, event);
	case EPOLL_CTL_MOD:
		return item ? modify_item(item, event) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		remove_item(item);
		return 0;
	default:
		return -EINVAL;
	}
}

#define EXCLUSIVE_FINE (IO_POLLIN | IO_POLLOUT | ALWAYS | WAKEUP | EDGE | EXCLUSIVE)

int epoll_control(struct file *ep, int op, struct file *target, int fd, const struct io_epoll_event *event)
{
	struct epoll_set *set = ep->private;
	int err;

	if (!target->ops->poll)
		return -EPERM;
	if (!file_is_epoll(ep) || ep == target)
		return -EINVAL;
	if (event && (event->events & EXCLUSIVE) && op != EPOLL_CTL_DEL &&
	    (op == EPOLL_CTL_MOD || file_is_epoll(target) || (event->events & ~EXCLUSIVE_FINE)))
		return -EINVAL;
	mutex_lock(&graph_lock);
	mutex_lock_nested(&set->lock);
	err = control_locked(set, op, target, fd, event);
	mutex_unlock(&set->lock);
	mutex_unlock(&graph_lock);
	return err;
}

/* ---- waiting ---- */

/* Hand @item's events out. Returns: 1; 0 not ready after all; -EFAULT. */
static int deliver(struct epoll_item *item, struct io_epoll_event __user *out)
{
	struct io_epoll_event event = { item_poll(item), item->data };

	if (!event.events)
		return 0;
	if (copy_to_user(out, &event, sizeof(event))) {
		make_ready(item);
		return -EFAULT;
	}
	if (item->events & ONESHOT)
		WRITE_ONCE(item->events, item->events & MODIFIERS);
	else if (!(item->events & EDGE))
		make_ready(item);
	return 1;
}

static int64_t collect(struct epoll_set *set, struct io_epoll_event __user *out, uint32_t max)
{
	uint32_t n, left;
	int err = 0;

	mutex_lock(&set->lock);
	left = count_ready(set);
	for (n = 0; left && n < max; left--) {
		struct epoll_item *item = pop_ready(set);

		if (!item)
			break;
		err = deliver(item, out + n);
		if (err < 0)
			break;
		n += (uint32_t)err;
	}
	mutex_unlock(&set->lock);
	return n ? (int64_t)n : MIN(err, 0);
}

int64_t epoll_wait_events(struct file *ep, struct io_epoll_event __user *out, uint32_t max, uint64_t deadline_ns)
{
	struct epoll_set *set = ep->private;

	for (;;) {
		int64_t n = list_is_empty(&set->ready) ? 0 : collect(set, out, max);
		int err;

		if (n || deadline_ns == POLL_NO_WAIT)
			return n;
		err = WAIT_EVENT(&set->wait, !list_is_empty(&set->ready), INTERRUPT_SIGNAL | INTERRUPT_FATAL, deadline_ns);
		if (err)
			return err == -ETIMEDOUT ? 0 : err;
	}
}

/* ---- the set as a file ---- */

static uint32_t epoll_poll(struct file *f)
{
	struct epoll_set *set = f->private;
	uint32_t left, ready = 0;

	if (list_is_empty(&set->ready))
		return 0;
	mutex_lock_nested(&set->lock);
	for (left = count_ready(set); left && !ready; left--) {
		struct epoll_item *item = pop_ready(set);

		if (!item)
			break;
		if (item_poll(item)) {
			make_ready(item);
			ready = IO_POLLIN | IO_POLLRDNORM;
		}
	}
	mutex_unlock(&set->lock);
	return ready;
}

static struct wait_queue *epoll_wait_queue(struct file *f, uint32_t events)
{
	struct epoll_set *set = f->private;

	return &set->wait;
}

static void epoll_release(struct file *f)
{
	struct epoll_set *set = f->private;
	struct rb_node *n;

	mutex_lock(&graph_lock);
	mutex_lock_nested(&set->lock);
	while ((n = rb_first(&set->items)))
		remove_item(rb_entry(n, struct epoll_item, node));
	mutex_unlock(&set->lock);
	mutex_unlock(&graph_lock);
	heap_cache_free(&set_cache, set);
}

static const struct file_ops epoll_ops = {
	.name = "eventpoll",
	.poll = epoll_poll,
	.wait_queue = epoll_wait_queue,
	.ignores_seek = true,
	.release = epoll_release,
};

int epoll_create_file(uint32_t flags, struct file **out)
{
	struct epoll_set *set = heap_cache_alloc(&set_cache, 0);
	int err;

	if (!set)
		return -ENOMEM;
	mutex_init(&set->lock, LOCK_EPOLL);
	spin_init(&set->ready_lock, LOCK_EPOLL_READY);
	list_init(&set->ready);
	waitq_init(&set->wait);
	err = file_create(&epoll_ops, O_RDWR | (flags & O_NONBLOCK), set, out);
	if (err) {
		heap_cache_free(&set_cache, set);
		return err;
	}
	set->file = *out;
	return 0;
}
