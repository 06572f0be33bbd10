/* kernel/compat/src/nt/key_leases.h: what hived said of keys and values, as long as it is true.
 *
 * The lease of a name is a decision by its bytes, as they were asked for: ring 0 does not fold them. Long names and
 * values are asked for each time.
 */
#ifndef COMPAT_NT_KEY_LEASES_H
#define COMPAT_NT_KEY_LEASES_H

#include <ipc/lease.h>

#include "nt.h"

/* Is it known where @path below key @from leads? *@id: the key; 0: there is none. */
bool nt_key_lease_find(uint64_t from, const struct nt_string *path, uint64_t *id);
void nt_key_lease_grant(uint64_t from, const struct nt_string *path, uint64_t id, uint64_t seq);

struct nt_value_lease {
	struct lease_payload payload;	/* first */
	uint32_t nbytes;
	char reply[];			/* as HIVED_GET_VALUE's */
};
/* Is value @name of key @id known? *@out: it, to be put by its payload; NULL: there is none. */
bool nt_value_lease_find(uint64_t id, const struct nt_string *name, struct nt_value_lease **out);
/* @reply NULL: there is none. */
void nt_value_lease_grant(uint64_t id, const struct nt_string *name, const void *reply, uint32_t nbytes, uint64_t seq);

#endif
