/* services/vfsd/src/xattrs.c: extended attributes: the request, and those of trees in the arena.
 *
 * The kernel has checked who may (man 7 xattr); here are names and values.
 */
#include <errno.h>
#include <linux/xattr.h>
#include <string.h>

#include "fs.h"
#include "handlers.h"
#include "kernel.h"

#define NODE_BYTES_MAX (128u << 10)	/* of one node, so that a program cannot fill the arena with one file */

struct xattr {
	ref_t next;
	uint32_t name_len, value_len;
	char bytes[];	/* name, value */
};

static struct xattr *xattr_at(ref_t ref)
{
	return arena_at(ref);
}

static struct xattr *find(const struct node *node, const char *name, size_t len)
{
	struct xattr *x;

	for (x = xattr_at(node->xattrs); x; x = xattr_at(x->next))
		if (x->name_len == len && !memcmp(x->bytes, name, len))
			return x;
	return NULL;
}

static size_t bytes_of(const struct node *node)
{
	const struct xattr *x;
	size_t sum = 0;

	for (x = xattr_at(node->xattrs); x; x = xattr_at(x->next))
		sum += sizeof(*x) + x->name_len + x->value_len;
	return sum;
}

static void unlink_xattr(struct node *node, struct xattr *x)
{
	ref_t *link = &node->xattrs;

	while (*link != arena_ref(x))
		link = &xattr_at(*link)->next;
	arena_log(link, sizeof(*link));
	*link = x->next;
	arena_free(arena_ref(x));
}

void xattrs_free(struct node *node)
{
	while (node->xattrs)
		unlink_xattr(node, xattr_at(node->xattrs));
}

static int set(struct node *node, const struct xattr_args *args)
{
	struct xattr *old = find(node, args->name, args->name_len), *x;
	ref_t ref;

	if (old && (args->flags & XATTR_CREATE))
		return -EEXIST;
	if (!old && (args->flags & XATTR_REPLACE))
		return -ENODATA;
	if (bytes_of(node) + sizeof(*x) + args->name_len + args->value_len > NODE_BYTES_MAX)
		return -ENOSPC;
	ref = arena_alloc(sizeof(*x) + args->name_len + args->value_len);
	if (!ref)
		return -ENOSPC;
	x = xattr_at(ref);
	x->name_len = (uint32_t)args->name_len;
	x->value_len = (uint32_t)args->value_len;
	memcpy(x->bytes, args->name, args->name_len);
	memcpy(x->bytes + args->name_len, args->value, args->value_len);
	if (old)
		unlink_xattr(node, old);
	x->next = node->xattrs;
	ARENA_SET(node->xattrs, ref);
	return 0;
}

static int get(struct request *rq, const struct node *node, const struct xattr_args *args)
{
	const struct xattr *x = find(node, args->name, args->name_len);

	if (!x)
		return -ENODATA;
	memcpy(rq->reply, x->bytes + x->name_len, x->value_len);
	rq->reply_len = x->value_len;
	return 0;
}

static int list(struct request *rq, const struct node *node)
{
	const struct xattr *x;

	for (x = xattr_at(node->xattrs); x; x = xattr_at(x->next)) {
		if (rq->reply_len + x->name_len + 1 > rq->reply_cap)
			return -E2BIG;
		memcpy(rq->reply + rq->reply_len, x->bytes, x->name_len);
		rq->reply[rq->reply_len + x->name_len] = '\0';
		rq->reply_len += x->name_len + 1;
	}
	return 0;
}

int tree_xattr(struct request *rq, struct node *node, const struct xattr_args *args)
{
	struct xattr *x;

	switch (args->op) {
	case VFS_XATTR_GET:
		return get(rq, node, args);
	case VFS_XATTR_LIST:
		return list(rq, node);
	case VFS_XATTR_SET:
		return set(node, args);
	default:
		x = find(node, args->name, args->name_len);
		if (!x)
			return -ENODATA;
		unlink_xattr(node, x);
		return 0;
	}
}

/* ---- the request ---- */

int handle_xattr(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	struct xattr_args args = {
		.op = (enum vfs_xattr_op)rq->args[1],
		.flags = (uint32_t)rq->args[2],
		.name = rq->data,
		.name_len = strnlen(rq->data, rq->data_len),
	};
	bool is_change = args.op == VFS_XATTR_SET || args.op == VFS_XATTR_REMOVE;
	int err;

	if (!node)
		return -ENOENT;
	if (args.op > VFS_XATTR_REMOVE || args.name_len == rq->data_len)
		return -EINVAL;
	args.value = args.name + args.name_len + 1;
	args.value_len = rq->data_len - args.name_len - 1;
	if (!node_ops(node)->xattr)
		return -EOPNOTSUPP;
	if (is_change && (node_mount(node)->flags & VFS_MOUNT_READONLY))
		return -EROFS;
	if (is_change)
		change_node(rq, node);
	err = node_ops(node)->xattr(rq, node, &args);
	if (!err && is_change) {
		ARENA_SET(node->ctime, rq->now);
		rq->is_counted = true;
	}
	rq->words[1] = rq->reply_len;
	return err;
}
