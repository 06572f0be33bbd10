/* kernel/compat/src/linux/xattr_calls.c: extended attributes, which their owner decides.
 *
 * The calls check what they name; vfsd answers whether the filesystem has any.
 */
#include <ipc/endpoint.h>

#include "files.h"

enum xattr_op { XATTR_GET, XATTR_SET, XATTR_LIST, XATTR_REMOVE };

#define NAME_MAX_BYTES 256

static int ask_owner(struct inode *i, enum xattr_op op)
{
	struct ipc_kernel_call c = { .words = { VFS_XATTR, i->node, op } };
	int err = ipc_call_service(SERVICE_VFSD, &c);

	return err ? err : (int)(int64_t)c.words[0];
}

static int check_name(uint64_t user)
{
	char name[NAME_MAX_BYTES];
	int64_t len = strncpy_from_user(name, user_ptr(user), sizeof(name));

	if (len == -ENAMETOOLONG || !len)
		return -ERANGE;
	return len < 0 ? (int)len : 0;
}

static int64_t on_path(uint64_t user_path, uint64_t user_name, unsigned walk, enum xattr_op op)
{
	struct walk_result r;
	struct linux_at at;
	int err = op == XATTR_LIST ? 0 : check_name(user_name);

	if (err)
		return err;
	err = linux_at_begin(&at, LINUX_AT_FDCWD, user_path, false);
	if (err)
		return err;
	err = walk_path(at.start, at.path.text, walk, &r);
	if (!err)
		err = r.inode ? ask_owner(r.inode, op) : -EOPNOTSUPP;
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

static int64_t on_fd(int fd, uint64_t user_name, enum xattr_op op)
{
	struct file *f;
	int err = linux_file(fd, &f);

	if (err)
		return err;
	if (op != XATTR_LIST)
		err = check_name(user_name);
	if (!err)
		err = f->inode ? ask_owner(f->inode, op) : -EOPNOTSUPP;
	file_put(f);
	return err;
}

int64_t linux_sys_setxattr(const uint64_t a[6])
{
	return on_path(a[0], a[1], WALK_FOLLOW, XATTR_SET);
}

int64_t linux_sys_lsetxattr(const uint64_t a[6])
{
	return on_path(a[0], a[1], 0, XATTR_SET);
}

int64_t linux_sys_fsetxattr(const uint64_t a[6])
{
	return on_fd((int)a[0], a[1], XATTR_SET);
}

int64_t linux_sys_getxattr(const uint64_t a[6])
{
	return on_path(a[0], a[1], WALK_FOLLOW, XATTR_GET);
}

int64_t linux_sys_lgetxattr(const uint64_t a[6])
{
	return on_path(a[0], a[1], 0, XATTR_GET);
}

int64_t linux_sys_fgetxattr(const uint64_t a[6])
{
	return on_fd((int)a[0], a[1], XATTR_GET);
}

int64_t linux_sys_listxattr(const uint64_t a[6])
{
	return on_path(a[0], 0, WALK_FOLLOW, XATTR_LIST);
}

int64_t linux_sys_llistxattr(const uint64_t a[6])
{
	return on_path(a[0], 0, 0, XATTR_LIST);
}

int64_t linux_sys_flistxattr(const uint64_t a[6])
{
	return on_fd((int)a[0], 0, XATTR_LIST);
}

int64_t linux_sys_removexattr(const uint64_t a[6])
{
	return on_path(a[0], a[1], WALK_FOLLOW, XATTR_REMOVE);
}

int64_t linux_sys_lremovexattr(const uint64_t a[6])
{
	return on_path(a[0], a[1], 0, XATTR_REMOVE);
}

int64_t linux_sys_fremovexattr(const uint64_t a[6])
{
	return on_fd((int)a[0], a[1], XATTR_REMOVE);
}
