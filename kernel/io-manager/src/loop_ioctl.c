/* kernel/io-manager/src/loop_ioctl.c: ioctls of /dev/loopN and /dev/loop-control (loop(4)). */
#include <errno.h>
#include <linux/capability.h>
#include <linux/loop.h>
#include <string.h>

#include <ipc/endpoint.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <ps/process.h>

#include "device.h"
#include "loop.h"
#include "vfs_private.h"

#define MAX_BYTES 0x7fffffffffffffffull

static int file_of(uint64_t fd, struct file **out)
{
	struct object *obj;

	if (fd > INT32_MAX || handle_lookup(ps_current()->handles, (int)fd, OBJECT_FILE, 0, &obj))
		return -EBADF;
	*out = file_from_object(obj);
	return 0;
}

/* ---- settings ---- */

static int check_info(const struct loop_info64 *info)
{
	if (info->lo_encrypt_type)
		return -EINVAL;
	return info->lo_offset > MAX_BYTES || info->lo_sizelimit > MAX_BYTES ? -EOVERFLOW : 0;
}

static void take_info(struct loop_settings *s, const struct loop_info64 *info)
{
	s->offset = info->lo_offset;
	s->sizelimit = info->lo_sizelimit;
	memcpy(s->name, info->lo_file_name, sizeof(s->name));
	s->name[sizeof(s->name) - 1] = 0;
}

static int check_block_bytes(uint32_t bytes)
{
	return bytes < BLOCK_SECTOR || bytes > PAGE_SIZE || (bytes & (bytes - 1)) ? -EINVAL : 0;
}

/* It may change what it shows, though opened for reading, if its owner may do everything. */
static bool may_change(const struct file *f)
{
	return (f->access & RIGHT_WRITE) || ps_capable(CAP_SYS_ADMIN);
}

static int show_parts(struct block_device *d, uint32_t before, uint32_t after)
{
	return after & ~before & LO_FLAGS_PARTSCAN ? block_rescan(d) : 0;
}

static int bind(struct file *f, struct block_device *d, uint64_t fd, struct loop_settings *s)
{
	struct file *file;
	int err = file_of(fd, &file);

	if (err)
		return err;
	if (!(file->access & RIGHT_WRITE) || !(f->access & RIGHT_WRITE))
		s->flags |= LO_FLAGS_READ_ONLY;
	err = loop_bind(d, file, s);
	file_put(file);
	if (!err)
		(void)show_parts(d, 0, s->flags);
	return err;
}

static int configure(struct file *f, struct block_device *d, uint64_t arg)
{
	struct loop_settings s = { .block_bytes = LOOP_BLOCK_BYTES };
	struct loop_config config;
	int err;

	if (copy_from_user(&config, (const void __user *)arg, sizeof(config)))
		return -EFAULT;
	if (config.info.lo_flags & ~(uint32_t)LOOP_CONFIGURE_SETTABLE_FLAGS)
		return -EINVAL;
	err = check_info(&config.info);
	if (!err && config.block_size) {
		err = check_block_bytes(config.block_size);
		s.block_bytes = config.block_size;
	}
	if (err)
		return err;
	take_info(&s, &config.info);
	/* Everything goes through the file's page cache. */
	s.flags = config.info.lo_flags & ~(uint32_t)LO_FLAGS_DIRECT_IO;
	return bind(f, d, config.fd, &s);
}

static int set_fd(struct file *f, struct block_device *d, uint64_t fd)
{
	struct loop_settings s = { .block_bytes = LOOP_BLOCK_BYTES };

	return bind(f, d, fd, &s);
}

/* The settings of a loop that the caller may change, for changing. */
static int begin_change(struct file *f, struct block_device *d, struct loop_settings *s)
{
	struct file *file;
	int err = may_change(f) ? loop_get(d, s, &file) : -EPERM;

	if (!err)
		file_put(file);
	return err;
}

