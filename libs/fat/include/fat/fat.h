/* fat/fat.h: FAT12, FAT16 and FAT32 with long names, read and written in place.
 *
 * The library keeps no table of open files. A file is a `struct fat_file`: where its
 * directory entry lies and what that says. Whoever opens a file keeps one, once a
 * file, and hands it back to each call; calls that change the file update it.
 *
 *	fat_mount(&fs, dev, &options, memory, sizeof(memory));
 *	fat_create(&fs, FAT_ROOT, "Readme.txt", 10, 0, now, &file);
 *	fat_allocate(&fs, &file, len);			clusters for len bytes
 *	n = fat_map(&fs, &file, 0, len, extents, 8);	where they are; write them there
 *	file.size = len;
 *	fat_store(&fs, &file);				now the entry says so too
 *	fat_unmount(&fs);
 *
 * Order of writes: a change is written when its call returns, and lasts when a later
 * fat_sync() has returned 0. What is cut in between leaves at worst clusters that no file
 * has: an entry never leads to clusters that are free or another file's, and a directory has no
 * name twice. A file on its way from one sector of directories to another may be among them; it
 * has its old or new name again after the next fat_mount(), unless the root directory is full.
 * The device is flushed where a write depends on another, so data written to mapped extents before fat_store() is there
 * before the size that covers it. After an error of the device a call may have done its work in part, in that order.
 *
 * Times are UTC; FAT keeps what its formats can (2 s; 10 ms for creation; days for access).
 *
 * Locking: one call at a time. Calls may sleep in the device's operations. Nothing is
 * allocated: the cache is the caller's memory. Errors beside those said: -EIO for what is
 * damaged, and the device's; -EROFS for a change of a read-only volume; -EINVAL for a name
 * that is not UTF-8 or holds one of "*:<>?\| or a control character; -ENAMETOOLONG.
 */
#ifndef FAT_FAT_H
#define FAT_FAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <blockdev/blockdev.h>

#define FAT_NAME_UNITS 255	/* UTF-16 units of a name */
#define FAT_NAME_BYTES (3 * FAT_NAME_UNITS)
#define FAT_SHORT_BYTES 38	/* of "NAME.EXT" in UTF-8 with a NUL */
#define FAT_SIZE_MAX 0xffffffffu
#define FAT_ROOT 0u		/* the root directory's cluster, on every volume */
#define FAT_NO_SLOT UINT32_MAX	/* of a file without an entry: the root, or an unlinked one */

#define FAT_READ_ONLY 0x01u
#define FAT_HIDDEN 0x02u
#define FAT_SYSTEM 0x04u
#define FAT_VOLUME 0x08u
#define FAT_DIRECTORY 0x10u
#define FAT_ARCHIVE 0x20u

#define FAT_CACHE_MIN (64u << 10)

struct fat_time {
	int64_t sec;		/* since 1970 */
	uint32_t nsec;
};

struct fat_file {
	uint32_t dir;		/* cluster of the directory that has its entry */
	uint32_t slot;		/* of its short entry there, in units of 32 bytes */
	uint32_t first;		/* cluster; 0: has none */
	uint32_t size;		/* bytes; 0 of a directory */
	uint32_t attr;		/* FAT_* */
	struct fat_time mtime, atime, btime;
};

struct fat_dirent {
	struct fat_file file;
	size_t name_len;
	char name[FAT_NAME_BYTES + 1];		/* UTF-8 */
	char short_name[FAT_SHORT_BYTES];	/* by which it is found as well */
};

struct fat_extent {
	uint64_t start;		/* bytes on the device */
	uint64_t bytes;
};

struct fat_statistics {
	uint32_t cluster_bytes;
	uint32_t clusters, free_clusters;	/* free ones that are reserved do not count */
	unsigned int bits;			/* 12, 16, 32 */
	uint32_t serial;
};

struct fat_options {
	bool is_read_only;
	bool is_continued;	/* that the volume says it is in use is of an earlier mount of the caller's,
				 * which did not end, but of which every write reached the device */
};

struct fat_block;
#define FAT_TRAILS 16u

/* Private but for `dev`. */
struct fat {
	struct blockdev *dev;
	bool is_read_only;
	bool is_dirty;			/* the volume says that it is in use */
	bool was_dirty;			/* and said so before us */
	bool is_count_known;
	bool has_unflushed;		/* written since the last flush of the device */
	uint64_t gone_from;		/* the unit that names went from since then, see private.h */
	bool has_failed;		/* the device, since the change under way began */
	bool is_uneven;			/* the copies of the table may differ */
	bool is_broken;			/* a move could neither be finished nor undone */
	bool has_intent;		/* at intent_slot of the root, see intent.c */
	uint32_t intent_slot;
	unsigned int bits, nfats;
	uint32_t sector_bytes, cluster_bytes;
	uint64_t fat_at, fat_bytes;	/* first table; bytes of one */
	uint64_t root_at, data_at;	/* fixed root of FAT12 and FAT16; cluster 2 */
	uint32_t root_slots;		/* of the fixed root; 0: the root is a chain */
	uint32_t root_first;		/* FAT32 */
	uint32_t clusters;		/* usable: 2 … clusters + 1 */
	uint32_t info_sector;		/* FSInfo; 0: none */
	uint32_t serial;
	uint32_t nfree, next_free, reserved;
	struct fat_block *blocks;
	unsigned int nblocks;
	uint64_t clock;			/* of the cache */
	/* Where in its chain a file was met last, so that reading on does not start over. */
	struct fat_trail {
		uint32_t first, index, cluster;
	} trails[FAT_TRAILS];
	unsigned int next_trail;
};

