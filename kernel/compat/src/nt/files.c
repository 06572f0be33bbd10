/* kernel/compat/src/nt/files.c: opening files by NT names, reading and writing them. */
#include <io/inode.h>
#include <linux/fcntl.h>
#include <mm/heap.h>

#include "nt.h"
#include "shared_data.h"

#define FILE_READ_DATA 0x0001u
#define FILE_WRITE_DATA 0x0002u
#define FILE_APPEND_DATA 0x0004u
#define FILE_EXECUTE 0x0020u

enum disposition { FILE_SUPERSEDE, FILE_OPEN, FILE_CREATE, FILE_OPEN_IF, FILE_OVERWRITE, FILE_OVERWRITE_IF };
enum result { FILE_SUPERSEDED, FILE_OPENED, FILE_CREATED, FILE_OVERWRITTEN };

#define FILE_DIRECTORY_FILE 0x0001u
#define FILE_NON_DIRECTORY_FILE 0x0040u

#define FILE_ATTRIBUTE_READONLY 0x01u
#define FILE_ATTRIBUTE_DIRECTORY 0x10u
#define FILE_ATTRIBUTE_ARCHIVE 0x20u

struct open_request {
	uint32_t access, options, disposition;
	struct inode *start;
	char *path;
};

static uint32_t open_flags(const struct open_request *rq)
{
	bool reads = rq->access & (FILE_READ_DATA | FILE_EXECUTE), writes = rq->access & (FILE_WRITE_DATA | FILE_APPEND_DATA);
	uint32_t flags = writes ? reads ? O_RDWR : O_WRONLY : O_RDONLY;

	if ((rq->access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) == FILE_APPEND_DATA)
		flags |= O_APPEND;
	if (rq->options & FILE_DIRECTORY_FILE)
		flags |= O_DIRECTORY;
	return flags | O_CLOEXEC | O_LARGEFILE;
}

static ntstatus open_existing(const struct open_request *rq, uint32_t flags, struct file **out)
{
	int err = vfs_open(rq->start, rq->path, flags, 0, WALK_FOLLOW | WALK_FOLD, out);

	if (err == -EISDIR)
		err = vfs_open(rq->start, rq->path, (flags & ~(uint32_t)O_ACCMODE) | O_DIRECTORY, 0, WALK_FOLLOW | WALK_FOLD, out);
	if (err == -ENOTDIR && !(rq->options & FILE_DIRECTORY_FILE))
		return STATUS_OBJECT_PATH_NOT_FOUND;
	if (err)
		return nt_status(err);
	if ((rq->options & FILE_NON_DIRECTORY_FILE) && (*out)->inode && inode_is_dir((*out)->inode)) {
		file_put(*out);
		return STATUS_FILE_IS_A_DIRECTORY;
	}
	return STATUS_SUCCESS;
}

static ntstatus open_or_create(struct open_request *rq, struct file **out, uint64_t *result)
{
	uint32_t flags = open_flags(rq);
	int err;

	*result = FILE_OPENED;
	if (rq->disposition == FILE_OPEN)
		return open_existing(rq, flags, out);
	if (rq->options & FILE_DIRECTORY_FILE) {
		err = vfs_mknod(rq->start, rq->path, 0040777, 0);
		if (err && (err != -EEXIST || rq->disposition != FILE_OPEN_IF))
			return nt_status(err);
		if (!err)
			*result = FILE_CREATED;
		return open_existing(rq, flags, out);
	}
	err = vfs_open(rq->start, rq->path, flags | O_CREAT | O_EXCL, 0666, WALK_FOLLOW | WALK_FOLD, out);
	if (!err) {
		*result = FILE_CREATED;
		return STATUS_SUCCESS;
	}
	if (err != -EEXIST || rq->disposition == FILE_CREATE)
		return nt_status(err);
	if (rq->disposition != FILE_OPEN_IF) {
		*result = rq->disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
		flags |= O_TRUNC;
	}
	return open_existing(rq, flags, out);
}

static ntstatus open_by_name(uint64_t user_attributes, struct open_request *rq, uint64_t user_handle, uint64_t user_status)
{
	struct nt_attributes name;
	struct file *f;
	uint64_t result;
	ntstatus status = nt_attributes_in(user_attributes, &name);
	struct nt_io_status io;

	if (status)
		return status;
	status = nt_path(&name, &rq->start, &rq->path);
	if (!status)
		status = open_or_create(rq, &f, &result);
	if (!status) {
		status = nt_handle_install(&f->object, rq->access, name.flags, user_handle);
		file_put(f);
	}
	if (!status) {
		io = (struct nt_io_status){ .information = result };
		status = nt_put(user_status, &io, sizeof(io));
	}
	kfree(rq->path);
	inode_put(rq->start);
	nt_attributes_free(&name);
	return status;
}

ntstatus nt_sys_NtCreateFile(const uint64_t *a)
{
	struct open_request rq = {
		.access = nt_map_access(OBJECT_FILE, (uint32_t)a[1]),
		.disposition = (uint32_t)a[7],
		.options = (uint32_t)a[8],
	};

	if (rq.disposition > FILE_OVERWRITE_IF)
		return STATUS_INVALID_PARAMETER;
	return open_by_name(a[2], &rq, a[0], a[3]);
}

ntstatus nt_sys_NtOpenFile(const uint64_t *a)
{
	struct open_request rq = {
		.access = nt_map_access(OBJECT_FILE, (uint32_t)a[1]),
		.disposition = FILE_OPEN,
		.options = (uint32_t)a[5],
	};

	return open_by_name(a[2], &rq, a[0], a[3]);
}

