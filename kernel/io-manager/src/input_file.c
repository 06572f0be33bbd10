/* kernel/io-manager/src/input_file.c: /dev/input/eventN.
 *
 * Who may open one is inputd's to say, beside the mode bits of its name. */
#include <albireo/input.h>
#include <albireo/services.h>
#include <errno.h>
#include <io/poll.h>
#include <ipc/endpoint.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <mm/heap.h>
#include <nucleus/atomic.h>
#include <ps/process.h>

#include "device.h"
#include "input.h"

#define READABLE (IO_POLLIN | IO_POLLRDNORM)
#define KEPT_FLAGS (~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC))

static struct input_reader *reader_of(const struct file *f)
{
	return f->private;
}

static bool is_readable(const struct input_reader *r)
{
	return atomic_load(&r->packet_end) != atomic_load(&r->tail);
}

/* Returns: how many records were taken, at most @max. */
static uint32_t take(struct input_reader *r, struct input_record *to, uint32_t max)
{
	uint64_t flags = spin_lock_irqsave(&input_lock);
	uint32_t n = 0;

	while (n < max && r->tail != r->packet_end)
		to[n++] = r->queue[r->tail++ % INPUT_QUEUE_EVENTS];
	spin_unlock_irqrestore(&input_lock, flags);
	return n;
}

static int64_t event_read(struct io_request *rq)
{
	struct input_reader *r = reader_of(rq->file);
	struct input_record records[8];
	uint64_t done = 0;
	int err = 0;

	if (rq->vector.left && rq->vector.left < sizeof(records[0]))
		return -EINVAL;
	if (atomic_load(&r->device->is_gone))
		return -ENODEV;
	while (rq->vector.left >= sizeof(records[0])) {
		uint32_t n = take(r, records, (uint32_t)MIN(rq->vector.left / sizeof(records[0]), ARRAY_SIZE(records)));

		if (!n)
			break;
		done += io_copy_to(&rq->vector, records, n * sizeof(records[0]), &err);
		if (err)
			return done ? (int64_t)done : err;
	}
	return done || !rq->vector.left ? (int64_t)done : -EAGAIN;
}

/* LEDs go to the device, and everything to those who read it. */
static void inject(struct input_device *d, const struct input_record *record)
{
	struct drv_input *driver = d->driver;
	uint64_t flags;

	if (record->type == EV_LED && driver->set_led && INPUT_HAS(driver->leds, record->code))
		driver->set_led(driver, record->code, record->value);
	flags = spin_lock_irqsave(&input_lock);
	input_deliver(d, record->type, record->code, record->value);
	spin_unlock_irqrestore(&input_lock, flags);
}

static int64_t event_write(struct io_request *rq)
{
	struct input_record record;
	int64_t done = 0;
	int err = 0;

	if (rq->vector.left && rq->vector.left < sizeof(record))
		return -EINVAL;
	if (atomic_load(&reader_of(rq->file)->device->is_gone))
		return -ENODEV;
	while (rq->vector.left >= sizeof(record)) {
		if (io_copy_from(&rq->vector, &record, sizeof(record), &err) != sizeof(record))
			return done ? done : -EFAULT;
		inject(reader_of(rq->file)->device, &record);
		done += (int64_t)sizeof(record);
	}
	return done;
}

static uint32_t event_poll(struct file *f)
{
	uint32_t can_read = is_readable(reader_of(f)) ? READABLE : 0;

	return atomic_load(&reader_of(f)->device->is_gone) ? IO_POLLHUP | IO_POLLERR | can_read :
		IO_POLLOUT | IO_POLLWRNORM | can_read;
}

static struct wait_queue *event_wait_queue(struct file *f, uint32_t events)
{
	return &reader_of(f)->wait;
}

static int64_t event_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	return atomic_load(&reader_of(f)->device->is_gone) ? -ENODEV : input_ioctl(reader_of(f), cmd, arg);
}

static void event_release(struct file *f)
{
	struct input_reader *r = reader_of(f);
	uint64_t flags = spin_lock_irqsave(&input_lock);

	if (r->device->grabbed_by == r)
		r->device->grabbed_by = NULL;
	list_del(&r->node);
	spin_unlock_irqrestore(&input_lock, flags);
	input_device_put(r->device);
	kfree(r);
}

static const struct file_ops event_ops = {
	.name = "evdev", .read = event_read, .write = event_write, .poll = event_poll, .wait_queue = event_wait_queue,
	.ioctl = event_ioctl, .release = event_release,
};

static int ask_inputd(uint32_t index)
{
	struct ipc_kernel_call c = { .words = { INPUTD_OPEN, index, ps_credentials()->euid } };
	int err = ipc_call_service(SERVICE_INPUTD, &c);

	return err ? err : (int)(int64_t)c.words[0];
}

static int open_device(struct input_device *d, uint32_t flags, struct file **out)
{
	struct input_reader *r = kmalloc(sizeof(*r), 0);
	uint64_t irq;
	int err;

	if (!r)
		return -ENOMEM;
	r->device = d;
	r->clock = CLOCK_REALTIME;
	waitq_init(&r->wait);
	err = file_create(&event_ops, flags & KEPT_FLAGS, r, out);
	if (err) {
		kfree(r);
		return err;
	}
	irq = spin_lock_irqsave(&input_lock);
	list_add_tail(&r->node, &d->readers);
	spin_unlock_irqrestore(&input_lock, irq);
	return 0;
}

int input_open(uint32_t minor, uint32_t flags, struct file **out)
{
	struct input_device *d = minor < INPUT_FIRST_MINOR ? NULL : input_device_get(minor - INPUT_FIRST_MINOR);
	int err;

	if (!d)
		return -ENXIO;
	err = ask_inputd(minor - INPUT_FIRST_MINOR);
	if (!err)
		err = open_device(d, flags, out);
	if (err)
		input_device_put(d);
	return err;
}
