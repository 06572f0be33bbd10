/* kernel/compat/src/linux/sysv_shm_calls.c: System V shared memory. */
#include <linux/shm.h>
#include <mm/space.h>

#include "sysv.h"

#define NO_LIMIT (~0ul - (1ul << 24))	/* as Linux has SHMMAX and SHMALL */

int64_t linux_sys_shmget(const uint64_t a[6])
{
	return sysv_shm_get((uint32_t)a[0], a[1], (uint32_t)a[2]);
}

/* ---- attaching ---- */

static int place_of(uint64_t address, uint32_t flags, struct mm_map_request *rq)
{
	if (!address)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (address & (PAGE_SIZE - 1)) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		address = ALIGN_DOWN(address, PAGE_SIZE);
		if (!address && (flags & SHM_REMAP))
			return -EINVAL;
	}
	rq->address = address;
	rq->map_flags = MM_MAP_FIXED | (flags & SHM_REMAP ? 0 : MM_MAP_NOREPLACE);
	return 0;
}

int64_t linux_sys_shmat(const uint64_t a[6])
{
	uint32_t flags = (uint32_t)a[2];
	struct mm_map_request rq = { .prot = MM_READ, .area_flags = MM_AREA_SHARED };
	struct file *f;
	int64_t at;

	if ((int)a[0] < 0)
		return -EINVAL;
	at = place_of(a[1], flags, &rq);
	if (at)
		return at;
	rq.prot |= (flags & SHM_RDONLY ? 0 : MM_WRITE) | (flags & SHM_EXEC ? MM_EXEC : 0);
	rq.max_prot = rq.prot | MM_EXEC;
	at = sysv_shm_open((int)a[0], 4 | (flags & SHM_RDONLY ? 0 : 2) | (flags & SHM_EXEC ? 1 : 0), &f);
	if (at)
		return at;
	rq.object = sysv_shm_object(f);
	rq.bytes = rq.object->size_bytes;
	rq.file = f;
	at = mm_map(ps_current()->space, &rq);
	if (at >= 0)
		sysv_shm_attached(f);
	file_put(f);
	return at == -EEXIST ? -EINVAL : at;
}

/* The areas of the segment that was attached at @address; some of it may be gone already. */
int64_t linux_sys_shmdt(const uint64_t a[6])
{
	struct mm_space *s = ps_current()->space;
	struct mm_area_info area;
	struct file *f = NULL;

	if (a[0] & (PAGE_SIZE - 1))
		return -EINVAL;
	for (uint64_t at = a[0]; mm_area_next(s, at, &area); at = area.end) {
		struct file *here = area.file;
		bool is_part = here && file_is_sysv_shm(here) && area.start - area.offset == a[0] && (!f || f == here);

		if (is_part) {
			mm_unmap(s, area.start, area.end - area.start);
			if (!f) {
				f = here;
				file_get(f);
			}
		}
		file_put(here);
		if (f && area.start - a[0] > sysv_shm_object(f)->size_bytes)
			break;
	}
	if (!f)
		return -EINVAL;
	sysv_shm_detached(f);
	file_put(f);
	return 0;
}

/* ---- control ---- */

static int64_t stat_out(struct sysv_which which, uint64_t user)
{
	struct shmid64_ds out = { 0 };
	struct sysv_shm_info info;
	int64_t ret = sysv_shm_stat(which, &info);

	if (ret < 0)
		return ret;
	out.shm_perm = linux_sysv_permission(&info.permission);
	out.shm_segsz = info.bytes;
	out.shm_atime = info.attached_sec;
	out.shm_dtime = info.detached_sec;
	out.shm_ctime = info.changed_sec;
	out.shm_cpid = (int)info.creator_pid;
	out.shm_lpid = (int)info.last_pid;
	out.shm_nattch = info.nattached;
	return linux_sysv_out(user, &out, sizeof(out), which.by_index ? ret : 0);
}

static int64_t limits_out(uint64_t user)
{
	const struct shminfo64 out = {
		.shmmax = NO_LIMIT, .shmmin = 1, .shmmni = SYSV_SHM_MAX_IDS, .shmseg = SYSV_SHM_MAX_IDS, .shmall = NO_LIMIT,
	};
	struct sysv_totals totals;

	sysv_shm_totals(&totals);
	return linux_sysv_out(user, &out, sizeof(out), totals.highest_index);
}

static int64_t totals_out(uint64_t user)
{
	struct sysv_totals totals;
	struct shm_info out = { 0 };

	sysv_shm_totals(&totals);
	out.used_ids = (int)totals.used_ids;
	out.shm_tot = totals.units;
	out.shm_rss = totals.resident_pages;
	return linux_sysv_out(user, &out, sizeof(out), totals.highest_index);
}

static int64_t set(int id, uint64_t user)
{
	struct shmid64_ds in;

	if (copy_from_user(&in, user_ptr(user), sizeof(in)))
		return -EFAULT;
	return sysv_shm_set(id, in.shm_perm.uid, in.shm_perm.gid, in.shm_perm.mode);
}

int64_t linux_sys_shmctl(const uint64_t a[6])
{
	int id = (int)a[0];

	if (id < 0 || (int)a[1] < 0)
		return -EINVAL;
	switch ((uint32_t)a[1]) {
	case IPC_RMID:
		return sysv_shm_remove(id);
	case IPC_SET:
		return set(id, a[2]);
	case IPC_STAT:
		return stat_out((struct sysv_which){ .id = id }, a[2]);
	case SHM_STAT:
		return stat_out((struct sysv_which){ .id = id, .by_index = true }, a[2]);
	case SHM_STAT_ANY:
		return stat_out((struct sysv_which){ .id = id, .by_index = true, .unchecked = true }, a[2]);
	case IPC_INFO:
		return limits_out(a[2]);
	case SHM_INFO:
		return totals_out(a[2]);
	default:
		return -EINVAL;
	}
}
