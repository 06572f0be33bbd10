/* kernel/compat/src/linux/exec_file.c: looking for programs and their interpreters. */
#include "exec_file.h"

#include <errno.h>
#include <linux/fcntl.h>

#include "exec_image.h"
#include "files.h"

#define ELF_HEADER_BYTES 64

/* @want: as inode_permission() takes it. */
static int check(struct inode *i, unsigned want)
{
	int err;

	if (inode_is_symlink(i))
		return -ELOOP;
	if (!inode_is_regular(i) || (i->attr.flags & VFS_NODE_NOEXEC))
		return -EACCES;
	err = inode_permission(i, want, false);
	return err ? err : inode_deny_write(i);
}

int exec_file_open_as(struct inode *start, const char *path, unsigned walk_flags, unsigned want, struct inode **out)
{
	struct walk_result walk;
	int err = walk_path(start, path, walk_flags, &walk);

	if (err) {
		/* -ENOENT leaves the parent in the result. */
		if (err == -ENOENT)
			walk_result_put(&walk);
		return err;
	}
	/* What has no inode is no regular file either. */
	err = walk.inode ? check(walk.inode, want) : -EACCES;
	if (!err) {
		*out = walk.inode;
		inode_get(*out);
	}
	walk_result_put(&walk);
	return err;
}

int exec_file_open(struct inode *start, const char *path, unsigned walk_flags, struct inode **out)
{
	return exec_file_open_as(start, path, walk_flags, EXEC_WANT_EXECUTE, out);
}

void exec_file_close(struct inode *i)
{
	if (!i)
		return;
	inode_allow_write(i);
	inode_put(i);
}

/* As binfmt_elf: what is no ELF file is a bad library, whatever else it may be. */
static int check_interpreter(const struct exec_image *image)
{
	switch (exec_image_layout(image)->kind) {
	case IMAGE_ELF_STATIC:
	case IMAGE_ELF_DYNAMIC:	/* its own interpreter is not looked at */
		return 0;
	default:
		return -ELIBBAD;
	}
}

static int find_interpreter(const char *path, struct exec_interpreter *out)
{
	int err = exec_file_open(NULL, path, WALK_FOLLOW, &out->inode);

	if (err)
		return err;
	if (out->inode->attr.size < ELF_HEADER_BYTES)
		return -EIO;
	err = exec_image_find(out->inode, &out->image);
	if (err)
		return err == -ENOEXEC ? -ELIBBAD : err;
	err = check_interpreter(out->image);
	return err ? err : vfs_open_inode(out->inode, O_RDONLY, &out->file);
}

int exec_interpreter_open(const struct image_layout *layout, struct exec_interpreter *out)
{
	int err;

	*out = (struct exec_interpreter){ 0 };
	if (layout->kind != IMAGE_ELF_DYNAMIC)
		return 0;
	err = find_interpreter(layout->interp, out);
	if (err)
		exec_interpreter_close(out);
	return err;
}

void exec_interpreter_close(struct exec_interpreter *in)
{
	if (in->file)
		file_put(in->file);
	exec_image_put(in->image);
	exec_file_close(in->inode);
	*in = (struct exec_interpreter){ 0 };
}

struct ps_image exec_interpreter_image(const struct exec_interpreter *in)
{
	if (!in->image)
		return (struct ps_image){ 0 };
	return (struct ps_image){
		.object = exec_image_object(in->inode),
		.layout = exec_image_layout(in->image),
		.file = in->file,
	};
}
