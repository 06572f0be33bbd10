/* services/vfsd/src/p9_client.h: exchanges with a 9P2000.L server, one function each.
 *
 * All return 0 or a negative errno: the server's (Rlerror), -EIO for an answer that makes
 * no sense, or the transport's. An exchange that changes something on the server takes a
 * `struct p9_once`: the kernel keeps its answer under (request id, step), so that after a
 * restart it is not sent again and gives the same answer.
 */
#ifndef VFSD_P9_CLIENT_H
#define VFSD_P9_CLIENT_H

#include "p9_proto.h"
#include "request.h"

struct statfs;

/* One exchange of a request; which one it is must not depend on anything that a
 * retry may find changed. */
enum p9_step { P9_STEP_MAIN = 1, P9_STEP_OWNER, P9_STEP_ASIDE, P9_STEP_IN_PLACE, P9_STEP_BACK, P9_STEP_FORTH,
	P9_STEP_UNDO };

struct p9_once {
	struct request *rq;
	enum p9_step step;
};

/* Is an answer kept for that exchange, because a predecessor sent it? */
bool p9_was_sent(uint32_t transport, struct p9_once once);

/* Drop what the kernel keeps for a request. */
void p9_forget(uint64_t request_id);

/* How many exchanges this process has made. */
uint64_t p9_exchanges(void);

/* The transport whose mount tag is @tag. -ENODEV. */
int p9_find_transport(const char *tag, uint32_t *transport);

int p9_version(uint32_t transport, uint32_t *msize);
int p9_attach(uint32_t transport, uint32_t fid, uint32_t uid, struct p9_qid *root);

/* @names[0..n) from @fid to @newfid. *@nqids < n: that many names were found, and @newfid is not in use. */
int p9_walk(uint32_t transport, uint32_t fid, uint32_t newfid, const char *const names[], const size_t lens[],
	    unsigned int n, struct p9_qid qids[], unsigned int *nqids);
int p9_clunk(uint32_t transport, uint32_t fid);
int p9_getattr(uint32_t transport, uint32_t fid, struct p9_attr *attr);
int p9_setattr(uint32_t transport, uint32_t fid, uint32_t valid, const struct vfs_attr *attr, struct p9_once once);
int p9_lopen(uint32_t transport, uint32_t fid, uint32_t flags);
int p9_readlink(uint32_t transport, uint32_t fid, char *buf, size_t cap, size_t *len);
int p9_statfs(uint32_t transport, uint32_t fid, struct statfs *out);
int p9_fsync(uint32_t transport, uint32_t fid);

/* Up to @count bytes of entries into @reply of @cap bytes; *@entries parses them. */
int p9_readdir(uint32_t transport, uint32_t fid, uint64_t offset, uint32_t count, void *reply, size_t cap,
	       struct p9_buf *entries);

/* Make a regular file in the directory that @fid is; @fid is the new file then, opened. */
int p9_lcreate(uint32_t transport, uint32_t fid, const char *name, size_t len, uint32_t flags, uint32_t mode,
	       uint32_t gid, struct p9_qid *qid, struct p9_once once);
int p9_mkdir(uint32_t transport, uint32_t dir, const char *name, size_t len, uint32_t mode, uint32_t gid,
	     struct p9_qid *qid, struct p9_once once);
int p9_mknod(uint32_t transport, uint32_t dir, const char *name, size_t len, uint32_t mode, uint32_t rdev,
	     uint32_t gid, struct p9_qid *qid, struct p9_once once);
int p9_symlink(uint32_t transport, uint32_t dir, const char *name, size_t len, const char *target,
	       size_t target_len, uint32_t gid, struct p9_qid *qid, struct p9_once once);
int p9_link(uint32_t transport, uint32_t dir, uint32_t fid, const char *name, size_t len, struct p9_once once);

/* Two ways to take a name away. With @was_other the kept answer of the other way is taken too, for
 * which way a predecessor chose may not be found out again; it is told there. */
int p9_renameat(uint32_t transport, uint32_t old_dir, const char *old_name, size_t old_len, uint32_t new_dir,
		const char *new_name, size_t new_len, bool *was_other, struct p9_once once);
int p9_unlinkat(uint32_t transport, uint32_t dir, const char *name, size_t len, bool is_dir, bool *was_other,
		struct p9_once once);

/* Extended attributes: @newfid reads the value of @name (len 0: the list of names), of *@size bytes; @fid
 * takes @size bytes of value and sets it when it is clunked. */
int p9_xattrwalk(uint32_t transport, uint32_t fid, uint32_t newfid, const char *name, size_t len, uint64_t *size);
int p9_xattrcreate(uint32_t transport, uint32_t fid, const char *name, size_t len, uint64_t size, uint32_t flags);
/* All bytes of a small file from its start, or to it. -EIO for fewer. */
int p9_read_bytes(uint32_t transport, uint32_t fid, void *buf, uint32_t len, size_t *got);
int p9_write_bytes(uint32_t transport, uint32_t fid, const void *buf, uint32_t len);

/* Bytes between the server's file and the pages of @node's object at the same offset. Return: bytes. */
long p9_read_pages(uint32_t transport, uint32_t fid, uint64_t node, uint64_t offset, uint32_t len);
long p9_write_pages(uint32_t transport, uint32_t fid, uint64_t node, uint64_t offset, uint32_t len);

#endif
