/* services/vfsd/src/disk_ext4_volume.c: ext4 volumes while they are open: commits, and what waits for them. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <ext4/data.h>

#include "disk_dev.h"
#include "disk_ext4.h"
#include "disk_ext4_store.h"
#include "disk_mount.h"
#include "dispatch.h"
#include "kernel.h"

#define COMMIT_SECONDS 5

enum volume_need {
	NEED_COMMIT = 1,	/* a request found no room */
	NEED_REOPEN = 2,	/* read-only or not, as the mount's flags shall be */
	NEED_LEAVE = 4,		/* the mount was taken away */
	NEED_REST = 8,		/* the machine ends */
	NEED_VERDICT = 16,	/* the disk is damaged */
	NEED_EVICTIONS = 32,	/* a request found the disk full that deleted files still fill */
};

struct volume {
	struct ext4 *fs;	/* NULL: not open */
	struct blockdev dev;
	struct volume_store store;
	unsigned int needs, nmoving;
	uint64_t ncommits;
	bool is_committing;
	bool is_read_only;	/* it shall be */
	int reopen_error;
	pthread_cond_t changed;	/* is_committing, nmoving, nevicting */
	/* Inodes that lost their last name and their last user. */
	uint32_t *evictions;
	size_t nevictions, cap;
	unsigned int nevicting;	/* those that a thread is at */
};

/* One that was made stays for the next mount of its index. */
static struct volume *volumes[VFSD_MOUNTS];
static uint16_t nvolumes;	/* behind the last one that was made */

static struct {
	pthread_cond_t wanted;
	bool is_started, is_stirred, is_due;
} committer;

static void start_committer(void);

/* ---- opening ---- */

static struct volume *volume_get(uint16_t index)
{
	struct volume *volume = volumes[index];

	if (volume)
		return volume;
	volume = calloc(1, sizeof(*volume));
	if (volume)
		pthread_cond_init(&volume->changed, NULL);
	volumes[index] = volume;
	if (index >= nvolumes)
		nvolumes = (uint16_t)(index + 1);
	return volume;
}

static int probe(const struct mount *mount, struct blockdev *dev, struct ext4_info *info)
{
	bool is_read_only = mount->flags & VFS_MOUNT_READONLY;
	int err = disk_open(mount->device, dev);

	if (!err)
		err = ext4_probe(dev, info);
	if (err == -EOPNOTSUPP)
		kernel_log("ext4 of %s has %s, which we have not", text_of(mount->source), info->unsupported);
	if (err)
		return err == -EOPNOTSUPP ? -EINVAL : err;
	if (!is_read_only && dev->is_read_only)
		return -EACCES;
	return !is_read_only && info->is_read_only ? -EROFS : 0;
}

/* What the kernel has not written back yet has room on the disk already. */
static void reserve_again(uint16_t index)
{
	const struct node_block *block;

	for (block = arena_at(state->node_blocks); block; block = arena_at(block->next))
		for (unsigned int i = 0; i < NODES_AT_ONCE; i++)
			if (block->nodes[i].number && block->nodes[i].mount == index)
				ext4_reserve(volumes[index]->fs, block->nodes[i].ext4.reserved, true, true);
}

int ext4_volume_open(uint16_t index)
{
	const struct mount *mount = &state->mounts[index];
	struct volume *volume = volume_get(index);
	struct ext4_info info;
	int err = volume ? probe(mount, &volume->dev, &info) : -ENOMEM;

	if (err)
		return err;
	store_attach(&volume->store, mount->store, &volume->dev, info.block_bytes);
	volume->is_read_only = mount->flags & VFS_MOUNT_READONLY;
	err = ext4_open(&volume->dev, &volume->store.base,
			(volume->is_read_only ? EXT4_OPEN_READ_ONLY : 0) | (volume->store.kept->nblocks ? EXT4_OPEN_RESUME : 0),
			&volume->fs);
	store_forget_cache(&volume->store);
	if (err)
		return err;
	reserve_again(index);
	start_committer();
	return 0;
}

static struct volume *volume_of(uint16_t index)
{
	const struct mount *mount = &state->mounts[index];

	if (volumes[index] && volumes[index]->fs)
		return volumes[index];
	if (mount->fs != FS_EXT4 || !mount->device || !mount->store || ext4_volume_open(index))
		return NULL;
	return volumes[index];
}

