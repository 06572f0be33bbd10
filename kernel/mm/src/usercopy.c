/* kernel/mm/src/usercopy.c: user memory, checked and annotated. */
#include <errno.h>

#include <lowlevel/cpu.h>
#include <mm/frame.h>
#include <mm/usercopy.h>

#include "usercopy.h"

uint8_t usercopy_has_smap;

void usercopy_init_cpu(void)
{
	usercopy_has_smap = (read_cr4() & CR4_SMAP) != 0;
}

static bool is_user(const void __user *p, size_t n)
{
	uint64_t start = (uint64_t)(uintptr_t)p;

	return n <= USER_TOP && start <= USER_TOP - n;
}

/* What of [p, p + n) lies below the end of user memory. */
static size_t user_part(const void __user *p, size_t n)
{
	uint64_t start = (uint64_t)(uintptr_t)p;

	return start >= USER_TOP ? 0 : MIN(n, USER_TOP - start);
}

int copy_from_user(void *dst, const void __user *src, size_t n)
{
	if (!is_user(src, n) || usercopy_copy(dst, (const void __force *)src, n))
		return -EFAULT;
	return 0;
}

int copy_to_user(void __user *dst, const void *src, size_t n)
{
	if (!is_user(dst, n) || usercopy_copy((void __force *)dst, src, n))
		return -EFAULT;
	return 0;
}

size_t copy_from_user_partial(void *dst, const void __user *src, size_t n)
{
	size_t part = user_part(src, n);

	return part - usercopy_copy(dst, (const void __force *)src, part);
}

size_t copy_to_user_partial(void __user *dst, const void *src, size_t n)
{
	size_t part = user_part(dst, n);

	return part - usercopy_copy((void __force *)dst, src, part);
}

int clear_user(void __user *dst, size_t n)
{
	if (!is_user(dst, n) || usercopy_clear((void __force *)dst, n))
		return -EFAULT;
	return 0;
}

int64_t strncpy_from_user(char *dst, const char __user *src, size_t size)
{
	size_t part = user_part(src, size);
	int64_t len;

	if (!part)
		return size ? -EFAULT : -ENAMETOOLONG;
	len = usercopy_string(dst, (const char __force *)src, part);
	if (len < 0)
		return -EFAULT;
	if ((size_t)len < part)
		return len;
	return part < size ? -EFAULT : -ENAMETOOLONG;
}

int copy_from_user_nofault(void *dst, const void __user *src, size_t n)
{
	if (!is_user(src, n) || usercopy_copy_nofault(dst, (const void __force *)src, n))
		return -EFAULT;
	return 0;
}

int copy_to_user_nofault(void __user *dst, const void *src, size_t n)
{
	if (!is_user(dst, n) || usercopy_copy_nofault((void __force *)dst, src, n))
		return -EFAULT;
	return 0;
}

int user_cmpxchg32_nofault(uint32_t __user *p, uint32_t *expected, uint32_t desired)
{
	if (!is_user(p, sizeof(*p)) || ((uintptr_t)p & 3) ||
	    usercopy_cmpxchg32_nofault((uint32_t __force *)p, expected, desired))
		return -EFAULT;
	return 0;
}
