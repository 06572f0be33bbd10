/* abi/include/albireo/block.h: disks and partitions, as storaged and vfsd see them.
 *
 * The kernel's block objects carry bytes; storaged decides which partitions there are
 * and vfsd what is in them. Offsets and lengths are bytes and multiples of the
 * device's block size. An id is never used again while the machine runs. */
#ifndef ALBIREO_BLOCK_H
#define ALBIREO_BLOCK_H

#include <stdint.h>

#define BLOCK_NAME_MAX 32
#define BLOCK_SERIAL_MAX 24
#define BLOCK_MODEL_MAX 48

struct block_info {
	uint32_t id;
	uint32_t parent;	/* of a partition: its disk; 0: a whole disk */
	uint32_t flags;		/* BLOCK_* */
	uint32_t block_bytes;	/* smallest unit of I/O */
	uint32_t physical_bytes;	/* what the medium writes at once */
	uint32_t partition;	/* number, from 1; 0: a whole disk */
	uint64_t start;		/* on its parent */
	uint64_t bytes;
	uint32_t major, minor;	/* of its name in /dev */
	char name[BLOCK_NAME_MAX];	/* "vda", "nvme0n1p2" */
	char serial[BLOCK_SERIAL_MAX], model[BLOCK_MODEL_MAX];
};
#define BLOCK_READ_ONLY 1u
#define BLOCK_CACHED 2u		/* a volatile write cache: only a flush makes writes last */
#define BLOCK_DISCARDS 4u
#define BLOCK_GONE 8u		/* the device vanished; every call gives -ENODEV */
#define BLOCK_CLAIMED 16u	/* a filesystem is mounted from it */
#define BLOCK_LOOP 32u		/* its bytes, or its disk's, are a file's */
#define BLOCK_UNBOUND 64u	/* a loop without a file: it has no bytes */

/* ---- STORAGE_LIST_BROKER(struct storage_call *): storaged; vfsd and initd list ----
 * Returns: 0, -EACCES (only storaged changes anything), -EFAULT, -EINVAL, and what stands below. */
#define STORAGE_LIST 1		/* info of the index-th block device; -ENOENT past the last */
#define STORAGE_WAIT 2		/* until the inventory is newer than `generation`; out: generation. -EINTR */
#define STORAGE_PARTITION_ADD 3	/* in: info.parent, partition, start, bytes; out: info.
				 * -EINVAL outside its parent, -EEXIST overlaps or the number is taken, -ENODEV */
#define STORAGE_PARTITION_REMOVE 4	/* info.id: a partition, a loop, or a device that is gone, which is listed until
				 * then. -EBUSY open, claimed or bound, -EINVAL a whole disk that is there, -ENODEV */
#define STORAGE_LOOP_ADD 5	/* in: info.minor, its number; out: info. -EEXIST, -EINVAL above LOOP_MAX */
struct storage_call {
	uint32_t op;
	uint32_t index;
	uint64_t generation;
	struct block_info info;
};

/* ---- BLOCK_BROKER(struct block_call *): storaged, vfsd ----
 * Returns: 0, or -ENODEV gone or unknown, -EIO, -EROFS, -ENOSPC (a thin disk is full),
 * -EINVAL not aligned or outside, -EFAULT. A write is not on the medium before a later flush
 * has returned 0. Every operation may be repeated. */
#define BLOCK_OP_INFO 1		/* info of `device` to `buffer` */
#define BLOCK_OP_READ 2		/* [offset, offset + len) of the device into `buffer`, at most BLOCK_MAX_BYTES */
#define BLOCK_OP_WRITE 3
#define BLOCK_OP_FLUSH 4
#define BLOCK_OP_DISCARD 5	/* -EOPNOTSUPP */
#define BLOCK_OP_PAGE_IN 6	/* extents of the device into the pages of `node`'s object from `offset` on */
#define BLOCK_OP_PAGE_OUT 7	/* and back; a hole cannot be written: -EINVAL */
#define BLOCK_OP_CLAIM 8	/* for a mount, with its parent and its partitions: -EBUSY */
#define BLOCK_OP_RELEASE 9
#define BLOCK_OP_LOOP_INFO 10	/* struct block_loop of `device` to `buffer`; -ENXIO no loop, or unbound */
#define BLOCK_MAX_BYTES (1u << 20)
#define BLOCK_MAX_EXTENTS 64u
struct block_extent {
	uint64_t start;		/* on the device; BLOCK_HOLE reads as zeroes */
	uint64_t bytes;
};
#define BLOCK_HOLE UINT64_MAX
struct block_call {
	uint32_t op;
	uint32_t device;
	uint64_t node;		/* PAGE_*: a node of the caller's, as in struct p9_exchange */
	uint64_t offset, len;
	uint64_t buffer;	/* READ, WRITE, INFO: memory; PAGE_*: struct block_extent[nextents], together len bytes */
	uint32_t nextents;
	uint32_t reserved;
};

#define LOOP_MAX 256u	/* numbers are below */
#define LOOP_PATH_MAX 4096
struct block_loop {
	uint64_t offset, sizelimit;	/* in the file; 0: up to its end */
	uint32_t flags;			/* LO_FLAGS_* (linux/loop.h) */
	uint32_t reserved;
	char path[LOOP_PATH_MAX];	/* the file's when it was bound */
};

/* ---- storaged's operations, words[0] of a call; words[0] of the reply: 0 or an errno ---- */
enum storaged_op {
	/* words[1]: uid | gid << 32 that names of disks get from now on. Answers when every disk that is there
	 * has its names in /dev. From initd; -EACCES. */
	STORAGED_SETTLE = 1,
	STORAGED_RESCAN,	/* words[1]: a whole disk whose table is to be read again; the kernel's. -ENODEV, -EIO, -EBUSY */
	/* words[1], words[2]: a partition type of GPT, the halves of its 16 bytes as on the disk. Reply words[1]: id of
	 * the first device of that type; -ENOENT. From initd; -EACCES. */
	STORAGED_FIND,
	/* words[1]: enum storaged_loop_op, words[2]: a loop's number, or UINT64_MAX: any. Reply words[1]: its number. The
	 * kernel's, for ioctls of /dev/loop-control. -EEXIST, -ENODEV, -EBUSY, -EINVAL, -ENOSPC. */
	STORAGED_LOOP,
};
enum storaged_loop_op { STORAGED_LOOP_ADD = 1, STORAGED_LOOP_REMOVE, STORAGED_LOOP_FREE };

/* The type of the partition with Albireo's system volume, a1b13e0d-5f0c-4b6e-9c1d-6e7d0f3a52c4, as on the disk. */
#define STORAGE_SYSTEM_VOLUME_LOW 0x4b6e5f0ca1b13e0dull
#define STORAGE_SYSTEM_VOLUME_HIGH 0xc4523a0f7d6e1d9cull

#endif
