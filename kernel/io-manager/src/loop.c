/* kernel/io-manager/src/loop.c: see loop.h. */
#include "loop.h"

#include <errno.h>
#include <linux/loop.h>
#include <string.h>

#include <mm/heap.h>
#include <mm/space.h>
#include <mm/usercopy.h>

#include "device.h"
#include "regular.h"

struct loop {
	struct drv_block block;
	struct spinlock lock;
	struct drv_block_request *requests, **last;	/* chained by ->driver */
	struct list_node orders, flushes;
	struct wait_queue work, flush_work, settled;
	struct thread *thread;
	struct block_device *device;	/* NULL: not listed */
	bool is_idle_noted;		/* under lock: look whether to unbind */
	struct file *file;		/* under lock, for others; NULL: unbound */
	struct loop_settings settings;	/* as file */
	char *path;			/* as file */
	struct mm_object *object;
};

/* Something for one of the threads to do, referenced by it and by who waits. */
struct order {
	refcount_t refs;
	struct list_node node;
	int (*carry_out)(struct loop *l, struct order *o);
	struct file *file;
	char *path;
	const struct loop_settings *settings;
	int result;
	uint32_t is_done;	/* atomic */
};

static struct loop *loops[LOOP_MAX];

static struct loop *loop_of(const struct block_device *d)
{
	struct drv_block *driver = d->info.flags & BLOCK_LOOP ? READ_ONCE(d->disk->driver) : NULL;

	return driver ? container_of(driver, struct loop, block) : NULL;
}

bool loop_is_current_thread(void)
{
	const struct thread *me = current_thread();

	if (!me->is_kernel)
		return false;
	for (uint32_t i = 0; i < LOOP_MAX; i++) {
		const struct loop *l = READ_ONCE(loops[i]);

		if (l && l->thread == me)
			return true;
	}
	return false;
}

static void order_put(struct order *o)
{
	if (refcount_put(&o->refs))
		kfree(o);
}

static int get_file(struct loop *l, struct loop_settings *settings, struct file **file)
{
	uint64_t flags = spin_lock_irqsave(&l->lock);
	bool is_bound = l->file;

	if (is_bound) {
		file_get(l->file);
		*file = l->file;
		*settings = l->settings;
	}
	spin_unlock_irqrestore(&l->lock, flags);
	return is_bound ? 0 : -ENXIO;
}

/* ---- requests ---- */

static int submit(struct drv_block *b, struct drv_block_request *rq)
{
	struct loop *l = container_of(b, struct loop, block);
	uint64_t flags = spin_lock_irqsave(&l->lock);

	rq->driver = NULL;
	*l->last = rq;
	l->last = (struct drv_block_request **)&rq->driver;
	spin_unlock_irqrestore(&l->lock, flags);
	waitq_wake_all(&l->work, 0);
	return 0;
}

const struct drv_block_ops loop_block_ops = { .submit = submit };

static struct drv_block_request *take_request(struct loop *l)
{
	uint64_t flags = spin_lock_irqsave(&l->lock);
	struct drv_block_request *rq = l->requests;

	if (rq)
		l->requests = rq->driver;
	if (!l->requests)
		l->last = &l->requests;
	spin_unlock_irqrestore(&l->lock, flags);
	return rq;
}

static int64_t move_bytes(struct loop *l, bool is_write, uint64_t at, const struct drv_segment *segment)
{
	const struct io_segment memory = { (uint64_t)phys_to_virt(segment->phys), segment->len };
	struct io_request rq = { .file = l->file, .offset = at };
	struct write_state w = { .rq = &rq, .obj = l->object, .offset = at, .is_pager = l->object->pager };

	io_vector_init(&rq.vector, &memory, 1, true);
	return is_write ? object_write(&w, l->object->size_bytes) : object_read(&rq, l->object, l->object->size_bytes);
}

/* A file that has been cut reads as zeroes behind its end. */
static int transfer(struct loop *l, const struct drv_block_request *rq)
{
	bool is_write = rq->op == DRV_BLOCK_WRITE;
	uint64_t at = l->settings.offset + rq->sector * BLOCK_SECTOR;

	for (uint32_t i = 0; i < rq->nsegments; i++) {
		const struct drv_segment *s = &rq->segments[i];
		int64_t n = move_bytes(l, is_write, at, s);

		if (n < 0 || (is_write && (uint64_t)n < s->len))
			return -EIO;
		memset((uint8_t *)phys_to_virt(s->phys) + n, 0, s->len - (uint64_t)n);
		at += s->len;
	}
	if (is_write)
		inode_touch(l->file->inode, false, true);
	return 0;
}

