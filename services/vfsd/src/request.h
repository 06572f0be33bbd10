/* services/vfsd/src/request.h: one request while it is served. */
#ifndef VFSD_REQUEST_H
#define VFSD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/vfs.h>

/* What a handler returns, and no errno: undo what it did, make way (see disk_ext4.h), and begin anew. */
#define REQUEST_AGAIN (-4096)

struct request {
	uint64_t op;
	uint64_t args[7];	/* words[1] … */
	const char *data;
	size_t data_len;
	uint64_t id;
	uint32_t pid;		/* who calls, or for whom the kernel calls */
	bool is_from_kernel;
	bool is_retry;
	bool is_async;

	uint64_t seq;		/* of the decisions in the reply */
	struct vfs_time now;
	bool is_counted;	/* the reply must not be made twice: lookups or changes are in it */
	bool is_exchanged;	/* P9 replies are kept under id */

	uint64_t words[8];	/* reply; [0] is the status */
	char *reply;
	size_t reply_cap;
	size_t reply_len;
	uint32_t nrecords;
};

#endif
