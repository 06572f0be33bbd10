/* kernel/io-manager/src/sysv_msg.c: System V message queues. See io/sysv.h.
 *
 * Who finds no room or no message waits until the queue changes, and looks again.
 *
 * Locking: the table's lock. Messages are made, copied and freed without it. */
#include <linux/msg.h>
#include <mm/frame.h>
#include <string.h>

#include "sysv_ids.h"

#define RAM_SHARE 32u	/* all messages together may take one part in so many of memory */

struct queue {
	struct sysv_entry entry;	/* first */
	refcount_t refs;		/* the table's, and of each who waits */
	struct list_node messages;
	uint64_t bytes, nmessages, max_bytes;
	uint32_t version;		/* bumped by each change; waiters compare */
	bool is_removed;
	uint32_t sender_pid, receiver_pid;
	int64_t sent_sec, received_sec;
	struct wait_queue wait;
};

HEAP_CACHE(queue_cache, "sysv_msg", sizeof(struct queue));

static uint64_t all_bytes, all_messages, most_bytes;

static int msg_create(uint64_t size, struct sysv_entry **out);

SYSV_IDS(queues, SYSV_MSG_MAX_IDS, msg_create, NULL);

static struct queue *queue_of(struct sysv_entry *e) { return (struct queue *)e; }

static int msg_create(uint64_t size, struct sysv_entry **out)
{
	struct queue *q = heap_cache_alloc(&queue_cache, 0);
	struct mm_statistics memory;

	(void)size;
	if (!q)
		return -ENOMEM;
	mm_statistics(&memory);
	most_bytes = memory.total_pages * PAGE_SIZE / RAM_SHARE;
	refcount_set(&q->refs, 1);
	list_init(&q->messages);
	waitq_init(&q->wait);
	q->max_bytes = SYSV_MSG_QUEUE_BYTES;
	*out = &q->entry;
	return 0;
}

static void queue_put(struct queue *q)
{
	if (refcount_put(&q->refs))
		heap_cache_free(&queue_cache, q);
}

int64_t sysv_msg_get(uint32_t key, uint32_t flags)
{
	return sysv_get(&queues, key, 0, flags);
}

struct sysv_message *sysv_message_create(uint64_t len)
{
	struct sysv_message *m = kmalloc(sizeof(*m) + len, 0);

	if (m)
		m->len = len;
	return m;
}

void sysv_message_free(struct sysv_message *m)
{
	kfree(m);
}

static void changed(struct queue *q)
{
	WRITE_ONCE(q->version, q->version + 1);
	waitq_wake_all(&q->wait, 0);
}

/* Sleep until the queue changes. The lock is given up meanwhile. */
static int wait_for_change(struct queue *q)
{
	uint32_t version = q->version;
	int err;

	refcount_get(&q->refs);
	mutex_unlock(&queues.lock);
	err = WAIT_EVENT(&q->wait, READ_ONCE(q->version) != version, INTERRUPT_SIGNAL | INTERRUPT_FATAL, 0);
	mutex_lock(&queues.lock);
	if (q->is_removed)
		err = -EIDRM;
	queue_put(q);
	return err;
}

/* ---- sending ---- */

static bool has_room(const struct queue *q, uint64_t len)
{
	return q->bytes + len <= q->max_bytes && q->nmessages + 1 <= q->max_bytes;
}

static int append(struct queue *q, struct sysv_message *m)
{
	if (all_bytes + m->len + sizeof(*m) > most_bytes)
		return -ENOMEM;
	list_add_tail(&m->node, &q->messages);
	q->bytes += m->len;
	q->nmessages++;
	all_bytes += m->len + sizeof(*m);
	all_messages++;
	q->sender_pid = ps_current()->pid;
	q->sent_sec = sysv_now_sec();
	changed(q);
	return 0;
}

int sysv_msg_send(int id, struct sysv_message *m, uint32_t flags)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&queues.lock);
	err = sysv_find(&queues, id, &e);
	while (!err) {
		err = sysv_check_mode(e, 2);
		if (err)
			break;
		if (has_room(queue_of(e), m->len)) {
			err = append(queue_of(e), m);
			break;
		}
		err = flags & IPC_NOWAIT ? -EAGAIN : wait_for_change(queue_of(e));
	}
	mutex_unlock(&queues.lock);
	return err;
}

/* ---- receiving ---- */

/* The message that msgrcv's @type means; with MSG_COPY the type is a position. */
static struct sysv_message *choose(const struct queue *q, int64_t type, uint32_t flags)
{
	struct sysv_message *m, *lowest = NULL;

