/* kernel/ipc-runtime/src/native.c: the IPC calls as user mode makes them. */
#include <errno.h>
#include <mm/usercopy.h>
#include <nucleus/counter.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <string.h>
#include "internal.h"

#define CALL_INTERRUPTS (INTERRUPT_FATAL | INTERRUPT_SIGNAL)
#define MAX_HANDLE (1 << 20)

static struct handle_table *handles(void)
{
	return ipc_process_ops.handles(ipc_process_ops.current());
}

static int lookup(int handle, struct endpoint **out)
{
	struct object *obj;
	int err = handle_lookup(handles(), handle, OBJECT_ENDPOINT, 0, &obj);

	if (!err)
		*out = endpoint_from_object(obj);
	return err;
}

int ipc_sys_create(void)
{
	void *process = ipc_process_ops.current();
	struct endpoint *ep;
	int h, err;

	err = endpoint_create(process, ipc_process_ops.rank(process), &ep);
	if (err)
		return err;
	h = handle_install(handles(), &ep->object, RIGHT_ALL, HANDLE_CLOEXEC, 0, MAX_HANDLE);
	object_put(&ep->object);
	return h;
}

/* Take references to the handles that @m sends. On failure none is kept. */
static int collect_handles(const struct ipc_message *m, struct object **objects, uint32_t *rights, uint32_t *n)
{
	int err;

	*n = 0;
	if (m->nhandles > IPC_MAX_TRANSFER_HANDLES)
		return -EINVAL;
	for (uint32_t i = 0; i < m->nhandles; i++) {
		err = handle_lookup(handles(), m->handles[i], 0, RIGHT_TRANSFER, &objects[i]);
		if (!err)
			err = handle_get_flags(handles(), m->handles[i], NULL, &rights[i]);
		if (err) {
			while (*n)
				object_put(objects[--*n]);
			return err;
		}
		++*n;
	}
	return 0;
}

/* Install received objects in the current process; the numbers go to @m. */
static int install_handles(struct ipc_message *m, struct object **objects, const uint32_t *rights, uint32_t n)
{
	m->nhandles = n;
	for (uint32_t i = 0; i < n; i++) {
		int h = handle_install(handles(), objects[i], rights[i], HANDLE_CLOEXEC, 0, MAX_HANDLE);

		if (h < 0) {
			while (i--)
				handle_close(handles(), m->handles[i], ipc_process_ops.current());
			m->nhandles = 0;
			return h;
		}
		m->handles[i] = h;
	}
	return 0;
}

static int copy_in_data(struct message_data *d, uint64_t from, uint32_t len)
{
	int err = message_data_reserve(d, len);

	return err ? err : copy_from_user(d->bytes, (const void __user *)from, len);
}

static int64_t take_reply(struct ipc_request *r, struct ipc_message *m, struct ipc_message __user *um)
{
	int err;

	if (r->reply.len > m->reply_cap)
		return -E2BIG;
	memcpy(m->words, r->reply_words, sizeof(m->words));
	m->data_len = r->reply.len;
	if (copy_to_user((void __user *)m->reply_data, r->reply.bytes, r->reply.len))
		return -EFAULT;
	if (r->nreply_handles && !(m->flags & IPC_ACCEPT_HANDLES))
		return -EACCES;
	err = install_handles(m, r->reply_handles, r->reply_rights, r->nreply_handles);
	if (err)
		return err;
	return copy_to_user(um, m, sizeof(*m));
}

int64_t ipc_sys_call(int handle, struct ipc_message __user *um)
{
	void *process = ipc_process_ops.current();
	struct ipc_request *r;
	struct ipc_message m;
	struct endpoint *ep;
	int64_t err;

	if (copy_from_user(&m, um, sizeof(m)))
		return -EFAULT;
	err = lookup(handle, &ep);
	if (err)
		return err;
	if (ep->rank && ipc_process_ops.rank(process) <= ep->rank && ep->service_id) {
		object_put(&ep->object);
		return -EDEADLK;
	}
	r = request_create(ep, ipc_process_ops.pid(process));
	object_put(&ep->object);
	if (!r)
		return -ENOMEM;
	counter_inc(COUNTER_IPC_CALL_PROGRAM);
	memcpy(r->words, m.words, sizeof(r->words));
	r->reply_cap = m.reply_cap;
	err = collect_handles(&m, r->handles, r->rights, &r->nhandles);
	if (!err)
		err = copy_in_data(&r->data, m.data, m.data_len);
	if (!err)
		err = request_call(r, clock_monotonic_ns() + (m.deadline_ns ? m.deadline_ns : IPC_SERVICE_DEADLINE_NS),
				   CALL_INTERRUPTS);
	if (!err)
		err = take_reply(r, &m, um);
	request_put(r);
	return err;
}

