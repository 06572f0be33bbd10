/* The receive loop. Threads share one endpoint and nothing else; `idle` counts those that
 * wait in it, and `taken` has a bit for each of the static workers that has a thread. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <service/service.h>

/* Static, so that serving a request allocates nothing; untouched pages cost nothing. */
struct worker {
	char request[IPC_MAX_DATA + 1];
	char reply[IPC_MAX_DATA];
};

static struct worker workers[SERVICE_MAX_THREADS];
static atomic_uint taken;
static atomic_int idle;
static const struct service *service;
static int endpoint;

static void take_request(struct worker *worker, const struct ipc_message *msg, struct service_call *call)
{
	memcpy(call->words, msg->words, sizeof(call->words));
	worker->request[msg->data_len] = '\0';
	call->data = worker->request;
	call->data_len = msg->data_len;
	call->nhandles = msg->nhandles;
	for (unsigned int i = 0; i < IPC_MAX_TRANSFER_HANDLES; i++)
		call->handles[i] = i < msg->nhandles ? msg->handles[i] : -1;
	call->caller_pid = (uint32_t)msg->badge;
	call->is_from_kernel = msg->badge & IPC_BADGE_KERNEL;
	call->is_retry = msg->flags & IPC_RETRY;
	call->is_async = msg->flags & IPC_ASYNC;
	call->request_id = msg->request_id;
	memset(call->reply_words, 0, sizeof(call->reply_words));
	call->reply = worker->reply;
	call->reply_len = 0;
}

static void send_reply(const struct service_call *call, uint64_t token, int status)
{
	struct ipc_message msg = { 0 };
	int err;

	memcpy(msg.words, call->reply_words, sizeof(msg.words));
	msg.words[0] = (uint64_t)(int64_t)status;
	msg.data = (uintptr_t)call->reply;
	msg.data_len = call->reply_len;
	err = nucleus_ipc_reply(token, &msg);
	if (err != -E2BIG)
		return;	/* -EINVAL: the caller was interrupted and has left */

	/* The caller's buffer is too small for what it asked: it must not wait for ever. */
	memset(&msg, 0, sizeof(msg));
	msg.words[0] = (uint64_t)(int64_t)-E2BIG;
	nucleus_ipc_reply(token, &msg);
}

static void close_handles(const struct service_call *call)
{
	for (unsigned int i = 0; i < call->nhandles; i++)
		if (call->handles[i] >= 0)
			nucleus_close(call->handles[i]);
}

static void *worker_main(void *arg);

static unsigned int pool_size(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

/* Returns: the index of a worker that had no thread; -1: all have one. */
static int take_worker(void)
{
	unsigned int bits = atomic_load(&taken), index;

	do {
		if (pool_size(bits) >= service->max_threads)
			return -1;
		index = (unsigned int)__builtin_ctz(~bits);
	} while (!atomic_compare_exchange_weak(&taken, &bits, bits | 1u << index));
	return (int)index;
}

static void give_worker(int index)
{
	atomic_fetch_and(&taken, ~(1u << index));
}

/* Start a thread on a free worker; without one, or without memory, the pool stays as it is. */
static void start_worker(void)
{
	int index = take_worker();
	pthread_attr_t attr;
	pthread_t thread;

	if (index < 0)
		return;
	atomic_fetch_add(&idle, 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, SERVICE_STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, worker_main, &workers[index])) {
		atomic_fetch_sub(&idle, 1);
		give_worker(index);
		service_log_warn("no thread for worker %d", index);
	}
	pthread_attr_destroy(&attr);
}

#ifdef CONFIG_DEBUG
#define FREES_TO_BE_LOOKED_AT 1000	/* the checked heap keeps fewer blocks waiting */

static __attribute__((noinline)) void write_after_free(void)
{
	char *block = malloc(64), *alias = block;

	/* The compiler is not to know that it is the same, nor that the others are of no use. */
	__asm__ volatile("" : "+r"(alias));
	free(block);
	if (alias)
		alias[8] = 1;
	for (int i = 0; i < FREES_TO_BE_LOOKED_AT; i++) {
		block = malloc(1);
		__asm__ volatile("" : "+r"(block));
		free(block);
	}
}
#else
static void write_after_free(void)
{
}
#endif

