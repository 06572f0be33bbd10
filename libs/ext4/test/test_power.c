/* The power goes at any write, and what was not flushed is there or not, in any order: then what a commit
 * acknowledged is on the disk, and e2fsck finds nothing. */
#include "support.h"

#define NSLOTS 48u
#define NCOMMITS_MAX 400u
#define DISK_BYTES (16u << 20)
#define FILE_BYTES_MAX 60000u
#define SUPER_STATE_AT (1024u + 0x3a)
#define SUPER_STATE_ERROR 2u

enum slot_kind {
	NOTHING,
	A_FILE,
	A_FOLDER,
};

/* What a name should lead to. */
struct slot {
	enum slot_kind kind;
	uint32_t seed, len;
};

struct model {
	struct slot slots[NSLOTS];
};

/* A commit: what it made durable, and between which entries of the disk's log it ran. */
struct commit {
	struct model model;
	size_t begin, end;
};

struct history {
	uint64_t random;
	struct model now;
	struct commit commits[NCOMMITS_MAX];
	size_t ncommits;
	uint32_t folders[3];
	uint8_t data[FILE_BYTES_MAX];
	struct mount *mount;
	bool is_operating;
};

static void slot_name(uint32_t slot, char name[32])
{
	snprintf(name, 32, "name %u", slot);
}

static void fill(uint8_t *data, const struct slot *slot)
{
	uint32_t i;

	for (i = 0; i < slot->len; i++)
		data[i] = (uint8_t)(slot->seed + i / 3 + (i >> 10));
}

static uint32_t folder_of(const struct history *history, uint32_t slot)
{
	return history->folders[slot % 3];
}

static void create(struct history *history, struct mount *mount, uint32_t slot)
{
	struct slot *model = &history->now.slots[slot];
	bool is_folder = next_random(&history->random) % 6 == 0;
	char name[32];
	uint32_t ino;

	slot_name(slot, name);
	*model = (struct slot){ is_folder ? A_FOLDER : A_FILE, next_random(&history->random), 0 };
	assert_int_equal(make(mount, folder_of(history, slot), name, is_folder ? 040700 : 0100600, &ino), 0);
	if (is_folder)
		return;
	/* Both steps are one for the model: no commit lies between. */
	model->len = next_random(&history->random) % FILE_BYTES_MAX;
	fill(history->data, model);
	assert_int_equal(write_file(mount, ino, 0, history->data, model->len), 0);
}

static void delete(struct history *history, struct mount *mount, uint32_t slot)
{
	struct slot *model = &history->now.slots[slot];
	uint32_t victim;
	char name[32];

	slot_name(slot, name);
	assert_int_equal(RETRIED(mount, ext4_unlink(mount->fs, folder_of(history, slot), name, strlen(name),
						    model->kind == A_FOLDER, &victim)), 0);
	model->kind = NOTHING;
	/* Some stay orphans. */
	if (next_random(&history->random) % 8)
		assert_int_equal(RETRIED(mount, ext4_evict(mount->fs, victim)), 0);
}

static void shorten(struct history *history, struct mount *mount, uint32_t slot)
{
	uint32_t block_bytes = ext4_block_bytes(mount->fs);
	struct slot *model = &history->now.slots[slot];
	char name[32];

	slot_name(slot, name);
	model->len = model->len / 2 / block_bytes * block_bytes;
	assert_int_equal(RETRIED(mount, ext4_truncate(mount->fs, lookup(mount, folder_of(history, slot), name), model->len)), 0);
}

static void move(struct history *history, struct mount *mount, uint32_t slot)
{
	uint32_t target = next_random(&history->random) % NSLOTS;
	struct slot *from = &history->now.slots[slot], *to = &history->now.slots[target], old;
	char old_name[32], new_name[32];
	struct ext4_rename args = { .old_dir = folder_of(history, slot), .new_dir = folder_of(history, target),
				    .old_name = old_name, .new_name = new_name };

	if (target == slot)
		return;
	slot_name(slot, old_name);
	slot_name(target, new_name);
	args.old_len = strlen(old_name);
	args.new_len = strlen(new_name);
	if (to->kind != NOTHING && (to->kind != from->kind || next_random(&history->random) % 2))
		args.flags = EXT4_RENAME_EXCHANGE;
	assert_int_equal(RETRIED(mount, ext4_rename(mount->fs, &args)), 0);
	if (!args.flags && args.victim)
		assert_int_equal(RETRIED(mount, ext4_evict(mount->fs, args.victim)), 0);
	old = *to;
	*to = *from;
	*from = args.flags ? old : (struct slot){ NOTHING, 0, 0 };
}

