/* fat: what the library's files share. Facts are those of Microsoft's "FAT: General Overview of
 * On-Disk Format", 1.03. */
#ifndef FAT_PRIVATE_H
#define FAT_PRIVATE_H

#include <fat/fat.h>

#define BLOCK_BYTES 4096u
#define UNIT_BYTES 512u		/* of what the cache knows to be dirty; the least a device writes */

struct fat_block {
	uint64_t number;	/* device offset / BLOCK_BYTES + 1; 0: empty */
	uint64_t used;
	uint32_t dirty;		/* a bit a unit */
	uint32_t pad;
	uint8_t data[BLOCK_BYTES];
};

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

/* fs->gone_from is a device offset, or one of these. */
#define NOWHERE 0u
#define SEVERAL_UNITS UINT64_MAX

/* ---- cache.c: blocks of the device; what is dirty goes out with the next step. ---- */
void fat_cache_start(struct fat *fs, void *memory, size_t bytes);

/* The byte at @at, whose block is good until the next call of the cache; with @unit_dirty the unit
 * it lies in will be written. NULL: *@err. */
uint8_t *fat_cache_at(struct fat *fs, uint64_t at, bool unit_dirty, int *err);
int fat_cache_read(struct fat *fs, uint64_t at, void *buf, size_t len);
int fat_cache_write(struct fat *fs, uint64_t at, const void *buf, size_t len);
int fat_cache_zero(struct fat *fs, uint64_t at, uint64_t len);

/* Write what is dirty. */
int fat_cache_step(struct fat *fs);

/* fat_cache_step(), and everything written lasts before anything after. */
int fat_cache_barrier(struct fat *fs);

/* As fat_cache_barrier(), also when only the caller wrote. */
int fat_cache_sync(struct fat *fs);

/* The end of a change, for which the device gave @err: after an error of the device, what it was not given is forgotten,
 * as it would be by a power cut. Returns: @err. */
int fat_cache_end(struct fat *fs, int err);

/* ---- table.c: the file allocation table. ---- */
#define CLUSTER_END UINT32_MAX

static inline bool is_cluster(const struct fat *fs, uint32_t cluster)
{
	return cluster >= 2 && cluster - 2 < fs->clusters;
}

static inline uint64_t cluster_at(const struct fat *fs, uint32_t cluster)
{
	return fs->data_at + (uint64_t)(cluster - 2) * fs->cluster_bytes;
}

/* The cluster after @cluster, or CLUSTER_END; -EIO: none that can be. */
int fat_table_next(struct fat *fs, uint32_t cluster, uint32_t *next);

/* See that fs->nfree is known. */
int fat_table_count(struct fat *fs);

/* Chain @n free clusters; @near: where to look first. -ENOSPC. Dirty only. */
int fat_table_take(struct fat *fs, uint32_t n, uint32_t near, uint32_t *first);

/* Make @next follow @tail. Dirty only. */
int fat_table_link(struct fat *fs, uint32_t tail, uint32_t next);

/* Are the two clusters' entries written by one write? */
bool fat_table_is_together(const struct fat *fs, uint32_t a, uint32_t b);

/* Free a chain from @first on. Dirty only; stops quietly where the chain is broken. */
int fat_table_free(struct fat *fs, uint32_t first);

/* The @index-th cluster of the chain from @first. -ENOENT: it is shorter. */
int fat_chain_at(struct fat *fs, uint32_t first, uint32_t index, uint32_t *cluster);

/* How many clusters it has, and its last. */
int fat_chain_tail(struct fat *fs, uint32_t first, uint32_t *count, uint32_t *last);

/* The chain from @first is about to become shorter. */
void fat_chain_forget(struct fat *fs, uint32_t first);

/* The high bits of entry 1 say how the volume was left; see volume.c. */
int fat_table_mark(struct fat *fs, bool is_clean);

