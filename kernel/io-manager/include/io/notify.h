/* kernel/io-manager/include/io/notify.h: telling what happens to files (man 7 inotify).
 *
 * Watches hang on inodes: one list an inode, whoever asks. What happens is told by the
 * functions notify_*, which cost one load while nobody watches anything. Changes that other
 * machines make behind a server are not seen.
 *
 * Context: process, no spinlock held; may sleep (a watch that ends gives its inode back).
 */
#ifndef IO_NOTIFY_H
#define IO_NOTIFY_H

#include <io/file.h>
#include <nucleus/atomic.h>

struct inode;

extern uint32_t notify_nwatches;	/* in the machine; atomic */

/* What happened to a name in a folder: IN_* and IN_ISDIR. */
struct notify_event {
	struct inode *dir;
	const char *name;
	uint32_t len, mask, cookie;
};
/* Who else is told; it may sleep and call vfsd. Once it is set it stays. */
extern void (*notify_listener)(const struct notify_event *e);
/* @change more of its watches: while there are none, nothing is told. */
void notify_listen(int change);

static inline bool notify_is_on(void)
{
	return unlikely(atomic_load(&notify_nwatches));
}

void notify_tell_inode(struct inode *i, uint32_t mask);
void notify_tell_self(struct inode *i, uint32_t mask);
void notify_tell_name(struct inode *dir, const char *name, uint32_t len, uint32_t mask, bool is_dir, uint32_t cookie);
void notify_keep_place(struct inode *i, struct inode *dir, const char *name, uint32_t len);
void notify_end(struct inode *i, uint32_t mask);

/* IN_* @mask happened to @i: to its own watchers, and by its name to those of the folder that it
 * was last found in. */
static inline void notify_inode(struct inode *i, uint32_t mask)
{
	if (notify_is_on())
		notify_tell_inode(i, mask);
}
/* Only to its own watchers. */
static inline void notify_self(struct inode *i, uint32_t mask)
{
	if (notify_is_on())
		notify_tell_self(i, mask);
}
/* The name of @dir came or went: to the watchers of @dir. */
static inline void notify_name(struct inode *dir, const char *name, uint32_t len, uint32_t mask, bool is_dir)
{
	if (notify_is_on())
		notify_tell_name(dir, name, len, mask, is_dir, 0);
}
/* @name of @dir led to @i. */
static inline void notify_place(struct inode *i, struct inode *dir, const char *name, uint32_t len)
{
	if (notify_is_on())
		notify_keep_place(i, dir, name, len);
}
/* The name of @i's place is gone; for IN_EXCL_UNLINK. */
void notify_removed_place(struct inode *i);
/* The last name and the last open file of @i are gone. */
void notify_deleted(struct inode *i);
/* The filesystem with this st_dev is gone. */
void notify_unmounted(uint32_t dev);
uint32_t notify_new_cookie(void);

/* ---- inotify(7) ---- */

int inotify_create_file(uint32_t flags, struct file **out);	/* 0, -ENOMEM, -EMFILE */
bool file_is_inotify(const struct file *f);
/* Watch @i for IN_* @mask, with IN_MASK_ADD and IN_MASK_CREATE. Returns: the watch's number; -EEXIST;
 * -ENOSPC; -ENOMEM. */
int inotify_add(struct file *f, struct inode *i, uint32_t mask);
int inotify_remove(struct file *f, int wd);	/* 0, -EINVAL */

#endif
