/* services/vfsd/src/namespace.c: see namespace.h. */
#include "namespace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *ns_component(const char *path, size_t *len)
{
	while (*path == '/')
		path++;
	*len = strcspn(path, "/");
	return path;
}

bool ns_is_covered(const struct node *dir, const char *name, size_t len)
{
	return (dir->state & NODE_HAS_OVERLAYS) && entry_find(dir, name, len, ENTRY_OVERLAY);
}

struct node *ns_parent(struct node *dir)
{
	struct entry *entry = entry_of(dir);
	char name[VFS_NAME_MAX + 1];
	struct node *parent;
	size_t len;

	if (arena_ref(dir) == state->root)
		return dir;
	if (entry)
		return node_at(entry->dir);
	if (node_ops(dir)->parent && !node_ops(dir)->parent(dir, &parent, name, &len))
		return parent;
	return node_get(dir->parent);
}

int ns_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out)
{
	struct entry *entry;

	if (len == 1 && name[0] == '.') {
		*out = dir;
		return 0;
	}
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		*out = ns_parent(dir);
		return *out ? 0 : -ENOENT;
	}
	if (dir->state & NODE_HAS_OVERLAYS) {
		entry = entry_find(dir, name, len, ENTRY_OVERLAY);
		if (entry) {
			*out = node_at(entry->node);
			return 0;
		}
	}
	return node_ops(dir)->lookup(rq, dir, name, len, out);
}

#define MAX_LINKS 40

/* Put the target of @link in front of @rest, in @path. */
static int splice_target(struct request *rq, struct node *link, char *path, const char *rest)
{
	char target[VFS_PATH_MAX];
	size_t rest_len = strlen(rest);
	size_t len = 0;
	int err;

	if (!node_ops(link)->readlink)
		return -EINVAL;
	err = node_ops(link)->readlink(rq, link, target, &len);
	if (err)
		return err;
	if (len + 1 + rest_len >= VFS_PATH_MAX)
		return -ENAMETOOLONG;
	memmove(path + len + 1, rest, rest_len + 1);
	memcpy(path, target, len);
	path[len] = '/';
	return 0;
}

int ns_resolve(struct request *rq, const char *path, struct node **out)
{
	struct node *dir = node_at(state->root);
	char rest[VFS_PATH_MAX];
	unsigned int nlinks = 0;
	const char *at = rest;
	struct node *child;
	size_t len;
	int err;

	if (strlen(path) >= sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(rest, path, strlen(path) + 1);
	for (at = ns_component(rest, &len); len; at = ns_component(at, &len)) {
		if (!S_ISDIR(dir->mode))
			return -ENOTDIR;
		if (len > VFS_NAME_MAX)
			return -ENAMETOOLONG;
		err = ns_lookup(rq, dir, at, len, &child);
		if (err)
			return err;
		at += len;
		if (!S_ISLNK(child->mode)) {
			dir = child;
			continue;
		}
		if (++nlinks > MAX_LINKS)
			return -ELOOP;
		err = splice_target(rq, child, rest, at);
		if (err)
			return err;
		at = rest;
		if (rest[0] == '/')
			dir = node_at(state->root);
	}
	*out = dir;
	return 0;
}

/* One step up: the directory of @node and the name it has there. */
static int step_up(struct node *node, struct node **dir, const char **name, size_t *len, char buf[VFS_NAME_MAX + 1])
{
	struct entry *entry = entry_of(node);

	if (entry) {
		*dir = node_at(entry->dir);
		*name = entry->name;
		*len = entry->name_len;
		return 0;
	}
	if (!node_ops(node)->parent)
		return -ENOENT;
	*name = buf;
	return node_ops(node)->parent(node, dir, buf, len);
}

/* What a file without a name shows in place of its path: its last one, or what it was made with. */
static int label_of(const struct node *node, char *buf, size_t cap)
{
	int len = snprintf(buf, cap, "%s (deleted)", text_of(node->target));

	return (size_t)len < cap ? len : -ENAMETOOLONG;
}

int ns_path(struct node *node, const struct node *root, char *buf, size_t cap)
{
	char name_buf[VFS_NAME_MAX + 1];
	size_t start = cap, len;
	const char *name;
	int err;

	if (S_ISREG(node->mode) && node->target && !entry_of(node))
		return label_of(node, buf, cap);
	while (node != root && arena_ref(node) != state->root) {
		err = step_up(node, &node, &name, &len, name_buf);
		if (err)
			return err;
		if (start < len + 1)
			return -ENAMETOOLONG;
		start -= len;
		memcpy(buf + start, name, len);
		buf[--start] = '/';
	}
	if (start == cap)
		buf[--start] = '/';
	memmove(buf, buf + start, cap - start);
	return (int)(cap - start);
}

struct entry *ns_overlay(const struct node *dir, uint32_t n)
{
	struct entry *entry;

	for (entry = entry_at(state->overlays); entry; entry = entry_at(entry->next_overlay))
		if (entry->dir == arena_ref(dir) && !n--)
			return entry;
	return NULL;
}
