/* kernel/compat/src/linux/handle_calls.c: handles of files, which no filesystem here can give.
 *
 * A handle would have to find its file again after everything forgot it; vfsd's nodes
 * are gone when nobody holds them. So both calls check what they are given, and refuse.
 */
#include <linux/capability.h>

#include "files.h"

#define HANDLE_BYTES_MAX 128u	/* man 2 name_to_handle_at, MAX_HANDLE_SZ */

int64_t linux_sys_name_to_handle_at(const uint64_t a[6])
{
	uint32_t flags = (uint32_t)a[4];
	struct walk_result r;
	struct linux_at at;
	int err;

	if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = linux_at_begin(&at, (int)a[0], a[1], flags & AT_EMPTY_PATH);
	if (err)
		return err;
	err = walk_path(at.start, at.path.text,
			(flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0), &r);
	walk_result_put(&r);
	linux_at_end(&at);
	return err ? err : -EOPNOTSUPP;
}

int64_t linux_sys_open_by_handle_at(const uint64_t a[6])
{
	uint32_t bytes;

	if (copy_from_user(&bytes, user_ptr(a[1]), sizeof(bytes)))
		return -EFAULT;
	if (!bytes || bytes > HANDLE_BYTES_MAX)
		return -EINVAL;
	return ps_capable(CAP_DAC_READ_SEARCH) ? -EOPNOTSUPP : -EPERM;
}
