/* kernel/io-manager/include/io/socket.h: sockets of any family.
 *
 * A socket is a file whose file_ops have `socket`: the operations that only sockets
 * know. A family (socket_family_add()) makes them. Bytes go through the file's read and
 * write; what goes with the bytes is in io_request.control.
 *
 * An operation never blocks for readiness: it answers -EAGAIN, and the functions here wait on
 * the file's queue and ask again.
 */
#ifndef IO_SOCKET_H
#define IO_SOCKET_H

#include <io/file.h>

enum socket_type { SOCKET_STREAM = 1, SOCKET_DATAGRAM = 2, SOCKET_RAW = 3, SOCKET_SEQPACKET = 5 };
enum socket_shutdown { SOCKET_SHUT_READ, SOCKET_SHUT_WRITE, SOCKET_SHUT_BOTH };

#define SOCKET_AF_UNIX 1
#define SOCKET_FAMILY_MAX 46	/* no address family of Linux's is higher */

/* An address as programs write it, its family first. */
#define SOCKET_ADDRESS_MAX 128u
struct socket_address {
	uint32_t len;		/* 0: none */
	union {
		uint16_t family;
		uint8_t bytes[SOCKET_ADDRESS_MAX];
	};
};

struct socket_identity { uint32_t pid, uid, gid; };

#define SOCKET_MAX_FILES 253u	/* SCM_MAX_FD: a message carries no more */

#define SOCKET_MESSAGE_CUT 1u	/* MSG_TRUNC: a datagram was longer than the buffer */
#define SOCKET_CONTROL_CUT 2u	/* MSG_CTRUNC: more files came than there was room for */
#define SOCKET_HAS_IDENTITY 4u	/* received: the socket asked for `sender` (SO_PASSCRED) */
#define SOCKET_CLAIMS_IDENTITY 8u	/* sending: `sender` was given, and checked (SCM_CREDENTIALS) */
#define SOCKET_WANTS_ADDRESS 16u	/* receiving: fill `address` */

/* read and write of a socket's file take it in io_request.control; NULL: bytes alone, and
 * files that came with them are dropped. */
struct socket_control {
	/* Sending: references that the first bytes sent take with them; then nfiles is 0.
	 * Receiving: room for max_files, filled with references. */
	struct file **files;
	uint32_t nfiles, max_files;
	uint32_t flags;			/* SOCKET_* */
	struct socket_identity sender;
	uint64_t message_bytes;		/* received datagram: its whole length (MSG_TRUNC) */
	struct socket_address *address;	/* sending: where to; receiving: where from; may be NULL */
};

/* The value of an option at level SOL_SOCKET (man 7 socket), as bytes. */
struct socket_option {
	uint32_t len;
	union {
		int32_t number;
		int32_t words[4];
		uint8_t bytes[256];
	};
};

struct socket_ops {
	int domain;
	int (*bind)(struct file *f, const struct socket_address *a);
	int (*listen)(struct file *f, int backlog);
	/* -EAGAIN: the other side's queue is full, or the connection is under way; wait_connect waits for it. */
	int (*connect)(struct file *f, const struct socket_address *a);
	/* Wait until connect() is worth another try. Returns: 0; -EINTR; -EAGAIN at @limit_ns (0: none). */
	int (*wait_connect)(struct file *f, const struct socket_address *a, uint64_t limit_ns);
	int (*accept)(struct file *f, uint32_t flags, struct file **out);
	bool (*can_accept)(struct file *f);	/* or would fail at once */
	int (*name)(struct file *f, bool of_peer, struct socket_address *out);
	int (*shutdown)(struct file *f, int how);
	/* Options at SOL_SOCKET: -ENOPROTOOPT unknown. @o->len: of set, what was given; of get, room
	 * in, length out. */
	int (*get_option)(struct file *f, int name, struct socket_option *o);
	int (*set_option)(struct file *f, int name, const struct socket_option *o);
};

struct socket_family {
	int domain;
	int (*create)(int type, int protocol, uint32_t flags, struct file **out);
	int (*create_pair)(int type, int protocol, uint32_t flags, struct file *out[2]);
};

static inline bool file_is_socket(const struct file *f) { return f->ops->socket != NULL; }

/* Boot: sockets of @family's domain are its. */
void socket_family_add(const struct socket_family *family);

/* socket(2) and socketpair(2). @flags: O_NONBLOCK. -EAFNOSUPPORT (one log line for a domain that
 * programs may expect) -EINVAL -EPROTONOSUPPORT -ESOCKTNOSUPPORT -EOPNOTSUPP -ENOMEM. */
int socket_create(int domain, int type, int protocol, uint32_t flags, struct file **out);
int socket_create_pair(int domain, int type, int protocol, uint32_t flags, struct file *out[2]);

/* connect(2) and accept(2), which wait as O_NONBLOCK and the file's time-outs say. accept's @flags:
 * of the new file. -EINTR -EAGAIN, or what the family says. */
int socket_connect(struct file *f, const struct socket_address *a);
int socket_accept(struct file *f, uint32_t flags, struct file **out);

/* Does a write to it that fails with EPIPE raise SIGPIPE? Only streams do. */
bool file_breaks_loudly(struct file *f);

/* Lines of /proc/net/unix after the socket @after (0: the first), whole ones only, and in *@last
 * the last one's id. Returns: bytes. */
size_t socket_list_unix(uint64_t after, char *buf, size_t cap, uint64_t *last);
/* NET_BROKER: does a socket of that id live? */
bool socket_unix_lives(uint64_t id);

#endif
