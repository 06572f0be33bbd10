/* services/vfsd/src/bundlefs.h: the boot bundle's files as /system. */
#ifndef VFSD_BUNDLEFS_H
#define VFSD_BUNDLEFS_H

#include "request.h"

/* Fill the new /system. @files: "path:size" of each file, in order of the kernel's index.
 * Inside a transaction. */
int bundle_fill(struct request *rq, unsigned int nfiles, char *const files[]);

#endif
