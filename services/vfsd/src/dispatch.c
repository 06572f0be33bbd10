/* services/vfsd/src/dispatch.c: see dispatch.h. */
#include "dispatch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <albireo/services.h>

#include "bundlefs.h"
#include "deferred.h"
#include "devfs.h"
#include "disk_dev.h"
#include "disk_ext4.h"
#include "disk_fat.h"
#include "handlers.h"
#include "kernel.h"
#include "fs.h"
#include "mount.h"
#include "p9_client.h"
#include "recovery.h"
#include "replies.h"
#include "state.h"

struct vfsd_state *state;

static pthread_mutex_t name_lock = PTHREAD_MUTEX_INITIALIZER;

/* Who holds the name lock and waits for a loop lends it, for the pages of files that the loop needs. A borrower's disk may
 * be a loop, too: so there is a stack of lenders, and only the topmost lends and takes back. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int nlent, nborrowed;
	atomic_uint nwaiting;
} lending = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static _Thread_local enum hold { HAS_NOT, HAS, BORROWS } names;
static _Thread_local bool may_borrow;

/* Whose exchanges the kernel keeps until this thread comes back for more. */
static _Thread_local uint64_t exchanged_id;

#define LAUNCHER_PID 1
#define NSEC_PER_SEC 1000000000L
#define BORROW_AGAIN_NS (2 * 1000 * 1000L)

static void tell_borrowers(void)
{
	pthread_mutex_lock(&lending.lock);
	pthread_cond_broadcast(&lending.changed);
	pthread_mutex_unlock(&lending.lock);
}

/* Who waits has said so before it tries the lock, and sleeps before it lets go of the other one. */
static void tell_waiting_borrowers(void)
{
	if (atomic_load(&lending.nwaiting))
		tell_borrowers();
}

/* Who waits for a condition lets go of the lock without a word: so look again before long. */
static void wait_for_lender(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += BORROW_AGAIN_NS;
	if (until.tv_nsec >= NSEC_PER_SEC) {
		until.tv_nsec -= NSEC_PER_SEC;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&lending.changed, &lending.lock, &until);
}

static void borrow(void)
{
	pthread_mutex_lock(&lending.lock);
	atomic_fetch_add(&lending.nwaiting, 1);
	while (lending.nlent == lending.nborrowed && pthread_mutex_trylock(&name_lock))
		wait_for_lender();
	atomic_fetch_sub(&lending.nwaiting, 1);
	names = lending.nlent > lending.nborrowed ? BORROWS : HAS;
	if (names == BORROWS)
		lending.nborrowed++;
	pthread_mutex_unlock(&lending.lock);
}

static void give_back(void)
{
	pthread_mutex_lock(&lending.lock);
	lending.nborrowed--;
	pthread_cond_broadcast(&lending.changed);
	pthread_mutex_unlock(&lending.lock);
}

bool dispatch_has_names(void)
{
	return names != HAS_NOT;
}

bool dispatch_is_borrowing(void)
{
	return names == BORROWS;
}

unsigned int dispatch_lend_names(void)
{
	unsigned int depth;

	pthread_mutex_lock(&lending.lock);
	depth = ++lending.nlent;
	pthread_cond_broadcast(&lending.changed);
	pthread_mutex_unlock(&lending.lock);
	return depth;
}

void dispatch_take_names_back(unsigned int depth)
{
	pthread_mutex_lock(&lending.lock);
	while (lending.nlent != depth || lending.nborrowed != depth - 1)
		pthread_cond_wait(&lending.changed, &lending.lock);
	lending.nlent--;
	pthread_cond_broadcast(&lending.changed);
	pthread_mutex_unlock(&lending.lock);
}

void dispatch_lock_names(void)
{
	if (may_borrow) {
		borrow();
		return;
	}
	pthread_mutex_lock(&name_lock);
	names = HAS;
}

void dispatch_unlock_names(void)
{
	bool is_borrowed = names == BORROWS;

	names = HAS_NOT;
	if (is_borrowed) {
		give_back();
		return;
	}
	pthread_mutex_unlock(&name_lock);
	tell_waiting_borrowers();
}

void dispatch_wait_names(pthread_cond_t *cond)
{
	names = HAS_NOT;
	tell_waiting_borrowers();
	pthread_cond_wait(cond, &name_lock);
	names = HAS;
}

