/* kernel/compat/src/nt/file_query.c: what is told about a file ([MS-FSCC] 2.4). */
#include <mm/heap.h>
#include <string.h>

#include "named_pipe.h"
#include "shared_data.h"

enum {
	FileBasicInformation = 4, FileStandardInformation, FileInternalInformation, FileEaInformation, FileAccessInformation,
	FileNameInformation, FilePositionInformation = 14, FileModeInformation = 16, FileAlignmentInformation,
	FileAllInformation, FileStreamInformation = 22, FilePipeInformation,
	FilePipeLocalInformation, FileNetworkOpenInformation = 34, FileAttributeTagInformation,
	FileIoCompletionNotificationInformation = 41, FileIdInformation = 59,
};

#define REPARSE_TAG_SYMLINK 0xa000000cu

struct standard { uint64_t allocated, size; uint32_t links; uint8_t is_delete_pending, is_directory, pad[2]; };
struct attribute_tag { uint32_t attributes, tag; };
struct file_id { uint64_t volume, id[2]; };
struct name { uint32_t bytes; uint16_t chars[]; };
struct all {
	struct nt_basic basic;
	struct standard standard;
	uint64_t internal;
	uint32_t ea_bytes, access;
	uint64_t position;
	uint32_t mode, alignment;
	struct { uint32_t bytes; uint16_t first, pad; } name;
};
#define ALL_NAME offsetof(struct all, name)
struct stream { uint32_t next, name_bytes; uint64_t size, allocated; uint16_t name[7]; };

static uint64_t ticks(struct vfs_time t)
{
	return (uint64_t)t.sec * NT_TICKS_PER_SECOND + t.nsec / NT_NS_PER_TICK + NT_EPOCH_TICKS;
}

void nt_describe(const struct vfs_attr *attr, struct nt_network_open *out)
{
	uint32_t type = attr->mode & 0170000;

	*out = (struct nt_network_open){
		.created = ticks(attr->btime.sec ? attr->btime : attr->mtime),
		.accessed = ticks(attr->atime),
		.written = ticks(attr->mtime),
		.changed = ticks(attr->ctime),
		.allocated = attr->blocks * 512,
		.size = attr->size,
		.attributes = FILE_ATTRIBUTE_ARCHIVE,
	};
	if (type == 0040000) {
		out->attributes = FILE_ATTRIBUTE_DIRECTORY;
		out->size = out->allocated = 0;
	} else if (type == 0120000) {
		out->attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
	}
	if (!(attr->mode & 0222))
		out->attributes |= FILE_ATTRIBUTE_READONLY;
}

/* ---- by name ---- */

static ntstatus status_of_walk(int err, const struct walk_result *w)
{
	if (err == -ENOENT)
		return w->parent ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND;
	return err == -ENOTDIR ? STATUS_OBJECT_PATH_NOT_FOUND : nt_status(err);
}

static ntstatus attributes_by_name(uint64_t user_attributes, struct nt_network_open *out)
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
		err = walk_path(start, path, WALK_FOLLOW | WALK_FOLD | WALK_EMPTY_PATH, &walk);
		status = status_of_walk(err, &walk);
		if (!status)
			status = walk.inode ? nt_status(inode_getattr(walk.inode, &attr)) : STATUS_OBJECT_NAME_NOT_FOUND;
		if (!err || err == -ENOENT)
			walk_result_put(&walk);
	}
	if (!status)
		nt_describe(&attr, out);
	kfree(path);
	inode_put(start);
	nt_attributes_free(&name);
	return status;
}

ntstatus nt_sys_NtQueryAttributesFile(const uint64_t *a)
{
	struct nt_network_open all;
	struct nt_basic basic;
	ntstatus status = attributes_by_name(a[0], &all);

	if (status)
		return status;
	basic = (struct nt_basic){ all.created, all.accessed, all.written, all.changed, all.attributes, 0 };
	return nt_put(a[1], &basic, sizeof(basic));
}

ntstatus nt_sys_NtQueryFullAttributesFile(const uint64_t *a)
{
	struct nt_network_open all;
	ntstatus status = attributes_by_name(a[0], &all);

	return status ? status : nt_put(a[1], &all, sizeof(all));
}

/* ---- by handle ---- */

