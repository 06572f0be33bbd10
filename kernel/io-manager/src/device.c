/* kernel/io-manager/src/device.c: device numbers to open files. */
#include "device.h"

#include <errno.h>

#include <io/port.h>
#include <nucleus/compiler.h>

#include "block.h"
#include "loop.h"
#include "tty.h"

struct char_driver {
	uint32_t major;
	int (*open)(uint32_t minor, uint32_t flags, struct file **out);
};

/* The program's terminal is more than its port. */
static int exec_port_open(uint32_t minor, uint32_t flags, struct file **out)
{
	return minor == PORT_MINOR_TTY ? tty_port_open(TERMINAL_HOST, flags, out) : port_open(minor, flags, out);
}

static const struct char_driver char_drivers[] = {
	{ MAJOR_MEM, mem_device_open },
	{ MAJOR_TTY, tty_serial_open },
	{ MAJOR_TTY_AUX, tty_aux_open },
	{ MAJOR_MISC, loop_control_open },
	{ MAJOR_INPUT, input_open },
	{ MAJOR_FB, screen_device_open },
	{ MAJOR_PTS, pts_open },
	{ PORT_MAJOR, exec_port_open },
};

int device_open(uint32_t rdev, bool is_block, struct inode *inode, uint32_t flags, struct file **out)
{
	if (is_block)
		return block_device_open(rdev, inode, flags, out);
	for (size_t i = 0; i < ARRAY_SIZE(char_drivers); i++) {
		if (char_drivers[i].major == device_major(rdev))
			return char_drivers[i].open(device_minor(rdev), flags, out);
	}
	return -ENXIO;
}
