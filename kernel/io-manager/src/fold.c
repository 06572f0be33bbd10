/* kernel/io-manager/src/fold.c: names that differ in case, as their owner found them.
 *
 * Ring 0 never folds: vfsd says how a folder spells a name, and the answer is leased by the
 * bytes of the name that was asked for.
 */
#include <errno.h>
#include <string.h>

#include <mm/heap.h>

#include "vfs_private.h"

struct fold_lease {
	struct lease_payload payload;
	char name[VFS_NAME_MAX + 1];
};

static void fold_lease_release(struct lease_payload *p)
{
	kfree(container_of(p, struct fold_lease, payload));
}

/* @spelled NULL: there is no such name. Best effort. */
static void grant(struct inode *dir, const char *name, uint32_t len, const char *spelled, const struct ipc_kernel_call *c)
{
	struct fold_lease *l = NULL;

	if (spelled) {
		l = kmalloc(sizeof(*l), HEAP_NOZERO);
		if (!l)
			return;
		refcount_set(&l->payload.refs, 1);
		l->payload.release = fold_lease_release;
		strcpy(l->name, spelled);
	}
	lease_grant(LEASE_FOLD, dir->node, name, len, c->words[3], c->words[2], l ? &l->payload : NULL);
}

static int ask(struct inode *dir, const char *name, uint32_t len, char *out)
{
	struct ipc_kernel_call c = { .words = { VFS_FOLD, dir->node }, .data = name, .data_len = len,
		.reply_data = out, .reply_cap = VFS_NAME_MAX };
	int err = vfs_call(&c);

	if (err)
		return err;
	if (c.reply_len > VFS_NAME_MAX || c.words[1] != c.reply_len)
		return -EIO;
	out[c.reply_len] = '\0';
	grant(dir, name, len, c.reply_len ? out : NULL, &c);
	return c.reply_len ? 0 : -ENOENT;
}

int fold_name(struct inode *dir, const char *name, uint32_t len, char *out, struct lease_stamp *stamp, bool *has_stamp)
{
	struct lease_payload *payload;

	*has_stamp = lease_lookup(LEASE_FOLD, dir->node, name, len, &payload, stamp);
	if (!*has_stamp)
		return ask(dir, name, len, out);
	if (!payload)
		return -ENOENT;
	strcpy(out, container_of(payload, struct fold_lease, payload)->name);
	lease_payload_put(payload);
	return 0;
}
