/* kernel/compat/src/linux/memory.c: address space calls: mmap(2) and its relatives.
 *
 * The envelope's limits are in the space; mm checks them where the space is locked.
 */
#include <io/inode.h>
#include <linux/mman.h>
#include <mm/space.h>
#include <mm/usercopy.h>
#include <compat/linux.h>

#define PROT_KNOWN (PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP)
#define MAP_TYPE_MASK 0xfu
#define LEGACY_FLAGS (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | \
	MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT | \
	MAP_FIXED_NOREPLACE | MAP_UNINITIALIZED | MAP_HUGE_MASK << MAP_HUGE_SHIFT)
#define MLOCK_ONFAULT_FLAG 1u
#define RESIDENT_CHUNK 512u

static struct mm_space *space(void)
{
	return ps_current()->space;
}

static uint32_t prot_bits(uint64_t prot)
{
	return (prot & PROT_READ ? MM_READ : 0) | (prot & PROT_WRITE ? MM_WRITE : 0) | (prot & PROT_EXEC ? MM_EXEC : 0);
}

static uint32_t area_flags(uint64_t flags)
{
	return ((flags & MAP_TYPE_MASK) != MAP_PRIVATE ? MM_AREA_SHARED : 0) |
	       (flags & MAP_GROWSDOWN ? MM_AREA_GROWSDOWN : 0) | (flags & MAP_NORESERVE ? MM_AREA_NORESERVE : 0) |
	       (flags & MAP_LOCKED ? MM_AREA_LOCKED : 0);
}

static uint32_t map_flags(uint64_t flags)
{
	return (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? MM_MAP_FIXED : 0) |
	       (flags & MAP_FIXED_NOREPLACE ? MM_MAP_NOREPLACE : 0) |
	       (flags & (MAP_POPULATE | MAP_LOCKED) ? MM_MAP_POPULATE : 0) | (flags & MAP_32BIT ? MM_MAP_LOW32 : 0);
}

/* The object behind a descriptor, and what mprotect may later allow. */
static int map_file(int fd, struct mm_map_request *rq, struct file **out)
{
	bool is_shared = rq->area_flags & MM_AREA_SHARED;
	struct object *obj;
	struct file *f;
	int err = handle_lookup(ps_current()->handles, fd, OBJECT_FILE, 0, &obj);

	if (err)
		return err;
	f = file_from_object(obj);
	rq->max_prot = MM_READ | MM_WRITE | MM_EXEC;
	if (!(f->access & RIGHT_READ))
		err = -EACCES;
	else if (is_shared && !(f->access & RIGHT_WRITE))
		rq->max_prot &= ~MM_WRITE;
	if (!err && (rq->prot & ~rq->max_prot))
		err = -EACCES;
	if (!err)
		err = f->ops->map ? f->ops->map(f, rq->prot, is_shared, &rq->object) : -ENODEV;
	if (!err && is_shared && f->inode && inode_is_sealed_against_writes(f->inode))
		rq->max_prot &= ~MM_WRITE;
	if (err) {
		file_put(f);
		return err;
	}
	rq->file = f;
	*out = f;
	return 0;
}

static int check_flags(uint64_t flags)
{
	switch (flags & MAP_TYPE_MASK) {
	case MAP_SHARED:
	case MAP_PRIVATE:
		break;
	case MAP_SHARED_VALIDATE:
		if (flags & ~(uint64_t)(LEGACY_FLAGS | MAP_TYPE_MASK))
			return -EOPNOTSUPP;
		break;
	default:
		return -EINVAL;
	}
	return flags & MAP_HUGETLB ? -ENOMEM : 0;	/* there is no pool of huge pages */
}

int64_t linux_sys_mmap(const uint64_t a[6])
{
	uint64_t flags = a[3];
	struct mm_map_request rq = {
		.address = a[0], .bytes = a[1], .prot = prot_bits(a[2]), .max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.object_offset = a[5],
	};
	struct file *f = NULL;
	int64_t ret;

	if (a[5] & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		struct object *obj;

		/* a bad descriptor comes before a bad length */
		ret = handle_lookup(ps_current()->handles, (int)a[4], OBJECT_FILE, 0, &obj);
		if (ret)
			return ret;
		object_put(obj);
	}
	if (!a[1])
		return -EINVAL;
	if (a[1] > USER_TOP)
		return -ENOMEM;
	if (a[5] + a[1] < a[5])
		return -EOVERFLOW;
	ret = check_flags(flags);
	if (ret)
		return ret;
	rq.area_flags = area_flags(flags);
	rq.map_flags = map_flags(flags);
	if (flags & MAP_ANONYMOUS) {
		rq.object_offset = 0;
		if (rq.area_flags & MM_AREA_SHARED)
			ret = mm_object_create(ALIGN_UP(a[1], PAGE_SIZE), MM_OBJECT_SHMEM, &rq.object);
	} else {
		ret = map_file((int)a[4], &rq, &f);
	}
	if (ret)
		return ret;
	ret = mm_map(space(), &rq);
	mm_object_put(rq.object);
	file_put(f);
	return ret;
}

