/* services/netd/src/names.h: names of sockets, and which socket of the kernel's has each.
 *
 * A name is (subject, bytes): subject is a node of vfsd's with no bytes, or the name space of a
 * type's abstract names (NET_LEASE_SUBJECT). A socket has one name at most, for life. The table
 * lives in the service's state, so a successor has it; a request that came before may come again,
 * and gets the same answer, for what it asks for is then there already.
 *
 * One thread.
 */
#ifndef NETD_NAMES_H
#define NETD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/net.h>
#include <state/table.h>

/* What names need of the kernel. */
struct names_kernel {
	bool (*lives)(uint64_t socket);
	/* @seq: answers up to this one are refused from now on. */
	void (*revoke)(uint64_t subject, const char *name, size_t len, uint64_t seq);
};

#define NAMES_ANY_BYTES 5	/* of the names that names_bind_any() gives */

/* Use the opened arena @st, filling it in if it is new (@seed keys its hashes), and drop names whose sockets have died
 * unnoticed. Returns: 0; -ENOSPC; -EINVAL another version's state. */
int names_open(struct state *st, const struct names_kernel *kernel, const struct hash_key *seed);

/* Returns: 0, also when @socket has that name already; -EADDRINUSE; -EINVAL it has another; -ENOSPC. */
int names_bind(uint64_t socket, uint64_t subject, const char *name, size_t len);
/* Give @socket a name in @subject that nobody has, or tell the one it has, at @name.
 * Returns: 0; -ENOSPC. */
int names_bind_any(uint64_t socket, uint64_t subject, char name[NAMES_ANY_BYTES]);
/* Returns: 0 with the socket and the number of this answer; -ECONNREFUSED. */
int names_find(uint64_t subject, const char *name, size_t len, uint64_t *socket, uint64_t *seq);
/* @socket is closed; it may have no name. */
void names_release(uint64_t socket);

struct names_status { uint64_t names, seq, starts; };
void names_status(struct names_status *out);

#endif
