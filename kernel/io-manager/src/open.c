/* kernel/io-manager/src/open.c: open(2), with its errors in Linux's order.
 *
 * The order is that of Linux's path_openat(): the way to the last name, the name itself,
 * then creation or what is asked of the thing found: its kind, permission, flags, and at
 * last what opening does (deny-write, the owner's consent, truncation).
 */
#include <errno.h>
#include <string.h>

#include <io/notify.h>
#include <linux/inotify.h>
#include <mm/heap.h>
#include <ps/process.h>

#include "create.h"
#include "vfs_private.h"

#define MAX_TRIES 8

/* What a step can say beside 0 and errors. */
#define LINK_FOLLOWED 1
#define NAME_CHANGED 2	/* a lease was revoked, or somebody made the name first: look again */

#define NO_NAME (~0ull)	/* node_seq of what no name led to */

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define KEPT_FLAGS (~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC))

/* ---- flags ---- */

static int check_flags(uint32_t *flags)
{
	if (*flags & O_PATH) {
		*flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
		return 0;
	}
	if (*flags & TMPFILE_BIT) {
		if ((*flags & O_TMPFILE) != O_TMPFILE || (*flags & O_CREAT) || !(file_access_of(*flags) & RIGHT_WRITE))
			return -EINVAL;
		return 0;
	}
	if ((*flags & O_CREAT) && (*flags & O_DIRECTORY))
		return -EINVAL;
	if ((*flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		*flags |= O_NOFOLLOW;
	if (*flags & __O_SYNC)
		*flags |= O_DSYNC;
	return 0;
}

static unsigned wanted_permission(uint32_t flags)
{
	static const unsigned by_mode[] = { 4, 2, 6, 6 };

	return by_mode[flags & O_ACCMODE] | (flags & O_TRUNC ? 2 : 0);
}

static int check_kind(struct inode *i, uint32_t flags)
{
	switch (i->attr.mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		return wanted_permission(flags) & 2 ? -EISDIR : 0;
	case S_IFCHR:
	case S_IFBLK:
		return i->attr.flags & VFS_NODE_NODEV ? -EACCES : 0;
	default:
		return 0;
	}
}

static int may_open(struct inode *i, uint32_t flags)
{
	int err = check_kind(i, flags);

	if (err)
		return err;
	if (!inode_is_regular(i) && !inode_is_dir(i))
		flags &= ~(uint32_t)O_TRUNC;
	err = inode_permission(i, wanted_permission(flags), false);
	if (err)
		return err;
	if ((flags & O_NOATIME) && !inode_owner_or_capable(i))
		return -EPERM;
	return 0;
}

/* ---- making the file ---- */

static void close_note_done(struct ipc_notification *n)
{
	kfree(n);
}

void file_close_open_id(struct file *f)
{
	struct ipc_notification *n = f->close_note;

	if (!n)
		return;
	f->close_note = NULL;
	if (!f->open_id) {
		kfree(n);
		return;
	}
	n->words[0] = VFS_CLOSE;
	n->words[1] = f->open_id;
	n->done = close_note_done;
	ipc_notify_service(SERVICE_VFSD, n);
}

static bool owner_must_consent(const struct file *f)
{
	uint32_t flags = f->inode->attr.flags;

	if (inode_is_stream(f->inode))
		return true;
	if ((f->access & RIGHT_READ) && !(flags & VFS_NODE_OPEN_READ_FREE))
		return true;
	return (f->access & RIGHT_WRITE) && !(flags & VFS_NODE_OPEN_WRITE_FREE);
}

static int ask_owner(struct file *f, uint32_t flags)
{
	struct ipc_kernel_call c = { .words = { VFS_OPEN, f->inode->node, flags, ps_current()->pid } };
	int err;

	f->close_note = kmalloc(sizeof(*f->close_note), 0);
	if (!f->close_note)
		return -ENOMEM;
	err = vfs_call(&c);
	if (!err)
		f->open_id = c.words[1];
	return err;
}

int file_open_again(struct file *f)
{
	struct ipc_kernel_call c = { .words = { VFS_OPEN, f->inode->node, f->flags, ps_current()->pid } };
	int err = vfs_call(&c);

	if (!err)
		f->open_id = c.words[1];
	return err;
}

static const struct file_ops *ops_of(const struct inode *i)
{
	if (inode_is_dir(i))
		return &directory_ops;
	return inode_is_stream(i) ? &stream_ops : &regular_ops;
}

/* An owner that removes a file's name looks whether anybody has it open, and if so keeps the
 * contents. Whoever comes too late to be seen finds the file's attributes revoked after the
 * name was resolved, and asks. */
static bool may_be_removed(struct inode *i, uint64_t node_seq)
{
	return inode_is_pager(i) && __atomic_load_n(&i->attr_revoked_seq, __ATOMIC_SEQ_CST) >= node_seq;
}

static int open_stored(struct inode *i, uint32_t flags, uint64_t node_seq, struct file **out)
{
	bool is_doubtful;
	struct file *f;
	int err;

	/* A writer counts from here; release undoes it. */
	if (inode_is_regular(i) && (file_access_of(flags) & RIGHT_WRITE) && !inode_open_for_write(i))
		return -ETXTBSY;
	err = file_create(ops_of(i), flags & KEPT_FLAGS, NULL, &f);
	if (err) {
		if (inode_is_regular(i) && (file_access_of(flags) & RIGHT_WRITE))
			inode_close_for_write(i);
		return err;
	}
	inode_get(i);
	f->inode = i;
	if (inode_is_regular(i))
		atomic_add(&i->opens, 1);
	f->error_seen = atomic_load(&i->error_count);
	is_doubtful = may_be_removed(i, node_seq);
	if (is_doubtful || owner_must_consent(f))
		err = ask_owner(f, flags);
	if (err) {
		file_put(f);
		return is_doubtful && err == -ENOENT ? NAME_CHANGED : err;
	}
	*out = f;
	return 0;
}

static int open_special(struct inode *i, uint32_t flags, struct file **out)
{
	uint32_t type = i->attr.mode & S_IFMT;
	int err;

	if (type == S_IFSOCK)
		return -ENXIO;
	if (type == S_IFIFO)
		err = fifo_open(i, flags, out);
	else
		err = device_open(i->attr.rdev, type == S_IFBLK, i, flags, out);
	if (err || (*out)->inode)
		return err;
	inode_get(i);
	(*out)->inode = i;
	return 0;
}

static int open_inode(struct inode *i, uint32_t flags, uint64_t node_seq, struct file **out)
{
	switch (i->attr.mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		return open_stored(i, flags, node_seq, out);
	case S_IFLNK:
		return -ELOOP;
	default:
		return open_special(i, flags, out);
	}
}

int vfs_open_inode(struct inode *i, uint32_t flags, struct file **out)
{
	return open_inode(i, flags, NO_NAME, out);
}

const struct file_ops path_ops = { .name = "path" };

int path_file_create(struct inode *i, uint32_t flags, struct file **out)
{
	int err = file_create(&path_ops, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), NULL, out);

	if (err)
		return err;
	inode_get(i);
	(*out)->inode = i;
	return 0;
}

/* ---- the last name ---- */

static void tell_opened(struct file *f)
{
	f->tells_close = true;
	if (f->inode)
		notify_inode(f->inode, IN_OPEN);
}

/* O_TMPFILE in @dir. */
static int open_unnamed(struct inode *dir, uint32_t flags, uint32_t mode, struct file **out)
{
	struct inode *i;
	int err = create_unnamed_node(dir, S_IFREG | (mode & 07777), !(flags & O_EXCL), NULL, &i);

	if (err)
		return err;
	err = vfs_open_inode(i, flags, out);
	if (!err)
		tell_opened(*out);
	inode_put(i);
	return err;
}

int memory_file_create(const char *label, bool may_be_sealed, struct file **out)
{
	struct inode *i;
	int err = create_unnamed_node(NULL, S_IFREG | 0777, false, label, &i);

	if (err)
		return err;
	i->may_be_sealed = may_be_sealed;
	err = vfs_open_inode(i, O_RDWR | O_LARGEFILE, out);
	if (!err) {
		/* As on Linux it may be run while its maker has it open. */
		(*out)->is_no_writer = true;
		inode_close_for_write(i);
	}
	inode_put(i);
	return err;
}

static int open_found(struct inode *i, uint32_t flags, uint32_t mode, bool must_be_dir, uint64_t node_seq, struct file **out)
{
	int err;

	if (flags & O_CREAT) {
		if (flags & O_EXCL)
			return -EEXIST;
		if (inode_is_dir(i))
			return -EISDIR;
	}
	if (((flags & O_DIRECTORY) || must_be_dir) && !inode_is_dir(i))
		return -ENOTDIR;
	if (flags & TMPFILE_BIT)
		return open_unnamed(i, flags, mode, out);
	if (flags & O_PATH)
		return path_file_create(i, flags, out);
	if (atomic_load(&i->is_delete_pending))
		return -ENOENT;
	err = may_open(i, flags);
	if (err)
		return err;
	err = open_inode(i, flags, node_seq, out);
	if (!err)
		tell_opened(*out);
	if (err || !(flags & O_TRUNC) || !inode_is_regular(i) || inode_is_stream(i))
		return err;
	/* O_RDONLY | O_TRUNC writes all the same. */
	err = -ETXTBSY;
	if (inode_open_for_write(i)) {
		err = regular_truncate_inode(i, 0);
		inode_close_for_write(i);
	}
	if (err)
		file_put(*out);
	return err;
}

static int open_new(struct walk *w, uint32_t flags, uint32_t mode, struct file **out)
{
	struct create_request rq = { .dir = w->dir, .name = w->name, .name_len = w->name_len,
		.mode = S_IFREG | (mode & 07777), .exclusive = flags & O_EXCL };
	struct inode *i;
	bool created;
	int err = create_node(&rq, &i, &created);

	if (err)
		return err;
	if (created)
		notify_place(i, w->dir, w->name, w->name_len);
	err = created ? vfs_open_inode(i, flags, out) : NAME_CHANGED;
	if (!err)
		tell_opened(*out);
	inode_put(i);
	return err;
}

static bool follows(const struct walk *w, struct inode *i, uint32_t flags)
{
	return inode_is_symlink(i) && (!(flags & O_NOFOLLOW) || w->trailing_slash);
}

static int open_last(struct walk *w, uint32_t flags, uint32_t mode, struct file **out)
{
	bool must_be_dir = w->trailing_slash && w->last_kind == WALK_LAST_NAME;
	struct inode *i;
	int err;

	if ((flags & O_CREAT) && must_be_dir)
		return -EISDIR;
	err = walk_last(w, &i);
	if (err == -ENOENT && (flags & O_CREAT) && w->last_kind == WALK_LAST_NAME)
		return open_new(w, flags, mode, out);
	if (err)
		return err;
	if (follows(w, i, flags)) {
		err = walk_follow(w, i);
		inode_put(i);
		return err ? err : LINK_FOLLOWED;
	}
	if (!walk_is_valid(w))
		err = NAME_CHANGED;
	else
		err = open_found(i, flags, mode, must_be_dir, w->node_seq, out);
	inode_put(i);
	return err;
}

static int open_jump(struct walk *w, uint32_t flags, uint32_t mode, struct file **out)
{
	if (w->jump)
		return open_found(w->jump, flags, mode, false, NO_NAME, out);
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	/* A pipe or socket has no name to open again: the same open file serves. */
	*out = w->jump_file;
	w->jump_file = NULL;
	return 0;
}

static int open_once(struct inode *start, const char *path, uint32_t flags, uint32_t mode, unsigned walk_flags,
		     struct file **out)
{
	struct walk w;
	int err = walk_begin(&w, start, path, walk_flags);

	if (err)
		return err;
	do {
		err = walk_parent(&w);
		if (!err)
			err = w.jump || w.jump_file ? open_jump(&w, flags, mode, out) : open_last(&w, flags, mode, out);
		if (err == LINK_FOLLOWED && (w.jump || w.jump_file))
			err = open_jump(&w, flags, mode, out);
	} while (err == LINK_FOLLOWED);
	walk_end(&w);
	return err;
}

int vfs_open(struct inode *start, const char *path, uint32_t flags, uint32_t mode, unsigned walk_flags, struct file **out)
{
	int err = check_flags(&flags);

	if (err)
		return err;
	for (unsigned tries = 0; tries < MAX_TRIES; tries++) {
		err = open_once(start, path, flags, mode, walk_flags, out);
		if (err != NAME_CHANGED)
			return err;
	}
	return -ESTALE;
}