int64_t linux_sys_munmap(const uint64_t a[6])
{
	if ((a[0] & (PAGE_SIZE - 1)) || !a[1] || a[0] > USER_TOP || a[1] > USER_TOP - a[0])
		return -EINVAL;
	return mm_unmap(space(), a[0], a[1]);
}

int64_t linux_sys_mprotect(const uint64_t a[6])
{
	if ((a[0] & (PAGE_SIZE - 1)) || (a[2] & ~(uint64_t)PROT_KNOWN) ||
	    (a[2] & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (!a[1])
		return 0;
	if (a[0] > USER_TOP || a[1] > USER_TOP - a[0])
		return -ENOMEM;
	return mm_protect(space(), a[0], a[1], prot_bits(a[2]));
}

int64_t linux_sys_mremap(const uint64_t a[6])
{
	return mm_remap(space(), a[0], a[1], a[2], (uint32_t)a[3], a[4]);
}

int64_t linux_sys_brk(const uint64_t a[6])
{
	return (int64_t)mm_brk(space(), a[0]);
}

int64_t linux_sys_madvise(const uint64_t a[6])
{
	return mm_advise(space(), a[0], a[1], (int)a[2]);
}

int64_t linux_sys_msync(const uint64_t a[6])
{
	if ((a[2] & ~(uint64_t)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (a[0] & (PAGE_SIZE - 1)) ||
	    (a[2] & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (!a[1])
		return 0;
	if (a[0] > USER_TOP || a[1] > USER_TOP - a[0])
		return -ENOMEM;
	return mm_sync_range(space(), a[0], ALIGN_UP(a[1], PAGE_SIZE), (int)a[2]);
}

int64_t linux_sys_mincore(const uint64_t a[6])
{
	uint64_t npages = (a[1] + PAGE_SIZE - 1) / PAGE_SIZE;
	uint8_t vec[RESIDENT_CHUNK];
	int err;

	if (a[0] & (PAGE_SIZE - 1))
		return -EINVAL;
	if (a[0] > USER_TOP || a[1] > USER_TOP - a[0])
		return -ENOMEM;
	for (uint64_t done = 0; done < npages; ) {
		uint64_t n = MIN(npages - done, RESIDENT_CHUNK);

		err = mm_resident(space(), a[0] + done * PAGE_SIZE, n * PAGE_SIZE, vec);
		if (err)
			return err;
		if (copy_to_user((uint8_t __user *)user_ptr(a[2]) + done, vec, n))
			return -EFAULT;
		done += n;
	}
	return 0;
}

/* Round to whole pages. Returns: 0; -EINVAL for an overflow. */
static int page_range(uint64_t address, uint64_t bytes, uint64_t *start, uint64_t *len)
{
	*start = ALIGN_DOWN(address, PAGE_SIZE);
	if (address + bytes < address)
		return -EINVAL;
	*len = ALIGN_UP(address + bytes, PAGE_SIZE) - *start;
	return *start > USER_TOP || *len > USER_TOP - *start ? -ENOMEM : 0;
}

static int64_t lock_range(uint64_t address, uint64_t bytes, bool lock)
{
	uint64_t start, len;
	int err = page_range(address, bytes, &start, &len);

	if (err || !len)
		return err;
	return mm_lock_range(space(), start, len, lock);
}

int64_t linux_sys_mlock(const uint64_t a[6])
{
	return lock_range(a[0], a[1], true);
}

int64_t linux_sys_mlock2(const uint64_t a[6])
{
	if (a[2] & ~(uint64_t)MLOCK_ONFAULT_FLAG)
		return -EINVAL;
	return lock_range(a[0], a[1], true);
}

int64_t linux_sys_munlock(const uint64_t a[6])
{
	return lock_range(a[0], a[1], false);
}

static int64_t lock_everything(bool lock)
{
	struct mm_area_info area;
	int64_t err = 0;

	for (uint64_t at = 0; !err && mm_area_next(space(), at, &area); at = area.end) {
		if (area.file)
			mm_area_ops.file_put(area.file);
		err = mm_lock_range(space(), area.start, area.end - area.start, lock);
	}
	return err;
}

int64_t linux_sys_mlockall(const uint64_t a[6])
{
	if (!a[0] || (a[0] & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || a[0] == MCL_ONFAULT)
		return -EINVAL;
	if (a[0] & MCL_FUTURE)
		return -ENOSYS;	/* areas to come are not locked */
	return lock_everything(true);
}

int64_t linux_sys_munlockall(const uint64_t a[6])
{
	return lock_everything(false);
}
