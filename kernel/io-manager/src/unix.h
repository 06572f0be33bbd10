/* kernel/io-manager/src/unix.h: AF_UNIX sockets (man 7 unix).
 *
 * A message is what one write made: bytes, and files on their way (SCM_RIGHTS). A socket
 * queues what it is to receive; what it has sent and nobody has read counts against its
 * own send buffer, so a message refers to its sender. A connection that nobody has
 * accepted yet is a socket without a file (an embryo) in the queue of its listener.
 *
 * A socket is referred to by its file, by peers, by messages that it sent and by who looks at
 * it. It dies for the world with its file (unix_release()); the rest is memory.
 *
 * Locking: s->connect_lock (SOCKET_CONNECT, sleeping) orders bind, listen and connect of one
 * socket and is held across calls to vfsd and netd; s->read_lock (SOCKET_READ, sleeping) admits
 * one reader, who may copy out of the first message without more; unix_rights_lock
 * (SOCKET_RIGHTS, sleeping) guards files in flight; s->lock (SOCKET) state and queues, an embryo's
 * nested in its listener's. In this order. Of two connected sockets one is locked at a time.
 */
#ifndef IO_UNIX_H
#define IO_UNIX_H

#include <ipc/endpoint.h>

#include <io/inode.h>
#include <io/socket.h>
#include <nucleus/atomic.h>

#define UNIX_PATH_AT 2u			/* offset of sun_path */
#define UNIX_PATH_MAX 108u
#define UNIX_QUEUE_MAX 10u		/* datagrams from strangers that a socket queues (net.unix.max_dgram_qlen) */

#define UNIX_READABLE (IO_POLLIN | IO_POLLRDNORM)
#define UNIX_WRITABLE (IO_POLLOUT | IO_POLLWRNORM | IO_POLLWRBAND)

/* A name: the address as getsockname() tells it, and the file of one in the filesystem. */
struct unix_name {
	refcount_t refs;
	uint32_t len;
	uint8_t address[UNIX_PATH_AT + UNIX_PATH_MAX + 1];
	struct inode *inode;		/* a reference, so that the node's number stays this file's */
};

/* Who was at the other end when the connection was made: SO_PEERCRED, SO_PEERGROUPS. */
struct unix_identity {
	refcount_t refs;
	struct socket_identity id;
	uint32_t ngroups;
	uint32_t groups[];
};

struct unix_rights {
	uint32_t uid;			/* whose limit they count against */
	uint32_t nfiles;
	struct file *files[];
};

struct unix_message {
	struct list_node node;
	struct unix_socket *sender;	/* a reference; its charge is taken back with the message */
	struct unix_rights *rights;
	struct socket_identity id;
	bool has_id;
	uint32_t len, offset;		/* data is [offset, len) */
	uint8_t data[];
};

enum unix_state { UNIX_UNCONNECTED, UNIX_CONNECTED, UNIX_LISTENING };

struct unix_socket {
	refcount_t refs;
	uint64_t id;			/* netd's name for it; never used again */
	struct list_node id_node;
	int type;
	struct file *file;		/* its own, not counted; NULL: not accepted yet */
	struct mutex connect_lock, read_lock;
	struct wait_queue wait;
	struct wait_queue room_wait;	/* for a place in this socket's queue */

	struct spinlock lock;
	enum unix_state state;
	bool is_closed, receive_shut, send_shut;
	int32_t error;			/* reported once */
	struct unix_socket *peer;	/* a reference; what a datagram socket sends to */
	struct unix_name *name;		/* set once; a reference */
	bool has_listeners_name;	/* accepted: netd knows nothing of it */
	struct unix_identity *own, *other;	/* a listener's; the peer's; references or NULL */
	struct list_node messages;
	uint32_t nmessages;
	uint32_t bytes;			/* waiting to be read */
	struct list_node embryos;	/* of a listener, first come first */
	uint32_t nembryos, backlog;
	struct list_node embryo_node;
	struct list_node blocked;	/* struct unix_blocked: who wants room in this queue */

	uint32_t sent_bytes;		/* memory of what it sent and nobody has read; atomic */
	uint32_t room_count;		/* times that room came where it was blocked; atomic */
	uint32_t send_limit, receive_limit;
	uint32_t options;		/* UNIX_OPT_*; atomic */
	struct { int32_t on, seconds; } linger;
	int32_t priority, low_water;
	struct ipc_notification released;	/* NETD_RELEASE: keeps a reference while it is queued */

	/* files in flight; unix_rights_lock */
	struct list_node flight_node;
	uint32_t in_flight;		/* references to file that lie in queues */
	uint32_t from_outside;		/* while collecting: those not from suspects' queues */
	bool is_suspect;
};

#define UNIX_OPT_PASSCRED 1u
#define UNIX_OPT_REUSEADDR 2u
#define UNIX_OPT_REUSEPORT 4u
#define UNIX_OPT_KEEPALIVE 8u
#define UNIX_OPT_BROADCAST 16u
#define UNIX_OPT_DEBUG 32u
#define UNIX_OPT_DONTROUTE 64u
#define UNIX_OPT_OOBINLINE 128u

