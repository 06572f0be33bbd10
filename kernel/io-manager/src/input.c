/* kernel/io-manager/src/input.c: from a driver's event to the queues of those who read the device. */
#include "input.h"

#include <albireo/native.h>

#include <errno.h>
#include <io/module.h>
#include <mm/heap.h>
#include <nucleus/atomic.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>

#include <string.h>

#include <linux/time.h>

#define USEC_PER_SEC 1000000ull
#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define REPEAT_DELAY_MS 250
#define REPEAT_PERIOD_MS 33
#define KEY_RELEASED 0
#define KEY_PRESSED 1
#define KEY_REPEATED 2

struct spinlock input_lock = SPINLOCK_INIT(INPUT);
static struct input_device *devices[INPUT_MAX_DEVICES];

static struct input_device *find_locked(uint32_t index)
{
	return index < INPUT_MAX_DEVICES ? devices[index] : NULL;
}

struct input_device *input_device_get(uint32_t index)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);
	struct input_device *d = find_locked(index);

	if (d && d->is_gone)
		d = NULL;
	if (d)
		d->refs++;
	spin_unlock_irqrestore(&input_lock, flags);
	return d;
}

void input_device_put(struct input_device *d)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);
	bool is_last = !--d->refs;

	spin_unlock_irqrestore(&input_lock, flags);
	if (is_last)
		kfree(d);
}

bool input_device_is_listed(uint32_t index, bool *is_gone)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);
	const struct input_device *d = find_locked(index);

	*is_gone = d && d->is_gone;
	spin_unlock_irqrestore(&input_lock, flags);
	return d;
}

int input_device_forget(uint32_t index)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);
	struct input_device *d = find_locked(index);
	int err = !d ? -ENODEV : d->is_gone ? 0 : -EBUSY;

	if (!err)
		devices[index] = NULL;
	spin_unlock_irqrestore(&input_lock, flags);
	if (!err)
		input_device_put(d);
	return err;
}

/* ---- queues ---- */

static struct input_record record_of(const struct input_reader *r, uint16_t type, uint16_t code, int32_t value)
{
	uint64_t ns = r->clock == CLOCK_REALTIME ? clock_realtime_ns() : clock_monotonic_ns();
	uint64_t usec = ns / NSEC_PER_USEC;

	return (struct input_record){ (int64_t)(usec / USEC_PER_SEC), (int64_t)(usec % USEC_PER_SEC), type, code, value };
}

static void put(struct input_reader *r, struct input_record record)
{
	r->queue[r->head++ % INPUT_QUEUE_EVENTS] = record;
}

void input_drop_queue(struct input_reader *r)
{
	r->tail = r->packet_end = r->head;
	r->device->ndropped++;
	put(r, record_of(r, EV_SYN, SYN_DROPPED, 0));
}

static void enqueue(struct input_reader *r, uint16_t type, uint16_t code, int32_t value)
{
	bool is_end = type == EV_SYN && code == SYN_REPORT;

	if (r->head - r->tail == INPUT_QUEUE_EVENTS || fault_should_fail(FAULT_INPUT_ENQUEUE))
		input_drop_queue(r);
	put(r, record_of(r, type, code, value));
	if (!is_end)
		return;
	r->packet_end = r->head;
	waitq_wake_all(&r->wait, 0);
}

static void enqueue_all(struct input_device *d, uint16_t type, uint16_t code, int32_t value)
{
	struct input_reader *r;

	if (d->grabbed_by) {
		enqueue(d->grabbed_by, type, code, value);
		return;
	}
	LIST_FOR_EACH_ENTRY(r, &d->readers, node)
		enqueue(r, type, code, value);
}

/* ---- events ---- */

static void assign(uint8_t *bits, unsigned n, bool is_set)
{
	bits[n / 8] = (uint8_t)((bits[n / 8] & ~(1u << n % 8)) | (is_set ? 1u << n % 8 : 0));
}

static void start_repeat(struct input_device *d, uint16_t code, int32_t value)
{
	if (!INPUT_HAS(d->driver->types, EV_REP) || d->driver->repeats_itself || value == KEY_REPEATED)
		return;
	d->repeat_code = value == KEY_PRESSED ? code : 0;
	if (d->repeat_code && d->repeat_delay_ms)
		ktimer_start(&d->repeat, clock_monotonic_ns() + d->repeat_delay_ms * NSEC_PER_MSEC);
}

static bool take_key(struct input_device *d, uint16_t code, int32_t value)
{
	if (!INPUT_HAS(d->driver->keys, code))
		return false;
	if (value == KEY_REPEATED)
		return INPUT_HAS(d->held, code);
	if (INPUT_HAS(d->held, code) == (value != KEY_RELEASED))
		return false;
	assign(d->held, code, value != KEY_RELEASED);
	start_repeat(d, code, value);
	return true;
}

