/* kernel/compat/src/nt/file_locks.c: byte-range locks ([MS-FSA] 2.1.4.10, 2.1.5.8, 2.1.5.9).
 *
 * They belong to opens and bind the transfers of the NT view only.
 */
#include <mm/heap.h>

#include "file.h"

struct byte_lock {
	struct list_node node;
	struct file *owner;
	uint64_t start, len;
	uint32_t key;
	bool is_exclusive;
};

/* Who waits for any lock of any file waits here: few do, and each looks again. */
static struct wait_queue waiters = { .lock = SPINLOCK_INIT(WAIT_QUEUE), .waiters = LIST_INIT(waiters.waiters) };

static bool overlaps(const struct byte_lock *l, uint64_t start, uint64_t len)
{
	if (!len || !l->len)
		return false;
	return start <= l->start + (l->len - 1) && l->start <= start + (len - 1);
}

ntstatus nt_locks_check(const struct file *f, uint64_t offset, uint64_t len, bool is_write)
{
	const struct nt_sharing *s;
	const struct byte_lock *l;
	bool conflicts = false;

	if (!f->nt_open)
		return STATUS_SUCCESS;
	spin_lock(&nt_files_lock);
	s = f->inode->nt_sharing;
	LIST_FOR_EACH_ENTRY(l, &s->locks, node) {
		bool binds = l->is_exclusive ? l->owner != f : is_write;

		conflicts = conflicts || (binds && overlaps(l, offset, len));
	}
	spin_unlock(&nt_files_lock);
	return conflicts ? STATUS_FILE_LOCK_CONFLICT : STATUS_SUCCESS;
}

void nt_locks_drop(struct nt_sharing *s, const struct file *f)
{
	struct byte_lock *l, *next;
	bool any = false;

	LIST_FOR_EACH_ENTRY_SAFE(l, next, &s->locks, node) {
		if (l->owner != f)
			continue;
		list_del(&l->node);
		kfree(l);
		any = true;
	}
	if (any)
		waitq_wake_all(&waiters, 0);
}

/* Add @l unless another is in its way. */
static bool try_lock(struct byte_lock *l)
{
	struct nt_sharing *s = l->owner->inode->nt_sharing;
	const struct byte_lock *other;
	bool ok = true;

	spin_lock(&nt_files_lock);
	LIST_FOR_EACH_ENTRY(other, &s->locks, node) {
		if ((l->is_exclusive || other->is_exclusive) && overlaps(other, l->start, l->len))
			ok = false;
	}
	if (ok)
		list_add_tail(&l->node, &s->locks);
	spin_unlock(&nt_files_lock);
	return ok;
}

static ntstatus lock(struct byte_lock *l, bool waits)
{
	int err;

	if (try_lock(l))
		return STATUS_SUCCESS;
	if (!waits)
		return STATUS_LOCK_NOT_GRANTED;
	err = WAIT_EVENT(&waiters, try_lock(l), INTERRUPT_FATAL | INTERRUPT_SIGNAL, 0);
	return err ? STATUS_CANCELLED : STATUS_SUCCESS;
}

static ntstatus range_in(const uint64_t *a, uint64_t *start, uint64_t *len)
{
	ntstatus status = nt_get(start, a[0], sizeof(*start));

	if (!status)
		status = nt_get(len, a[1], sizeof(*len));
	if (!status && *len && *start + (*len - 1) < *start)
		status = STATUS_INVALID_PARAMETER;
	return status;
}

static ntstatus find_file(uint64_t handle, struct object **out)
{
	ntstatus status = nt_handle_lookup(handle, OBJECT_FILE, 0, out);
	const struct file *f;

	if (status)
		return status;
	f = file_from_object(*out);
	/* Pipes and consoles have opens and no inode. */
	if (f->nt_open && f->inode && inode_is_regular(f->inode))
		return STATUS_SUCCESS;
	object_put(*out);
	return STATUS_INVALID_DEVICE_REQUEST;
}

ntstatus nt_sys_NtLockFile(const uint64_t *a)
{
	const struct nt_completion c = { a[1], a[2], a[3], a[4] };
	struct byte_lock *l = kmalloc(sizeof(*l), 0);
	struct object *obj;
	ntstatus status = l ? find_file(a[0], &obj) : STATUS_NO_MEMORY;

	if (status) {
		kfree(l);
		return status;
	}
	l->owner = file_from_object(obj);
	l->key = (uint32_t)a[7];
	l->is_exclusive = (uint8_t)a[9];
	status = range_in(a + 5, &l->start, &l->len);
	if (!status)
		status = nt_completion_begin(&c, l->owner);
	if (!status)
		status = lock(l, !(uint8_t)a[8]);
	if (status)
		kfree(l);
	else
		status = nt_complete(&c, l->owner, status, 0);
	object_put(obj);
	return status;
}

static struct byte_lock *take_lock(const struct file *f, uint64_t start, uint64_t len, uint32_t key)
{
	struct nt_sharing *s = f->inode->nt_sharing;
	struct byte_lock *l, *found = NULL;

	spin_lock(&nt_files_lock);
	LIST_FOR_EACH_ENTRY(l, &s->locks, node) {
		if (l->owner == f && l->start == start && l->len == len && l->key == key) {
			found = l;
			break;
		}
	}
	if (found)
		list_del(&found->node);
	spin_unlock(&nt_files_lock);
	return found;
}

ntstatus nt_sys_NtUnlockFile(const uint64_t *a)
{
	struct nt_io_status io = { 0 };
	struct byte_lock *l = NULL;
	struct object *obj;
	uint64_t start, len;
	ntstatus status = find_file(a[0], &obj);

	if (status)
		return status;
	status = range_in(a + 2, &start, &len);
	if (!status) {
		l = take_lock(file_from_object(obj), start, len, (uint32_t)a[4]);
		status = !l ? STATUS_RANGE_NOT_LOCKED : a[1] ? nt_put(a[1], &io, sizeof(io)) : STATUS_SUCCESS;
	}
	if (l)
		waitq_wake_all(&waiters, 0);
	kfree(l);
	object_put(obj);
	return status;
}
