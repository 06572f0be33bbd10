/* drivers/bridges/input/virtio-input/virtio_input.c: keyboards, mice and tablets of the host (virtio 1.1, 5.8).
 *
 * Queue 0 brings events, which are Linux's already; queue 1 takes LEDs. What the device says of
 * itself is read through a window of the configuration. */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <virtio/virtio.h>

#define NEVENTS 64
#define STATUS_EVENTS 8
#define BUS_VIRTUAL 0x06

enum config { CONFIG_SELECT = 0, CONFIG_SUBSEL = 1, CONFIG_SIZE = 2, CONFIG_DATA = 8 };
enum select { SELECT_NAME = 0x01, SELECT_IDS = 0x03, SELECT_PROPERTIES = 0x10, SELECT_BITS = 0x11, SELECT_AXIS = 0x12 };
#define CONFIG_DATA_BYTES 128

struct event { uint16_t type, code; uint32_t value; };

struct input {
	struct drv_input input;
	struct virtio_device *device;
	struct virtio_queue *events, *status;
	struct event *event_buffers, *status_buffers;
	uint32_t nstatus, next_status;	/* under way; which buffer is next */
	struct drv_lock lock;	/* the queues */
};

/* ---- configuration ---- */

/* Returns: bytes of the answer to @select, @subsel, at most @cap, in @to. */
static uint32_t ask(struct virtio_device *d, uint8_t select, uint8_t subsel, uint8_t *to, uint32_t cap)
{
	uint32_t n;

	d->ops->set_config(d, CONFIG_SELECT, 1, select);
	d->ops->set_config(d, CONFIG_SUBSEL, 1, subsel);
	n = d->ops->config(d, CONFIG_SIZE, 1);
	if (n > CONFIG_DATA_BYTES)
		n = CONFIG_DATA_BYTES;
	if (n > cap)
		n = cap;
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)d->ops->config(d, CONFIG_DATA + i, 1);
	return n;
}

static void ask_type(struct input *in, uint8_t type, uint8_t *bits, uint32_t bytes)
{
	if (ask(in->device, SELECT_BITS, type, bits, bytes))
		drv_input_set(in->input.types, type);
}

static void ask_axes(struct input *in)
{
	for (uint8_t code = 0; code < DRV_INPUT_ABS_CODES; code++) {
		struct { int32_t minimum, maximum, fuzz, flat, resolution; } axis = { 0 };

		if (!(in->input.absolute[code / 8] & 1u << code % 8))
			continue;
		ask(in->device, SELECT_AXIS, code, (uint8_t *)&axis, sizeof(axis));
		in->input.axes[code] = (struct drv_input_abs){ 0, axis.minimum, axis.maximum, axis.fuzz, axis.flat, axis.resolution };
	}
}

static void describe(struct input *in)
{
	struct drv_input *d = &in->input;
	uint16_t ids[4] = { BUS_VIRTUAL, 0, 0, 0 };
	uint8_t none[1];

	ask(in->device, SELECT_NAME, 0, (uint8_t *)d->name, sizeof(d->name) - 1);
	ask(in->device, SELECT_IDS, 0, (uint8_t *)ids, sizeof(ids));
	d->bus = ids[0];
	d->vendor = ids[1];
	d->product = ids[2];
	d->version = ids[3];
	ask(in->device, SELECT_PROPERTIES, 0, d->properties, sizeof(d->properties));
	drv_input_set(d->types, EV_SYN);
	ask_type(in, EV_KEY, d->keys, sizeof(d->keys));
	ask_type(in, EV_REL, d->relative, sizeof(d->relative));
	ask_type(in, EV_ABS, d->absolute, sizeof(d->absolute));
	ask_type(in, EV_MSC, d->misc, sizeof(d->misc));
	ask_type(in, EV_LED, d->leds, sizeof(d->leds));
	ask_type(in, EV_REP, none, sizeof(none));
	ask_axes(in);
}

/* ---- queues ---- */

static void give_buffer(struct input *in, struct event *e)
{
	struct drv_segment segment = { drv_dma_address(e), sizeof(*e) };

	virtio_queue_add(in->events, NULL, 0, &segment, 1, e);
}

static struct event *next_event(struct input *in, struct event *copy)
{
	uint64_t flags = drv_lock_acquire(&in->lock);
	uint32_t written;
	struct event *e = virtio_queue_take(in->events, &written);

	if (e) {
		*copy = *e;
		if (written < sizeof(*e))
			copy->type = EV_SYN, copy->code = SYN_DROPPED;
		give_buffer(in, e);
	}
	drv_lock_release(&in->lock, flags);
	return e;
}

static void interrupt(struct virtio_device *d)
{
	struct input *in = d->driver;
	struct event e;
	uint64_t flags;

	while (next_event(in, &e))
		drv_input_event(&in->input, e.type, e.code, (int32_t)e.value);
	flags = drv_lock_acquire(&in->lock);
	virtio_queue_kick(in->events);
	while (virtio_queue_take(in->status, NULL))
		in->nstatus--;
	drv_lock_release(&in->lock, flags);
}

/* When all buffers are under way the device has not looked for long: an LED is lost. */
static void set_led(struct drv_input *d, uint16_t code, bool is_on)
{
	struct input *in = d->driver;
	uint64_t flags = drv_lock_acquire(&in->lock);
	struct drv_segment segment;
	struct event *e;

	if (in->nstatus < STATUS_EVENTS) {
		e = &in->status_buffers[in->next_status++ % STATUS_EVENTS];	/* they come back in order */
		*e = (struct event){ EV_LED, code, is_on };
		segment = (struct drv_segment){ drv_dma_address(e), sizeof(*e) };
		if (!virtio_queue_add(in->status, &segment, 1, NULL, 0, e)) {
			in->nstatus++;
			virtio_queue_kick(in->status);
		}
	}
	drv_lock_release(&in->lock, flags);
}

static void free_input(struct input *in)
{
	drv_free(in->event_buffers);
	drv_free(in->status_buffers);
	drv_free(in);
}

static int set_up(struct input *in)
{
	in->event_buffers = drv_alloc(NEVENTS * sizeof(struct event));
	in->status_buffers = drv_alloc(STATUS_EVENTS * sizeof(struct event));
	if (!in->event_buffers || !in->status_buffers)
		return -ENOMEM;
	in->events = virtio_queue_create(in->device, 0, NEVENTS);
	in->status = virtio_queue_create(in->device, 1, STATUS_EVENTS);
	if (!in->events || !in->status)
		return -ENODEV;
	drv_lock_init(&in->lock);
	describe(in);
	in->input.driver = in;
	in->input.set_led = set_led;
	return drv_input_add(&in->input);
}

static void remove_input(struct virtio_device *d)
{
	struct input *in = d->driver;

	d->ops->set_status(d, 0);
	drv_input_remove(&in->input);
}

static int probe(struct virtio_device *d)
{
	struct input *in = drv_alloc(sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	in->device = d;
	err = set_up(in);
	if (err) {
		free_input(in);
		return err;
	}
	d->driver = in;
	d->interrupt = interrupt;
	d->remove = remove_input;
	virtio_device_ready(d);
	for (uint16_t i = 0, room = virtio_queue_free(in->events); i < room && i < NEVENTS; i++)
		give_buffer(in, &in->event_buffers[i]);
	virtio_queue_kick(in->events);
	return 0;
}

static struct virtio_driver driver = { .id = VIRTIO_ID_INPUT, .probe = probe };

static int init(void)
{
	virtio_add_driver(&driver);
	return 0;
}

DRIVER_ENTRY(virtio_input, init);
