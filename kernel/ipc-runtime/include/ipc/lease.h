/* kernel/ipc-runtime/include/ipc/lease.h: bounded, revocable decisions of an owner.
 *
 * This is the generic part: a table of leases by (kind, subject, key bytes), with
 * expiry, the subject's last-revoke sequence, LRU bounds, and sequence numbers by
 * which a reader validates at its commit point. io-manager keeps name and
 * attribute payloads in it, ps image and envelope payloads.
 *
 * Readers: lease_lookup() copies the payload reference under the bucket's lock and
 * gives a stamp; before committing, lease_is_valid(stamp) says if it still holds.
 * No one keeps a lease across IPC, sleep or user copy.
 */
#ifndef IPC_LEASE_H
#define IPC_LEASE_H

#include <albireo/vfs.h>
#include <ds/list.h>
#include <lowlevel/spinlock.h>
#include <nucleus/atomic.h>

/* What a lease holds: counted, so that a reader may use it after a revoke to find out
 * that it is stale. */
struct lease_payload {
	refcount_t refs;
	void (*release)(struct lease_payload *p);	/* no spinlock held; may sleep */
};

struct lease_stamp {
	uint64_t bucket_seq;
	uint64_t expires_ns;	/* the lease's; VFS_LEASE_FOREVER */
	uint32_t bucket;
};

/* Returns: true and a payload reference (put it; may be NULL for a negative) on a hit. */
bool lease_lookup(enum lease_kind kind, uint64_t subject, const char *key, uint32_t key_len,
	struct lease_payload **out, struct lease_stamp *stamp);
/* Whether nothing that @stamp's bucket held was revoked or replaced since. */
bool lease_is_valid(const struct lease_stamp *stamp);
/* As lease_is_valid(), and while it is true nothing is revoked or replaced before lease_unlock(): what the
 * lease refers to lives. In between nothing may sleep. */
bool lease_lock_valid(const struct lease_stamp *stamp);
void lease_unlock(const struct lease_stamp *stamp);
/* @payload's reference is taken over. lease_ns: 0 nothing is kept; VFS_LEASE_FOREVER.
 * Returns: 0; -ESTALE older than the subject's last revoke; -ENOMEM (nothing lost: a
 * lease is only a cache). */
int lease_grant(enum lease_kind kind, uint64_t subject, const char *key, uint32_t key_len,
	uint64_t seq, uint64_t lease_ns, struct lease_payload *payload);
/* Forget (key NULL: all of) the subject's leases and refuse grants up to @seq.
 * Takes effect before it returns. */
void lease_revoke(enum lease_kind kind, uint64_t subject, const char *key, uint32_t key_len, uint64_t seq);
/* The subject itself is gone (inode evicted): drop its leases and its last-revoke record. */
void lease_forget_subject(enum lease_kind kind, uint64_t subject);
void lease_init(void);	/* boot */
uint64_t lease_count(enum lease_kind kind);
/* Drop idle leases (memory pressure, drop-caches). */
void lease_drop_all(enum lease_kind kind);
static inline void lease_payload_put(struct lease_payload *p)
{
	if (p && refcount_put(&p->refs))
		p->release(p);
}

#endif
