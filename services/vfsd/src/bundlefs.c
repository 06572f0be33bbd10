/* services/vfsd/src/bundlefs.c: see bundlefs.h.
 *
 * A bundle path below "system/" keeps its place: /system/registry/… ; any other
 * file is found under /system by its whole path.
 */
#include "bundlefs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mount.h"
#include "tmpfs.h"

/* The file formats that the machine runs: a bundle carries no modes. */
static bool is_program(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && !strcmp(path + len - 4, ".elf");
}

static int add_file(struct request *rq, struct node *root, uint32_t index, char *path, uint64_t size)
{
	struct create_args args = { .is_exclusive = true, .rdev = index };
	struct node *dir, *node;
	const char *name;
	bool created;
	int err;

	args.mode = S_IFREG | (is_program(path) || strchr(path, '.') == NULL ? 0555 : 0444);
	path += strspn(path, "/");
	if (!strncmp(path, "system/", 7))
		path += 7;
	err = tmpfs_make_parents(rq, root, path, &dir, &name);
	if (err)
		return err;
	err = tmpfs_ops.create(rq, dir, name, strlen(name), &args, &node, &created);
	if (!err)
		ARENA_SET(node->size, size);
	return err;
}

int bundle_fill(struct request *rq, unsigned int nfiles, char *const files[])
{
	struct node *root;
	unsigned int i;
	int err = ns_resolve(rq, "/system", &root);

	for (i = 0; !err && i < nfiles; i++) {
		char path[VFS_PATH_MAX];
		const char *colon = strrchr(files[i], ':');

		if (!colon || (size_t)(colon - files[i]) >= sizeof(path))
			return -EINVAL;
		memcpy(path, files[i], (size_t)(colon - files[i]));
		path[colon - files[i]] = '\0';
		err = add_file(rq, root, i, path, strtoull(colon + 1, NULL, 10));
		if (err == -EEXIST || err == -ENOTDIR)
			err = 0;
	}
	return err;
}
