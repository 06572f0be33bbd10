/* kernel/io-manager/src/unix_name.c: names of AF_UNIX sockets.
 *
 * netd decides who has a name. What it said is kept as a lease: (node, or name space and abstract
 * name) → socket. A lease is true while its socket lives, for a name is given up by closing alone.
 */
#include <errno.h>
#include <string.h>

#include <albireo/net.h>
#include <io/mode.h>
#include <mm/heap.h>

#include "unix.h"

#define ADDRESS_MAX (UNIX_PATH_AT + UNIX_PATH_MAX)	/* sizeof(struct sockaddr_un) */

struct socket_lease {
	struct lease_payload payload;
	uint64_t socket;
};

/* What netd knows a name by. */
struct name_key {
	uint64_t node;			/* 0: abstract */
	const char *text;
	uint32_t len;
};

HEAP_CACHE(name_cache, "socket name", sizeof(struct unix_name));
HEAP_CACHE(lease_cache, "socket lease", sizeof(struct socket_lease));

/* ---- names as the kernel keeps them ---- */

void unix_name_put(struct unix_name *n)
{
	if (!n || !refcount_put(&n->refs))
		return;
	inode_put(n->inode);
	heap_cache_free(&name_cache, n);
}

struct unix_name *unix_name_of(struct unix_socket *s)
{
	struct unix_name *n;

	spin_lock(&s->lock);
	n = s->name;
	if (n)
		refcount_get(&n->refs);
	spin_unlock(&s->lock);
	return n;
}

void unix_name_tell(const struct unix_name *n, struct socket_address *out)
{
	out->len = n ? n->len : UNIX_PATH_AT;
	out->family = SOCKET_AF_UNIX;
	if (n)
		memcpy(out->bytes, n->address, n->len);
}

static struct unix_name *name_create(const void *address, uint32_t len)
{
	struct unix_name *n = heap_cache_alloc(&name_cache, 0);

	if (!n)
		return NULL;
	refcount_set(&n->refs, 1);
	memcpy(n->address, address, len);
	n->len = len;
	return n;
}

static void give_name(struct unix_socket *s, struct unix_name *n)
{
	spin_lock(&s->lock);
	s->name = n;
	spin_unlock(&s->lock);
}

/* A path ends at its NUL or with the address; the name that is told has the NUL. */
static uint32_t path_name_len(const struct socket_address *a)
{
	uint32_t len = UNIX_PATH_AT;

	while (len < a->len && a->bytes[len])
		len++;
	return len + 1;
}

int unix_address_check(const struct socket_address *a)
{
	if (a->len <= UNIX_PATH_AT || a->len > ADDRESS_MAX || a->family != SOCKET_AF_UNIX)
		return -EINVAL;
	return 0;
}

static bool is_abstract(const struct socket_address *a)
{
	return !a->bytes[UNIX_PATH_AT];
}

/* ---- asking netd ---- */

static struct name_key key_of(const struct unix_name *n)
{
	if (n->inode)
		return (struct name_key){ .node = n->inode->node, .text = "" };
	return (struct name_key){ .text = (const char *)n->address + UNIX_PATH_AT + 1, .len = n->len - UNIX_PATH_AT - 1 };
}

static int call_netd(struct ipc_kernel_call *c)
{
	int err = ipc_call_service(SERVICE_NETD, c);

	return err ? err : (int)(int64_t)c->words[0];
}

static int ask_bind(struct unix_socket *s, const struct unix_name *n)
{
	struct name_key key = key_of(n);
	struct ipc_kernel_call c = { .words = { NETD_BIND, s->id, key.node, (uint64_t)s->type }, .data = key.text,
		.data_len = key.len };

	return call_netd(&c);
}

static void lease_release(struct lease_payload *p)
{
	heap_cache_free(&lease_cache, container_of(p, struct socket_lease, payload));
}

static void keep_lease(const struct name_key *key, int type, uint64_t socket, uint64_t seq)
{
	struct socket_lease *l = heap_cache_alloc(&lease_cache, 0);

	if (!l)
		return;
	refcount_set(&l->payload.refs, 1);
	l->payload.release = lease_release;
	l->socket = socket;
	lease_grant(LEASE_SOCKET, NET_LEASE_SUBJECT(key->node, type), key->text, key->len, seq, VFS_LEASE_FOREVER, &l->payload);
}

static struct unix_socket *find_leased(const struct name_key *key, int type)
{
	struct lease_payload *payload;
	struct lease_stamp stamp;
	struct unix_socket *s;

	if (!lease_lookup(LEASE_SOCKET, NET_LEASE_SUBJECT(key->node, type), key->text, key->len, &payload, &stamp))
		return NULL;
	s = unix_find(container_of(payload, struct socket_lease, payload)->socket);
	lease_payload_put(payload);
	return s;
}

static int ask_find(const struct name_key *key, int type, struct unix_socket **out)
{
	struct ipc_kernel_call c = { .words = { NETD_FIND, key->node, (uint64_t)type }, .data = key->text, .data_len = key->len };
	int err = call_netd(&c);

	if (err)
		return err;
	*out = unix_find(c.words[1]);
	if (!*out)
		return -ECONNREFUSED;
	keep_lease(key, type, c.words[1], c.words[2]);
	return 0;
}

