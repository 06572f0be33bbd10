/* abi/include/albireo/vfs.h: what the kernel and vfsd say to each other.
 *
 * A node is a file of any kind on any filesystem, named by one 64-bit number
 * that vfsd hands out, never uses again, and keeps over its restarts. The kernel
 * caches nodes as inodes, and names as leases. vfsd answers every request with
 * records; each record carries the leases it grants.
 *
 * Requests travel as struct ipc_message: words[0] is the operation, the other
 * words its arguments, data what the table says. The reply's words[0] is 0 or
 * a negative errno, the rest as said. Every record with attributes delivered in
 * a reply (attr.node not 0) counts one lookup of its node; VFS_RELEASE gives them back, as FUSE's
 * FORGET does, so that a release cannot overtake a grant.
 *
 * Order: each record and each revoke carries vfsd's sequence number at the time
 * of the decision. The kernel refuses a lease older than the subject's last
 * revoke (the result itself may still be used once). vfsd revokes before a
 * change becomes visible.
 */
#ifndef ALBIREO_VFS_H
#define ALBIREO_VFS_H

#include <stdint.h>

#define VFS_NAME_MAX 255
#define VFS_PATH_MAX 4096
#define VFS_RECORDS_BYTES (16u << 10)	/* the records of one reply */
#define VFS_LEASE_FOREVER (~0ull)	/* until revoked */

struct vfs_time {
	int64_t sec;
	uint32_t nsec;
	uint32_t pad;
};

/* Attributes of a node: the payload of an attribute lease. */
struct vfs_attr {
	uint64_t node;
	uint64_t seq;		/* vfsd's sequence number of this decision */
	uint64_t lease_ns;	/* how long the kernel may believe it; 0: this once */
	uint32_t flags;		/* VFS_NODE_* */
	uint32_t mode;		/* type and permission bits, as st_mode */
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint32_t dev;		/* st_dev as (major << 20 | minor) */
	uint32_t rdev;
	uint32_t blksize;
	uint64_t ino;
	uint64_t size;		/* bytes */
	uint64_t blocks;	/* of 512 bytes */
	struct vfs_time atime, mtime, ctime, btime;
};

#define VFS_NODE_KERNEL_DATA (1u << 0)	/* tmpfs: the kernel's inode holds contents, size and
					 * times until VFS_NODE_FORGET; never evicted before */
#define VFS_NODE_PAGER (1u << 1)	/* 9p: contents come and go through vfsd's pager */
#define VFS_NODE_STREAM (1u << 2)	/* procfs: every read and write is routed by open id */
#define VFS_NODE_BUNDLE (1u << 3)	/* contents: the bundle file of index `rdev` */
#define VFS_NODE_OPEN_READ_FREE (1u << 4)	/* opening for read needs no VFS_OPEN */
#define VFS_NODE_OPEN_WRITE_FREE (1u << 5)
#define VFS_NODE_READONLY (1u << 6)	/* on a read-only mount: EROFS */
#define VFS_NODE_NOSUID (1u << 7)
#define VFS_NODE_NODEV (1u << 8)
#define VFS_NODE_NOEXEC (1u << 9)
#define VFS_NODE_MOUNT_ROOT (1u << 10)
#define VFS_NODE_RESERVES (1u << 12)	/* PAGER: a write needs room from VFS_RESERVE */
#define VFS_NODE_PROCESS (1u << 13)	/* /proc/PID; `rdev` is the process's number */
#define VFS_NODE_MAGIC_LINK (1u << 11)	/* /proc/PID/{exe,cwd,root,fd/N}: the kernel resolves it;
					 * `rdev` says which (enum vfs_magic), `ino` of what */

enum vfs_magic { VFS_MAGIC_EXE = 1, VFS_MAGIC_CWD, VFS_MAGIC_ROOT, VFS_MAGIC_FD };
/* Of a magic link, `size` is pid and `blocks` the descriptor number. */

/* A resolved component. Records are packed in data, each aligned to 8 bytes. */
struct vfs_record {
	uint32_t record_len;	/* bytes to the next record */
	uint16_t kind;		/* enum vfs_record_kind */
	uint16_t name_len;	/* bytes of name, which follows; no NUL */
	uint32_t target_len;	/* of a symbolic link's target, after the name; no NUL */
	uint32_t pad;
	uint64_t dir;		/* the directory the name was sought in */
	uint64_t name_lease_ns;	/* 0: ask every time */
	uint64_t seq;
	struct vfs_attr attr;	/* unless negative */
	/* char name[name_len], target[target_len] */
};
enum vfs_record_kind { VFS_REC_POSITIVE = 1, VFS_REC_NEGATIVE };
/* A symbolic link is positive with S_IFLNK and its target. A mount crossing is
 * positive with the mounted root. ".." is a name like any other. */

