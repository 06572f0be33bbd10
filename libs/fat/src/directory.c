/* fat: names in directories.
 *
 * The slots of one name lie in one sector wherever they fit, so that the name comes and goes in
 * one write.
 */
#include <errno.h>
#include <string.h>

#include "private.h"

#define SALTS 16u
/* "." and ".." of a new directory. */
static const uint8_t self_name[SHORT_LEN] = ".          ", parent_name[SHORT_LEN] = "..         ";

void fat_root(const struct fat *fs, struct fat_file *out)
{
	*out = (struct fat_file){ .slot = FAT_NO_SLOT, .attr = FAT_DIRECTORY };
}

int fat_directory(const struct fat *fs, const struct fat_file *file, uint32_t *dir)
{
	*dir = file->first;
	if (!(file->attr & FAT_DIRECTORY))
		return -ENOTDIR;
	if (!file->first)
		return file->slot == FAT_NO_SLOT ? 0 : -EIO;
	return is_cluster(fs, file->first) && file->first != fs->root_first ? 0 : -EIO;
}

static bool is_shown(const struct scan *scan)
{
	return !(scan->raw[11] & FAT_VOLUME) && memcmp(scan->raw, self_name, SHORT_LEN) &&
	       memcmp(scan->raw, parent_name, SHORT_LEN);
}

/* Does the entry have the name, long or short? */
static bool is_named(const struct scan *scan, const struct name *name)
{
	uint16_t units[SHORT_LEN + 1];
	unsigned int n;

	if (scan->nunits && fat_name_is_same(name, scan->units, scan->nunits))
		return true;
	if (name->has_raw && !memcmp(name->raw, scan->raw, SHORT_LEN))
		return true;
	if (name->nunits > SHORT_LEN + 1 || name->has_raw)
		return false;
	n = fat_name_of_short(scan->raw, 0, units);
	return fat_name_is_same(name, units, n);
}

int fat_lookup(struct fat *fs, uint32_t dir, const char *text, size_t len, struct fat_dirent *out)
{
	struct name name;
	struct scan scan;
	int err = fat_name_parse(text, len, &name);

	if (err)
		return err == -EINVAL ? -ENOENT : err;
	fat_scan_start(&scan, fs, dir, 0, 0);
	while ((err = fat_scan_next(&scan)) > 0) {
		if (is_shown(&scan) && is_named(&scan, &name)) {
			fat_scan_dirent(&scan, out);
			return 0;
		}
	}
	return err ? err : -ENOENT;
}

/* Back to the first slot of the long name that @slot is in the midst of. */
static int go_back(struct fat *fs, uint32_t dir, uint32_t *slot)
{
	uint32_t most = *slot < LONG_SLOTS_MAX ? *slot : LONG_SLOTS_MAX;
	uint8_t raw[SLOT_BYTES];
	uint64_t at;

	for (uint32_t back = 0; back <= most; back++) {
		int err = fat_slot_at(fs, dir, *slot - back, &at);

		if (!err)
			err = fat_cache_read(fs, at, raw, SLOT_BYTES);
		if (err)
			return err == -ENOENT ? 0 : err;
		if (raw[0] == SLOT_FREE || !raw[0] || (raw[11] & 0x3f) != LONG_ATTR)
			break;
		if (raw[0] & LONG_LAST) {
			*slot -= back;
			break;
		}
	}
	return 0;
}

int fat_readdir(struct fat *fs, uint32_t dir, uint32_t *cookie, struct fat_dirent *out)
{
	struct scan scan;
	uint32_t slot = *cookie;
	int n = go_back(fs, dir, &slot);

	if (n)
		return n;
	fat_scan_start(&scan, fs, dir, slot, 0);
	while ((n = fat_scan_next(&scan)) > 0) {
		if (!is_shown(&scan) || scan.entry_slot < *cookie)
			continue;
		fat_scan_dirent(&scan, out);
		*cookie = scan.entry_slot + 1;
		return 1;
	}
	return n;
}

int fat_check_empty(struct fat *fs, const struct fat_file *file)
{
	struct scan scan;
	uint32_t dir;
	int err = fat_directory(fs, file, &dir);

	if (err)
		return err;
	fat_scan_start(&scan, fs, dir, 0, 0);
	while ((err = fat_scan_next(&scan)) > 0)
		if (is_shown(&scan))
			return -ENOTEMPTY;
	return err;
}

static void fill_place(const struct scan *scan, struct place *place)
{
	place->slot = scan->run_slot;
	place->want = scan->want;
	place->is_end = !scan->is_found;
	place->end = scan->end_slot;
	if (place->is_end && place->want <= SECTOR_SLOTS && place->slot % SECTOR_SLOTS + place->want > SECTOR_SLOTS)
		place->slot += SECTOR_SLOTS - place->slot % SECTOR_SLOTS;
}