static int serve(struct loop *l, const struct drv_block_request *rq)
{
	if (!l->file)
		return -EIO;
	return rq->op == DRV_BLOCK_READ || rq->op == DRV_BLOCK_WRITE ? transfer(l, rq) : -EIO;
}

/* ---- the thread ---- */

static void set_state(struct loop *l, struct file *file, char *path, const struct loop_settings *settings)
{
	uint64_t flags = spin_lock_irqsave(&l->lock);

	l->file = file;
	l->path = path;
	l->settings = *settings;
	spin_unlock_irqrestore(&l->lock, flags);
}

/* The device shows what the settings leave of the file. */
static void show(struct loop *l)
{
	const struct loop_settings *s = &l->settings;
	uint64_t file_bytes = l->object->size_bytes, bytes = file_bytes > s->offset ? file_bytes - s->offset : 0;
	const struct block_info info = {
		.bytes = ALIGN_DOWN(s->sizelimit ? MIN(bytes, s->sizelimit) : bytes, (uint64_t)s->block_bytes),
		.block_bytes = s->block_bytes, .flags = s->flags & LO_FLAGS_READ_ONLY ? BLOCK_READ_ONLY : 0,
	};

	mutex_lock(&block_table_lock);
	block_change(l->device, &info);
	mutex_unlock(&block_table_lock);
}

static int bind(struct loop *l, struct order *o)
{
	int err;

	if (l->file)
		return -EBUSY;
	err = o->file->ops->map ? o->file->ops->map(o->file, MM_READ, true, &l->object) : -EINVAL;
	if (err)
		return -EINVAL;
	file_get(o->file);
	set_state(l, o->file, o->path, o->settings);
	show(l);
	return 0;
}

static int change(struct loop *l, struct order *o)
{
	if (!l->file)
		return -ENXIO;
	set_state(l, l->file, l->path, o->settings);
	show(l);
	return 0;
}

/* From here on nobody reaches the file through the loop, so what is dirty can go to its owner from this thread. */
static void unbind(struct loop *l)
{
	static const struct loop_settings none;
	bool has_parts = l->settings.flags & LO_FLAGS_PARTSCAN, is_written = !(l->settings.flags & LO_FLAGS_READ_ONLY);
	struct file *file = l->file;
	char *path = l->path;

	set_state(l, NULL, NULL, &none);
	if (is_written && file->ops->fsync)
		(void)file->ops->fsync(file, false);
	mm_object_put(l->object);
	l->object = NULL;
	file_put(file);
	kfree(path);
	if (has_parts)
		(void)block_rescan(l->device);
}

/* Returns: with the device closed to new requests if no more than @uses have it. */
static bool hide(struct loop *l, uint32_t uses)
{
	static const struct block_info nothing = { .block_bytes = LOOP_BLOCK_BYTES, .flags = BLOCK_UNBOUND };
	bool is_free;

	mutex_lock(&block_table_lock);
	is_free = block_uses(l->device) <= uses;
	if (is_free)
		block_change(l->device, &nothing);
	mutex_unlock(&block_table_lock);
	return is_free;
}

static int clear(struct loop *l, struct order *o)
{
	struct loop_settings later = l->settings;

	(void)o;
	if (!l->file)
		return -ENXIO;
	if (hide(l, 1)) {
		unbind(l);
		return 0;
	}
	later.flags |= LO_FLAGS_AUTOCLEAR;
	set_state(l, l->file, l->path, &later);
	return 0;
}

static void clear_when_idle(struct loop *l)
{
	uint64_t flags;

	if (l->file && (l->settings.flags & LO_FLAGS_AUTOCLEAR) && hide(l, 0))
		unbind(l);
	flags = spin_lock_irqsave(&l->lock);
	l->is_idle_noted = false;
	spin_unlock_irqrestore(&l->lock, flags);
	waitq_wake_all(&l->settled, 0);
}