/* Open the volume on @dev, with @bytes of @memory, 8-byte aligned, as cache, at least
 * FAT_CACHE_MIN. Before the first change nothing is written but what is to be made good after a power cut.
 * Returns: 0; -EINVAL: no FAT volume, or memory too small; -EIO. */
int fat_mount(struct fat *fs, struct blockdev *dev, const struct fat_options *options, void *memory, size_t bytes);

/* Everything written lasts. */
int fat_sync(struct fat *fs);

/* fat_sync(), and the volume says that it is whole, until the next change. */
int fat_settle(struct fat *fs);

/* fat_settle(). The memory is the caller's again, whatever is returned. */
int fat_unmount(struct fat *fs);

/* Write from now on, or no longer. -EROFS: the device cannot. */
int fat_set_read_only(struct fat *fs, bool is_read_only);

/* Returns: 0, or -EIO when counting what is free failed. */
int fat_statistics(struct fat *fs, struct fat_statistics *out);

/* The volume's name in UTF-8, "" if it has none. */
int fat_label(struct fat *fs, char out[FAT_SHORT_BYTES]);

/* The root as a file; its times are 0. */
void fat_root(const struct fat *fs, struct fat_file *out);

/* The cluster by which a directory is known to the calls below; -ENOTDIR, -EIO. */
int fat_directory(const struct fat *fs, const struct fat_file *file, uint32_t *dir);

/* ---- Names. @dir: from fat_directory(). Trailing dots of a name do not count. ---- */

/* Find a name in whatever case, or a short name. -ENOENT. */
int fat_lookup(struct fat *fs, uint32_t dir, const char *name, size_t len, struct fat_dirent *out);

/* The first entry at or after *@cookie, 0 at first, without "." and ".."; *@cookie moves behind it.
 * A cookie stays good while the directory changes. Returns: 1; 0 at the end. */
int fat_readdir(struct fat *fs, uint32_t dir, uint32_t *cookie, struct fat_dirent *out);

/* Make an empty file or directory. @attr: FAT_READ_ONLY, FAT_HIDDEN, FAT_SYSTEM, FAT_ARCHIVE.
 * -EEXIST; -ENOSPC: no cluster, or the directory is as large as it may be. */
int fat_create(struct fat *fs, uint32_t dir, const char *name, size_t len, uint32_t attr, struct fat_time now,
	       struct fat_file *out);
int fat_mkdir(struct fat *fs, uint32_t dir, const char *name, size_t len, uint32_t attr, struct fat_time now,
	      struct fat_file *out);

/* Take a file's name away; its clusters stay until fat_release(). */
int fat_unlink(struct fat *fs, struct fat_file *file);

/* Is the directory empty? 0; -ENOTEMPTY. */
int fat_check_empty(struct fat *fs, const struct fat_file *dir);

/* Free the clusters of a file without a name. */
int fat_release(struct fat *fs, struct fat_file *file);

/* Give @moved another name in @new_dir, or that of @victim, which may be NULL, as it is on the disk: it has
 * @name but for case, is of the same kind and empty if a directory, and is the caller's to release.
 * A new case of the same name is one without a victim. That @new_dir lies below @moved is the
 * caller's to refuse. -EEXIST: a third file has the name. */
int fat_rename(struct fat *fs, struct fat_file *moved, uint32_t new_dir, const char *name, size_t len,
	       struct fat_file *victim);

/* ---- Contents ---- */

/* Read @file's entry again from its dir and slot. -ENOENT: there is none any more. */
int fat_load(struct fat *fs, struct fat_file *file);

/* Write the entry as @file has it: size, first cluster, attributes, times. Nothing if it has none. */
int fat_store(struct fat *fs, const struct fat_file *file);

/* See that @file has clusters for @bytes; their contents are whatever was there. The entry does
 * not change: fat_store() does that, after the data. -EFBIG, -ENOSPC (nothing has changed). */
int fat_allocate(struct fat *fs, struct fat_file *file, uint64_t bytes);

/* Make @file @size bytes long and say so in its entry; what is new is zero. -EFBIG, -ENOSPC. */
int fat_truncate(struct fat *fs, struct fat_file *file, uint64_t size);

/* Extents of [@offset, @offset + @len), which lie within the file's clusters, at most @max.
 * Returns: how many; fewer bytes than asked for only when @max are full; -EIO. */
int fat_map(struct fat *fs, const struct fat_file *file, uint64_t offset, uint64_t len, struct fat_extent *extents,
	    unsigned int max);

/* Keep @clusters free for fat_allocate() later, which takes no notice: who reserved gives back
 * first. -ENOSPC. */
int fat_reserve(struct fat *fs, uint32_t clusters);
void fat_unreserve(struct fat *fs, uint32_t clusters);

#endif
