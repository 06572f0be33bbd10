/* services/vfsd/src/kernel.h: what vfsd asks of the kernel.
 *
 * kernel_calls.c makes native calls of these; the host tests put their own in.
 * All return 0 or more, or a negative errno.
 */
#ifndef VFSD_KERNEL_H
#define VFSD_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include <albireo/block.h>
#include <albireo/exec.h>
#include <albireo/native.h>
#include <albireo/vfs.h>

/* Take leases back: decisions up to @seq are refused from now on. */
void kernel_revoke_name(uint64_t dir, const char *name, size_t len, uint64_t seq);
void kernel_revoke_attr(uint64_t node, uint64_t seq);

/* VFS_NODE_BROKER. */
int kernel_node(unsigned int op, uint64_t node, struct vfs_attr *attr);

long kernel_p9(struct p9_exchange *exchange);
int kernel_block(struct block_call *call);
int kernel_storage(struct storage_call *call);
long kernel_proc(unsigned int op, uint64_t pid, void *buf, size_t cap);
long kernel_counters(char *buf, size_t cap);

/* The @index-th disk or partition. -ENOENT: there are no more. */
int kernel_disk(uint32_t index, struct block_info *out);

/* Fault in the kernel, or in a service, at a named place. */
int kernel_crash(const char *place, size_t len);

void kernel_now(struct vfs_time *now);
void kernel_random(void *buf, size_t len);

/* The surviving state, of at least @min_bytes. NULL: no memory. */
void *kernel_state_map(size_t min_bytes);
size_t kernel_state_size(void);

void kernel_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
