/* kernel/ipc-runtime/include/ipc/endpoint.h: endpoints, calls, services.
 *
 * A call is a request object on its endpoint: queued, delivered, replied or dead.
 * A service's endpoint outlives the process that serves it: when that dies,
 * delivered requests are queued again and marked IPC_RETRY; callers park at most
 * IPC_PARK_NS while nobody serves. Any other endpoint dies with its server: -EPIPE.
 *
 * Locking: endpoint->lock (ENDPOINT). Calls sleep; the caller holds no spinlock and
 * no lease.
 */
#ifndef IPC_ENDPOINT_H
#define IPC_ENDPOINT_H

#include <albireo/native.h>
#include <albireo/services.h>
#include <ds/list.h>
#include <object/object.h>

#define IPC_PARK_NS (5ull * NSEC_PER_SEC)
#define IPC_SERVICE_DEADLINE_NS (30ull * NSEC_PER_SEC)

struct endpoint;

int endpoint_create(void *owner_process, uint32_t rank, struct endpoint **out);	/* a reference */
struct object *endpoint_object(struct endpoint *ep);
struct endpoint *endpoint_from_object(struct object *obj);
/* The owner's process died: see above. */
void endpoint_owner_died(void *owner_process);

/* @process serves @id from now on, by the service's own endpoint (service_endpoint()): the
 * caller of the native call gets that in its handle's place. A service stops serving by
 * ending. Returns: 0; -EINVAL no such service; -EBUSY another process serves it. */
int service_register(uint32_t id, void *process);
struct endpoint *service_endpoint(uint32_t id);	/* a reference; never NULL for a known id */

/* A call from the kernel to a service. words, data and handles go in and come back
 * through @m, whose data pointers are kernel addresses here. Not interruptible: the
 * handlers are bounded. */
struct ipc_kernel_call {
	uint64_t words[IPC_WORDS];
	const void *data;
	uint32_t data_len;
	void *reply_data;
	uint32_t reply_cap;
	uint32_t reply_len;		/* out */
	uint64_t request_id;		/* out: what the service knew the request by */
	struct object *send_handle;	/* one object to pass, or NULL; a reference is taken */
	uint32_t send_rights;
	uint64_t badge_pid;		/* on whose behalf; 0: the current process */
	uint64_t deadline_ns;		/* relative; 0: IPC_SERVICE_DEADLINE_NS */
};
/* Returns: 0 when a reply came (look at words[0]); -ETIMEDOUT; -ENOMEM; -EDEADLK. */
int ipc_call_service(uint32_t service_id, struct ipc_kernel_call *c);

/* Does the request wait until somebody serves @service_id? */
bool service_request_waits(uint32_t service_id, uint64_t request_id);

/* Asynchronous notification to a service. The storage is the caller's and is free
 * again when @done (may be NULL) runs, in process context of the receiver; kept over
 * a restart until a receiver took it. */
struct ipc_notification {
	struct list_node node;
	uint64_t words[IPC_WORDS];
	void (*done)(struct ipc_notification *n);
	bool is_queued;
};
void ipc_notify_service(uint32_t service_id, struct ipc_notification *n);
/* Wait until the service has done what it was notified of. Returns: 0; -EINTR; -ETIMEDOUT. Sleeps. */
int ipc_settle_service(uint32_t service_id, uint64_t deadline_ns);

/* There is work for a service: one that is started by its first call is started, if nobody has called it yet.
 * Context: any but interrupts. */
void ipc_want_service(uint32_t service_id);

/* Make the endpoints of the known services. Boot. */
void ipc_init(void);

/* Native calls; @um is a user pointer. */
int ipc_sys_create(void);
int64_t ipc_sys_call(int handle, struct ipc_message __user *um);
int64_t ipc_sys_recv(int handle, struct ipc_message __user *um, uint32_t flags);
int64_t ipc_sys_reply(uint64_t token, const struct ipc_message __user *um);

/* What ipc-runtime needs to know of processes; filled in by ps at boot. */
struct ipc_process_ops {
	void *(*current)(void);			/* referenced nowhere: valid while current */
	struct handle_table *(*handles)(void *process);
	uint32_t (*pid)(void *process);
	uint32_t (*rank)(void *process);
	uint32_t (*capabilities)(void *process);
	const char *(*name)(void *process);
	/* Somebody calls service @id for the first time, and nobody serves it. Any context but interrupts. */
	void (*service_wanted)(uint32_t id);
	/* The process has not answered a call of the kernel's in time. Sleeps; may be NULL. */
	void (*service_stalled)(uint32_t pid);
};
extern struct ipc_process_ops ipc_process_ops;

#endif
