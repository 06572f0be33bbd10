/* kernel/io-manager/src/name_lease.c: leases of names, and taking leases back.
 *
 * A name lease's payload holds a reference to the inode that the name leads to; the
 * payload of a negative lease is NULL.
 */
#include <errno.h>

#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/counter.h>
#include <ps/process.h>

#include "name_lease.h"

HEAP_CACHE(name_lease_cache, "name lease", sizeof(struct name_lease));

static void name_lease_release(struct lease_payload *p)
{
	struct name_lease *l = container_of(p, struct name_lease, payload);

	inode_put(l->inode);
	heap_cache_free(&name_lease_cache, l);
}

void name_lease_grant(uint64_t dir, const char *name, uint32_t len, uint64_t seq, uint64_t lease_ns, struct inode *i)
{
	struct name_lease *l = NULL;

	if (i) {
		l = heap_cache_alloc(&name_lease_cache, 0);
		if (!l)
			return;
		refcount_set(&l->payload.refs, 1);
		l->payload.release = name_lease_release;
		inode_get(i);
		l->inode = i;
	}
	lease_grant(LEASE_NAME, dir, name, len, seq, lease_ns, l ? &l->payload : NULL);
}

bool name_lease_find(uint64_t dir, const char *name, uint32_t len, struct inode **out, struct lease_stamp *stamp)
{
	struct lease_payload *payload;

	if (!lease_lookup(LEASE_NAME, dir, name, len, &payload, stamp))
		return false;
	*out = NULL;
	if (payload) {
		*out = container_of(payload, struct name_lease, payload)->inode;
		inode_get(*out);
		lease_payload_put(payload);
	}
	return true;
}

static void revoke_attr(uint64_t node, uint64_t seq)
{
	struct inode *i = inode_find(node);

	counter_inc(COUNTER_LEASE_ATTR_REVOKE);
	if (!i) {
		inode_note_revoke_of_absent(seq);
		return;
	}
	spin_lock(&i->state_lock);
	i->attr_expires_ns = 0;
	i->attr_revoked_seq = MAX(i->attr_revoked_seq, seq);
	spin_unlock(&i->state_lock);
	inode_put(i);
}

static int64_t revoke_key(const struct lease_revoke *r, bool empty_is_all)
{
	char key[VFS_NAME_MAX];

	if (r->name_len > sizeof(key))
		return -ENAMETOOLONG;
	if (copy_from_user(key, (const void __user *)r->name, r->name_len))
		return -EFAULT;
	lease_revoke((enum lease_kind)r->kind, r->node, r->name_len || !empty_is_all ? key : NULL, r->name_len, r->seq);
	return 0;
}

/* Whose leases of a kind are. */
static uint32_t owner_of(uint32_t kind)
{
	switch (kind) {
	case LEASE_SOCKET:
		return CAP_NET_POLICY;
	case LEASE_KEY:
	case LEASE_VALUE:
		return CAP_HIVE_POLICY;
	default:
		return CAP_VFS_POLICY;
	}
}

int64_t io_sys_lease_revoke(const struct lease_revoke __user *ur)
{
	struct lease_revoke r;
	int64_t err;

	if (copy_from_user(&r, ur, sizeof(r)))
		return -EFAULT;
	if (!(ps_current()->capabilities & owner_of(r.kind))) {
		counter_inc(COUNTER_BROKER_REFUSED);
		log_warn(VFS, "LEASE_REVOKE_BROKER refused to %s (pid %u)", ps_current()->name, ps_current()->pid);
		return -EACCES;
	}
	switch (r.kind) {
	case LEASE_NAME:
		err = revoke_key(&r, true);
		lease_revoke(LEASE_FOLD, r.node, NULL, 0, r.seq);
		return err;
	case LEASE_SOCKET:
		return revoke_key(&r, false);
	case LEASE_ATTR:
		revoke_attr(r.node, r.seq);
		return 0;
	case LEASE_IMAGE:
	case LEASE_KEY:
	case LEASE_VALUE:
		lease_revoke((enum lease_kind)r.kind, r.node, NULL, 0, r.seq);
		return 0;
	default:
		return -EINVAL;
	}
}