static bool take_axis(struct input_device *d, uint16_t code, int32_t value)
{
	if (!INPUT_HAS(d->driver->absolute, code) || d->driver->axes[code].value == value)
		return false;
	d->driver->axes[code].value = value;
	return true;
}

static bool take_led(struct input_device *d, uint16_t code, int32_t value)
{
	if (!INPUT_HAS(d->driver->leds, code) || INPUT_HAS(d->lit, code) == (value != 0))
		return false;
	assign(d->lit, code, value != 0);
	return true;
}

/* Whether the event changes anything that readers should hear of. */
static bool take(struct input_device *d, uint16_t type, uint16_t code, int32_t value)
{
	switch (type) {
	case EV_SYN:
		return code == SYN_REPORT && d->in_packet;
	case EV_KEY:
		return take_key(d, code, value);
	case EV_REL:
		return INPUT_HAS(d->driver->relative, code) && value;
	case EV_ABS:
		return take_axis(d, code, value);
	case EV_MSC:
		return INPUT_HAS(d->driver->misc, code);
	case EV_LED:
		return take_led(d, code, value);
	}
	return false;
}

void input_deliver(struct input_device *d, uint16_t type, uint16_t code, int32_t value)
{
	if (!take(d, type, code, value))
		return;
	d->nevents++;
	d->in_packet = type == EV_SYN ? 0 : d->in_packet + 1;
	enqueue_all(d, type, code, value);
}

void drv_input_event(struct drv_input *driver, uint16_t type, uint16_t code, int32_t value)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);

	if (driver->io)
		input_deliver(driver->io, type, code, value);
	spin_unlock_irqrestore(&input_lock, flags);
}

static void repeat(struct ktimer *t)
{
	struct input_device *d = t->context;
	uint64_t flags = spin_lock_irqsave(&input_lock);

	if (d->repeat_code && INPUT_HAS(d->held, d->repeat_code)) {
		input_deliver(d, EV_KEY, d->repeat_code, KEY_REPEATED);
		input_deliver(d, EV_SYN, SYN_REPORT, 1);
		if (d->repeat_period_ms)
			ktimer_start(t, clock_monotonic_ns() + d->repeat_period_ms * NSEC_PER_MSEC);
	}
	spin_unlock_irqrestore(&input_lock, flags);
}

int input_stats(uint32_t index, struct input_stats *out)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);
	int err = -ENODEV;

	for (uint32_t i = 0; err && i < INPUT_MAX_DEVICES; i++) {
		const struct input_device *d = devices[i];

		if (!d || d->is_gone || index--)
			continue;
		memcpy(out->name, d->driver->name, sizeof(out->name));
		out->events = d->nevents;
		out->dropped = d->ndropped;
		err = 0;
	}
	spin_unlock_irqrestore(&input_lock, flags);
	return err;
}

int drv_input_add(struct drv_input *driver)
{
	struct input_device *d = kmalloc(sizeof(*d), 0);
	uint32_t index = 0;
	uint64_t flags;

	if (!d)
		return -ENOMEM;
	d->driver = driver;
	d->refs = 1;
	d->repeat_delay_ms = REPEAT_DELAY_MS;
	d->repeat_period_ms = REPEAT_PERIOD_MS;
	list_init(&d->readers);
	ktimer_init(&d->repeat, repeat, d);
	flags = spin_lock_irqsave(&input_lock);
	while (index < INPUT_MAX_DEVICES && devices[index])
		index++;
	if (index < INPUT_MAX_DEVICES) {
		devices[index] = d;
		driver->io = d;
	}
	spin_unlock_irqrestore(&input_lock, flags);
	if (index == INPUT_MAX_DEVICES) {
		kfree(d);
		return -ENOSPC;
	}
	log_info(INPUT, "event%u: %s", index, driver->name);
	device_changed();
	return 0;
}

void drv_input_remove(struct drv_input *driver)
{
	struct input_device *d = driver->io;
	struct input_reader *r;
	uint64_t flags;

	if (!d)
		return;
	flags = spin_lock_irqsave(&input_lock);
	driver->io = NULL;
	d->is_gone = true;
	d->repeat_code = 0;
	LIST_FOR_EACH_ENTRY(r, &d->readers, node)
		waitq_wake_all(&r->wait, 0);
	spin_unlock_irqrestore(&input_lock, flags);
	(void)ktimer_cancel(&d->repeat);
	log_info(INPUT, "%s is gone", driver->name);
	/* It stays in the list until devmgrd, which may be away, has taken its name back. */
	device_changed();
}
