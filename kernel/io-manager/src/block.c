/* kernel/io-manager/src/block.c: the inventory of disks and partitions, and the calls of their services.
 *
 * Drivers bring disks; storaged says which partitions they have. Ids rise and are never used
 * again, so that a service that was away cannot mistake one device for another.
 */
#include <errno.h>
#include <format/format.h>
#include <string.h>

#include <albireo/services.h>
#include <ipc/endpoint.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>

#include "block.h"
#include "device.h"
#include "loop.h"
#include "vfs_private.h"

#define MAJOR_SD 8u
#define MAJOR_VIRTIO 254u	/* of those that Linux gives out by itself, as it does to virtio-blk */
#define MAJOR_EXTENDED 259u	/* any number of devices: minors are ids */
#define MINORS_PER_DISK 16u
#define MAX_BLOCK_BYTES 4096u
#define PAGES_MAX (BLOCK_MAX_BYTES / PAGE_SIZE + 1)

struct mutex block_table_lock;
static struct list_node devices = LIST_INIT(devices);
static struct wait_queue inventory_wait;
static uint64_t generation = 1;
static uint32_t next_id = 1;

void block_init(void)
{
	mutex_init(&block_table_lock, LOCK_BLOCK_TABLE);
	waitq_init(&inventory_wait);
}

static void changed(void)
{
	atomic_add(&generation, 1);
	waitq_wake_all(&inventory_wait, 0);
}

void block_put(struct block_device *d)
{
	if (!d || !refcount_put(&d->refs))
		return;
	block_disk_put(d->disk);
	kfree(d);
}

static struct block_device *find_locked(uint32_t id)
{
	struct block_device *d;

	LIST_FOR_EACH_ENTRY(d, &devices, node) {
		if (d->info.id == id)
			return d;
	}
	return NULL;
}

struct block_device *block_find(uint32_t id)
{
	struct block_device *d;

	mutex_lock(&block_table_lock);
	d = find_locked(id);
	if (d)
		refcount_get(&d->refs);
	mutex_unlock(&block_table_lock);
	return d;
}

struct block_device *block_find_number(uint32_t major, uint32_t minor)
{
	struct block_device *d, *found = NULL;

	mutex_lock(&block_table_lock);
	LIST_FOR_EACH_ENTRY(d, &devices, node) {
		if (d->info.major == major && d->info.minor == minor && !block_is_gone(d)) {
			refcount_get(&d->refs);
			found = d;
			break;
		}
	}
	mutex_unlock(&block_table_lock);
	return found;
}

/* ---- coming and going ---- */

static bool is_name_taken(const char *name)
{
	struct block_device *d;

	LIST_FOR_EACH_ENTRY(d, &devices, node) {
		if (!strcmp(d->info.name, name))
			return true;
	}
	return false;
}

/* "vda" … "vdz", "vdaa" …: the first that is free. Returns its place in that order. */
static uint32_t letter_name(char *out, const char *prefix)
{
	for (uint32_t i = 0;; i++) {
		if (i < 26)
			fmt_snprintf(out, BLOCK_NAME_MAX, "%s%c", prefix, (int)('a' + i));
		else
			fmt_snprintf(out, BLOCK_NAME_MAX, "%s%c%c", prefix, (int)('a' + i / 26 - 1), (int)('a' + i % 26));
		if (i == 26 * 27 - 1 || !is_name_taken(out))
			return i;
	}
}

static void number_disk(struct block_info *info, const struct drv_block *b)
{
	uint32_t place;

	if (b->ops == &loop_block_ops) {
		fmt_snprintf(info->name, sizeof(info->name), "%s%u", b->prefix, b->unit);
		info->major = MAJOR_LOOP;
		info->minor = b->unit;
		return;
	}
	if (b->nspace) {
		fmt_snprintf(info->name, sizeof(info->name), "%s%un%u", b->prefix, b->unit, b->nspace);
		info->major = MAJOR_EXTENDED;
		info->minor = info->id;
		return;
	}
	place = letter_name(info->name, b->prefix);
	info->major = strcmp(b->prefix, "sd") ? MAJOR_VIRTIO : MAJOR_SD;
	info->minor = place * MINORS_PER_DISK;
}

static void number_partition(struct block_info *info, const struct block_info *disk)
{
	size_t len = strlen(disk->name);
	bool ends_in_digit = disk->name[len - 1] >= '0' && disk->name[len - 1] <= '9';

	fmt_snprintf(info->name, sizeof(info->name), "%s%s%u", disk->name, ends_in_digit ? "p" : "", info->partition);
	if (disk->major != MAJOR_EXTENDED && disk->major != MAJOR_LOOP && info->partition < MINORS_PER_DISK) {
		info->major = disk->major;
		info->minor = disk->minor + info->partition;
	} else {
		info->major = MAJOR_EXTENDED;
		info->minor = info->id;
	}
}