static void operate(struct history *history, struct mount *mount)
{
	uint32_t slot = next_random(&history->random) % NSLOTS, choice = next_random(&history->random) % 9;

	if (history->now.slots[slot].kind == NOTHING)
		create(history, mount, slot);
	else if (choice < 3)
		delete(history, mount, slot);
	else if (choice < 5 && history->now.slots[slot].kind == A_FILE)
		shorten(history, mount, slot);
	else
		move(history, mount, slot);
}

/* While a commit writes, operations go on. */
static void operate_meanwhile(void *ctx)
{
	struct history *history = ctx;
	unsigned int n = next_random(&history->random) % 4;

	if (history->is_operating || ext4_commit_is_due(history->mount->fs))
		return;
	history->is_operating = true;
	while (n--)
		operate(history, history->mount);
	history->is_operating = false;
}

static void commit(struct history *history, struct mount *mount)
{
	struct commit *commit = &history->commits[history->ncommits++];
	int err;

	assert_true(history->ncommits < NCOMMITS_MAX);
	commit->model = history->now;
	commit->begin = mount->disk->nlog;
	err = ext4_commit_begin(mount->fs);
	if (!err) {
		history->mount = mount;
		mount->disk->meanwhile_ctx = history;
		mount->disk->meanwhile = operate_meanwhile;
		err = ext4_commit_write(mount->fs);
		mount->disk->meanwhile = NULL;
		assert_int_equal(ext4_commit_end(mount->fs, err), 0);
	}
	commit->end = mount->disk->nlog;
}

static void operate_or_commit(struct history *history, struct mount *mount)
{
	if (next_random(&history->random) % 10 == 0 || ext4_commit_is_due(mount->fs))
		commit(history, mount);
	else
		operate(history, mount);
}

static void make_folders(struct history *history, struct mount *mount)
{
	history->folders[0] = EXT4_ROOT_INO;
	assert_int_equal(make(mount, EXT4_ROOT_INO, "first", 040755, &history->folders[1]), 0);
	assert_int_equal(make(mount, EXT4_ROOT_INO, "second", 040755, &history->folders[2]), 0);
	commit(history, mount);
}

/* The first difference between the disk and @model, or NULL. */
static enum slot_kind kind_of(struct mount *mount, uint32_t ino)
{
	struct ext4_attr attr;

	if (!ino)
		return NOTHING;
	assert_int_equal(ext4_getattr(mount->fs, ino, &attr), 0);
	return S_ISDIR(attr.mode) ? A_FOLDER : A_FILE;
}

static const char *compare(struct history *history, struct mount *mount, const struct model *model)
{
	static char why[128];
	const struct slot *slot;
	uint32_t i, ino;
	uint8_t *found;
	uint64_t size;
	char name[32];
	bool is_right;

	for (i = 0; i < NSLOTS; i++) {
		slot = &model->slots[i];
		slot_name(i, name);
		ino = lookup(mount, folder_of(history, i), name);
		snprintf(why, sizeof(why), "slot %u: inode %u, model kind %d", i, ino, slot->kind);
		if (kind_of(mount, ino) != slot->kind)
			return why;
		if (slot->kind != A_FILE)
			continue;
		found = read_file(mount, ino, &size);
		fill(history->data, slot);
		is_right = size == slot->len && memcmp(found, history->data, size) == 0;
		free(found);
		snprintf(why, sizeof(why), "slot %u: size %u, model %u", i, (unsigned int)size, slot->len);
		if (!is_right)
			return why;
	}
	return NULL;
}

static int collect_orphan(void *ctx, uint32_t ino)
{
	*(uint32_t *)ctx = ino;
	return 1;
}

static void evict_orphans(struct mount *mount)
{
	uint32_t ino;

	while (ext4_orphans(mount->fs, collect_orphan, &ino) == 1)
		assert_int_equal(RETRIED(mount, ext4_evict(mount->fs, ino)), 0);
}

