/* kernel/io-manager/include/io/sysv.h: System V shared memory, semaphores, message queues (man 7 sysvipc).
 *
 * A segment is one memory object behind one file; each attachment is an area that refers
 * to the file, so that fork, exec and exit count themselves. A removed segment goes with
 * its last attachment. Semaphores and queues go at once, and whoever waits gets -EIDRM.
 *
 * Errors of all that take an id: -EINVAL: there is none; -EIDRM: it is another by now or goes while
 * the caller waits; -EACCES by its mode; of set and remove -EPERM: another's.
 *
 * Context: process, no locks; may sleep.
 */
#ifndef IO_SYSV_H
#define IO_SYSV_H

#include <io/file.h>
#include <linux/sem.h>

struct process;

#define SYSV_DESTROYED 01000u	/* in `mode`: removed, and still attached somewhere */
#define SYSV_MAX_IDS 32768u	/* of each kind */
#define SYSV_SHM_MAX_IDS 4096u
#define SYSV_SEM_MAX_IDS 32000u
#define SYSV_SEM_PER_SET 32000u
#define SYSV_SEM_OPS 500u	/* of one call */
#define SYSV_SEM_MAX_VALUE 32767
#define SYSV_MSG_MAX_IDS 32000u
#define SYSV_MSG_MAX_BYTES 8192u	/* of one message */
#define SYSV_MSG_QUEUE_BYTES 16384u

struct sysv_permission {
	uint32_t key, uid, gid, cuid, cgid, mode, seq;
};

/* Which one: an id, or with by_index a place in the table; unchecked: whatever its mode. */
struct sysv_which { int id; bool by_index, unchecked; };

struct sysv_totals {
	uint32_t used_ids, highest_index;
	uint64_t units, resident_pages;	/* pages; semaphores; messages */
	uint64_t bytes;			/* of messages */
};

/* ---- Shared memory ---- */
struct sysv_shm_info {
	struct sysv_permission permission;
	uint64_t bytes, nattached;
	int64_t attached_sec, detached_sec, changed_sec;
	uint32_t creator_pid, last_pid;
};

/* shmget(2). Returns: the id; -ENOENT -EEXIST -EINVAL -EACCES -ENOSPC -ENOMEM. */
int64_t sysv_shm_get(uint32_t key, uint64_t bytes, uint32_t flags);
/* A reference to the file of segment @id, if the current process may use it as @want (4 r, 2 w, 1 x). */
int sysv_shm_open(int id, unsigned want, struct file **out);
/* The attachment was made: who and when. */
void sysv_shm_attached(struct file *f);
void sysv_shm_detached(struct file *f);
bool file_is_sysv_shm(const struct file *f);
/* The object to map, borrowed. */
struct mm_object *sysv_shm_object(const struct file *f);
/* Returns: the id. */
int64_t sysv_shm_stat(struct sysv_which which, struct sysv_shm_info *out);
void sysv_shm_totals(struct sysv_totals *out);
int sysv_shm_set(int id, uint32_t uid, uint32_t gid, uint32_t mode);
int sysv_shm_remove(int id);

/* ---- Semaphores ---- */
struct sysv_sem_info {
	struct sysv_permission permission;
	uint32_t nsems;
	int64_t operated_sec, changed_sec;
};
struct sysv_sem { uint16_t value; uint16_t waits_for_more, waits_for_zero; uint32_t pid; };

int64_t sysv_sem_get(uint32_t key, uint64_t nsems, uint32_t flags);
/* semtimedop(2): all of @ops at once. @deadline_ns: absolute, 0: none.
 * Returns: 0; also -E2BIG -EFBIG -ERANGE -EAGAIN -EINTR -ENOMEM. */
int sysv_sem_operate(int id, const struct sembuf *ops, uint32_t nops, uint64_t deadline_ns);
int64_t sysv_sem_stat(struct sysv_which which, struct sysv_sem_info *out);
void sysv_sem_totals(struct sysv_totals *out);
int sysv_sem_read(int id, uint32_t index, struct sysv_sem *out);	/* -EINVAL: no such semaphore */
int sysv_sem_write(int id, uint32_t index, int value);			/* -ERANGE */
/* All values. *@nsems: in: room; out: how many there are; if these are more, nothing was copied. */
int sysv_sem_read_all(int id, uint16_t *values, uint32_t *nsems);
int sysv_sem_write_all(int id, const uint16_t *values, uint32_t nsems);
int sysv_sem_set(int id, uint32_t uid, uint32_t gid, uint32_t mode);
int sysv_sem_remove(int id);
/* The process ends: SEM_UNDO. */
void sysv_process_exiting(struct process *p);

/* ---- Message queues ---- */
struct sysv_msg_info {
	struct sysv_permission permission;
	uint64_t bytes, nmessages, max_bytes;
	uint32_t sender_pid, receiver_pid;
	int64_t sent_sec, received_sec, changed_sec;
};
struct sysv_message {
	struct list_node node;
	int64_t type;
	uint64_t len;
	uint8_t bytes[];
};

int64_t sysv_msg_get(uint32_t key, uint32_t flags);
/* A message for @len bytes, or NULL; sysv_message_free() takes it back. */
struct sysv_message *sysv_message_create(uint64_t len);
void sysv_message_free(struct sysv_message *m);
/* msgsnd(2); on success @m belongs to the queue. -EAGAIN -EINTR -EINVAL. */
int sysv_msg_send(int id, struct sysv_message *m, uint32_t flags);
/* msgrcv(2): *@out is the caller's. -E2BIG -ENOMSG -EINTR -EINVAL -ENOMEM. */
int sysv_msg_receive(int id, uint64_t max_len, int64_t type, uint32_t flags, struct sysv_message **out);
int64_t sysv_msg_stat(struct sysv_which which, struct sysv_msg_info *out);
void sysv_msg_totals(struct sysv_totals *out);
int sysv_msg_set(int id, uint32_t uid, uint32_t gid, uint32_t mode, uint64_t max_bytes);
int sysv_msg_remove(int id);

#endif