static struct block_device *device_create(struct block_disk *disk, uint64_t bytes)
{
	struct block_device *d = kmalloc(sizeof(*d), 0);

	if (!d)
		return NULL;
	refcount_set(&d->refs, 2);	/* the inventory's, and that of its object */
	d->disk = disk;
	d->info.bytes = bytes;
	mm_object_init(&d->object, bytes, &block_pager_ops, d);
	return d;
}

static void list_device(struct block_device *d)
{
	d->is_listed = true;
	list_add_tail(&d->node, &devices);
	changed();
}

/* The inventory and its references go. */
static void unlist_device(struct block_device *d)
{
	d->is_listed = false;
	list_del(&d->node);
	changed();
	mm_object_put(&d->object);
	block_put(d);
}

static bool is_sane(const struct drv_block *b)
{
	return b->block_bytes >= BLOCK_SECTOR && b->block_bytes <= MAX_BLOCK_BYTES && !(b->block_bytes & (b->block_bytes - 1)) &&
	       b->sectors && b->sectors < 1ull << 54;
}

/* A device for the disk of @b, which is on no list yet; NULL: no memory. */
static struct block_device *disk_device_create(struct drv_block *b)
{
	struct block_disk *disk = block_disk_create(b);
	struct block_device *d;

	if (!disk)
		return NULL;
	d = device_create(disk, b->sectors * BLOCK_SECTOR / b->block_bytes * b->block_bytes);
	if (!d) {
		block_disk_put(disk);
		return NULL;
	}
	d->info.flags = (b->is_read_only ? BLOCK_READ_ONLY : 0) | (b->is_cached ? BLOCK_CACHED : 0) |
		(b->can_discard && !b->is_read_only ? BLOCK_DISCARDS : 0);
	d->info.block_bytes = b->block_bytes;
	d->info.physical_bytes = MAX(b->physical_bytes, b->block_bytes);
	memcpy(d->info.serial, b->serial, sizeof(d->info.serial));
	memcpy(d->info.model, b->model, sizeof(d->info.model));
	b->io = d;
	return d;
}

static void list_disk(struct block_device *d, const struct drv_block *b)
{
	d->info.id = next_id++;
	number_disk(&d->info, b);
	list_device(d);
}

int block_add_loop(struct drv_block *b)
{
	struct block_device *d = disk_device_create(b);

	if (!d)
		return -ENOMEM;
	d->info.flags |= BLOCK_LOOP | BLOCK_UNBOUND;
	list_disk(d, b);
	return 0;
}

void block_change(struct block_device *d, const struct block_info *new)
{
	const uint32_t changing = BLOCK_READ_ONLY | BLOCK_UNBOUND;

	d->info.bytes = new->bytes;
	d->info.block_bytes = new->block_bytes;
	d->info.physical_bytes = new->block_bytes;
	__atomic_fetch_and(&d->info.flags, ~changing, __ATOMIC_RELEASE);
	__atomic_fetch_or(&d->info.flags, new->flags & changing, __ATOMIC_RELEASE);
	mm_object_truncate(&d->object, new->bytes);
}

int drv_block_add(struct drv_block *b)
{
	struct block_device *d;

	if (!is_sane(b))
		return -EINVAL;
	d = disk_device_create(b);
	if (!d)
		return -ENOMEM;
	mutex_lock(&block_table_lock);
	list_disk(d, b);
	mutex_unlock(&block_table_lock);
	ipc_want_service(SERVICE_STORAGED);
	log_info(DRIVER, "%s: %lu MiB%s", d->info.name, (unsigned long)(d->info.bytes >> 20),
		 d->info.flags & BLOCK_READ_ONLY ? ", read-only" : "");
	return 0;
}

void drv_block_remove(struct drv_block *b)
{
	struct block_device *disk = b->io, *d;

	mutex_lock(&block_table_lock);
	LIST_FOR_EACH_ENTRY(d, &devices, node) {
		if (d->disk == disk->disk)
			__atomic_fetch_or(&d->info.flags, BLOCK_GONE, __ATOMIC_RELEASE);
	}
	block_disk_detach(disk->disk);
	log_warn(DRIVER, "%s is gone", disk->info.name);
	/* It stays in the list until storaged, which may be away, has taken its name back. */
	changed();
	mutex_unlock(&block_table_lock);
}

