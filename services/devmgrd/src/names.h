/* services/devmgrd/src/names.h: what the devices are called in /dev, and whose they are.
 *
 * The kernel's inventory is the only state: what a predecessor has left half done is found in
 * it and finished.
 *
 * Locking: none; one thread at a time.
 */
#ifndef DEVMGRD_NAMES_H
#define DEVMGRD_NAMES_H

/* Devices that are there get their drivers and names; those that are gone lose theirs and are forgotten.
 * Errors are logged. */
void names_update(void);

#endif
