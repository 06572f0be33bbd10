/* kernel/compat/src/linux/rw_calls.c: moving bytes. */
#include <linux/falloc.h>
#include <linux/fs.h>

#include <io/socket.h>

#include "files.h"

/* RWF_*: the header's carry a type that only sparse knows. */
#define HIPRI 1u
#define FULL_SYNC 4u
#define ANY_SYNC (2u | FULL_SYNC)

static int64_t finish(struct file *f, int64_t n, bool is_write)
{
	if (n == -EPIPE && is_write && file_breaks_loudly(f))
		linux_raise_sigpipe();
	/* With a time-out (sockets' alone) an interrupted wait is not begun again (man 7 signal). */
	return (is_write ? f->write_timeout_ns : f->read_timeout_ns) ? n : linux_restartable(n);
}

static bool range_is_user(uint64_t base, uint64_t len)
{
	return base + len >= base && base + len <= USER_TOP;
}

static int64_t transfer(int fd, uint64_t base, uint64_t count, bool is_write)
{
	struct io_segment segment = { base, MIN(count, LINUX_MAX_RW) };
	struct io_vector v;
	struct file *f;
	int64_t n = linux_file(fd, &f);

	if (n)
		return n;
	io_vector_init(&v, &segment, 1, false);
	if (unlikely(!range_is_user(base, count)))
		n = f->access & (is_write ? RIGHT_WRITE : RIGHT_READ) ? -EFAULT : -EBADF;
	else
		n = is_write ? file_write(f, &v) : file_read(f, &v);
	if (unlikely(n < 0))
		n = finish(f, n, is_write);
	file_put(f);
	return n;
}

int64_t linux_sys_read(const uint64_t a[6])
{
	return transfer((int)a[0], a[1], a[2], false);
}

int64_t linux_sys_write(const uint64_t a[6])
{
	return transfer((int)a[0], a[1], a[2], true);
}

/* Vectors of no bytes reach no file: what only some files would refuse of them succeeds. */
static bool can_move_bytes(const struct file *f, bool is_write)
{
	return is_write ? f->ops->write : f->ops->read;
}

static int64_t transfer_vector(int fd, uint64_t user_iov, uint64_t count, bool is_write)
{
	struct linux_iov iov;
	struct io_vector v;
	struct file *f;
	int64_t n = linux_file(fd, &f);

	if (n)
		return n;
	n = f->access & (is_write ? RIGHT_WRITE : RIGHT_READ) ? linux_iov_in(&iov, user_iov, count) : -EBADF;
	if (!n) {
		io_vector_init(&v, iov.segments, iov.count, false);
		if (v.left || !can_move_bytes(f, is_write))
			n = is_write ? file_write(f, &v) : file_read(f, &v);
		linux_iov_end(&iov);
	}
	n = finish(f, n, is_write);
	file_put(f);
	return n;
}

int64_t linux_sys_readv(const uint64_t a[6])
{
	return transfer_vector((int)a[0], a[1], a[2], false);
}

int64_t linux_sys_writev(const uint64_t a[6])
{
	return transfer_vector((int)a[0], a[1], a[2], true);
}

static int64_t transfer_at(int fd, uint64_t base, uint64_t count, uint64_t offset, bool is_write)
{
	struct io_segment segment = { base, MIN(count, LINUX_MAX_RW) };
	struct io_vector v;
	struct file *f;
	int64_t n;

	if ((int64_t)offset < 0)
		return -EINVAL;
	n = linux_file(fd, &f);
	if (n)
		return n;
	io_vector_init(&v, &segment, 1, false);
	if (unlikely(!range_is_user(base, count)))
		n = -EFAULT;
	else
		n = is_write ? file_pwrite(f, &v, offset) : file_pread(f, &v, offset);
	n = finish(f, n, is_write);
	file_put(f);
	return n;
}

int64_t linux_sys_pread64(const uint64_t a[6])
{
	return transfer_at((int)a[0], a[1], a[2], a[3], false);
}

int64_t linux_sys_pwrite64(const uint64_t a[6])
{
	return transfer_at((int)a[0], a[1], a[2], a[3], true);
}

