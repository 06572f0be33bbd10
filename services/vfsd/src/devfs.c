/* services/vfsd/src/devfs.c: see devfs.h. */
#include "devfs.h"

#include <string.h>
#include <sys/stat.h>

#include "mount.h"

#define GROUP_DISK 6	/* Debian's group `disk` */

/* loop-control is there without a loop: it makes them. Its number: Linux Documentation/admin-guide/devices.txt. */
static const struct dev_entry {
	const char *name, *target;
	uint32_t mode, rdev, gid;
} dev_entries[] = {
	{ "fd", "/proc/self/fd", S_IFLNK | 0777, 0, 0 },
	{ "stdin", "/proc/self/fd/0", S_IFLNK | 0777, 0, 0 },
	{ "stdout", "/proc/self/fd/1", S_IFLNK | 0777, 0, 0 },
	{ "stderr", "/proc/self/fd/2", S_IFLNK | 0777, 0, 0 },
	{ "pts", NULL, S_IFDIR | 0755, 0, 0 },
	{ "loop-control", NULL, S_IFCHR | 0660, 10u << 20 | 237, GROUP_DISK },
};

int devfs_fill(struct request *rq)
{
	struct node *dev, *node;
	bool created;
	size_t i;
	int err = ns_resolve(rq, "/dev", &dev);

	for (i = 0; !err && i < sizeof(dev_entries) / sizeof(dev_entries[0]); i++) {
		const struct dev_entry *entry = &dev_entries[i];
		struct create_args args = { .mode = entry->mode, .rdev = entry->rdev, .gid = entry->gid, .is_exclusive = true };

		if (entry->target) {
			args.target = entry->target;
			args.target_len = strlen(entry->target);
		}
		err = node_ops(dev)->create(rq, dev, entry->name, strlen(entry->name), &args, &node, &created);
	}
	return err;
}
