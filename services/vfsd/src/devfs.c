/* services/vfsd/src/devfs.c: see devfs.h. */
#include "devfs.h"

#include <string.h>
#include <sys/stat.h>

#include "mount.h"

static const struct dev_entry {
	const char *name, *target;
} dev_entries[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "pts", NULL },
};

int devfs_fill(struct request *rq)
{
	struct node *dev, *node;
	bool created;
	size_t i;
	int err = ns_resolve(rq, "/dev", &dev);

	for (i = 0; !err && i < sizeof(dev_entries) / sizeof(dev_entries[0]); i++) {
		const struct dev_entry *entry = &dev_entries[i];
		struct create_args args = { .mode = S_IFDIR | 0755, .is_exclusive = true };

		if (entry->target) {
			args.mode = S_IFLNK | 0777;
			args.target = entry->target;
			args.target_len = strlen(entry->target);
		}
		err = node_ops(dev)->create(rq, dev, entry->name, strlen(entry->name), &args, &node, &created);
	}
	return err;
}
