/* kernel/io-manager/src/device.h: what stands behind character device numbers.
 *
 * Each opens a file for one of its minors. The caller of device_open() gives the file its inode.
 */
#ifndef IO_DEVICE_H
#define IO_DEVICE_H

#include <io/file.h>

/* Linux's numbers (Documentation/admin-guide/devices.txt). */
#define MAJOR_MEM 1u
#define MAJOR_TTY 4u
#define MAJOR_TTY_AUX 5u
#define MAJOR_LOOP 7u
#define MAJOR_MISC 10u
#define MAJOR_INPUT 13u
#define MAJOR_FB 29u
#define MAJOR_PTS 136u
#define MINOR_LOOP_CONTROL 237u
#define MINOR_SERIAL 64u	/* the first serial port */
#define MINOR_TTY 0u
#define MINOR_CONSOLE 1u
#define MINOR_PTMX 2u

/* A device number as vfsd's attributes carry it (albireo/vfs.h); stat(2)'s form is the edge's. */
#define MAKE_DEVICE_NUMBER(major, minor) ((major) << 20 | (minor))
static inline uint32_t device_number(uint32_t major, uint32_t minor)
{
	return MAKE_DEVICE_NUMBER(major, minor);
}
static inline uint32_t device_major(uint32_t rdev)
{
	return rdev >> 20;
}
static inline uint32_t device_minor(uint32_t rdev)
{
	return rdev & 0xfffff;
}

/* stat(2)'s form of @rdev, for what shows one by itself. */
static inline uint32_t device_shown(uint32_t rdev)
{
	uint32_t minor = device_minor(rdev);

	return (minor & 0xff) | device_major(rdev) << 8 | (minor & ~0xffu) << 12;
}

/* While a device is plugged in or taken out, QEMU 7.2 may lose what a processor writes to another one: the request lay
 * in the ring, and QEMU had not heard of it. So a device that does not answer is told again. */
#define DEVICE_POKE_NS NSEC_PER_SEC

/* All: 0 and a reference in *@out; -ENXIO when there is no such device; -ENOMEM. */
int mem_device_open(uint32_t minor, uint32_t flags, struct file **out);		/* 1:N */
int input_open(uint32_t minor, uint32_t flags, struct file **out);		/* 13:64+N; what inputd refuses: -EACCES */
int screen_device_open(uint32_t minor, uint32_t flags, struct file **out);	/* 29:N */

/* lseek(2) on what has no size. */
int64_t device_seek(struct file *f, int64_t offset, int whence);

/* Before the first driver. */
void device_init(void);
/* Whether DEVICE_BROKER lists any. */
bool device_any_named(void);

#endif
