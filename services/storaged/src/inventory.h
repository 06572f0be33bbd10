/* services/storaged/src/inventory.h: partitions and names as the disks say.
 *
 * The kernel's inventory is the only state: what a predecessor has left half done is found in
 * it and finished. A device has its name before anybody hears of it, and loses it before
 * it goes.
 *
 * Locking: none; the caller lets one in at a time.
 */
#ifndef STORAGED_INVENTORY_H
#define STORAGED_INVENTORY_H

#include <stdint.h>

/* New disks: read their tables, add their partitions; all: publish the names; those that are gone:
 * take their names back and forget them. Errors are logged. */
void inventory_update(void);
/* Read the table of the disk @id again. Partitions that are no longer in it go, new ones come.
 * Returns: 0; -ENODEV, -EIO, -EBUSY one that should go is in use. */
int inventory_rescan(uint32_t id);
/* Loops. @wanted: a number, or UINT64_MAX for any that there is not yet. Returns: 0 and its number; -EEXIST; -EINVAL and
 * -ENOSPC: not below LOOP_MAX; -ENOMEM. */
int inventory_loop_add(uint64_t wanted, uint32_t *number);
/* One without a file, made if need be. */
int inventory_loop_free(uint32_t *number);
/* Returns: 0; -ENODEV; -EBUSY. */
int inventory_loop_remove(uint64_t number);
/* The first partition of the GPT type @type, 16 bytes as on the disk. Returns: 0 and *@id; -ENOENT; -ENOMEM. */
int inventory_find(const uint64_t type[2], uint32_t *id);
/* Names that are published from now on belong to uid | gid << 32; at first root and group disk. */
void inventory_set_owner(uint64_t owner);
/* So do those that were, with the next update. */
void inventory_give_to(uint64_t owner);

#endif
