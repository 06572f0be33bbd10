/* kernel/io-manager/src/seals.c: promises about a file in memory that nobody can take back (man 2 fcntl, F_ADD_SEALS).
 *
 * Seals change under the inode's lock, which writes and truncations hold when they look.
 * A mapping is looked at where it enters the object (MM_OBJECT_SEALED_WRITE).
 */
#include <errno.h>

#include <linux/fcntl.h>

#include "vfs_private.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static bool has_seals(const struct file *f)
{
	return f->inode && inode_is_kernel_data(f->inode);
}

/* Files that were not made for it are sealed against seals. */
static uint32_t seals_of(const struct inode *i)
{
	return atomic_load(&i->seals) | (i->may_be_sealed ? 0 : F_SEAL_SEAL);
}

int file_get_seals(const struct file *f)
{
	return has_seals(f) ? (int)seals_of(f->inode) : -EINVAL;
}

static int add_locked(struct inode *i, uint32_t seals)
{
	uint32_t old = seals_of(i);
	int err = 0;

	if (old & F_SEAL_SEAL)
		return -EPERM;
	if ((seals & F_SEAL_WRITE) && !(old & F_SEAL_WRITE))
		err = mm_object_seal_writes(&i->object);
	if (!err)
		atomic_store(&i->seals, old | seals);
	return err;
}

int file_add_seals(struct file *f, uint32_t seals)
{
	int err;

	if (!(f->access & RIGHT_WRITE))
		return -EPERM;
	if ((seals & ~(uint32_t)ALL_SEALS) || !has_seals(f))
		return -EINVAL;
	mutex_lock(&f->inode->lock);
	err = add_locked(f->inode, seals);
	mutex_unlock(&f->inode->lock);
	return err;
}

int inode_check_seals(const struct inode *i, uint64_t old_size, uint64_t new_size)
{
	uint32_t seals = atomic_load(&i->seals);

	if ((new_size < old_size && (seals & F_SEAL_SHRINK)) || (new_size > old_size && (seals & F_SEAL_GROW)))
		return -EPERM;
	return 0;
}

bool inode_is_sealed_against_writes(const struct inode *i)
{
	return atomic_load(&i->seals) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}