/* ---- volume.c ---- */
/* Before any change: -EROFS; -EIO: nobody knows how to go on; or mark the volume as in use. */
int fat_volume_begin(struct fat *fs);

/* ---- time.c ---- */
struct fat_time fat_time_decode(uint32_t date, uint32_t time, uint32_t hundredths);
void fat_time_encode(struct fat_time time, uint32_t *date, uint32_t *tod, uint32_t *hundredths);

/* ---- name.c ---- */
#define SHORT_LEN 11
#define SLOT_UNITS 13		/* characters of a long name in one slot */
#define NUMBERED 4u		/* short names tried in order before hashed ones */
#define ALIASES 13u

struct name {
	uint16_t units[FAT_NAME_UNITS];
	uint16_t folded[FAT_NAME_UNITS];
	unsigned int nunits;
	bool is_long;			/* it needs slots for a long name */
	bool has_raw;			/* it could be a short name, but for case */
	uint8_t raw[SHORT_LEN];		/* the short name, once it is chosen */
	uint8_t lower;			/* the entry's case bits */
	uint8_t aliases[ALIASES][SHORT_LEN];	/* of a long one */
};

/* Take a name apart. -EINVAL, -ENAMETOOLONG; -ENOENT: nothing is left. */
int fat_name_parse(const char *text, size_t len, struct name *out);

/* Fill out->aliases; @salt: other ones. */
void fat_name_make_aliases(struct name *name, uint32_t salt);

/* Slots that an entry of this name takes. */
unsigned int fat_name_slots(const struct name *name);

/* Is it @units but for case? */
bool fat_name_is_same(const struct name *name, const uint16_t *units, unsigned int nunits);

/* The characters of a short name; @lower: the entry's case bits. Returns: how many. */
unsigned int fat_name_of_short(const uint8_t raw[SHORT_LEN], uint8_t lower, uint16_t units[SHORT_LEN + 1]);
unsigned int fat_name_of_label(const uint8_t raw[SHORT_LEN], uint16_t units[SHORT_LEN + 1]);
size_t fat_name_to_utf8(const uint16_t *units, unsigned int nunits, char *out);

/* May a name from the disk be shown? */
bool fat_name_is_showable(const uint16_t *units, unsigned int nunits);

uint8_t fat_short_checksum(const uint8_t raw[SHORT_LEN]);

/* Slot @order, from 1, of the long name of @total slots. */
void fat_name_fill_slot(const struct name *name, unsigned int order, unsigned int total, uint8_t slot[32]);
void fat_name_read_slot(const uint8_t slot[32], uint16_t units[SLOT_UNITS]);

/* ---- entry.c: walking the slots of a directory. ---- */
#define SLOT_BYTES 32u
#define SECTOR_SLOTS (UNIT_BYTES / SLOT_BYTES)
#define DIR_SLOTS_MAX 65536u
#define SLOT_FREE 0xe5u
#define LONG_ATTR 0x0fu
#define LONG_LAST 0x40u
#define LONG_SLOTS_MAX 20u

struct scan {
	struct fat *fs;
	uint32_t dir, slot;		/* the next one */
	/* The entry that fat_scan_next() came to: */
	uint32_t entry_slot;
	uint8_t raw[SLOT_BYTES];
	unsigned int nunits;		/* of its long name; 0: none */
	uint16_t units[LONG_SLOTS_MAX * SLOT_UNITS + 1];
	/* Where @want slots are free together, in one unit of the device if that many fit: */
	unsigned int want;
	bool is_found, is_end;		/* is_end: there are fewer, and nothing in use lies behind run_slot */
	uint32_t run_slot, run_len, end_slot;
	/* Of the long name under way. */
	unsigned int expected;		/* order of the slot that comes next */
	bool is_complete;
	uint8_t checksum;
	uint32_t loaded;		/* which sector of the directory follows */
	uint8_t sector[UNIT_BYTES];
};

