/* kernel/compat/src/nt/file_open.c: NtCreateFile and NtOpenFile ([MS-FSA] 2.1.5.1; Microsoft Learn: NtCreateFile).
 *
 * The name is walked to its end or to the folder that lacks it; what is there is checked against the
 * disposition, the options, the read-only attribute and the other opens before anything changes.
 */
#include <linux/fcntl.h>
#include <mm/heap.h>
#include <string.h>

#include "console.h"
#include "named_pipe.h"

#define MAX_TRIES 8
#define WRITES (FILE_WRITE_DATA | FILE_APPEND_DATA)
#define MAXIMUM_ALLOWED 0x02000000u
#define CHANGED STATUS_REPARSE	/* somebody was quicker: look again */

struct open_request {
	uint32_t access, share, attributes, options, disposition;
	bool wants_maximum;
	struct inode *start;
	char *path;
};

static uint32_t open_flags(const struct open_request *rq, bool is_dir)
{
	bool reads = rq->access & (FILE_READ_DATA | FILE_EXECUTE), writes = rq->access & WRITES;
	uint32_t flags = O_RDONLY;

	if (is_dir)
		return O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_LARGEFILE;
	if (writes)
		flags = reads ? O_RDWR : O_WRONLY;
	if ((rq->access & WRITES) == FILE_APPEND_DATA)
		flags |= O_APPEND;
	if (rq->options & FILE_WRITE_THROUGH)
		flags |= O_SYNC;
	return flags | O_CLOEXEC | O_LARGEFILE;
}

/* ---- what is there ---- */

static ntstatus check_kind(const struct open_request *rq, struct inode *i)
{
	bool is_dir = inode_is_dir(i);

	if (rq->disposition == FILE_CREATE)
		return STATUS_OBJECT_NAME_COLLISION;
	if (is_dir && (rq->options & FILE_NON_DIRECTORY_FILE))
		return STATUS_FILE_IS_A_DIRECTORY;
	if (!is_dir && (rq->options & FILE_DIRECTORY_FILE))
		return STATUS_NOT_A_DIRECTORY;
	if (is_dir && rq->disposition != FILE_OPEN && rq->disposition != FILE_OPEN_IF)
		return STATUS_OBJECT_NAME_COLLISION;
	return STATUS_SUCCESS;
}

static bool overwrites(const struct open_request *rq)
{
	return rq->disposition == FILE_SUPERSEDE || rq->disposition == FILE_OVERWRITE || rq->disposition == FILE_OVERWRITE_IF;
}

static ntstatus check_permission(struct open_request *rq, struct inode *i)
{
	bool is_readonly = !(i->attr.mode & 0222), is_dir = inode_is_dir(i);
	uint32_t writes = overwrites(rq) ? FILE_WRITE_DATA : rq->access & WRITES;
	unsigned want = (rq->access & FILE_READ_DATA ? 4 : 0) | (writes && !is_dir ? 2 : 0);
	int err;

	if (is_readonly && !is_dir) {
		if (rq->wants_maximum)
			rq->access &= ~WRITES;
		else if (writes)
			return STATUS_ACCESS_DENIED;
		if (rq->options & FILE_DELETE_ON_CLOSE)
			return STATUS_CANNOT_DELETE;
		want = rq->access & FILE_READ_DATA ? 4 : 0;
	}
	err = want ? inode_permission(i, want, false) : 0;
	/* On a read-only mount Windows says what a program can handle. */
	return err == -EROFS ? STATUS_ACCESS_DENIED : nt_status(err);
}

/* A file that only its attributes are wanted of needs nobody's consent. */
static int open_inode(const struct open_request *rq, struct inode *i, struct file **out)
{
	uint32_t flags = open_flags(rq, inode_is_dir(i));
	int err;

	/* The link itself, found with FILE_OPEN_REPARSE_POINT. */
	if (inode_is_symlink(i))
		return vfs_open(i, "", O_PATH | O_NOFOLLOW, 0, WALK_EMPTY_PATH, out);
	if (overwrites(rq) && (flags & O_ACCMODE) == O_RDONLY)
		flags |= rq->access & FILE_READ_DATA ? O_RDWR : O_WRONLY;
	err = vfs_open_inode(i, flags, out);
	return err == -ENOENT ? -ESTALE : err;
}