enum vfs_op {
	/* dir, flags | data: the rest of the path, '/'-separated, no leading '/'.
	 * Resolves components from the left while they are directories, and stops
	 * at the first that is missing, no directory, or a symbolic link (which is
	 * included). Reply: [1] number of records (at least one when 0). */
	VFS_WALK = 1,
	/* -> record of "/" (kind positive, empty name). */
	VFS_ROOT,
	/* dir, mode (type and bits, umask applied), rdev, uid | gid << 32, flags
	 * VFS_CREATE_* | data: name, NUL, target of a symbolic link. With S_IFREG and
	 * without EXCL an existing file is returned. Reply: [1] records (1), [2] 1 if
	 * created; further record with the directory's new attributes (empty name). */
	VFS_CREATE,
	/* node, dir | data: name. Reply: records: name; dir (empty name). */
	VFS_LINK,
	/* dir, is_rmdir, whether the victim is in use | data: name. Reply: records: the victim's
	 * attributes under its name with kind NEGATIVE lease and attr filled; dir. -ENOTEMPTY -EBUSY … */
	VFS_UNLINK,
	/* olddir, newdir, renameat2 flags, whether what it replaces is in use |
	 * data: oldname NUL newname. Reply: records:
	 * moved node under its new name; old name (negative, or the exchanged node);
	 * victim (negative record with attr of the replaced node, if any); dirs. */
	VFS_RENAME,
	/* node, mask VFS_SET_* | data: struct vfs_attr. Reply: record (empty name). */
	VFS_SETATTR,
	/* node. Reply: record (empty name). */
	VFS_GETATTR,
	/* node, cookie (0: start), bytes wanted. Reply: data: linux_dirent64 records
	 * ready to copy out, [1] bytes (0: end). Cookies are stable while the
	 * directory changes: every entry present throughout appears once. */
	VFS_READDIR,
	/* node, open flags (O_*), pid. Reply: [1] open id (0: none needed). */
	VFS_OPEN,
	/* async. open id */
	VFS_CLOSE,
	/* async. node, number of lookups given back */
	VFS_RELEASE,
	/* open id, offset, bytes. Reply: data, [1] bytes (0: end). For STREAM nodes. */
	VFS_READ,
	/* open id, offset | data. Reply: [1] bytes taken. */
	VFS_WRITE,
	/* node. Reply: data: struct statfs of x86_64 Linux. */
	VFS_STATFS,
	/* node. Bring the server's copy to stable storage (fsync reached the disk). 0: every disk. */
	VFS_SYNC,
	/* node, byte offset, bytes, 1 if a loop needs them (vfsd may itself be waiting for that): fill the object's
	 * pages (page-aligned; the last may be short: the rest reads as zero). Reply: [1] bytes filled. */
	VFS_PAGE_IN,
	/* node, byte offset, bytes: write these bytes of the object's pages. */
	VFS_PAGE_OUT,
	/* From initd, with CAP_LAUNCHER; kernel for mount(2):
	 * flags VFS_MOUNT_* | data: type NUL source NUL target path NUL options NUL.
	 * Types: "tmpfs", "9p" (source: mount tag), "proc", "bundle". Missing folders
	 * of the target are made as synthetic ones. Option of 9p: "id=HEX": unlinked
	 * open files lie in .albireo-HEX. */
	VFS_MOUNT,
	/* flags | data: target path */
	VFS_UMOUNT,
	/* From devmgrd, storaged, initd: publish a name under /dev.
	 * mode, rdev, uid | gid << 32 | data: path below /dev, NUL, link target if S_IFLNK */
	VFS_PUBLISH,
	/* data: path below /dev */
	VFS_UNPUBLISH,
	/* pathname of a node: node, root node. Reply: data: absolute path, or -ENOENT when unlinked; of
	 * a regular file that was in use then, its last path and " (deleted)".
	 * Used by getcwd and /proc; a node with several names gives the last one walked. */
	VFS_PATH,
	/* From initd at the end of an exec machine: remove .albireo-* folders, clunk. */
	VFS_SHUTDOWN,
	/* node, enum vfs_xattr_op, XATTR_CREATE | XATTR_REPLACE | data: name, NUL, value. Reply: data: the value, or
	 * the names, each with its NUL. -ENODATA -EEXIST -ENOSPC; -EOPNOTSUPP the filesystem has none. */
	VFS_XATTR,
	/* dir | data: a name that is not there. Reply: data: the first name by bytes that is the same but for case
	 * (none: it is missing too), [1] its bytes, [2] lease in ns, [3] seq. Any change of a name in dir revokes it. */
	VFS_FOLD,
	/* node, offset, bytes, may use what is kept for root: room on the disk for what will be written there. Reply: [1], [2]: from where to where
	 * writes have room now. With no bytes: what was kept and not used is given back. -ENOSPC, -EFBIG. */
	VFS_RESERVE,
	/* node, FALLOC_FL_*, offset, bytes: room for them, or a hole of the filesystem's blocks that lie wholly in them.
	 * Reply: record (empty name). -EOPNOTSUPP, -ENOSPC, -EFBIG. */
	VFS_ALLOCATE,
	/* node, offset, is_hole: where data, or a hole, is next. Reply: [1]. -ENXIO: there is no more data. */
	VFS_SEEK,
	VFS_OP_END
};

