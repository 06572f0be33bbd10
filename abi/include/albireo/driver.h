/* abi/include/albireo/driver.h: what driverd is asked. */
#ifndef ALBIREO_DRIVER_H
#define ALBIREO_DRIVER_H

enum driverd_op {
	/* Load the drivers that their registry says to load at boot, if their devices are there; those
	 * that are loaded stay. -> [1] how many were loaded now. From pid 1 and devmgrd. */
	DRIVERD_BOOT = 1,
	/* The same for those that wait until filesystems are mounted. */
	DRIVERD_FILES_READY,
	/* data: a driver's name. It is loaded with what it needs, whenever its registry says to do so.
	 * 0; -ENOENT no such driver; -ENODEV its device is not there; -EBUSY its group has another one;
	 * what the kernel said. From pid 1. */
	DRIVERD_LOAD,
};

#endif
