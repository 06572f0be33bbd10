/* kernel/compat/src/linux/sysv_sem_calls.c: System V semaphores. */
#include <linux/sem.h>
#include <mm/heap.h>

#include "sysv.h"

int64_t linux_sys_semget(const uint64_t a[6])
{
	return (int)a[1] < 0 ? -EINVAL : sysv_sem_get((uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2]);
}

static int64_t operate(int id, uint64_t user_ops, uint64_t nops, uint64_t deadline_ns)
{
	struct sembuf few[8], *ops = few;
	int64_t ret;

	if (!nops || id < 0)
		return -EINVAL;
	if (nops > SYSV_SEM_OPS)
		return -E2BIG;
	if (nops > ARRAY_SIZE(few))
		ops = kmalloc(nops * sizeof(*ops), HEAP_NOZERO);
	if (!ops)
		return -ENOMEM;
	ret = copy_from_user(ops, user_ptr(user_ops), nops * sizeof(*ops)) ? -EFAULT :
	      sysv_sem_operate(id, ops, (uint32_t)nops, deadline_ns);
	if (ops != few)
		kfree(ops);
	return ret;
}

int64_t linux_sys_semop(const uint64_t a[6])
{
	return operate((int)a[0], a[1], (uint32_t)a[2], 0);
}

int64_t linux_sys_semtimedop(const uint64_t a[6])
{
	uint64_t timeout_ns;
	int err;

	if (!a[3])
		return linux_sys_semop(a);
	err = linux_timespec_in(a[3], &timeout_ns);
	return err ? err : operate((int)a[0], a[1], (uint32_t)a[2], linux_deadline_after(timeout_ns));
}

/* ---- control ---- */

static int64_t stat_out(struct sysv_which which, uint64_t user)
{
	struct semid64_ds out = { 0 };
	struct sysv_sem_info info;
	int64_t ret = sysv_sem_stat(which, &info);

	if (ret < 0)
		return ret;
	out.sem_perm = linux_sysv_permission(&info.permission);
	out.sem_otime = info.operated_sec;
	out.sem_ctime = info.changed_sec;
	out.sem_nsems = info.nsems;
	return linux_sysv_out(user, &out, sizeof(out), which.by_index ? ret : 0);
}

static int64_t limits_out(bool with_use, uint64_t user)
{
	struct seminfo out = {
		.semmap = SEMMAP, .semmni = SYSV_SEM_MAX_IDS, .semmns = SEMMNS, .semmnu = SEMMNU, .semmsl = SYSV_SEM_PER_SET,
		.semopm = SYSV_SEM_OPS, .semume = SEMUME, .semusz = SEMUSZ, .semvmx = SYSV_SEM_MAX_VALUE, .semaem = SEMAEM,
	};
	struct sysv_totals totals;

	sysv_sem_totals(&totals);
	if (with_use) {
		out.semusz = (int)totals.used_ids;
		out.semaem = (int)totals.units;
	}
	return linux_sysv_out(user, &out, sizeof(out), totals.highest_index);
}

static int64_t set(int id, uint64_t user)
{
	struct semid64_ds in;

	if (copy_from_user(&in, user_ptr(user), sizeof(in)))
		return -EFAULT;
	return sysv_sem_set(id, in.sem_perm.uid, in.sem_perm.gid, in.sem_perm.mode);
}

static int64_t read_one(int id, uint32_t index, uint32_t command)
{
	struct sysv_sem sem;
	int err = sysv_sem_read(id, index, &sem);

	if (err)
		return err;
	switch (command) {
	case GETVAL:
		return sem.value;
	case GETPID:
		return sem.pid;
	case GETNCNT:
		return sem.waits_for_more;
	default:
		return sem.waits_for_zero;
	}
}

static int64_t read_all(int id, uint16_t *values, uint32_t room, uint64_t user)
{
	uint32_t nsems = room;
	int err = sysv_sem_read_all(id, values, &nsems);

	if (!err && nsems > room)
		err = -EIDRM;	/* not the set whose size was asked */
	return err ? err : linux_sysv_out(user, values, nsems * sizeof(*values), 0);
}

static int64_t write_all(int id, uint16_t *values, uint32_t nsems, uint64_t user)
{
	if (copy_from_user(values, user_ptr(user), nsems * sizeof(*values)))
		return -EFAULT;
	return sysv_sem_write_all(id, values, nsems);
}

/* GETALL and SETALL: as many values as the set has. */
static int64_t all_values(int id, bool is_write, uint64_t user)
{
	struct sysv_sem_info info;
	uint16_t *values;
	int64_t ret = sysv_sem_stat((struct sysv_which){ .id = id, .unchecked = true }, &info);

	if (ret < 0)
		return ret;
	values = kmalloc(info.nsems * sizeof(*values), 0);
	if (!values)
		return -ENOMEM;
	ret = is_write ? write_all(id, values, info.nsems, user) : read_all(id, values, info.nsems, user);
	kfree(values);
	return ret;
}

int64_t linux_sys_semctl(const uint64_t a[6])
{
	int id = (int)a[0];
	uint32_t command = (uint32_t)a[2];

	if (id < 0)
		return -EINVAL;
	switch (command) {
	case IPC_RMID:
		return sysv_sem_remove(id);
	case IPC_SET:
		return set(id, a[3]);
	case IPC_STAT:
		return stat_out((struct sysv_which){ .id = id }, a[3]);
	case SEM_STAT:
		return stat_out((struct sysv_which){ .id = id, .by_index = true }, a[3]);
	case SEM_STAT_ANY:
		return stat_out((struct sysv_which){ .id = id, .by_index = true, .unchecked = true }, a[3]);
	case IPC_INFO:
		return limits_out(false, a[3]);
	case SEM_INFO:
		return limits_out(true, a[3]);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return read_one(id, (uint32_t)a[1], command);
	case SETVAL:
		return sysv_sem_write(id, (uint32_t)a[1], (int)a[3]);
	case GETALL:
		return all_values(id, false, a[3]);
	case SETALL:
		return all_values(id, true, a[3]);
	default:
		return -EINVAL;
	}
}