static void note_aliases(const struct scan *scan, const struct name *name, uint32_t *taken)
{
	uint64_t base, alias;

	memcpy(&base, scan->raw, sizeof(base));
	for (unsigned int i = 0; i < ALIASES; i++) {
		memcpy(&alias, name->aliases[i], sizeof(alias));
		if (alias == base && !memcmp(name->aliases[i], scan->raw, SHORT_LEN))
			*taken |= 1u << i;
	}
}

static int prepare_once(struct fat *fs, uint32_t dir, const struct name *name, uint32_t but, uint32_t but_too,
			struct scan *scan, uint32_t *taken)
{
	int n;

	*taken = 0;
	fat_scan_start(scan, fs, dir, 0, fat_name_slots(name));
	while ((n = fat_scan_next(scan)) > 0) {
		if (scan->raw[11] & FAT_VOLUME)
			continue;
		if (name->is_long)
			note_aliases(scan, name, taken);
		if (scan->entry_slot != but && scan->entry_slot != but_too && is_named(scan, name))
			return -EEXIST;
	}
	return n;
}

int fat_directory_prepare(struct fat *fs, uint32_t dir, struct name *name, uint32_t but, uint32_t but_too,
		      struct scan *scan, struct place *place)
{
	uint32_t taken;

	for (uint32_t salt = 0; salt < SALTS; salt++) {
		int err;

		if (name->is_long)
			fat_name_make_aliases(name, salt);
		err = prepare_once(fs, dir, name, but, but_too, scan, &taken);
		if (err)
			return err;
		fill_place(scan, place);
		if (!name->is_long)
			return 0;
		for (unsigned int i = 0; i < ALIASES; i++) {
			if (taken & 1u << i)
				continue;
			memcpy(name->raw, name->aliases[i], SHORT_LEN);
			return 0;
		}
	}
	return -ENOSPC;
}

/* Add clusters to a directory so that it has @slots. */
static int grow(struct fat *fs, uint32_t dir, uint32_t slots)
{
	uint32_t first = dir == FAT_ROOT ? fs->root_first : dir;
	uint32_t want = (slots * SLOT_BYTES + fs->cluster_bytes - 1) / fs->cluster_bytes;
	uint32_t have, last, new, cluster;
	int err = fat_chain_tail(fs, first, &have, &last);

	if (err || have >= want)
		return err;
	err = fat_table_take(fs, want - have, last + 1, &new);
	for (cluster = new; !err && cluster != CLUSTER_END;) {
		err = fat_cache_zero(fs, cluster_at(fs, cluster), fs->cluster_bytes);
		if (!err)
			err = fat_table_next(fs, cluster, &cluster);
	}
	if (!err)
		err = fat_cache_barrier(fs);
	if (!err)
		err = fat_table_link(fs, last, new);
	return err ? err : fat_cache_barrier(fs);
}

int fat_directory_extend(struct fat *fs, uint32_t dir, const struct place *place)
{
	uint32_t slots = place->slot + place->want;
	uint64_t at;
	uint8_t *next;
	int err;

	if (!place->is_end)
		return 0;
	if (dir == FAT_ROOT && fs->root_slots)
		return slots > fs->root_slots ? -ENOSPC : 0;
	if (slots > DIR_SLOTS_MAX)
		return -ENOSPC;
	err = grow(fs, dir, slots);
	if (err)
		return err;
	/* What lies behind the end may be anything, and the end moves: it must be an end there, too. */
	err = fat_slot_at(fs, dir, slots, &at);
	if (err)
		return err == -ENOENT ? 0 : err;
	next = fat_cache_at(fs, at, false, &err);
	if (!next || !*next)
		return err;
	err = fat_cache_zero(fs, at, 1);
	return err ? err : fat_cache_barrier(fs);
}

static int insert(struct fat *fs, uint32_t dir, const struct place *place, const uint8_t *slots, uint32_t *slot)
{
	const uint8_t mark = SLOT_FREE;
	uint32_t at_slot = place->is_end && place->end < place->slot ? place->end : place->slot;
	uint64_t at;
	int err = 0;

	for (; !err && at_slot < place->slot + place->want; at_slot++) {
		err = fat_slot_at(fs, dir, at_slot, &at);
		if (err)
			break;
		if (at_slot < place->slot)
			err = fat_cache_write(fs, at, &mark, 1);
		else
			err = fat_cache_write(fs, at, slots + (at_slot - place->slot) * SLOT_BYTES, SLOT_BYTES);
	}
	*slot = place->slot + place->want - 1;
	return err;
}

