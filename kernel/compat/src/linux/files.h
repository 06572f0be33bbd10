/* kernel/compat/src/linux/files.h: what the calls on files and paths share. */
#ifndef COMPAT_LINUX_FILES_H
#define COMPAT_LINUX_FILES_H

#include <asm/fcntl.h>
#include <linux/fcntl.h>

#include <compat/linux.h>
#include <io/file.h>
#include <io/inode.h>
#include <io/mode.h>
#include <mm/usercopy.h>

#define LINUX_MAX_RW 0x7ffff000ull	/* bytes that one read or write moves at most */
#define LINUX_AT_FDCWD (-100)
#define LINUX_IOV_MAX 1024u
#define LINUX_FAST_IOV 8u

/* A path in kernel memory; short ones cost no allocation. */
struct linux_path {
	char *text;
	char small[192];
};
/* Copy a path in. Returns: 0; -EFAULT -ENAMETOOLONG -ENOMEM; -ENOENT for "" unless @may_be_empty. */
int linux_path_in(struct linux_path *p, uint64_t user, bool may_be_empty);
void linux_path_end(struct linux_path *p);

/* The open file of @fd, a reference. -EBADF with *out NULL, also for one opened with O_PATH. */
int linux_file(int fd, struct file **out);
int linux_file_or_path(int fd, struct file **out);	/* O_PATH is fine */
uint32_t linux_file_kind(const struct file *f);		/* S_IFREG …; 0 for what has no kind, as an epoll set */
/* Where a relative @path begins: NULL for cwd or an absolute path; else @dirfd's inode, a
 * reference. Returns: 0; -EBADF; -ENOTDIR for what has no name. */
int linux_start(int dirfd, const char *path, struct inode **out);
/* Install @f (its reference is consumed) as the lowest free descriptor; @flags: O_CLOEXEC.
 * Returns: the descriptor; -EMFILE -ENOMEM. */
int64_t linux_install(struct file *f, uint32_t flags);
bool linux_table_is_full(void);

/* Both steps before an *at call: path, then where it starts. */
struct linux_at {
	struct linux_path path;
	struct inode *start;
};
int linux_at_begin(struct linux_at *at, int dirfd, uint64_t user_path, bool may_be_empty);
void linux_at_end(struct linux_at *at);

/* User segments of readv and writev. */
struct linux_iov {
	struct io_segment fast[LINUX_FAST_IOV];
	struct io_segment *segments;
	uint32_t count;
};
int linux_iov_in(struct linux_iov *iov, uint64_t user, uint64_t count);
void linux_iov_end(struct linux_iov *iov);

/* st_dev and st_rdev as Linux encodes them, from major << 20 | minor and back. */
static inline uint64_t linux_encode_dev(uint32_t dev)
{
	uint32_t major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | (uint64_t)major << 8 | (uint64_t)(minor & ~0xffu) << 12;
}
static inline uint32_t linux_decode_dev(uint64_t dev)
{
	uint32_t major = dev >> 8 & 0xfff, minor = (dev & 0xff) | (dev >> 12 & 0xfff00);

	return major << 20 | minor;
}

/* Install both or none, and store the descriptors at @user. References are consumed. */
int64_t linux_install_pair(struct file *first, struct file *second, uint32_t flags, uint64_t user);

/* Attributes of an open file, of those without a name too. */
int linux_file_attr(struct file *f, struct vfs_attr *out);

#endif
