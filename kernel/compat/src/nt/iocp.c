/* kernel/compat/src/nt/iocp.c: I/O completion ports (Microsoft Learn, "I/O Completion Ports"; winternl.h).
 *
 * A port lives as long as handles, bound files and removers refer to it. Once only the latter two do, nobody can
 * reach it and its removers are sent away. Locking: source.lock guards queue and counts.
 */
#include "iocp.h"

#include <mm/heap.h>

#include "query.h"
#include "sync.h"

#define IO_COMPLETION_QUERY_STATE 1u
#define IO_COMPLETION_MODIFY_STATE 2u

/* FILE_IO_COMPLETION_INFORMATION. */
struct entry {
	uint64_t key, apc_context;
	struct nt_io_status io;
};

struct packet {
	struct list_node node;
	struct entry entry;
};
HEAP_CACHE(packet_cache, "nt-packet", sizeof(struct packet));

struct port {
	struct object object;	/* first */
	struct wait_source source;
	struct list_node packets;
	uint32_t depth;
	int inner_refs;		/* references that are no handles: removers and bound files */
	bool is_abandoned;
};
HEAP_CACHE(port_cache, "nt-iocp", sizeof(struct port));

static void port_release(struct object *obj)
{
	struct port *p = (struct port *)obj;
	struct packet *packet;

	nt_name_ended(obj);
	while ((packet = list_first_entry(&p->packets, struct packet, node))) {
		list_del(&packet->node);
		heap_cache_free(&packet_cache, packet);
	}
	heap_cache_free(&port_cache, p);
}

static struct wait_source *port_source(struct object *obj)
{
	return &((struct port *)obj)->source;
}

/* @outer: references besides the inner ones that are about to go. */
static void abandon_if_unreachable(struct port *p, int outer)
{
	uint64_t flags = wait_source_lock(&p->source);
	bool is_last = (int)refcount_read(&p->object.refs) <= p->inner_refs + outer;

	if (is_last)
		p->is_abandoned = true;
	wait_source_unlock(&p->source, flags);
	if (is_last)
		wait_source_signal(&p->source);
}

static void port_handle_closed(struct object *obj, void *process)
{
	abandon_if_unreachable((struct port *)obj, 1);
}

static const struct object_type port_type = {
	.name = "iocp",
	.kind = OBJECT_IO_COMPLETION,
	.release = port_release,
	.handle_closed = port_handle_closed,
	.wait_source = port_source,
};

static bool is_ready(struct wait_source *s, struct thread *t)
{
	struct port *p = container_of(s, struct port, source);

	return p->depth || p->is_abandoned;
}

/* Waiting takes nothing: removing does. */
static bool consume(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops port_ops = { is_ready, consume };

static ntstatus make(void *arg, struct object **out)
{
	struct port *p = heap_cache_alloc(&port_cache, 0);

	if (!p)
		return STATUS_NO_MEMORY;
	object_init(&p->object, &port_type);
	wait_source_init(&p->source, &port_ops);
	list_init(&p->packets);
	*out = &p->object;
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtCreateIoCompletion(const uint64_t *a)
{
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_IO_COMPLETION, make, NULL);
}

ntstatus nt_sys_NtOpenIoCompletion(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_IO_COMPLETION);
}

/* ---- packets ---- */

static ntstatus post(struct port *p, const struct entry *e)
{
	struct packet *packet = heap_cache_alloc(&packet_cache, 0);
	uint64_t flags;

	if (!packet)
		return STATUS_NO_MEMORY;
	packet->entry = *e;
	flags = wait_source_lock(&p->source);
	list_add_tail(&packet->node, &p->packets);
	p->depth++;
	wait_source_unlock(&p->source, flags);
	wait_source_signal(&p->source);
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtSetIoCompletion(const uint64_t *a)
{
	const struct entry e = { a[1], a[2], { (uint32_t)a[3], a[4] } };
	struct object *obj;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_IO_COMPLETION, IO_COMPLETION_MODIFY_STATE, &obj);

	if (status)
		return status;
	status = post((struct port *)obj, &e);
	object_put(obj);
	return status;
}

/* The oldest packet, the caller's now; NULL: there is none. */
static struct packet *take(struct port *p, bool *is_abandoned)
{
	uint64_t flags = wait_source_lock(&p->source);
	struct packet *packet = list_first_entry(&p->packets, struct packet, node);

	if (packet) {
		list_del(&packet->node);
		p->depth--;
	}
	*is_abandoned = p->is_abandoned;
	wait_source_unlock(&p->source, flags);
	return packet;
}

struct removal {
	bool alertable;
	uint64_t deadline_ns;
};

/* Wait for a packet and take it. Another remover may be faster: then wait on. */
static ntstatus take_first(struct port *p, const struct removal *r, struct packet **out)
{
	struct wait_source *source = &p->source;
	bool is_abandoned;
	ntstatus status;

	for (;;) {
		*out = take(p, &is_abandoned);
		if (*out)
			return STATUS_SUCCESS;
		if (is_abandoned)
			return STATUS_NTWIN32_ABANDONED_WAIT_0;
		status = nt_wait(&source, 1, false, r->alertable, r->deadline_ns);
		if (status)
			return status;
	}
}

