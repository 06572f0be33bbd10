/* kernel/compat/src/nt/file_set.c: changing files: times, sizes, names, deletion ([MS-FSA] 2.1.5.14). */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <mm/heap.h>
#include <string.h>

#include "named_pipe.h"
#include "shared_data.h"

enum {
	FileBasicInformation = 4, FileRenameInformation = 10, FileLinkInformation, FileDispositionInformation = 13,
	FilePositionInformation, FileModeInformation = 16, FileAllocationInformation = 19, FileEndOfFileInformation,
	FilePipeInformation = 23, FileCompletionInformation = 30,
	FileValidDataLengthInformation = 39, FileIoCompletionNotificationInformation = 41, FileDispositionInformationEx = 64, FileRenameInformationEx,
	FileLinkInformationEx = 72,
};

#define DISPOSITION_DELETE 1u
#define REPLACE_IF_EXISTS 1u

struct change {
	struct file *f;
	uint64_t buffer;	/* user address */
	uint32_t len;
};

/* ---- times and attributes ---- */

/* 0 and the negative numbers leave a time as it is. */
static bool time_in(uint64_t ticks, struct vfs_time *out)
{
	int64_t since = (int64_t)ticks - (int64_t)NT_EPOCH_TICKS, sec = since / NT_TICKS_PER_SECOND;

	if ((int64_t)ticks <= 0)
		return false;
	since -= sec * NT_TICKS_PER_SECOND;
	if (since < 0) {
		since += NT_TICKS_PER_SECOND;
		sec--;
	}
	*out = (struct vfs_time){ .sec = sec, .nsec = (uint32_t)since * NT_NS_PER_TICK };
	return true;
}

static uint32_t mode_for(uint32_t mode, uint32_t attributes)
{
	if (attributes & FILE_ATTRIBUTE_READONLY)
		return mode & ~0222u;
	return mode & 0222 ? mode : mode | (0222 & ~(READ_ONCE(fs_current()->umask) & 0777));
}

static ntstatus set_basic(struct change *c)
{
	struct inode *i = c->f->inode;
	struct vfs_attr attr, now;
	struct nt_basic b;
	uint32_t mask = 0;
	ntstatus status = nt_get(&b, c->buffer, sizeof(b));
	int err;

	if (status)
		return status;
	err = inode_getattr(i, &now);
	if (err)
		return nt_status(err);
	attr = now;
	if ((b.attributes & FILE_ATTRIBUTE_DIRECTORY) && !inode_is_dir(i))
		return STATUS_INVALID_PARAMETER;
	if (time_in(b.accessed, &attr.atime))
		mask |= VFS_SET_ATIME;
	if (time_in(b.written, &attr.mtime))
		mask |= VFS_SET_MTIME;
	if (b.attributes) {
		attr.mode = mode_for(now.mode, b.attributes);
		if (attr.mode != now.mode)
			mask |= VFS_SET_MODE;
	}
	if (!mask)
		return STATUS_SUCCESS;
	if (now.flags & VFS_NODE_READONLY)
		return STATUS_ACCESS_DENIED;
	return nt_status(inode_setattr(i, mask, &attr));
}

/* ---- position and size ---- */

