/* kernel/compat/src/nt/file_io.c: reading, writing and flushing files, and how their calls end.
 *
 * What is transferred is transferred within the call, by whatever kind of handle: an asynchronous
 * one is then told at once, through its status block, event and APC ([MS-FSA] 2.1.5.2, 2.1.5.3).
 */
#include <mm/heap.h>

#include "apc.h"
#include "file.h"
#include "sync.h"

#define EVENT_MODIFY_STATE 2u
#define OFFSET_END_OF_FILE (-1)
#define OFFSET_CURRENT (-2)
#define PAGE_BYTES 4096u

/* ---- completion ---- */

static ntstatus find_event(uint64_t handle, struct object **out)
{
	*out = NULL;
	return handle ? nt_handle_lookup(handle, OBJECT_EVENT, EVENT_MODIFY_STATE, out) : STATUS_SUCCESS;
}

ntstatus nt_completion_begin(const struct nt_completion *c)
{
	struct object *event;
	ntstatus status = find_event(c->event, &event);

	if (status || !event)
		return status;
	nt_event_reset(nt_event_of(event));
	object_put(event);
	return STATUS_SUCCESS;
}

ntstatus nt_complete(const struct nt_completion *c, ntstatus status, uint64_t information)
{
	struct nt_io_status io = { .status = status, .information = information };
	struct object *event;

	if (c->io && nt_put(c->io, &io, sizeof(io)))
		return STATUS_ACCESS_VIOLATION;
	/* A failed call that ends at once tells so by its status alone. */
	if (status >> 30 == 3)
		return status;
	if (!find_event(c->event, &event) && event) {
		nt_event_set(nt_event_of(event));
		object_put(event);
	}
	if (c->apc && nt_apc_queue(ps_current_thread(), c->apc, c->context, c->io, 0))
		return STATUS_NO_MEMORY;
	return status;
}

/* ---- bytes ---- */

struct transfer {
	struct file *f;
	struct io_vector v;
	bool is_write;
	bool has_offset;
	int64_t offset;
};

static bool has_positions(const struct file *f)
{
	return f->ops->seek && f->inode && inode_is_regular(f->inode);
}

/* Where it begins, in t->offset; -1: wherever the file is. */
static ntstatus place(struct transfer *t)
{
	struct file *f = t->f;

	if (!has_positions(f)) {
		t->offset = -1;
		return STATUS_SUCCESS;
	}
	if (!t->has_offset || t->offset == OFFSET_CURRENT) {
		if (!nt_is_synchronous(f))
			return STATUS_INVALID_PARAMETER;
		t->offset = -1;
	} else if (t->offset == OFFSET_END_OF_FILE && t->is_write) {
		struct vfs_attr attr;
		int err = inode_getattr(f->inode, &attr);

		if (err)
			return nt_status(err);
		t->offset = (int64_t)attr.size;
	} else if (t->offset < 0) {
		return STATUS_INVALID_PARAMETER;
	}
	return nt_locks_check(f, t->offset < 0 ? f->offset : (uint64_t)t->offset, t->v.left, t->is_write);
}

static int64_t move(struct transfer *t)
{
	struct file *f = t->f;
	int64_t n;

	if (t->offset < 0)
		return t->is_write ? file_write(f, &t->v) : file_read(f, &t->v);
	n = t->is_write ? file_pwrite(f, &t->v, (uint64_t)t->offset) : file_pread(f, &t->v, (uint64_t)t->offset);
	/* A synchronous handle's position follows. */
	if (n > 0 && nt_is_synchronous(f)) {
		mutex_lock(&f->position_lock);
		f->offset = (uint64_t)(t->offset + n);
		mutex_unlock(&f->position_lock);
	}
	return n;
}

