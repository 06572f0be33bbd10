/* services/vfsd/src/p9_fs.c: finding files of the host, and their attributes; see p9_fs.h.
 *
 * Names are changed in p9_names.c, contents move in p9_data.c.
 */
#include "p9_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "deferred.h"
#include "kernel.h"
#include "mount.h"
#include "p9_client.h"
#include "p9_data.h"
#include "p9_names.h"
#include "p9_path.h"

#define LEASE_NS 1000000000ull
#define MISSING_LEASE_NS 500000000ull
#define ASIDE_PREFIX ".albireo-"

static bool is_root(const struct node *node)
{
	return node_mount(node)->root == arena_ref(node);
}

bool p9_is_hidden(const struct node *dir, const char *name, size_t len)
{
	size_t prefix = sizeof(ASIDE_PREFIX) - 1;

	return is_root(dir) && len >= prefix && !memcmp(name, ASIDE_PREFIX, prefix);
}

/* st_rdev as Linux encodes it for users, to ours. */
static uint32_t decode_rdev(uint64_t rdev)
{
	uint32_t major = (rdev >> 8) & 0xfff;
	uint32_t minor = (rdev & 0xff) | ((rdev >> 12) & 0xfff00);

	return major << 20 | minor;
}

/* All of it is (cache). */
static void store_attr(struct request *rq, struct node *node, const struct p9_attr *attr)
{
	node->mode = attr->mode;
	node->nlink = (uint32_t)attr->nlink;
	node->uid = attr->uid;
	node->gid = attr->gid;
	node->rdev = decode_rdev(attr->rdev);
	node->ino = attr->qid.path;
	node->size = attr->size;
	node->blocks = attr->blocks;
	node->atime = attr->atime;
	node->mtime = attr->mtime;
	node->ctime = attr->ctime;
	node->fetched_seq = rq->seq;
	node->fetched_at = rq->now;
}

void p9_outdate(struct node *node)
{
	node->fetched_seq = 0;
	node->fetched_at.sec = 0;
}

bool p9_is_fresh(const struct request *rq, const struct node *node)
{
	int64_t ns = (rq->now.sec - node->fetched_at.sec) * 1000000000 + rq->now.nsec - node->fetched_at.nsec;

	return ns >= 0 && ns < (int64_t)LEASE_NS;
}

static int fetch_by(struct request *rq, struct node *node, uint32_t fid)
{
	struct p9_attr attr;
	int err = p9_getattr(node_mount(node)->transport, fid, &attr);

	p9_fid_done(fid);
	if (err)
		return err;
	if (attr.qid.path != node->by_key.key || ((attr.mode ^ node->mode) & S_IFMT))
		return -ENOENT;
	store_attr(rq, node, &attr);
	return 0;
}

/* A fid that is at hand, busy. 0: none. */
static uint32_t fid_at_hand(const struct node *node)
{
	uint32_t fid = p9_fid_get(node, FID_PATH);

	return fid ? fid : p9_fid_get(node, FID_WRITE);
}

int p9_fetch(struct request *rq, struct node *node)
{
	uint32_t fid;
	int err;

	if (node->fetched_seq == rq->seq)
		return 0;
	if ((node->state & (NODE_GONE | NODE_ASIDE)) == NODE_GONE)
		return 0;
	fid = fid_at_hand(node);
	err = fid ? 0 : p9_path_fid(node, &fid);
	return err ? err : fetch_by(rq, node, fid);
}

/* Ask about a node whose fid is at hand. One that is not needs a walk anyhow. */
static int fetch_held(struct request *rq, struct node *node)
{
	uint32_t fid = fid_at_hand(node);

	return fid ? fetch_by(rq, node, fid) : -ENOENT;
}

void p9_fill_attr(const struct node *node, struct vfs_attr *attr)
{
	bool is_removed = node->state & NODE_GONE;

	memset(attr, 0, sizeof(*attr));
	if (S_ISREG(node->mode))
		attr->flags |= VFS_NODE_PAGER;
	/* Whom the server would refuse is found out by opening there (VFS_OPEN). */
	if ((!S_ISREG(node->mode) && !S_ISDIR(node->mode)) || (node->mode & S_IROTH) ||
	    p9_fid_has(node, FID_READ))
		attr->flags |= VFS_NODE_OPEN_READ_FREE;
	if (!S_ISREG(node->mode) || p9_fid_has(node, FID_WRITE))
		attr->flags |= VFS_NODE_OPEN_WRITE_FREE;
	attr->mode = node->mode;
	attr->nlink = node->nlink;
	if (is_removed && attr->nlink)
		attr->nlink = S_ISDIR(node->mode) ? 0 : attr->nlink - 1;
	attr->uid = node->uid;
	attr->gid = node->gid;
	attr->rdev = node->rdev;
	attr->blksize = 4096;
	attr->ino = node->ino;
	attr->size = node->size;
	attr->blocks = node->blocks;
	attr->atime = node->atime;
	attr->mtime = node->mtime;
	attr->ctime = node->ctime;
}

