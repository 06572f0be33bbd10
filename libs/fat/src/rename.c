/* fat: moving a name.
 *
 * Within one sector it is one write, which is what replacing a file by its new version comes to in
 * most directories. Between two sectors it is kept as an intent first (intent.c). A file that is replaced
 * gives its entry to the moved one, so that the name leads to one of them at any time.
 */
#include <errno.h>
#include <string.h>

#include "private.h"

#define RECOVERIES 4u

struct move {
	struct fat *fs;
	struct fat_file *moved;
	struct fat_file *victim;
	uint32_t new_dir;
	uint32_t start;			/* first slot of the moved entry */
	struct name name;
	struct place place;		/* without a victim */
	uint8_t raw[SLOT_BYTES];	/* of the moved entry */
};

/* In @sector a run of @want free slots. Behind the directory's end one more must fit, to be the end. */
static bool find_run(uint8_t *sector, unsigned int want, uint32_t *out)
{
	unsigned int run = 0;
	bool is_end = false;

	for (uint32_t i = 0; i + is_end < SECTOR_SLOTS; i++) {
		is_end |= !sector[i * SLOT_BYTES];
		run = is_end || sector[i * SLOT_BYTES] == SLOT_FREE ? run + 1 : 0;
		if (run < want || i + is_end >= SECTOR_SLOTS)
			continue;
		if (is_end)
			sector[(i + 1) * SLOT_BYTES] = 0;
		*out = i + 1 - want;
		return true;
	}
	return false;
}

/* The sector at @at says where the file is now. After an error it may say so all the same. */
static int write_sector(struct move *move, uint64_t at, const uint8_t *sector, uint32_t slot)
{
	struct fat *fs = move->fs;
	uint8_t found[UNIT_BYTES];
	int err;

	fat_entry_note_gone(fs, at);
	err = fat_cache_write(fs, at, sector, UNIT_BYTES);
	if (!err)
		err = fat_cache_step(fs);
	if (fat_cache_end(fs, err) && !fat_cache_read(fs, at, found, UNIT_BYTES) && !memcmp(found, sector, UNIT_BYTES))
		err = 0;
	if (!err)
		move->moved->slot = slot;
	return err ? err : 1;
}

/* Returns: 1 if it is done; 0 if the old and the new place are not in one sector. */
static int move_in_sector(struct move *move)
{
	struct fat_file *moved = move->moved;
	uint32_t base = moved->slot - moved->slot % SECTOR_SLOTS, to;
	uint8_t sector[UNIT_BYTES];
	uint64_t at;
	int err;

	if (move->start < base || moved->dir != move->new_dir)
		return 0;
	if (move->victim ? move->victim->slot - base >= SECTOR_SLOTS : move->place.want > SECTOR_SLOTS)
		return 0;
	err = fat_slot_at(move->fs, moved->dir, base, &at);
	if (!err)
		err = fat_cache_read(move->fs, at, sector, UNIT_BYTES);
	if (err)
		return err;
	for (uint32_t slot = move->start; slot <= moved->slot; slot++)
		sector[(slot - base) * SLOT_BYTES] = SLOT_FREE;
	if (move->victim) {
		fat_entry_replace(sector + (move->victim->slot - base) * SLOT_BYTES, move->raw);
		return write_sector(move, at, sector, move->victim->slot);
	}
	if (!find_run(sector, move->place.want, &to))
		return 0;
	err = fat_entry_await_gone(move->fs, at, move->place.want);
	if (err)
		return err;
	fat_entry_compose(&move->name, move->raw, sector + to * SLOT_BYTES);
	return write_sector(move, at, sector, base + to + move->place.want - 1);
}