static struct order *take_order(struct loop *l, struct list_node *orders)
{
	uint64_t flags = spin_lock_irqsave(&l->lock);
	struct order *o = list_first_entry(orders, struct order, node);

	if (o)
		list_del(&o->node);
	spin_unlock_irqrestore(&l->lock, flags);
	return o;
}

static bool has_work(struct loop *l)
{
	uint64_t flags = spin_lock_irqsave(&l->lock);
	bool has = l->requests || !list_is_empty(&l->orders) || l->is_idle_noted;

	spin_unlock_irqrestore(&l->lock, flags);
	return has;
}

static void carry_out(struct loop *l, struct order *o)
{
	o->result = o->carry_out(l, o);
	atomic_store(&o->is_done, 1);
	waitq_wake_all(&l->settled, 0);
	order_put(o);
}

static void run(void *arg)
{
	struct loop *l = arg;

	for (;;) {
		struct drv_block_request *rq;
		struct order *o;

		WAIT_EVENT(&l->work, has_work(l), 0, 0);
		while ((rq = take_request(l)))
			rq->done(rq, serve(l, rq));
		o = take_order(l, &l->orders);
		if (o)
			carry_out(l, o);
		if (READ_ONCE(l->is_idle_noted))
			clear_when_idle(l);
	}
}

/* ---- the second thread ---- */

static int flush(struct loop *l, struct order *o)
{
	struct loop_settings settings;
	int err = get_file(l, &settings, &o->file);

	if (err)
		return 0;
	if (!(settings.flags & LO_FLAGS_READ_ONLY) && o->file->ops->fsync)
		err = o->file->ops->fsync(o->file, false);
	file_put(o->file);
	return err;
}

static void run_flushes(void *arg)
{
	struct loop *l = arg;
	struct order *o;

	for (;;) {
		WAIT_EVENT(&l->flush_work, !list_is_empty(&l->flushes), 0, 0);
		while ((o = take_order(l, &l->flushes)))
			carry_out(l, o);
	}
}

/* ---- numbers ---- */

static struct loop *loop_create(uint32_t number)
{
	struct loop *l = kmalloc(sizeof(*l), 0);

	if (!l)
		return NULL;
	spin_init(&l->lock, LOCK_QUEUE);
	list_init(&l->orders);
	list_init(&l->flushes);
	waitq_init(&l->work);
	waitq_init(&l->flush_work);
	waitq_init(&l->settled);
	l->last = &l->requests;
	l->block = (struct drv_block){
		.prefix = "loop", .unit = number, .ops = &loop_block_ops, .block_bytes = LOOP_BLOCK_BYTES,
		.max_segments = ~0u,
	};
	/* A thread cannot be taken back: one alone waits for ever. */
	if (!kthread_create("loop-flush", run_flushes, l)) {
		kfree(l);
		return NULL;
	}
	l->thread = kthread_create("loop", run, l);
	return l->thread ? l : NULL;
}

/* A thread never ends, so its loop waits for the next one of its number. */
int loop_add(uint32_t number, struct block_device **out)
{
	int err;

	if (number >= LOOP_MAX)
		return -EINVAL;
	if (!loops[number])
		WRITE_ONCE(loops[number], loop_create(number));
	if (!loops[number])
		return -ENOMEM;
	if (loops[number]->device)
		return -EEXIST;
	err = block_add_loop(&loops[number]->block);
	if (!err)
		*out = loops[number]->device = loops[number]->block.io;
	return err;
}

void loop_remove(struct block_device *d)
{
	struct loop *l = loop_of(d);

	l->device = NULL;
	block_disk_detach(d->disk);
}

/* ---- from outside ---- */

/* Returns: what came of @order; -ENOMEM; -EINTR the caller is dying, perhaps as the service that the thread waits for. */
static int give(struct loop *l, struct list_node *orders, struct wait_queue *work, const struct order *order, uint32_t mask)
{
	struct order *o = kmalloc(sizeof(*o), 0);
	uint64_t flags;
	int err;

	if (!o)
		return -ENOMEM;
	*o = *order;
	refcount_set(&o->refs, 2);
	list_init(&o->node);
	flags = spin_lock_irqsave(&l->lock);
	list_add_tail(&o->node, orders);
	spin_unlock_irqrestore(&l->lock, flags);
	waitq_wake_all(work, 0);
	err = WAIT_EVENT(&l->settled, atomic_load(&o->is_done), mask, 0);
	if (!err)
		err = o->result;
	order_put(o);
	return err;
}

