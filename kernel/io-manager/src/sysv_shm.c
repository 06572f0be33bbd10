/* kernel/io-manager/src/sysv_shm.c: segments of System V shared memory. See io/sysv.h.
 *
 * The table holds one reference to a segment's file until the segment is removed; the
 * file's release takes the segment out of the table.
 */
#include <linux/shm.h>
#include <mm/object.h>

#include "file_private.h"
#include "sysv_ids.h"

#define MAX_BYTES (1ull << 46)

struct segment {
	struct sysv_entry entry;	/* first */
	uint64_t bytes;
	int64_t attached_sec, detached_sec;
	uint32_t creator_pid, last_pid;
	struct mm_object *object;
	struct file *file;
};

HEAP_CACHE(segment_cache, "sysv_shm", sizeof(struct segment));

static int shm_create(uint64_t bytes, struct sysv_entry **out);
static int shm_check_size(const struct sysv_entry *e, uint64_t bytes);

SYSV_IDS(segments, SYSV_SHM_MAX_IDS, shm_create, shm_check_size);

static struct segment *segment_of(struct sysv_entry *e) { return (struct segment *)e; }

static uint64_t attachments(const struct segment *s)
{
	return refcount_read(&s->file->object.refs) - (sysv_is_destroyed(&s->entry) ? 0u : 1u);
}

/* ---- the segment as a file ---- */

static void shm_release(struct file *f)
{
	struct segment *s = f->private;

	mutex_lock(&segments.lock);
	sysv_take_out(&segments, &s->entry);
	mutex_unlock(&segments.lock);
	mm_object_put(s->object);
	heap_cache_free(&segment_cache, s);
}

static const struct file_ops shm_ops = { .name = "SYSV", .release = shm_release };

bool file_is_sysv_shm(const struct file *f)
{
	return f->ops == &shm_ops;
}

struct mm_object *sysv_shm_object(const struct file *f)
{
	return ((const struct segment *)f->private)->object;
}

static int shm_create(uint64_t bytes, struct sysv_entry **out)
{
	struct segment *s;
	int err;

	if (!bytes || bytes > MAX_BYTES)
		return -EINVAL;
	s = heap_cache_alloc(&segment_cache, 0);
	if (!s)
		return -ENOMEM;
	err = mm_object_create(ALIGN_UP(bytes, PAGE_SIZE), MM_OBJECT_SHMEM, &s->object);
	if (err)
		goto free_segment;
	err = file_create(&shm_ops, O_RDWR, s, &s->file);
	if (err)
		goto put_object;
	s->bytes = bytes;
	s->creator_pid = ps_current()->pid;
	*out = &s->entry;
	return 0;
put_object:
	mm_object_put(s->object);
free_segment:
	heap_cache_free(&segment_cache, s);
	return err;
}

static int shm_check_size(const struct sysv_entry *e, uint64_t bytes)
{
	return bytes > ((const struct segment *)e)->bytes ? -EINVAL : 0;
}

int64_t sysv_shm_get(uint32_t key, uint64_t bytes, uint32_t flags)
{
	if (flags & SHM_HUGETLB)
		return -ENOMEM;	/* there is no pool of huge pages */
	return sysv_get(&segments, key, bytes, flags);
}

int sysv_shm_open(int id, unsigned want, struct file **out)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&segments.lock);
	err = sysv_find_for(&segments, id, want, &e);
	/* The last attachment of a removed one may just be going. */
	if (!err && !refcount_get_unless_zero(&segment_of(e)->file->object.refs))
		err = -EIDRM;
	if (!err)
		*out = segment_of(e)->file;
	mutex_unlock(&segments.lock);
	return err;
}

static void note_use(struct segment *s, int64_t *when)
{
	mutex_lock(&segments.lock);
	*when = sysv_now_sec();
	s->last_pid = ps_current()->pid;
	mutex_unlock(&segments.lock);
}

void sysv_shm_attached(struct file *f)
{
	struct segment *s = f->private;

	note_use(s, &s->attached_sec);
}

void sysv_shm_detached(struct file *f)
{
	struct segment *s = f->private;

	note_use(s, &s->detached_sec);
}

/* ---- shmctl ---- */

int64_t sysv_shm_stat(struct sysv_which which, struct sysv_shm_info *out)
{
	struct sysv_entry *e;
	int64_t ret;

	mutex_lock(&segments.lock);
	ret = sysv_find_which(&segments, which, &e);
	if (ret >= 0) {
		const struct segment *s = segment_of(e);

		*out = (struct sysv_shm_info){
			.permission = e->permission, .bytes = s->bytes, .nattached = attachments(s),
			.attached_sec = s->attached_sec, .detached_sec = s->detached_sec, .changed_sec = e->changed_sec,
			.creator_pid = s->creator_pid, .last_pid = s->last_pid,
		};
	}
	mutex_unlock(&segments.lock);
	return ret;
}

void sysv_shm_totals(struct sysv_totals *out)
{
	mutex_lock(&segments.lock);
	sysv_count_ids(&segments, out);
	for (uint32_t i = 0; i < segments.end; i++) {
		const struct segment *s = segment_of(sysv_at(&segments, i));

		if (s) {
			out->units += ALIGN_UP(s->bytes, PAGE_SIZE) / PAGE_SIZE;
			out->resident_pages += s->object->npages;
		}
	}
	mutex_unlock(&segments.lock);
}

int sysv_shm_set(int id, uint32_t uid, uint32_t gid, uint32_t mode)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&segments.lock);
	err = sysv_set(&segments, id, uid, gid, mode, &e);
	mutex_unlock(&segments.lock);
	return err;
}

int sysv_shm_remove(int id)
{
	struct file *f = NULL;
	struct sysv_entry *e;
	int err;

	mutex_lock(&segments.lock);
	err = sysv_find(&segments, id, &e);
	if (!err)
		err = sysv_check_owner(e);
	if (!err && !sysv_is_destroyed(e)) {
		e->permission.mode |= SYSV_DESTROYED;
		e->permission.key = IPC_PRIVATE;
		f = segment_of(e)->file;
	}
	mutex_unlock(&segments.lock);
	file_put(f);
	return err;
}