static int p9_fs_getattr(struct request *rq, struct node *node, struct vfs_attr *attr)
{
	int err = p9_fetch(rq, node);

	if (!err)
		p9_fill_attr(node, attr);
	return err;
}

void p9_drop_fids(struct node *node)
{
	int kind;

	for (kind = FID_PATH; kind <= FID_WRITE; kind++) {
		uint32_t fid = p9_fid_detach(node, (enum fid_kind)kind);

		if (fid)
			defer_clunk(fid);
	}
}

void p9_drop_path(struct node *node)
{
	uint32_t fid = p9_fid_detach(node, FID_PATH);

	if (fid)
		defer_clunk(fid);
}

void p9_retire(struct node *node)
{
	node_clear_key(node);
	while (node->names) {
		struct node *dir = node_at(entry_of(node)->dir);

		node_pin(dir);
		entry_remove(entry_of(node));
		ARENA_SET(dir->npins, dir->npins - 1);
	}
	ARENA_SET(node->state, (uint16_t)(node->state | NODE_GONE));
}

/* The name leads to nothing any more, or to another file. */
static void drop_entry(struct node *dir, struct entry *entry)
{
	struct node *node = node_at(entry->node);

	node_pin(dir);
	entry_remove(entry);
	ARENA_SET(dir->npins, dir->npins - 1);
	p9_drop_path(node);
	node_settle(node);
}

static struct node *make_node(uint16_t mount, const struct p9_attr *attr)
{
	struct node *node = node_create(mount, attr->mode);

	if (!node || node_set_key(node, attr->qid.path))
		return NULL;
	return node;
}

struct node *p9_adopt(struct request *rq, uint16_t mount, const struct p9_attr *attr)
{
	struct node *node = node_by_key(mount, attr->qid.path);

	if (node && ((node->mode ^ attr->mode) & S_IFMT)) {
		/* The server used the number again. */
		p9_drop_fids(node);
		p9_retire(node);
		node_settle(node);
		node = NULL;
	}
	if (!node)
		node = make_node(mount, attr);
	if (node)
		store_attr(rq, node, attr);
	return node;
}

int p9_set_entry(struct node *dir, const char *name, size_t len, struct node *node)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);

	if (entry && node_at(entry->node) == node) {
		entry_prefer(entry);
		return 0;
	}
	if (entry)
		drop_entry(dir, entry);
	return entry_add(dir, name, len, node, ENTRY_NAME) ? 0 : -ENOMEM;
}

/* @fid came from a walk to @node: the newest path is the best one. */
static void set_path(struct node *node, uint32_t fid)
{
	if (is_root(node)) {
		defer_clunk(fid);
		return;
	}
	p9_drop_path(node);
	p9_fid_attach(node, FID_PATH, fid);
	p9_fid_done(fid);
}

/* Walk one name. Returns: 0 with the fid of what is there and its attributes. */
static int walk_one(struct node *dir, const char *name, size_t len, uint32_t *fid, struct p9_attr *attr)
{
	uint32_t transport = node_mount(dir)->transport;
	struct p9_qid qid;
	unsigned int nqids;
	uint32_t from;
	int err = p9_path_fid(dir, &from);

	if (err)
		return err;
	*fid = p9_fid_new(transport);
	if (!*fid) {
		p9_fid_done(from);
		return -ENFILE;
	}
	err = p9_walk(transport, from, *fid, &name, &len, 1, &qid, &nqids);
	p9_fid_done(from);
	if (!err && !nqids)
		err = -ENOENT;
	if (err) {
		p9_fid_cancel(*fid);
		return err;
	}
	err = p9_getattr(transport, *fid, attr);
	if (err)
		p9_fid_put(*fid);
	return err;
}

