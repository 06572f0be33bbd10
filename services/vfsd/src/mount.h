/* services/vfsd/src/mount.h: the one namespace made of many filesystems.
 *
 * A mount is laid over a name (ENTRY_OVERLAY of the directory), not over a node, so that
 * it stands wherever the target's parent stands, whether the name exists below
 * or not. Folders that are missing on the way are made in mount 0, a read-only tree that
 * is also the namespace's first root. A node belongs to one mount for life.
 */
#ifndef VFSD_MOUNT_H
#define VFSD_MOUNT_H

#include "namespace.h"

#define MOUNT_SYNTHETIC 0	/* index of the mount of made-up folders */

struct mount_spec {
	const char *type;	/* "tmpfs" "9p" "proc" "sysfs" "devtmpfs" "bundle" "vfat" "ext4" */
	const char *source;
	const char *target;
	const char *options;	/* 9p: "id=HEX" names the folder of unlinked open files; vfat, ext4: man 8 mount */
	uint32_t flags;		/* VFS_MOUNT_* */
	uint32_t root_mode;	/* permission bits of a new tree's root; 0: 0755 */
	bool must_exist;	/* the target: as mount(2) has it */
};

/* Lay out a new state's namespace: the folders that are always ours (DECISIONS 37). */
int mount_boot(struct request *rq);

/* Returns: 0 and the mount's index in *@out (may be NULL); -ENODEV for an unknown type or tag, … */
int mount_add(struct request *rq, const struct mount_spec *spec, uint16_t *out);

/* Give the topmost mount of @target other flags. -EINVAL: none there; -EROFS: it cannot be written. */
int mount_change(struct request *rq, const char *target, uint32_t flags);

/* Let a mount have other flags, in the transaction under way. */
void mount_set_flags(uint16_t index, uint32_t flags);

/* Take the topmost mount of @target away. -EINVAL: none there; -EBUSY: in use. */
int mount_remove(struct request *rq, const char *target);

/* The mounts that programs see, in order of mounting; the first for NULL. NULL: no more. */
const struct mount *mount_next(const struct mount *mount);

#endif
