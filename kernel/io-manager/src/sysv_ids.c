/* kernel/io-manager/src/sysv_ids.c: ids, keys and modes of System V objects. See sysv_ids.h. */
#include "sysv_ids.h"

#define INDEX_BITS 15		/* of an id; the rest counts how often the place was used */
#define SEQ_MASK 0xffffu

_Static_assert(SYSV_MAX_IDS <= 1u << INDEX_BITS, "an index fits into an id");

int64_t sysv_now_sec(void)
{
	return (int64_t)(clock_realtime_ns() / NSEC_PER_SEC);
}

int sysv_id_of(const struct sysv_entry *e)
{
	return (int)(e->permission.seq << INDEX_BITS | e->index);
}

/* ---- permission ---- */

int sysv_check_mode(const struct sysv_entry *e, unsigned want)
{
	const struct sysv_permission *p = &e->permission;
	const struct credentials *c = ps_credentials();
	unsigned mode = p->mode;

	if (c->euid == p->uid || c->euid == p->cuid)
		mode >>= 6;
	else if (ps_in_group(c->egid, p->gid) || ps_in_group(c->egid, p->cgid))
		mode >>= 3;
	if ((want & mode) == want || ps_capable(CAP_IPC_OWNER))
		return 0;
	return -EACCES;
}

int sysv_check_owner(const struct sysv_entry *e)
{
	uint32_t me = ps_credentials()->euid;

	return me == e->permission.uid || me == e->permission.cuid || ps_capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* ---- the table ---- */

struct sysv_entry *sysv_at(const struct sysv_ids *ids, uint32_t index)
{
	return index < ids->end ? ids->rows[index / SYSV_ROW][index % SYSV_ROW] : NULL;
}

int sysv_find(const struct sysv_ids *ids, int id, struct sysv_entry **out)
{
	*out = id < 0 ? NULL : sysv_at(ids, (uint32_t)id & ((1u << INDEX_BITS) - 1));
	if (!*out)
		return -EINVAL;
	return sysv_id_of(*out) == id ? 0 : -EIDRM;
}

int sysv_find_for(const struct sysv_ids *ids, int id, unsigned want, struct sysv_entry **out)
{
	int err = sysv_find(ids, id, out);

	return err ? err : sysv_check_mode(*out, want);
}

int64_t sysv_find_which(const struct sysv_ids *ids, struct sysv_which which, struct sysv_entry **out)
{
	int err = 0;

	if (!which.by_index)
		err = sysv_find(ids, which.id, out);
	else if (which.id < 0 || !(*out = sysv_at(ids, (uint32_t)which.id)))
		err = -EINVAL;
	if (!err && !which.unchecked)
		err = sysv_check_mode(*out, 4);
	return err ? err : sysv_id_of(*out);
}

int sysv_set(const struct sysv_ids *ids, int id, uint32_t uid, uint32_t gid, uint32_t mode, struct sysv_entry **out)
{
	int err = sysv_find(ids, id, out);
	struct sysv_permission *p;

	if (!err)
		err = sysv_check_owner(*out);
	if (err)
		return err;
	p = &(*out)->permission;
	p->uid = uid;
	p->gid = gid;
	p->mode = (p->mode & ~0777u) | (mode & 0777);
	(*out)->changed_sec = sysv_now_sec();
	return 0;
}

static struct sysv_entry *find_key(const struct sysv_ids *ids, uint32_t key)
{
	for (uint32_t i = 0; i < ids->end; i++) {
		struct sysv_entry *e = sysv_at(ids, i);

		if (e && e->permission.key == key && !sysv_is_destroyed(e))
			return e;
	}
	return NULL;
}

/* A free place. Returns: 0; -ENOSPC; -ENOMEM. */
static int find_place(struct sysv_ids *ids, uint32_t *index)
{
	uint32_t i = 0;

	if (ids->used == ids->max)
		return -ENOSPC;
	while (sysv_at(ids, i))
		i++;
	if (i == ids->end) {
		struct sysv_entry ***row = &ids->rows[i / SYSV_ROW];

		if (!*row)
			*row = kmalloc(SYSV_ROW * sizeof(**row), 0);
		if (!*row)
			return -ENOMEM;
		ids->end++;
	}
	*index = i;
	return 0;
}

void sysv_take_out(struct sysv_ids *ids, const struct sysv_entry *e)
{
	ids->rows[e->index / SYSV_ROW][e->index % SYSV_ROW] = NULL;
	ids->used--;
}

void sysv_count_ids(const struct sysv_ids *ids, struct sysv_totals *out)
{
	*out = (struct sysv_totals){ .used_ids = ids->used };
	for (uint32_t i = 0; i < ids->end; i++) {
		if (sysv_at(ids, i))
			out->highest_index = i;
	}
}

static int64_t create(struct sysv_ids *ids, uint32_t key, uint64_t size, uint32_t mode)
{
	const struct credentials *c = ps_credentials();
	struct sysv_entry *e;
	uint32_t index;
	int err = find_place(ids, &index);

	if (!err)
		err = ids->create(size, &e);
	if (err)
		return err;
	e->index = index;
	e->changed_sec = sysv_now_sec();
	e->permission = (struct sysv_permission){
		.key = key, .uid = c->euid, .gid = c->egid, .cuid = c->euid, .cgid = c->egid, .mode = mode & 0777,
		.seq = ids->next_seq++ & SEQ_MASK,
	};
	ids->rows[index / SYSV_ROW][index % SYSV_ROW] = e;
	ids->used++;
	return sysv_id_of(e);
}

static int64_t get_locked(struct sysv_ids *ids, uint32_t key, uint64_t size, uint32_t flags)
{
	struct sysv_entry *e = key == IPC_PRIVATE ? NULL : find_key(ids, key);
	int err;

	if (!e)
		return key == IPC_PRIVATE || (flags & IPC_CREAT) ? create(ids, key, size, flags) : -ENOENT;
	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	err = ids->check_size ? ids->check_size(e, size) : 0;
	if (!err)
		err = sysv_check_mode(e, (flags >> 6 | flags >> 3 | flags) & 7);
	return err ? err : sysv_id_of(e);
}

int64_t sysv_get(struct sysv_ids *ids, uint32_t key, uint64_t size, uint32_t flags)
{
	int64_t id;

	mutex_lock(&ids->lock);
	id = get_locked(ids, key, size, flags);
	mutex_unlock(&ids->lock);
	return id;
}
