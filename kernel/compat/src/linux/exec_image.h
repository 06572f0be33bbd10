/* kernel/compat/src/linux/exec_image.h: parsed images of files, leased by node and version. */
#ifndef COMPAT_EXEC_IMAGE_H
#define COMPAT_EXEC_IMAGE_H

#include <io/inode.h>

struct exec_image;

/* The image of @i as it is now: from its lease, else procd authorises and loaderd parses.
 * Returns: 0 and a reference; -ENOEXEC -EACCES -EINVAL -EIO -ENOMEM -ETIMEDOUT … */
int exec_image_find(struct inode *i, struct exec_image **out);
void exec_image_put(struct exec_image *image);	/* NULL is fine */
const struct image_layout *exec_image_layout(const struct exec_image *image);
/* The file's contents, as areas map them. Borrowed from the inode. */
struct mm_object *exec_image_object(struct inode *i);

#endif
