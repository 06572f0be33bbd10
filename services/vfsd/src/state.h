/* services/vfsd/src/state.h: what vfsd keeps over its restarts, as it lies in the arena.
 *
 * One `struct vfsd_state` is the arena's root. Nodes and entries refer to each
 * other by ref_t. A field marked (cache) is stored without a transaction and
 * means nothing to a successor.
 */
#ifndef VFSD_STATE_H
#define VFSD_STATE_H

#include <albireo/native.h>
#include <albireo/vfs.h>

#include <state/table.h>

#include "arena.h"

#define VFSD_MOUNTS 128
#define VFSD_FIDS 8192
#define VFSD_STATE_VERSION 1

enum fs_kind {
	FS_NONE,
	FS_TREE,	/* tmpfs, /dev, the bundle: everything is in the arena */
	FS_GENERATED,	/* /proc and /sys: nodes are found by key, text is made when opened */
	FS_P9,		/* nodes are found by the server's qid.path */
	FS_FAT,		/* nodes are found by where their entries lie on the disk */
	FS_EXT4,	/* nodes are found by inode number */
	FS_KIND_END
};

struct node {
	struct state_table_node by_key;	/* FS_GENERATED, FS_P9: in the mount's keys */
	uint64_t number;		/* 0: free */
	uint64_t nlookup;		/* records the kernel has not given back */
	uint32_t npins;			/* entries in it, mounts on or of it, open ids */
	uint16_t mount;
	uint16_t state;			/* NODE_* */
	/* Attributes; of FS_P9 and FS_GENERATED (cache) but for the type in mode. */
	uint32_t mode, nlink, uid, gid, rdev;
	uint32_t owner_pid;		/* FS_GENERATED: the process a thread's files belong to */
	uint64_t ino, size, blocks;
	struct vfs_time atime, mtime, ctime, btime;
	ref_t xattrs;			/* FS_TREE: extended attributes (xattrs.c) */
	ref_t names;			/* its entries */
	ref_t target;			/* a symbolic link's; FS_P9: of the version of target_ctime. Of a file without
					 * names: its last path */
	uint32_t target_len;
	uint32_t pad;
	/* A directory of FS_TREE: its entries by slot. A cookie is a slot + 1, so an
	 * entry keeps its cookie while it lives. */
	ref_t slots;			/* array of ref_t; odd values are free: next free slot << 1 | 1 */
	uint32_t nslots, slots_cap, free_slot, nentries;	/* free_slot: + 1; 0: none */
	uint64_t parent;		/* of a directory, also when it was removed */
	struct vfs_time target_ctime;
	/* FS_P9, guarded by the fid lock. */
	uint32_t fid_epoch;		/* (cache) incarnation the fids belong to */
	uint32_t fids[3];		/* (cache) enum fid_kind */
	/* FS_FAT: what the disk has, stored plainly: it does not follow the transaction. */
	struct {
		uint32_t dir, slot;	/* of its entry */
		uint32_t first;		/* cluster */
		uint32_t attr;
		uint32_t reserved;	/* clusters kept for what the kernel has not written back */
		uint32_t pad;
	} fat;
	/* FS_EXT4, stored plainly. */
	struct {
		uint32_t reserved;	/* blocks kept for the tree of what the kernel has not written back */
		uint32_t is_ahead;	/* there may be room behind its end that was not asked for, */
		uint32_t kept_end;	/* but up to this block it was */
		uint32_t pad;
	} ext4;
	uint64_t fetched_seq;		/* (cache) request that fetched the attributes */
	struct vfs_time fetched_at;	/* (cache) and when */
	ref_t next_free;
};

#define NODE_ASIDE 1u		/* FS_P9: moved to the mount's aside folder, where its number is its name */
#define NODE_GONE 2u		/* FS_P9: its last name is gone */
#define NODE_LINKABLE 16u	/* tmpfs: without a name, but may be given one */
#define NODE_UNKEYED 8u		/* FS_P9: its key is another file's by now */
#define NODE_HAS_OVERLAYS 4u	/* a directory with names laid over it */

