/* kernel/io-manager/src/socketpair.h: connected AF_UNIX sockets.
 *
 * A message is what one write made: bytes, and files on their way (SCM_RIGHTS). Each end
 * queues what it is to receive.
 *
 * Locking: end->read_lock (SOCKET_READ, sleeping) admits one reader, who may copy out of the
 * first message without more; socket_rights_lock (SOCKET_RIGHTS, sleeping) guards files
 * in flight; pair->lock (SOCKET) queues and states. In this order.
 */
#ifndef IO_SOCKETPAIR_H
#define IO_SOCKETPAIR_H

#include <io/socket.h>
#include <nucleus/atomic.h>

struct socket_rights {
	uint32_t uid;			/* whose limit they count against */
	uint32_t nfiles;
	struct file *files[];
};

struct socket_message {
	struct list_node node;
	struct socket_rights *rights;
	uint32_t pid, uid, gid;
	uint32_t len, offset;		/* data is [offset, len) */
	uint8_t data[];
};

struct socket_end {
	struct socket_pair *pair;
	struct socket_end *peer;
	struct file *file;		/* its own; not counted */
	struct mutex read_lock;
	struct wait_queue wait;
	struct list_node messages;
	uint32_t nmessages;
	uint32_t bytes;			/* waiting to be read */
	uint32_t charged;		/* memory that they take */
	bool receive_shut, send_shut, is_closed;
	int32_t error;			/* reported once */
	/* files in flight; socket_rights_lock */
	struct list_node flight_node;
	uint32_t in_flight;		/* references to file that lie in queues */
	uint32_t from_outside;		/* while collecting: those not from suspects' queues */
	bool is_suspect;
};

struct socket_pair {
	refcount_t refs;		/* its files */
	int type;
	struct spinlock lock;
	uint32_t pid, uid, gid;		/* who made it: SO_PEERCRED of both */
	struct socket_end ends[2];
};

extern const struct file_ops socket_ops;
extern struct mutex socket_rights_lock;

void socket_rights_init(void);
/* Put references of @files in flight. Returns: NULL with *@err: -ETOOMANYREFS -ENOMEM. */
struct socket_rights *socket_rights_create(struct file **files, uint32_t n, int *err);
/* The files have arrived: out of flight; the references go to the caller with them. */
void socket_rights_land(struct socket_rights *r);
/* Drop a list of messages no queue holds any more; never recurses into itself. */
void socket_messages_drop(struct list_node *messages);
/* A socket was closed: free queues that only files in flight in each other keep. */
void socket_rights_collect(void);

#endif
