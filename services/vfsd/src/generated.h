/* services/vfsd/src/generated.h: /proc and /sys.
 *
 * generated.def lists every file: its folder, name, mode and what writes its text. A
 * text is written when the file is opened. What belongs to a process is found as long as
 * the kernel knows the process, and never leased.
 */
#ifndef VFSD_GENERATED_H
#define VFSD_GENERATED_H

#include "fs.h"
#include "text.h"

enum item_id {
#define ITEM(id, parent, name, mode, content) ITEM_##id,
#include "generated.def"
#undef ITEM
	ITEM_END
};

/* Whose text is written, and for whom. */
struct subject {
	struct request *rq;
	uint32_t pid;		/* 0: the machine's */
	uint32_t tid;		/* of a file under task/; else pid */
	uint32_t number;	/* descriptor */
};

/* Returns: 0; -ENOENT, -ESRCH when what it tells of is gone. */
typedef int content_fn(struct text *text, const struct subject *subject);

#define ITEM(id, parent, name, mode, content) content_fn content;
#include "generated.def"
#undef ITEM

/* The root of /proc, or of /sys. */
int generated_root(uint16_t mount, bool is_sys, struct node **out);

#endif