static ntstatus transfer(struct transfer *t, uint64_t *done)
{
	uint64_t wanted = t->v.left;
	ntstatus status;
	int64_t n;

	if (t->f->inode && inode_is_dir(t->f->inode))
		return STATUS_INVALID_DEVICE_REQUEST;
	status = place(t);
	if (status)
		return status;
	n = move(t);
	if (n < 0)
		return n == -EFAULT && t->is_write ? STATUS_INVALID_USER_BUFFER : nt_status(n);
	*done = (uint64_t)n;
	return !n && wanted && !t->is_write ? STATUS_END_OF_FILE : STATUS_SUCCESS;
}

/* The right to append is enough to write: the file then does nothing else. */
static ntstatus lookup(uint64_t handle, bool is_write, struct object **out)
{
	ntstatus status;

	if (!is_write)
		return nt_handle_lookup(handle, OBJECT_FILE, FILE_READ_DATA, out);
	status = nt_handle_lookup(handle, OBJECT_FILE, FILE_WRITE_DATA, out);
	if (status == STATUS_ACCESS_DENIED)
		status = nt_handle_lookup(handle, OBJECT_FILE, FILE_APPEND_DATA, out);
	return status;
}

static ntstatus run(const uint64_t *a, const struct io_segment *segments, uint32_t n, bool is_write)
{
	const struct nt_completion c = { a[1], a[2], a[3], a[4] };
	struct transfer t = { .is_write = is_write, .has_offset = a[7] };
	struct object *obj;
	uint64_t done = 0;
	ntstatus status = lookup(a[0], is_write, &obj);

	if (status)
		return status;
	t.f = file_from_object(obj);
	io_vector_init(&t.v, segments, n, false);
	status = nt_completion_begin(&c);
	if (!status && a[7])
		status = nt_get(&t.offset, a[7], sizeof(t.offset));
	if (!status) {
		status = transfer(&t, &done);
		status = nt_complete(&c, status, done);
	}
	object_put(obj);
	return status;
}

static ntstatus one(const uint64_t *a, bool is_write)
{
	const struct io_segment seg = { a[5], (uint32_t)a[6] };

	return run(a, &seg, 1, is_write);
}

ntstatus nt_sys_NtReadFile(const uint64_t *a) { return one(a, false); }
ntstatus nt_sys_NtWriteFile(const uint64_t *a) { return one(a, true); }

/* ---- pages here and there ---- */

/* One page after another, each where an 8-byte FILE_SEGMENT_ELEMENT points. */
static ntstatus scattered(const uint64_t *a, bool is_write)
{
	uint32_t len = (uint32_t)a[6], n = (len + PAGE_BYTES - 1) / PAGE_BYTES;
	struct io_segment *segments = kmalloc((uint64_t)(n + !n) * sizeof(*segments), 0);
	ntstatus status = segments ? STATUS_SUCCESS : STATUS_NO_MEMORY;

	for (uint32_t i = 0; !status && i < n; i++) {
		segments[i].len = MIN(len - i * PAGE_BYTES, PAGE_BYTES);
		status = nt_get(&segments[i].base, a[5] + 8ull * i, 8);
	}
	if (!status)
		status = run(a, segments, n, is_write);
	kfree(segments);
	return status;
}

ntstatus nt_sys_NtReadFileScatter(const uint64_t *a) { return scattered(a, false); }
ntstatus nt_sys_NtWriteFileGather(const uint64_t *a) { return scattered(a, true); }

/* ---- flushing ---- */

ntstatus nt_sys_NtFlushBuffersFile(const uint64_t *a)
{
	struct nt_io_status io = { 0 };
	struct object *obj;
	struct file *f;
	ntstatus status = lookup(a[0], true, &obj);

	if (status)
		return status;
	f = file_from_object(obj);
	if (f->ops->fsync)
		status = nt_status(f->ops->fsync(f, false));
	object_put(obj);
	io.status = status;
	return nt_put(a[1], &io, sizeof(io)) ? STATUS_ACCESS_VIOLATION : status;
}
