/* kernel/compat/src/linux/xattr_calls.c: extended attributes (man 7 xattr).
 *
 * Who may is decided here by name, as permission bits are; names and values are vfsd's.
 */
#include <io/notify.h>
#include <ipc/endpoint.h>
#include <linux/capability.h>
#include <linux/inotify.h>
#include <linux/limits.h>
#include <linux/xattr.h>
#include <mm/heap.h>
#include <string.h>

#include "files.h"

#define NAME_BYTES (XATTR_NAME_MAX + 1)
#define VALUE_MAX (IPC_MAX_DATA - NAME_BYTES)	/* what one message carries beside the name */

struct xattr_call {
	enum vfs_xattr_op op;
	char name[NAME_BYTES];
	uint32_t name_len;
	uint64_t user;		/* value or list */
	uint64_t size;
	uint32_t flags;
};

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* ---- who may ---- */

static int may_use_user(struct inode *i, bool write)
{
	if (!inode_is_regular(i) && !inode_is_dir(i))
		return write ? -EPERM : -ENODATA;
	if (write && inode_is_dir(i) && (i->attr.mode & S_ISVTX) && ps_credentials()->fsuid != i->attr.uid &&
	    !ps_capable(CAP_FOWNER))
		return -EPERM;
	return inode_permission(i, write ? 2 : 4, false);
}

static int may_use_security(const char *name, bool write)
{
	unsigned capability = strcmp(name, XATTR_NAME_CAPS) ? CAP_SYS_ADMIN : CAP_SETFCAP;

	return !write || ps_capable(capability) ? 0 : -EPERM;
}