bool dispatch_wait_names_until(pthread_cond_t *cond, const struct timespec *until)
{
	int err;

	names = HAS_NOT;
	tell_waiting_borrowers();
	err = pthread_cond_timedwait(cond, &name_lock, until);
	names = HAS;
	return err == ETIMEDOUT;
}

#define MAY_LAUNCHER 1u		/* also pid 1, not only the kernel */
#define MAY_DEVICES 2u		/* also who owns the disks or the other devices */

static const struct operation {
	int (*handle)(struct request *rq);
	unsigned int flags;
} operations[VFS_OP_END] = {
	[VFS_WALK] = { handle_walk, 0 },
	[VFS_ROOT] = { handle_root, 0 },
	[VFS_CREATE] = { handle_create, 0 },
	[VFS_LINK] = { handle_link, 0 },
	[VFS_UNLINK] = { handle_unlink, 0 },
	[VFS_RENAME] = { handle_rename, 0 },
	[VFS_SETATTR] = { handle_setattr, 0 },
	[VFS_GETATTR] = { handle_getattr, 0 },
	[VFS_READDIR] = { handle_readdir, 0 },
	[VFS_OPEN] = { handle_open, 0 },
	[VFS_CLOSE] = { handle_close, 0 },
	[VFS_RELEASE] = { handle_release, 0 },
	[VFS_READ] = { handle_read, 0 },
	[VFS_WRITE] = { handle_write, 0 },
	[VFS_STATFS] = { handle_statfs, 0 },
	[VFS_MOUNT] = { handle_mount, MAY_LAUNCHER },
	[VFS_UMOUNT] = { handle_umount, MAY_LAUNCHER },
	[VFS_PUBLISH] = { handle_publish, MAY_LAUNCHER | MAY_DEVICES },
	[VFS_UNPUBLISH] = { handle_unpublish, MAY_LAUNCHER | MAY_DEVICES },
	[VFS_PATH] = { handle_path, 0 },
	[VFS_SHUTDOWN] = { handle_shutdown, MAY_LAUNCHER },
	[VFS_XATTR] = { handle_xattr, 0 },
	[VFS_FOLD] = { handle_fold, 0 },
	[VFS_RESERVE] = { handle_reserve, 0 },
	[VFS_ALLOCATE] = { handle_allocate, 0 },
	[VFS_SEEK] = { handle_seek, 0 },
};

/* The thread's last reply has gone out: it will not be asked for again. */
static void forget_exchanges(void)
{
	if (exchanged_id)
		p9_forget(exchanged_id);
	exchanged_id = 0;
}

static int commit(struct request *rq)
{
	int err = rq->is_counted && rq->id ? replies_keep(rq) : 0;

	if (!err)
		return arena_commit();
	arena_abort();
	return err;
}

static int run_once(struct request *rq)
{
	int err;

	rq->seq = ++state->seq;
	arena_begin();
	err = operations[rq->op].handle(rq);
	if (err)
		arena_abort();
	else
		err = commit(rq);
	if (err) {
		deferred_drop();
		rq->reply_len = 0;
	} else {
		deferred_run();
	}
	return err;
}

static void begin_anew(struct request *rq)
{
	rq->is_counted = rq->is_exchanged = false;
	memset(rq->words, 0, sizeof(rq->words));
	rq->nrecords = 0;
}

/* A request whose disk has to be written first begins anew. */
static int run(struct request *rq)
{
	int err = run_once(rq);

	while (err == REQUEST_AGAIN && ext4_make_way()) {
		begin_anew(rq);
		err = run_once(rq);
	}
	ext4_tidy();
	return err == REQUEST_AGAIN ? -ENOSPC : err;
}

static int serve_names(struct request *rq)
{
	int err;

	dispatch_lock_names();
	forget_exchanges();
	recovery_expire(&rq->now);
	err = replies_prepare();
	if (!err && (!rq->is_retry || !replies_take(rq))) {
		err = run(rq);
		rq->words[0] = (uint64_t)(int64_t)err;
	}
	if (rq->is_exchanged)
		exchanged_id = rq->id;
	dispatch_unlock_names();
	return err;
}

