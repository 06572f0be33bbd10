/* abi/include/albireo/input.h: what inputd is asked. */
#ifndef ALBIREO_INPUT_H
#define ALBIREO_INPUT_H

#define INPUT_MAJOR 13
#define INPUT_MINOR_EVENT 64	/* of event0 */

enum inputd_op {
	/* device, euid: the current process opens it. 0; -EACCES. The kernel's. */
	INPUTD_OPEN = 1,
	/* -> [1] how many devices there are. From pid 1. */
	INPUTD_COUNT,
	/* uid: whose session has the keyboard; UINT32_MAX: nobody's. From pid 1. */
	INPUTD_SEAT,
};

#endif
