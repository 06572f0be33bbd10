/* ext4/ext4.h: an ext4 filesystem on a block device: opening, committing, closing.
 *
 * Structures and their meaning: Linux Documentation/filesystems/ext4/, and jbd2 in its
 * journal chapter. What mkfs.ext4 of Debian 12 makes is read and written; other
 * incompatible features are refused, other read-only ones mean read-only.
 *
 *	ext4_probe(dev, &info);                 block size, for making the store
 *	ext4_open(dev, store, flags, &fs);      replays the journal
 *	ext4_orphans(fs, ...), ext4_evict(...)  what a crash left without a name
 *	  operations (names.h, inode.h, data.h)
 *	  ext4_commit(fs)                       for fsync, every few seconds, and when due
 *	ext4_close(fs);
 *
 * Errors, of every call: -EUCLEAN: a structure on the disk is wrong (the superblock
 * then says so, as Linux has it); -EIO; -ENOMEM; -EROFS. Of every changing call also
 * -ENOSPC; -EDQUOT is not used; and -EAGAIN: the transaction is full, or the only free blocks are
 * those freed since the last commit: commit and call again. After an error nothing has changed, except
 * where a call says that it works in steps.
 *
 * An operation is durable when a commit that began after it has ended; all of a
 * commit is on the disk after a power cut, or nothing.
 *
 * Locking: the caller's. Calls for one filesystem must not overlap, except that
 * ext4_commit_write() may run beside all but the other commit calls and ext4_close().
 */
#ifndef EXT4_EXT4_H
#define EXT4_EXT4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <blockdev/blockdev.h>
#include <ext4/store.h>

#define EXT4_ROOT_INO 2u
#define EXT4_NAME_MAX 255u
#define EXT4_LINK_MAX 65000u

struct ext4;

struct ext4_info {
	uint32_t block_bytes;
	uint64_t blocks;
	uint8_t uuid[16];
	char label[17];
	char unsupported[32];	/* the feature that made ext4_probe() return -EOPNOTSUPP */
	bool is_read_only;	/* it has a feature that only readers may ignore */
	bool needs_recovery;	/* its journal is not empty */
};

/* Is this ext4, and one we can open? Reads the superblock only.
 * Returns: 0; -EINVAL: not ext4; -EOPNOTSUPP with @info->unsupported; -EUCLEAN; -EIO. */
int ext4_probe(struct blockdev *dev, struct ext4_info *info);

#define EXT4_OPEN_READ_ONLY 1u	/* nothing is written; a journal that needs replay is read through */
#define EXT4_OPEN_RESUME 2u	/* the store has a predecessor's blocks, of the same device and mount */

/* Open: replay the journal, mark the filesystem as in use. Resuming, finish
 * what the predecessor's commit had begun; its requests to the device must have ended.
 * Returns: 0 and a filesystem for ext4_close() or ext4_abandon(); else as ext4_probe(). */
int ext4_open(struct blockdev *dev, struct ext4_store *store, unsigned int flags, struct ext4 **out);

/* Commit all, empty the journal, mark it clean, free @fs. On an error (of the commit
 * or the device) the filesystem stays in need of recovery; @fs is freed all the same. */
int ext4_close(struct ext4 *fs);

/* Free @fs and touch neither device nor store: the device has gone, or a successor resumes. */
void ext4_abandon(struct ext4 *fs);

/* Write nothing any more; what was applied since the last commit stays in the store, and is lost to the disk. */
void ext4_stop_writing(struct ext4 *fs);

/* Say in the superblock that e2fsck is needed. The library does so itself when it meets a wrong structure; this is
 * for who undid that with the store's other changes, and for errors of the device. */
int ext4_note_error(struct ext4 *fs);

bool ext4_is_read_only(const struct ext4 *fs);
uint32_t ext4_block_bytes(const struct ext4 *fs);

/* Write everything applied so far as one transaction. After it returned 0 it is on the medium.
 * On an error the store keeps the blocks, and the filesystem is read-only from then on. */
int ext4_commit(struct ext4 *fs);

/* The same in three parts, so that other operations can run during the writing:
 * begin freezes the store, write does all I/O, end releases the store's frozen blocks, given
 * what write returned. Each begin that returned 0 needs its end. File data whose extents
 * were inserted before begin must have been written to the device (no flush needed).
 * begin returns 1 when there is nothing to commit: then neither of the others is called, and
 * a flush of the device makes plain data durable. */
int ext4_commit_begin(struct ext4 *fs);
int ext4_commit_write(struct ext4 *fs);
int ext4_commit_end(struct ext4 *fs, int err);

/* Is the running transaction so large that a commit should begin? */
bool ext4_commit_is_due(struct ext4 *fs);

struct ext4_statfs {
	uint64_t blocks, free_blocks, available_blocks;	/* f_blocks: without the filesystem's own */
	uint64_t inodes, free_inodes;
	uint32_t block_bytes;
	uint8_t uuid[16];
};

int ext4_statfs(struct ext4 *fs, struct ext4_statfs *out);

#endif