static int64_t give_notification(struct ipc_notification *n, struct ipc_message *m, struct ipc_message __user *um)
{
	memcpy(m->words, n->words, sizeof(m->words));
	m->data_len = 0;
	m->nhandles = 0;
	m->flags = IPC_ASYNC;
	m->token = 0;
	m->request_id = 0;
	m->badge = IPC_BADGE_KERNEL;
	if (n->done)
		n->done(n);
	return copy_to_user(um, m, sizeof(*m));
}

/* Copy a delivered request out. A receiver that cannot take it makes the call fail, not the server. */
static int64_t give_request(struct ipc_request *r, struct ipc_message *m, struct ipc_message __user *um, uint32_t capacity)
{
	int err;

	if (r->data.len > capacity)
		return -E2BIG;
	memcpy(m->words, r->words, sizeof(m->words));
	m->data_len = r->data.len;
	m->flags = r->is_retry ? IPC_RETRY : 0;
	m->token = r->id;
	m->request_id = r->id;
	m->badge = r->badge;
	m->reply_cap = r->reply_cap;
	if (copy_to_user((void __user *)m->data, r->data.bytes, r->data.len))
		return -EFAULT;
	err = install_handles(m, r->handles, r->rights, r->nhandles);
	return err ? err : copy_to_user(um, m, sizeof(*m));
}

int64_t ipc_sys_recv(int handle, struct ipc_message __user *um, uint32_t flags)
{
	struct ipc_notification *n;
	struct ipc_request *r;
	struct ipc_message m;
	struct endpoint *ep;
	uint64_t deadline_ns;
	uint32_t capacity;
	int64_t err;

	if (copy_from_user(&m, um, sizeof(m)))
		return -EFAULT;
	capacity = m.data_len;
	deadline_ns = m.deadline_ns ? clock_monotonic_ns() + m.deadline_ns : 0;
	err = lookup(handle, &ep);
	if (err)
		return err;
	if (!endpoint_serve(ep, ipc_process_ops.current())) {
		object_put(&ep->object);
		return -EACCES;
	}
	for (;;) {
		err = endpoint_receive(ep, deadline_ns, &r, &n);
		if (err)
			break;
		if (n) {
			err = give_notification(n, &m, um);
			break;
		}
		if (r->nhandles && !((flags | m.flags) & IPC_ACCEPT_HANDLES)) {
			endpoint_refuse(r, -EACCES);
			continue;
		}
		err = give_request(r, &m, um, capacity);
		if (!err || err == -EFAULT)
			break;
		endpoint_refuse(r, (int)err);
	}
	object_put(&ep->object);
	return err;
}

int64_t ipc_sys_reply(uint64_t token, const struct ipc_message __user *um)
{
	bool is_broken = fault_should_fail(FAULT_IPC_REPLY);
	struct ipc_request *r;
	struct ipc_message m;
	int err;

	/* Killed on its way: the answer is its successor's to give. */
	if (atomic_load(&current_thread()->interrupts) & INTERRUPT_FATAL)
		return -EINTR;
	if (copy_from_user(&m, um, sizeof(m)))
		return -EFAULT;
	r = request_take_delivered(token, ipc_process_ops.current());
	if (!r)
		return -EINVAL;
	if (m.data_len > r->reply_cap) {
		request_untake(r);
		return -E2BIG;
	}
	memcpy(r->reply_words, m.words, sizeof(m.words));
	err = copy_in_data(&r->reply, m.data, m.data_len);
	if (!err)
		err = collect_handles(&m, r->reply_handles, r->reply_rights, &r->nreply_handles);
	/* the caller learns of a broken reply as an I/O error; it never waits for another */
	request_finish(r, err || is_broken ? -EIO : 0);
	return err;
}