struct answer {
	struct file *f;
	uint32_t access;	/* of the handle */
	struct vfs_attr attr;
	struct nt_network_open about;
	uint64_t buffer;
	uint32_t cap;
	uint32_t len;		/* out */
};

static ntstatus give(struct answer *q, const void *data, uint32_t len)
{
	q->len = len;
	return nt_put(q->buffer, data, len);
}

static struct nt_basic basic_of(const struct answer *q)
{
	return (struct nt_basic){ q->about.created, q->about.accessed, q->about.written, q->about.changed,
		q->about.attributes, 0 };
}

static struct standard standard_of(const struct answer *q)
{
	bool is_doomed = q->f->inode && atomic_load(&q->f->inode->is_delete_pending);

	return (struct standard){ q->about.allocated, q->about.size, is_doomed ? MAX(q->attr.nlink, 1u) - 1 : q->attr.nlink,
		is_doomed, q->about.attributes & FILE_ATTRIBUTE_DIRECTORY ? 1 : 0, { 0 } };
}

static uint32_t mode_of(const struct file *f)
{
	const uint32_t kept = FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING | FILE_SYNCHRONOUS |
		FILE_DELETE_ON_CLOSE;

	return f->nt_open ? nt_open_of(f)->options & kept : FILE_SYNCHRONOUS_IO_NONALERT;
}

/* The name behind the drive's letter, as UTF-16; NULL: it has none. */
static uint16_t *name_of(struct file *f, uint32_t *nchars)
{
	char *path = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	uint16_t *name = NULL;
	int64_t n = path && f->inode ? vfs_path_of(f->inode, path, VFS_PATH_MAX - 1) : -ENOENT;

	if (n >= 0) {
		path[n] = '\0';
		name = nt_name_of_path(path, nchars);
	}
	kfree(path);
	return name;
}

#define DRIVE_CHARS 2u

/* A struct name at @at of the buffer, as much of it as fits. */
static ntstatus give_name(struct answer *q, uint32_t at)
{
	uint32_t nchars, bytes, room = q->cap - at - (uint32_t)sizeof(bytes);
	uint16_t *name = name_of(q->f, &nchars);
	ntstatus status;

	if (!name)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	bytes = (nchars - DRIVE_CHARS) * 2;
	status = nt_put32(q->buffer + at, bytes);
	if (!status)
		status = nt_put(q->buffer + at + sizeof(bytes), name + DRIVE_CHARS, MIN(bytes, room));
	kfree(name);
	q->len = at + (uint32_t)sizeof(bytes) + MIN(bytes, room);
	return status || bytes <= room ? status : STATUS_BUFFER_OVERFLOW;
}

static ntstatus give_basic(struct answer *q)
{
	struct nt_basic b = basic_of(q);

	return give(q, &b, sizeof(b));
}

static ntstatus give_standard(struct answer *q)
{
	struct standard s = standard_of(q);

	return give(q, &s, sizeof(s));
}

static ntstatus give32(struct answer *q, uint32_t value) { return give(q, &value, sizeof(value)); }
static ntstatus give64(struct answer *q, uint64_t value) { return give(q, &value, sizeof(value)); }

static ntstatus give_internal(struct answer *q) { return give64(q, q->attr.ino); }
static ntstatus give_zero(struct answer *q) { return give32(q, 0); }
static ntstatus give_access(struct answer *q) { return give32(q, q->access); }
static ntstatus give_position(struct answer *q) { return give64(q, q->f->offset); }
static ntstatus give_mode(struct answer *q) { return give32(q, mode_of(q->f)); }
static ntstatus give_only_name(struct answer *q) { return give_name(q, 0); }
static ntstatus give_network_open(struct answer *q) { return give(q, &q->about, sizeof(q->about)); }

static ntstatus give_all(struct answer *q)
{
	struct all all = { .basic = basic_of(q), .standard = standard_of(q), .internal = q->attr.ino, .access = q->access,
		.position = q->f->offset, .mode = mode_of(q->f) };
	ntstatus status = nt_put(q->buffer, &all, ALL_NAME);

	return status ? status : give_name(q, ALL_NAME);
}

static ntstatus give_attribute_tag(struct answer *q)
{
	bool is_link = q->about.attributes & FILE_ATTRIBUTE_REPARSE_POINT;
	struct attribute_tag t = { q->about.attributes, is_link ? REPARSE_TAG_SYMLINK : 0 };

	return give(q, &t, sizeof(t));
}