/* What the disk holds must be a commit that had begun when the power went, and no older than the last that had ended. */
static void check_state(struct history *history, struct disk *disk, size_t cut)
{
	struct mount mount = mount_disk(disk);
	const char *why = "no commit";
	size_t i;

	evict_orphans(&mount);
	for (i = history->ncommits; i-- > 0;) {
		if (history->commits[i].begin >= cut && i)
			continue;
		why = compare(history, &mount, &history->commits[i].model);
		if (!why || history->commits[i].end <= cut)
			break;
	}
	if (why)
		fail_msg("cut at %zu: %s", cut, why);
	unmount(&mount);
	assert_false(disk->bytes[SUPER_STATE_AT] & SUPER_STATE_ERROR);
	disk_check(disk);
}

/* Write entry @index of the log, but lose each of its blocks with a chance of @lost in 4. */
static void write_part(struct disk *disk, const struct disk_write *write, uint32_t block_bytes, uint64_t *random,
		       unsigned int lost)
{
	size_t at, len;

	for (at = 0; at < write->len; at += len) {
		len = write->len - at < block_bytes ? write->len - at : block_bytes;
		if (next_random(random) % 4 >= lost)
			memcpy(disk->bytes + write->offset + at, write->data + at, len);
	}
}

/* The disk as it was at the start, and the log up to @cut: all that was flushed, and some of the rest in any order. */
static void cut_power(struct disk *disk, const struct disk *logged, const uint8_t *start, size_t cut, uint32_t block_bytes,
		      uint64_t *random)
{
	size_t flushed = 0, i, at, n, *order;

	memcpy(disk->bytes, start, DISK_BYTES);
	for (i = 0; i < cut; i++)
		if (!logged->log[i].data)
			flushed = i;
	for (i = 0; i < flushed; i++)
		if (logged->log[i].data)
			write_part(disk, &logged->log[i], block_bytes, random, 0);
	n = cut - flushed;
	order = calloc(n + 1, sizeof(*order));
	for (i = 0; i < n; i++) {
		at = next_random(random) % (i + 1);
		order[i] = order[at];
		order[at] = flushed + i;
	}
	for (i = 0; i < n; i++)
		if (logged->log[order[i]].data)
			write_part(disk, &logged->log[order[i]], block_bytes, random, next_random(random) % 5);
	free(order);
}

static void check_by_e2fsck(struct history *history, struct disk *disk, size_t cut)
{
	char out[8192];

	if (run(out, sizeof(out), SBIN "e2fsck -p %s 2>&1", disk->path) > 1)
		fail_msg("cut at %zu: e2fsck: %s", cut, out);
	disk_check(disk);
	check_state(history, disk, cut);
}

static void run_and_cut(const char *options, unsigned int noperations, unsigned int ncuts, uint64_t seed)
{
	struct history *history = calloc(1, sizeof(*history));
	struct disk *disk = disk_mkfs(DISK_BYTES, options), *after = disk_create(DISK_BYTES);
	uint8_t *start = malloc(DISK_BYTES);
	uint32_t block_bytes;
	struct mount mount;
	unsigned int i;
	size_t cut;

	history->random = seed;
	memcpy(start, disk->bytes, DISK_BYTES);
	disk->is_logged = true;
	mount = mount_disk(disk);
	block_bytes = ext4_block_bytes(mount.fs);
	make_folders(history, &mount);
	for (i = 0; i < noperations; i++)
		operate_or_commit(history, &mount);
	lose(&mount);
	for (i = 0; i < ncuts; i++) {
		cut = history->commits[0].end +
		      next_random(&history->random) % (disk->nlog - history->commits[0].end + 1);
		cut_power(after, disk, start, cut, block_bytes, &history->random);
		i % 3 ? check_state(history, after, cut) : check_by_e2fsck(history, after, cut);
	}
	free(start);
	free(history);
	disk_destroy(disk);
	disk_destroy(after);
}

/* ALBIREO_POWER_CUTS: more, for a longer run. */
static unsigned int number_of_cuts(void)
{
	const char *text = getenv("ALBIREO_POWER_CUTS");

	return text ? (unsigned int)atoi(text) : 30;
}

static void power_cuts_keep_what_was_committed_on_blocks_of_1k(void **state)
{
	(void)state;
	run_and_cut("-J size=1", 500, number_of_cuts(), 1);
}

static void power_cuts_keep_what_was_committed_on_blocks_of_4k(void **state)
{
	(void)state;
	run_and_cut("-b 4096 -J size=4", 500, number_of_cuts(), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_cuts_keep_what_was_committed_on_blocks_of_1k),
		cmocka_unit_test(power_cuts_keep_what_was_committed_on_blocks_of_4k),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