static int p9_fs_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);
	struct p9_attr attr;
	uint32_t fid;
	int err;

	if (p9_is_hidden(dir, name, len) || (dir->state & NODE_GONE))
		return -ENOENT;
	if (entry && !fetch_held(rq, node_at(entry->node))) {
		entry_prefer(entry);
		*out = node_at(entry->node);
		return 0;
	}
	err = walk_one(dir, name, len, &fid, &attr);
	if (err == -ENOENT && entry)
		drop_entry(dir, entry);
	if (err)
		return err;
	*out = p9_adopt(rq, dir->mount, &attr);
	if (!*out) {
		p9_fid_put(fid);
		return -ENOMEM;
	}
	set_path(*out, fid);
	return p9_set_entry(dir, name, len, *out);
}

static bool is_same_time(const struct vfs_time *a, const struct vfs_time *b)
{
	return a->sec == b->sec && a->nsec == b->nsec;
}

/* A link's target never changes while its ctime stays. */
static int p9_fs_readlink(struct request *rq, struct node *node, char *buf, size_t *len)
{
	uint32_t fid;
	ref_t target;
	int err = p9_fetch(rq, node);

	if (err)
		return err;
	if (node->target && is_same_time(&node->target_ctime, &node->ctime)) {
		*len = node->target_len;
		memcpy(buf, text_of(node->target), *len);
		return 0;
	}
	err = p9_path_fid(node, &fid);
	if (err)
		return err;
	err = p9_readlink(node_mount(node)->transport, fid, buf, VFS_PATH_MAX, len);
	p9_fid_done(fid);
	if (err)
		return err;
	target = text_create(buf, *len);
	if (!target)
		return 0;
	arena_free(node->target);
	ARENA_SET(node->target, target);
	ARENA_SET(node->target_len, (uint32_t)*len);
	ARENA_SET(node->target_ctime, node->ctime);
	return 0;
}

static uint32_t setattr_valid(uint32_t mask)
{
	uint32_t valid = 0;

	if (mask & VFS_SET_MODE)
		valid |= P9_SETATTR_MODE;
	if (mask & VFS_SET_UID)
		valid |= P9_SETATTR_UID;
	if (mask & VFS_SET_GID)
		valid |= P9_SETATTR_GID;
	if (mask & VFS_SET_SIZE)
		valid |= P9_SETATTR_SIZE;
	if (mask & VFS_SET_ATIME)
		valid |= P9_SETATTR_ATIME | P9_SETATTR_ATIME_SET;
	if (mask & VFS_SET_ATIME_NOW)
		valid |= P9_SETATTR_ATIME;
	if (mask & VFS_SET_MTIME)
		valid |= P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET;
	if (mask & VFS_SET_MTIME_NOW)
		valid |= P9_SETATTR_MTIME;
	return valid;
}

/* A server that may not change owners says that it did: the attributes tell (DECISIONS 36). */
static bool is_feigned(const struct node *node, uint32_t mask, const struct vfs_attr *attr)
{
	return ((mask & VFS_SET_UID) && node->uid != attr->uid) || ((mask & VFS_SET_GID) && node->gid != attr->gid);
}

static int p9_fs_setattr(struct request *rq, struct node *node, uint32_t mask, const struct vfs_attr *attr)
{
	struct p9_once once = { rq, P9_STEP_MAIN };
	uint32_t valid = setattr_valid(mask);
	uint32_t fid;
	int err;

	if (valid) {
		err = p9_path_fid(node, &fid);
		if (err)
			return err;
		err = p9_setattr(node_mount(node)->transport, fid, valid, attr, once);
		p9_fid_done(fid);
		if (err)
			return err;
	}
	p9_outdate(node);
	err = p9_fetch(rq, node);
	if (err)
		return err;
	return is_feigned(node, mask, attr) ? -EPERM : 0;
}

/* One entry of a Treaddir's answer. Returns: false when the sink is full. */
static bool put_entry(struct node *dir, struct p9_buf *entries, uint64_t *offset, struct dirent_sink *sink)
{
	struct p9_qid qid = p9_get_qid(entries);
	uint64_t next = p9_get64(entries);
	unsigned int type = p9_get8(entries);
	size_t len;
	const char *name = p9_get_string(entries, &len);

	if (entries->is_bad)
		return true;
	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.') ||
	    p9_is_hidden(dir, name, len) || len > VFS_NAME_MAX) {
		*offset = next;
		return true;
	}
	if (!dirent_add(sink, qid.path, next, type, name, len))
		return false;
	*offset = next;
	return true;
}

