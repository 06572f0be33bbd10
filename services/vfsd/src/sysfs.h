/* services/vfsd/src/sysfs.h: folders of /sys whose entries are the machine's disks and processors.
 *
 * A member is an item without a name of its own (generated.def); its task number says which device it is:
 * a disk's or partition's id, a processor's number, or a cache's place among those of its processor.
 */
#ifndef VFSD_SYSFS_H
#define VFSD_SYSFS_H

#include "generated.h"

#define SYSFS_NAME_BYTES 32

struct sysfs_member {
	enum item_id item;
	uint32_t task;
	char name[SYSFS_NAME_BYTES];
};

/* The member of @folder, which is of @task, that comes first from task number @from on.
 * Returns: 0; -ENOENT there is none. */
int sysfs_next(enum item_id folder, uint32_t task, uint32_t from, struct sysfs_member *out);
/* By its name. Returns: 0; -ENOENT. */
int sysfs_find(enum item_id folder, uint32_t task, const char *name, size_t len, struct sysfs_member *out);

/* Whether @item has a name in the folder of @task. */
bool sysfs_is_named(enum item_id item, uint32_t task);
/* Whether what @item of @task tells of is there. */
bool sysfs_exists(enum item_id item, uint32_t task);

/* The folder's task number; and, if @item is a member, its name, else "". */
uint32_t sysfs_parent(enum item_id item, uint32_t task, char name[SYSFS_NAME_BYTES]);

#endif
