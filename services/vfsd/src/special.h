/* services/vfsd/src/special.h: FIFOs and sockets where the host makes none.
 *
 * QEMU's 9P server refuses to make FIFOs and sockets (it answers ENXIO since it stopped
 * opening special files). What goes through them stays in the machine anyhow, so such
 * a node is the machine's own: it lies over the host's directory, and ends with the machine.
 */
#ifndef VFSD_SPECIAL_H
#define VFSD_SPECIAL_H

#include "fs.h"

/* Could a node of that mode be the machine's own? */
bool special_is_kind(uint32_t mode);

/* The machine's own node of that name; NULL: none. */
struct entry *special_find(const struct node *dir, const char *name, size_t len);

int special_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		   struct node **out);

/* As fs_ops' operations, for a name that special_find() knows; of a rename either name. */
int special_unlink(struct request *rq, struct entry *entry, bool is_rmdir, struct node **victim, struct vfs_attr *attr);
int special_rename(struct request *rq, struct rename_args *args);

#endif
