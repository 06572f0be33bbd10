/* kernel/compat/src/nt/mutants.c: mutants (Microsoft Learn, "Mutex Objects"; winternl.h).
 *
 * A thread's mutants are on a list of its own, so that its end abandons them. Locking: a list changes under
 * the lock of the mutant and mutants_lock together, in that order.
 */
#include <mm/heap.h>

#include "query.h"
#include "sync.h"

#define MUTANT_QUERY_STATE 1u

struct mutant {
	struct object object;	/* first */
	struct wait_source source;
	struct thread *owner;	/* these four: source.lock */
	uint32_t owner_pid, owner_tid;
	uint32_t depth;		/* how often the owner has it */
	bool is_abandoned;
	struct list_node owned_node;	/* of nt_thread.mutants */
};
HEAP_CACHE(mutant_cache, "nt-mutant", sizeof(struct mutant));

static struct spinlock mutants_lock = SPINLOCK_INIT(NT_MUTANTS);

static void unlink_owned(struct mutant *m)
{
	spin_lock(&mutants_lock);
	list_del(&m->owned_node);
	spin_unlock(&mutants_lock);
	list_init(&m->owned_node);
	m->owner = NULL;
	m->depth = 0;
}

static void mutant_release(struct object *obj)
{
	struct mutant *m = (struct mutant *)obj;
	uint64_t flags;

	nt_name_ended(obj);
	flags = wait_source_lock(&m->source);
	if (m->owner)
		unlink_owned(m);
	wait_source_unlock(&m->source, flags);
	heap_cache_free(&mutant_cache, m);
}

static struct wait_source *mutant_source(struct object *obj)
{
	return &((struct mutant *)obj)->source;
}

static const struct object_type mutant_type = {
	.name = "mutant",
	.kind = OBJECT_MUTANT,
	.release = mutant_release,
	.wait_source = mutant_source,
};

static bool is_ready(struct wait_source *s, struct thread *t)
{
	struct mutant *m = container_of(s, struct mutant, source);

	return !m->owner || m->owner == t;
}

static bool consume(struct wait_source *s, struct thread *t)
{
	struct mutant *m = container_of(s, struct mutant, source);
	struct ps_thread *owner = (struct ps_thread *)t;
	struct nt_thread *nt = owner->nt;
	bool was_abandoned = m->is_abandoned;

	m->depth++;
	m->is_abandoned = false;
	if (m->owner)
		return was_abandoned;
	m->owner = t;
	m->owner_pid = owner->process->pid;
	m->owner_tid = t->tid;
	spin_lock(&mutants_lock);
	list_add_tail(&m->owned_node, &nt->mutants);
	spin_unlock(&mutants_lock);
	return was_abandoned;
}

static const struct wait_source_ops mutant_ops = { is_ready, consume };

static ntstatus make(void *arg, struct object **out)
{
	struct mutant *m = heap_cache_alloc(&mutant_cache, 0);
	uint64_t flags;

	if (!m)
		return STATUS_NO_MEMORY;
	object_init(&m->object, &mutant_type);
	wait_source_init(&m->source, &mutant_ops);
	list_init(&m->owned_node);
	if (*(const bool *)arg) {
		flags = wait_source_lock(&m->source);
		consume(&m->source, current_thread());
		wait_source_unlock(&m->source, flags);
	}
	*out = &m->object;
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtCreateMutant(const uint64_t *a)
{
	bool is_owned = (uint8_t)a[3];

	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_MUTANT, make, &is_owned);
}

ntstatus nt_sys_NtOpenMutant(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_MUTANT);
}

ntstatus nt_sys_NtReleaseMutant(const uint64_t *a)
{
	struct object *obj;
	struct mutant *m;
	uint64_t flags;
	int32_t count = 0;
	bool is_free = false;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_MUTANT, 0, &obj);

	if (status)
		return status;
	m = (struct mutant *)obj;
	flags = wait_source_lock(&m->source);
	if (m->owner != current_thread()) {
		status = STATUS_MUTANT_NOT_OWNED;
	} else {
		count = 1 - (int32_t)m->depth;
		is_free = m->depth == 1;
		if (is_free)
			unlink_owned(m);
		else
			m->depth--;
	}
	wait_source_unlock(&m->source, flags);
	if (is_free)
		wait_source_signal(&m->source);
	object_put(obj);
	if (!status && a[1])
		status = nt_put32(a[1], (uint32_t)count);
	return status;
}

/* The first of a thread's mutants, a reference; NULL: none left. */
static struct mutant *first_owned(struct nt_thread *t)
{
	struct mutant *m;
	uint64_t flags = spin_lock_irqsave(&mutants_lock);

	m = list_first_entry(&t->mutants, struct mutant, owned_node);
	if (m && !refcount_get_unless_zero(&m->object.refs))
		m = NULL;	/* its release unlinks it */
	spin_unlock_irqrestore(&mutants_lock, flags);
	return m;
}

void nt_mutants_abandon(struct ps_thread *t)
{
	struct nt_thread *nt = t->nt;
	struct mutant *m;
	uint64_t flags;

	while (nt && !list_is_empty(&nt->mutants)) {
		m = first_owned(nt);
		if (!m) {
			cpu_pause();
			continue;
		}
		flags = wait_source_lock(&m->source);
		if (m->owner == &t->thread) {
			unlink_owned(m);
			m->is_abandoned = true;
		}
		wait_source_unlock(&m->source, flags);
		wait_source_signal(&m->source);
		object_put(&m->object);
	}
}

enum mutant_class { MUTANT_BASIC, MUTANT_OWNER };

ntstatus nt_sys_NtQueryMutant(const uint64_t *a)
{
	struct nt_query q;
	struct { int32_t count; uint8_t is_mine, is_abandoned, pad[2]; } basic;
	struct nt_client_id owner = { 0 };
	struct object *obj;
	struct mutant *m;
	uint64_t flags;
	ntstatus status;

	status = nt_query_begin(a, OBJECT_MUTANT, MUTANT_QUERY_STATE, MUTANT_OWNER,
				(uint32_t)a[1] == MUTANT_BASIC ? sizeof(basic) : sizeof(owner), &q, &obj);
	if (status)
		return status;
	m = (struct mutant *)obj;
	flags = wait_source_lock(&m->source);
	basic.count = 1 - (int32_t)m->depth;
	basic.is_mine = m->owner == current_thread();
	basic.is_abandoned = m->is_abandoned;
	basic.pad[0] = basic.pad[1] = 0;
	if (m->owner)
		owner = (struct nt_client_id){ m->owner_pid * 4ull, m->owner_tid * 4ull };
	wait_source_unlock(&m->source, flags);
	object_put(obj);
	return (uint32_t)a[1] == MUTANT_BASIC ? nt_query_put(&q, &basic, sizeof(basic)) :
						nt_query_put(&q, &owner, sizeof(owner));
}