static ntstatus overwrite(const struct open_request *rq, struct file *f)
{
	if (!overwrites(rq) || !inode_is_regular(f->inode))
		return STATUS_SUCCESS;
	return f->ops->truncate ? nt_status(f->ops->truncate(f, 0)) : STATUS_INVALID_PARAMETER;
}

/* Devices and the like have neither share modes nor names to change. */
static bool is_shared(struct inode *i)
{
	return inode_is_regular(i) || inode_is_dir(i) || inode_is_symlink(i);
}

static ntstatus share(const struct open_request *rq, struct file *f, const struct walk_result *w)
{
	struct inode *dir = w->last_kind == WALK_LAST_NAME && w->name_len ? w->parent : NULL;

	if (!f->inode || !is_shared(f->inode))
		return STATUS_SUCCESS;
	return nt_share(f, dir, w->name, rq->access, rq->share, rq->options);
}

static ntstatus open_found(struct open_request *rq, struct walk_result *w, struct file **out, uint64_t *result)
{
	struct inode *i = w->inode;
	ntstatus status;
	int err;

	if (!i) {
		*out = w->file;
		w->file = NULL;
		return STATUS_SUCCESS;
	}
	status = check_kind(rq, i);
	if (!status)
		status = check_permission(rq, i);
	if (!status && is_shared(i))
		status = nt_share_check(i, rq->access, rq->share);
	if (status)
		return status;
	err = open_inode(rq, i, out);
	if (err)
		return err == -ESTALE ? CHANGED : nt_status(err);
	status = share(rq, *out, w);
	if (!status)
		status = overwrite(rq, *out);
	if (status)
		file_put(*out);
	*result = !overwrites(rq) ? FILE_OPENED : rq->disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
	return status;
}

/* ---- what is not ---- */

static int create_file(const struct open_request *rq, const struct walk_result *w, struct file **out)
{
	uint32_t mode = rq->attributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0666;

	return vfs_open(w->parent, w->name, open_flags(rq, false) | O_CREAT | O_EXCL, mode, 0, out);
}

static int create_directory(const struct open_request *rq, const struct walk_result *w, struct file **out)
{
	int err = vfs_mknod(w->parent, w->name, 0040777, 0);

	return err ? err : vfs_open(w->parent, w->name, open_flags(rq, true), 0, 0, out);
}

static ntstatus create_missing(const struct open_request *rq, const struct walk_result *w, struct file **out, uint64_t *result)
{
	bool is_dir = rq->options & FILE_DIRECTORY_FILE;
	ntstatus status;
	int err;

	if (rq->disposition == FILE_OPEN || rq->disposition == FILE_OVERWRITE)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (w->trailing_slash && !is_dir)
		return STATUS_OBJECT_NAME_INVALID;
	err = is_dir ? create_directory(rq, w, out) : create_file(rq, w, out);
	if (err == -EEXIST)
		return rq->disposition == FILE_CREATE ? STATUS_OBJECT_NAME_COLLISION : CHANGED;
	if (err)
		return err == -EROFS ? STATUS_ACCESS_DENIED : nt_status(err);
	status = share(rq, *out, w);
	if (status)
		file_put(*out);
	*result = FILE_CREATED;
	return status;
}

static ntstatus open_once(struct open_request *rq, struct file **out, uint64_t *result)
{
	unsigned flags = WALK_FOLD | WALK_EMPTY_PATH | (rq->options & FILE_OPEN_REPARSE_POINT ? 0 : WALK_FOLLOW);
	struct walk_result w;
	int err = walk_path(rq->start, rq->path, flags, &w);
	ntstatus status;

	if (err && err != -ENOENT)
		return err == -ENOTDIR ? STATUS_OBJECT_PATH_NOT_FOUND : nt_status(err);
	if (err && !w.parent)
		status = STATUS_OBJECT_PATH_NOT_FOUND;
	else if (err)
		status = create_missing(rq, &w, out, result);
	else
		status = open_found(rq, &w, out, result);
	walk_result_put(&w);
	return status;
}

static ntstatus open_or_create(struct open_request *rq, struct file **out, uint64_t *result)
{
	for (unsigned tries = 0; tries < MAX_TRIES; tries++) {
		ntstatus status = open_once(rq, out, result);

		if (status != CHANGED)
			return status;
	}
	return STATUS_SHARING_VIOLATION;
}

/* ---- the calls ---- */

