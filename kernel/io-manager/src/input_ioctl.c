/* kernel/io-manager/src/input_ioctl.c: what programs ask of /dev/input/eventN (linux/input.h, whose own
 * header needs a C library's). */
#include <asm/ioctl.h>
#include <errno.h>
#include <linux/time.h>
#include <mm/usercopy.h>
#include <nucleus/atomic.h>
#include <string.h>

#include "input.h"

#define EVDEV_TYPE 'E'
#define EVDEV_VERSION 0x010001

enum evdev_nr {
	NR_VERSION = 0x01, NR_ID = 0x02, NR_REPEAT = 0x03, NR_NAME = 0x06, NR_PHYS = 0x07, NR_UNIQ = 0x08,
	NR_PROPERTIES = 0x09, NR_KEYS = 0x18, NR_LEDS = 0x19, NR_SOUNDS = 0x1a, NR_SWITCHES = 0x1b, NR_BITS = 0x20,
	NR_AXES = 0x40, NR_GRAB = 0x90, NR_CLOCK = 0xa0,
};

struct id { uint16_t bus, vendor, product, version; };

/* At most what the caller has room for. Returns: the bytes, as evdev does; -EFAULT. */
static int64_t give(uint64_t to, uint32_t room, const void *from, size_t bytes)
{
	size_t n = MIN(room, bytes);

	return copy_to_user((void __user *)to, from, n) ? -EFAULT : (int64_t)n;
}

/* 0 in place of the length. */
static int64_t give_whole(uint64_t to, const void *from, size_t bytes)
{
	return copy_to_user((void __user *)to, from, bytes) ? -EFAULT : 0;
}

static int64_t give_text(uint64_t to, uint32_t room, const char *text)
{
	return *text ? give(to, room, text, strlen(text) + 1) : -ENOENT;
}

/* The codes that the device has of @type; type 0 stands for the types. */
static int64_t give_bits(const struct drv_input *d, unsigned type, uint64_t to, uint32_t room)
{
	static const uint8_t none[8];

	switch (type) {
	case 0: return give(to, room, d->types, sizeof(d->types));
	case EV_KEY: return give(to, room, d->keys, sizeof(d->keys));
	case EV_REL: return give(to, room, d->relative, sizeof(d->relative));
	case EV_ABS: return give(to, room, d->absolute, sizeof(d->absolute));
	case EV_MSC: return give(to, room, d->misc, sizeof(d->misc));
	case EV_LED: return give(to, room, d->leds, sizeof(d->leds));
	case EV_SND:
	case EV_SW: return give(to, room, none, 1);
	case EV_FF: return give(to, room, none, sizeof(none));
	}
	return -EINVAL;
}

/* What is pressed or lit. Those events of the queue would tell it again. */
static int64_t give_state(struct input_reader *r, unsigned nr, uint64_t to, uint32_t room)
{
	struct input_device *d = r->device;
	uint8_t copy[sizeof(d->held)] = { 0 };
	size_t bytes = 1;
	uint64_t flags = spin_lock_irqsave(&input_lock);

	if (nr == NR_KEYS)
		memcpy(copy, d->held, bytes = sizeof(d->held));
	else if (nr == NR_LEDS)
		memcpy(copy, d->lit, bytes = sizeof(d->lit));
	spin_unlock_irqrestore(&input_lock, flags);
	return give(to, room, copy, bytes);
}

static int64_t give_axis(struct input_device *d, unsigned code, uint64_t to, uint32_t room)
{
	struct drv_input_abs axis;
	uint64_t flags;

	if (!INPUT_HAS(d->driver->types, EV_ABS))
		return -EINVAL;
	flags = spin_lock_irqsave(&input_lock);
	axis = d->driver->axes[code];
	spin_unlock_irqrestore(&input_lock, flags);
	return copy_to_user((void __user *)to, &axis, MIN(room, sizeof(axis))) ? -EFAULT : 0;
}

static int64_t grab(struct input_reader *r, bool wants)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);
	struct input_device *d = r->device;
	int64_t ret = 0;

	if (wants && d->grabbed_by)
		ret = -EBUSY;
	else if (!wants && d->grabbed_by != r)
		ret = -EINVAL;
	else
		d->grabbed_by = wants ? r : NULL;
	spin_unlock_irqrestore(&input_lock, flags);
	return ret;
}

/* Records of two clocks in one queue would tell no order: what is unread is dropped. */
static int64_t set_clock(struct input_reader *r, uint64_t from)
{
	int32_t clock;
	uint64_t flags;

	if (copy_from_user(&clock, (const void __user *)from, sizeof(clock)))
		return -EFAULT;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;
	flags = spin_lock_irqsave(&input_lock);
	if (r->clock != clock) {
		r->clock = clock;
		if (r->head != r->tail)
			input_drop_queue(r);
	}
	spin_unlock_irqrestore(&input_lock, flags);
	return 0;
}

static int64_t repeat_times(struct input_device *d, bool is_set, uint64_t arg)
{
	uint32_t times[2];

	if (!INPUT_HAS(d->driver->types, EV_REP))
		return -ENOSYS;
	if (!is_set) {
		times[0] = atomic_load(&d->repeat_delay_ms);
		times[1] = atomic_load(&d->repeat_period_ms);
		return give_whole(arg, times, sizeof(times));
	}
	if (copy_from_user(times, (const void __user *)arg, sizeof(times)))
		return -EFAULT;
	atomic_store(&d->repeat_delay_ms, times[0]);
	atomic_store(&d->repeat_period_ms, times[1]);
	return 0;
}

static int64_t ask(struct input_reader *r, unsigned nr, uint64_t arg, uint32_t room)
{
	const struct drv_input *d = r->device->driver;
	const struct id id = { d->bus, d->vendor, d->product, d->version };
	const int32_t version = EVDEV_VERSION;

	switch (nr) {
	case NR_VERSION:
		return give_whole(arg, &version, sizeof(version));
	case NR_ID:
		return give_whole(arg, &id, sizeof(id));
	case NR_REPEAT:
		return repeat_times(r->device, false, arg);
	case NR_NAME:
		return give_text(arg, room, d->name);
	case NR_PHYS:
		return give_text(arg, room, d->phys);
	case NR_UNIQ:
		return -ENOENT;
	case NR_PROPERTIES:
		return give(arg, room, d->properties, sizeof(d->properties));
	case NR_KEYS:
	case NR_LEDS:
	case NR_SOUNDS:
	case NR_SWITCHES:
		return give_state(r, nr, arg, room);
	}
	if (nr >= NR_BITS && nr < NR_BITS + EV_CNT)
		return give_bits(d, nr - NR_BITS, arg, room);
	if (nr >= NR_AXES && nr < NR_AXES + DRV_INPUT_ABS_CODES)
		return give_axis(r->device, nr - NR_AXES, arg, room);
	return -EINVAL;
}

int64_t input_ioctl(struct input_reader *r, uint32_t cmd, uint64_t arg)
{
	unsigned nr = _IOC_NR(cmd);

	if (_IOC_TYPE(cmd) != EVDEV_TYPE)
		return -EINVAL;
	if (_IOC_DIR(cmd) == _IOC_READ)
		return ask(r, nr, arg, _IOC_SIZE(cmd));
	if (_IOC_DIR(cmd) != _IOC_WRITE)
		return -EINVAL;
	switch (nr) {
	case NR_REPEAT:
		return repeat_times(r->device, true, arg);
	case NR_GRAB:
		return grab(r, arg);
	case NR_CLOCK:
		return set_clock(r, arg);
	}
	return -EINVAL;
}
