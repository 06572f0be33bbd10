/* ds/container_of.h: from a member's address to the structure that holds it. */
#ifndef DS_CONTAINER_OF_H
#define DS_CONTAINER_OF_H

#include <stddef.h>

/* The type check rejects a pointer that is not to @member's type. */
#define container_of(ptr, type, member) ({				\
	const __typeof__(((type *)0)->member) *container_member_ = (ptr); \
	(type *)((char *)container_member_ - offsetof(type, member)); })

/* As container_of(), but NULL gives NULL. */
#define container_of_or_null(ptr, type, member) ({			\
	const __typeof__(((type *)0)->member) *container_or_null_ = (ptr); \
	container_or_null_ ? container_of(container_or_null_, type, member) : NULL; })

#endif