static int give_order(struct block_device *d, const struct order *o)
{
	struct loop *l = loop_of(d);

	return l ? give(l, &l->orders, &l->work, o, 0) : -ENXIO;
}

int loop_flush(struct block_device *d)
{
	struct order o = { .carry_out = flush };
	struct loop *l = loop_of(d);

	return l ? give(l, &l->flushes, &l->flush_work, &o, INTERRUPT_FATAL) : -EIO;
}

/* Follow loops on loops down. */
static int check_chain(const struct block_device *d, struct file *file)
{
	struct loop_settings settings;
	int err = 0;

	file_get(file);
	while (!err && file->ops == &block_file_ops) {
		struct block_device *below = file->private;
		struct file *next;

		if (below->disk == d->disk)
			err = -EBADF;
		else if (!(below->info.flags & BLOCK_LOOP))
			break;
		else
			err = loop_get(below, &settings, &next) ? -EINVAL : 0;
		if (err)
			break;
		file_put(file);
		file = next;
	}
	file_put(file);
	return err;
}

int loop_bind(struct block_device *d, struct file *file, const struct loop_settings *settings)
{
	struct order o = { .carry_out = bind, .file = file, .settings = settings };
	int64_t len;
	int err;

	if (!file->inode || (!inode_is_regular(file->inode) && file->ops != &block_file_ops))
		return -EINVAL;
	err = check_chain(d, file);
	if (err)
		return err;
	o.path = kmalloc(LOOP_PATH_MAX, 0);
	if (!o.path)
		return -ENOMEM;
	len = vfs_path_of(file->inode, o.path, LOOP_PATH_MAX - 1);
	if (len < 0)
		o.path[0] = '\0';
	err = block_sync_cache(d);
	if (!err)
		err = give_order(d, &o);
	if (err)
		kfree(o.path);
	return err;
}

int loop_get(struct block_device *d, struct loop_settings *settings, struct file **file)
{
	struct loop *l = loop_of(d);

	return l ? get_file(l, settings, file) : -ENXIO;
}

int loop_change(struct block_device *d, const struct loop_settings *settings)
{
	struct order o = { .carry_out = change, .settings = settings };
	int err = block_sync_cache(d);

	return err ? err : give_order(d, &o);
}

int loop_clear(struct block_device *d)
{
	struct order o = { .carry_out = clear };
	int err = block_sync_cache(d);

	return err ? err : give_order(d, &o);
}

void loop_note_idle(struct block_device *d)
{
	struct loop *l = loop_of(d);
	uint64_t flags;

	if (!l || !(READ_ONCE(l->settings.flags) & LO_FLAGS_AUTOCLEAR))
		return;
	flags = spin_lock_irqsave(&l->lock);
	l->is_idle_noted = true;
	spin_unlock_irqrestore(&l->lock, flags);
	waitq_wake_all(&l->work, 0);
}

void loops_settle(void)
{
	for (uint32_t i = 0; i < LOOP_MAX; i++) {
		struct loop *l = READ_ONCE(loops[i]);

		if (l)
			WAIT_EVENT(&l->settled, !READ_ONCE(l->is_idle_noted), INTERRUPT_FATAL, 0);
	}
}

bool loop_has_parts(struct block_device *d)
{
	struct loop *l = loop_of(d);

	return l && (READ_ONCE(l->settings.flags) & LO_FLAGS_PARTSCAN);
}

int loop_info(struct block_device *d, struct block_loop __user *to)
{
	struct block_loop *info = kmalloc(sizeof(*info), 0);
	struct loop *l = loop_of(d);
	uint64_t flags;
	int err = -ENXIO;

	if (!info)
		return -ENOMEM;
	if (l) {
		flags = spin_lock_irqsave(&l->lock);
		if (l->file) {
			info->offset = l->settings.offset;
			info->sizelimit = l->settings.sizelimit;
			info->flags = l->settings.flags;
			memcpy(info->path, l->path, LOOP_PATH_MAX);
			err = 0;
		}
		spin_unlock_irqrestore(&l->lock, flags);
	}
	if (!err && copy_to_user(to, info, sizeof(*info)))
		err = -EFAULT;
	kfree(info);
	return err;
}
