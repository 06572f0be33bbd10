/* kernel/compat/src/nt/keys.h: keys of the registry, and who waits for changes of them.
 *
 * Locking: a mutex of key_watch.c (NT_WATCHES) guards watches and their requests; requests end under it.
 */
#ifndef COMPAT_NT_KEYS_H
#define COMPAT_NT_KEYS_H

#include "nt.h"

#define KEY_NOTIFY 0x10u

struct nt_key {
	struct object object;	/* first */
	uint64_t id;		/* hived's */
	struct list_node node;	/* of those that are watched: key_watch.c, as the next */
	bool is_watched, watches_tree;
	uint32_t filter;	/* REG_NOTIFY_* */
	struct list_node requests;
};

#define REG_NOTIFY_CHANGE_NAME 1u
#define REG_NOTIFY_CHANGE_ATTRIBUTES 2u
#define REG_NOTIFY_CHANGE_LAST_SET 4u
#define REG_NOTIFY_CHANGE_SECURITY 8u
#define REG_NOTIFY_THREAD_AGNOSTIC 0x10000000u
#define REG_NOTIFY_ALL 0x1000000fu

void nt_key_watches_init(void);
/* Is anybody waiting for a change? */
bool nt_keys_are_watched(void);
/* What @filter says happened to @chain[0], whose parents are the next of the @n ids. */
void nt_key_changed(const uint64_t *chain, uint32_t n, uint32_t filter);
/* The key with @id is gone. */
void nt_key_deleted(uint64_t id);
void nt_key_watch_end(struct nt_key *k);	/* the last handle went */

#endif
