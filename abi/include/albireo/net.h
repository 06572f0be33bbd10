/* abi/include/albireo/net.h: what the kernel and netd say to each other.
 *
 * netd owns the names of sockets: which socket of the kernel's has one. Data, queues and
 * connections are the kernel's. A socket is named by a number that the kernel never uses again.
 * A name belongs to its socket until that is closed, so that an answer is true for as long
 * as the socket lives; the kernel keeps answers as LEASE_SOCKET leases, and asks again when the
 * socket of one is gone.
 *
 * Two name spaces: a node of vfsd's (a socket's file; what that is called and who may use it
 * is vfsd's and the kernel's matter) and, for each type of socket, abstract names.
 */
#ifndef ALBIREO_NET_H
#define ALBIREO_NET_H

#define NETD_NAME_MAX 107	/* bytes of an abstract name after its leading NUL */

enum netd_op {
	/* socket, node (0: an abstract name), type of socket | data: the abstract name.
	 * 0: the name is the socket's, also when it was before. -EADDRINUSE another living socket's;
	 * -EINVAL the socket has another name; -ENOSPC. */
	NETD_BIND = 1,
	/* socket, type. Give the socket an abstract name nobody has (or tell the one it has):
	 * five hexadecimal digits. Reply: data: the name. -ENOSPC. */
	NETD_BIND_ANY,
	/* node (0: an abstract name), type | data: the abstract name. Reply: [1] socket, [2] netd's
	 * sequence number. -ECONNREFUSED nobody's. */
	NETD_FIND,
	/* socket. It is closed; asynchronous. */
	NETD_RELEASE,
	/* Reply: [1] names, [2] netd's sequence number, [3] times that netd was started. Anybody may ask. */
	NETD_STATUS,
};

/* The subject of a LEASE_SOCKET: the node, or the name space of a type's abstract names; its key is
 * the abstract name. */
#define NET_LEASE_SUBJECT(node, type) ((node) ? (node) : ~(uint64_t)(type))

/* NET_BROKER(op, socket) */
#define NET_SOCKET_LIVES 1	/* 1, or 0 for a closed one */

#endif
