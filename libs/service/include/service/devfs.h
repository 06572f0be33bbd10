/* service/devfs.h: names below /dev, which vfsd keeps. For services that may publish them. Context: may block. */
#ifndef SERVICE_DEVFS_H
#define SERVICE_DEVFS_H

#include <stdint.h>

#define DEVICE_NUMBER(major, minor) ((uint64_t)(major) << 20 | (minor))

/* @mode: type and rights; @device: a DEVICE_NUMBER; @owner: uid | gid << 32. A name that is there is replaced.
 * Returns: 0; -EACCES without the capability; what vfsd says. */
int service_publish(const char *name, uint32_t mode, uint64_t device, uint64_t owner);
/* Returns: 0; -ENOENT. */
int service_unpublish(const char *name);

#endif
