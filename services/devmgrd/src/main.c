/* devmgrd: names of devices that come and go, and drivers for them.
 *
 * A thread waits for the kernel's inventory to change and follows it; who needs its result asks
 * for it. Nothing survives a restart: see names.h. `lock` guards `seen`. */
#include <errno.h>
#include <pthread.h>

#include <service/service.h>

#include "names.h"

#define LAUNCHER_PID 1

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress = PTHREAD_COND_INITIALIZER;
static uint64_t seen;	/* the names are as the inventory was then */

static void follow(uint64_t generation)
{
	names_update();
	pthread_mutex_lock(&lock);
	seen = generation;
	pthread_cond_broadcast(&progress);
	pthread_mutex_unlock(&lock);
}

static void *watch(void *unused)
{
	struct device_call call = { .op = DEVICE_WAIT };
	int err;

	(void)unused;
	do {
		err = nucleus_device(&call);
		if (!err)
			follow(call.generation);
	} while (!err || err == -EINTR);
	service_log_error("cannot wait for devices: error %d", -err);
	return NULL;
}

static int start(void)
{
	pthread_t thread;

	return -pthread_create(&thread, NULL, watch, NULL);
}

static int settle(const struct service_call *call)
{
	struct device_call now = { .op = DEVICE_WAIT };
	int err;

	if (call->caller_pid != LAUNCHER_PID)
		return -EACCES;
	err = nucleus_device(&now);
	if (err)
		return err;
	pthread_mutex_lock(&lock);
	while (seen < now.generation)
		pthread_cond_wait(&progress, &lock);
	pthread_mutex_unlock(&lock);
	return 0;
}

static int handle(struct service_call *call)
{
	return call->words[0] == DEVMGRD_SETTLE ? settle(call) : -ENOSYS;
}

static const struct service devmgrd = {
	.name = "devmgrd", .id = SERVICE_DEVMGRD, .threads = 1, .max_threads = 2, .start = start, .handle = handle,
};

int main(void)
{
	return service_main(&devmgrd);
}
