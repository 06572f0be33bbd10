/* kernel/compat/src/nt/named_pipe.c: names of pipes, their instances, and who waits for one (Microsoft Learn:
 * NtCreateNamedPipeFile, CreateNamedPipe, WaitNamedPipe). */
#include "named_pipe.h"

#include <linux/fcntl.h>
#include <mm/heap.h>
#include <string.h>

#include "apc.h"
#include "shared_data.h"

#define DEFAULT_QUOTA 4096u
#define MAX_QUOTA (1u << 20)
#define DEFAULT_TIMEOUT_TICKS 500000	/* 50 ms */
#define FILE_PIPE_TYPE_MESSAGE 1u
#define UNLIMITED_INSTANCES 0xffffffffu

static struct mutex names_lock;
static struct list_node names;

void nt_pipes_init(void)
{
	mutex_init(&names_lock, LOCK_NT_PIPES);
	list_init(&names);
}

const struct file_ops nt_pipe_root_ops = { .name = "pipe-root" };

/* ---- names ---- */

void pipe_name_put(struct pipe_name *n)
{
	if (!refcount_put(&n->refs))
		return;
	nt_string_free(&n->name);
	kfree(n);
}

/* With names_lock. */
static struct pipe_name *find(const struct nt_string *name)
{
	struct pipe_name *n;

	LIST_FOR_EACH_ENTRY(n, &names, node) {
		if (!nt_name_compare(&n->name, name))
			return n;
	}
	return NULL;
}

static uint32_t quota_of(uint32_t wanted)
{
	return wanted ? MIN(wanted, MAX_QUOTA) : DEFAULT_QUOTA;
}

struct creation {
	uint32_t access, share, disposition, options, type, read_mode, completion, max_instances, in_quota, out_quota;
	int64_t timeout;
};

static uint32_t configuration_of(uint32_t share)
{
	return share == SHARE_READ ? PIPE_OUTBOUND : share == SHARE_WRITE ? PIPE_INBOUND : PIPE_FULL_DUPLEX;
}

static struct pipe_name *name_create(const struct nt_string *name, const struct creation *c)
{
	int64_t timeout = c->timeout ? c->timeout : -DEFAULT_TIMEOUT_TICKS;
	struct pipe_name *n = kmalloc(sizeof(*n), 0);

	if (!n)
		return NULL;
	n->name.nchars = name->nchars;
	n->name.chars = kmalloc((name->nchars + 1) * sizeof(uint16_t), 0);
	if (!n->name.chars) {
		kfree(n);
		return NULL;
	}
	memcpy(n->name.chars, name->chars, name->nchars * sizeof(uint16_t));
	list_init(&n->node);
	list_init(&n->instances);
	waitq_init(&n->wait);
	refcount_set(&n->refs, 1);
	n->max_instances = c->max_instances;
	n->configuration = configuration_of(c->share);
	n->has_messages = c->type & FILE_PIPE_TYPE_MESSAGE;
	n->in_quota = quota_of(c->in_quota);
	n->out_quota = quota_of(c->out_quota);
	n->timeout_ns = (uint64_t)-timeout * NT_NS_PER_TICK;
	return n;
}

uint32_t pipe_instance_count(const struct nt_pipe *p)
{
	return READ_ONCE(p->name->ninstances);
}

void nt_pipe_listens(struct pipe_name *n)
{
	waitq_wake_all(&n->wait, 0);
}

void pipe_instance_retire(struct nt_pipe *p)
{
	mutex_lock(&names_lock);
	list_del(&p->node);
	p->name->ninstances--;
	/* The name goes with its last instance. */
	if (!p->name->ninstances && p->name->name.nchars)
		list_del(&p->name->node);
	mutex_unlock(&names_lock);
	nt_pipe_listens(p->name);
}

/* ---- creating ---- */