/* ---- attributes by name ---- */

struct basic_information { uint64_t created, accessed, written, changed; uint32_t attributes, pad; };
struct network_open_information {
	uint64_t created, accessed, written, changed, allocated, size;
	uint32_t attributes, pad;
};

static uint64_t ticks(struct vfs_time t)
{
	return (uint64_t)t.sec * NT_TICKS_PER_SECOND + t.nsec / NT_NS_PER_TICK + NT_EPOCH_TICKS;
}

static void describe(const struct vfs_attr *attr, struct network_open_information *out)
{
	*out = (struct network_open_information){
		.created = ticks(attr->btime.sec ? attr->btime : attr->mtime),
		.accessed = ticks(attr->atime),
		.written = ticks(attr->mtime),
		.changed = ticks(attr->ctime),
		.allocated = attr->blocks * 512,
		.size = attr->size,
	};
	if ((attr->mode & 0170000) == 0040000) {
		out->attributes = FILE_ATTRIBUTE_DIRECTORY;
		out->size = out->allocated = 0;
	} else {
		out->attributes = FILE_ATTRIBUTE_ARCHIVE;
	}
	if (!(attr->mode & 0222))
		out->attributes |= FILE_ATTRIBUTE_READONLY;
}

static ntstatus attributes_by_name(uint64_t user_attributes, struct network_open_information *out)
{
	struct nt_attributes name;
	struct walk_result walk;
	struct inode *start = NULL;
	struct vfs_attr attr;
	char *path = NULL;
	ntstatus status = nt_attributes_in(user_attributes, &name);
	int err;

	if (status)
		return status;
	status = nt_path(&name, &start, &path);
	if (!status) {
		err = walk_path(start, path, WALK_FOLLOW | WALK_FOLD, &walk);
		if (err == -ENOENT)
			walk_result_put(&walk);
		if (!err) {
			err = inode_getattr(walk.inode, &attr);
			walk_result_put(&walk);
		}
		status = nt_status(err);
	}
	if (!status)
		describe(&attr, out);
	kfree(path);
	inode_put(start);
	nt_attributes_free(&name);
	return status;
}

ntstatus nt_sys_NtQueryAttributesFile(const uint64_t *a)
{
	struct network_open_information all;
	struct basic_information basic;
	ntstatus status = attributes_by_name(a[0], &all);

	if (status)
		return status;
	basic = (struct basic_information){ all.created, all.accessed, all.written, all.changed, all.attributes, 0 };
	return nt_put(a[1], &basic, sizeof(basic));
}

ntstatus nt_sys_NtQueryFullAttributesFile(const uint64_t *a)
{
	struct network_open_information all;
	ntstatus status = attributes_by_name(a[0], &all);

	return status ? status : nt_put(a[1], &all, sizeof(all));
}

/* ---- bytes ---- */

static ntstatus transfer(const uint64_t *a, uint32_t access, bool is_write)
{
	struct io_segment seg = { a[5], (uint32_t)a[6] };
	struct nt_io_status io = { 0 };
	struct io_vector v;
	struct object *obj;
	struct file *f;
	int64_t offset = -1, n;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_FILE, 0, &obj);

	if (status)
		return status;
	(void)access;
	f = file_from_object(obj);
	if (a[7])
		status = nt_get(&offset, a[7], sizeof(offset));
	if (!status) {
		io_vector_init(&v, &seg, 1, false);
		if (offset >= 0 && f->ops->seek)
			n = is_write ? file_pwrite(f, &v, (uint64_t)offset) : file_pread(f, &v, (uint64_t)offset);
		else
			n = is_write ? file_write(f, &v) : file_read(f, &v);
		status = n < 0 ? nt_status(n) : !n && seg.len && !is_write ? STATUS_END_OF_FILE : STATUS_SUCCESS;
		io = (struct nt_io_status){ .status = status, .information = n > 0 ? (uint64_t)n : 0 };
		if (nt_put(a[4], &io, sizeof(io)))
			status = STATUS_ACCESS_VIOLATION;
	}
	object_put(obj);
	return status;
}

ntstatus nt_sys_NtReadFile(const uint64_t *a)
{
	return transfer(a, FILE_READ_DATA, false);
}

ntstatus nt_sys_NtWriteFile(const uint64_t *a)
{
	return transfer(a, FILE_WRITE_DATA, true);
}

/* ---- volumes ---- */

#define FILE_DEVICE_INFORMATION 4u
#define DEVICE_DISK 7u
#define DEVICE_PIPE 0x11u
#define DEVICE_CONSOLE 0x50u
#define DEVICE_NULL 0x15u

ntstatus nt_sys_NtQueryVolumeInformationFile(const uint64_t *a)
{
	struct { uint32_t type, characteristics; } device = { DEVICE_DISK, 0 };
	struct nt_io_status io = { .information = sizeof(device) };
	struct object *obj;
	struct file *f;
	ntstatus status;

	if ((uint32_t)a[4] != FILE_DEVICE_INFORMATION)
		return STATUS_INVALID_INFO_CLASS;
	if ((uint32_t)a[3] < sizeof(device))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_handle_lookup(a[0], OBJECT_FILE, 0, &obj);
	if (status)
		return status;
	f = file_from_object(obj);
	if (!f->inode || (!inode_is_regular(f->inode) && !inode_is_dir(f->inode)))
		device.type = DEVICE_PIPE;
	object_put(obj);
	status = nt_put(a[2], &device, sizeof(device));
	return status ? status : nt_put(a[1], &io, sizeof(io));
}
