/* services/vfsd/src/p9_xattr.c: extended attributes of the host's files.
 *
 * 9P2000.L turns a fid of a walk into one that reads an attribute's bytes (Txattrwalk), or
 * that takes them and sets the attribute when it is clunked (Txattrcreate). Both are done
 * again from the start by a retry, which changes nothing twice.
 */
#include <errno.h>
#include <linux/xattr.h>
#include <string.h>

#include "p9_client.h"
#include "p9_fs.h"
#include "p9_names.h"
#include "p9_path.h"

#define BYTES_MAX (64u << 10)

/* A fid of its own for @node, which the caller clunks. */
static int new_fid(struct node *node, uint32_t *fid)
{
	uint32_t path;
	int err = p9_path_fid(node, &path);

	if (err)
		return err;
	err = p9_clone_fid(node_mount(node)->transport, path, fid);
	p9_fid_done(path);
	return err;
}

/* The value of @name, or with @len 0 the list of names, into the reply. */
static int read_bytes(struct request *rq, struct node *node, const char *name, size_t len)
{
	uint32_t transport = node_mount(node)->transport, path, fid;
	uint64_t size;
	int err = p9_path_fid(node, &path);

	if (err)
		return err;
	fid = p9_fid_new(transport);
	err = fid ? p9_xattrwalk(transport, path, fid, name, len, &size) : -ENFILE;
	p9_fid_done(path);
	if (err) {
		if (fid)
			p9_fid_cancel(fid);
		return err;
	}
	if (size > rq->reply_cap || size > BYTES_MAX)
		err = -E2BIG;
	else
		err = p9_read_bytes(transport, fid, rq->reply, (uint32_t)size, &rq->reply_len);
	p9_fid_put(fid);
	return err;
}

static int write_bytes(struct node *node, const struct xattr_args *args, uint64_t len, uint32_t flags)
{
	uint32_t transport = node_mount(node)->transport, fid;
	int err = new_fid(node, &fid), ended;

	if (err)
		return err;
	err = p9_xattrcreate(transport, fid, args->name, args->name_len, len, flags);
	if (!err && len)
		err = p9_write_bytes(transport, fid, args->value, (uint32_t)len);
	/* The server sets it now, and says what came of it. */
	ended = p9_clunk(transport, fid);
	p9_fid_cancel(fid);
	return err ? err : ended;
}

/* A server sets an empty attribute when it is to remove one: it looks at both the same. */
static int remove_attribute(struct request *rq, struct node *node, const struct xattr_args *args)
{
	int err = read_bytes(rq, node, args->name, args->name_len);

	rq->reply_len = 0;
	return err && err != -E2BIG ? err : write_bytes(node, args, 0, XATTR_REPLACE);
}

int p9_fs_xattr(struct request *rq, struct node *node, const struct xattr_args *args)
{
	if (node->state & NODE_GONE)
		return -EOPNOTSUPP;
	switch (args->op) {
	case VFS_XATTR_GET:
		return read_bytes(rq, node, args->name, args->name_len);
	case VFS_XATTR_LIST:
		return read_bytes(rq, node, "", 0);
	case VFS_XATTR_SET:
		p9_outdate(node);
		return args->value_len ? write_bytes(node, args, args->value_len, args->flags) : -EOPNOTSUPP;
	default:
		p9_outdate(node);
		return remove_attribute(rq, node, args);
	}
}
