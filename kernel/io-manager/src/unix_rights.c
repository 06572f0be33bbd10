/* kernel/io-manager/src/unix_rights.c: files on their way through sockets.
 *
 * A socket may lie in the queue of another, and sockets whose only references lie in each
 * other's queues would live for ever. The collector suspects every socket all of whose
 * references are in flight, acquits those that something outside the suspects' queues
 * refers to and what their queues hold, and empties the queues of the rest.
 */
#include <errno.h>

#include <linux/capability.h>

#include <mm/heap.h>
#include <ps/process.h>

#include "unix.h"

#define LIMIT_NOFILE 7u		/* RLIMIT_NOFILE */

struct mutex unix_rights_lock;

static struct list_node sockets_in_flight = LIST_INIT(sockets_in_flight);

/* How many files a user has in flight; entries stay while they count. */
struct sender {
	struct list_node node;
	uint32_t uid;
	uint64_t nfiles;
};
static struct list_node senders = LIST_INIT(senders);

void unix_rights_init(void)
{
	mutex_init(&unix_rights_lock, LOCK_SOCKET_RIGHTS);
}

static struct unix_socket *socket_of(struct file *f)
{
	return f->ops == &unix_ops ? f->private : NULL;
}

static struct sender *sender_find(uint32_t uid)
{
	struct sender *s;

	LIST_FOR_EACH_ENTRY(s, &senders, node) {
		if (s->uid == uid)
			return s;
	}
	return NULL;
}

static int sender_charge(uint32_t uid, uint32_t n)
{
	struct sender *s = sender_find(uid);

	if (s && s->nfiles + n > ps_limit(LIMIT_NOFILE) && !ps_capable(CAP_SYS_RESOURCE))
		return -ETOOMANYREFS;
	if (!s) {
		s = kmalloc(sizeof(*s), 0);
		if (!s)
			return -ENOMEM;
		s->uid = uid;
		list_add_tail(&s->node, &senders);
	}
	s->nfiles += n;
	return 0;
}

static void sender_credit(uint32_t uid, uint32_t n)
{
	struct sender *s = sender_find(uid);

	s->nfiles -= n;
	if (s->nfiles)
		return;
	list_del(&s->node);
	kfree(s);
}

struct unix_rights *unix_rights_create(struct file **files, uint32_t n, int *err)
{
	uint32_t uid = ps_credentials()->uid;
	struct unix_rights *r = kmalloc(sizeof(*r) + n * sizeof(r->files[0]), 0);

	*err = r ? sender_charge(uid, n) : -ENOMEM;
	if (*err) {
		kfree(r);
		return NULL;
	}
	r->uid = uid;
	r->nfiles = n;
	for (uint32_t i = 0; i < n; i++) {
		struct unix_socket *e = socket_of(files[i]);

		r->files[i] = files[i];
		if (e && !e->in_flight++)
			list_add_tail(&e->flight_node, &sockets_in_flight);
	}
	return r;
}

void unix_rights_land(struct unix_rights *r)
{
	for (uint32_t i = 0; i < r->nfiles; i++) {
		struct unix_socket *e = socket_of(r->files[i]);

		if (e && !--e->in_flight)
			list_del(&e->flight_node);
	}
	sender_credit(r->uid, r->nfiles);
}

/* ---- dropping what nobody will read ---- */

static struct spinlock dead_lock = SPINLOCK_INIT(SOCKET);
static struct list_node dead_messages = LIST_INIT(dead_messages);
static bool is_dropping;

static void message_free(struct unix_message *m)
{
	struct unix_rights *r = m->rights;

	if (r) {
		mutex_lock(&unix_rights_lock);
		unix_rights_land(r);
		mutex_unlock(&unix_rights_lock);
		for (uint32_t i = 0; i < r->nfiles; i++)
			file_put(r->files[i]);
		kfree(r);
	}
	unix_message_free(m);
}

static struct unix_message *next_dead(void)
{
	struct unix_message *m = NULL;

	spin_lock(&dead_lock);
	if (list_is_empty(&dead_messages)) {
		is_dropping = false;
	} else {
		m = list_entry(dead_messages.next, struct unix_message, node);
		list_del(&m->node);
	}
	spin_unlock(&dead_lock);
	return m;
}

