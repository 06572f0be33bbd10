/* fat: moving a name.
 *
 * Within one sector it is one write, which is what replacing a file by its new version comes to in
 * most directories. Between two sectors the old entry goes first: with both, two entries would
 * lead to one chain.
 */
#include <errno.h>
#include <string.h>

#include "private.h"

struct move {
	struct fat *fs;
	struct fat_file *moved;
	struct fat_file *victim;
	bool is_victim_gone;
	uint32_t new_dir;
	struct name name;
	struct place place;
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

/* Free the slots of an entry in @sector, which begins at slot @base. Returns: false if it does not lie there. */
static bool clear_set(uint8_t *sector, uint32_t base, uint32_t start, uint32_t slot)
{
	if (start < base || slot >= base + SECTOR_SLOTS)
		return false;
	for (; start <= slot; start++)
		sector[(start - base) * SLOT_BYTES] = SLOT_FREE;
	return true;
}

/* The victim goes in the same write if it lies in the same sector. */
static int clear_victim(struct move *move, uint8_t *sector, uint32_t base)
{
	struct fat_file *victim = move->victim;
	uint32_t start;
	int err;

	if (!victim)
		return 0;
	err = fat_entry_start(move->fs, victim->dir, victim->slot, &start);
	if (!err && clear_set(sector, base, start, victim->slot))
		move->is_victim_gone = true;
	return err;
}

/* Returns: 1 if it is done; 0 if there is no room. */
static int move_in_sector(struct move *move)
{
	struct fat_file *moved = move->moved;
	uint32_t base = moved->slot - moved->slot % SECTOR_SLOTS, start, to;
	uint8_t sector[UNIT_BYTES];
	uint64_t at;
	int err = fat_entry_start(move->fs, moved->dir, moved->slot, &start);

	if (err || start < base || move->place.want > SECTOR_SLOTS)
		return err;
	err = fat_slot_at(move->fs, moved->dir, base, &at);
	if (!err)
		err = fat_cache_read(move->fs, at, sector, UNIT_BYTES);
	if (!err)
		err = clear_victim(move, sector, base);
	clear_set(sector, base, start, moved->slot);
	if (err || !find_run(sector, move->place.want, &to)) {
		move->is_victim_gone = false;
		return err;
	}
	fat_entry_compose(&move->name, move->raw, sector + to * SLOT_BYTES);
	err = fat_cache_write(move->fs, at, sector, UNIT_BYTES);
	if (!err)
		err = fat_cache_step(move->fs);
	moved->slot = base + to + move->place.want - 1;
	return err ? err : 1;
}

/* ".." of a directory that has another parent now. */
static int set_parent(struct move *move)
{
	struct fat *fs = move->fs;
	struct fat_file up;
	uint8_t raw[SLOT_BYTES];
	uint64_t at = cluster_at(fs, move->moved->first) + SLOT_BYTES;
	int err = fat_cache_read(fs, at, raw, SLOT_BYTES);

	if (err || raw[0] != '.' || raw[1] != '.')
		return err;
	fat_entry_decode(fs, raw, move->moved->first, 1, &up);
	up.first = move->new_dir;
	fat_entry_encode(fs, &up, raw);
	err = fat_cache_write(fs, at, raw, SLOT_BYTES);
	return err ? err : fat_cache_barrier(fs);
}

static int move_between(struct move *move)
{
	struct fat_file *moved = move->moved;
	struct fat *fs = move->fs;
	int err = fat_directory_extend(fs, move->new_dir, &move->place);

	if (!err)
		err = fat_entry_delete(fs, moved->dir, moved->slot);
	if (!err)
		err = fat_cache_barrier(fs);
	if (!err && (moved->attr & FAT_DIRECTORY) && moved->dir != move->new_dir)
		err = set_parent(move);
	if (!err)
		err = fat_directory_insert(fs, move->new_dir, &move->place, &move->name, move->raw, &moved->slot);
	moved->dir = move->new_dir;
	return err ? err : fat_cache_step(fs);
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
	return err;
}

int fat_rename(struct fat *fs, struct fat_file *moved, uint32_t new_dir, const char *name, size_t len,
	       struct fat_file *victim)
{
	struct move move = { .fs = fs, .moved = moved, .victim = victim, .new_dir = new_dir };
	int err = fat_volume_begin(fs), is_done = 0;

	if (!err)
		err = prepare(&move, name, len);
	if (err)
		return err;
	if (moved->dir == new_dir)
		is_done = move_in_sector(&move);
	err = is_done < 0 ? is_done : is_done ? 0 : move_between(&move);
	if (!err && move.is_victim_gone) {
		victim->slot = FAT_NO_SLOT;
	} else if (!err && victim) {
		err = fat_cache_barrier(fs);
		if (!err)
			err = fat_unlink(fs, victim);
	}
	return err;
}
