/* kernel/io-manager/src/link_text.c: targets of symbolic links. */
#include <errno.h>
#include <string.h>

#include <mm/heap.h>

#include "vfs_private.h"

static bool is_same(const struct link_text *t, const char *text, uint32_t len)
{
	return t && t->len == len && !memcmp(t->text, text, len);
}

int inode_keep_target(struct inode *i, const char *text, uint32_t len)
{
	struct link_text *new, *old = inode_target(i);
	bool same = is_same(old, text, len);

	link_text_put(old);
	if (same)
		return 0;
	new = kmalloc(sizeof(*new) + len + 1, HEAP_NOZERO);
	if (!new)
		return -ENOMEM;
	refcount_set(&new->refs, 1);
	new->len = len;
	memcpy(new->text, text, len);
	new->text[len] = '\0';
	spin_lock(&i->state_lock);
	old = i->target;
	i->target = new;
	spin_unlock(&i->state_lock);
	link_text_put(old);
	return 0;
}

struct link_text *inode_target(struct inode *i)
{
	struct link_text *t;

	spin_lock(&i->state_lock);
	t = i->target;
	if (t)
		refcount_get(&t->refs);
	spin_unlock(&i->state_lock);
	return t;
}

void link_text_put(struct link_text *t)
{
	if (t && refcount_put(&t->refs))
		kfree(t);
}