static int64_t transfer_vector_at(int fd, uint64_t user_iov, uint64_t count, uint64_t offset, bool is_write)
{
	struct linux_iov iov;
	struct io_vector v;
	struct file *f;
	int64_t n;

	if ((int64_t)offset < 0)
		return -EINVAL;
	n = linux_file(fd, &f);
	if (n)
		return n;
	if (!f->ops->seek)
		n = -ESPIPE;
	else
		n = f->access & (is_write ? RIGHT_WRITE : RIGHT_READ) ? linux_iov_in(&iov, user_iov, count) : -EBADF;
	if (!n) {
		io_vector_init(&v, iov.segments, iov.count, false);
		if (v.left || !can_move_bytes(f, is_write))
			n = is_write ? file_pwrite(f, &v, offset) : file_pread(f, &v, offset);
		linux_iov_end(&iov);
	}
	n = finish(f, n, is_write);
	file_put(f);
	return n;
}

int64_t linux_sys_preadv(const uint64_t a[6])
{
	return transfer_vector_at((int)a[0], a[1], a[2], a[3], false);
}

int64_t linux_sys_pwritev(const uint64_t a[6])
{
	return transfer_vector_at((int)a[0], a[1], a[2], a[3], true);
}

/* Offset -1: at the position. RWF_HIPRI asks for nothing that could be noticed. */
int64_t linux_sys_preadv2(const uint64_t a[6])
{
	if (a[5] & ~(uint64_t)HIPRI)
		return -EOPNOTSUPP;
	if (a[3] == ~0ull)
		return transfer_vector((int)a[0], a[1], a[2], false);
	return transfer_vector_at((int)a[0], a[1], a[2], a[3], false);
}

static int sync_written(int fd, bool data_only)
{
	struct file *f;
	int err = linux_file(fd, &f);

	if (err)
		return err;
	err = f->ops->fsync ? f->ops->fsync(f, data_only) : 0;
	file_put(f);
	return err;
}

int64_t linux_sys_pwritev2(const uint64_t a[6])
{
	int64_t n;

	if (a[5] & ~(uint64_t)(HIPRI | ANY_SYNC))
		return -EOPNOTSUPP;
	if (a[3] == ~0ull)
		n = transfer_vector((int)a[0], a[1], a[2], true);
	else
		n = transfer_vector_at((int)a[0], a[1], a[2], a[3], true);
	if (n > 0 && (a[5] & ANY_SYNC)) {
		int err = sync_written((int)a[0], !(a[5] & FULL_SYNC));

		if (err)
			return err;
	}
	return n;
}

int64_t linux_sys_lseek(const uint64_t a[6])
{
	uint32_t whence = (uint32_t)a[2];
	struct file *f;
	int64_t n = linux_file((int)a[0], &f);

	if (n)
		return n;
	if (whence > SEEK_HOLE)
		n = -EINVAL;
	else if (f->ops->seek)
		n = f->ops->seek(f, (int64_t)a[1], (int)whence);
	else
		n = f->ops->ignores_seek ? 0 : -ESPIPE;
	file_put(f);
	return n;
}

/* ---- sizes and storage ---- */

static int may_change_size(struct inode *i)
{
	if (inode_is_dir(i))
		return -EISDIR;
	return inode_is_regular(i) ? 0 : -EINVAL;
}

static int truncate_path(struct inode *i, uint64_t size)
{
	struct file *f;
	int err = may_change_size(i);

	if (!err)
		err = inode_permission(i, 2, false);
	if (!err)
		err = vfs_open_inode(i, O_WRONLY | O_LARGEFILE, &f);
	if (err)
		return err;
	err = f->ops->truncate(f, size);
	file_put(f);
	return err;
}

