/* kernel/io-manager/src/input.h: input devices and those who read them.
 *
 *	input.c		devices, and how an event reaches the queues
 *	input_file.c	/dev/input/eventN: one queue an open file
 *	input_ioctl.c	what its reader asks and sets
 *
 * Readers see whole packets. A queue that overflows is emptied but for SYN_DROPPED and the newest
 * event, as Linux's (Documentation/input/event-codes.rst).
 *
 * Locking: `input_lock` (INPUT, interrupts off) guards the list of devices, their state, and the queues.
 */
#ifndef IO_INPUT_H
#define IO_INPUT_H

#include <driver/api.h>
#include <linux/input-event-codes.h>
#include <sched/wait.h>

#define INPUT_MAX_DEVICES 32u
#define INPUT_QUEUE_EVENTS 64u
#define INPUT_FIRST_MINOR 64u

/* struct input_event of x86_64. */
struct input_record {
	int64_t sec, usec;
	uint16_t type, code;
	int32_t value;
};

struct input_device {
	struct drv_input *driver;
	uint32_t refs;			/* its place in the list, and its readers */
	bool is_gone;
	struct list_node readers;
	struct input_reader *grabbed_by;	/* who alone gets events; NULL: all do */
	uint8_t held[sizeof(((struct drv_input *)0)->keys)];
	uint8_t lit[sizeof(((struct drv_input *)0)->leds)];
	uint64_t nevents, ndropped;
	uint32_t in_packet;		/* events since the last SYN_REPORT */
	uint32_t repeat_delay_ms, repeat_period_ms;
	uint16_t repeat_code;
	struct ktimer repeat;
};

struct input_reader {
	struct list_node node;
	struct input_device *device;
	struct wait_queue wait;
	int32_t clock;			/* CLOCK_* of the records */
	uint32_t head, tail, packet_end;	/* counters: next to write, next to read, end of the last whole packet */
	struct input_record queue[INPUT_QUEUE_EVENTS];
};

extern struct spinlock input_lock;

/* Device @index. Returns: a reference; NULL if there is none, or it is gone. */
struct input_device *input_device_get(uint32_t index);
void input_device_put(struct input_device *d);
/* Whether the list has a device @index, which may be gone. */
bool input_device_is_listed(uint32_t index, bool *is_gone);
/* Give the place of a device that is gone to others. Returns: 0, -EBUSY, -ENODEV. */
int input_device_forget(uint32_t index);

/* Deliver an event: from a driver, or written to the file. input_lock is held. */
void input_deliver(struct input_device *d, uint16_t type, uint16_t code, int32_t value);

/* The reader's queue is emptied, and it is told so. input_lock is held. */
void input_drop_queue(struct input_reader *r);

static inline bool input_has(const uint8_t *bits, size_t bytes, unsigned n)
{
	return n / 8 < bytes && (bits[n / 8] & 1u << n % 8);
}
#define INPUT_HAS(set, n) input_has(set, sizeof(set), n)

/* input_ioctl.c */
int64_t input_ioctl(struct input_reader *r, uint32_t cmd, uint64_t arg);

#endif