static int set_status(struct file *f, struct block_device *d, uint64_t arg)
{
	struct loop_settings s;
	struct loop_info64 info;
	uint32_t before;
	int err;

	if (copy_from_user(&info, (const void __user *)arg, sizeof(info)))
		return -EFAULT;
	err = begin_change(f, d, &s);
	if (!err)
		err = check_info(&info);
	if (err)
		return err;
	before = s.flags;
	take_info(&s, &info);
	s.flags = (before & ~(uint32_t)LOOP_SET_STATUS_CLEARABLE_FLAGS) | (info.lo_flags & LOOP_SET_STATUS_SETTABLE_FLAGS);
	err = loop_change(d, &s);
	return err ? err : show_parts(d, before, s.flags);
}

static int get_status(struct block_device *d, uint64_t arg)
{
	struct loop_info64 info = { .lo_number = d->info.minor };
	struct loop_settings s;
	struct file *file;
	int err = loop_get(d, &s, &file);

	if (err)
		return err;
	info.lo_device = device_shown(file->inode->attr.dev);
	info.lo_rdevice = device_shown(file->inode->attr.rdev);
	info.lo_inode = file->inode->attr.ino;
	file_put(file);
	info.lo_offset = s.offset;
	info.lo_sizelimit = s.sizelimit;
	info.lo_flags = s.flags;
	memcpy(info.lo_file_name, s.name, sizeof(info.lo_file_name));
	return copy_to_user((void __user *)arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int set_block_bytes(struct file *f, struct block_device *d, uint64_t bytes)
{
	struct loop_settings s;
	int err = begin_change(f, d, &s);

	if (!err)
		err = bytes > PAGE_SIZE ? -EINVAL : check_block_bytes((uint32_t)bytes);
	if (err)
		return err;
	s.block_bytes = (uint32_t)bytes;
	return loop_change(d, &s);
}

static int set_capacity(struct file *f, struct block_device *d)
{
	struct loop_settings s;
	int err = begin_change(f, d, &s);

	return err ? err : loop_change(d, &s);
}

static int set_direct(struct file *f, struct block_device *d, uint64_t is_direct)
{
	struct loop_settings s;
	int err = begin_change(f, d, &s);

	return err || !is_direct ? err : -EINVAL;
}

int64_t loop_ioctl(struct file *f, struct block_device *d, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case LOOP_CONFIGURE:
		return configure(f, d, arg);
	case LOOP_SET_FD:
		return set_fd(f, d, arg);
	case LOOP_CLR_FD:
		return loop_clear(d);
	case LOOP_SET_STATUS64:
		return set_status(f, d, arg);
	case LOOP_GET_STATUS64:
		return get_status(d, arg);
	case LOOP_SET_CAPACITY:
		return set_capacity(f, d);
	case LOOP_SET_DIRECT_IO:
		return set_direct(f, d, arg);
	case LOOP_SET_BLOCK_SIZE:
		return set_block_bytes(f, d, arg);
	default:
		return -ENOTTY;
	}
}

/* ---- /dev/loop-control ---- */

/* Returns: the loop's number; errno. */
static int64_t ask_storaged(enum storaged_loop_op op, uint64_t number)
{
	struct ipc_kernel_call c = { .words = { STORAGED_LOOP, op, number } };
	int err = ipc_call_service(SERVICE_STORAGED, &c);

	if (!err)
		err = (int)(int64_t)c.words[0];
	return err ? err : (int64_t)c.words[1];
}

static int64_t control_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	int number = (int)arg;
	int64_t n;

	(void)f;
	switch (cmd) {
	case LOOP_CTL_ADD:
		return ask_storaged(STORAGED_LOOP_ADD, number < 0 ? ~0ull : (uint64_t)number);
	case LOOP_CTL_REMOVE:
		n = number < 0 ? -EINVAL : ask_storaged(STORAGED_LOOP_REMOVE, (uint64_t)number);
		return n < 0 ? n : 0;
	case LOOP_CTL_GET_FREE:
		return ask_storaged(STORAGED_LOOP_FREE, ~0ull);
	default:
		return -ENOTTY;
	}
}

static const struct file_ops control_ops = {
	.name = "loop-control", .ioctl = control_ioctl, .seek = device_seek,
};

int loop_control_open(uint32_t minor, uint32_t flags, struct file **out)
{
	return minor == MINOR_LOOP_CONTROL ? file_create(&control_ops, flags, NULL, out) : -ENXIO;
}
