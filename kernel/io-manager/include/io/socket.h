/* kernel/io-manager/include/io/socket.h: what goes with the bytes of a socket.
 *
 * read and write of a socket's file take it in io_request.control; NULL: bytes alone, and
 * files that came with them are dropped.
 */
#ifndef IO_SOCKET_H
#define IO_SOCKET_H

#include <io/file.h>

#define SOCKET_MAX_FILES 253u	/* SCM_MAX_FD: a message carries no more */

#define SOCKET_MESSAGE_CUT 1u	/* MSG_TRUNC: a datagram was longer than the buffer */
#define SOCKET_CONTROL_CUT 2u	/* MSG_CTRUNC: more files came than there was room for */

struct socket_control {
	/* Sending: references that the first bytes sent take with them; then nfiles is 0.
	 * Receiving: room for max_files, filled with references. */
	struct file **files;
	uint32_t nfiles, max_files;
	/* Received: the sender. */
	uint32_t pid, uid, gid;
	uint32_t flags;			/* received: SOCKET_* */
	uint64_t message_bytes;		/* received datagram: its whole length (MSG_TRUNC) */
};

#endif