enum vfs_xattr_op { VFS_XATTR_GET, VFS_XATTR_SET, VFS_XATTR_LIST, VFS_XATTR_REMOVE };

#define VFS_CREATE_EXCL 1u
#define VFS_CREATE_UNNAMED 2u	/* no name in `dir`; 0 there: on the machine's own memory filesystem. data: "", NUL,
					 * what stands in for the path that it has not, if anything */
#define VFS_CREATE_LINKABLE 4u	/* VFS_LINK may give an unnamed one its first name */

#define VFS_SET_MODE 1u
#define VFS_SET_UID 2u
#define VFS_SET_GID 4u
#define VFS_SET_SIZE 8u
#define VFS_SET_ATIME 16u
#define VFS_SET_MTIME 32u
#define VFS_SET_ATIME_NOW 64u
#define VFS_SET_MTIME_NOW 128u
#define VFS_SET_CTIME_NOW 256u

#define VFS_MOUNT_READONLY 1u
#define VFS_MOUNT_NOSUID 2u
#define VFS_MOUNT_NODEV 4u
#define VFS_MOUNT_NOEXEC 8u
#define VFS_MOUNT_REMOUNT 16u	/* change the flags of what is mounted there */

/* LEASE_REVOKE_BROKER(struct lease_revoke *): from vfsd, of sockets from netd, of keys from hived; takes effect before it returns. */
struct lease_revoke {
	uint32_t kind;		/* enum lease_kind */
	uint32_t flags;
	uint64_t node;		/* the directory, or the node; an image's node; NET_LEASE_SUBJECT; the key of values */
	uint64_t seq;		/* decisions up to this one are refused from now on */
	uint64_t name;		/* user pointer, LEASE_NAME and LEASE_SOCKET only */
	uint32_t name_len;	/* 0 with LEASE_NAME: every name of the directory */
	uint32_t pad;
};
enum lease_kind {
	LEASE_NAME = 1,
	LEASE_ATTR,
	LEASE_ENVELOPE,
	LEASE_IMAGE,
	LEASE_DEVICE,
	LEASE_SOCKET,
	LEASE_FOLD,	/* (directory, name) to the name that differs in case; revoked with LEASE_NAME */
	LEASE_KEY,	/* (none, key and path below it) to the id of a key of the registry */
	LEASE_VALUE,	/* (key, name) to a value of the registry */
	LEASE_KIND_END
};
/* LEASE_GRANT_BROKER(struct lease_grant *): envelope (exec.h) and image (exec.h) leases;
 * names and attributes are granted by the records of a reply. */
struct lease_grant {
	uint32_t kind;
	uint32_t payload_len;
	uint64_t subject;	/* node (image), pid (envelope) */
	uint64_t seq;
	uint64_t payload;	/* user pointer */
};

/* VFS_NODE_BROKER(op, node, struct vfs_attr *) */
#define VFS_NODE_ATTR 1		/* the delegated attributes (size, times) of a KERNEL_DATA node: 0, -ENOENT */
#define VFS_NODE_FORGET 2	/* the last link and the last open are gone: free contents */
#define VFS_NODE_LIST 3		/* after a restart: the node that the kernel holds after arg (0: the first), in
				 * an order of its own, in attr->node; lease_ns is the number of its lookups that were not given back; -ENOENT at the end */
#define VFS_NODE_OPENS 5	/* attr->nlink: open files, mappings and write-backs of the node; -ENOENT: not held */
#define VFS_NODE_REQUEST 7	/* of no node: 0 while the request with this id waits for vfsd, or what its reply counts
				 * is not with the inodes yet; -ENOENT */
#define VFS_NODE_DROP_CACHES 6	/* of no node: drop leases, idle inodes and clean pages */
#define VFS_NODE_SET_FLAGS 4	/* attr->flags replaces the node's flags */

#endif