	LIST_FOR_EACH_ENTRY(m, &q->messages, node) {
		if (flags & MSG_COPY) {
			if (!type--)
				return m;
		} else if (type < 0) {
			if (m->type <= -type && (!lowest || m->type < lowest->type))
				lowest = m;
		} else if (!type || (flags & MSG_EXCEPT ? m->type != type : m->type == type)) {
			return m;
		}
	}
	return lowest;
}

static int copy_message(const struct sysv_message *m, struct sysv_message **out)
{
	*out = sysv_message_create(m->len);
	if (!*out)
		return -ENOMEM;
	(*out)->type = m->type;
	memcpy((*out)->bytes, m->bytes, m->len);
	return 0;
}

static void unlink_message(struct queue *q, struct sysv_message *m)
{
	list_del(&m->node);
	q->bytes -= m->len;
	q->nmessages--;
	all_bytes -= m->len + sizeof(*m);
	all_messages--;
}

static int take(struct queue *q, struct sysv_message *m, uint64_t max_len, uint32_t flags, struct sysv_message **out)
{
	if (m->len > max_len && !(flags & MSG_NOERROR))
		return -E2BIG;
	if (flags & MSG_COPY)
		return copy_message(m, out);
	unlink_message(q, m);
	q->receiver_pid = ps_current()->pid;
	q->received_sec = sysv_now_sec();
	changed(q);
	*out = m;
	return 0;
}

int sysv_msg_receive(int id, uint64_t max_len, int64_t type, uint32_t flags, struct sysv_message **out)
{
	struct sysv_entry *e;
	int err;

	if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	mutex_lock(&queues.lock);
	err = sysv_find(&queues, id, &e);
	while (!err) {
		struct sysv_message *m;

		err = sysv_check_mode(e, 4);
		if (err)
			break;
		m = choose(queue_of(e), type, flags);
		if (m) {
			err = take(queue_of(e), m, max_len, flags, out);
			break;
		}
		err = flags & IPC_NOWAIT ? -ENOMSG : wait_for_change(queue_of(e));
	}
	mutex_unlock(&queues.lock);
	return err;
}

/* ---- msgctl ---- */

int64_t sysv_msg_stat(struct sysv_which which, struct sysv_msg_info *out)
{
	struct sysv_entry *e;
	int64_t ret;

	mutex_lock(&queues.lock);
	ret = sysv_find_which(&queues, which, &e);
	if (ret >= 0) {
		const struct queue *q = queue_of(e);

		*out = (struct sysv_msg_info){
			.permission = e->permission, .bytes = q->bytes, .nmessages = q->nmessages, .max_bytes = q->max_bytes,
			.sender_pid = q->sender_pid, .receiver_pid = q->receiver_pid, .sent_sec = q->sent_sec,
			.received_sec = q->received_sec, .changed_sec = e->changed_sec,
		};
	}
	mutex_unlock(&queues.lock);
	return ret;
}

void sysv_msg_totals(struct sysv_totals *out)
{
	mutex_lock(&queues.lock);
	sysv_count_ids(&queues, out);
	out->units = all_messages;
	out->bytes = all_bytes - all_messages * sizeof(struct sysv_message);
	mutex_unlock(&queues.lock);
}

int sysv_msg_set(int id, uint32_t uid, uint32_t gid, uint32_t mode, uint64_t max_bytes)
{
	struct sysv_entry *e;
	int err;

	mutex_lock(&queues.lock);
	err = sysv_find(&queues, id, &e);
	if (!err)
		err = sysv_check_owner(e);
	if (!err && max_bytes > SYSV_MSG_QUEUE_BYTES && !ps_capable(CAP_SYS_RESOURCE))
		err = -EPERM;
	if (!err)
		err = sysv_set(&queues, id, uid, gid, mode, &e);
	if (!err) {
		queue_of(e)->max_bytes = max_bytes;
		changed(queue_of(e));
	}
	mutex_unlock(&queues.lock);
	return err;
}

static void free_messages(struct list_node *messages)
{
	struct sysv_message *m, *next;

	LIST_FOR_EACH_ENTRY_SAFE(m, next, messages, node)
		sysv_message_free(m);
}

int sysv_msg_remove(int id)
{
	struct list_node messages = LIST_INIT(messages);
	struct sysv_message *m, *next;
	struct sysv_entry *e;
	int err;

	mutex_lock(&queues.lock);
	err = sysv_find(&queues, id, &e);
	if (!err)
		err = sysv_check_owner(e);
	if (!err) {
		struct queue *q = queue_of(e);

		LIST_FOR_EACH_ENTRY_SAFE(m, next, &q->messages, node) {
			unlink_message(q, m);
			list_add_tail(&m->node, &messages);
		}
		sysv_take_out(&queues, e);
		q->is_removed = true;
		changed(q);
		queue_put(q);
	}
	mutex_unlock(&queues.lock);
	free_messages(&messages);
	return err;
}
