/* kernel/ipc-runtime/src/internal.h: endpoints and requests, as ipc-runtime's files share them. */
#ifndef IPC_INTERNAL_H
#define IPC_INTERNAL_H

#include <ds/list.h>
#include <ipc/endpoint.h>
#include <sched/wait.h>

#define INLINE_BYTES 512

/* A thread in IPC_RECV, on its stack. */
struct receiver {
	struct list_node node;
	struct thread *thread;
	struct ipc_request *request;	/* given by a caller that handed off */
};

enum request_state { REQUEST_QUEUED, REQUEST_DELIVERED, REQUEST_REPLIED, REQUEST_FAILED };

/* Data of a message in kernel memory: inline when short. */
struct message_data {
	void *bytes;
	uint32_t len;
	uint8_t small[INLINE_BYTES];
};

/* One call. Referenced by its caller and by the endpoint while queued or delivered.
 * endpoint->lock guards state and lists; what was sent is constant, what is replied is
 * the replier's until state says so. */
struct ipc_request {
	refcount_t refs;
	struct list_node node;		/* endpoint->queued or ->delivered */
	struct list_node id_node;	/* by id, while delivered */
	struct endpoint *endpoint;
	uint32_t state;
	int32_t error;			/* of a failed one */
	uint64_t id;
	uint64_t badge;
	bool is_retry;
	struct thread *caller;
	uint64_t words[IPC_WORDS];
	struct object *handles[IPC_MAX_TRANSFER_HANDLES];
	uint32_t rights[IPC_MAX_TRANSFER_HANDLES];
	uint32_t nhandles;
	struct message_data data;
	uint64_t reply_words[IPC_WORDS];
	struct object *reply_handles[IPC_MAX_TRANSFER_HANDLES];
	uint32_t reply_rights[IPC_MAX_TRANSFER_HANDLES];
	uint32_t nreply_handles;
	uint32_t reply_cap;
	struct message_data reply;
};

struct endpoint {
	struct object object;
	struct spinlock lock;		/* ENDPOINT */
	struct list_node all_node;
	struct list_node queued, delivered, receivers, notifications;
	uint32_t nnoted;		/* threads of the owner that work on a notification */
	struct wait_queue quiet;	/* no notification waits or is worked on */
	uint32_t nsettling;		/* who waits there */
	void *owner;			/* process that serves; NULL: nobody */
	uint32_t owner_pid;
	uint32_t rank;
	uint32_t service_id;		/* 0: an ordinary endpoint, dies with its owner */
	uint64_t unserved_since_ns;
	bool is_dead;
	bool is_wanted;			/* a service's: it was called, or has served, once */
};

/* Room for @len bytes in @d. Returns: 0; -E2BIG; -ENOMEM. */
int message_data_reserve(struct message_data *d, uint32_t len);
void message_data_release(struct message_data *d);

struct ipc_request *request_create(struct endpoint *ep, uint64_t badge);
void request_put(struct ipc_request *r);
/* Queue @r, hand the CPU to a receiver, and wait. Returns: 0 replied; -EPIPE -ETIMEDOUT -EINTR. */
int request_call(struct ipc_request *r, uint64_t deadline_ns, uint32_t interrupt_mask);
/* A delivered request by its token, taken off its lists; the endpoint's reference goes to
 * the caller of this. NULL: stale. */
struct ipc_request *request_take_delivered(uint64_t token, void *process);
/* No token leads to it any more. endpoint->lock is held. */
void request_id_remove(struct ipc_request *r);
/* Not answered after all: back among the delivered ones. */
void request_untake(struct ipc_request *r);
void request_finish(struct ipc_request *r, int error);
/* Whoever receives on an ordinary endpoint serves it; a service's is served by who registered.
 * Returns: whether @process serves @ep now. */
bool endpoint_serve(struct endpoint *ep, void *process);
/* Take from @ep the next request or notification; one of both is set. Sleeps until @deadline_ns (0: none).
 * Returns: 0; -EINTR; -EPIPE; -ETIMEDOUT. */
int endpoint_receive(struct endpoint *ep, uint64_t deadline_ns, struct ipc_request **r, struct ipc_notification **n);
/* Not acceptable to its receiver: the sender gets @error. */
void endpoint_refuse(struct ipc_request *r, int error);

#endif