/* ---- who uses what ---- */

static bool are_related(const struct block_device *a, const struct block_device *b)
{
	return a->disk == b->disk && (a == b || !a->info.parent || !b->info.parent);
}

bool block_is_busy(const struct block_device *d, unsigned what)
{
	struct block_device *other;

	LIST_FOR_EACH_ENTRY(other, &devices, node) {
		if (!are_related(d, other))
			continue;
		if (((what & BLOCK_BUSY_CLAIM) && (other->info.flags & BLOCK_CLAIMED)) ||
		    ((what & BLOCK_BUSY_EXCLUSIVE) && other->is_exclusive) ||
		    ((what & BLOCK_BUSY_PARTS_OPEN) && other->info.parent && other->nopens))
			return true;
	}
	return false;
}

uint32_t block_uses(const struct block_device *d)
{
	struct block_device *other;
	uint32_t n = 0;

	LIST_FOR_EACH_ENTRY(other, &devices, node) {
		if (are_related(d, other))
			n += other->nopens + !!(other->info.flags & BLOCK_CLAIMED);
	}
	return n;
}

/* The next device after @id that shares bytes with @d: a reference, or NULL. */
static struct block_device *next_related(const struct block_device *d, uint32_t id)
{
	struct block_device *other, *found = NULL;

	mutex_lock(&block_table_lock);
	LIST_FOR_EACH_ENTRY(other, &devices, node) {
		if (other->info.id > id && are_related(d, other)) {
			refcount_get(&other->refs);
			found = other;
			break;
		}
	}
	mutex_unlock(&block_table_lock);
	return found;
}

int block_sync_cache(struct block_device *d)
{
	struct block_device *other;
	int err = 0;

	for (uint32_t id = 0; (other = next_related(d, id)); block_put(other)) {
		int e = mm_object_sync(&other->object, 0, ~0ull);

		id = other->info.id;
		err = err ? err : e;
		mm_object_invalidate_clean(&other->object);
	}
	return err;
}

/* ---- STORAGE_LIST_BROKER ---- */

static int list_at(struct storage_call *call)
{
	struct block_device *d;
	uint32_t i = 0;

	LIST_FOR_EACH_ENTRY(d, &devices, node) {
		if (i++ == call->index) {
			call->info = d->info;
			return 0;
		}
	}
	return -ENOENT;
}

static int wait_for_change(struct storage_call *call)
{
	int err = WAIT_EVENT(&inventory_wait, atomic_load(&generation) > call->generation, INTERRUPT_FATAL | INTERRUPT_SIGNAL, 0);

	call->generation = atomic_load(&generation);
	return err;
}

static int check_partition(const struct block_device *disk, const struct block_info *new)
{
	const struct block_info *i = &disk->info;
	struct block_device *d;

	if (i->parent || !new->partition || new->partition > 256 || !new->bytes || new->start % i->block_bytes ||
	    new->bytes % i->block_bytes || new->start > i->bytes || new->bytes > i->bytes - new->start)
		return -EINVAL;
	LIST_FOR_EACH_ENTRY(d, &devices, node) {
		if (d->info.parent == i->id && (d->info.partition == new->partition ||
		    (d->info.start < new->start + new->bytes && new->start < d->info.start + d->info.bytes)))
			return -EEXIST;
	}
	return 0;
}

static int add_partition(struct storage_call *call)
{
	struct block_device *disk = find_locked(call->info.parent), *d;
	int err;

	if (!disk || block_is_gone(disk))
		return -ENODEV;
	err = check_partition(disk, &call->info);
	if (err)
		return err;
	d = device_create(disk->disk, call->info.bytes);
	if (!d)
		return -ENOMEM;
	refcount_get(&disk->disk->refs);
	d->info.id = next_id++;
	d->info.parent = disk->info.id;
	d->info.partition = call->info.partition;
	d->info.start = call->info.start;
	d->info.flags = disk->info.flags & ~BLOCK_CLAIMED;
	d->info.block_bytes = disk->info.block_bytes;
	d->info.physical_bytes = disk->info.physical_bytes;
	number_partition(&d->info, &disk->info);
	list_device(d);
	call->info = d->info;
	return 0;
}

