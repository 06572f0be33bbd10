/* kernel/compat/src/nt/iocp.h: completion ports and the files that report to them. */
#ifndef COMPAT_NT_IOCP_H
#define COMPAT_NT_IOCP_H

#include "nt.h"

/* What an open file knows of its port; all zero: it has none. Its owner's lock guards it. */
struct nt_iocp_binding {
	struct object *port;	/* a reference */
	uint64_t key;
};

/* Bind to the port of @handle. Returns: STATUS_SUCCESS; STATUS_INVALID_PARAMETER it is bound already;
 * what nt_handle_lookup() says. */
ntstatus nt_iocp_bind(struct nt_iocp_binding *b, uint64_t handle, uint64_t key);
void nt_iocp_unbind(struct nt_iocp_binding *b);	/* fine when not bound */
/* Queue a packet; @b is bound. 0, STATUS_NO_MEMORY. */
ntstatus nt_iocp_post(const struct nt_iocp_binding *b, uint64_t apc_context, ntstatus status, uint64_t information);
/* An operation of the file ended. Nothing without a port or an @apc_context. 0, STATUS_NO_MEMORY. */
ntstatus nt_iocp_report(const struct nt_iocp_binding *b, uint64_t apc_context, ntstatus status, uint64_t information);

#endif
