/* kernel/compat/src/nt/file_io.c: reading, writing and flushing files, and how their calls end.
 *
 * What is transferred is transferred within the call, by whatever kind of handle: an asynchronous
 * one is then told at once, through its status block, event and APC ([MS-FSA] 2.1.5.2, 2.1.5.3).
 */
#include <io/tty.h>
#include <mm/heap.h>

#include "apc.h"
#include "console.h"
#include "file.h"
#include "named_pipe.h"
#include "sync.h"

#define EVENT_MODIFY_STATE 2u
#define OFFSET_END_OF_FILE (-1)
#define OFFSET_CURRENT (-2)
#define PAGE_BYTES 4096u

/* ---- completion ---- */

ntstatus nt_completion_event(const struct nt_completion *c, struct object **out)
{
	*out = NULL;
	return c->event ? nt_handle_lookup(c->event, OBJECT_EVENT, EVENT_MODIFY_STATE, out) : STATUS_SUCCESS;
}

static void set_ended(struct file *f, bool has_ended)
{
	struct nt_open *o = f ? f->nt_open : NULL;
	uint64_t flags;

	if (!o || READ_ONCE(o->has_ended) == has_ended)
		return;
	flags = wait_source_lock(&o->ended);
	o->has_ended = has_ended;
	wait_source_unlock(&o->ended, flags);
	if (has_ended)
		wait_source_signal(&o->ended);
}

ntstatus nt_completion_begin(const struct nt_completion *c, struct file *f)
{
	struct object *event;
	ntstatus status = nt_completion_event(c, &event);

	if (status)
		return status;
	set_ended(f, false);
	if (event) {
		nt_event_reset(nt_event_of(event));
		object_put(event);
	}
	return STATUS_SUCCESS;
}

ntstatus nt_completion_signal(const struct nt_completion *c, struct file *f, struct object *event, struct ps_thread *t,
	ntstatus status, uint64_t information)
{
	struct nt_open *o = f ? f->nt_open : NULL;

	if (event)
		nt_event_set(nt_event_of(event));
	if (!o || !(o->skips & SKIP_FILE_SIGNAL) || !event)
		set_ended(f, true);
	if (c->apc)
		return nt_apc_queue(t, c->apc, c->context, c->io, 0) == -ENOMEM ? STATUS_NO_MEMORY : STATUS_SUCCESS;
	return o ? nt_iocp_report(&o->port, c->context, status, information) : STATUS_SUCCESS;
}

/* A call that succeeded at once is not told to the port where nobody wants that. */
static ntstatus signal_at_once(const struct nt_completion *c, struct file *f, ntstatus status, uint64_t information)
{
	struct nt_completion silent = *c;
	struct object *event;
	ntstatus told;

	if (f && f->nt_open && (nt_open_of(f)->skips & SKIP_PORT_ON_SUCCESS) && !c->apc && status == STATUS_SUCCESS)
		silent.context = 0;
	if (nt_completion_event(c, &event))
		event = NULL;
	told = nt_completion_signal(&silent, f, event, ps_current_thread(), status, information);
	object_put(event);
	return told;
}

ntstatus nt_complete(const struct nt_completion *c, struct file *f, ntstatus status, uint64_t information)
{
	struct nt_io_status io = { .status = status, .information = information };
	ntstatus told;

	if (c->io && nt_put(c->io, &io, sizeof(io)))
		return STATUS_ACCESS_VIOLATION;
	/* A failed call that ends at once tells so by its status alone. */
	if (status >> 30 == 3) {
		set_ended(f, true);
		return status;
	}
	told = signal_at_once(c, f, status, information);
	return told ? told : status;
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

/* What interrupted a wait in a file: is the call to go on? */
static bool goes_on(struct nt_thread *nt)
{
	if (READ_ONCE(nt->has_cancelled_wait))
		return false;
	if (nt_wait_interrupted(false))
		return false;
	nt_suspend_point();
	return true;
}

int64_t nt_file_move(struct file *f, struct io_vector *v, bool is_write)
{
	struct nt_thread *nt = nt_current_thread();
	int64_t n;

	WRITE_ONCE(nt->waits_in_file, true);
	do {
		n = is_write ? file_write(f, v) : file_read(f, v);
	} while (n == -EINTR && goes_on(nt));
	WRITE_ONCE(nt->waits_in_file, false);
	WRITE_ONCE(nt->has_cancelled_wait, false);
	thread_clear_interrupt(current_thread(), INTERRUPT_SPECIAL_APC);
	return n;
}

bool nt_file_wait_cancel(struct ps_thread *t)
{
	struct nt_thread *nt = t->nt;

	if (!nt || !READ_ONCE(nt->waits_in_file))
		return false;
	WRITE_ONCE(nt->has_cancelled_wait, true);
	thread_interrupt(&t->thread, INTERRUPT_SPECIAL_APC);
	return true;
}

static int64_t move(struct transfer *t)
{
	struct file *f = t->f;
	int64_t n;

	if (t->offset < 0)
		return nt_file_move(f, &t->v, t->is_write);
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
	if (n || !wanted || t->is_write)
		return STATUS_SUCCESS;
	return pipe_get_size(t->f) < 0 ? STATUS_END_OF_FILE : STATUS_PIPE_BROKEN;
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
	if (file_is_tty(t.f) && n == 1) {
		status = nt_console_transfer(t.f, &c, &segments[0], is_write);
		object_put(obj);
		return status;
	}
	if (nt_is_pipe(t.f)) {
		status = nt_pipe_transfer(t.f, &c, segments, n, is_write);
		object_put(obj);
		return status;
	}
	io_vector_init(&t.v, segments, n, false);
	status = nt_completion_begin(&c, t.f);
	if (!status && a[7])
		status = nt_get(&t.offset, a[7], sizeof(t.offset));
	if (!status) {
		status = transfer(&t, &done);
		status = nt_complete(&c, t.f, status, done);
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
	if (nt_is_pipe(f)) {
		status = nt_pipe_flush(f, a[1]);
		object_put(obj);
		return status;
	}
	if (f->ops->fsync)
		status = nt_status(f->ops->fsync(f, false));
	object_put(obj);
	io.status = status;
	return nt_put(a[1], &io, sizeof(io)) ? STATUS_ACCESS_VIOLATION : status;
}