static int remove_partition(struct storage_call *call)
{
	struct block_device *d = find_locked(call->info.id);

	if (!d)
		return -ENODEV;
	if (!block_is_gone(d)) {
		bool is_loop = !d->info.parent && (d->info.flags & BLOCK_LOOP);

		if (!d->info.parent && !is_loop)
			return -EINVAL;
		if (d->nopens || (d->info.flags & BLOCK_CLAIMED) || (is_loop && !(d->info.flags & BLOCK_UNBOUND)))
			return -EBUSY;
		__atomic_fetch_or(&d->info.flags, BLOCK_GONE, __ATOMIC_RELEASE);
		if (is_loop)
			loop_remove(d);
	}
	unlist_device(d);
	return 0;
}

static int add_loop(struct storage_call *call)
{
	struct block_device *d;
	int err = loop_add(call->info.minor, &d);

	if (!err)
		call->info = d->info;
	return err;
}

int64_t io_sys_storage(struct storage_call __user *uc, bool may_change)
{
	struct storage_call call;
	int err;

	if (copy_from_user(&call, uc, sizeof(call)))
		return -EFAULT;
	if (call.op != STORAGE_LIST && !may_change)
		return -EACCES;
	if (call.op == STORAGE_WAIT) {
		err = wait_for_change(&call);
	} else {
		mutex_lock(&block_table_lock);
		switch (call.op) {
		case STORAGE_LIST:
			err = list_at(&call);
			break;
		case STORAGE_PARTITION_ADD:
			err = add_partition(&call);
			break;
		case STORAGE_PARTITION_REMOVE:
			err = remove_partition(&call);
			break;
		case STORAGE_LOOP_ADD:
			err = add_loop(&call);
			break;
		default:
			err = -EINVAL;
		}
		mutex_unlock(&block_table_lock);
	}
	if (err)
		return err;
	return copy_to_user(uc, &call, sizeof(call)) ? -EFAULT : 0;
}

/* ---- BLOCK_BROKER ---- */

static bool is_aligned(const struct block_device *d, uint64_t at, uint64_t len)
{
	return !((at | len) % d->info.block_bytes) && at <= d->info.bytes && len <= d->info.bytes - at;
}

/* Programs that look at the device itself must not see what was there before. */
static void forget_cached(struct block_device *d)
{
	struct block_device *other;

	if (!READ_ONCE(d->object.npages) && !d->info.parent)
		return;
	for (uint32_t id = 0; (other = next_related(d, id)); block_put(other)) {
		id = other->info.id;
		if (READ_ONCE(other->object.npages))
			mm_object_invalidate_clean(&other->object);
	}
}

static void put_frames(struct frame **frames, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		frame_put(frames[i]);
	kfree(frames);
}

/* Copy between user memory and page-wise kernel memory. */
static int copy_frames(struct frame **frames, uint64_t user, uint64_t len, bool to_user)
{
	for (uint64_t at = 0; at < len; at += PAGE_SIZE) {
		void *page = frame_virt(frames[at / PAGE_SIZE]);
		size_t n = MIN(len - at, PAGE_SIZE);

		if (to_user ? copy_to_user((void __user *)(user + at), page, n) :
			      copy_from_user(page, (const void __user *)(user + at), n))
			return -EFAULT;
	}
	return 0;
}

static int allocate_frames(uint32_t n, struct frame ***out)
{
	struct frame **frames = kmalloc(n * sizeof(*frames), 0);

	if (!frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		frames[i] = frame_alloc(0, FRAME_RESERVE);
		if (!frames[i]) {
			put_frames(frames, i);
			return -ENOMEM;
		}
	}
	*out = frames;
	return 0;
}

static int transfer_memory(struct block_device *d, const struct block_call *c)
{
	const struct block_extent extent = { c->offset, c->len };
	bool is_write = c->op == BLOCK_OP_WRITE;
	struct frame **frames;
	uint32_t n;
	int err;

	if (!c->len || c->len > BLOCK_MAX_BYTES || !is_aligned(d, c->offset, c->len))
		return -EINVAL;
	n = (uint32_t)((c->len + PAGE_SIZE - 1) / PAGE_SIZE);
	err = allocate_frames(n, &frames);
	if (err)
		return err;
	if (is_write)
		err = copy_frames(frames, c->buffer, c->len, false);
	if (!err)
		err = block_transfer(d, is_write, &extent, 1, frames, n, 0);
	if (!err && is_write)
		forget_cached(d);
	else if (!err)
		err = copy_frames(frames, c->buffer, c->len, true);
	put_frames(frames, n);
	return err;
}

static int check_extents(const struct block_device *d, const struct block_call *c, const struct block_extent *e)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < c->nextents; i++) {
		bool is_hole = e[i].start == BLOCK_HOLE;

		if (!e[i].bytes || e[i].bytes > BLOCK_MAX_BYTES || (is_hole && c->op == BLOCK_OP_PAGE_OUT) ||
		    !is_aligned(d, is_hole ? 0 : e[i].start, e[i].bytes))
			return -EINVAL;
		total += e[i].bytes;
	}
	return total == c->len ? 0 : -EINVAL;
}

