/* services/vfsd/src/handlers.h: one function for each operation of vfs.h.
 *
 * Each runs under the name lock inside a transaction that is committed when it
 * returns 0 and undone when it returns a negative errno, the reply's status.
 */
#ifndef VFSD_HANDLERS_H
#define VFSD_HANDLERS_H

#include "request.h"

/* names.c */
int handle_walk(struct request *rq);
int handle_root(struct request *rq);
int handle_create(struct request *rq);
int handle_link(struct request *rq);
int handle_unlink(struct request *rq);
int handle_rename(struct request *rq);

/* attributes.c */
int handle_getattr(struct request *rq);
int handle_setattr(struct request *rq);
int handle_statfs(struct request *rq);
int handle_reserve(struct request *rq);
int handle_allocate(struct request *rq);
int handle_seek(struct request *rq);
int handle_path(struct request *rq);
int handle_release(struct request *rq);
int handle_xattr(struct request *rq);

/* listing.c */
int handle_readdir(struct request *rq);

/* fold.c */
int handle_fold(struct request *rq);

/* streams.c */
int handle_open(struct request *rq);
int handle_close(struct request *rq);
int handle_read(struct request *rq);
int handle_write(struct request *rq);

/* admin.c */
int handle_mount(struct request *rq);
int handle_umount(struct request *rq);
int handle_publish(struct request *rq);
int handle_unpublish(struct request *rq);
int handle_shutdown(struct request *rq);

/* The number of the kernel's to its node. Returns: NULL for one that is gone. */
struct node *request_node(struct request *rq, unsigned int arg);

/* Take back what is decided so far about a name or a node; decisions of this request that
 * follow are newer. */
void change_name(struct request *rq, struct node *dir, const char *name, size_t len);
void change_node(struct request *rq, struct node *node);

#endif
