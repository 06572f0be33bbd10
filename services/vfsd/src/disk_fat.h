/* services/vfsd/src/disk_fat.h: FAT volumes of block devices (libs/fat), as mounts of type "vfat".
 *
 * Each change is on the device when its request is answered, so a successor finds everything
 * there. It knows from `disk_undone` which request its predecessor may have carried out without
 * an answer. What a node has of its entry (node->fat) is stored plainly.
 *
 * Locking: the name lock, also for the parts of page_in and page_out that read or change the volume.
 */
#ifndef VFSD_DISK_FAT_H
#define VFSD_DISK_FAT_H

#include <fat/fat.h>

#include "fs.h"
#include "mount.h"

#define FAT_DEFAULT_MASK 022u

/* Open the volume that @spec names, for the mount at @index. */
int fat_volume_mount(struct request *rq, uint16_t index, const struct mount_spec *spec, struct node **root);

/* Everything written lasts, and the volume says that it is whole; its device is free. */
int fat_volume_close(uint16_t index);

int fat_volume_set_read_only(uint16_t index, bool is_read_only);

/* Everything written on any volume lasts. Returns: the first error. */
int fat_volumes_settle(void);

/* See defer_fat_release(). */
void fat_volume_release(uint16_t index, uint32_t first);

/* Take over from a predecessor. */
void fat_recover(void);

/* The open volume of @node's mount. NULL: its device cannot be opened (any more). */
struct fat *fat_of(const struct node *node);

void fat_file_of(const struct node *node, struct fat_file *out);
void fat_keep(struct node *node, const struct fat_file *file);

/* disk_fat_names.c */
int fat_fs_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out);
int fat_fs_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		  struct node **out, bool *created);
int fat_fs_unlink(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir, struct node **victim,
		  struct vfs_attr *attr);
int fat_fs_rename(struct request *rq, struct rename_args *args);
int fat_fs_readdir(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink);

/* disk_fat_data.c */
int fat_fs_setattr(struct request *rq, struct node *node, uint32_t mask, const struct vfs_attr *attr);
int fat_fs_reserve(struct node *node, uint64_t offset, uint64_t len, bool is_privileged, uint64_t *start, uint64_t *end);
int fat_fs_sync(uint64_t node);
long fat_fs_page_in(uint64_t node, uint64_t offset, uint64_t len);
long fat_fs_page_out(uint64_t node, uint64_t offset, uint64_t len);

#endif