static int find_by_key(const struct name_key *key, int type, struct unix_socket **out)
{
	*out = find_leased(key, type);
	return *out ? 0 : ask_find(key, type, out);
}

/* ---- finding ---- */

static int find_by_inode(struct inode *i, int type, struct unix_socket **out)
{
	const struct name_key key = { .node = i->node, .text = "" };
	int err = inode_permission(i, 2, false);

	if (err)
		return err;
	if ((i->attr.mode & S_IFMT) != S_IFSOCK)
		return -ECONNREFUSED;
	err = find_by_key(&key, type, out);
	if (!err && (*out)->type != type) {
		unix_put(*out);
		err = -EPROTOTYPE;
	}
	return err;
}

static int find_by_path(const struct socket_address *a, int type, struct unix_socket **out)
{
	char path[UNIX_PATH_MAX + 1] = "";
	struct walk_result at;
	int err;

	memcpy(path, a->bytes + UNIX_PATH_AT, path_name_len(a) - UNIX_PATH_AT - 1);
	err = walk_path(NULL, path, WALK_FOLLOW, &at);
	if (!err)
		err = at.inode ? find_by_inode(at.inode, type, out) : -ECONNREFUSED;
	walk_result_put(&at);
	return err;
}

int unix_find_named(const struct socket_address *a, int type, struct unix_socket **out)
{
	const struct name_key key = { .text = (const char *)a->bytes + UNIX_PATH_AT + 1, .len = a->len - UNIX_PATH_AT - 1 };

	return is_abstract(a) ? find_by_key(&key, type, out) : find_by_path(a, type, out);
}

/* ---- binding; connect_lock is held ---- */

static int bind_name(struct unix_socket *s, struct unix_name *n)
{
	int err = s->name ? -EINVAL : ask_bind(s, n);

	if (!err)
		give_name(s, n);
	return err;
}

static int bind_abstract(struct unix_socket *s, const struct socket_address *a)
{
	struct unix_name *n = name_create(a->bytes, a->len);
	int err = n ? bind_name(s, n) : -ENOMEM;

	if (err)
		unix_name_put(n);
	return err;
}

/* The file comes first, as on Linux: what is wrong with the path is told before what is wrong
 * with the socket. */
static int bind_path(struct unix_socket *s, const struct socket_address *a)
{
	uint32_t len = path_name_len(a);
	struct unix_name *n = name_create(a->bytes, len - 1);
	const char *path;
	int err;

	if (!n)
		return -ENOMEM;
	n->len = len;
	path = (const char *)n->address + UNIX_PATH_AT;
	err = vfs_make_socket(path, &n->inode);
	if (!err) {
		err = bind_name(s, n);
		if (err)
			vfs_unlink(NULL, path, false);
	}
	if (err)
		unix_name_put(n);
	return err == -EEXIST ? -EADDRINUSE : err;
}

static int bind_any(struct unix_socket *s)
{
	uint8_t address[ADDRESS_MAX] = { SOCKET_AF_UNIX };
	struct ipc_kernel_call c = { .words = { NETD_BIND_ANY, s->id, (uint64_t)s->type },
		.reply_data = address + UNIX_PATH_AT + 1, .reply_cap = NETD_NAME_MAX };
	struct unix_name *n;
	int err = call_netd(&c);

	if (err)
		return err;
	n = name_create(address, UNIX_PATH_AT + 1 + c.reply_len);
	if (!n)
		return -ENOMEM;
	give_name(s, n);
	return 0;
}

bool unix_must_autobind(struct unix_socket *s)
{
	return (READ_ONCE(s->options) & UNIX_OPT_PASSCRED) && !READ_ONCE(s->name);
}

int unix_autobind(struct unix_socket *s)
{
	int err = 0;

	mutex_lock(&s->connect_lock);
	if (!s->name)
		err = bind_any(s);
	mutex_unlock(&s->connect_lock);
	return err;
}

int unix_bind(struct file *f, const struct socket_address *a)
{
	struct unix_socket *s = unix_of(f);
	int err;

	if (a->len == UNIX_PATH_AT && a->family == SOCKET_AF_UNIX)
		return unix_autobind(s);
	err = unix_address_check(a);
	if (err)
		return err;
	mutex_lock(&s->connect_lock);
	err = is_abstract(a) ? bind_abstract(s, a) : bind_path(s, a);
	mutex_unlock(&s->connect_lock);
	return err;
}

/* ---- giving up ---- */

static void release_taken(struct ipc_notification *n)
{
	unix_put(container_of(n, struct unix_socket, released));
}

void unix_name_release(struct unix_socket *s)
{
	/* An accepted socket shows its listener's name and has none with netd. */
	if (!s->name || s->has_listeners_name)
		return;
	unix_get(s);
	s->released.words[0] = NETD_RELEASE;
	s->released.words[1] = s->id;
	s->released.done = release_taken;
	ipc_notify_service(SERVICE_NETD, &s->released);
}