/* Where a slot lies on the device. -ENOENT: behind the directory's end. */
int fat_slot_at(struct fat *fs, uint32_t dir, uint32_t slot, uint64_t *at);
void fat_scan_start(struct scan *scan, struct fat *fs, uint32_t dir, uint32_t slot, unsigned int want);

/* On to the next entry. Returns: 1; 0 at the end. */
int fat_scan_next(struct scan *scan);
void fat_scan_file(const struct scan *scan, struct fat_file *out);
void fat_scan_dirent(const struct scan *scan, struct fat_dirent *out);
void fat_entry_decode(const struct fat *fs, const uint8_t raw[SLOT_BYTES], uint32_t dir, uint32_t slot, struct fat_file *out);
void fat_entry_encode(const struct fat *fs, const struct fat_file *file, uint8_t raw[SLOT_BYTES]);

/* The first slot of the entry whose short one is @slot. */
int fat_entry_start(struct fat *fs, uint32_t dir, uint32_t slot, uint32_t *start);

/* Mark its slots free. Dirty only. */
int fat_entry_delete(struct fat *fs, uint32_t dir, uint32_t slot);

/* A name went, or is about to, from the unit that has the byte at @at. */
void fat_entry_note_gone(struct fat *fs, uint64_t at);

/* Before a name shows in @slots slots of one directory from the one at @at on: names that went from other units are off
 * the disk, with a barrier if they were not. A cut could keep the new name alone of two writes, and find it there twice. */
int fat_entry_await_gone(struct fat *fs, uint64_t at, unsigned int slots);

/* ---- directory.c ---- */
struct place {
	uint32_t slot;		/* of the first slot */
	unsigned int want;
	uint32_t end;		/* where the directory ended; slots from here to `slot` become free ones */
	bool is_end;
};

/* Look for @name, of which the entries at slots @but and @but_too do not count, and for room;
 * chooses its short name. -EEXIST with the scan at what has it. */
int fat_directory_prepare(struct fat *fs, uint32_t dir, struct name *name, uint32_t but, uint32_t but_too,
		      struct scan *scan, struct place *place);

/* See that the directory has the slots of @place. -ENOSPC. Ends with a barrier if it had not. */
int fat_directory_extend(struct fat *fs, uint32_t dir, const struct place *place);

/* Write the entry of @name with what @raw says beside the name. Dirty only. *@slot: its short one. */
int fat_directory_insert(struct fat *fs, uint32_t dir, const struct place *place, const struct name *name,
		     uint8_t raw[SLOT_BYTES], uint32_t *slot);

/* The same, but marked free. */
int fat_directory_prepare_slots(struct fat *fs, uint32_t dir, const struct place *place, const struct name *name,
		     uint8_t raw[SLOT_BYTES], uint32_t *slot);

/* Write the slots of @name into @slots, the short one last. */
void fat_entry_compose(const struct name *name, uint8_t raw[SLOT_BYTES], uint8_t *slots);

/* Make what a short entry says, but for its name, what @raw does. */
void fat_entry_replace(uint8_t entry[SLOT_BYTES], const uint8_t raw[SLOT_BYTES]);

/* ---- intent.c: a move between two sectors. ---- */
struct fat_intent {
	uint32_t old_dir, new_dir;
	uint32_t old_slot, new_slot;	/* of the short entries */
	uint32_t old_slots, new_slots;	/* how many the entries have; new_slots 0: the new one is there, and another's */
	uint8_t initial;		/* with which the new short entry begins */
	uint32_t first;			/* cluster of the moved file */
};

/* Keep it, apart from the slots of @place in intent->new_dir. Dirty only. -ENOSPC: the root has no room. */
int fat_intent_write(struct fat *fs, const struct fat_intent *intent, const struct place *place);
int fat_intent_carry_out(struct fat *fs, const struct fat_intent *intent);

/* Forget what was carried out. */
int fat_intent_settle(struct fat *fs);

/* Look for an intent on the disk, carry it out if that was begun, and forget it. */
int fat_intent_recover(struct fat *fs);

#endif
