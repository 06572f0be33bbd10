/* fat: the slots of a directory. */
#include <errno.h>
#include <string.h>

#include "private.h"

/* Offsets in a short entry. */
#define E_ATTR 11
#define E_LOWER 12
#define E_BTIME_FINE 13
#define E_BTIME 14
#define E_BDATE 16
#define E_ADATE 18
#define E_FIRST_HIGH 20
#define E_TIME 22
#define E_DATE 24
#define E_FIRST 26
#define E_SIZE 28

int fat_slot_at(struct fat *fs, uint32_t dir, uint32_t slot, uint64_t *at)
{
	uint64_t offset = (uint64_t)slot * SLOT_BYTES;
	uint32_t cluster;
	int err;

	if (dir == FAT_ROOT && fs->root_slots) {
		*at = fs->root_at + offset;
		return slot < fs->root_slots ? 0 : -ENOENT;
	}
	if (slot >= DIR_SLOTS_MAX)
		return -ENOENT;
	err = fat_chain_at(fs, dir == FAT_ROOT ? fs->root_first : dir, (uint32_t)(offset / fs->cluster_bytes), &cluster);
	if (!err)
		*at = cluster_at(fs, cluster) + offset % fs->cluster_bytes;
	return err;
}

void fat_scan_start(struct scan *scan, struct fat *fs, uint32_t dir, uint32_t slot, unsigned int want)
{
	scan->fs = fs;
	scan->dir = dir;
	scan->slot = slot;
	scan->want = want;
	scan->is_found = scan->is_end = false;
	scan->run_len = 0;
	scan->run_slot = slot;
	scan->expected = 0;
	scan->is_complete = false;
	scan->nunits = 0;
	scan->loaded = UINT32_MAX;
}

static int load_sector(struct scan *scan)
{
	uint32_t sector = scan->slot / SECTOR_SLOTS;
	uint64_t at;
	int err;

	if (sector == scan->loaded)
		return 0;
	err = fat_slot_at(scan->fs, scan->dir, sector * SECTOR_SLOTS, &at);
	if (!err)
		err = fat_cache_read(scan->fs, at, scan->sector, UNIT_BYTES);
	scan->loaded = err ? UINT32_MAX : sector;
	return err;
}

static void count_free(struct scan *scan)
{
	bool is_new_unit = scan->slot % SECTOR_SLOTS == 0 && scan->want <= SECTOR_SLOTS;

	if (scan->is_found)
		return;
	if (!scan->run_len || is_new_unit) {
		scan->run_slot = scan->slot;
		scan->run_len = 0;
	}
	if (++scan->run_len == scan->want)
		scan->is_found = true;
}

static void take_long_slot(struct scan *scan, const uint8_t *slot)
{
	unsigned int order = slot[0] & ~LONG_LAST;

	scan->is_complete = false;
	if (slot[0] & LONG_LAST) {
		scan->expected = order <= LONG_SLOTS_MAX ? order : 0;
		scan->checksum = slot[13];
		scan->units[scan->expected * SLOT_UNITS] = 0;
	} else if (order != scan->expected || slot[13] != scan->checksum) {
		scan->expected = 0;
	}
	if (!scan->expected)
		return;
	scan->expected--;
	fat_name_read_slot(slot, scan->units + scan->expected * SLOT_UNITS);
	scan->is_complete = !scan->expected;
}

/* The slots before led to this entry: is the long name its own? */
static void finish_long_name(struct scan *scan)
{
	scan->nunits = 0;
	if (scan->is_complete && scan->checksum == fat_short_checksum(scan->raw))
		while (scan->nunits < FAT_NAME_UNITS && scan->units[scan->nunits])
			scan->nunits++;
	scan->is_complete = false;
	scan->expected = 0;
}

/* The end of what is in use; a run of free slots right before it goes on behind it. */
static int finish(struct scan *scan)
{
	scan->end_slot = scan->slot;
	if (!scan->is_found) {
		scan->is_end = true;
		if (!scan->run_len || (scan->want <= SECTOR_SLOTS && scan->slot % SECTOR_SLOTS == 0))
			scan->run_slot = scan->slot;
	}
	return 0;
}

int fat_scan_next(struct scan *scan)
{
	for (;; scan->slot++) {
		const uint8_t *slot = scan->sector + scan->slot % SECTOR_SLOTS * SLOT_BYTES;
		int err = load_sector(scan);

		if (err == -ENOENT || (!err && !slot[0]))
			return finish(scan);
		if (err)
			return err;
		if (slot[0] == SLOT_FREE) {
			scan->expected = 0;
			scan->is_complete = false;
			count_free(scan);
			continue;
		}
		scan->run_len = scan->is_found ? scan->run_len : 0;
		if ((slot[E_ATTR] & 0x3f) == LONG_ATTR) {
			take_long_slot(scan, slot);
			continue;
		}
		memcpy(scan->raw, slot, SLOT_BYTES);
		finish_long_name(scan);
		scan->entry_slot = scan->slot++;
		return 1;
	}
}

