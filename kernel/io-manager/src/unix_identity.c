/* kernel/io-manager/src/unix_identity.c: who somebody was when a connection was made. */
#include <mm/heap.h>
#include <ps/process.h>

#include "unix.h"

struct unix_identity *unix_identity_create(void)
{
	const struct credentials *c = ps_credentials();
	struct unix_identity *i = kmalloc(sizeof(*i) + c->ngroups * sizeof(i->groups[0]), 0);

	if (!i)
		return NULL;
	refcount_set(&i->refs, 1);
	i->id = (struct socket_identity){ ps_current()->pid, c->euid, c->egid };
	i->ngroups = c->ngroups;
	for (uint32_t g = 0; g < i->ngroups; g++)
		i->groups[g] = c->groups[g];
	return i;
}

void unix_identity_put(struct unix_identity *i)
{
	if (i && refcount_put(&i->refs))
		kfree(i);
}
