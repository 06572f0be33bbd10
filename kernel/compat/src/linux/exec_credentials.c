#include "exec_credentials.h"

bool exec_keeps_credentials(const struct credentials *c)
{
	uint64_t permitted = c->cap_ambient;

	if (c->suid != c->euid || c->fsuid != c->euid || c->sgid != c->egid || c->fsgid != c->egid)
		return false;
	if (c->securebits || c->uid != c->euid || c->gid != c->egid)
		return false;
	if (!c->uid)
		permitted |= c->cap_inheritable | c->cap_bounding;
	return c->cap_permitted == permitted && c->cap_effective == permitted;
}
