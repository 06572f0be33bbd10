/* kernel/io-manager/src/sysv_sem.c: sets of System V semaphores. See io/sysv.h.
 *
 * A call whose operations cannot all be done now waits until something of the set changes, and
 * tries again: there is no queue of half-done calls. What SEM_UNDO is to take back is kept per
 * process and set, on a list of each.
 *
 * Locking: the table's lock, also for the lists of all processes. */
#include <string.h>

#include "sysv_ids.h"

struct sem_set {
	struct sysv_entry entry;	/* first */
	refcount_t refs;		/* the table's, and of each who waits */
	uint32_t nsems;
	uint32_t version;		/* bumped by each change; waiters compare */
	bool is_removed;
	int64_t operated_sec;
	struct wait_queue wait;
	struct list_node undos;
	struct sysv_sem sems[];
};

/* What one process is to take back in one set. */
struct undo {
	struct list_node set_node, process_node;
	struct sem_set *set;
	struct process *process;
	int16_t adjust[];
};

/* process->sem_undos */
struct undo_list { struct list_node undos; };

static int sem_create(uint64_t nsems, struct sysv_entry **out);
static int sem_check_size(const struct sysv_entry *e, uint64_t nsems);

SYSV_IDS(sets, SYSV_SEM_MAX_IDS, sem_create, sem_check_size);

static struct sem_set *set_of(struct sysv_entry *e) { return (struct sem_set *)e; }

static void set_put(struct sem_set *s)
{
	if (refcount_put(&s->refs))
		kfree(s);
}

static int sem_create(uint64_t nsems, struct sysv_entry **out)
{
	struct sem_set *s;

	if (!nsems || nsems > SYSV_SEM_PER_SET)
		return -EINVAL;
	s = kmalloc(sizeof(*s) + nsems * sizeof(s->sems[0]), 0);
	if (!s)
		return -ENOMEM;
	refcount_set(&s->refs, 1);
	s->nsems = (uint32_t)nsems;
	waitq_init(&s->wait);
	list_init(&s->undos);
	*out = &s->entry;
	return 0;
}

static int sem_check_size(const struct sysv_entry *e, uint64_t nsems)
{
	return nsems > ((const struct sem_set *)e)->nsems ? -EINVAL : 0;
}

int64_t sysv_sem_get(uint32_t key, uint64_t nsems, uint32_t flags)
{
	if (nsems > SYSV_SEM_PER_SET)
		return -EINVAL;
	return sysv_get(&sets, key, nsems, flags);
}

static void changed(struct sem_set *s)
{
	WRITE_ONCE(s->version, s->version + 1);
	waitq_wake_all(&s->wait, 0);
}

/* ---- taking back ---- */

static struct undo *find_undo(const struct sem_set *s, const struct process *p)
{
	struct undo *u;

	LIST_FOR_EACH_ENTRY(u, &s->undos, set_node) {
		if (u->process == p)
			return u;
	}
	return NULL;
}

/* The current process's, made when it is missing. Returns: NULL without memory. */
static struct undo *need_undo(struct sem_set *s)
{
	struct process *p = ps_current();
	struct undo *u = find_undo(s, p);
	struct undo_list *list = p->sem_undos;

	if (u)
		return u;
	if (!list) {
		list = kmalloc(sizeof(*list), 0);
		if (!list)
			return NULL;
		list_init(&list->undos);
		p->sem_undos = list;
	}
	u = kmalloc(sizeof(*u) + s->nsems * sizeof(u->adjust[0]), 0);
	if (!u)
		return NULL;
	u->set = s;
	u->process = p;
	list_add(&u->set_node, &s->undos);
	list_add(&u->process_node, &list->undos);
	return u;
}

static void drop_undo(struct undo *u)
{
	list_del(&u->set_node);
	list_del(&u->process_node);
	kfree(u);
}

static void take_back(struct undo *u)
{
	struct sem_set *s = u->set;

	for (uint32_t i = 0; i < s->nsems; i++) {
		int value = s->sems[i].value + u->adjust[i];

		if (!u->adjust[i])
			continue;
		s->sems[i].value = (uint16_t)MIN(MAX(value, 0), SYSV_SEM_MAX_VALUE);
		s->sems[i].pid = u->process->pid;
	}
	s->operated_sec = sysv_now_sec();
	changed(s);
}

void sysv_process_exiting(struct process *p)
{
	struct undo_list *list = p->sem_undos;
	struct undo *u, *next;

	if (!list)
		return;
	mutex_lock(&sets.lock);
	LIST_FOR_EACH_ENTRY_SAFE(u, next, &list->undos, process_node) {
		take_back(u);
		drop_undo(u);
	}
	p->sem_undos = NULL;
	mutex_unlock(&sets.lock);
	kfree(list);
}

