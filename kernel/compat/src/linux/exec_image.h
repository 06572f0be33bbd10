/* kernel/compat/src/linux/exec_image.h: parsed images of files, leased by node and version. */
#ifndef COMPAT_EXEC_IMAGE_H
#define COMPAT_EXEC_IMAGE_H

#include <albireo/exec.h>
#include <io/inode.h>

struct exec_image {
	struct lease_payload payload;	/* first */
	struct image_layout layout;
	/* IMAGE_PE: made at first use, then kept; set once, atomically. */
	struct mm_object *sections;	/* nt/image.c: the image as memory, when the file's pages are not */
	struct image_entry_points *entry;	/* of an ntdll.dll */
};

/* The image of @i as it is now: from its lease, else procd authorises and loaderd parses.
 * Returns: 0 and a reference; -ENOEXEC -EACCES -EIO -ENOMEM -ETIMEDOUT …; -EINVAL if it is a
 * program whose segments cannot be mapped. */
int exec_image_find(struct inode *i, struct exec_image **out);
void exec_image_put(struct exec_image *image);	/* NULL is fine */
static inline const struct image_layout *exec_image_layout(const struct exec_image *image) { return &image->layout; }
/* The file's contents, as areas map them. Borrowed from the inode. */
struct mm_object *exec_image_object(struct inode *i);
/* Ask loaderd for what @op tells of the file: exactly @bytes at @buf, or an error (-EIO: another number). */
int exec_image_ask_loader(uint64_t op, struct inode *i, uint64_t ticket, void *buf, size_t bytes);

/* nt/image.c */
/* The object whose pages are the sections at their RVAs: a reference. -ENOMEM. */
int nt_image_sections(struct exec_image *image, struct inode *i, struct mm_object **out);
/* Entry points and numbers of an ntdll.dll; they live as long as @image. -ENOEXEC -EIO -ENOMEM. */
int nt_image_entry_points(struct exec_image *image, struct inode *i, const struct image_entry_points **out);

#endif
