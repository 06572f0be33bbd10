/* kernel/io-manager/src/regular.h: the parts of regular files. */
#ifndef IO_REGULAR_H
#define IO_REGULAR_H

#include "vfs_private.h"

struct write_state {
	struct io_request *rq;
	struct inode *inode;
	struct mm_object *obj;
	uint64_t offset;
	uint64_t ready;		/* bytes that a prefault found; 0: not known */
	bool is_pager;
	bool is_continued;	/* some of it is written: no second time stamp */
	bool is_throttled;	/* object_write(): too many dirty pages hold it up */
};

/* regular.c */

/* Read from @obj at rq->offset, whose contents end at @size. Returns: bytes; errno when none. */
int64_t object_read(struct io_request *rq, struct mm_object *obj, uint64_t size);
/* Write @n bytes that lie in one page, with faults off. Returns: bytes, 0 when memory has to be
 * brought in; errno. */
int64_t object_write_page(struct write_state *w, uint64_t offset, uint64_t n);
/* Write from w->offset up to @end to pages whose order is nobody's concern. Returns: bytes; errno when none. */
int64_t object_write(struct write_state *w, uint64_t end);

/* regular_space.c */
int regular_map(struct file *f, uint32_t prot, bool shared, struct mm_object **out);
int64_t regular_seek(struct file *f, int64_t offset, int whence);
int regular_truncate(struct file *f, uint64_t size);
int regular_allocate(struct file *f, int mode, uint64_t offset, uint64_t len);
int64_t regular_ioctl(struct file *f, uint32_t cmd, uint64_t arg);

/* Make zeroes of the parts of pages at both ends of a hole in [@offset, @end). */
int object_zero_edges(struct mm_object *obj, uint64_t offset, uint64_t end);

/* regular_disk.c: the same of VFS_NODE_RESERVES */
int regular_disk_allocate(struct inode *i, int mode, uint64_t offset, uint64_t len);
int64_t regular_disk_seek(struct inode *i, uint64_t offset, bool is_hole);

/* regular_sync.c */
int regular_fsync(struct file *f, bool data_only);
int regular_flush(struct file *f, void *process);
int regular_sync_range(struct file *f, uint64_t offset, uint64_t len);

#endif
