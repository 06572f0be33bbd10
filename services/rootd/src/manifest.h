/* services/rootd/src/manifest.h: what rootd starts, from boot-manifest.tsv.
 *
 * One line a service, columns separated by tabs: id, path in the bundle, SHA-256 as
 * hexadecimal digits, rank, service ids, capabilities, pid, order, start
 * (`boot`, or `demand`: with its first call); lists are separated by commas, `-` is an empty field. The file is signed with the bundle;
 * a damaged one is refused as a whole. No libc.
 */
#ifndef ROOTD_MANIFEST_H
#define ROOTD_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_MAX_SERVICES 32
#define MANIFEST_MAX_IDS 4
#define MANIFEST_DIGEST_BYTES 32

struct boot_service {
	char id[32];
	char path[128];
	uint8_t digest[MANIFEST_DIGEST_BYTES];
	uint32_t rank;
	uint32_t service_ids[MANIFEST_MAX_IDS];	/* 0-terminated if fewer */
	uint32_t capabilities;			/* CAP_* */
	uint32_t pid;				/* 0: any */
	uint32_t order;				/* 0: started by the kernel: rootd itself */
	bool is_on_demand;			/* started when somebody calls it */
};

/* Parse @text into at most MANIFEST_MAX_SERVICES of @services.
 * Returns: how many; -EINVAL with the number of the line, from 1, in *@bad_line. */
int manifest_parse(const char *text, size_t len, struct boot_service *services, unsigned int *bad_line);

#endif
