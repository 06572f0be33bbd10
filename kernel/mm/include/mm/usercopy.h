/* kernel/mm/include/mm/usercopy.h: the only way to user memory.
 *
 * All may fault pages in and sleep, so no spinlock, and no lock of an inode,
 * object or page, is held. They act on the current thread's space; addresses
 * at or above USER_TOP give -EFAULT.
 */
#ifndef MM_USERCOPY_H
#define MM_USERCOPY_H

#include <nucleus/compiler.h>

int copy_from_user(void *dst, const void __user *src, size_t n) __must_check;	/* 0 or -EFAULT */
int copy_to_user(void __user *dst, const void *src, size_t n) __must_check;
/* Bytes copied before the first that could not be; for partial reads and writes. */
size_t copy_from_user_partial(void *dst, const void __user *src, size_t n);
size_t copy_to_user_partial(void __user *dst, const void *src, size_t n);
int clear_user(void __user *dst, size_t n) __must_check;
/* Copies at most @size bytes with the NUL. Returns the length without it; -EFAULT;
 * -ENAMETOOLONG when no NUL came within @size. */
int64_t strncpy_from_user(char *dst, const char __user *src, size_t size) __must_check;
/* Faults off: fails instead of sleeping; for use under locks after a prefault. */
int copy_from_user_nofault(void *dst, const void __user *src, size_t n) __must_check;
int copy_to_user_nofault(void __user *dst, const void *src, size_t n) __must_check;
/* Atomic 32-bit operations on a user word, faults off: 0, -EFAULT. */
int user_cmpxchg32_nofault(uint32_t __user *p, uint32_t *expected, uint32_t desired) __must_check;

#define get_user(value, ptr) copy_from_user(&(value), (ptr), sizeof(value))
#define put_user(value, ptr) ({ __typeof__(*(ptr)) v_ = (value); copy_to_user((ptr), &v_, sizeof(v_)); })

#endif