void unix_messages_drop(struct list_node *messages)
{
	struct unix_message *m;
	bool is_mine;

	spin_lock(&dead_lock);
	list_splice_tail(messages, &dead_messages);
	/* A file dropped below may be a socket, which comes here again: its messages wait in the list. */
	is_mine = !is_dropping && !list_is_empty(&dead_messages);
	if (is_mine)
		is_dropping = true;
	spin_unlock(&dead_lock);
	if (!is_mine)
		return;
	while ((m = next_dead()))
		message_free(m);
}

/* ---- the collector; unix_rights_lock is held ---- */

static void visit_messages(struct unix_socket *s, void (*fn)(struct unix_socket *found, struct list_node *work),
	struct list_node *work)
{
	struct unix_message *m;

	LIST_FOR_EACH_ENTRY(m, &s->messages, node) {
		for (uint32_t i = 0; m->rights && i < m->rights->nfiles; i++) {
			struct unix_socket *found = socket_of(m->rights->files[i]);

			if (found)
				fn(found, work);
		}
	}
}

/* What lies in the queues of @s, and of connections that wait in it to be accepted. */
static void for_each_queued(struct unix_socket *s, void (*fn)(struct unix_socket *found, struct list_node *work),
	struct list_node *work)
{
	struct unix_socket *embryo;

	/* Only messages with files matter, and those move under unix_rights_lock. */
	spin_lock(&s->lock);
	visit_messages(s, fn, work);
	LIST_FOR_EACH_ENTRY(embryo, &s->embryos, embryo_node) {
		spin_lock_nested(&embryo->lock);
		visit_messages(embryo, fn, work);
		spin_unlock(&embryo->lock);
	}
	spin_unlock(&s->lock);
}

static void count_from_suspect(struct unix_socket *found, struct list_node *work)
{
	if (found->is_suspect)
		found->from_outside--;
}

static void acquit(struct unix_socket *found, struct list_node *work)
{
	if (!found->is_suspect)
		return;
	found->is_suspect = false;
	list_move_tail(&found->flight_node, work);
}

static void find_suspects(void)
{
	struct unix_socket *e;

	LIST_FOR_EACH_ENTRY(e, &sockets_in_flight, flight_node) {
		e->is_suspect = (uint32_t)refcount_read(&e->file->object.refs) == e->in_flight;
		e->from_outside = e->in_flight;
	}
	LIST_FOR_EACH_ENTRY(e, &sockets_in_flight, flight_node) {
		if (e->is_suspect)
			for_each_queued(e, count_from_suspect, NULL);
	}
}

static void acquit_reachable(struct list_node *innocent)
{
	struct list_node work = LIST_INIT(work);
	struct unix_socket *e, *next;

	LIST_FOR_EACH_ENTRY_SAFE(e, next, &sockets_in_flight, flight_node) {
		if (e->is_suspect && e->from_outside)
			acquit(e, &work);
	}
	while (!list_is_empty(&work)) {
		e = list_entry(work.next, struct unix_socket, flight_node);
		list_move_tail(&e->flight_node, innocent);
		for_each_queued(e, acquit, &work);
	}
}

static void take_queue(struct unix_socket *s, struct list_node *out)
{
	list_splice_tail(&s->messages, out);
	s->nmessages = s->bytes = 0;
}

static void take_messages(struct unix_socket *s, struct list_node *out)
{
	struct unix_socket *embryo;

	spin_lock(&s->lock);
	take_queue(s, out);
	LIST_FOR_EACH_ENTRY(embryo, &s->embryos, embryo_node) {
		spin_lock_nested(&embryo->lock);
		take_queue(embryo, out);
		spin_unlock(&embryo->lock);
	}
	spin_unlock(&s->lock);
}

void unix_rights_collect(void)
{
	struct list_node innocent = LIST_INIT(innocent), garbage = LIST_INIT(garbage);
	struct unix_socket *e;

	if (list_is_empty(&sockets_in_flight))
		return;
	mutex_lock(&unix_rights_lock);
	find_suspects();
	acquit_reachable(&innocent);
	LIST_FOR_EACH_ENTRY(e, &sockets_in_flight, flight_node) {
		if (e->is_suspect)
			take_messages(e, &garbage);
		e->is_suspect = false;
	}
	list_splice_tail(&innocent, &sockets_in_flight);
	mutex_unlock(&unix_rights_lock);
	unix_messages_drop(&garbage);
}
