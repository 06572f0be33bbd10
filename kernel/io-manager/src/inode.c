/* kernel/io-manager/src/inode.c: attributes, who may do what, and whose sizes and times count.
 *
 * Mode, owner and links are always the owner's. Size and times are the kernel's own for
 * KERNEL_DATA files, and for PAGER files while bytes are not written back yet
 * (`size_is_ours`): then what the owner says of them is ignored. They become the owner's
 * again with an answer to a question that was put after the last byte had reached it:
 * answers to older questions may still be on their way, and tell of the file as it was.
 */
#include <errno.h>
#include <string.h>

#include <io/notify.h>
#include <linux/capability.h>
#include <linux/inotify.h>
#include <nucleus/counter.h>
#include <ps/process.h>

#include "vfs_private.h"

struct vfs_time vfs_time_now(void)
{
	uint64_t ns = clock_realtime_ns();

	return (struct vfs_time){ .sec = (int64_t)(ns / NSEC_PER_SEC), .nsec = (uint32_t)(ns % NSEC_PER_SEC) };
}

static bool time_differs(const struct vfs_time *a, const struct vfs_time *b)
{
	return a->sec != b->sec || a->nsec != b->nsec;
}

bool vfs_time_is_later(const struct vfs_time *a, const struct vfs_time *b)
{
	return a->sec > b->sec || (a->sec == b->sec && a->nsec > b->nsec);
}

/* i->state_lock is held. */
static bool is_written_back(struct inode *i)
{
	return !i->is_changing && !atomic_load(&i->mapped_dirty_ns) && mm_object_is_written(&i->object);
}

/* Ours win; but the owner's changes (mode, links) move ctime too. */
static void keep_ours(struct vfs_attr *new, const struct vfs_attr *ours)
{
	new->size = ours->size;
	new->atime = ours->atime;
	new->mtime = ours->mtime;
	if (vfs_time_is_later(&ours->ctime, &new->ctime))
		new->ctime = ours->ctime;
}

static bool contents_changed(const struct vfs_attr *old, const struct vfs_attr *new)
{
	return old->size != new->size || time_differs(&old->mtime, &new->mtime) || time_differs(&old->ctime, &new->ctime);
}

static uint64_t expiry(const struct inode *i, const struct vfs_attr *a)
{
	if (!a->lease_ns || a->seq <= i->attr_revoked_seq) {
		counter_inc(COUNTER_LEASE_ATTR_REFUSED);
		return 0;
	}
	counter_inc(COUNTER_LEASE_ATTR_GRANT);
	return a->lease_ns == VFS_LEASE_FOREVER ? VFS_LEASE_FOREVER : clock_monotonic_ns() + a->lease_ns;
}

static void merge_locked(struct inode *i, const struct vfs_attr *attr)
{
	struct vfs_attr new = *attr;
	bool is_adopted;

	if (attr->seq < i->attr.seq || ((attr->mode ^ i->attr.mode) & S_IFMT))
		return;
	is_adopted = i->size_is_ours && i->adopter == current_thread() && is_written_back(i);
	if (i->size_is_ours && !is_adopted) {
		keep_ours(&new, &i->attr);
	} else if (inode_is_pager(i) && contents_changed(&i->attr, &new)) {
		/* The times of our own writes are the owner's: that is no change of the contents. */
		if (!is_adopted || new.size != i->attr.size)
			i->contents_stale = true;
		i->server_size = new.size;
		i->image_version++;
	}
	if (is_adopted)
		i->size_is_ours = false;
	i->attr = new;
	atomic_store(&i->attr_expires_ns, expiry(i, attr));
}

void inode_merge_attr(struct inode *i, const struct vfs_attr *attr)
{
	spin_lock(&i->state_lock);
	merge_locked(i, attr);
	spin_unlock(&i->state_lock);
}

bool inode_attr_is_fresh(struct inode *i)
{
	uint64_t expires = atomic_load(&i->attr_expires_ns);

	return expires == VFS_LEASE_FOREVER || (expires && clock_monotonic_ns() < expires);
}

static int refresh(struct inode *i)
{
	struct ipc_kernel_call c = { .words = { VFS_GETATTR, i->node } };
	struct record_result r;
	uint32_t n;
	int err;

	counter_inc(COUNTER_LEASE_ATTR_MISS);
	err = vfs_call_records(&c, &r, 1, &n);
	if (err)
		return err;
	record_results_put(&r, n);
	return 0;
}