#define NODES_AT_ONCE 32u
struct node_block {
	ref_t next;
	uint32_t pad;
	struct node nodes[NODES_AT_ONCE];
};

enum entry_kind {
	ENTRY_NAME,	/* a name of the filesystem */
	ENTRY_OVERLAY,	/* laid over it: a mount or a synthetic folder */
};

struct entry {
	struct state_table_node by_name;	/* key: entry_key() */
	ref_t dir, node;
	ref_t next, previous;	/* among the node's names */
	uint32_t slot;		/* ENTRY_NAME of FS_TREE */
	ref_t next_overlay;	/* ENTRY_OVERLAY: in order of laying */
	uint16_t name_len;
	uint16_t kind;		/* enum entry_kind */
	char name[];
};

struct mount {
	uint32_t fs;		/* enum fs_kind; FS_NONE: free */
	uint32_t flags;		/* VFS_MOUNT_*, MOUNT_* */
	uint32_t dev;
	ref_t root;		/* node */
	ref_t keys;		/* table of nodes; FS_GENERATED, FS_P9 */
	ref_t entry;		/* the overlay that leads to it; 0: the namespace's root */
	ref_t below;		/* what that overlay led to before: a mount's root, or 0 */
	ref_t target, source, type;	/* struct text_block; the target is an absolute path */
	uint32_t magic;		/* statfs' f_type */
	uint32_t id;		/* of /proc/PID/mountinfo; grows with every mount */
	/* FS_P9 */
	uint32_t transport;
	uint32_t msize;
	uint32_t attach_uid, attach_gid;
	char aside[48];		/* name of the folder for unlinked open files */
	/* FS_FAT; whose files they are: attach_uid, attach_gid */
	uint32_t device;	/* id of the block device; 0: given back */
	uint16_t fmask, dmask;	/* permission bits that files and folders have not */
	/* FS_EXT4 */
	ref_t store;		/* struct kept_store (disk_ext4_store.h) */
};

#define MOUNT_DETACHED (1u << 31)
#define MOUNT_ERRORS_READ_ONLY (1u << 29)	/* FS_EXT4: errors=remount-ro */
#define MOUNT_OWNERS_FIXED (1u << 30)	/* FS_P9: the server may not change owners */

struct text_block {
	uint32_t len;
	char text[];		/* and a NUL */
};

struct open_text {
	struct state_table_node by_id;
	ref_t node;
	ref_t text;		/* struct text_block; 0: none */
};

struct vfsd_state {
	uint32_t version;	/* 0: new */
	uint32_t incarnation;
	uint64_t seq;		/* stored plainly: it only grows */
	uint64_t next_serial, next_ino, next_open, next_mount_id;
	ref_t free_nodes;
	ref_t root;		/* node of "/" */
	ref_t overlays;		/* all entries of that kind */
	uint16_t specials;	/* mount of the machine's own FIFOs and sockets (special.h) */
	uint16_t pad[3];
	ref_t node_blocks;	/* struct node_block */
	ref_t replies;		/* struct reply_slot */
	uint64_t reply_bytes;	/* in use by those */
	uint64_t disk_doing;	/* stored plainly: the request that changes a disk; its transaction may not have ended */
	uint64_t disk_undone;	/* and that of the predecessor */
	ref_t names, opens;	/* tables of struct entry and struct open_text */
	struct mount mounts[VFSD_MOUNTS];
	unsigned char boot_id[16];
	uint8_t fid_transport[VFSD_FIDS];	/* stored plainly: transport + 1 while the server may know the fid */
};

extern struct vfsd_state *state;

static inline struct node *node_at(ref_t ref)
{
	return arena_at(ref);
}

static inline struct entry *entry_at(ref_t ref)
{
	return arena_at(ref);
}

#endif
