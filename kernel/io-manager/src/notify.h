/* kernel/io-manager/src/notify.h: watches, between what happens (notify.c) and who asked (inotify.c).
 *
 * Locking: notify_lock (NOTIFY) guards every watch, the queues of events and the places of
 * inodes. A watch that ends goes on a list of the caller's, which frees it without the lock.
 */
#ifndef IO_NOTIFY_PRIVATE_H
#define IO_NOTIFY_PRIVATE_H

#include <io/inode.h>
#include <io/notify.h>

struct inotify;

struct watch {
	struct list_node inode_node;	/* inode->watches */
	struct list_node all_node;	/* every watch of the machine */
	struct list_node dead_node;
	struct inotify *owner;
	struct inode *inode;		/* a reference */
	int32_t wd;
	uint32_t mask;
};

/* The folder in which an inode was found last, and under which name. */
struct inode_place {
	uint64_t dir;
	uint32_t len;
	bool is_gone;	/* the name was removed since */
	char name[];
};

extern struct spinlock notify_lock;
extern struct list_node notify_all;

/* The lock is held in all of these. */
void inotify_queue(struct watch *w, uint32_t mask, uint32_t cookie, const char *name, uint32_t len);
/* Take @w off its inode and its owner, tell so (IN_IGNORED), and put it on @dead. */
void watch_end(struct watch *w, struct list_node *dead);

/* Without the lock: free them. */
void watches_free(struct list_node *dead);

#endif
