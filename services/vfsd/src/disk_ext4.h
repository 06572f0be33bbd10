/* services/vfsd/src/disk_ext4.h: ext4 volumes of block devices (libs/ext4), as mounts of type "ext4".
 *
 * What requests change lies in the volume's store in the arena until a commit brings it to the
 * disk: every 5 s, at fsync and sync, and when it has become much. So a successor goes on where its
 * predecessor stood.
 *
 * Locking: the name lock, which waits below let go, so they stand outside of transactions. The parts of
 * page_in and page_out that read or change the volume take it too; moving and committing bytes does not
 * hold it.
 *
 * A handler's operation that finds no room in the journal (-EAGAIN of the library), or none on the disk while
 * deleted files are being freed, leaves through ext4_outcome() with REQUEST_AGAIN; the transaction is undone,
 * ext4_make_way() commits, and the request runs again.
 */
#ifndef VFSD_DISK_EXT4_H
#define VFSD_DISK_EXT4_H

#include <ext4/ext4.h>

#include "fs.h"
#include "mount.h"

/* ---- disk_ext4.c: the filesystem ---- */

/* Open the volume that @spec names, for the mount at @index. */
int ext4_volume_mount(struct request *rq, uint16_t index, const struct mount_spec *spec, struct node **root);

/* ---- disk_ext4_volume.c: open volumes ---- */

/* Open the device of the mount at @index, whose store is there. */
int ext4_volume_open(uint16_t index);

/* The mount is not to be: in the transaction that made it. */
void ext4_volume_unmount(uint16_t index);

/* The open volume of @node's mount. NULL: its device cannot be opened (any more). */
struct ext4 *ext4_of(const struct node *node);
struct blockdev *ext4_device_of(const struct node *node);

/* Note what a call of the library gave for a file of @node's mount. Returns: @err, or REQUEST_AGAIN. */
int ext4_outcome(const struct node *node, int err);

/* After a request that came to REQUEST_AGAIN, in no transaction. Returns: is trying again of use? */
bool ext4_make_way(void);

/* After an operation on the volume that came to REQUEST_AGAIN, outside of requests. Returns: is there more room now? */
bool ext4_make_room(uint16_t index);

/* After each request, in no transaction: what must not be part of one. */
void ext4_tidy(void);

/* Bytes of a file move without the lock: its volume stays open until as many have ended. */
void ext4_move_begin(uint16_t index);
void ext4_move_end(uint16_t index);

/* All that is written on the volume lasts, or on every one. Outside of transactions. */
int ext4_volume_commit(uint16_t index);
int ext4_volumes_commit(void);

/* As a remount does: by REQUEST_AGAIN and ext4_make_way(). */
int ext4_volume_set_read_only(uint16_t index, bool is_read_only);

/* See defer_ext4_evict() and defer_ext4_leave(). */
void ext4_volume_evict(uint16_t index, uint32_t ino);
void ext4_volume_leave(uint16_t index);

/* The machine ends: leave every volume whole. Takes effect with ext4_tidy(). */
void ext4_volumes_rest(void);

/* Take over from a predecessor, when it is known what the kernel holds. */
void ext4_recover(void);

/* ---- disk_ext4_names.c ---- */
int ext4_fs_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out);
int ext4_fs_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		   struct node **out, bool *created);
int ext4_fs_create_unnamed(struct request *rq, uint16_t mount, struct node *dir, const struct create_args *args,
			   struct node **out);
int ext4_fs_link(struct request *rq, struct node *node, struct node *dir, const char *name, size_t len);
int ext4_fs_unlink(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir, struct node **victim,
		   struct vfs_attr *attr);
int ext4_fs_rename(struct request *rq, struct rename_args *args);
int ext4_fs_readdir(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink);

/* The node of an inode, made if need be. */
int ext4_adopt(uint16_t mount, uint32_t ino, struct node **out);

/* ---- disk_ext4_data.c ---- */
int ext4_fs_reserve(struct node *node, uint64_t offset, uint64_t len, bool is_privileged, uint64_t *start, uint64_t *end);
int ext4_fs_allocate(struct node *node, int mode, uint64_t offset, uint64_t len);
int ext4_fs_seek(struct node *node, uint64_t offset, bool is_hole, uint64_t *out);
int ext4_fs_sync(uint64_t node);
long ext4_fs_page_in(uint64_t node, uint64_t offset, uint64_t len);
long ext4_fs_page_out(uint64_t node, uint64_t offset, uint64_t len);
int ext4_set_size(struct node *node, uint64_t size);
void ext4_give_room_back(struct node *node);

#endif