/* One of the four kinds of names, and something behind its dot. */
static int check_kind(const char *name)
{
	static const char *const prefixes[] = { XATTR_USER_PREFIX, XATTR_TRUSTED_PREFIX, XATTR_SECURITY_PREFIX };

	for (unsigned k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
		if (has_prefix(name, prefixes[k]))
			return name[strlen(prefixes[k])] ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;	/* "system.": there are no ACLs */
}

static int check(struct inode *i, const struct xattr_call *c)
{
	bool write = c->op == VFS_XATTR_SET || c->op == VFS_XATTR_REMOVE;
	int err = 0;

	if (c->op == VFS_XATTR_LIST)
		return 0;
	if (write && (i->attr.flags & VFS_NODE_READONLY))
		return -EROFS;
	if (has_prefix(c->name, XATTR_USER_PREFIX))
		err = may_use_user(i, write);
	else if (has_prefix(c->name, XATTR_TRUSTED_PREFIX))
		err = ps_capable(CAP_SYS_ADMIN) ? 0 : write ? -EPERM : -ENODATA;
	else if (has_prefix(c->name, XATTR_SECURITY_PREFIX))
		err = may_use_security(c->name, write);
	else if (!has_prefix(c->name, XATTR_SYSTEM_PREFIX))
		err = inode_permission(i, write ? 2 : 4, false);
	return err ? err : check_kind(c->name);
}

/* ---- asking ---- */

/* The names of "trusted." are shown only to who may read them. Returns: the length left. */
static uint32_t hide_trusted(char *names, uint32_t len)
{
	uint32_t out = 0;

	for (uint32_t at = 0; at < len; ) {
		uint32_t n = (uint32_t)strnlen(names + at, len - at) + 1;

		if (!has_prefix(names + at, XATTR_TRUSTED_PREFIX)) {
			memmove(names + out, names + at, n);
			out += n;
		}
		at += n;
	}
	return out;
}

static int64_t result_out(const struct xattr_call *c, char *bytes, uint32_t len)
{
	if (c->op == VFS_XATTR_LIST && !ps_capable(CAP_SYS_ADMIN))
		len = hide_trusted(bytes, len);
	if (!c->size)
		return len;
	if (len > c->size)
		return -ERANGE;
	return copy_to_user(user_ptr(c->user), bytes, len) ? -EFAULT : (int64_t)len;
}

static int64_t ask_owner(struct inode *i, const struct xattr_call *x, char *buffer, uint32_t len)
{
	bool is_query = x->op == VFS_XATTR_GET || x->op == VFS_XATTR_LIST;
	struct ipc_kernel_call c = { .words = { VFS_XATTR, i->node, x->op, x->flags }, .data = buffer, .data_len = len,
		.reply_data = is_query ? buffer : NULL, .reply_cap = is_query ? IPC_MAX_DATA : 0 };
	int err = ipc_call_service(SERVICE_VFSD, &c);

	if (!err)
		err = (int)(int64_t)c.words[0];
	if (!err && !is_query)
		notify_inode(i, IN_ATTRIB);
	if (err || !is_query)
		return err;
	return result_out(x, buffer, c.reply_len);
}

/* @buffer: name, NUL, value. */
static int64_t run(struct inode *i, const struct xattr_call *x, char *buffer, uint32_t len)
{
	int64_t err = i ? check(i, x) : -EOPNOTSUPP;

	return err ? err : ask_owner(i, x, buffer, len);
}

/* ---- arguments ---- */

static int name_in(uint64_t user, struct xattr_call *x)
{
	int64_t len = strncpy_from_user(x->name, user_ptr(user), sizeof(x->name));

	if (len == -ENAMETOOLONG || !len)
		return -ERANGE;
	x->name_len = len < 0 ? 0 : (uint32_t)len;
	return len < 0 ? (int)len : 0;
}

static int arguments_in(struct xattr_call *x, uint64_t user_name, char *buffer, uint32_t *len)
{
	int err = 0;

	if (x->op == VFS_XATTR_SET && (x->flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE)))
		return -EINVAL;
	if (x->op != VFS_XATTR_LIST)
		err = name_in(user_name, x);
	if (err)
		return err;
	memcpy(buffer, x->name, x->name_len + 1);
	*len = x->name_len + 1;
	if (x->op != VFS_XATTR_SET)
		return 0;
	if (x->size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (x->size > VALUE_MAX)
		return -ENOSPC;
	*len += (uint32_t)x->size;
	return copy_from_user(buffer + x->name_len + 1, user_ptr(x->user), x->size);
}

static int64_t on_path(struct xattr_call *x, uint64_t user_path, unsigned walk, char *buffer, uint32_t len)
{
	struct walk_result r;
	struct linux_at at;
	int64_t err = linux_at_begin(&at, LINUX_AT_FDCWD, user_path, false);

	if (err)
		return err;
	err = walk_path(at.start, at.path.text, walk, &r);
	if (!err)
		err = run(r.inode, x, buffer, len);
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

static int64_t on_fd(struct xattr_call *x, int fd, char *buffer, uint32_t len)
{
	struct file *f;
	int64_t err = linux_file(fd, &f);

	if (err)
		return err;
	err = run(f->inode, x, buffer, len);
	file_put(f);
	return err;
}

enum subject { BY_PATH, BY_LINK, BY_FD };

static int64_t call(struct xattr_call *x, enum subject subject, uint64_t what, uint64_t user_name)
{
	char *buffer = kmalloc(IPC_MAX_DATA, HEAP_NOZERO);
	uint32_t len;
	int64_t err;

	if (!buffer)
		return -ENOMEM;
	err = arguments_in(x, user_name, buffer, &len);
	if (!err)
		err = subject == BY_FD ? on_fd(x, (int)what, buffer, len) :
		      on_path(x, what, subject == BY_PATH ? WALK_FOLLOW : 0, buffer, len);
	kfree(buffer);
	return err;
}

static int64_t set(const uint64_t a[6], enum subject subject)
{
	struct xattr_call x = { .op = VFS_XATTR_SET, .user = a[2], .size = a[3], .flags = (uint32_t)a[4] };

	return call(&x, subject, a[0], a[1]);
}

static int64_t get(const uint64_t a[6], enum subject subject)
{
	struct xattr_call x = { .op = VFS_XATTR_GET, .user = a[2], .size = a[3] };

	return call(&x, subject, a[0], a[1]);
}

static int64_t list(const uint64_t a[6], enum subject subject)
{
	struct xattr_call x = { .op = VFS_XATTR_LIST, .user = a[1], .size = a[2] };

	return call(&x, subject, a[0], 0);
}

static int64_t remove(const uint64_t a[6], enum subject subject)
{
	struct xattr_call x = { .op = VFS_XATTR_REMOVE };

	return call(&x, subject, a[0], a[1]);
}

int64_t linux_sys_setxattr(const uint64_t a[6]) { return set(a, BY_PATH); }
int64_t linux_sys_lsetxattr(const uint64_t a[6]) { return set(a, BY_LINK); }
int64_t linux_sys_fsetxattr(const uint64_t a[6]) { return set(a, BY_FD); }
int64_t linux_sys_getxattr(const uint64_t a[6]) { return get(a, BY_PATH); }
int64_t linux_sys_lgetxattr(const uint64_t a[6]) { return get(a, BY_LINK); }
int64_t linux_sys_fgetxattr(const uint64_t a[6]) { return get(a, BY_FD); }
int64_t linux_sys_listxattr(const uint64_t a[6]) { return list(a, BY_PATH); }
int64_t linux_sys_llistxattr(const uint64_t a[6]) { return list(a, BY_LINK); }
int64_t linux_sys_flistxattr(const uint64_t a[6]) { return list(a, BY_FD); }
int64_t linux_sys_removexattr(const uint64_t a[6]) { return remove(a, BY_PATH); }
int64_t linux_sys_lremovexattr(const uint64_t a[6]) { return remove(a, BY_LINK); }
int64_t linux_sys_fremovexattr(const uint64_t a[6]) { return remove(a, BY_FD); }
