/* kernel/io-manager/src/sysv_ids.h: what the three kinds of System V objects have in common.
 *
 * Locking: ids->lock (SYSV, sleeping) guards the table and all that is in its objects. */
#ifndef IO_SYSV_IDS_H
#define IO_SYSV_IDS_H

#include <errno.h>
#include <io/sysv.h>
#include <linux/capability.h>
#include <linux/ipc.h>
#include <mm/heap.h>
#include <ps/process.h>

#define SYSV_ROW 1024u

/* The head of each object. */
struct sysv_entry {
	struct sysv_permission permission;
	uint32_t index;
	int64_t changed_sec;
};

struct sysv_ids {
	struct mutex lock;
	uint32_t max;
	/* A new object of @size; its permission, index and time are filled in by the caller of this. */
	int (*create)(uint64_t size, struct sysv_entry **out);
	/* An existing one is asked for with @size. Returns: 0 or -EINVAL. */
	int (*check_size)(const struct sysv_entry *e, uint64_t size);
	struct sysv_entry **rows[SYSV_MAX_IDS / SYSV_ROW];
	uint32_t end;		/* places from here on were never used */
	uint32_t used, next_seq;
};
#define SYSV_IDS(name, limit, create_fn, check_fn) \
	static struct sysv_ids name = { \
		.lock = { .class = LOCK_SYSV, \
			.wait = { .lock = SPINLOCK_INIT(WAIT_QUEUE), .waiters = LIST_INIT(name.lock.wait.waiters) } }, \
		.max = limit, .create = create_fn, .check_size = check_fn, \
	}

static inline bool sysv_is_destroyed(const struct sysv_entry *e) { return e->permission.mode & SYSV_DESTROYED; }
int64_t sysv_now_sec(void);
int sysv_check_mode(const struct sysv_entry *e, unsigned want);
int sysv_check_owner(const struct sysv_entry *e);

/* The object at @index, or NULL. The lock is held, here and below. */
struct sysv_entry *sysv_at(const struct sysv_ids *ids, uint32_t index);
int sysv_id_of(const struct sysv_entry *e);
/* -EINVAL, -EIDRM */
int sysv_find(const struct sysv_ids *ids, int id, struct sysv_entry **out);
/* The same, and the caller may use it as @want. */
int sysv_find_for(const struct sysv_ids *ids, int id, unsigned want, struct sysv_entry **out);
/* The same, as stat has it. Returns: the id. */
int64_t sysv_find_which(const struct sysv_ids *ids, struct sysv_which which, struct sysv_entry **out);
/* IPC_SET's common part. */
int sysv_set(const struct sysv_ids *ids, int id, uint32_t uid, uint32_t gid, uint32_t mode, struct sysv_entry **out);
void sysv_take_out(struct sysv_ids *ids, const struct sysv_entry *e);
void sysv_count_ids(const struct sysv_ids *ids, struct sysv_totals *out);

/* shmget, semget, msgget. Takes the lock. */
int64_t sysv_get(struct sysv_ids *ids, uint32_t key, uint64_t size, uint32_t flags);

#endif