struct ext4 *ext4_of(const struct node *node)
{
	struct volume *volume = volume_of(node->mount);

	return volume ? volume->fs : NULL;
}

struct blockdev *ext4_device_of(const struct node *node)
{
	return &volumes[node->mount]->dev;
}

/* ---- outcomes ---- */

/* Will there be room that is not there yet? */
static bool can_make_room(struct volume *volume, int err)
{
	if (err == -EAGAIN)
		volume->needs |= NEED_COMMIT;
	else if (err == -ENOSPC && (volume->nevictions || volume->nevicting))
		volume->needs |= NEED_EVICTIONS;
	else
		return false;
	return true;
}

int ext4_outcome(const struct node *node, int err)
{
	struct volume *volume = volumes[node->mount];

	if (can_make_room(volume, err))
		err = REQUEST_AGAIN;
	if (err == -EUCLEAN || err == -EIO)
		volume->needs |= NEED_VERDICT;
	if (volume->store.kept->nblocks && !committer.is_stirred) {
		committer.is_stirred = true;
		pthread_cond_signal(&committer.wanted);
	}
	if ((volume->needs & NEED_VERDICT) || volume->store.kept->nblocks > STORE_BLOCKS_DUE || ext4_commit_is_due(volume->fs)) {
		committer.is_due = true;
		pthread_cond_signal(&committer.wanted);
	}
	return err;
}

/* ---- committing ---- */

static void wait_quiet(struct volume *volume)
{
	while (volume->is_committing || volume->nmoving)
		dispatch_wait_names(&volume->changed);
}

/* Nothing more can be written: programs shall see why. */
static void give_up_writing(uint16_t index)
{
	struct mount *mount = &state->mounts[index];

	ext4_stop_writing(volumes[index]->fs);
	volumes[index]->is_read_only = true;
	if (mount->flags & VFS_MOUNT_READONLY)
		return;
	kernel_log("ext4 of %s is read-only from now on", text_of(mount->source));
	arena_begin();
	mount_set_flags(index, mount->flags | VFS_MOUNT_READONLY);
	arena_commit();
}

static int write_begun(struct volume *volume, int begun)
{
	if (begun > 0)
		return volume->is_read_only ? 0 : volume->dev.ops->flush(&volume->dev);
	return begun ? begun : ext4_commit_write(volume->fs);
}

int ext4_volume_commit(uint16_t index)
{
	struct volume *volume = volumes[index];
	int begun, err;

	while (volume && volume->is_committing)
		dispatch_wait_names(&volume->changed);
	if (!volume || !volume->fs)
		return 0;
	begun = ext4_commit_begin(volume->fs);
	volume->is_committing = true;
	dispatch_unlock_names();
	err = write_begun(volume, begun);
	dispatch_lock_names();
	if (!begun)
		err = ext4_commit_end(volume->fs, err);
	volume->ncommits += !begun && !err;
	volume->is_committing = false;
	pthread_cond_broadcast(&volume->changed);
	if (!begun && err) {
		kernel_log("a commit to %s failed: error %d", text_of(state->mounts[index].source), -err);
		give_up_writing(index);
	}
	return err;
}

static bool commit_for_room(uint16_t index)
{
	uint64_t before = volumes[index]->ncommits;

	return !ext4_volume_commit(index) && volumes[index]->ncommits != before;
}

int ext4_volumes_commit(void)
{
	int err = 0;

	for (uint16_t i = 0; i < nvolumes; i++) {
		int failed = ext4_volume_commit(i);

		err = err ? err : failed;
	}
	return err;
}

/* The first change after a commit starts the clock. */
static void wait_for_work(void)
{
	struct timespec until;

	while (!committer.is_stirred)
		dispatch_wait_names(&committer.wanted);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += COMMIT_SECONDS;
	while (!committer.is_due && !dispatch_wait_names_until(&committer.wanted, &until))
		;
	committer.is_stirred = committer.is_due = false;
}

static void *commit_often(void *unused)
{
	dispatch_lock_names();
	for (;;) {
		wait_for_work();
		ext4_volumes_commit();
		ext4_tidy();
	}
	return unused;
}

static void start_committer(void)
{
	pthread_condattr_t attr;
	pthread_t thread;

	if (committer.is_started)
		return;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&committer.wanted, &attr);
	pthread_condattr_destroy(&attr);
	committer.is_started = !pthread_create(&thread, NULL, commit_often, NULL);
	if (!committer.is_started)
		kernel_log("ext4 volumes are written at fsync and sync only: no thread");
}