static ntstatus give_id(struct answer *q)
{
	struct file_id id = { q->attr.dev, { q->attr.ino, 0 } };

	return give(q, &id, sizeof(id));
}

/* A file has one stream, a folder none. */
static ntstatus give_stream(struct answer *q)
{
	struct stream s = { 0, sizeof(s.name), q->about.size, q->about.allocated, { ':', ':', '$', 'D', 'A', 'T', 'A' } };
	const uint32_t bytes = offsetof(struct stream, name) + sizeof(s.name);

	if (q->about.attributes & FILE_ATTRIBUTE_DIRECTORY)
		return STATUS_SUCCESS;
	if (q->cap < bytes)
		return STATUS_BUFFER_OVERFLOW;
	return give(q, &s, bytes);
}

static ntstatus give_pipe(struct answer *q)
{
	struct nt_pipe_modes modes;
	ntstatus status = nt_pipe_modes_get(q->f, &modes);

	return status ? status : give(q, &modes, sizeof(modes));
}

static ntstatus give_pipe_local(struct answer *q)
{
	struct nt_pipe_local local;
	ntstatus status = nt_pipe_local_get(q->f, &local);

	return status ? status : give(q, &local, sizeof(local));
}

static ntstatus give_skips(struct answer *q)
{
	return give32(q, q->f->nt_open ? nt_open_of(q->f)->skips : 0);
}

/* No class needs a right: the DLLs ask handles that were opened without FILE_READ_ATTRIBUTES. */
static const struct file_class {
	uint32_t class, least;	/* bytes */
	ntstatus (*give)(struct answer *q);
} classes[] = {
	{ FileBasicInformation, sizeof(struct nt_basic), give_basic },
	{ FileStandardInformation, sizeof(struct standard), give_standard },
	{ FileInternalInformation, 8, give_internal },
	{ FileEaInformation, 4, give_zero },
	{ FileAccessInformation, 4, give_access },
	{ FileNameInformation, sizeof(struct name) + 4, give_only_name },
	{ FilePositionInformation, 8, give_position },
	{ FileModeInformation, 4, give_mode },
	{ FileAlignmentInformation, 4, give_zero },
	{ FileAllInformation, sizeof(struct all), give_all },
	{ FileStreamInformation, offsetof(struct stream, name), give_stream },
	{ FilePipeInformation, sizeof(struct nt_pipe_modes), give_pipe },
	{ FilePipeLocalInformation, sizeof(struct nt_pipe_local), give_pipe_local },
	{ FileIoCompletionNotificationInformation, 4, give_skips },
	{ FileNetworkOpenInformation, sizeof(struct nt_network_open), give_network_open },
	{ FileAttributeTagInformation, sizeof(struct attribute_tag), give_attribute_tag },
	{ FileIdInformation, sizeof(struct file_id), give_id },
};

static const struct file_class *class_of(uint32_t class)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i].class == class)
			return &classes[i];
	}
	return NULL;
}

static ntstatus answer(struct answer *q, const struct file_class *class)
{
	if (q->f->inode) {
		int err = inode_getattr(q->f->inode, &q->attr);

		if (err)
			return nt_status(err);
		nt_describe(&q->attr, &q->about);
	} else {
		q->attr.nlink = 1;
		q->about.attributes = FILE_ATTRIBUTE_NORMAL;
	}
	return class->give(q);
}

ntstatus nt_sys_NtQueryInformationFile(const uint64_t *a)
{
	struct answer q = { .buffer = a[2], .cap = (uint32_t)a[3] };
	const struct file_class *class = class_of((uint32_t)a[4]);
	struct nt_io_status io;
	struct object *obj;
	ntstatus status;

	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (q.cap < class->least)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_handle_lookup_in(ps_current(), a[0], &obj, &q.access);
	if (status)
		return status;
	if (obj->type->kind != OBJECT_FILE)
		status = STATUS_OBJECT_TYPE_MISMATCH;
	if (!status) {
		q.f = file_from_object(obj);
		status = answer(&q, class);
		io = (struct nt_io_status){ .status = status, .information = q.len };
		if ((nt_success(status) || status == STATUS_BUFFER_OVERFLOW) && nt_put(a[1], &io, sizeof(io)))
			status = STATUS_ACCESS_VIOLATION;
	}
	object_put(obj);
	return status;
}