/* Whoever asks the owner now hears of the time before. */
static void mark_ours_locked(struct inode *i)
{
	i->size_is_ours = true;
	i->adopter = NULL;
}

/* A shared mapping wrote: its time stamps are due, and size and times are ours. */
static void take_mapped_writes(struct inode *i)
{
	uint64_t when = atomic_xchg(&i->mapped_dirty_ns, 0);

	if (!when)
		return;
	spin_lock(&i->state_lock);
	i->attr.mtime.sec = (int64_t)(when / NSEC_PER_SEC);
	i->attr.mtime.nsec = (uint32_t)(when % NSEC_PER_SEC);
	i->attr.ctime = i->attr.mtime;
	mark_ours_locked(i);
	spin_unlock(&i->state_lock);
}

/* Is everything written back? Then what the owner answers to this thread counts again, unless something is
 * written meanwhile, or another thread begins after it. */
static bool begin_adopting(struct inode *i)
{
	bool may;

	spin_lock(&i->state_lock);
	may = i->size_is_ours && is_written_back(i);
	if (may)
		i->adopter = current_thread();
	spin_unlock(&i->state_lock);
	return may;
}

static void end_adopting(struct inode *i)
{
	spin_lock(&i->state_lock);
	if (i->adopter == current_thread())
		i->adopter = NULL;
	spin_unlock(&i->state_lock);
}

int inode_revalidate(struct inode *i)
{
	int err;

	if (unlikely(inode_is_pager(i))) {
		take_mapped_writes(i);
		if (i->size_is_ours && begin_adopting(i)) {
			err = refresh(i);
			end_adopting(i);
			return err;
		}
	}
	if (likely(inode_attr_is_fresh(i))) {
		counter_inc(COUNTER_LEASE_ATTR_HIT);
		return 0;
	}
	return refresh(i);
}

int inode_sync_contents_locked(struct inode *i)
{
	if (!i->contents_stale)
		return 0;
	mm_object_invalidate_clean(&i->object);
	spin_lock(&i->state_lock);
	i->contents_stale = false;
	spin_unlock(&i->state_lock);
	if (i->object.size_bytes != inode_size(i))
		mm_object_truncate(&i->object, inode_size(i));
	return 0;
}

int inode_sync_contents(struct inode *i)
{
	int err = inode_revalidate(i);

	if (err || likely(!i->contents_stale))
		return err;
	if (mutex_is_mine(&i->lock))
		return inode_sync_contents_locked(i);
	mutex_lock(&i->lock);
	err = inode_sync_contents_locked(i);
	mutex_unlock(&i->lock);
	return err;
}

static uint64_t blocks_of(const struct inode *i)
{
	if (inode_is_kernel_data(i))
		return READ_ONCE(i->object.npages) * (PAGE_SIZE / 512);
	if (inode_is_pager(i) && i->size_is_ours)
		return i->attr.blocks + READ_ONCE(i->object.ndirty) * (PAGE_SIZE / 512);
	return i->attr.blocks;
}

int inode_getattr(struct inode *i, struct vfs_attr *out)
{
	int err = inode_revalidate(i);

	if (err)
		return err;
	spin_lock(&i->state_lock);
	*out = i->attr;
	out->blocks = blocks_of(i);
	spin_unlock(&i->state_lock);
	return 0;
}

void inode_mark_ours(struct inode *i)
{
	spin_lock(&i->state_lock);
	mark_ours_locked(i);
	spin_unlock(&i->state_lock);
}

void inode_begin_change(struct inode *i)
{
	spin_lock(&i->state_lock);
	mark_ours_locked(i);
	i->is_changing = true;
	spin_unlock(&i->state_lock);
}

void inode_end_change(struct inode *i)
{
	spin_lock(&i->state_lock);
	i->is_changing = false;
	spin_unlock(&i->state_lock);
}

void inode_touch(struct inode *i, bool atime, bool mtime)
{
	struct vfs_time now = vfs_time_now();

	spin_lock(&i->state_lock);
	if (atime)
		i->attr.atime = now;
	if (mtime)
		i->attr.mtime = i->attr.ctime = now;
	spin_unlock(&i->state_lock);
}

