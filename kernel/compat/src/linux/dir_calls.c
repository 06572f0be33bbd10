/* kernel/compat/src/linux/dir_calls.c: folders: listing them, standing in them. */
#include <io/notify.h>
#include <linux/capability.h>
#include <linux/inotify.h>
#include <mm/heap.h>
#include <string.h>

#include "files.h"

/* ---- listing ---- */

static int64_t list(int fd, struct io_vector *v)
{
	struct io_request rq;
	struct file *f;
	int64_t n = linux_file(fd, &f);

	if (n)
		return n;
	rq = (struct io_request){ .file = f, .vector = *v };
	n = f->ops->readdir ? f->ops->readdir(&rq) : -ENOTDIR;
	if (n >= 0 && f->inode)
		notify_inode(f->inode, IN_ACCESS);
	file_put(f);
	return n;
}

int64_t linux_sys_getdents64(const uint64_t a[6])
{
	struct io_segment segment = { a[1], (uint32_t)a[2] };
	struct io_vector v;

	io_vector_init(&v, &segment, 1, false);
	return list((int)a[0], &v);
}

struct new_entry { uint64_t ino; int64_t off; uint16_t reclen; uint8_t type; char name[]; };
struct old_entry { uint64_t ino, off; uint16_t reclen; char name[]; };

/* The old form has the same length: the type moves from before the name to the last byte. */
static void make_old(char *entries, int64_t len)
{
	for (int64_t at = 0; at < len; ) {
		struct new_entry *e = (void *)(entries + at);
		struct old_entry *o = (void *)e;
		uint16_t reclen = e->reclen;
		uint8_t type = e->type;

		memmove(o->name, e->name, strlen(e->name) + 1);
		((char *)e)[reclen - 1] = (char)type;
		at += reclen;
	}
}

int64_t linux_sys_getdents(const uint64_t a[6])
{
	uint32_t room = MIN((uint32_t)a[2], 32u << 10);
	char *entries = kmalloc(room ? room : 1, HEAP_NOZERO);
	struct io_segment segment = { (uintptr_t)entries, room };
	struct io_vector v;
	int64_t n;

	if (!entries)
		return -ENOMEM;
	io_vector_init(&v, &segment, 1, true);
	n = list((int)a[0], &v);
	if (n > 0) {
		make_old(entries, n);
		if (copy_to_user(user_ptr(a[1]), entries, (size_t)n))
			n = -EFAULT;
	}
	kfree(entries);
	return n;
}

/* ---- standing ---- */

static int enter(struct inode *i, bool as_root)
{
	int err;

	if (!i || !inode_is_dir(i))
		return -ENOTDIR;
	err = inode_permission(i, 1, false);
	if (err)
		return err;
	if (as_root && !ps_capable(CAP_SYS_CHROOT))
		return -EPERM;
	if (as_root)
		fs_context_set_root(fs_current(), i);
	else
		fs_context_set_cwd(fs_current(), i);
	return 0;
}

static int64_t enter_path(uint64_t user_path, bool as_root)
{
	struct walk_result r;
	struct linux_at at;
	int err = linux_at_begin(&at, LINUX_AT_FDCWD, user_path, false);

	if (err)
		return err;
	err = walk_path(at.start, at.path.text, WALK_FOLLOW | WALK_DIRECTORY, &r);
	if (!err)
		err = enter(r.inode, as_root);
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

int64_t linux_sys_chdir(const uint64_t a[6])
{
	return enter_path(a[0], false);
}

int64_t linux_sys_chroot(const uint64_t a[6])
{
	return enter_path(a[0], true);
}

int64_t linux_sys_fchdir(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file_or_path((int)a[0], &f);

	if (err)
		return err;
	err = enter(f->inode, false);
	file_put(f);
	return err;
}

static int64_t give_cwd(char *text, uint64_t user, uint64_t size)
{
	struct inode *cwd;
	int64_t len = fs_context_cwd(fs_current(), &cwd);

	if (len)
		return len;
	len = vfs_path_of(cwd, text, VFS_PATH_MAX - 1);
	inode_put(cwd);
	if (len < 0)
		return len;
	text[len++] = '\0';
	if ((uint64_t)len > size)
		return -ERANGE;
	return copy_to_user(user_ptr(user), text, (size_t)len) ? -EFAULT : len;
}

int64_t linux_sys_getcwd(const uint64_t a[6])
{
	char *text = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	int64_t len;

	if (!text)
		return -ENOMEM;
	len = give_cwd(text, a[0], a[1]);
	kfree(text);
	return len;
}

int64_t linux_sys_umask(const uint64_t a[6])
{
	return atomic_xchg(&fs_current()->umask, (uint32_t)a[0] & 0777);
}