/* References to the pages of the node's object that are being filled, or written back. */
static int hold_pages(const struct block_call *c, struct frame ***out, uint32_t *n)
{
	uint64_t first = c->offset / PAGE_SIZE, last = (c->offset + c->len - 1) / PAGE_SIZE;
	struct inode *inode = inode_find(c->node);
	struct frame **frames;
	int err = 0;

	if (!inode)
		return -ESTALE;
	frames = kmalloc((last - first + 1) * sizeof(*frames), 0);
	*n = 0;
	if (!frames)
		err = -ENOMEM;
	for (uint64_t i = first; i <= last && !err; i++) {
		frames[*n] = mm_object_page_for_io(&inode->object, i);
		if (frames[*n])
			++*n;
		else
			err = -ESTALE;
	}
	inode_put(inode);
	if (err && frames)
		put_frames(frames, *n);
	*out = frames;
	return err;
}

static int transfer_pages(struct block_device *d, const struct block_call *c)
{
	struct block_extent *extents;
	struct frame **frames;
	uint32_t nframes;
	int err;

	if (!c->nextents || c->nextents > BLOCK_MAX_EXTENTS || !c->len || c->len > BLOCK_MAX_BYTES ||
	    c->offset % d->info.block_bytes || c->offset > UINT64_MAX - c->len)
		return -EINVAL;
	extents = kmalloc(c->nextents * sizeof(*extents), HEAP_NOZERO);
	if (!extents)
		return -ENOMEM;
	err = copy_from_user(extents, (const void __user *)c->buffer, c->nextents * sizeof(*extents)) ? -EFAULT :
		check_extents(d, c, extents);
	if (!err)
		err = hold_pages(c, &frames, &nframes);
	if (!err) {
		err = block_transfer(d, c->op == BLOCK_OP_PAGE_OUT, extents, c->nextents, frames, nframes,
				     (uint32_t)(c->offset % PAGE_SIZE));
		put_frames(frames, nframes);
	}
	kfree(extents);
	if (!err && c->op == BLOCK_OP_PAGE_OUT)
		forget_cached(d);
	return err;
}

static int claim(struct block_device *d)
{
	int err = block_sync_cache(d);

	if (err)
		return err;
	mutex_lock(&block_table_lock);
	if (block_is_gone(d))
		err = -ENODEV;
	else if (block_is_busy(d, BLOCK_BUSY_CLAIM | BLOCK_BUSY_EXCLUSIVE))
		err = -EBUSY;
	else
		__atomic_fetch_or(&d->info.flags, BLOCK_CLAIMED, __ATOMIC_RELEASE);
	mutex_unlock(&block_table_lock);
	return err;
}

static int release(struct block_device *d)
{
	int err = d->info.flags & BLOCK_CLAIMED ? 0 : -EINVAL;

	__atomic_fetch_and(&d->info.flags, ~BLOCK_CLAIMED, __ATOMIC_RELEASE);
	loop_note_idle(d);
	return err;
}

static int run(struct block_device *d, const struct block_call *c)
{
	switch (c->op) {
	case BLOCK_OP_INFO:
		return copy_to_user((void __user *)c->buffer, &d->info, sizeof(d->info)) ? -EFAULT : 0;
	case BLOCK_OP_READ:
	case BLOCK_OP_WRITE:
		return transfer_memory(d, c);
	case BLOCK_OP_FLUSH:
		return block_flush(d);
	case BLOCK_OP_DISCARD:
		return c->len && is_aligned(d, c->offset, c->len) ? block_discard(d, c->offset, c->len) : -EINVAL;
	case BLOCK_OP_PAGE_IN:
	case BLOCK_OP_PAGE_OUT:
		return transfer_pages(d, c);
	case BLOCK_OP_CLAIM:
		return claim(d);
	case BLOCK_OP_RELEASE:
		return release(d);
	case BLOCK_OP_LOOP_INFO:
		return loop_info(d, (struct block_loop __user *)c->buffer);
	}
	return -EINVAL;
}

int64_t io_sys_block(const struct block_call __user *uc)
{
	struct block_device *d;
	struct block_call c;
	int err;

	if (copy_from_user(&c, uc, sizeof(c)))
		return -EFAULT;
	d = block_find(c.device);
	if (!d)
		return -ENODEV;
	err = run(d, &c);
	block_put(d);
	return err;
}