static ntstatus number_in(const struct change *c, uint64_t *out)
{
	ntstatus status = nt_get(out, c->buffer, sizeof(*out));

	return status ? status : (int64_t)*out < 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static ntstatus set_position(struct change *c)
{
	uint64_t offset;
	ntstatus status = number_in(c, &offset);

	if (status)
		return status;
	mutex_lock(&c->f->position_lock);
	c->f->offset = offset;
	mutex_unlock(&c->f->position_lock);
	return STATUS_SUCCESS;
}

/* What is mapped cannot be cut. */
static bool is_cut_from_a_view(const struct file *f, uint64_t size)
{
	struct mm_object *contents;
	struct vfs_attr attr;
	bool is_mapped;

	if (inode_getattr(f->inode, &attr) || size >= attr.size || inode_contents(f->inode, &contents))
		return false;
	is_mapped = mm_object_is_mapped(contents);
	mm_object_put(contents);
	return is_mapped;
}

static ntstatus truncate(struct file *f, uint64_t size)
{
	if (!inode_is_regular(f->inode) || !f->ops->truncate)
		return STATUS_INVALID_PARAMETER;
	if (is_cut_from_a_view(f, size))
		return STATUS_USER_MAPPED_FILE;
	return nt_status(f->ops->truncate(f, size));
}

static ntstatus set_end(struct change *c)
{
	uint64_t size;
	ntstatus status = number_in(c, &size);

	return status ? status : truncate(c->f, size);
}

/* Room is never kept; less than what there is cuts. */
static ntstatus set_allocation(struct change *c)
{
	struct vfs_attr attr;
	uint64_t bytes;
	ntstatus status = number_in(c, &bytes);
	int err;

	if (status)
		return status;
	err = inode_getattr(c->f->inode, &attr);
	if (err)
		return nt_status(err);
	return bytes < attr.size ? truncate(c->f, bytes) : STATUS_SUCCESS;
}

static ntstatus set_valid_length(struct change *c)
{
	uint64_t bytes;

	return number_in(c, &bytes);
}

static ntstatus set_mode(struct change *c)
{
	uint32_t mode;

	return nt_get(&mode, c->buffer, sizeof(mode));
}

/* ---- deletion ---- */

#define LIST_BYTES 512u

/* Nothing but "." and ".."? The calls' own refusal comes too late: the last close tells nobody. */
static bool is_empty_directory(struct inode *i)
{
	char buf[LIST_BYTES];
	const struct io_segment seg = { (uint64_t)(uintptr_t)buf, sizeof(buf) };
	struct io_request rq = { 0 };
	struct file *f;
	int64_t n;

	if (vfs_open_inode(i, O_DIRECTORY, &f))
		return true;
	rq.file = f;
	io_vector_init(&rq.vector, &seg, 1, true);
	n = f->ops->readdir(&rq);
	/* Each of the two takes 24 bytes of a full answer. */
	if (n == 48) {
		io_vector_init(&rq.vector, &seg, 1, true);
		n += f->ops->readdir(&rq);
	}
	file_put(f);
	return n <= 48;
}

static ntstatus set_doomed(struct change *c, bool doomed)
{
	if (doomed && inode_is_dir(c->f->inode) && !is_empty_directory(c->f->inode))
		return STATUS_DIRECTORY_NOT_EMPTY;
	return nt_set_doomed(c->f, doomed);
}

static ntstatus set_disposition(struct change *c)
{
	uint8_t doomed;
	ntstatus status = nt_get(&doomed, c->buffer, sizeof(doomed));

	return status ? status : set_doomed(c, doomed);
}

static ntstatus set_disposition_ex(struct change *c)
{
	uint32_t flags;
	ntstatus status = nt_get(&flags, c->buffer, sizeof(flags));

	return status ? status : set_doomed(c, flags & DISPOSITION_DELETE);
}

/* ---- names ---- */

/* FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION */
struct target { uint32_t flags, pad; uint64_t root; uint32_t name_bytes; };
#define TARGET_NAME 20u

struct new_name {
	struct inode *start;	/* a reference, or NULL */
	char *path;
	const char *last;	/* of path, as it was asked for */
	struct walk_result at;
	bool replaces;
};

static void new_name_put(struct new_name *n)
{
	walk_result_put(&n->at);
	inode_put(n->start);
	kfree(n->path);
}

/* A name without a folder is meant in the one where the file is. */
static ntstatus path_beside(struct change *c, const struct nt_string *name, struct new_name *n)
{
	char *old;
	ntstatus status = nt_name_of_open(c->f, &n->start, &old);

	if (status)
		return status;
	kfree(old);
	n->path = nt_utf8(name->chars, name->nchars);
	return n->path ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static ntstatus find_target(struct new_name *n)
{
	int err = walk_path(n->start, n->path, WALK_FOLD, &n->at);
	char *slash;

	if (err && err != -ENOENT) {
		memset(&n->at, 0, sizeof(n->at));
		return err == -ENOTDIR ? STATUS_OBJECT_PATH_NOT_FOUND : nt_status(err);
	}
	if (!n->at.parent)
		return STATUS_OBJECT_PATH_NOT_FOUND;
	if (n->at.last_kind != WALK_LAST_NAME)
		return STATUS_OBJECT_NAME_INVALID;
	slash = strrchr(n->path, '/');
	n->last = slash ? slash + 1 : n->path;
	return *n->last ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

static ntstatus target_in(struct change *c, struct new_name *n)
{
	struct nt_attributes a = { 0 };
	struct target t;
	ntstatus status = nt_get(&t, c->buffer, TARGET_NAME);

	memset(n, 0, sizeof(*n));
	if (status)
		return status;
	if (!t.name_bytes || (t.name_bytes & 1) || t.name_bytes > c->len - TARGET_NAME)
		return STATUS_INVALID_PARAMETER;
	n->replaces = t.flags & REPLACE_IF_EXISTS;
	a.root = t.root;
	a.name.nchars = t.name_bytes / 2;
	a.name.chars = kmalloc(t.name_bytes, HEAP_NOZERO);
	if (!a.name.chars)
		return STATUS_NO_MEMORY;
	status = nt_get(a.name.chars, c->buffer + TARGET_NAME, t.name_bytes);
	if (!status) {
		if (!t.root && a.name.chars[0] != '\\')
			status = path_beside(c, &a.name, n);
		else
			status = nt_path(&a, &n->start, &n->path);
	}
	if (!status)
		status = find_target(n);
	nt_string_free(&a.name);
	return status;
}

/* May what is there be replaced? */
static ntstatus check_victim(const struct new_name *n, const struct file *f)
{
	struct inode *victim = n->at.inode;

	if (!victim || victim == f->inode)
		return STATUS_SUCCESS;
	if (!n->replaces)
		return STATUS_OBJECT_NAME_COLLISION;
	if (inode_is_dir(victim) || !(victim->attr.mode & 0222) || victim->nt_sharing || atomic_load(&victim->deny_write))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

static char *copy_of(const char *text)
{
	char *copy = kmalloc(strlen(text) + 1, HEAP_NOZERO);

	return copy ? strcpy(copy, text) : NULL;
}

static ntstatus rename_to(struct change *c, struct new_name *n)
{
	bool is_same = n->at.inode == c->f->inode;
	/* What is replaced keeps its spelling; a file's own name is spelled anew. */
	const char *name = n->at.inode && !is_same ? n->at.name : n->last;
	char *old, *copy;
	struct inode *dir;
	ntstatus status = nt_name_of_open(c->f, &dir, &old);

	if (status)
		return status;
	copy = copy_of(name);
	if (!copy) {
		status = STATUS_NO_MEMORY;
	} else if (dir != n->at.parent || strcmp(old, name)) {
		status = nt_status(vfs_rename(dir, old, n->at.parent, name, n->at.inode ? 0 : RENAME_NOREPLACE));
		if (!status) {
			nt_renamed(c->f, n->at.parent, copy);
			copy = NULL;
		}
	}
	kfree(copy);
	kfree(old);
	inode_put(dir);
	return status;
}

static ntstatus set_name(struct change *c)
{
	struct new_name n;
	ntstatus status = target_in(c, &n);

	if (!status)
		status = check_victim(&n, c->f);
	if (!status)
		status = rename_to(c, &n);
	new_name_put(&n);
	return status;
}

static ntstatus link_to(struct change *c, struct new_name *n)
{
	ntstatus status = STATUS_SUCCESS;

	if (n->at.inode == c->f->inode)
		return n->replaces ? STATUS_SUCCESS : STATUS_OBJECT_NAME_COLLISION;
	if (n->at.inode)
		status = nt_status(vfs_unlink_inode(n->at.parent, n->at.name, n->at.inode));
	return status ? status : nt_status(vfs_link(c->f->inode, "", n->at.parent, n->last, WALK_EMPTY_PATH));
}

static ntstatus set_link(struct change *c)
{
	struct new_name n;
	ntstatus status;

	if (inode_is_dir(c->f->inode))
		return STATUS_FILE_IS_A_DIRECTORY;
	status = target_in(c, &n);
	if (!status)
		status = check_victim(&n, c->f);
	if (!status)
		status = link_to(c, &n);
	new_name_put(&n);
	return status;
}

/* ---- how ends are told, and pipes ---- */

/* FILE_COMPLETION_INFORMATION */
struct completion { uint64_t port, key; };

static ntstatus set_completion(struct change *c)
{
	struct completion in;
	ntstatus status = nt_get(&in, c->buffer, sizeof(in));

	if (status)
		return status;
	if (nt_is_synchronous(c->f))
		return STATUS_INVALID_PARAMETER;
	mutex_lock(&c->f->position_lock);
	status = nt_iocp_bind(&nt_open_of(c->f)->port, in.port, in.key);
	mutex_unlock(&c->f->position_lock);
	return status;
}

static ntstatus set_skips(struct change *c)
{
	uint32_t flags;
	ntstatus status = nt_get(&flags, c->buffer, sizeof(flags));

	if (status)
		return status;
	if (flags & ~(SKIP_PORT_ON_SUCCESS | SKIP_FILE_SIGNAL) || nt_is_synchronous(c->f))
		return STATUS_INVALID_PARAMETER;
	/* What was asked for once stays. */
	__atomic_fetch_or(&nt_open_of(c->f)->skips, flags, __ATOMIC_ACQ_REL);
	return STATUS_SUCCESS;
}

static ntstatus set_pipe(struct change *c)
{
	struct nt_pipe_modes modes;
	ntstatus status = nt_get(&modes, c->buffer, sizeof(modes));

	return status ? status : nt_pipe_modes_set(c->f, &modes);
}

/* ---- the call ---- */

/* The DLLs change attributes by handles that were opened without FILE_WRITE_ATTRIBUTES. */
static const struct set_class {
	uint32_t class, least;	/* bytes */
	uint32_t access;
	bool is_nameless;		/* it needs no inode */
	ntstatus (*set)(struct change *c);
} classes[] = {
	{ FileBasicInformation, sizeof(struct nt_basic), 0, false, set_basic },
	{ FileRenameInformation, TARGET_NAME + 4, ACCESS_DELETE, false, set_name },
	{ FileRenameInformationEx, TARGET_NAME + 4, ACCESS_DELETE, false, set_name },
	{ FileLinkInformation, TARGET_NAME + 4, 0, false, set_link },
	{ FileLinkInformationEx, TARGET_NAME + 4, 0, false, set_link },
	{ FileDispositionInformation, 1, ACCESS_DELETE, false, set_disposition },
	{ FileDispositionInformationEx, 4, ACCESS_DELETE, false, set_disposition_ex },
	{ FilePositionInformation, 8, 0, false, set_position },
	{ FileModeInformation, 4, 0, false, set_mode },
	{ FileAllocationInformation, 8, FILE_WRITE_DATA, false, set_allocation },
	{ FileEndOfFileInformation, 8, FILE_WRITE_DATA, false, set_end },
	{ FilePipeInformation, sizeof(struct nt_pipe_modes), FILE_WRITE_ATTRIBUTES, true, set_pipe },
	{ FileCompletionInformation, sizeof(struct completion), 0, true, set_completion },
	{ FileIoCompletionNotificationInformation, 4, 0, true, set_skips },
	{ FileValidDataLengthInformation, 8, FILE_WRITE_DATA, false, set_valid_length },
};

static const struct set_class *class_of(uint32_t class)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i].class == class)
			return &classes[i];
	}
	return NULL;
}

ntstatus nt_sys_NtSetInformationFile(const uint64_t *a)
{
	const struct set_class *class = class_of((uint32_t)a[4]);
	struct change c = { .buffer = a[2], .len = (uint32_t)a[3] };
	struct nt_io_status io = { 0 };
	struct object *obj;
	ntstatus status;

	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (c.len < class->least)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_handle_lookup(a[0], OBJECT_FILE, class->access, &obj);
	if (status)
		return status;
	c.f = file_from_object(obj);
	status = c.f->inode || class->is_nameless ? class->set(&c) : STATUS_INVALID_PARAMETER;
	object_put(obj);
	if (nt_success(status) && nt_put(a[1], &io, sizeof(io)))
		return STATUS_ACCESS_VIOLATION;
	return status;
}