void inode_set_size_locked(struct inode *i, uint64_t size)
{
	spin_lock(&i->state_lock);
	i->attr.size = size;
	spin_unlock(&i->state_lock);
}

/* ---- changing attributes ---- */

/* What only the kernel keeps for a KERNEL_DATA file. */
static void set_own_times(struct inode *i, uint32_t mask, const struct vfs_attr *attr)
{
	struct vfs_time now = vfs_time_now();

	spin_lock(&i->state_lock);
	if (mask & (VFS_SET_ATIME | VFS_SET_ATIME_NOW))
		i->attr.atime = mask & VFS_SET_ATIME ? attr->atime : now;
	if (mask & (VFS_SET_MTIME | VFS_SET_MTIME_NOW))
		i->attr.mtime = mask & VFS_SET_MTIME ? attr->mtime : now;
	i->attr.ctime = now;
	spin_unlock(&i->state_lock);
}

static int send_setattr(struct inode *i, uint32_t mask, const struct vfs_attr *attr)
{
	struct ipc_kernel_call c = { .words = { VFS_SETATTR, i->node, mask }, .data = attr, .data_len = sizeof(*attr) };
	struct record_result r;
	uint32_t n;
	int err = vfs_call_records(&c, &r, 1, &n);

	if (!err)
		record_results_put(&r, n);
	return err;
}

#define OWN_MASK (VFS_SET_ATIME | VFS_SET_MTIME | VFS_SET_ATIME_NOW | VFS_SET_MTIME_NOW | VFS_SET_CTIME_NOW)

static int setattr_kernel_data(struct inode *i, uint32_t mask, const struct vfs_attr *attr)
{
	uint32_t theirs = mask & ~OWN_MASK;
	int err = theirs ? send_setattr(i, theirs, attr) : 0;

	if (!err)
		set_own_times(i, mask, attr);
	return err;
}

/* What is not written back goes first, so that the server's times end as asked. */
static int setattr_pager(struct inode *i, uint32_t mask, const struct vfs_attr *attr)
{
	bool is_adopting = false;
	int err;

	take_mapped_writes(i);
	if (i->size_is_ours) {
		err = inode_write_back(i, 0, ~0ull);
		if (err)
			return err;
		is_adopting = begin_adopting(i);
	}
	err = send_setattr(i, mask, attr);
	if (is_adopting)
		end_adopting(i);
	if (err)
		return err;
	/* Only attributes moved: the pages are as good as before. */
	if (!(mask & VFS_SET_SIZE) && i->object.size_bytes == inode_size(i)) {
		spin_lock(&i->state_lock);
		i->contents_stale = false;
		spin_unlock(&i->state_lock);
	}
	return 0;
}

/* A time alone tells of a read or a write; both, like everything else, of other attributes. */
static uint32_t event_of_setattr(uint32_t mask)
{
	const uint32_t atime = VFS_SET_ATIME | VFS_SET_ATIME_NOW, mtime = VFS_SET_MTIME | VFS_SET_MTIME_NOW;

	if (mask & ~(atime | mtime | VFS_SET_CTIME_NOW))
		return IN_ATTRIB;
	if (!(mask & mtime))
		return mask & atime ? IN_ACCESS : IN_ATTRIB;
	return mask & atime ? IN_ATTRIB : IN_MODIFY;
}

int inode_setattr(struct inode *i, uint32_t mask, const struct vfs_attr *attr)
{
	int err;

	if (mask & VFS_SET_SIZE)
		return -EINVAL;
	mutex_lock(&i->lock);
	if (inode_is_kernel_data(i))
		err = setattr_kernel_data(i, mask, attr);
	else if (inode_is_pager(i))
		err = setattr_pager(i, mask, attr);
	else
		err = send_setattr(i, mask, attr);
	mutex_unlock(&i->lock);
	if (!err)
		notify_inode(i, event_of_setattr(mask));
	return err;
}

int inode_kill_set_id(struct inode *i)
{
	uint32_t mode = READ_ONCE(i->attr.mode), kill = mode & S_ISUID;
	struct vfs_attr attr = { .node = i->node };

	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		kill |= S_ISGID;
	if (!kill || ps_capable(CAP_FSETID))
		return 0;
	attr.mode = mode & ~kill;
	return send_setattr(i, VFS_SET_MODE, &attr);
}

/* ---- permission ---- */