void fat_entry_decode(const struct fat *fs, const uint8_t raw[SLOT_BYTES], uint32_t dir, uint32_t slot, struct fat_file *out)
{
	memset(out, 0, sizeof(*out));
	out->dir = dir;
	out->slot = slot;
	out->first = get16(raw + E_FIRST);
	if (fs->bits == 32)
		out->first |= ((uint32_t)get16(raw + E_FIRST_HIGH) << 16) & 0x0fffffff;
	out->attr = raw[E_ATTR] & 0x3f;
	if (!(out->attr & FAT_DIRECTORY))
		out->size = get32(raw + E_SIZE);
	out->mtime = fat_time_decode(get16(raw + E_DATE), get16(raw + E_TIME), 0);
	out->atime = fat_time_decode(get16(raw + E_ADATE), 0, 0);
	out->btime = fat_time_decode(get16(raw + E_BDATE), get16(raw + E_BTIME), raw[E_BTIME_FINE]);
}

void fat_entry_encode(const struct fat *fs, const struct fat_file *file, uint8_t raw[SLOT_BYTES])
{
	uint32_t date, tod, fine;

	raw[E_ATTR] = (uint8_t)file->attr;
	put16(raw + E_FIRST, file->first);
	put16(raw + E_FIRST_HIGH, fs->bits == 32 ? file->first >> 16 : 0);
	put32(raw + E_SIZE, file->size);
	fat_time_encode(file->mtime, &date, &tod, &fine);
	put16(raw + E_DATE, date);
	put16(raw + E_TIME, tod);
	fat_time_encode(file->atime, &date, &tod, &fine);
	put16(raw + E_ADATE, date);
	fat_time_encode(file->btime, &date, &tod, &fine);
	put16(raw + E_BDATE, date);
	put16(raw + E_BTIME, tod);
	raw[E_BTIME_FINE] = (uint8_t)fine;
}

void fat_scan_file(const struct scan *scan, struct fat_file *out)
{
	fat_entry_decode(scan->fs, scan->raw, scan->dir, scan->entry_slot, out);
}

void fat_scan_dirent(const struct scan *scan, struct fat_dirent *out)
{
	uint16_t units[SHORT_LEN + 1];
	unsigned int n;

	fat_scan_file(scan, &out->file);
	n = fat_name_of_short(scan->raw, scan->nunits ? 0 : scan->raw[E_LOWER], units);
	fat_name_to_utf8(units, n, out->short_name);
	if (fat_name_is_showable(scan->units, scan->nunits))
		out->name_len = fat_name_to_utf8(scan->units, scan->nunits, out->name);
	else
		out->name_len = fat_name_to_utf8(units, n, out->name);
}

static int read_slot(struct fat *fs, uint32_t dir, uint32_t slot, uint8_t raw[SLOT_BYTES])
{
	uint64_t at;
	int err = fat_slot_at(fs, dir, slot, &at);

	return err ? err : fat_cache_read(fs, at, raw, SLOT_BYTES);
}

int fat_entry_start(struct fat *fs, uint32_t dir, uint32_t slot, uint32_t *start)
{
	uint8_t raw[SLOT_BYTES], sum;
	uint32_t at = slot;
	int err = read_slot(fs, dir, slot, raw);

	*start = slot;
	sum = fat_short_checksum(raw);
	for (unsigned int order = 1; !err && at && order <= LONG_SLOTS_MAX; order++) {
		err = read_slot(fs, dir, --at, raw);
		if (err || (raw[E_ATTR] & 0x3f) != LONG_ATTR || (raw[0] & ~LONG_LAST) != order || raw[13] != sum)
			break;
		if (raw[0] & LONG_LAST) {
			*start = at;
			break;
		}
	}
	return err;
}

int fat_entry_delete(struct fat *fs, uint32_t dir, uint32_t slot)
{
	const uint8_t mark = SLOT_FREE;
	uint32_t start;
	uint64_t at;
	int err = fat_entry_start(fs, dir, slot, &start);

	for (; !err && start <= slot; start++) {
		err = fat_slot_at(fs, dir, start, &at);
		if (err)
			break;
		fat_entry_note_gone(fs, at);
		err = fat_cache_write(fs, at, &mark, 1);
	}
	return err;
}

void fat_entry_note_gone(struct fat *fs, uint64_t at)
{
	uint64_t unit = at - at % UNIT_BYTES;

	fs->gone_from = fs->gone_from == NOWHERE || fs->gone_from == unit ? unit : SEVERAL_UNITS;
}

int fat_entry_await_gone(struct fat *fs, uint64_t at, unsigned int slots)
{
	bool is_in_one = at % UNIT_BYTES + slots * SLOT_BYTES <= UNIT_BYTES;

	if (fs->gone_from == NOWHERE || (is_in_one && fs->gone_from == at - at % UNIT_BYTES))
		return 0;
	return fat_cache_barrier(fs);
}

void fat_entry_compose(const struct name *name, uint8_t raw[SLOT_BYTES], uint8_t *slots)
{
	unsigned int total = fat_name_slots(name) - 1;

	for (unsigned int order = total; order; order--, slots += SLOT_BYTES)
		fat_name_fill_slot(name, order, total, slots);
	memcpy(raw, name->raw, SHORT_LEN);
	raw[E_LOWER] = name->lower;
	memcpy(slots, raw, SLOT_BYTES);
}

void fat_entry_replace(uint8_t entry[SLOT_BYTES], const uint8_t raw[SLOT_BYTES])
{
	entry[E_ATTR] = raw[E_ATTR];
	memcpy(entry + E_BTIME_FINE, raw + E_BTIME_FINE, SLOT_BYTES - E_BTIME_FINE);
}
