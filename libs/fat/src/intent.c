/* fat: a move between two sectors that a power cut cannot undo by half.
 *
 * Two entries must not lead to one chain, and no write changes two sectors. So what is about to happen is kept, as an
 * intent, in a slot of the root directory that is marked free: other systems see nothing there.
 *
 *	the new entry, but as free slots; barrier
 *	the intent; barrier
 *	the old entry goes; barrier				from here on the intent is carried out
 *	the new entry shows, or takes the place of who had its name
 *	before the next change: barrier, the intent goes, barrier
 *
 * Who opens a volume that was not left whole looks for an intent and carries it out if it was begun.
 */
#include <errno.h>
#include <string.h>

#include "private.h"

#define MAGIC "Mv\x1a\x7e"

/* Offsets in an intent. */
#define I_MAGIC 1
#define I_NEW_SLOTS 5
#define I_INITIAL 6
#define I_OLD_SLOTS 7
#define I_OLD_DIR 8
#define I_OLD_SLOT 12
#define I_NEW_SLOT 14
#define I_NEW_DIR 16
#define I_FIRST 20
#define I_SUM 28

static uint32_t sum_of(const struct fat *fs, const uint8_t raw[SLOT_BYTES])
{
	uint32_t sum = fs->serial + 1;

	for (unsigned int i = I_MAGIC; i < I_SUM; i++)
		sum = (sum ^ raw[i]) * 16777619u;
	return sum;
}

static void encode(const struct fat *fs, const struct fat_intent *intent, uint8_t raw[SLOT_BYTES])
{
	memset(raw, 0, SLOT_BYTES);
	raw[0] = SLOT_FREE;
	memcpy(raw + I_MAGIC, MAGIC, sizeof(MAGIC) - 1);
	raw[I_NEW_SLOTS] = (uint8_t)intent->new_slots;
	raw[I_INITIAL] = intent->initial;
	raw[I_OLD_SLOTS] = (uint8_t)intent->old_slots;
	put32(raw + I_OLD_DIR, intent->old_dir);
	put16(raw + I_OLD_SLOT, intent->old_slot);
	put16(raw + I_NEW_SLOT, intent->new_slot);
	put32(raw + I_NEW_DIR, intent->new_dir);
	put32(raw + I_FIRST, intent->first);
	put32(raw + I_SUM, sum_of(fs, raw));
}

static bool decode(const struct fat *fs, const uint8_t raw[SLOT_BYTES], struct fat_intent *intent)
{
	*intent = (struct fat_intent){
		.new_slots = raw[I_NEW_SLOTS], .initial = raw[I_INITIAL], .old_slots = raw[I_OLD_SLOTS],
		.old_dir = get32(raw + I_OLD_DIR), .old_slot = get16(raw + I_OLD_SLOT), .new_slot = get16(raw + I_NEW_SLOT),
		.new_dir = get32(raw + I_NEW_DIR), .first = get32(raw + I_FIRST),
	};
	return raw[0] == SLOT_FREE && !memcmp(raw + I_MAGIC, MAGIC, sizeof(MAGIC) - 1) && get32(raw + I_SUM) == sum_of(fs, raw) &&
	       intent->old_slots && intent->old_slots <= intent->old_slot + 1 && intent->new_slots <= intent->new_slot + 1;
}

/* ---- its place ---- */

static bool is_apart(const struct place *place, uint32_t dir, uint32_t slot)
{
	return dir != FAT_ROOT || slot < place->slot || slot >= place->slot + place->want;
}

/* Is the slot of the root free, and not promised to @place of @dir? -ENOENT: behind the root's end. */
static int try_slot(struct fat *fs, uint32_t dir, const struct place *place, uint32_t slot, uint8_t *initial)
{
	uint64_t at;
	int err = fat_slot_at(fs, FAT_ROOT, slot, &at);

	if (!err)
		err = fat_cache_read(fs, at, initial, 1);
	if (err)
		return err;
	return *initial == SLOT_FREE && is_apart(place, dir, slot);
}

/* A free slot of the root. -ENOSPC. */
static int find_slot(struct fat *fs, uint32_t dir, const struct place *place, uint32_t *out)
{
	uint8_t initial;

	*out = fs->intent_slot;
	if (try_slot(fs, dir, place, *out, &initial) == 1)
		return 0;
	for (*out = 0;; ++*out) {
		int is_good = try_slot(fs, dir, place, *out, &initial);

		if (is_good == 1)
			return 0;
		if (is_good < 0 && is_good != -ENOENT)
			return is_good;
		if (is_good == -ENOENT || !initial)
			return fat_directory_extend(fs, FAT_ROOT, &(struct place){ .slot = *out, .want = 1, .end = *out, .is_end = true });
	}
}

int fat_intent_write(struct fat *fs, const struct fat_intent *intent, const struct place *place)
{
	uint8_t raw[SLOT_BYTES];
	uint32_t slot;
	uint64_t at;
	int err = find_slot(fs, intent->new_dir, place, &slot);

	if (!err)
		err = fat_slot_at(fs, FAT_ROOT, slot, &at);
	if (err)
		return err;
	encode(fs, intent, raw);
	err = fat_cache_write(fs, at, raw, SLOT_BYTES);
	fs->intent_slot = slot;
	fs->has_intent = !err;
	return err;
}

/* ---- what it says is done ---- */