extern const struct file_ops unix_ops;
extern struct mutex unix_rights_lock;

static inline bool unix_is_stream(const struct unix_socket *s) { return s->type == SOCKET_STREAM; }
static inline bool unix_is_datagram(const struct unix_socket *s) { return s->type == SOCKET_DATAGRAM; }
static inline struct unix_socket *unix_of(struct file *f) { return f->private; }

/* ---- unix_socket.c ---- */

/* Returns: a socket without a file, one reference; NULL without memory. */
struct unix_socket *unix_socket_create(int type);
static inline void unix_get(struct unix_socket *s) { refcount_get(&s->refs); }
void unix_put(struct unix_socket *s);			/* NULL is fine */
int unix_file_create(struct unix_socket *s, uint32_t flags, struct file **out);	/* takes the reference over */
/* Dead for the world: queues go, the peer is told. @is_embryo: nobody ever accepted it. */
void unix_close(struct unix_socket *s, bool is_embryo);
struct unix_socket *unix_peer(struct unix_socket *s);	/* a reference, or NULL */
struct unix_socket *unix_take_first_embryo(struct unix_socket *s);	/* the queue's reference, or NULL */
int unix_shutdown(struct file *f, int how);
void unix_init(void);

/* ---- unix_table.c ---- */

void unix_table_enter(struct unix_socket *s);		/* gives it its id */
void unix_table_leave(struct unix_socket *s);
struct unix_socket *unix_find(uint64_t id);		/* a living one, a reference; NULL */
void unix_table_init(void);

/* ---- unix_identity.c ---- */

struct unix_identity *unix_identity_create(void);	/* the caller's; NULL without memory */
void unix_identity_put(struct unix_identity *i);	/* NULL is fine */

/* ---- unix_name.c ---- */

int unix_bind(struct file *f, const struct socket_address *a);
/* Give @s an abstract name of netd's choice unless it has one. connect_lock is not held. */
int unix_autobind(struct unix_socket *s);
bool unix_must_autobind(struct unix_socket *s);		/* SO_PASSCRED, and no name yet */
/* Is @a well-formed? Returns: 0; -EINVAL. */
int unix_address_check(const struct socket_address *a);
/* Who has the name @a? Returns: 0 and a reference; -ECONNREFUSED -EPROTOTYPE, and what the walk or netd said. */
int unix_find_named(const struct socket_address *a, int type, struct unix_socket **out);
void unix_name_put(struct unix_name *n);		/* NULL is fine */
struct unix_name *unix_name_of(struct unix_socket *s);	/* a reference, or NULL */
void unix_name_tell(const struct unix_name *n, struct socket_address *out);	/* NULL: unnamed */
/* @s is closed: netd may give its name away. */
void unix_name_release(struct unix_socket *s);

/* ---- unix_connect.c ---- */

int unix_listen(struct file *f, int backlog);
int unix_connect(struct file *f, const struct socket_address *a);
int unix_wait_connect(struct file *f, const struct socket_address *a, uint64_t limit_ns);
int unix_accept(struct file *f, uint32_t flags, struct file **out);
bool unix_can_accept(struct file *f);
int unix_tell_name(struct file *f, bool of_peer, struct socket_address *out);
/* A datagram socket whose peer is gone: it has none any more. */
void unix_lose_peer(struct unix_socket *s, struct unix_socket *peer);

/* ---- unix_send.c, unix_receive.c ---- */

int64_t unix_write(struct io_request *rq);
int64_t unix_read(struct io_request *rq);
bool unix_has_send_room(const struct unix_socket *s);	/* as poll() sees it: a quarter is in use at most */
/* Does the queue of @to take no more from @from, who is not what @to is connected to? */
bool unix_queue_is_full(struct unix_socket *to, struct unix_socket *from);
/* Wake @who when room comes in the queue of @to. -ENOBUFS. */
int unix_block_on(struct unix_socket *to, struct unix_socket *who);
/* Room came, or @to died. */
void unix_unblock(struct unix_socket *to);
/* The message has left its queue: its memory, and its sender's charge. Not its rights. */
void unix_message_free(struct unix_message *m);

/* ---- unix_options.c ---- */

int unix_get_option(struct file *f, int name, struct socket_option *o);
int unix_set_option(struct file *f, int name, const struct socket_option *o);

/* ---- unix_rights.c ---- */

void unix_rights_init(void);
/* Put references of @files in flight. Returns: NULL with *@err: -ETOOMANYREFS -ENOMEM. */
struct unix_rights *unix_rights_create(struct file **files, uint32_t n, int *err);
/* The files have arrived: out of flight; the references go to the caller with them. */
void unix_rights_land(struct unix_rights *r);
/* Drop a list of messages no queue holds any more; never recurses into itself. */
void unix_messages_drop(struct list_node *messages);
/* A socket was closed: free queues that only files in flight in each other keep. */
void unix_rights_collect(void);

#endif
