/* services/vfsd/src/p9_path.c: see p9_path.h. */
#include "p9_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dispatch.h"
#include "p9_client.h"

#define MAX_DEPTH 256u

static uint32_t root_fid_of(const struct node *node)
{
	return node_mount(node)->root == arena_ref(node) ? FID_ROOT(node->mount) : 0;
}

static uint32_t held_fid(const struct node *node)
{
	uint32_t fid = root_fid_of(node);

	return fid ? fid : p9_fid_get(node, FID_PATH);
}

struct name_chain {
	const char *names[MAX_DEPTH];	/* from the end backwards */
	size_t lens[MAX_DEPTH];
	unsigned int n;
	char aside_name[P9_ASIDE_NAME_BYTES];
};

/* Go up from @node to the first ancestor with a fid, which comes out busy in *@fid. */
static int climb(struct node *node, struct name_chain *chain, uint32_t *fid)
{
	for (chain->n = 0; !(*fid = held_fid(node)); chain->n++) {
		struct entry *entry = entry_of(node);

		if (!entry || chain->n == MAX_DEPTH)
			return -ENOENT;
		chain->names[MAX_DEPTH - 1 - chain->n] = entry->name;
		chain->lens[MAX_DEPTH - 1 - chain->n] = entry->name_len;
		node = node_at(entry->dir);
	}
	return 0;
}

static int climb_aside(struct node *node, struct name_chain *chain, uint32_t *fid)
{
	struct mount *mount = node_mount(node);

	chain->names[MAX_DEPTH - 2] = mount->aside;
	chain->lens[MAX_DEPTH - 2] = strlen(mount->aside);
	chain->names[MAX_DEPTH - 1] = chain->aside_name;
	chain->lens[MAX_DEPTH - 1] = p9_aside_name(node->number, chain->aside_name);
	chain->n = 2;
	*fid = FID_ROOT(node->mount);
	return 0;
}

/* Walk the chain from @from to @newfid, at most 16 names at a time; the last qid must be @key's. */
static int descend(uint32_t transport, const struct name_chain *chain, uint32_t from, uint32_t newfid, uint64_t key)
{
	struct p9_qid qids[P9_MAX_NAMES];
	unsigned int left, n, nqids = 0;
	uint32_t at = from;
	int err;

	for (left = chain->n; left; left -= n) {
		unsigned int first = MAX_DEPTH - left;

		n = left < P9_MAX_NAMES ? left : P9_MAX_NAMES;
		err = p9_walk(transport, at, newfid, chain->names + first, chain->lens + first, n, qids, &nqids);
		if (!err && nqids < n)
			err = -ENOENT;
		if (err)
			return err;
		at = newfid;
	}
	return qids[nqids - 1].path == key ? 0 : -ENOENT;
}

int p9_path_fid(struct node *node, uint32_t *fid)
{
	struct name_chain chain;
	uint32_t from, newfid;
	int err;

	*fid = held_fid(node);
	if (*fid)
		return 0;
	err = node->state & NODE_ASIDE ? climb_aside(node, &chain, &from) : climb(node, &chain, &from);
	if (err)
		return err;
	newfid = p9_fid_new(node_mount(node)->transport);
	if (!newfid) {
		p9_fid_done(from);
		return -ENOMEM;
	}
	err = descend(node_mount(node)->transport, &chain, from, newfid, node->by_key.key);
	p9_fid_done(from);
	if (err) {
		p9_fid_put(newfid);
		return err;
	}
	p9_fid_attach(node, FID_PATH, newfid);
	*fid = newfid;
	return 0;
}

static uint32_t open_flags(const struct node *node, enum fid_kind kind)
{
	if (kind == FID_WRITE)
		return O_WRONLY;
	return S_ISDIR(node->mode) ? O_RDONLY | O_DIRECTORY : O_RDONLY;
}

int p9_clone_fid(uint32_t transport, uint32_t from, uint32_t *fid)
{
	unsigned int nqids;
	int err;

	*fid = p9_fid_new(transport);
	if (!*fid)
		return -ENFILE;
	err = p9_walk(transport, from, *fid, NULL, NULL, 0, NULL, &nqids);
	if (err)
		p9_fid_cancel(*fid);
	return err;
}

static int clone_and_open(struct node *node, uint32_t path, enum fid_kind kind, uint32_t *fid)
{
	uint32_t transport = node_mount(node)->transport;
	int err = p9_clone_fid(transport, path, fid);

	if (err)
		return err;
	err = p9_lopen(transport, *fid, open_flags(node, kind));
	if (err)
		p9_fid_put(*fid);
	return err;
}

/* The names stay as they are meanwhile: one that is given to another file would have that one opened. */
static int open_by_path(struct node *node, enum fid_kind kind, uint32_t *fid)
{
	uint32_t path, mine;
	int err;

	/* Another thread may have been faster. */
	*fid = p9_fid_get(node, kind);
	if (*fid)
		return 0;
	err = p9_path_fid(node, &path);
	if (err)
		return err;
	err = clone_and_open(node, path, kind, &mine);
	p9_fid_done(path);
	if (err)
		return err;
	*fid = mine;
	if (p9_fid_attach(node, kind, mine))
		return 0;
	/* One that borrows the lock was. */
	*fid = p9_fid_get(node, kind);
	if (!*fid) {
		*fid = mine;
		return 0;
	}
	p9_fid_put(mine);
	return 0;
}

int p9_open_fid(struct node *node, enum fid_kind kind, bool has_name_lock, uint32_t *fid)
{
	int err;

	*fid = p9_fid_get(node, kind);
	if (*fid)
		return 0;
	if (!has_name_lock)
		dispatch_lock_names();
	err = open_by_path(node, kind, fid);
	if (!has_name_lock)
		dispatch_unlock_names();
	return err;
}

int p9_aside_fid(uint16_t mount, bool must_make, uint32_t *fid)
{
	struct mount *m = &state->mounts[mount];
	const char *name = m->aside;
	size_t len = strlen(name);
	struct p9_once repeatable = { NULL, 0 };
	struct p9_qid qid;
	unsigned int nqids;
	int err;

	*fid = p9_fid_new(m->transport);
	if (!*fid)
		return -ENFILE;
	err = p9_walk(m->transport, FID_ROOT(mount), *fid, &name, &len, 1, &qid, &nqids);
	if (err == -ENOENT && must_make) {
		err = p9_mkdir(m->transport, FID_ROOT(mount), name, len, 0700, m->attach_gid, &qid, repeatable);
		if (!err || err == -EEXIST)
			err = p9_walk(m->transport, FID_ROOT(mount), *fid, &name, &len, 1, &qid, &nqids);
	}
	if (!err && nqids != 1)
		err = -ENOENT;
	if (err)
		p9_fid_cancel(*fid);
	return err;
}

size_t p9_aside_name(uint64_t node, char name[P9_ASIDE_NAME_BYTES])
{
	return (size_t)snprintf(name, P9_ASIDE_NAME_BYTES, "%llx", (unsigned long long)node);
}
