/* inputd: who may read the keyboard, the mouse and their kin.
 *
 * The seat is all it knows; files that are open stay so. `lock` guards it. */
#include <errno.h>
#include <pthread.h>

#include <albireo/input.h>
#include <service/service.h>
#include <service/state.h>

#include "seat.h"

#define LAUNCHER_PID 1
#define FIRST_BYTES STATE_MIN_BYTES

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct state arena;

static int open_device(const struct service_call *call)
{
	uint32_t euid = (uint32_t)call->words[2];
	bool may;

	pthread_mutex_lock(&lock);
	may = seat_may_open(euid);
	pthread_mutex_unlock(&lock);
	if (!may)
		service_log_info("inputd: refused device=%u euid=%u pid=%u", (uint32_t)call->words[1], euid, call->caller_pid);
	return may ? 0 : -EACCES;
}

static int count_devices(struct service_call *call)
{
	struct input_stats stats;
	uint32_t n = 0;

	while (!nucleus_input_stats(n, &stats))
		n++;
	call->reply_words[1] = n;
	return 0;
}

static int set_seat(const struct service_call *call)
{
	int err;

	pthread_mutex_lock(&lock);
	err = seat_give((uint32_t)call->words[1]);
	pthread_mutex_unlock(&lock);
	return err;
}

static int handle(struct service_call *call)
{
	if (call->words[0] == INPUTD_OPEN && call->is_from_kernel)
		return open_device(call);
	if (call->caller_pid != LAUNCHER_PID)
		return -EACCES;
	switch (call->words[0]) {
	case INPUTD_COUNT:
		return count_devices(call);
	case INPUTD_SEAT:
		return set_seat(call);
	}
	return -ENOSYS;
}

static int start(void)
{
	int err = service_state_open(&arena, FIRST_BYTES);

	if (err >= 0)
		err = seat_open(&arena);
	if (err)
		service_log_error("inputd: no seat: error %d", -err);
	return err;
}

static const struct service inputd = {
	.name = "inputd", .id = SERVICE_INPUTD, .threads = 1, .max_threads = 2, .start = start, .handle = handle,
};

int main(void)
{
	return service_main(&inputd);
}