static ntstatus check_creation(const struct creation *c)
{
	if (!c->max_instances || !(c->share & (SHARE_READ | SHARE_WRITE)) || (c->share & ~(SHARE_READ | SHARE_WRITE)))
		return STATUS_INVALID_PARAMETER;
	if (c->disposition > FILE_OVERWRITE_IF || c->read_mode > 1 || c->completion > 1)
		return STATUS_INVALID_PARAMETER;
	if (c->read_mode && !(c->type & FILE_PIPE_TYPE_MESSAGE))
		return STATUS_INVALID_PARAMETER;
	if (c->timeout > 0)
		return STATUS_INVALID_PARAMETER;
	if ((c->options & FILE_SYNCHRONOUS) && !(c->access & ACCESS_SYNCHRONIZE))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* CreateNamedPipe hands FILE_FLAG_FIRST_PIPE_INSTANCE on as the access right of the same value, WRITE_OWNER, in a call
 * with a disposition that its page does not know. */
#define FIRST_INSTANCE 0x00080000u

static bool must_be_first(const struct creation *c)
{
	return c->disposition == FILE_CREATE || (c->disposition == FILE_OVERWRITE_IF && (c->access & FIRST_INSTANCE));
}

/* May there be one more of @n, as @c wants it? */
static ntstatus check_instance(const struct pipe_name *n, const struct creation *c)
{
	if (must_be_first(c) || n->configuration != configuration_of(c->share) ||
	    n->has_messages != (c->type & FILE_PIPE_TYPE_MESSAGE))
		return STATUS_ACCESS_DENIED;
	if (n->max_instances != UNLIMITED_INSTANCES && n->ninstances >= n->max_instances)
		return STATUS_INSTANCE_NOT_AVAILABLE;
	return STATUS_SUCCESS;
}

/* The name for a new instance, a reference, counted already. With names_lock. */
static ntstatus name_for(const struct nt_string *name, const struct creation *c, struct pipe_name **out)
{
	struct pipe_name *n = name->nchars ? find(name) : NULL;
	ntstatus status = STATUS_SUCCESS;

	if (n) {
		status = check_instance(n, c);
		if (!status)
			refcount_get(&n->refs);
	} else if (c->disposition == FILE_OPEN) {
		status = STATUS_OBJECT_NAME_NOT_FOUND;
	} else {
		n = name_create(name, c);
		status = n ? STATUS_SUCCESS : STATUS_NO_MEMORY;
		if (n && name->nchars)
			list_add_tail(&n->node, &names);
	}
	if (!status) {
		n->ninstances++;
		*out = n;
	}
	return status;
}

static ntstatus create_server(const struct nt_string *name, const struct creation *c, struct file **out, bool *is_first)
{
	struct pipe_name *n;
	struct nt_pipe *p;
	ntstatus status;

	mutex_lock(&names_lock);
	status = name_for(name, c, &n);
	if (status)
		goto unlock;
	*is_first = n->ninstances == 1;
	p = pipe_instance_create(n);
	status = p ? pipe_end_create(p, true, c->access, c->options, out) : STATUS_NO_MEMORY;
	if (status) {
		n->ninstances--;
		if (!n->ninstances && n->name.nchars)
			list_del(&n->node);
		if (p)
			pipe_instance_put(p);
		else
			pipe_name_put(n);
		goto unlock;
	}
	p->server = pipe_end_of(*out);
	p->server->reads_messages = c->read_mode;
	p->server->never_waits = c->completion;
	list_add_tail(&p->node, &n->instances);
	pipe_instance_put(p);	/* its end keeps it */
unlock:
	mutex_unlock(&names_lock);
	if (!status)
		nt_pipe_listens(pipe_end_of(*out)->pipe->name);
	return status;
}

static ntstatus creation_in(const uint64_t *a, struct creation *c)
{
	*c = (struct creation){
		.access = nt_map_access(OBJECT_FILE, (uint32_t)a[1]), .share = (uint32_t)a[4], .disposition = (uint32_t)a[5],
		.options = (uint32_t)a[6], .type = (uint32_t)a[7], .read_mode = (uint32_t)a[8], .completion = (uint32_t)a[9],
		.max_instances = (uint32_t)a[10], .in_quota = (uint32_t)a[11], .out_quota = (uint32_t)a[12],
	};
	return a[13] ? nt_get(&c->timeout, a[13], sizeof(c->timeout)) : STATUS_SUCCESS;
}

ntstatus nt_sys_NtCreateNamedPipeFile(const uint64_t *a)
{
	struct nt_io_status io = { 0 };
	struct nt_attributes name;
	struct nt_string rest;
	struct creation c;
	struct file *f;
	bool is_first;
	ntstatus status = nt_attributes_in(a[2], &name);

	if (status)
		return status;
	status = creation_in(a, &c);
	if (!status)
		status = check_creation(&c);
	if (!status && (!nt_pipe_names(&name, &rest) || (!rest.nchars && !name.root)))
		status = STATUS_OBJECT_NAME_INVALID;
	if (!status)
		status = create_server(&rest, &c, &f, &is_first);
	if (!status) {
		status = nt_handle_install(&f->object, c.access, name.flags, a[0]);
		file_put(f);
		io.information = is_first ? FILE_CREATED : FILE_OPENED;
	}
	nt_attributes_free(&name);
	return status ? status : nt_put(a[3], &io, sizeof(io));
}

/* ---- opening ---- */

static ntstatus open_root(struct file **out)
{
	return nt_status(file_create(&nt_pipe_root_ops, O_PATH, NULL, out));
}

/* Connect a new end to @p, whose server listens. With names_lock, so that the server end stays. */
static ntstatus connect_to(struct nt_pipe *p, uint32_t access, uint32_t options, struct file **out)
{
	ntstatus status = pipe_end_create(p, false, access, options, out);

	if (!status)
		pipe_connect(p->server, pipe_end_of(*out));
	return status;
}

static ntstatus connect_to_any(struct pipe_name *n, uint32_t access, uint32_t options, struct file **out)
{
	ntstatus status = STATUS_PIPE_NOT_AVAILABLE;
	struct nt_pipe *p;

	LIST_FOR_EACH_ENTRY(p, &n->instances, node) {
		mutex_lock(&p->lock);
		if (p->server && p->server->state == PIPE_LISTENING)
			status = connect_to(p, access, options, out);
		mutex_unlock(&p->lock);
		if (status != STATUS_PIPE_NOT_AVAILABLE)
			break;
	}
	return status;
}

/* A client may do what the server shares ([MS-FSA] 2.1.5.1). */
static bool is_permitted(const struct pipe_name *n, uint32_t access)
{
	return !((access & FILE_READ_DATA) && n->configuration == PIPE_INBOUND) &&
	       !((access & FILE_WRITE_DATA) && n->configuration == PIPE_OUTBOUND);
}

/* The nameless pipe whose server end @root is. */
static ntstatus open_nameless(uint64_t root, uint32_t access, uint32_t options, struct file **out)
{
	struct object *obj;
	struct file *f;
	ntstatus status = nt_handle_lookup(root, OBJECT_FILE, 0, &obj);

	if (status)
		return status;
	f = file_from_object(obj);
	if (f->ops == &nt_pipe_root_ops) {
		status = open_root(out);
	} else if (!nt_is_pipe(f) || !pipe_end_of(f)->is_server) {
		status = STATUS_OBJECT_TYPE_MISMATCH;
	} else {
		struct pipe_name *n = pipe_end_of(f)->pipe->name;

		mutex_lock(&names_lock);
		status = is_permitted(n, access) ? connect_to_any(n, access, options, out) : STATUS_ACCESS_DENIED;
		mutex_unlock(&names_lock);
	}
	object_put(obj);
	return status;
}

ntstatus nt_pipe_open(const struct nt_string *name, uint64_t root, uint32_t access, uint32_t options, struct file **out)
{
	struct pipe_name *n;
	ntstatus status;

	if (!name->nchars)
		return root ? open_nameless(root, access, options, out) : open_root(out);
	mutex_lock(&names_lock);
	n = find(name);
	if (!n)
		status = STATUS_OBJECT_NAME_NOT_FOUND;
	else if (!is_permitted(n, access))
		status = STATUS_ACCESS_DENIED;
	else
		status = connect_to_any(n, access, options, out);
	mutex_unlock(&names_lock);
	return status;
}

/* ---- waiting for an instance ---- */

/* Without the name's instances there is nothing to wait for. */
static bool listens_or_is_gone(struct pipe_name *n, bool *listens)
{
	struct nt_pipe *p;
	bool is_gone;

	*listens = false;
	mutex_lock(&names_lock);
	LIST_FOR_EACH_ENTRY(p, &n->instances, node)
		*listens = *listens || (p->server && READ_ONCE(p->server->state) == PIPE_LISTENING);
	is_gone = !n->ninstances;
	mutex_unlock(&names_lock);
	return *listens || is_gone;
}

/* -2^63 or what cannot come: for ever. */
static uint64_t deadline_of(const struct pipe_name *n, bool has_timeout, int64_t timeout)
{
	uint64_t ns = has_timeout ? (uint64_t)-timeout * NT_NS_PER_TICK : n->timeout_ns;

	if (has_timeout && (timeout == INT64_MIN || (uint64_t)-timeout > (1ull << 62) / NT_NS_PER_TICK))
		return 0;
	return clock_monotonic_ns() + ns;
}

ntstatus nt_pipe_wait(const struct nt_string *name, bool has_timeout, int64_t timeout)
{
	const uint32_t mask = INTERRUPT_FATAL | INTERRUPT_SIGNAL | INTERRUPT_SPECIAL_APC;
	struct pipe_name *n;
	uint64_t deadline_ns;
	bool listens;
	ntstatus status = STATUS_SUCCESS;
	int err;

	if (has_timeout && timeout > 0)
		return STATUS_INVALID_PARAMETER;
	mutex_lock(&names_lock);
	n = find(name);
	if (n)
		refcount_get(&n->refs);
	mutex_unlock(&names_lock);
	if (!n)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	deadline_ns = deadline_of(n, has_timeout, timeout);
	do {
		err = WAIT_EVENT(&n->wait, listens_or_is_gone(n, &listens), mask, deadline_ns);
		if (err == -EINTR)
			status = nt_wait_interrupted(false);
	} while (err == -EINTR && !status);
	if (err == -ETIMEDOUT)
		status = STATUS_IO_TIMEOUT;
	else if (!err && !listens)
		status = STATUS_OBJECT_NAME_NOT_FOUND;
	pipe_name_put(n);
	return status;
}
