/* storaged: which partitions the disks have, and what they are called.
 *
 * A thread waits for the kernel's inventory to change; whoever needs its result asks
 * for it. Whose the names are survives a restart; for the rest see inventory.h. */
#include <errno.h>
#include <pthread.h>

#include <service/service.h>
#include <service/state.h>

#include "inventory.h"

#define LAUNCHER_PID 1

struct kept {
	uint64_t owner;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct state arena;

static struct kept *kept(void)
{
	return STATE_PTR(&arena, state_root(&arena), struct kept);
}

/* Returns: 0; -ENOSPC. */
static int keep_owner(uint64_t owner)
{
	state_off_t off = state_root(&arena);

	state_begin(&arena);
	if (!off)
		off = state_alloc(&arena, sizeof(struct kept));
	if (!off) {
		state_abort(&arena);
		return -ENOSPC;
	}
	STATE_SET(&arena, &STATE_PTR(&arena, off, struct kept)->owner, owner);
	state_set_root(&arena, off);
	return state_commit(&arena);
}

static void update(void)
{
	pthread_mutex_lock(&lock);
	inventory_update();
	pthread_mutex_unlock(&lock);
}

static void *watch(void *unused)
{
	struct storage_call call = { .op = STORAGE_WAIT };
	int err;

	(void)unused;
	do {
		err = nucleus_storage(&call);
		if (!err)
			update();
	} while (!err || err == -EINTR);
	service_log_error("cannot wait for disks: error %d", -err);
	return NULL;
}

static int start(void)
{
	int err = service_state_open(&arena, STATE_MIN_BYTES);
	pthread_t thread;

	if (err < 0)
		return err;
	if (state_root(&arena))
		inventory_set_owner(kept()->owner);
	return -pthread_create(&thread, NULL, watch, NULL);
}

static int settle(const struct service_call *call)
{
	int err;

	if (call->caller_pid != LAUNCHER_PID)
		return -EACCES;
	pthread_mutex_lock(&lock);
	err = keep_owner(call->words[1]);
	if (!err) {
		inventory_give_to(call->words[1]);
		inventory_update();
	}
	pthread_mutex_unlock(&lock);
	return err;
}

static int find(struct service_call *call)
{
	const uint64_t type[2] = { call->words[1], call->words[2] };
	uint32_t id = 0;
	int err;

	if (call->caller_pid != LAUNCHER_PID)
		return -EACCES;
	pthread_mutex_lock(&lock);
	err = inventory_find(type, &id);
	pthread_mutex_unlock(&lock);
	call->reply_words[1] = id;
	return err;
}

static int rescan(const struct service_call *call)
{
	int err;

	if (!call->is_from_kernel)
		return -EACCES;
	pthread_mutex_lock(&lock);
	err = inventory_rescan((uint32_t)call->words[1]);
	pthread_mutex_unlock(&lock);
	return err;
}

static int change_loops(struct service_call *call)
{
	uint32_t number = (uint32_t)call->words[2];
	int err = -EINVAL;

	if (!call->is_from_kernel)
		return -EACCES;
	pthread_mutex_lock(&lock);
	if (call->words[1] == STORAGED_LOOP_ADD)
		err = inventory_loop_add(call->words[2], &number);
	else if (call->words[1] == STORAGED_LOOP_REMOVE)
		err = inventory_loop_remove(call->words[2]);
	else if (call->words[1] == STORAGED_LOOP_FREE)
		err = inventory_loop_free(&number);
	pthread_mutex_unlock(&lock);
	call->reply_words[1] = number;
	return err;
}

static int handle(struct service_call *call)
{
	switch (call->words[0]) {
	case STORAGED_SETTLE:
		return settle(call);
	case STORAGED_RESCAN:
		return rescan(call);
	case STORAGED_FIND:
		return find(call);
	case STORAGED_LOOP:
		return change_loops(call);
	}
	return -ENOSYS;
}

static const struct service storaged = {
	.name = "storaged", .id = SERVICE_STORAGED, .threads = 1, .max_threads = 2, .start = start, .handle = handle,
};

int main(void)
{
	return service_main(&storaged);
}