int fat_directory_insert(struct fat *fs, uint32_t dir, const struct place *place, const struct name *name,
		     uint8_t raw[SLOT_BYTES], uint32_t *slot)
{
	uint8_t slots[(LONG_SLOTS_MAX + 1) * SLOT_BYTES];

	fat_entry_compose(name, raw, slots);
	return insert(fs, dir, place, slots, slot);
}

int fat_directory_prepare_slots(struct fat *fs, uint32_t dir, const struct place *place, const struct name *name,
		     uint8_t raw[SLOT_BYTES], uint32_t *slot)
{
	uint8_t slots[(LONG_SLOTS_MAX + 1) * SLOT_BYTES];

	fat_entry_compose(name, raw, slots);
	for (unsigned int i = 0; i < place->want; i++)
		slots[i * SLOT_BYTES] = SLOT_FREE;
	return insert(fs, dir, place, slots, slot);
}

static void start_file(struct fat_file *file, uint32_t dir, uint32_t attr, struct fat_time now)
{
	*file = (struct fat_file){ .dir = dir, .attr = attr, .mtime = now, .atime = now, .btime = now };
}

/* The first cluster of a directory below @parent. */
static int make_cluster(struct fat *fs, struct fat_file *file, uint32_t parent)
{
	uint8_t raw[SLOT_BYTES] = { 0 };
	struct fat_file up = *file;
	uint64_t at;
	int err = fat_table_take(fs, 1, 0, &file->first);

	if (err)
		return err;
	at = cluster_at(fs, file->first);
	err = fat_cache_zero(fs, at, fs->cluster_bytes);
	fat_entry_encode(fs, file, raw);
	memcpy(raw, self_name, SHORT_LEN);
	if (!err)
		err = fat_cache_write(fs, at, raw, SLOT_BYTES);
	up.first = parent;
	fat_entry_encode(fs, &up, raw);
	memcpy(raw, parent_name, SHORT_LEN);
	if (!err)
		err = fat_cache_write(fs, at + SLOT_BYTES, raw, SLOT_BYTES);
	return err ? err : fat_cache_barrier(fs);
}

static int create(struct fat *fs, uint32_t dir, const char *text, size_t len, struct fat_file *file)
{
	uint8_t raw[SLOT_BYTES] = { 0 };
	struct place place;
	struct name name;
	struct scan scan;
	uint64_t at;
	int err = fat_name_parse(text, len, &name);

	if (!err)
		err = fat_volume_begin(fs);
	if (!err)
		err = fat_directory_prepare(fs, dir, &name, FAT_NO_SLOT, FAT_NO_SLOT, &scan, &place);
	if (!err)
		err = fat_directory_extend(fs, dir, &place);
	if (!err && (file->attr & FAT_DIRECTORY))
		err = make_cluster(fs, file, dir);
	if (!err)
		err = fat_slot_at(fs, dir, place.slot, &at);
	if (!err)
		err = fat_entry_await_gone(fs, at, place.want);
	if (err)
		return err;
	fat_entry_encode(fs, file, raw);
	err = fat_directory_insert(fs, dir, &place, &name, raw, &file->slot);
	return err ? err : fat_cache_step(fs);
}

int fat_create(struct fat *fs, uint32_t dir, const char *name, size_t len, uint32_t attr, struct fat_time now,
	       struct fat_file *out)
{
	start_file(out, dir, attr & ~(FAT_DIRECTORY | FAT_VOLUME), now);
	return fat_cache_end(fs, create(fs, dir, name, len, out));
}

int fat_mkdir(struct fat *fs, uint32_t dir, const char *name, size_t len, uint32_t attr, struct fat_time now,
	      struct fat_file *out)
{
	start_file(out, dir, (attr & ~FAT_VOLUME) | FAT_DIRECTORY, now);
	return fat_cache_end(fs, create(fs, dir, name, len, out));
}

int fat_unlink(struct fat *fs, struct fat_file *file)
{
	int err = fat_volume_begin(fs);

	if (!err)
		err = fat_entry_delete(fs, file->dir, file->slot);
	if (!err)
		err = fat_cache_step(fs);
	/* It may be gone although the device said otherwise. */
	if (fat_cache_end(fs, err)) {
		struct fat_file left = *file;

		err = fat_load(fs, &left) == -ENOENT ? 0 : err;
	}
	if (!err)
		file->slot = FAT_NO_SLOT;
	return err;
}

int fat_release(struct fat *fs, struct fat_file *file)
{
	int err;

	if (!file->first)
		return 0;
	err = fat_volume_begin(fs);
	if (!err)
		err = fat_cache_barrier(fs);
	if (!err)
		err = fat_table_free(fs, file->first);
	if (!err)
		err = fat_cache_step(fs);
	if (!err)
		file->first = 0;
	return fat_cache_end(fs, err);
}
