/* services/vfsd/src/devfs.h: what is in /dev before anything is published. */
#ifndef VFSD_DEVFS_H
#define VFSD_DEVFS_H

#include "request.h"

/* Fill the new devtmpfs. Inside a transaction. */
int devfs_fill(struct request *rq);

#endif