static void count_inner(struct port *p, int change)
{
	uint64_t flags = wait_source_lock(&p->source);

	p->inner_refs += change;
	wait_source_unlock(&p->source, flags);
}

static ntstatus port_of(uint64_t handle, uint32_t access, struct port **out)
{
	struct object *obj;
	ntstatus status = nt_handle_lookup(handle, OBJECT_IO_COMPLETION, access, &obj);

	if (status)
		return status;
	*out = (struct port *)obj;
	count_inner(*out, 1);
	/* A handle that was closed meanwhile took this reference for one of a handle. */
	abandon_if_unreachable(*out, 0);
	return STATUS_SUCCESS;
}

static void port_put(struct port *p)
{
	count_inner(p, -1);
	object_put(&p->object);
}

static ntstatus put_one(const struct entry *e, const uint64_t *a)
{
	ntstatus status = nt_put64(a[1], e->key);

	if (!status)
		status = nt_put64(a[2], e->apc_context);
	return status ? status : nt_put(a[3], &e->io, sizeof(e->io));
}

ntstatus nt_sys_NtRemoveIoCompletion(const uint64_t *a)
{
	struct removal r = { 0 };
	struct packet *packet;
	struct port *p;
	ntstatus status = nt_deadline_in(a[4], &r.deadline_ns);

	if (!status)
		status = port_of(a[0], IO_COMPLETION_MODIFY_STATE, &p);
	if (status)
		return status;
	status = take_first(p, &r, &packet);
	if (!status) {
		status = put_one(&packet->entry, a);
		heap_cache_free(&packet_cache, packet);
	}
	port_put(p);
	return status;
}

/* Up to @n packets, the first of which may be waited for. */
static ntstatus remove_many(struct port *p, const struct removal *r, uint64_t user_entries, uint32_t n, uint32_t *taken)
{
	struct packet *packet;
	bool is_abandoned;
	ntstatus status = take_first(p, r, &packet);

	while (!status && packet) {
		status = nt_put(user_entries + *taken * sizeof(packet->entry), &packet->entry, sizeof(packet->entry));
		heap_cache_free(&packet_cache, packet);
		if (status || ++*taken == n)
			break;
		packet = take(p, &is_abandoned);
	}
	return status;
}

ntstatus nt_sys_NtRemoveIoCompletionEx(const uint64_t *a)
{
	struct removal r = { .alertable = (uint8_t)a[5] };
	uint32_t n = (uint32_t)a[2], taken = 0;
	struct port *p;
	ntstatus status, put;

	if (!n)
		return STATUS_INVALID_PARAMETER;
	status = nt_deadline_in(a[4], &r.deadline_ns);
	if (!status)
		status = port_of(a[0], IO_COMPLETION_MODIFY_STATE, &p);
	if (status)
		return status;
	status = remove_many(p, &r, a[1], n, &taken);
	port_put(p);
	/* Windows counts one even where the wait ended without a packet. */
	put = nt_put32(a[3], taken ? taken : 1);
	return put ? put : status;
}

ntstatus nt_sys_NtQueryIoCompletion(const uint64_t *a)
{
	struct nt_query q = { a[2], (uint32_t)a[3], a[4] };
	struct object *obj;
	uint32_t depth;
	ntstatus status;

	if ((uint32_t)a[1])
		return STATUS_INVALID_INFO_CLASS;
	if (q.cap != sizeof(depth))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_handle_lookup(a[0], OBJECT_IO_COMPLETION, IO_COMPLETION_QUERY_STATE, &obj);
	if (status)
		return status;
	depth = READ_ONCE(((struct port *)obj)->depth);
	object_put(obj);
	return nt_query_put(&q, &depth, sizeof(depth));
}

/* ---- files ---- */

ntstatus nt_iocp_bind(struct nt_iocp_binding *b, uint64_t handle, uint64_t key)
{
	struct port *p;
	ntstatus status;

	if (b->port)
		return STATUS_INVALID_PARAMETER;
	status = port_of(handle, IO_COMPLETION_MODIFY_STATE, &p);
	if (!status)
		*b = (struct nt_iocp_binding){ &p->object, key };
	return status;
}

void nt_iocp_unbind(struct nt_iocp_binding *b)
{
	if (b->port)
		port_put((struct port *)b->port);
	*b = (struct nt_iocp_binding){ 0 };
}

ntstatus nt_iocp_post(const struct nt_iocp_binding *b, uint64_t apc_context, ntstatus status, uint64_t information)
{
	const struct entry e = { b->key, apc_context, { status, information } };

	return post((struct port *)b->port, &e);
}

ntstatus nt_iocp_report(const struct nt_iocp_binding *b, uint64_t apc_context, ntstatus status, uint64_t information)
{
	return b->port && apc_context ? nt_iocp_post(b, apc_context, status, information) : STATUS_SUCCESS;
}