static int p9_fs_readdir(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink)
{
	static unsigned char reply[64u << 10];	/* under the name lock; the transport takes no longer message */
	const size_t most = sizeof(reply) - P9_READ_OVERHEAD;
	size_t before = sink->len;
	struct p9_buf entries;
	uint32_t fid, count;
	int err;

	if (dir->state & NODE_GONE)
		return -ENOENT;
	err = p9_open_fid(dir, FID_READ, true, &fid);
	if (err)
		return err;
	/* A listing may hold nothing that we show: go on until something does, or to the end. */
	do {
		count = (uint32_t)(sink->cap - sink->len < most ? sink->cap - sink->len : most);
		if (count < 512)
			count = 512;
		err = p9_readdir(node_mount(dir)->transport, fid, cookie, count, reply, sizeof(reply), &entries);
		while (!err && entries.at < entries.cap && !entries.is_bad)
			if (!put_entry(dir, &entries, &cookie, sink))
				break;
	} while (!err && entries.cap && sink->len == before && !sink->is_full && !entries.is_bad);
	p9_fid_done(fid);
	return err;
}

static int p9_fs_statfs(struct request *rq, struct node *node, struct statfs *out)
{
	uint32_t fid;
	int err = p9_path_fid(node, &fid);

	if (err)
		return err;
	err = p9_statfs(node_mount(node)->transport, fid, out);
	p9_fid_done(fid);
	return err;
}

static void p9_fs_forget(struct node *node)
{
	if (node->state & NODE_ASIDE)
		defer_remove_aside(node->mount, node->number);
	p9_drop_fids(node);
}

static void name_aside(struct mount *mount, const char *options)
{
	const char *id = strstr(options, "id=");
	unsigned long long random;

	if (id) {
		snprintf(mount->aside, sizeof(mount->aside), ASIDE_PREFIX "%.32s", id + 3);
		mount->aside[strcspn(mount->aside, ",/")] = '\0';
		return;
	}
	kernel_random(&random, sizeof(random));
	snprintf(mount->aside, sizeof(mount->aside), ASIDE_PREFIX "%016llx", random);
}

/* Another mount of the same transport; its session goes on. NULL: none. */
static const struct mount *mount_of_transport(uint32_t transport)
{
	unsigned int i;

	for (i = 0; i < VFSD_MOUNTS; i++)
		if (state->mounts[i].fs == FS_P9 && state->mounts[i].root && state->mounts[i].transport == transport)
			return &state->mounts[i];
	return NULL;
}

static int start_session(struct mount *mount)
{
	const struct mount *other = mount_of_transport(mount->transport);

	if (!other)
		return p9_version(mount->transport, &mount->msize);
	mount->msize = other->msize;
	return 0;
}

int p9_mount(struct request *rq, uint16_t index, const char *tag, const char *options, struct node **root)
{
	struct mount *mount = &state->mounts[index];
	struct p9_attr attr;
	int err = p9_find_transport(tag, &mount->transport);

	if (!err)
		err = start_session(mount);
	if (!err)
		err = p9_attach(mount->transport, FID_ROOT(index), mount->attach_uid, &attr.qid);
	if (!err)
		err = p9_getattr(mount->transport, FID_ROOT(index), &attr);
	if (err)
		return err;
	name_aside(mount, options ? options : "");
	*root = p9_adopt(rq, index, &attr);
	return *root ? 0 : -ENOMEM;
}

const struct fs_ops p9_ops = {
	.name_lease_ns = LEASE_NS,
	.missing_lease_ns = MISSING_LEASE_NS,
	.attr_lease_ns = LEASE_NS,
	.lookup = p9_fs_lookup,
	.getattr = p9_fs_getattr,
	.readlink = p9_fs_readlink,
	.create = p9_fs_create,
	.link = p9_fs_link,
	.unlink = p9_fs_unlink,
	.rename = p9_fs_rename,
	.setattr = p9_fs_setattr,
	.xattr = p9_fs_xattr,
	.readdir = p9_fs_readdir,
	.open = p9_fs_open,
	.statfs = p9_fs_statfs,
	.sync = p9_fs_sync,
	.page_in = p9_fs_page_in,
	.page_out = p9_fs_page_out,
	.forget = p9_fs_forget,
};
