/* services/vfsd/src/p9_names.h: changes of names on FS_P9, and what they share with p9_fs.c. */
#ifndef VFSD_P9_NAMES_H
#define VFSD_P9_NAMES_H

#include "fs.h"
#include "p9_proto.h"

int p9_fs_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		 struct node **out, bool *created);
int p9_fs_link(struct request *rq, struct node *node, struct node *dir, const char *name, size_t len);
int p9_fs_unlink(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir,
		 struct node **victim, struct vfs_attr *attr);
int p9_fs_rename(struct request *rq, struct rename_args *args);

/* Is it a folder of unlinked files? Such names do not exist for programs. */
bool p9_is_hidden(const struct node *dir, const char *name, size_t len);

/* Have the attributes as of this request. */
int p9_fetch(struct request *rq, struct node *node);

/* Are its attributes as fresh as what the kernel may believe anyhow? */
bool p9_is_fresh(const struct request *rq, const struct node *node);

/* They have changed: fetch them before they are used. */
void p9_outdate(struct node *node);

/* The attributes as last fetched. */
void p9_fill_attr(const struct node *node, struct vfs_attr *attr);

/* The node of the file with these attributes, made if need be. NULL: no memory. */
struct node *p9_adopt(struct request *rq, uint16_t mount, const struct p9_attr *attr);

/* @name in @dir leads to @node now. */
int p9_set_entry(struct node *dir, const char *name, size_t len, struct node *node);

/* Give the node's fids back, or the one of its path. */
void p9_drop_fids(struct node *node);
void p9_drop_path(struct node *node);

/* The file has no name any more and its key may be used again. */
void p9_retire(struct node *node);

#endif
