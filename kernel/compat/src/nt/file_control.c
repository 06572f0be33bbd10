/* kernel/compat/src/nt/file_control.c: NtFsControlFile on files ([MS-FSCC] 2.3). */
#include <mm/heap.h>
#include <string.h>

#include "named_pipe.h"

#define DEVICE_NAMED_PIPE 0x11u	/* FILE_DEVICE_NAMED_PIPE: the upper half of its codes */
#define FSCTL_GET_REPARSE_POINT 0x000900a8u
#define REPARSE_TAG_SYMLINK 0xa000000cu
#define SYMLINK_IS_RELATIVE 1u

/* [MS-FSCC] 2.1.2.4 */
struct reparse {
	uint32_t tag;
	uint16_t bytes, reserved;
	uint16_t real_at, real_bytes, shown_at, shown_bytes;
	uint32_t flags;
};
#define REPARSE_HEAD 8u		/* what `bytes` does not count */

static uint16_t *target_of(struct inode *i, uint32_t *nchars)
{
	char *text = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	int64_t n = text ? inode_readlink(i, text, VFS_PATH_MAX) : -ENOMEM;
	uint16_t *chars = n >= 0 ? kmalloc(((uint64_t)n + 1) * 2, HEAP_NOZERO) : NULL;

	if (chars) {
		*nchars = nt_utf16(text, (size_t)n, chars, (uint32_t)n);
		for (uint32_t c = 0; c < *nchars; c++)
			chars[c] = chars[c] == '/' ? '\\' : chars[c];
	}
	kfree(text);
	return chars;
}

static ntstatus get_reparse_point(struct file *f, uint64_t out, uint32_t cap, uint64_t *done)
{
	uint16_t *target;
	uint32_t nchars, bytes;
	struct reparse r;
	ntstatus status;

	if (!f->inode || !inode_is_symlink(f->inode))
		return STATUS_NOT_A_REPARSE_POINT;
	target = target_of(f->inode, &nchars);
	if (!target)
		return STATUS_NO_MEMORY;
	bytes = nchars * 2;
	r = (struct reparse){ REPARSE_TAG_SYMLINK, (uint16_t)(sizeof(r) - REPARSE_HEAD + 2 * bytes), 0, 0, (uint16_t)bytes,
		(uint16_t)bytes, (uint16_t)bytes, nchars && target[0] == '\\' ? 0 : SYMLINK_IS_RELATIVE };
	if (cap < sizeof(r) + 2 * bytes)
		status = STATUS_BUFFER_TOO_SMALL;
	else
		status = nt_put(out, &r, sizeof(r));
	if (!status)
		status = nt_put(out + sizeof(r), target, bytes);
	if (!status)
		status = nt_put(out + sizeof(r) + bytes, target, bytes);
	kfree(target);
	if (!status)
		*done = sizeof(r) + 2 * bytes;
	return status;
}

ntstatus nt_sys_NtFsControlFile(const uint64_t *a)
{
	const struct nt_completion c = { a[1], a[2], a[3], a[4] };
	struct object *obj;
	uint64_t done = 0;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_FILE, 0, &obj);

	if (status)
		return status;
	if ((uint32_t)a[5] >> 16 == DEVICE_NAMED_PIPE) {
		status = nt_pipe_control(file_from_object(obj), &c, a);
		object_put(obj);
		return status;
	}
	status = nt_completion_begin(&c, file_from_object(obj));
	if (!status) {
		if ((uint32_t)a[5] == FSCTL_GET_REPARSE_POINT)
			status = get_reparse_point(file_from_object(obj), a[8], (uint32_t)a[9], &done);
		else
			status = STATUS_INVALID_DEVICE_REQUEST;
		if (nt_success(status))
			status = nt_complete(&c, file_from_object(obj), status, done);
	}
	object_put(obj);
	return status;
}
