/* services/vfsd/test/fake_kernel.h: the kernel as vfsd's tests need it.
 *
 * Implements src/kernel.h: a state region that fork()ed successors share, a clock that steps, a few
 * processes, and a 9P server over a real folder (fake_p9.c). Requests are made by the
 * helpers below, which check what any reply must hold.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/native.h>
#include <albireo/vfs.h>

#include "request.h"

#define FAKE_PID 1000u
#define FAKE_STORAGED 107

#define FAKE_HELD 512

struct fake_shared {
	struct { uint64_t node, count; } held[FAKE_HELD];	/* lookups that replies brought */
	uint64_t state_size;
	uint64_t opened_node;		/* the only node that VFS_NODE_OPENS says is open */
	uint64_t forgotten;		/* VFS_NODE_FORGET calls */
	uint64_t drops;			/* VFS_NODE_DROP_CACHES calls */
	uint64_t revokes;
	uint64_t exchanges;		/* sent to the 9P server */
	uint64_t only_number;		/* of every regular file; 0: the inode's */
	uint64_t kill_at_exchange;	/* die before (odd) or after (even) the n-th one, counted by halves */
	uint64_t half_exchanges;
	uint64_t kill_at_store;		/* die before the n-th store to the arena */
	uint64_t stores;
	uint64_t next_request;
};
extern struct fake_shared *fake;

/* A new machine: empty state, empty server. */
void fake_reset(void);

/* Remove what tests leave on this machine: a group's teardown. */
int fake_end(void **unused);

/* The folder that mount tag "test" exports. */
extern char fake_folder[];

struct reply {
	int status;
	uint64_t words[8];
	size_t len;
	char data[IPC_MAX_DATA];
};

/* One request of the kernel's for FAKE_PID. The reply is static, good until the next one. */
struct reply *call(uint64_t op, const uint64_t args[7], const void *data, size_t len);
/* How call() reaches vfsd; dispatch() of this process unless set. */
extern int (*call_transport)(struct request *rq);

/* Give all lookups back, but those of the root. */
void release_all(void);

/* Record @n of a reply. */
const struct vfs_record *record_at(const struct reply *reply, unsigned int n);
/* Compare a record's name. */
bool record_is(const struct vfs_record *record, const char *name);
const char *record_target(const struct vfs_record *record);

uint64_t root_node(void);
/* The node at an absolute path, not following a last link; 0: none. */
uint64_t node_at_path(const char *path);
/* The last record of walking the path; NULL for an error, which is in walk_status. */
const struct vfs_record *walk_to(uint64_t dir, const char *path);
extern int walk_status;

int make(uint64_t dir, const char *name, uint32_t mode, uint32_t flags);
int make_link(uint64_t dir, const char *name, const char *target);
int hard_link(uint64_t node, uint64_t dir, const char *name);
int remove_name(uint64_t dir, const char *name, bool is_rmdir);
int rename_to(uint64_t old_dir, const char *old, uint64_t new_dir, const char *new, unsigned int flags);
int get_attr(uint64_t node, struct vfs_attr *attr);
int mount_at(const char *type, const char *source, const char *target, uint32_t flags);
int path_of(uint64_t node, char *buf, size_t cap);

/* All names of a directory but "." and "..", in order, each followed by a space, read @chunk bytes at a time. */
void list_names(uint64_t dir, size_t chunk, char *out, size_t cap);

long fake_p9(struct p9_exchange *exchange);
void fake_p9_reset(void);
unsigned int fake_p9_fids(void);
unsigned int fake_p9_kept(void);

#endif