/* ---- semop ---- */

/* Why the operations cannot be done: the first that has to wait. */
struct obstacle { const struct sembuf *op; };

static int try_one(struct sem_set *s, struct undo *u, const struct sembuf *op, struct obstacle *in_the_way)
{
	struct sysv_sem *sem = &s->sems[op->sem_num];
	int value = sem->value + op->sem_op;

	if ((!op->sem_op && value) || value < 0) {
		in_the_way->op = op;
		return op->sem_flg & IPC_NOWAIT ? -EAGAIN : 1;
	}
	if (value > SYSV_SEM_MAX_VALUE)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		int adjust = u->adjust[op->sem_num] - op->sem_op;

		if (adjust < -SYSV_SEM_MAX_VALUE - 1 || adjust > SYSV_SEM_MAX_VALUE)
			return -ERANGE;
		u->adjust[op->sem_num] = (int16_t)adjust;
	}
	sem->value = (uint16_t)value;
	return 0;
}

static void roll_back(struct sem_set *s, struct undo *u, const struct sembuf *ops, uint32_t done)
{
	while (done--) {
		s->sems[ops[done].sem_num].value = (uint16_t)(s->sems[ops[done].sem_num].value - ops[done].sem_op);
		if (ops[done].sem_flg & SEM_UNDO)
			u->adjust[ops[done].sem_num] = (int16_t)(u->adjust[ops[done].sem_num] + ops[done].sem_op);
	}
}

/* All or nothing. Returns: 0; 1: it has to wait; -EAGAIN -ERANGE. */
static int try_all(struct sem_set *s, struct undo *u, const struct sembuf *ops, uint32_t nops, struct obstacle *in_the_way)
{
	bool alters = false;

	for (uint32_t i = 0; i < nops; i++) {
		int err = try_one(s, u, &ops[i], in_the_way);

		if (err) {
			roll_back(s, u, ops, i);
			return err;
		}
		alters |= ops[i].sem_op != 0;
	}
	for (uint32_t i = 0; i < nops; i++)
		s->sems[ops[i].sem_num].pid = ps_current()->pid;
	s->operated_sec = sysv_now_sec();
	if (alters)
		changed(s);
	return 0;
}

/* Sleep until something of the set changes. The lock is given up meanwhile. */
static int wait_for_change(struct sem_set *s, const struct sembuf *op, uint64_t deadline_ns)
{
	struct sysv_sem *sem = &s->sems[op->sem_num];
	uint16_t *count = op->sem_op ? &sem->waits_for_more : &sem->waits_for_zero;
	uint32_t version = s->version;
	int err;

	refcount_get(&s->refs);
	++*count;
	mutex_unlock(&sets.lock);
	err = WAIT_EVENT(&s->wait, READ_ONCE(s->version) != version, INTERRUPT_SIGNAL | INTERRUPT_FATAL, deadline_ns);
	mutex_lock(&sets.lock);
	--*count;
	if (s->is_removed)
		err = -EIDRM;
	set_put(s);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

static int check_operations(const struct sem_set *s, const struct sembuf *ops, uint32_t nops, bool *undoes)
{
	bool alters = false;

	*undoes = false;
	for (uint32_t i = 0; i < nops; i++) {
		if (ops[i].sem_num >= s->nsems)
			return -EFBIG;
		alters |= ops[i].sem_op != 0;
		*undoes |= ops[i].sem_flg & SEM_UNDO;
	}
	return sysv_check_mode(&s->entry, alters ? 2 : 4);
}

static int operate(int id, const struct sembuf *ops, uint32_t nops, uint64_t deadline_ns)
{
	struct obstacle in_the_way;
	struct undo *u = NULL;
	struct sysv_entry *e;
	bool undoes;
	int err = sysv_find(&sets, id, &e);

	if (!err)
		err = check_operations(set_of(e), ops, nops, &undoes);
	while (!err) {
		/* SETVAL takes it away while we wait. */
		if (undoes && !(u = need_undo(set_of(e))))
			return -ENOMEM;
		err = try_all(set_of(e), u, ops, nops, &in_the_way);
		if (err <= 0)
			return err;
		err = wait_for_change(set_of(e), in_the_way.op, deadline_ns);
	}
	return err;
}

int sysv_sem_operate(int id, const struct sembuf *ops, uint32_t nops, uint64_t deadline_ns)
{
	int err;

	mutex_lock(&sets.lock);
	err = operate(id, ops, nops, deadline_ns);
	mutex_unlock(&sets.lock);
	return err;
}

/* ---- semctl ---- */

int64_t sysv_sem_stat(struct sysv_which which, struct sysv_sem_info *out)
{
	struct sysv_entry *e;
	int64_t ret;

	mutex_lock(&sets.lock);
	ret = sysv_find_which(&sets, which, &e);
	if (ret >= 0) {
		*out = (struct sysv_sem_info){
			.permission = e->permission, .nsems = set_of(e)->nsems,
			.operated_sec = set_of(e)->operated_sec, .changed_sec = e->changed_sec,
		};
	}
	mutex_unlock(&sets.lock);
	return ret;
}

void sysv_sem_totals(struct sysv_totals *out)
{
	mutex_lock(&sets.lock);
	sysv_count_ids(&sets, out);
	for (uint32_t i = 0; i < sets.end; i++) {
		if (sysv_at(&sets, i))
			out->units += set_of(sysv_at(&sets, i))->nsems;
	}
	mutex_unlock(&sets.lock);
}

int sysv_sem_read(int id, uint32_t index, struct sysv_sem *out)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&sets.lock);
	err = sysv_find_for(&sets, id, 4, &e);
	if (!err && index >= set_of(e)->nsems)
		err = -EINVAL;
	if (!err)
		*out = set_of(e)->sems[index];
	mutex_unlock(&sets.lock);
	return err;
}

