/* services/syscalld/src/policy.h: the rules of Linux for limits, credentials and capabilities.
 *
 * Pure functions: what is in force now and what is asked for go in, what shall
 * be in force comes out. They keep nothing and may run on any thread.
 */
#ifndef SYSCALLD_POLICY_H
#define SYSCALLD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <albireo/exec.h>

/* What man 7 capabilities calls them; numbers are the ABI's. */
enum capability {
	CAP_CHOWN = 0,
	CAP_DAC_OVERRIDE = 1,
	CAP_DAC_READ_SEARCH = 2,
	CAP_FOWNER = 3,
	CAP_FSETID = 4,
	CAP_SETGID = 6,
	CAP_SETUID = 7,
	CAP_SETPCAP = 8,
	CAP_LINUX_IMMUTABLE = 9,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_RESOURCE = 24,
	CAP_SYS_TIME = 25,
	CAP_MKNOD = 27,
	CAP_MAC_OVERRIDE = 32,
	CAP_LAST = 40,		/* Linux 6.1's CAP_CHECKPOINT_RESTORE */
};

#define CAP_BIT(cap) (1ull << (cap))
#define CAP_ALL (CAP_BIT(CAP_LAST + 1) - 1)

static inline bool has_cap(uint64_t caps, enum capability cap)
{
	return caps & CAP_BIT(cap);
}

/* ---- Limits ---- */

/* What the first program may do: Linux' defaults (man 2 getrlimit, and a kernel's init). */
void envelope_default(struct envelope *envelope);

/* Set one limit as prlimit(2) does; @caps are the caller's effective ones.
 * Returns: 0; -EINVAL; -EPERM. On an error @envelope is as it was. */
int envelope_set_limit(struct envelope *envelope, uint32_t resource, uint64_t cur, uint64_t max, uint64_t caps);

/* ---- Credentials ---- */

struct cred_request {
	enum cred_call call;
	uint64_t a, b, c;
	const uint32_t *groups;	/* CRED_SETGROUPS: `a` of them */
};

/* Work out what @request makes of @old.
 * Returns: 0 and *@new; -EPERM; -EINVAL. @new may not be @old. */
int cred_apply(const struct credentials *old, const struct cred_request *request, struct credentials *new);

/* What follows for capabilities when the user ids have changed from @old to @new (man 7
 * capabilities, "Effect of user ID changes"). @fs_only: setfsuid. */
void caps_after_uid_change(const struct credentials *old, struct credentials *new, bool fs_only);

/* capset(2). Returns: 0; -EPERM. */
int caps_set(struct credentials *cred, uint64_t effective, uint64_t permitted, uint64_t inheritable);

/* The capability operations of prctl(2), with its errors. */
int caps_set_securebits(struct credentials *cred, uint64_t bits);
int caps_set_keepcaps(struct credentials *cred, uint64_t keep);
int caps_drop_bounding(struct credentials *cred, uint64_t cap);
int caps_ambient(struct credentials *cred, uint64_t operation, uint64_t cap);

/* What execve makes of the capabilities once the ids are those of the new program. */
void caps_after_exec(const struct credentials *old, struct credentials *new);

#endif
