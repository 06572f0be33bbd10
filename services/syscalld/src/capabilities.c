/* Capability rules of man 7 capabilities, man 2 capset and man 2 prctl. */
#include <errno.h>

#include "policy.h"

/* Securebits of man 7 capabilities: each has a lock one bit above it. */
#define SECURE_NOROOT 0x01u
#define SECURE_NO_SETUID_FIXUP 0x04u
#define SECURE_KEEP_CAPS 0x10u
#define SECURE_KEEP_CAPS_LOCKED 0x20u
#define SECURE_NO_CAP_AMBIENT_RAISE 0x40u
#define SECURE_ALL_BITS 0x55u
#define SECURE_ALL_LOCKS (SECURE_ALL_BITS << 1)

/* PR_CAP_AMBIENT_* that change something. */
#define AMBIENT_RAISE 2
#define AMBIENT_LOWER 3
#define AMBIENT_CLEAR_ALL 4

/* "Effect of user ID changes on capabilities", rule 4. */
#define CAP_FS_SET                                                                                              \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) |  \
	 CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_LINUX_IMMUTABLE) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_MAC_OVERRIDE))

static bool has_root_id(const struct credentials *cred)
{
	return !cred->uid || !cred->euid || !cred->suid;
}

static bool is_subset(uint64_t caps, uint64_t of)
{
	return !(caps & ~of);
}

static void fix_fs_caps(const struct credentials *old, struct credentials *new)
{
	if (!old->fsuid && new->fsuid)
		new->cap_effective &= ~CAP_FS_SET;
	if (old->fsuid && !new->fsuid)
		new->cap_effective |= new->cap_permitted & CAP_FS_SET;
}

void caps_after_uid_change(const struct credentials *old, struct credentials *new, bool fs_only)
{
	if (old->securebits & SECURE_NO_SETUID_FIXUP)
		return;
	if (fs_only) {
		fix_fs_caps(old, new);
		return;
	}
	if (has_root_id(old) && !has_root_id(new)) {
		if (!(old->securebits & SECURE_KEEP_CAPS)) {
			new->cap_permitted = 0;
			new->cap_effective = 0;
		}
		new->cap_ambient = 0;
	}
	if (!old->euid && new->euid)
		new->cap_effective = 0;
	if (old->euid && !new->euid)
		new->cap_effective = new->cap_permitted;
}

int caps_set(struct credentials *cred, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	effective &= CAP_ALL;
	permitted &= CAP_ALL;
	inheritable &= CAP_ALL;

	if (!has_cap(cred->cap_effective, CAP_SETPCAP) &&
	    !is_subset(inheritable, cred->cap_inheritable | cred->cap_permitted))
		return -EPERM;
	if (!is_subset(inheritable, cred->cap_inheritable | cred->cap_bounding))
		return -EPERM;
	if (!is_subset(permitted, cred->cap_permitted) || !is_subset(effective, permitted))
		return -EPERM;

	cred->cap_effective = effective;
	cred->cap_permitted = permitted;
	cred->cap_inheritable = inheritable;
	cred->cap_ambient &= permitted & inheritable;
	return 0;
}

int caps_set_securebits(struct credentials *cred, uint64_t bits)
{
	uint64_t old = cred->securebits;
	bool changes_locked = ((old & SECURE_ALL_LOCKS) >> 1) & (old ^ bits);
	bool unlocks = old & SECURE_ALL_LOCKS & ~bits;
	bool is_unknown = bits & ~(uint64_t)(SECURE_ALL_BITS | SECURE_ALL_LOCKS);

	if (changes_locked || unlocks || is_unknown || !has_cap(cred->cap_effective, CAP_SETPCAP))
		return -EPERM;
	cred->securebits = (uint32_t)bits;
	return 0;
}

int caps_set_keepcaps(struct credentials *cred, uint64_t keep)
{
	if (keep > 1)
		return -EINVAL;
	if (cred->securebits & SECURE_KEEP_CAPS_LOCKED)
		return -EPERM;
	cred->securebits &= ~SECURE_KEEP_CAPS;
	if (keep)
		cred->securebits |= SECURE_KEEP_CAPS;
	return 0;
}

int caps_drop_bounding(struct credentials *cred, uint64_t cap)
{
	if (!has_cap(cred->cap_effective, CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST)
		return -EINVAL;
	cred->cap_bounding &= ~CAP_BIT(cap);
	return 0;
}

int caps_ambient(struct credentials *cred, uint64_t operation, uint64_t cap)
{
	if (operation == AMBIENT_CLEAR_ALL) {
		cred->cap_ambient = 0;
		return 0;
	}
	if ((operation != AMBIENT_RAISE && operation != AMBIENT_LOWER) || cap > CAP_LAST)
		return -EINVAL;
	if (operation == AMBIENT_LOWER) {
		cred->cap_ambient &= ~CAP_BIT(cap);
		return 0;
	}
	if (!(cred->cap_permitted & cred->cap_inheritable & CAP_BIT(cap)) ||
	    (cred->securebits & SECURE_NO_CAP_AMBIENT_RAISE))
		return -EPERM;
	cred->cap_ambient |= CAP_BIT(cap);
	return 0;
}

/* "Transformation of capabilities during execve()" for a file without capabilities of its
 * own, and "Capabilities and execution of programs by root". */
void caps_after_exec(const struct credentials *old, struct credentials *new)
{
	bool is_root = !(old->securebits & SECURE_NOROOT) && (!new->uid || !new->euid);
	bool is_setid = new->euid != old->uid || new->egid != old->gid;

	if (is_setid)
		new->cap_ambient = 0;
	new->cap_permitted = new->cap_ambient;
	new->cap_effective = new->cap_ambient;
	if (is_root) {
		new->cap_permitted |= new->cap_inheritable | new->cap_bounding;
		if (!new->euid)
			new->cap_effective = new->cap_permitted;
	}
	new->securebits &= ~SECURE_KEEP_CAPS;
}