/* As DEBUG_CRASH asks: to see that the report names the place. */
static __attribute__((noinline)) void crash_on_request(uint64_t how)
{
	volatile int *null = NULL;

	if (how == IPC_CRASH_HEAP) {
		write_after_free();
		return;
	}
	/* The compiler would turn a visible null write into ud2. */
	__asm__ volatile("" : "+r"(null));
	*null = 1;
}

static void serve_one(struct worker *worker, const struct ipc_message *msg)
{
	struct service_call call;
	int status;

	if (atomic_fetch_sub(&idle, 1) == 1)
		start_worker();
	take_request(worker, msg, &call);
	if (call.is_from_kernel && call.is_async && call.words[0] == IPC_CRASH)
		crash_on_request(call.words[1]);
	status = service->handle(&call);
	if (!call.is_async)
		send_reply(&call, msg->token, status);
	close_handles(&call);
	atomic_fetch_add(&idle, 1);
}

/* Serving one request starts a second thread: fewer would come back at once. */
static unsigned int pool_floor(void)
{
	return service->threads > 2 ? service->threads : 2;
}

/* Whether the pool shrinks by the thread of @worker, which is idle and counted no more if so. Somebody
 * else must be idle: who took the last request relied on it. */
static bool leave_pool(const struct worker *worker)
{
	unsigned int bit = 1u << (worker - workers), bits = atomic_load(&taken);
	int n = atomic_load(&idle);

	do {
		if (n < 2)
			return false;
	} while (!atomic_compare_exchange_weak(&idle, &n, n - 1));
	do {
		if (pool_size(bits) <= pool_floor()) {
			atomic_fetch_add(&idle, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&taken, &bits, bits & ~bit));
	return true;
}

/* Worker 0 is the main thread, which stays. In a pool that is not too large nobody needs to look again. */
static uint64_t patience_ns(const struct worker *worker)
{
	return worker != workers && pool_size(atomic_load(&taken)) > pool_floor() ? SERVICE_IDLE_NS : 0;
}

/* Returns: 0 if the pool has no need of this thread any more, or the error that ended the loop. */
static int serve(struct worker *worker)
{
	unsigned int flags = service->accepts_handles ? IPC_ACCEPT_HANDLES : 0;
	struct ipc_message msg;
	int err;

	for (;;) {
		memset(&msg, 0, sizeof(msg));
		msg.data = (uintptr_t)worker->request;
		msg.data_len = IPC_MAX_DATA;
		msg.flags = flags;
		msg.deadline_ns = patience_ns(worker);
		err = nucleus_ipc_recv(endpoint, &msg, flags);
		if (err == -ETIMEDOUT && leave_pool(worker))
			return 0;
		if (err == -EINTR || err == -ETIMEDOUT)
			continue;
		if (err)
			return err;
		serve_one(worker, &msg);
	}
}

static void *worker_main(void *arg)
{
	int err = serve(arg);

	if (!err) {
		if (service->thread_end)
			service->thread_end();
		return NULL;
	}
	/* The endpoint is the whole service's: without it none of the threads has work. */
	service_log_error("receive failed: error %d", -err);
	exit(EXIT_FAILURE);
}

/* A first handle may be 0, which to registering means none. */
static int create_endpoint(void)
{
	int first = nucleus_ipc_create();
	int second;

	if (first)
		return first;
	second = nucleus_ipc_create();
	nucleus_close(first);
	return second;
}

int service_main(const struct service *new_service)
{
	int err;

	service = new_service;
	if (service->max_threads > SERVICE_MAX_THREADS || service->threads > service->max_threads || !service->threads) {
		service_log_error("bad pool: %u of %u threads", service->threads, service->max_threads);
		return EXIT_FAILURE;
	}
	err = service->start ? service->start() : 0;
	if (err) {
		service_log_error("start failed: error %d", -err);
		return EXIT_FAILURE;
	}

	endpoint = create_endpoint();
	if (endpoint < 0) {
		service_log_error("no endpoint: error %d", -endpoint);
		return EXIT_FAILURE;
	}
	err = nucleus_register_service(service->id, endpoint);
	if (err) {
		service_log_error("registering id %u failed: error %d", service->id, -err);
		return EXIT_FAILURE;
	}

	/* Worker 0 is this thread. */
	atomic_store(&taken, 1);
	atomic_store(&idle, 1);
	for (unsigned int i = 1; i < service->threads; i++)
		start_worker();
	worker_main(&workers[0]);
	return EXIT_FAILURE;
}
