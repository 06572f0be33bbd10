/* kernel/io-manager/src/record_apply.c: from a record to an inode and a lease. */
#include <errno.h>

#include "name_lease.h"

int record_apply(const struct record_view *v, struct inode **out)
{
	const struct vfs_record *r = v->record;
	struct inode *i = NULL;

	if (v->has_attr) {
		i = inode_obtain(&r->attr, v->target, v->target_len);
		if (!i)
			return -ENOMEM;
	}
	if (v->name_len && r->name_lease_ns)
		name_lease_grant(r->dir, v->name, v->name_len, r->seq, r->name_lease_ns,
			r->kind == VFS_REC_POSITIVE ? i : NULL);
	*out = i;
	return 0;
}
