/* services/vfsd/src/admin.c: mounts, names under /dev, and the end of the machine. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "disk_ext4.h"
#include "disk_fat.h"
#include "handlers.h"
#include "kernel.h"
#include "mount.h"
#include "p9_fs.h"
#include "record.h"
#include "tmpfs.h"

/* The next of the request's NUL-terminated strings; "" when there is none. Requests' data is
 * followed by a NUL. */
static const char *next_string(struct request *rq, size_t *at)
{
	const char *text = rq->data + *at;

	if (*at >= rq->data_len)
		return "";
	*at += strnlen(text, rq->data_len - *at) + 1;
	return text;
}

int handle_mount(struct request *rq)
{
	struct mount_spec spec = { .flags = (uint32_t)rq->args[0] & 15 };
	size_t at = 0;
	int err;

	spec.type = next_string(rq, &at);
	spec.source = next_string(rq, &at);
	spec.target = next_string(rq, &at);
	spec.options = next_string(rq, &at);
	spec.must_exist = rq->is_from_kernel;
	if (strlen(spec.target) >= VFS_PATH_MAX)
		return -ENAMETOOLONG;
	err = rq->args[0] & VFS_MOUNT_REMOUNT ? mount_change(rq, spec.target, spec.flags) : mount_add(rq, &spec, NULL);
	rq->is_counted = !err;
	return err;
}

int handle_umount(struct request *rq)
{
	size_t at = 0;
	const char *target = next_string(rq, &at);
	int err;

	if (strlen(target) >= VFS_PATH_MAX)
		return -ENAMETOOLONG;
	err = mount_remove(rq, target);
	rq->is_counted = !err;
	return err;
}

/* The tree that names are published in: the first of its type, whatever lies over /dev now. */
static struct node *dev_root(void)
{
	unsigned int i;

	for (i = 0; i < VFSD_MOUNTS; i++)
		if (state->mounts[i].fs != FS_NONE && !strcmp(text_of(state->mounts[i].type), "devtmpfs"))
			return node_at(state->mounts[i].root);
	return NULL;
}

int handle_publish(struct request *rq)
{
	struct create_args args = {
		.mode = (uint32_t)rq->args[0],
		.rdev = (uint32_t)rq->args[1],
		.uid = (uint32_t)rq->args[2],
		.gid = (uint32_t)(rq->args[2] >> 32),
		.is_exclusive = true,
	};
	size_t at = 0;
	const char *path = next_string(rq, &at);
	struct node *dir, *node;
	const char *name;
	bool created;
	int err;

	args.target = next_string(rq, &at);
	args.target_len = strlen(args.target);
	if (!dev_root())
		return -ENODEV;
	err = tmpfs_make_parents(rq, dev_root(), path, &dir, &name);
	if (err)
		return err;
	change_name(rq, dir, name, strlen(name));
	err = tmpfs_ops.create(rq, dir, name, strlen(name), &args, &node, &created);
	rq->is_counted = !err;
	return err;
}

int handle_unpublish(struct request *rq)
{
	struct node *root = dev_root();
	size_t at = 0;
	const char *path = next_string(rq, &at);
	struct node *dir, *victim;
	struct vfs_attr attr;
	const char *name;
	int err;

	if (!root)
		return -ENODEV;
	err = tmpfs_make_parents(rq, root, path, &dir, &name);
	if (err)
		return err;
	change_name(rq, dir, name, strlen(name));
	err = tmpfs_ops.unlink(rq, dir, name, strlen(name), false, &victim, &attr);
	if (err == -EISDIR)
		err = tmpfs_ops.unlink(rq, dir, name, strlen(name), true, &victim, &attr);
	if (err)
		return err;
	change_node(rq, victim);
	node_settle(victim);
	rq->is_counted = true;
	return 0;
}

int handle_shutdown(struct request *rq)
{
	p9_shutdown();
	fat_volumes_settle();
	ext4_volumes_rest();
	return 0;
}
