/* kernel/compat/src/nt/query.h: the shape of NtQueryInformation*: a class, a buffer, a length that comes back. */
#ifndef COMPAT_NT_QUERY_H
#define COMPAT_NT_QUERY_H

#include "nt.h"

struct nt_query {
	uint64_t buffer;	/* user address */
	uint32_t cap;
	uint64_t length;	/* user address of a ULONG, 0: not wanted */
};

/* The arguments @a of a service that queries an object (handle, class, buffer, bytes, length wanted), checked in
 * NT's order: a class up to @last, exactly @bytes wanted, a handle of @kind with @access. *obj is a reference. */
ntstatus nt_query_begin(const uint64_t *a, enum object_kind kind, uint32_t access, uint32_t last, uint32_t bytes,
			struct nt_query *q, struct object **obj);
/* Give @n bytes to who asked: exactly as many must be wanted. */
ntstatus nt_query_put(const struct nt_query *q, const void *data, uint32_t n);
/* The same, and more room is fine. */
ntstatus nt_query_put_min(const struct nt_query *q, const void *data, uint32_t n);

/* query_processes.c: SystemProcessInformation. */
ntstatus nt_query_processes(const struct nt_query *q);

#endif
