/* service/service.h: the frame of a service: its endpoint, its threads, its log lines.
 *
 *	static int handle(struct service_call *call) { switch (call->words[0]) ... }
 *
 *	static const struct service service = {
 *		.name = "exampled", .id = SERVICE_EXAMPLED, .handle = handle,
 *		.threads = 1, .max_threads = 4,
 *	};
 *
 *	int main(void) { return service_main(&service); }
 *
 * service_main() registers the endpoint under the id and receives on `threads`
 * threads. When the last idle one takes a request, one more is started, up to
 * `max_threads`; one that had no work for SERVICE_IDLE_NS ends, down to `threads` and
 * to the two that any request makes. Requests on different threads run side
 * by side: what handlers share, they lock. A handler is bounded: what may wait
 * for ever is parked in the kernel, never here (DECISIONS 16).
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/native.h>
#include <albireo/services.h>
#include <nucleus/nucleus.h>

#define SERVICE_MAX_THREADS 32
#define SERVICE_STACK_BYTES (64u << 10)
#define SERVICE_IDLE_NS 1000000000ull

/* One request, alive while its handler runs. */
struct service_call {
	uint64_t words[IPC_WORDS];	/* [0]: the operation */
	const char *data;		/* what came with it; a NUL follows data[data_len - 1] */
	uint32_t data_len;
	uint32_t nhandles;
	int handles[IPC_MAX_TRANSFER_HANDLES];	/* closed after the handler; -1: it kept this one */
	uint32_t caller_pid;		/* who calls, or for whom the kernel calls */
	bool is_from_kernel;
	bool is_retry;			/* delivered before, to this service's predecessor */
	bool is_async;			/* nobody waits for an answer */
	uint64_t request_id;		/* the same over restarts */

	uint64_t reply_words[IPC_WORDS];	/* [1] and up; [0] is the handler's return value */
	char *reply;			/* room for IPC_MAX_DATA bytes */
	uint32_t reply_len;
};

struct service {
	const char *name;
	uint32_t id;			/* enum service_id */
	unsigned int threads;
	unsigned int max_threads;	/* at most SERVICE_MAX_THREADS */
	bool accepts_handles;
	/* Before the first request, on the main thread. Returns: 0, or the error the process ends with. */
	int (*start)(void);
	/* Returns: 0 or a negative errno, the reply's words[0]. */
	int (*handle)(struct service_call *call);
	/* On a thread that ends; its last reply has gone out. NULL: it has nothing of its own. */
	void (*thread_end)(void);
};

/* Serve until the endpoint is gone.
 * Returns: an exit status; the supervisor starts the service anew. */
int service_main(const struct service *service);

/* One log line of at most 255 bytes. */
void service_log(enum nucleus_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void service_vlog(enum nucleus_log_level level, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

#define service_log_debug(...) service_log(NUCLEUS_LOG_DEBUG, __VA_ARGS__)
#define service_log_info(...) service_log(NUCLEUS_LOG_INFO, __VA_ARGS__)
#define service_log_warn(...) service_log(NUCLEUS_LOG_WARN, __VA_ARGS__)
#define service_log_error(...) service_log(NUCLEUS_LOG_ERROR, __VA_ARGS__)

#endif