bool inode_owner_or_capable(struct inode *i)
{
	return ps_credentials()->fsuid == READ_ONCE(i->attr.uid) || ps_capable(CAP_FOWNER);
}

/* access(2) asks with the real ids, and then only root has capabilities (man 2 access). */
static bool has_capability(unsigned capability, bool use_real)
{
	const struct credentials *c = ps_credentials();

	if (!use_real)
		return ps_capable(capability);
	return c->uid == 0 && (c->cap_permitted >> capability & 1);
}

static bool mode_grants(struct inode *i, unsigned want, bool use_real)
{
	const struct credentials *c = ps_credentials();
	uint32_t mode = READ_ONCE(i->attr.mode), gid = READ_ONCE(i->attr.gid);

	if ((use_real ? c->uid : c->fsuid) == READ_ONCE(i->attr.uid))
		mode >>= 6;
	else if (ps_in_group(use_real ? c->gid : c->fsgid, gid))
		mode >>= 3;
	return (mode & want) == want;
}

static bool capability_grants(struct inode *i, unsigned want, bool use_real)
{
	if (inode_is_dir(i)) {
		if (!(want & 2) && has_capability(CAP_DAC_READ_SEARCH, use_real))
			return true;
		return has_capability(CAP_DAC_OVERRIDE, use_real);
	}
	if (want == 4 && has_capability(CAP_DAC_READ_SEARCH, use_real))
		return true;
	if ((want & 1) && !(READ_ONCE(i->attr.mode) & 0111))
		return false;
	return has_capability(CAP_DAC_OVERRIDE, use_real);
}

int inode_permission(struct inode *i, unsigned want, bool use_real)
{
	int err = inode_attr_is_fresh(i) ? 0 : inode_revalidate(i);
	uint32_t type = i->attr.mode & S_IFMT;

	if (err)
		return err;
	if ((want & 2) && (READ_ONCE(i->attr.flags) & VFS_NODE_READONLY) &&
	    (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
		return -EROFS;
	if (mode_grants(i, want, use_real) || capability_grants(i, want, use_real))
		return 0;
	return -EACCES;
}

bool inode_may_search_now(struct inode *i)
{
	return inode_attr_is_fresh(i) && (mode_grants(i, 1, false) || capability_grants(i, 1, false));
}

/* ---- writers against a running image ---- */

bool inode_open_for_write(struct inode *i)
{
	bool ok;

	spin_lock(&i->state_lock);
	ok = !atomic_load(&i->deny_write);
	if (ok)
		i->writers++;
	spin_unlock(&i->state_lock);
	/* Contents may differ from now on from what was parsed. */
	if (ok && (READ_ONCE(i->attr.mode) & 0111)) {
		atomic_add(&i->image_version, 1);
		lease_revoke(LEASE_IMAGE, i->node, NULL, 0, 0);
	}
	return ok;
}

void inode_close_for_write(struct inode *i)
{
	spin_lock(&i->state_lock);
	i->writers--;
	spin_unlock(&i->state_lock);
}

int inode_deny_write(struct inode *i)
{
	int err;

	spin_lock(&i->state_lock);
	err = i->writers ? -ETXTBSY : 0;
	if (!err)
		atomic_add(&i->deny_write, 1);
	spin_unlock(&i->state_lock);
	return err;
}

void inode_allow_write(struct inode *i)
{
	atomic_sub(&i->deny_write, 1);
}

/* ---- contents ---- */

static int open_bundle_object(struct inode *i)
{
	struct mm_object *obj;
	uint64_t size;
	int err = bundle_object_at(i->attr.rdev, &obj, &size);

	if (err)
		return err;
	mutex_lock(&i->lock);
	if (!i->bundle_object) {
		i->bundle_object = obj;
		obj = NULL;
	}
	mutex_unlock(&i->lock);
	mm_object_put(obj);
	return 0;
}

int inode_contents(struct inode *i, struct mm_object **out)
{
	int err;

	if (!inode_is_regular(i) || inode_is_stream(i))
		return -EINVAL;
	if (i->attr.flags & VFS_NODE_BUNDLE) {
		err = READ_ONCE(i->bundle_object) ? 0 : open_bundle_object(i);
		if (err)
			return err;
		*out = i->bundle_object;
	} else {
		err = inode_sync_contents(i);
		if (err)
			return err;
		*out = &i->object;
	}
	mm_object_get(*out);
	return 0;
}
