/* abi/include/albireo/device.h: character devices that come and go, and what devmgrd is asked.
 *
 * The kernel knows which there are; devmgrd decides what they are called. */
#ifndef ALBIREO_DEVICE_H
#define ALBIREO_DEVICE_H

#include <stdint.h>

enum device_kind {
	DEVICE_INPUT = 1,	/* a keyboard, a mouse: evdev */
	DEVICE_SCREEN,		/* a framebuffer */
	DEVICE_SERIAL,		/* a serial port */
	DEVICE_KIND_END
};

struct device_info {
	uint32_t kind;		/* enum device_kind */
	uint32_t number;	/* among those of its kind */
	uint32_t major, minor;	/* of its name in /dev */
	uint32_t flags;		/* DEVICE_* */
};
#define DEVICE_GONE 1u		/* it is listed until it is forgotten */

/* ---- DEVICE_BROKER(struct device_call *) ----
 * Returns: 0, -EFAULT, -EINVAL, and what stands below. */
#define DEVICE_LIST 1		/* info of the index-th device; -ENOENT past the last */
#define DEVICE_WAIT 2		/* until devices have come or gone since `generation`, also those without a driver;
				 * out: generation. -EINTR */
#define DEVICE_FORGET 3		/* info.kind and number, of one that is gone; -EBUSY it is there, -ENODEV */
struct device_call {
	uint32_t op;
	uint32_t index;
	uint64_t generation;
	struct device_info info;
	uint32_t reserved;
};

/* ---- devmgrd's operations, words[0] of a call; words[0] of the reply: 0 or an errno ---- */
enum devmgrd_op {
	/* Answers when every device that is there has its driver, if there is one, and its name. From pid 1; -EACCES. */
	DEVMGRD_SETTLE = 1,
};

#endif
