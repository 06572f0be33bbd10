/* kernel/io-manager/src/walk.c: from a path to an inode, component by component through name leases.
 *
 * A walk holds a reference to the directory it stands in and a pointer to the rest of
 * the path. Each component needs x permission on that directory; then the answer comes
 * from the records of the last VFS_WALK, from a lease, or from one more VFS_WALK for the
 * whole rest. A symbolic link replaces itself in the rest by its target.
 */
#include <errno.h>
#include <string.h>

#include <io/notify.h>
#include <mm/heap.h>
#include <ps/process.h>

#include "name_lease.h"

static const char *skip_slashes(const char *p)
{
	while (*p == '/')
		p++;
	return p;
}

static uint32_t component_len(const char *p)
{
	uint32_t n = 0;

	while (p[n] && p[n] != '/')
		n++;
	return n;
}

static bool is_dot(const char *name, uint32_t len)
{
	return len == 1 && name[0] == '.';
}

static bool is_dotdot(const char *name, uint32_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

static void move_to(struct walk *w, struct inode *dir)
{
	inode_put(w->dir);
	w->dir = dir;
}

/* A walk that may not leave its start has that as its root. */
static int take_start(struct walk *w, struct inode *start, const char *path)
{
	struct fs_context *fs = fs_current();
	bool is_scoped = w->flags & (WALK_BENEATH | WALK_IN_ROOT);
	int err = 0;

	if (*path == '/' && !is_scoped) {
		inode_get(w->root);
		w->dir = w->root;
	} else if (start) {
		inode_get(start);
		w->dir = start;
	} else {
		err = fs_context_cwd(fs, &w->dir);
	}
	if (!err && is_scoped) {
		inode_get(w->dir);
		inode_put(w->root);
		w->root = w->dir;
	}
	return err;
}

int walk_begin(struct walk *w, struct inode *start, const char *path, unsigned flags)
{
	int err;

	memset(w, 0, sizeof(*w));
	w->flags = flags;
	w->rest = path;
	if (!*path && !(flags & WALK_EMPTY_PATH))
		return -ENOENT;
	if (*path == '/' && (flags & WALK_BENEATH))
		return -EXDEV;
	err = fs_context_root(fs_current(), &w->root);
	if (err)
		return err;
	err = take_start(w, start, path);
	if (err)
		inode_put(w->root);
	else
		walk_prefix_take(w);
	return err;
}

static void drop_found(struct walk *w)
{
	record_results_put(w->found, w->nfound);
	w->nfound = w->next_found = 0;
}

void walk_end(struct walk *w)
{
	drop_found(w);
	kfree(w->found);
	kfree(w->expanded);
	kfree(w->folded);
	kfree(w->prefix);
	inode_put(w->jump);
	file_put(w->jump_file);
	inode_put(w->dir);
	inode_put(w->root);
}

bool walk_is_valid(const struct walk *w)
{
	return !w->has_stamp || lease_is_valid(&w->stamp);
}

/* Does the next unused record answer (@w->dir, @name)? */
static bool take_found(struct walk *w, const char *name, uint32_t len, struct inode **out)
{
	struct record_result *r;

	if (w->next_found == w->nfound)
		return false;
	r = &w->found[w->next_found];
	if (r->dir != w->dir->node || r->name_len != len || memcmp(r->name, name, len)) {
		drop_found(w);
		return false;
	}
	*out = r->kind == VFS_REC_POSITIVE ? r->inode : NULL;
	w->node_seq = r->attr_seq;
	if (r->kind == VFS_REC_NEGATIVE)
		inode_put(r->inode);
	r->inode = NULL;
	w->next_found++;
	return true;
}

/* How much of the path from @name to ask for: WALK_BATCH names in a row. "." and ".." end it,
 * because only the kernel knows this process's root. */
static uint32_t batch_len(const char *name)
{
	const char *p = name, *end = name;

	for (unsigned i = 0; i < WALK_BATCH; i++) {
		uint32_t len = component_len(p);

		if (!len || len > VFS_NAME_MAX || p + len - name >= VFS_PATH_MAX)
			break;
		if (i && (is_dot(p, len) || is_dotdot(p, len)))
			break;
		end = p + len;
		if (is_dotdot(p, len) || *end != '/')
			break;
		p = end + 1;
	}
	return (uint32_t)(end - name);
}

static int ask(struct walk *w, const char *name)
{
	struct ipc_kernel_call c = { .words = { VFS_WALK, w->dir->node }, .data = name, .data_len = batch_len(name) };
	int err;

	drop_found(w);
	if (!w->found) {
		w->found = kmalloc(WALK_BATCH * sizeof(*w->found), HEAP_NOZERO);
		if (!w->found)
			return -ENOMEM;
	}
	err = vfs_call_records(&c, w->found, WALK_BATCH, &w->nfound);
	if (err)
		return err;
	return w->nfound ? 0 : -EIO;
}

/* The owner revokes a name before the attributes of what it led to: as long as the name's
 * lease holds, the newest revoke known came before. */
static uint64_t seq_of_leased(const struct walk *w, const struct inode *i)
{
	uint64_t seq = i ? __atomic_load_n(&i->attr_revoked_seq, __ATOMIC_ACQUIRE) + 1 : 0;

	return lease_is_valid(&w->stamp) ? seq : 0;
}

static bool leaves_filesystem(const struct walk *w, const struct inode *to)
{
	return (w->flags & WALK_NO_XDEV) && to->attr.dev != w->dir->attr.dev;
}

/* One name in w->dir, whose x permission is known. *out NULL: there is no such name. */
static int find_name(struct walk *w, const char *name, uint32_t len, struct inode **out)
{
	int err;

	w->has_stamp = false;
	w->node_seq = ~0ull;
	if (is_dot(name, len) || (is_dotdot(name, len) && w->dir->node == w->root->node)) {
		if ((w->flags & WALK_BENEATH) && is_dotdot(name, len))
			return -EXDEV;
		inode_get(w->dir);
		*out = w->dir;
		return 0;
	}
	if (len > VFS_NAME_MAX)
		return -ENAMETOOLONG;
	if (take_found(w, name, len, out))
		return 0;
	if (name_lease_find(w->dir->node, name, len, out, &w->stamp)) {
		w->has_stamp = true;
		w->node_seq = seq_of_leased(w, *out);
		return 0;
	}
	err = ask(w, name);
	if (err)
		return err == -ENOENT ? (*out = NULL, 0) : err;
	return take_found(w, name, len, out) ? 0 : -EIO;
}

static int look_up_name(struct walk *w, const char *name, uint32_t len, struct inode **out)
{
	int err = find_name(w, name, len, out);

	if (!err && w->prefix)
		walk_prefix_note(w, w->has_stamp ? &w->stamp : NULL, *out);
	return err;
}

/* The name is missing: the one that differs in case, which is in w->folded afterwards. */
static int look_up_folded(struct walk *w, const char *name, uint32_t len, struct inode **out)
{
	char *folded = kmalloc(VFS_NAME_MAX + 1, HEAP_NOZERO);
	struct lease_stamp stamp;
	bool has_stamp = false;
	int err = folded ? fold_name(w->dir, name, len, folded, &stamp, &has_stamp) : -ENOMEM;

	walk_prefix_note(w, has_stamp ? &stamp : NULL, NULL);
	if (!err)
		err = look_up_name(w, folded, (uint32_t)strlen(folded), out);
	if (err || !*out) {
		kfree(folded);
		return err == -ENOENT ? 0 : err;
	}
	kfree(w->folded);
	w->folded = folded;
	return 0;
}

static int look_up(struct walk *w, const char *name, uint32_t len, struct inode **out)
{
	int err = look_up_name(w, name, len, out);

	if (!err && !*out && (w->flags & WALK_FOLD) && !is_dotdot(name, len))
		err = look_up_folded(w, name, len, out);
	if (err || !*out || !leaves_filesystem(w, *out))
		return err;
	inode_put(*out);
	return -EXDEV;
}

static int enter_check(struct walk *w)
{
	if (!inode_is_dir(w->dir))
		return -ENOTDIR;
	return inode_permission(w->dir, 1, false);
}

/* The link's target, then what is left of the path. */
static int expand(struct walk *w, const struct link_text *target)
{
	size_t target_len = target->len, rest_len = strlen(w->rest);
	char *path;

	if (target->text[0] == '/' && ((w->flags & WALK_BENEATH) || leaves_filesystem(w, w->root)))
		return -EXDEV;
	path = kmalloc(target_len + rest_len + 2, HEAP_NOZERO);
	if (!path)
		return -ENOMEM;
	memcpy(path, target->text, target_len);
	path[target_len] = '/';
	memcpy(path + target_len + (rest_len ? 1 : 0), w->rest, rest_len + 1);
	kfree(w->expanded);
	w->expanded = path;
	w->rest = path;
	if (path[0] == '/') {
		walk_prefix_note_root(w);
		inode_get(w->root);
		move_to(w, w->root);
	}
	return 0;
}

static int follow_magic(struct walk *w, struct inode *link)
{
	struct inode *i = NULL;
	struct file *f = NULL;
	int err;

	if (w->flags & WALK_NO_MAGIC)
		return -ELOOP;
	if (w->flags & (WALK_BENEATH | WALK_IN_ROOT | WALK_NO_XDEV))
		return -EXDEV;
	err = magic_resolve(link, &i, &f);
	if (err)
		return err;
	if (*skip_slashes(w->rest) || (w->rest[0] == '/')) {
		file_put(f);
		if (!i)
			return -ENOTDIR;
		move_to(w, i);
		if (*skip_slashes(w->rest))
			return 0;
		inode_get(i);
	}
	inode_put(w->jump);
	file_put(w->jump_file);
	w->jump = i;
	w->jump_file = f;
	return w->rest[0] == '/' && !inode_is_dir(i) ? -ENOTDIR : 0;
}

static int follow_text(struct walk *w, struct inode *link)
{
	struct link_text *target = inode_target(link);
	int err = target ? expand(w, target) : -ENOENT;

	link_text_put(target);
	return err;
}

int walk_follow(struct walk *w, struct inode *link)
{
	if (++w->nlinks > WALK_MAX_LINKS || (w->flags & WALK_NO_SYMLINKS))
		return -ELOOP;
	if (link->attr.flags & VFS_NODE_MAGIC_LINK)
		return follow_magic(w, link);
	return follow_text(w, link);
}

/* Step over a component that is not the last one. */
static int step(struct walk *w, const char *name, uint32_t len)
{
	struct inode *next;
	int err = look_up(w, name, len, &next);

	if (err)
		return err;
	if (!next)
		return -ENOENT;
	if (inode_is_symlink(next)) {
		err = walk_follow(w, next);
		inode_put(next);
		return err;
	}
	move_to(w, next);
	return inode_is_dir(next) ? 0 : -ENOTDIR;
}

static void set_last(struct walk *w, const char *name, uint32_t len, const char *after)
{
	w->name = name;
	w->name_len = len;
	w->trailing_slash = *after == '/';
	w->rest = after;
	if (is_dot(name, len))
		w->last_kind = WALK_LAST_DOT;
	else if (is_dotdot(name, len))
		w->last_kind = WALK_LAST_DOTDOT;
	else
		w->last_kind = WALK_LAST_NAME;
}

int walk_parent(struct walk *w)
{
	for (;;) {
		const char *name = skip_slashes(w->rest), *after;
		uint32_t len = component_len(name);
		int err;

		if (!len) {
			w->name = "";
			w->name_len = 0;
			w->last_kind = WALK_LAST_ROOT;
			return 0;
		}
		err = enter_check(w);
		if (err)
			return err;
		after = name + len;
		if (!*skip_slashes(after)) {
			set_last(w, name, len, after);
			walk_prefix_keep(w);
			return 0;
		}
		w->rest = after;
		err = step(w, name, len);
		if (err)
			return err;
		if (w->jump)
			return 0;
	}
}

int walk_last(struct walk *w, struct inode **out)
{
	int err;

	if (w->last_kind == WALK_LAST_ROOT) {
		inode_get(w->dir);
		*out = w->dir;
		return 0;
	}
	kfree(w->folded);
	w->folded = NULL;
	err = look_up(w, w->name, w->name_len, out);
	if (err)
		return err;
	if (w->folded) {
		w->name = w->folded;
		w->name_len = (uint32_t)strlen(w->folded);
	}
	if (!*out)
		return -ENOENT;
	notify_place(*out, w->dir, w->name, w->name_len);
	return 0;
}

static void give_parent(struct walk *w, struct walk_result *out)
{
	uint32_t len = MIN(w->name_len, (uint32_t)VFS_NAME_MAX);

	inode_get(w->dir);
	out->parent = w->dir;
	memcpy(out->name, w->name, len);
	out->name[len] = '\0';
	out->name_len = len;
	out->last_kind = w->last_kind;
	out->trailing_slash = w->trailing_slash;
}

static int finish_jump(struct walk *w, struct walk_result *out)
{
	out->inode = w->jump;
	out->file = w->jump_file;
	w->jump = NULL;
	w->jump_file = NULL;
	return 0;
}

static bool is_followed(const struct walk *w, struct inode *i)
{
	return inode_is_symlink(i) && ((w->flags & WALK_FOLLOW) || w->trailing_slash);
}

static int walk_to_end(struct walk *w, struct walk_result *out)
{
	for (;;) {
		struct inode *i;
		int err = walk_parent(w);

		if (err)
			return err;
		if (w->jump || w->jump_file)
			return finish_jump(w, out);
		if (w->flags & WALK_PARENT) {
			if (w->name_len > VFS_NAME_MAX)
				return -ENAMETOOLONG;
			give_parent(w, out);
			return 0;
		}
		err = walk_last(w, &i);
		if (err) {
			if (err == -ENOENT)
				give_parent(w, out);
			return err;
		}
		if (is_followed(w, i)) {
			err = walk_follow(w, i);
			inode_put(i);
			if (err)
				return err;
			if (w->jump || w->jump_file)
				return finish_jump(w, out);
			continue;
		}
		out->inode = i;
		give_parent(w, out);
		if (((w->flags & WALK_DIRECTORY) || w->trailing_slash) && !inode_is_dir(i))
			return -ENOTDIR;
		if (inode_is_symlink(i) && (w->flags & WALK_NO_SYMLINKS))
			return -ELOOP;
		return 0;
	}
}

int walk_path(struct inode *start, const char *path, unsigned flags, struct walk_result *out)
{
	struct walk w;
	int err;

	memset(out, 0, offsetof(struct walk_result, name));
	out->name[0] = '\0';
	out->name_len = 0;
	out->file = NULL;
	out->trailing_slash = false;
	err = walk_begin(&w, start, path, flags);
	if (err)
		return err;
	err = walk_to_end(&w, out);
	walk_end(&w);
	if (err && err != -ENOENT)
		walk_result_put(out);
	return err;
}

void walk_result_put(struct walk_result *r)
{
	inode_put(r->inode);
	inode_put(r->parent);
	file_put(r->file);
	r->inode = r->parent = NULL;
	r->file = NULL;
}