/* ---- files without names ---- */

/* Free an inode, in transactions of its own. Waits when the journal is full. */
static int evict(uint16_t index, uint32_t ino)
{
	struct volume *volume = volumes[index];
	int err;

	do {
		if (!volume->fs)
			return -ENODEV;
		arena_begin();
		err = ext4_evict(volume->fs, ino);
		/* What it did before -EAGAIN stays done. */
		if (err && err != -EAGAIN)
			arena_abort();
		else if (arena_commit())
			err = -ENOSPC;
	} while (err == -EAGAIN && commit_for_room(index));
	return err;
}

void ext4_volume_evict(uint16_t index, uint32_t ino)
{
	struct volume *volume = volumes[index];

	if (!volume || !volume->fs)
		return;
	if (volume->nevictions == volume->cap) {
		size_t cap = volume->cap ? volume->cap * 2 : 16;
		uint32_t *grown = realloc(volume->evictions, cap * sizeof(*grown));

		/* It stays on the list of the disk. */
		if (!grown)
			return;
		volume->evictions = grown;
		volume->cap = cap;
	}
	volume->evictions[volume->nevictions++] = ino;
}

static void run_evictions(uint16_t index)
{
	struct volume *volume = volumes[index];

	while (volume->nevictions) {
		uint32_t ino = volume->evictions[--volume->nevictions];
		int err;

		volume->nevicting++;
		err = evict(index, ino);
		volume->nevicting--;
		if (err && err != -ESTALE && err != -EROFS)
			kernel_log("inode %u without a name was not freed: error %d", ino, -err);
	}
	pthread_cond_broadcast(&volume->changed);
}

struct orphan_list {
	uint16_t index;
	bool is_forced;		/* also those of nodes that are held */
};

static int collect_orphan(void *ctx, uint32_t ino)
{
	const struct orphan_list *list = ctx;

	if (list->is_forced || !node_by_key(list->index, ino))
		ext4_volume_evict(list->index, ino);
	return 0;
}

/* Free what has no name and no user; or no name alone. */
static void evict_orphans(uint16_t index, bool is_forced)
{
	struct orphan_list list = { .index = index, .is_forced = is_forced };

	if (!volumes[index]->fs || ext4_is_read_only(volumes[index]->fs))
		return;
	volumes[index]->nevictions = 0;
	arena_begin();
	ext4_orphans(volumes[index]->fs, collect_orphan, &list);
	arena_commit();
	run_evictions(index);
}

/* ---- closing ---- */

/* Returns: with the volume closed; what it had lasts, if it could. */
static int close_volume(uint16_t index)
{
	struct volume *volume = volumes[index];
	int err = 0;

	if (!volume || !volume->fs)
		return 0;
	evict_orphans(index, true);
	wait_quiet(volume);
	if (volume->fs)
		err = ext4_close(volume->fs);
	volume->fs = NULL;
	store_forget_cache(&volume->store);
	if (err)
		kernel_log("ext4 of %s was not left whole: error %d", text_of(state->mounts[index].source), -err);
	return err;
}

static void leave(uint16_t index)
{
	struct mount *mount = &state->mounts[index];
	ref_t store = mount->store;

	if (!disk_is_left(index))
		return;
	close_volume(index);
	if (!mount->device)
		return;
	disk_give_back(mount);
	arena_begin();
	ARENA_SET(mount->store, 0);
	arena_commit();
	store_destroy(store);
}

void ext4_volume_unmount(uint16_t index)
{
	struct volume *volume = volumes[index];

	if (volume && volume->fs)
		ext4_close(volume->fs);
	if (volume)
		volume->fs = NULL;
	disk_give_back(&state->mounts[index]);
}

static void reopen(uint16_t index)
{
	struct mount *mount = &state->mounts[index];
	struct volume *volume = volumes[index];
	uint32_t flags = mount->flags;
	bool is_read_only = volume->is_read_only;

	wait_quiet(volume);
	volume->reopen_error = is_read_only ? ext4_volume_commit(index) : 0;
	wait_quiet(volume);
	if (volume->fs)
		ext4_close(volume->fs);
	volume->fs = NULL;
	store_forget_cache(&volume->store);
	/* The flags follow when the request runs again. */
	mount->flags = (flags & ~VFS_MOUNT_READONLY) | (is_read_only ? VFS_MOUNT_READONLY : 0);
	if (!volume->reopen_error) {
		arena_begin();
		volume->reopen_error = ext4_volume_open(index);
		arena_commit();
	}
	mount->flags = flags;
}