/* What makes no sense whatever the name is. */
static ntstatus check_request(const struct open_request *rq)
{
	if (rq->disposition > FILE_OVERWRITE_IF)
		return STATUS_INVALID_PARAMETER;
	if ((rq->options & FILE_DIRECTORY_FILE) && (rq->options & FILE_NON_DIRECTORY_FILE))
		return STATUS_INVALID_PARAMETER;
	if ((rq->options & FILE_DIRECTORY_FILE) && overwrites(rq))
		return STATUS_INVALID_PARAMETER;
	if ((rq->options & FILE_SYNCHRONOUS) == FILE_SYNCHRONOUS)
		return STATUS_INVALID_PARAMETER;
	if ((rq->options & FILE_SYNCHRONOUS) && !(rq->access & ACCESS_SYNCHRONIZE))
		return STATUS_INVALID_PARAMETER;
	if ((rq->options & FILE_DELETE_ON_CLOSE) && !(rq->access & ACCESS_DELETE))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* \Device\NamedPipe is no part of the one namespace. */
static ntstatus open_pipe(const struct open_request *rq, const struct nt_attributes *name, const struct nt_string *rest,
	struct file **out)
{
	if (rq->disposition != FILE_OPEN && rq->disposition != FILE_OPEN_IF)
		return STATUS_OBJECT_NAME_COLLISION;
	if (rq->options & FILE_DIRECTORY_FILE)
		return STATUS_NOT_A_DIRECTORY;
	return nt_pipe_open(rest, name->root, rq->access, rq->options, out);
}

static ntstatus open_named(struct open_request *rq, const struct nt_attributes *name, struct file **out, uint64_t *result)
{
	struct nt_string rest;
	ntstatus status = check_request(rq);

	if (status)
		return status;
	if (nt_pipe_names(name, &rest)) {
		*result = FILE_OPENED;
		return open_pipe(rq, name, &rest, out);
	}
	status = nt_path(name, &rq->start, &rq->path);
	if (!status)
		status = open_or_create(rq, out, result);
	if (!status && nt_console_is_input_name(&name->name))
		rq->access &= ~WRITES;
	kfree(rq->path);
	inode_put(rq->start);
	return status;
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
	status = open_named(rq, &name, &f, &result);
	if (!status) {
		status = nt_handle_install(&f->object, rq->access, name.flags, user_handle);
		file_put(f);
	}
	if (!status) {
		io = (struct nt_io_status){ .information = result };
		status = nt_put(user_status, &io, sizeof(io));
	}
	nt_attributes_free(&name);
	return status;
}

ntstatus nt_sys_NtCreateFile(const uint64_t *a)
{
	struct open_request rq = {
		.access = nt_map_access(OBJECT_FILE, (uint32_t)a[1]),
		.wants_maximum = a[1] & MAXIMUM_ALLOWED,
		.attributes = (uint32_t)a[5],
		.share = (uint32_t)a[6],
		.disposition = (uint32_t)a[7],
		.options = (uint32_t)a[8],
	};

	return open_by_name(a[2], &rq, a[0], a[3]);
}

ntstatus nt_sys_NtOpenFile(const uint64_t *a)
{
	struct open_request rq = {
		.access = nt_map_access(OBJECT_FILE, (uint32_t)a[1]),
		.wants_maximum = a[1] & MAXIMUM_ALLOWED,
		.disposition = FILE_OPEN,
		.share = (uint32_t)a[4],
		.options = (uint32_t)a[5],
	};

	return open_by_name(a[2], &rq, a[0], a[3]);
}

ntstatus nt_sys_NtDeleteFile(const uint64_t *a)
{
	struct open_request rq = {
		.access = ACCESS_DELETE,
		.disposition = FILE_OPEN,
		.share = SHARE_READ | SHARE_WRITE | SHARE_DELETE,
		.options = FILE_DELETE_ON_CLOSE | FILE_OPEN_REPARSE_POINT,
	};
	struct nt_attributes name;
	struct file *f;
	uint64_t result;
	ntstatus status = nt_attributes_in(a[0], &name);

	if (status)
		return status;
	status = nt_path(&name, &rq.start, &rq.path);
	if (!status)
		status = open_or_create(&rq, &f, &result);
	if (!status)
		file_put(f);
	kfree(rq.path);
	inode_put(rq.start);
	nt_attributes_free(&name);
	return status;
}
