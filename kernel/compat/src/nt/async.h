/* kernel/compat/src/nt/async.h: requests of the NT view that outlast the step that would have done them.
 *
 * A request is embedded in what its owner (a pipe) knows of it. The owner queues it and calls nt_async_end() when
 * it is done; the issuer calls nt_async_issue() under the owner's lock, before anybody else can see the
 * request, and nt_async_result() after it. Until nt_async_issue() an end is told by the issuing call itself; later by
 * the status block, event, APC and port, in the address space of the issuer, by whoever ended it. A
 * request on a synchronous handle is waited for instead.
 *
 * Locking: nt_process.async_lock (NT_ASYNC) guards the process's list. The rest is the owner's lock's.
 */
#ifndef COMPAT_NT_ASYNC_H
#define COMPAT_NT_ASYNC_H

#include "file.h"

struct nt_async;

struct nt_async_ops {
	/* Take it out of its queue and end it with STATUS_CANCELLED, if it waits yet. Context: process, no locks. */
	void (*cancel)(struct nt_async *a);
	void (*release)(struct nt_async *a);	/* the last reference went */
};

struct nt_async {
	const struct nt_async_ops *ops;
	refcount_t refs;
	struct list_node node;		/* of the owner's queue, which holds a reference once it is issued */
	struct list_node by_process;
	struct process *process;	/* references */
	struct ps_thread *thread;
	struct object *event;
	struct file *file;		/* not counted: a file ends its requests when it goes; NULL: of a key */
	struct nt_completion to;
	bool is_synchronous, is_alertable;
	bool is_issued;			/* its end is to be told */
	bool is_cancelled;		/* somebody has asked for it; async_lock */
	bool is_done;			/* source's lock */
	ntstatus status;
	uint64_t information;
	struct wait_source source;	/* the issuer's, of a synchronous one */
};

/* Begin a request of the calling thread on @f (NULL: an asynchronous one of no file); the caller's is the one reference. The event is reset.
 * Returns: STATUS_SUCCESS; what nt_completion_begin() says, and then @a holds nothing. */
ntstatus nt_async_begin(struct nt_async *a, const struct nt_async_ops *ops, struct file *f, const struct nt_completion *c);
/* It waits: under the owner's lock. */
void nt_async_issue(struct nt_async *a);
/* It is done and in no queue: under the owner's lock. Drops the queue's reference, if it was issued. */
void nt_async_end(struct nt_async *a, ntstatus status, uint64_t information);
/* What the issuing call returns, the issuer's reference dropped: an end at once is told, a synchronous
 * request is waited for, else STATUS_PENDING. Context: process, no locks. */
ntstatus nt_async_result(struct nt_async *a);
void nt_async_put(struct nt_async *a);
/* Copy to (@write) or from the issuer's memory, whose thread need not be the current one. False: it cannot be. */
bool nt_async_copy(const struct nt_async *a, uint64_t address, void *buf, uint32_t n, bool write);

/* Those of @thread (NULL: any) on @f (NULL: any) whose status block is @io (0: any); @synchronous ones alone, or all.
 * Returns: whether there was one. */
struct nt_async_match { const struct ps_thread *thread; const struct file *f; uint64_t io; bool synchronous; };
bool nt_async_cancel(struct process *p, const struct nt_async_match *m);

#endif