int64_t linux_sys_truncate(const uint64_t a[6])
{
	struct walk_result r;
	struct linux_at at;
	int err;

	if ((int64_t)a[1] < 0)
		return -EINVAL;
	err = linux_at_begin(&at, LINUX_AT_FDCWD, a[0], false);
	if (err)
		return err;
	err = walk_path(at.start, at.path.text, WALK_FOLLOW, &r);
	if (!err)
		err = r.inode ? truncate_path(r.inode, a[1]) : -EINVAL;
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

int64_t linux_sys_ftruncate(const uint64_t a[6])
{
	struct file *f;
	int err;

	if ((int64_t)a[1] < 0)
		return -EINVAL;
	err = linux_file((int)a[0], &f);
	if (err)
		return err;
	if (!(f->access & RIGHT_WRITE) || !f->inode || !inode_is_regular(f->inode) || !f->ops->truncate)
		err = -EINVAL;
	else
		err = f->ops->truncate(f, a[1]);
	file_put(f);
	return err;
}

/* One kind of change at a time; which of them leave the size alone is fixed (man 2 fallocate). */
static int check_allocate_mode(uint32_t mode)
{
	switch (mode) {
	case 0:
	case FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_INSERT_RANGE:
	case FALLOC_FL_UNSHARE_RANGE:
	case FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int check_allocate(const struct file *f, uint32_t mode, int64_t offset, int64_t len)
{
	int err = offset < 0 || len <= 0 ? -EINVAL : check_allocate_mode(mode);

	if (err)
		return err;
	if (!(f->access & RIGHT_WRITE))
		return -EBADF;
	switch (linux_file_kind(f)) {
	case S_IFREG:
		break;
	case S_IFIFO:
		return -ESPIPE;
	case S_IFDIR:
		return -EISDIR;
	default:
		return -ENODEV;
	}
	if ((int64_t)((uint64_t)offset + (uint64_t)len) < 0)
		return -EFBIG;
	return f->ops->allocate ? 0 : -EOPNOTSUPP;
}

int64_t linux_sys_fallocate(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file((int)a[0], &f);

	if (err)
		return err;
	err = check_allocate(f, (uint32_t)a[1], (int64_t)a[2], (int64_t)a[3]);
	if (!err)
		err = f->ops->allocate(f, (int)a[1], a[2], a[3]);
	file_put(f);
	return err;
}

static int64_t sync_file(int fd, bool data_only)
{
	struct file *f;
	int err = linux_file(fd, &f);

	if (err)
		return err;
	err = f->ops->fsync ? f->ops->fsync(f, data_only) : -EINVAL;
	file_put(f);
	return err;
}

int64_t linux_sys_fsync(const uint64_t a[6])
{
	return sync_file((int)a[0], false);
}

int64_t linux_sys_fdatasync(const uint64_t a[6])
{
	return sync_file((int)a[0], true);
}

/* man 2 sync_file_range: ESPIPE for the rest. */
static bool can_be_synced(uint32_t kind)
{
	return kind == S_IFREG || kind == S_IFBLK || kind == S_IFDIR || kind == S_IFLNK;
}

int64_t linux_sys_sync_file_range(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file((int)a[0], &f);

	if (err)
		return err;
	if ((int64_t)a[1] < 0 || (int64_t)a[2] < 0 || (int64_t)(a[1] + a[2]) < 0 || (a[3] & ~7ull))
		err = -EINVAL;
	else if (!f->inode || !can_be_synced(linux_file_kind(f)))
		err = -ESPIPE;
	else
		err = f->ops->fsync ? f->ops->fsync(f, true) : 0;
	file_put(f);
	return err;
}

int64_t linux_sys_sync(const uint64_t a[6])
{
	vfs_sync_all();
	return 0;
}

int64_t linux_sys_syncfs(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file((int)a[0], &f);

	if (err)
		return err;
	err = vfs_sync_all();
	file_put(f);
	return err;
}

/* ---- advice: nothing follows from it but checks ---- */

int64_t linux_sys_readahead(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file((int)a[0], &f);

	if (err)
		return err;
	if (!(f->access & RIGHT_READ))
		err = -EBADF;
	else if (!f->inode || !inode_is_regular(f->inode))
		err = -EINVAL;
	file_put(f);
	return err;
}

int64_t linux_sys_fadvise64(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file((int)a[0], &f);

	if (err)
		return err;
	if (linux_file_kind(f) == S_IFIFO)
		err = -ESPIPE;
	else if ((int64_t)a[2] < 0 || (uint32_t)a[3] > 5)
		err = -EINVAL;
	file_put(f);
	return err;
}
