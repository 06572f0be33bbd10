/* kernel/io-manager/src/unix_table.c: every AF_UNIX socket from its creation until it is closed, by
 * id, and what /proc/net/unix shows of it. */
#include <nucleus/log.h>

#include "unix.h"

#define ID_BUCKETS 256u
#define LINE_MAX 256u

static struct spinlock all_lock = SPINLOCK_INIT(SOCKET_TABLE);
static struct list_node by_id[ID_BUCKETS];
static uint64_t last_id;

static struct list_node *bucket_of(uint64_t id)
{
	return &by_id[id % ID_BUCKETS];
}

void unix_table_enter(struct unix_socket *s)
{
	spin_lock(&all_lock);
	s->id = ++last_id;
	list_add_tail(&s->id_node, bucket_of(s->id));
	spin_unlock(&all_lock);
}

void unix_table_leave(struct unix_socket *s)
{
	spin_lock(&all_lock);
	list_del(&s->id_node);
	spin_unlock(&all_lock);
}

struct unix_socket *unix_find(uint64_t id)
{
	struct unix_socket *s, *found = NULL;

	spin_lock(&all_lock);
	LIST_FOR_EACH_ENTRY(s, bucket_of(id), id_node) {
		if (s->id == id && refcount_get_unless_zero(&s->refs)) {
			found = s;
			break;
		}
	}
	spin_unlock(&all_lock);
	return found;
}

bool socket_unix_lives(uint64_t id)
{
	struct unix_socket *s = unix_find(id);

	unix_put(s);
	return s;
}

void unix_table_init(void)
{
	for (uint32_t i = 0; i < ID_BUCKETS; i++)
		list_init(&by_id[i]);
}

/* ---- /proc/net/unix ---- */

/* The living socket of the lowest id above @after, a reference. */
static struct unix_socket *next_socket(uint64_t after)
{
	struct unix_socket *s, *best = NULL;

	spin_lock(&all_lock);
	for (uint32_t i = 0; i < ID_BUCKETS; i++) {
		LIST_FOR_EACH_ENTRY(s, &by_id[i], id_node) {
			if (s->id > after && (!best || s->id < best->id))
				best = s;
		}
	}
	if (best && !refcount_get_unless_zero(&best->refs))
		best = NULL;
	spin_unlock(&all_lock);
	return best;
}

/* linux/net.h's socket_state as the table shows it. */
static uint32_t shown_state(const struct unix_socket *s)
{
	if (s->file)
		return s->state == UNIX_CONNECTED ? 3 : 1;
	return s->state == UNIX_CONNECTED ? 2 : 4;
}

/* " PATH", an abstract name's NULs as @. */
static size_t print_name(const struct unix_name *n, char *buf, size_t cap)
{
	size_t len = 0;

	if (!n || cap < n->len)
		return 0;
	buf[len++] = ' ';
	for (uint32_t i = UNIX_PATH_AT; i < n->len; i++) {
		if (n->inode && !n->address[i])
			break;
		buf[len++] = n->address[i] ? (char)n->address[i] : '@';
	}
	return len;
}

static size_t print_socket(struct unix_socket *s, char *buf, size_t cap)
{
	size_t len;

	spin_lock(&s->lock);
	len = (size_t)ksnprintf(buf, cap, "%016llx: %08X 00000000 %08X %04X %02X %5llu", (unsigned long long)s->id,
		(uint32_t)refcount_read(&s->refs) - 1, s->state == UNIX_LISTENING ? 0x10000u : 0u, (uint32_t)s->type,
		shown_state(s), (unsigned long long)(s->file ? file_ino(s->file) : 0));
	len += print_name(s->name, buf + len, cap - len - 1);
	spin_unlock(&s->lock);
	buf[len++] = '\n';
	return len;
}

size_t socket_list_unix(uint64_t after, char *buf, size_t cap, uint64_t *last)
{
	struct unix_socket *s;
	size_t len = 0;

	*last = after;
	while (cap - len >= LINE_MAX && (s = next_socket(*last))) {
		len += print_socket(s, buf + len, cap - len);
		*last = s->id;
		unix_put(s);
	}
	return len;
}