/* Everything but the change itself. */
static int prepare_intent(struct move *move, struct fat_intent *intent)
{
	struct fat *fs = move->fs;
	const struct fat_file *moved = move->moved;
	int err = 0;

	*intent = (struct fat_intent){
		.old_dir = moved->dir, .old_slot = moved->slot, .old_slots = moved->slot - move->start + 1,
		.new_dir = move->new_dir, .first = moved->first,
	};
	if (move->victim) {
		intent->new_slot = move->victim->slot;
		move->place = (struct place){ .slot = move->victim->slot };
	} else {
		err = fat_directory_extend(fs, move->new_dir, &move->place);
		if (!err)
			err = fat_directory_prepare_slots(fs, move->new_dir, &move->place, &move->name, move->raw, &intent->new_slot);
		intent->new_slots = move->place.want;
		intent->initial = move->name.raw[0];
	}
	/* What the intent tells of is on the disk before it. */
	if (!err)
		err = fat_cache_barrier(fs);
	if (!err)
		err = fat_intent_write(fs, intent, &move->place);
	/* Without room for it a power cut in the midst loses the file. */
	if (err == -ENOSPC)
		err = 0;
	return err ? err : fat_cache_barrier(fs);
}

/* After an error: is the file at its new place? If nobody can tell, nothing is changed any more. */
static bool is_moved(struct move *move)
{
	struct fat_file old = *move->moved;
	struct fat *fs = move->fs;
	int err = -EIO;

	if (!fs->has_intent)
		return false;
	for (unsigned int i = 0; err && i < RECOVERIES; i++)
		err = fat_cache_end(fs, fat_intent_recover(fs));
	if (!err)
		err = fat_load(fs, &old);
	fs->is_broken = err && err != -ENOENT;
	return err == -ENOENT;
}

static int move_between(struct move *move)
{
	struct fat_intent intent;
	int err = prepare_intent(move, &intent);

	if (!err)
		err = fat_intent_carry_out(move->fs, &intent);
	if (fat_cache_end(move->fs, err) && is_moved(move))
		err = 0;
	if (err)
		return err;
	move->moved->dir = intent.new_dir;
	move->moved->slot = intent.new_slot;
	return 0;
}

static int check_victim(struct fat *fs, const struct fat_file *moved, const struct fat_file *victim)
{
	if ((moved->attr & FAT_DIRECTORY) && !(victim->attr & FAT_DIRECTORY))
		return -ENOTDIR;
	if (!(moved->attr & FAT_DIRECTORY) && (victim->attr & FAT_DIRECTORY))
		return -EISDIR;
	return victim->attr & FAT_DIRECTORY ? fat_check_empty(fs, victim) : 0;
}

static int prepare(struct move *move, const char *text, size_t len)
{
	const struct fat_file *moved = move->moved, *victim = move->victim;
	uint32_t own = moved->dir == move->new_dir ? moved->slot : FAT_NO_SLOT;
	struct scan scan;
	uint64_t at;
	int err = fat_name_parse(text, len, &move->name);

	if (!err && victim)
		err = check_victim(move->fs, moved, victim);
	if (!err)
		err = fat_directory_prepare(move->fs, move->new_dir, &move->name, own, victim ? victim->slot : FAT_NO_SLOT,
					&scan, &move->place);
	if (!err)
		err = fat_slot_at(move->fs, moved->dir, moved->slot, &at);
	if (!err)
		err = fat_cache_read(move->fs, at, move->raw, SLOT_BYTES);
	if (!err)
		err = fat_entry_start(move->fs, moved->dir, moved->slot, &move->start);
	return err;
}

int fat_rename(struct fat *fs, struct fat_file *moved, uint32_t new_dir, const char *name, size_t len,
	       struct fat_file *victim)
{
	struct move move = { .fs = fs, .moved = moved, .victim = victim, .new_dir = new_dir };
	int err = fat_volume_begin(fs), is_done = 0;

	if (!err)
		err = prepare(&move, name, len);
	if (!err)
		is_done = move_in_sector(&move);
	if (!err && is_done <= 0)
		err = is_done ? is_done : move_between(&move);
	if (!err && victim)
		victim->slot = FAT_NO_SLOT;
	return fat_cache_end(fs, err);
}
