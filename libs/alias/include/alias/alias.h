/* alias/alias.h: which devices a driver's alias means.
 *
 * A device has a modalias in Linux's form:
 *
 *	pci:v00001AF4d00001041sv00001AF4sd00001100bc02sc00i00
 *	virtio:d00000012v00001AF4
 *	platform:i8042
 *
 * An alias is such a text with `*` and `?`, or lists what must be so, separated by `;`:
 *
 *	pci:vendor=0x8086;class=0x0106		vendor, device, subvendor, subdevice; a class of 2, 4 or 6 digits
 *	virtio:id=18				id, vendor
 *
 * Nothing allocates.
 */
#ifndef ALIAS_ALIAS_H
#define ALIAS_ALIAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALIAS_BYTES 128

struct alias_pci {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class;		/* base class, subclass, programming interface */
};

void alias_of_pci(const struct alias_pci *id, char out[ALIAS_BYTES]);
void alias_of_virtio(uint32_t id, char out[ALIAS_BYTES]);

/* Turn @alias into a pattern for alias_matches(). Returns: 0; -EINVAL if it has a key that its bus has
 * not, or no bus; -ERANGE if it is too long. */
int alias_pattern(const char *alias, char out[ALIAS_BYTES]);

bool alias_matches(const char *pattern, const char *modalias);

#endif
