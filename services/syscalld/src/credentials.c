/* Transitions of user and group ids: man 7 credentials and the man pages of each call. */
#include <errno.h>
#include <string.h>

#include "policy.h"

#define ID_KEEP ((uint32_t)-1)

/* The four ids of one sort, so that the rules for users and groups are written once. */
struct id_set {
	uint32_t real, effective, saved, fs;
};

static bool is_own(const struct id_set *ids, uint32_t id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

static int set_id(struct id_set *ids, uint32_t id, bool privileged)
{
	if (id == ID_KEEP)
		return -EINVAL;
	if (privileged)
		ids->real = ids->saved = id;
	else if (id != ids->real && id != ids->saved)
		return -EPERM;
	ids->effective = ids->fs = id;
	return 0;
}

static int set_reid(struct id_set *ids, uint32_t real, uint32_t effective, bool privileged)
{
	const struct id_set old = *ids;

	if (real != ID_KEEP) {
		if (real != old.real && real != old.effective && !privileged)
			return -EPERM;
		ids->real = real;
	}
	if (effective != ID_KEEP) {
		if (!is_own(&old, effective) && !privileged)
			return -EPERM;
		ids->effective = effective;
	}
	if (real != ID_KEEP || (effective != ID_KEEP && effective != old.real))
		ids->saved = ids->effective;
	ids->fs = ids->effective;
	return 0;
}

static int set_resid(struct id_set *ids, uint32_t real, uint32_t effective, uint32_t saved, bool privileged)
{
	const struct id_set old = *ids;

	if (!privileged && ((real != ID_KEEP && !is_own(&old, real)) ||
			    (effective != ID_KEEP && !is_own(&old, effective)) ||
			    (saved != ID_KEEP && !is_own(&old, saved))))
		return -EPERM;
	if (real != ID_KEEP)
		ids->real = real;
	if (effective != ID_KEEP)
		ids->effective = effective;
	if (saved != ID_KEEP)
		ids->saved = saved;
	ids->fs = ids->effective;
	return 0;
}

/* man 2 setfsuid: it never says that it failed. */
static int set_fsid(struct id_set *ids, uint32_t id, bool privileged)
{
	if (id != ID_KEEP && (privileged || is_own(ids, id) || id == ids->fs))
		ids->fs = id;
	return 0;
}

static struct id_set users(const struct credentials *cred)
{
	return (struct id_set){ cred->uid, cred->euid, cred->suid, cred->fsuid };
}

static struct id_set groups(const struct credentials *cred)
{
	return (struct id_set){ cred->gid, cred->egid, cred->sgid, cred->fsgid };
}

static void put_users(struct credentials *cred, const struct id_set *ids)
{
	cred->uid = ids->real;
	cred->euid = ids->effective;
	cred->suid = ids->saved;
	cred->fsuid = ids->fs;
}

static void put_groups(struct credentials *cred, const struct id_set *ids)
{
	cred->gid = ids->real;
	cred->egid = ids->effective;
	cred->sgid = ids->saved;
	cred->fsgid = ids->fs;
}

static int change_users(const struct credentials *old, const struct cred_request *request, struct credentials *new)
{
	bool privileged = has_cap(old->cap_effective, CAP_SETUID);
	struct id_set ids = users(old);
	int err;

	switch (request->call) {
	case CRED_SETUID:
		err = set_id(&ids, (uint32_t)request->a, privileged);
		break;
	case CRED_SETREUID:
		err = set_reid(&ids, (uint32_t)request->a, (uint32_t)request->b, privileged);
		break;
	case CRED_SETRESUID:
		err = set_resid(&ids, (uint32_t)request->a, (uint32_t)request->b, (uint32_t)request->c, privileged);
		break;
	default:
		err = set_fsid(&ids, (uint32_t)request->a, privileged);
		break;
	}
	if (err)
		return err;
	put_users(new, &ids);
	caps_after_uid_change(old, new, request->call == CRED_SETFSUID);
	return 0;
}

static int change_groups(const struct credentials *old, const struct cred_request *request, struct credentials *new)
{
	bool privileged = has_cap(old->cap_effective, CAP_SETGID);
	struct id_set ids = groups(old);
	int err;

	switch (request->call) {
	case CRED_SETGID:
		err = set_id(&ids, (uint32_t)request->a, privileged);
		break;
	case CRED_SETREGID:
		err = set_reid(&ids, (uint32_t)request->a, (uint32_t)request->b, privileged);
		break;
	case CRED_SETRESGID:
		err = set_resid(&ids, (uint32_t)request->a, (uint32_t)request->b, (uint32_t)request->c, privileged);
		break;
	default:
		err = set_fsid(&ids, (uint32_t)request->a, privileged);
		break;
	}
	if (!err)
		put_groups(new, &ids);
	return err;
}

/* getgroups() shows them in ascending order, as on Linux. */
static void insert_sorted(struct credentials *cred, uint32_t group)
{
	uint32_t i = cred->ngroups++;

	for (; i && cred->groups[i - 1] > group; i--)
		cred->groups[i] = cred->groups[i - 1];
	cred->groups[i] = group;
}

static int set_groups(const struct credentials *old, const struct cred_request *request, struct credentials *new)
{
	if (!has_cap(old->cap_effective, CAP_SETGID))
		return -EPERM;
	if (request->a > CRED_MAX_GROUPS)
		return -EINVAL;
	memset(new->groups, 0, sizeof(new->groups));
	new->ngroups = 0;
	for (uint64_t i = 0; i < request->a; i++) {
		if (request->groups[i] == ID_KEEP)
			return -EINVAL;
		insert_sorted(new, request->groups[i]);
	}
	return 0;
}

/* A set-id program: its file's owner and group become effective, unless no_new_privs (man 2 prctl). */
static void exec_setid(const struct credentials *old, const struct cred_request *request, struct credentials *new)
{
	if (!old->no_new_privs && (uint32_t)request->a != ID_KEEP)
		new->euid = (uint32_t)request->a;
	if (!old->no_new_privs && (uint32_t)request->b != ID_KEEP)
		new->egid = (uint32_t)request->b;
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	caps_after_exec(old, new);
}

int cred_apply(const struct credentials *old, const struct cred_request *request, struct credentials *new)
{
	*new = *old;
	switch (request->call) {
	case CRED_SETUID:
	case CRED_SETREUID:
	case CRED_SETRESUID:
	case CRED_SETFSUID:
		return change_users(old, request, new);
	case CRED_SETGID:
	case CRED_SETREGID:
	case CRED_SETRESGID:
	case CRED_SETFSGID:
		return change_groups(old, request, new);
	case CRED_SETGROUPS:
		return set_groups(old, request, new);
	case CRED_CAPSET:
		return caps_set(new, request->a, request->b, request->c);
	case CRED_EXEC:
		exec_setid(old, request, new);
		return 0;
	case CRED_SECUREBITS:
		return caps_set_securebits(new, request->a);
	case CRED_KEEPCAPS:
		return caps_set_keepcaps(new, request->a);
	case CRED_CAPBSET_DROP:
		return caps_drop_bounding(new, request->a);
	case CRED_AMBIENT:
		return caps_ambient(new, request->a, request->b);
	case CRED_NO_NEW_PRIVS:
		new->no_new_privs = 1;
		return 0;
	}
	return -EINVAL;
}