void dispatch_thread_end(void)
{
	dispatch_lock_names();
	forget_exchanges();
	replies_thread_end();
	dispatch_unlock_names();
}

static int sync_disks(void)
{
	int err, failed;

	dispatch_lock_names();
	err = fat_volumes_settle();
	failed = ext4_volumes_commit();
	dispatch_unlock_names();
	return err ? err : failed;
}

static int move_pages(struct request *rq)
{
	struct node *node = node_get(rq->args[0]);
	const struct fs_ops *ops = node ? node_ops(node) : NULL;
	long done = -EIO;

	if (rq->op == VFS_SYNC && !rq->args[0])
		return sync_disks();
	if (!ops)
		return -ENOENT;
	if (rq->op == VFS_SYNC)
		done = ops->sync ? ops->sync(rq->args[0]) : 0;
	else if (rq->op == VFS_PAGE_IN && ops->page_in)
		done = ops->page_in(rq->args[0], rq->args[1], rq->args[2]);
	else if (rq->op == VFS_PAGE_OUT && ops->page_out)
		done = ops->page_out(rq->args[0], rq->args[1], rq->args[2]);
	if (done < 0)
		return (int)done;
	rq->words[1] = (uint64_t)done;
	return 0;
}

static int serve_pages(struct request *rq)
{
	int err;

	may_borrow = rq->op == VFS_PAGE_IN && rq->args[3];
	err = move_pages(rq);
	may_borrow = false;
	return err;
}

static bool is_allowed(const struct request *rq)
{
	unsigned int may = rq->op < VFS_OP_END ? operations[rq->op].flags : 0;
	uint32_t capabilities;

	if (rq->is_from_kernel || ((may & MAY_LAUNCHER) && rq->pid == LAUNCHER_PID))
		return true;
	return (may & MAY_DEVICES) &&
	       kernel_proc(PROC_QUERY_CAPABILITIES, rq->pid, &capabilities, sizeof(capabilities)) == sizeof(capabilities) &&
	       (capabilities & (CAP_STORAGE_POLICY | CAP_DEVICE_POLICY));
}

int dispatch(struct request *rq)
{
	int err;

	if (!is_allowed(rq)) {
		kernel_log("refused operation %u of pid %u", (unsigned int)rq->op, rq->pid);
		return -EACCES;
	}
	kernel_now(&rq->now);
	if (rq->op == VFS_PAGE_IN || rq->op == VFS_PAGE_OUT || rq->op == VFS_SYNC)
		err = serve_pages(rq);
	else if (rq->op >= VFS_OP_END || !operations[rq->op].handle)
		err = -ENOSYS;
	else
		err = serve_names(rq);
	return disk_flush_loops(err, !rq->is_async);
}

static int make_tables(void)
{
	struct hash_key seed;
	static const struct hash_key counted;

	kernel_random(&seed, sizeof(seed));
	arena_log(state->boot_id, sizeof(state->boot_id));
	kernel_random(state->boot_id, sizeof(state->boot_id));
	ARENA_SET(state->names, (ref_t)state_table_create(&arena, &seed));
	ARENA_SET(state->opens, (ref_t)state_table_create(&arena, &counted));
	return state->names && state->opens ? 0 : -ENOMEM;
}

static int make_state(unsigned int nfiles, char *const files[])
{
	struct request rq = { .op = VFS_MOUNT };
	int err;

	kernel_now(&rq.now);
	arena_begin();
	err = make_tables();
	if (!err)
		err = mount_boot(&rq);
	if (!err)
		err = devfs_fill(&rq);
	if (!err)
		err = bundle_fill(&rq, nfiles, files);
	ARENA_SET(state->version, VFSD_STATE_VERSION);
	if (err) {
		arena_abort();
		return err;
	}
	return arena_commit();
}

int dispatch_start(unsigned int nfiles, char *const files[])
{
	void *root;
	int err = arena_open(sizeof(*state), &root);

	if (err)
		return err;
	state = root;
	if (state->version && state->version != VFSD_STATE_VERSION)
		return -EINVAL;
	if (!state->version)
		err = make_state(nfiles, files);
	if (err)
		return err;
	replies_start();
	state->incarnation++;
	if (state->incarnation > 1)
		recovery_run();
	return 0;
}
