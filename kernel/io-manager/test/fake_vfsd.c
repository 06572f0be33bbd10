/* kernel/io-manager/test/fake_vfsd.c: what walk.c calls, over a table of names. */
#include "fake_vfsd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <io/notify.h>
#include <mm/heap.h>
#include <nucleus/counter.h>

#include "name_lease.h"

#define MAX_NAMES 128

struct name { uint64_t dir; char name[VFS_NAME_MAX + 1]; struct inode *inode; bool is_leased; };

static struct inode nodes[MAX_NAMES];
static struct name names[MAX_NAMES];
static unsigned nnodes, nnames;
static struct inode *root, *cwd;
static int references;

unsigned fake_calls, fake_batch;
bool fake_grants;
uint64_t fake_denied, fake_revokes;

static struct inode *new_node(uint32_t type, const char *target)
{
	struct inode *i = &nodes[nnodes++];

	memset(i, 0, sizeof(*i));
	i->node = nnodes;
	i->attr.mode = type | 0755;
	if (target) {
		i->target = calloc(1, sizeof(*i->target) + strlen(target) + 1);
		i->target->len = (uint32_t)strlen(target);
		memcpy(i->target->text, target, strlen(target));
	}
	return i;
}

static struct name *find(uint64_t dir, const char *name, size_t len)
{
	for (unsigned n = 0; n < nnames; n++) {
		if (names[n].dir == dir && strlen(names[n].name) == len && !memcmp(names[n].name, name, len))
			return &names[n];
	}
	return NULL;
}

static struct inode *add(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	names[nnames].dir = dir->node;
	memcpy(names[nnames].name, name, len);
	names[nnames].name[len] = '\0';
	names[nnames].is_leased = false;
	names[nnames++].inode = i;
	return i;
}

struct inode *fake_node(const char *path, uint32_t type, const char *target)
{
	struct inode *at = &nodes[0];

	while (*path) {
		size_t len = strcspn(path, "/");
		struct name *found = find(at->node, path, len);
		bool is_last = !path[len];

		if (!found) {
			struct inode *i = new_node(is_last ? type : S_IFDIR, is_last ? target : NULL);

			add(at, path, len, i);
			add(i, "..", 2, at);
			at = i;
		} else {
			at = found->inode;
		}
		path += len + !is_last;
	}
	return at;
}

void fake_reset(void)
{
	for (unsigned n = 0; n < nnodes; n++)
		free(nodes[n].target);
	nnodes = nnames = fake_calls = 0;
	fake_grants = true;
	fake_batch = WALK_BATCH;
	fake_denied = 0;
	references = 0;
	root = cwd = new_node(S_IFDIR, NULL);
	add(root, "..", 2, root);
}

void fake_set_cwd(struct inode *i)
{
	cwd = i;
}

void fake_set_root(struct inode *i)
{
	root = i;
}

int fake_references(void)
{
	return references;
}

/* ---- what walk.c calls ---- */

void inode_get(struct inode *i)
{
	references++;
}

void inode_put(struct inode *i)
{
	references -= i != NULL;
}

int inode_permission(struct inode *i, unsigned want, bool use_real)
{
	return i->node == fake_denied ? -EACCES : 0;
}

struct fs_context *fs_current(void)
{
	return NULL;
}

int fs_context_root(struct fs_context *c, struct inode **out)
{
	inode_get(root);
	*out = root;
	return 0;
}

int fs_context_cwd(struct fs_context *c, struct inode **out)
{
	inode_get(cwd);
	*out = cwd;
	return 0;
}

bool name_lease_find(uint64_t dir, const char *name, uint32_t len, struct inode **out, struct lease_stamp *stamp)
{
	struct name *n = find(dir, name, len);

	if (!n || !n->is_leased)
		return false;
	inode_get(n->inode);
	*out = n->inode;
	*stamp = (struct lease_stamp){ .bucket_seq = fake_revokes, .expires_ns = VFS_LEASE_FOREVER };
	return true;
}

bool lease_lock_valid(const struct lease_stamp *stamp)
{
	return stamp->bucket_seq == fake_revokes;
}

void spin_wait(struct spinlock *l)
{
	(void)l;
	abort();
}

void lease_unlock(const struct lease_stamp *stamp)
{
	(void)stamp;
}

bool inode_may_search_now(struct inode *i)
{
	return !inode_permission(i, 1, false);
}

uint64_t clock_monotonic_ns(void)
{
	return 0;
}

uint64_t counter_values[COUNTER_COUNT];

bool lease_is_valid(const struct lease_stamp *stamp)
{
	return true;
}

static void answer(struct record_result *r, uint64_t dir, const char *name, size_t len, struct inode *i)
{
	r->dir = dir;
	r->kind = i ? VFS_REC_POSITIVE : VFS_REC_NEGATIVE;
	r->inode = i;
	r->name_len = (uint16_t)len;
	memcpy(r->name, name, len);
	if (i)
		inode_get(i);
}

int vfs_call_records(struct ipc_kernel_call *c, struct record_result *results, uint32_t max, uint32_t *nresults)
{
	const char *p = c->data, *end = p + c->data_len;
	uint64_t dir = c->words[1];

	fake_calls++;
	for (*nresults = 0; p < end && *nresults < MIN(max, fake_batch); ) {
		size_t len = 0;
		struct name *n;

		while (p + len < end && p[len] != '/')
			len++;
		n = find(dir, p, len);
		answer(&results[(*nresults)++], dir, p, len, n ? n->inode : NULL);
		if (!n || !inode_is_dir(n->inode))
			return 0;
		n->is_leased = fake_grants;
		dir = n->inode->node;
		p += len + 1;
	}
	return 0;
}

void record_results_put(struct record_result *results, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		inode_put(results[i].inode);
}

struct link_text *inode_target(struct inode *i)
{
	return i->target;
}

void link_text_put(struct link_text *t)
{
	(void)t;
}

int magic_resolve(struct inode *link, struct inode **inode, struct file **file)
{
	*inode = &nodes[link->attr.rdev - 1];
	inode_get(*inode);
	return 0;
}

void object_put(struct object *obj)
{
	(void)obj;
}

void *kmalloc(size_t bytes, unsigned flags)
{
	return calloc(1, bytes);
}

void kfree(void *p)
{
	free(p);
}

/* Names of the fake are spelled one way. */
int fold_name(struct inode *dir, const char *name, uint32_t len, char *out, struct lease_stamp *stamp, bool *has_stamp)
{
	*has_stamp = false;
	return -ENOENT;
}

uint32_t notify_nwatches;

void notify_keep_place(struct inode *i, struct inode *dir, const char *name, uint32_t len)
{
	(void)i, (void)dir, (void)name, (void)len;
}
