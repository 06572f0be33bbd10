/* services/rootd/src/rootd.h: the first user process.
 *
 * It starts the services of the boot manifest in order of their ranks, and then
 * waits for deaths: a foundation service starts again with the same pid, ids and
 * capabilities. It has one thread, no libc, no heap, no pid, and no policy but this
 * list. Its own death is a panic.
 */
#ifndef ROOTD_ROOTD_H
#define ROOTD_ROOTD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nucleus/nucleus.h>

#include "manifest.h"

/* One log line. */
void rootd_log(enum nucleus_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- bundle.c ---- */

/* Read a whole bundle file of at most @cap bytes. Returns: its length; negative errno. */
long bundle_read(const char *path, char *buf, size_t cap);

/* Write "path:size\0" of every bundle file, in order of their indices, to @buf.
 * Returns: bytes written; -E2BIG. */
long bundle_list(char *buf, size_t cap);

/* Check the object's bytes against @digest. Returns: 0; -EBADMSG; what reading it returned. */
int bundle_check_digest(int object, const uint8_t digest[MANIFEST_DIGEST_BYTES]);

/* ---- spawn.c ---- */

/* Start @service. A restart checks the file's digest; at boot the whole bundle was just
 * verified by whoever loaded it, and hashing it again would double the boot's time.
 * Returns: 0; negative errno, logged. */
int spawn_service(const struct boot_service *service, bool is_restart);

#endif
