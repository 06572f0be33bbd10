/* kernel/io-manager/include/driver/export.h: a symbol that modules may use. Not for drivers. */
#ifndef DRIVER_EXPORT_H
#define DRIVER_EXPORT_H

struct driver_export {
	const char *name;
	const void *address;
};

#endif
