/* kernel/compat/src/linux/memfd_calls.c: files in memory without a name. */
#include <linux/memfd.h>

#include "files.h"

#define LABEL_MAX 249	/* man 2 memfd_create */
#define PREFIX "/memfd:"

int64_t linux_sys_memfd_create(const uint64_t a[6])
{
	char label[sizeof(PREFIX) + LABEL_MAX] = PREFIX;
	uint32_t flags = (uint32_t)a[1];
	struct file *f;
	int64_t len;
	int err;

	/* Huge pages: there is no filesystem of them. */
	if (flags & MFD_HUGETLB)
		return flags & ~(uint32_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | (unsigned)MFD_HUGE_MASK << MFD_HUGE_SHIFT) ?
		       -EINVAL : -ENOSYS;
	if (flags & ~(uint32_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	len = strncpy_from_user(label + sizeof(PREFIX) - 1, user_ptr(a[0]), LABEL_MAX + 1);
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	err = memory_file_create(label, flags & MFD_ALLOW_SEALING, &f);
	return err ? err : linux_install(f, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