/* A value that is set is what it is: nobody takes back what was before. */
static void set_value(struct sem_set *s, uint32_t index, uint16_t value)
{
	struct undo *u;

	LIST_FOR_EACH_ENTRY(u, &s->undos, set_node)
		u->adjust[index] = 0;
	s->sems[index].value = value;
	s->sems[index].pid = ps_current()->pid;
}

int sysv_sem_write(int id, uint32_t index, int value)
{
	struct sysv_entry *e;
	int err;

	if (value < 0 || value > SYSV_SEM_MAX_VALUE)
		return -ERANGE;
	mutex_lock(&sets.lock);
	err = sysv_find(&sets, id, &e);
	if (!err && index >= set_of(e)->nsems)
		err = -EINVAL;
	if (!err)
		err = sysv_check_mode(e, 2);
	if (!err) {
		set_value(set_of(e), index, (uint16_t)value);
		e->changed_sec = sysv_now_sec();
		changed(set_of(e));
	}
	mutex_unlock(&sets.lock);
	return err;
}

int sysv_sem_read_all(int id, uint16_t *values, uint32_t *nsems)
{
	struct sysv_entry *e;
	uint32_t room = *nsems;
	int err;

	mutex_lock(&sets.lock);
	err = sysv_find_for(&sets, id, 4, &e);
	if (!err) {
		*nsems = set_of(e)->nsems;
		for (uint32_t i = 0; *nsems <= room && i < *nsems; i++)
			values[i] = set_of(e)->sems[i].value;
	}
	mutex_unlock(&sets.lock);
	return err;
}

int sysv_sem_write_all(int id, const uint16_t *values, uint32_t nsems)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&sets.lock);
	err = sysv_find_for(&sets, id, 2, &e);
	if (!err && set_of(e)->nsems != nsems)
		err = -EINVAL;
	for (uint32_t i = 0; !err && i < nsems; i++)
		err = values[i] > SYSV_SEM_MAX_VALUE ? -ERANGE : 0;
	if (!err) {
		for (uint32_t i = 0; i < nsems; i++)
			set_value(set_of(e), i, values[i]);
		e->changed_sec = sysv_now_sec();
		changed(set_of(e));
	}
	mutex_unlock(&sets.lock);
	return err;
}

int sysv_sem_set(int id, uint32_t uid, uint32_t gid, uint32_t mode)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&sets.lock);
	err = sysv_set(&sets, id, uid, gid, mode, &e);
	mutex_unlock(&sets.lock);
	return err;
}

static void remove_set(struct sem_set *s)
{
	struct undo *u, *next;

	LIST_FOR_EACH_ENTRY_SAFE(u, next, &s->undos, set_node)
		drop_undo(u);
	sysv_take_out(&sets, &s->entry);
	s->is_removed = true;
	changed(s);
	set_put(s);
}

int sysv_sem_remove(int id)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&sets.lock);
	err = sysv_find(&sets, id, &e);
	if (!err)
		err = sysv_check_owner(e);
	if (!err)
		remove_set(set_of(e));
	mutex_unlock(&sets.lock);
	return err;
}