/* ".." of a directory that has another parent now. */
static int set_parent(struct fat *fs, const struct fat_intent *intent)
{
	struct fat_file up;
	uint8_t raw[SLOT_BYTES];
	uint64_t at = cluster_at(fs, intent->first) + SLOT_BYTES;
	int err = fat_cache_read(fs, at, raw, SLOT_BYTES);

	if (err || raw[0] != '.' || raw[1] != '.')
		return err;
	fat_entry_decode(fs, raw, intent->first, 1, &up);
	up.first = intent->new_dir;
	fat_entry_encode(fs, &up, raw);
	err = fat_cache_write(fs, at, raw, SLOT_BYTES);
	return err ? err : fat_cache_barrier(fs);
}

static int clear_old(struct fat *fs, const struct fat_intent *intent)
{
	const uint8_t mark = SLOT_FREE;
	uint64_t at;
	int err = 0;

	for (uint32_t i = 0; i < intent->old_slots && !err; i++) {
		err = fat_slot_at(fs, intent->old_dir, intent->old_slot - i, &at);
		if (!err)
			err = fat_cache_write(fs, at, &mark, 1);
	}
	return err ? err : fat_cache_barrier(fs);
}

/* The slots that were written as free ones get the bytes that they should begin with. */
static int show_new(struct fat *fs, const struct fat_intent *intent)
{
	uint32_t total = intent->new_slots - 1;
	uint64_t at;
	int err = 0;

	for (uint32_t order = 0; order <= total && !err; order++) {
		uint8_t initial = order ? (uint8_t)(order | (order == total ? LONG_LAST : 0)) : intent->initial;

		err = fat_slot_at(fs, intent->new_dir, intent->new_slot - order, &at);
		if (!err)
			err = fat_cache_write(fs, at, &initial, 1);
	}
	return err;
}

/* Who has the name already leads to the moved file's bytes now. */
static int take_over(struct fat *fs, const struct fat_intent *intent, const uint8_t raw[SLOT_BYTES])
{
	uint8_t *entry;
	uint64_t at;
	int err = fat_slot_at(fs, intent->new_dir, intent->new_slot, &at);

	entry = err ? NULL : fat_cache_at(fs, at, true, &err);
	if (entry)
		fat_entry_replace(entry, raw);
	return err;
}

/* The old entry's last slot, free or not. */
static int read_old(struct fat *fs, const struct fat_intent *intent, uint8_t raw[SLOT_BYTES], struct fat_file *file)
{
	uint64_t at;
	int err = fat_slot_at(fs, intent->old_dir, intent->old_slot, &at);

	if (!err)
		err = fat_cache_read(fs, at, raw, SLOT_BYTES);
	if (!err)
		fat_entry_decode(fs, raw, intent->old_dir, intent->old_slot, file);
	return err;
}

int fat_intent_carry_out(struct fat *fs, const struct fat_intent *intent)
{
	uint8_t raw[SLOT_BYTES];
	struct fat_file moved;
	int err = read_old(fs, intent, raw, &moved);

	if (err)
		return err;
	if (moved.first != intent->first)
		return -EIO;
	err = clear_old(fs, intent);
	if (!err && (moved.attr & FAT_DIRECTORY) && intent->old_dir != intent->new_dir)
		err = set_parent(fs, intent);
	if (!err)
		err = intent->new_slots ? show_new(fs, intent) : take_over(fs, intent, raw);
	return err ? err : fat_cache_step(fs);
}

int fat_intent_settle(struct fat *fs)
{
	uint8_t raw[SLOT_BYTES] = { SLOT_FREE };
	uint64_t at;
	int err;

	if (!fs->has_intent)
		return 0;
	err = fat_slot_at(fs, FAT_ROOT, fs->intent_slot, &at);
	if (!err)
		err = fat_cache_barrier(fs);
	if (!err)
		err = fat_cache_write(fs, at, raw, SLOT_BYTES);
	if (!err)
		err = fat_cache_barrier(fs);
	if (!err)
		fs->has_intent = false;
	return err;
}

/* ---- after a power cut, or an error ---- */

/* Does the old entry's last slot lead to the file's bytes? Others may have used it since. */
static int is_of_this_file(struct fat *fs, const struct fat_intent *intent)
{
	uint8_t raw[SLOT_BYTES];
	struct fat_file file;
	int err = read_old(fs, intent, raw, &file);

	if (err)
		return err == -ENOENT ? 0 : err;
	return file.first == intent->first;
}

/* Returns: 1 if any of the old entry's slots is free. */
static int was_begun(struct fat *fs, const struct fat_intent *intent)
{
	uint8_t initial;
	uint64_t at;

	for (uint32_t i = 0; i < intent->old_slots; i++) {
		int err = fat_slot_at(fs, intent->old_dir, intent->old_slot - i, &at);

		if (!err)
			err = fat_cache_read(fs, at, &initial, 1);
		if (err)
			return err == -ENOENT ? 0 : err;
		if (initial == SLOT_FREE)
			return 1;
	}
	return 0;
}

int fat_intent_recover(struct fat *fs)
{
	uint8_t raw[SLOT_BYTES];
	struct fat_intent intent;
	uint64_t at;
	int err = 0;

	for (uint32_t slot = 0; !err; slot++) {
		err = fat_slot_at(fs, FAT_ROOT, slot, &at);
		if (!err)
			err = fat_cache_read(fs, at, raw, SLOT_BYTES);
		if (err || !raw[0])
			break;
		if (!decode(fs, raw, &intent))
			continue;
		fs->intent_slot = slot;
		fs->has_intent = true;
		err = is_of_this_file(fs, &intent);
		if (err > 0)
			err = was_begun(fs, &intent);
		if (err > 0)
			err = fat_intent_carry_out(fs, &intent);
		return err ? err : fat_intent_settle(fs);
	}
	return err == -ENOENT ? 0 : err;
}