int ext4_volume_set_read_only(uint16_t index, bool is_read_only)
{
	struct volume *volume = volume_of(index);
	int err;

	if (!volume)
		return -EIO;
	if (volume->is_read_only != is_read_only) {
		if (!is_read_only && volume->dev.is_read_only)
			return -EROFS;
		volume->is_read_only = is_read_only;
		volume->needs |= NEED_REOPEN;
		return REQUEST_AGAIN;
	}
	err = volume->reopen_error;
	volume->reopen_error = 0;
	return err;
}

void ext4_volume_leave(uint16_t index)
{
	if (volumes[index])
		volumes[index]->needs |= NEED_LEAVE;
}

void ext4_volumes_rest(void)
{
	for (uint16_t i = 0; i < nvolumes; i++)
		if (volumes[i] && volumes[i]->fs)
			volumes[i]->needs |= NEED_REST;
}

/* ---- between requests ---- */

static bool take_need(struct volume *volume, enum volume_need need)
{
	bool is_there = volume->needs & need;

	volume->needs &= ~(unsigned int)need;
	return is_there;
}

bool ext4_make_room(uint16_t index)
{
	struct volume *volume = volumes[index];
	bool is_of_use = take_need(volume, NEED_EVICTIONS);

	if (is_of_use) {
		run_evictions(index);
		while (volume->nevicting)
			dispatch_wait_names(&volume->changed);
	}
	if (take_need(volume, NEED_COMMIT))
		is_of_use |= commit_for_room(index);
	return is_of_use;
}

bool ext4_make_way(void)
{
	bool is_of_use = false;

	for (uint16_t i = 0; i < nvolumes; i++) {
		struct volume *volume = volumes[i];

		if (!volume)
			continue;
		is_of_use |= ext4_make_room(i);
		if (take_need(volume, NEED_REOPEN)) {
			reopen(i);
			is_of_use = true;
		}
	}
	return is_of_use;
}

/* Of a wrong structure or a bad sector: the superblock tells, and whoever wants so writes no more. */
static void judge(uint16_t index)
{
	const struct mount *mount = &state->mounts[index];
	struct volume *volume = volumes[index];

	if (!volume->fs || ext4_is_read_only(volume->fs))
		return;
	kernel_log("ext4 of %s is damaged", text_of(mount->source));
	arena_begin();
	if (ext4_note_error(volume->fs))
		arena_abort();
	else
		arena_commit();
	ext4_volume_commit(index);
	if ((mount->flags & MOUNT_ERRORS_READ_ONLY) && volume->fs)
		give_up_writing(index);
}

static void tidy_one(uint16_t index)
{
	struct volume *volume = volumes[index];

	if (volume->nevictions)
		run_evictions(index);
	if (take_need(volume, NEED_VERDICT))
		judge(index);
	if (take_need(volume, NEED_LEAVE))
		leave(index);
	if (take_need(volume, NEED_REST))
		close_volume(index);
}

void ext4_tidy(void)
{
	for (uint16_t i = 0; i < nvolumes; i++)
		if (volumes[i] && (volumes[i]->nevictions || volumes[i]->needs))
			tidy_one(i);
}

void ext4_move_begin(uint16_t index)
{
	volumes[index]->nmoving++;
}

void ext4_move_end(uint16_t index)
{
	if (!--volumes[index]->nmoving)
		pthread_cond_broadcast(&volumes[index]->changed);
}

void ext4_recover(void)
{
	dispatch_lock_names();
	for (uint16_t i = 0; i < VFSD_MOUNTS; i++) {
		struct volume *volume;

		/* A loop's file may be one of ours, and nobody serves its pages yet: the first request opens it. */
		if (disk_is_loop(state->mounts[i].device))
			continue;
		arena_begin();
		volume = volume_of(i);
		arena_commit();
		if (!volume)
			continue;
		evict_orphans(i, false);
		if (state->mounts[i].flags & MOUNT_DETACHED)
			leave(i);
		else
			ext4_outcome(node_at(state->mounts[i].root), 0);
	}
	dispatch_unlock_names();
}
