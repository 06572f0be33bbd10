/* kernel/io-manager/src/named_devices.c: the character devices that come and go, for devmgrd.
 *
 * Nothing is kept here but a count of changes: each kind's own table is asked.
 */
#include <albireo/device.h>
#include <errno.h>
#include <io/module.h>
#include <io/port.h>
#include <mm/usercopy.h>
#include <nucleus/atomic.h>
#include <sched/wait.h>

#include "device.h"
#include "input.h"
#include "screen.h"

#define MINOR_SCREEN 0u

static struct wait_queue changes;
static uint64_t generation = 1;

void device_init(void)
{
	waitq_init(&changes);
}

void device_changed(void)
{
	atomic_add(&generation, 1);
	waitq_wake_all(&changes, 0);
}

/* The @index-th of a kind. Returns: whether it is there; past the last, false. */
static bool input_at(uint32_t index, struct device_info *out)
{
	*out = (struct device_info){ DEVICE_INPUT, 0, MAJOR_INPUT, 0, 0 };
	for (uint32_t i = 0; i < INPUT_MAX_DEVICES; i++) {
		bool is_gone;

		if (!input_device_is_listed(i, &is_gone) || index--)
			continue;
		out->number = i;
		out->minor = INPUT_FIRST_MINOR + i;
		out->flags = is_gone ? DEVICE_GONE : 0;
		return true;
	}
	return false;
}

static bool screen_at(uint32_t index, struct device_info *out)
{
	*out = (struct device_info){ DEVICE_SCREEN, index, MAJOR_FB, MINOR_SCREEN + index, 0 };
	return !index && screen_memory();
}

static bool serial_at(uint32_t index, struct device_info *out)
{
	*out = (struct device_info){ DEVICE_SERIAL, index, MAJOR_TTY, MINOR_SERIAL + index, 0 };
	return !index && port_find("ttyS0");
}

static bool (*const kinds[])(uint32_t index, struct device_info *out) = { input_at, screen_at, serial_at };

static int list_at(uint32_t index, struct device_info *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint32_t n = 0;

		for (; kinds[i](n, out); n++) {
			if (n == index)
				return 0;
		}
		index -= n;
	}
	return -ENOENT;
}

bool device_any_named(void)
{
	struct device_info info;

	return !list_at(0, &info);
}

static int wait_for_change(struct device_call *call)
{
	int err = WAIT_EVENT(&changes, atomic_load(&generation) > call->generation, INTERRUPT_FATAL | INTERRUPT_SIGNAL, 0);

	call->generation = atomic_load(&generation);
	return err;
}

static int run(struct device_call *call)
{
	switch (call->op) {
	case DEVICE_LIST:
		return list_at(call->index, &call->info);
	case DEVICE_WAIT:
		return wait_for_change(call);
	case DEVICE_FORGET:
		return call->info.kind == DEVICE_INPUT ? input_device_forget(call->info.number) : -ENODEV;
	}
	return -EINVAL;
}

int64_t io_sys_device(struct device_call __user *uc)
{
	struct device_call call;
	int err;

	if (copy_from_user(&call, uc, sizeof(call)))
		return -EFAULT;
	err = run(&call);
	if (err)
		return err;
	return copy_to_user(uc, &call, sizeof(call)) ? -EFAULT : 0;
}
