/* kernel/object/include/object/object.h: typed, counted kernel objects, and handles to them.
 *
 * A handle table is a process's one table: Linux descriptors, native handles and
 * (later) NT handles are views of it. Index n is descriptor n, handle n, and NT
 * handle 4·(n+1).
 *
 * Locking: table->lock (HANDLE_TABLE) guards the slots; lookups take a reference
 * under it. Objects release outside it.
 */
#ifndef OBJECT_OBJECT_H
#define OBJECT_OBJECT_H

#include <ds/radix.h>
#include <lowlevel/spinlock.h>
#include <nucleus/atomic.h>

struct object;
struct wait_source;

enum object_kind {
	OBJECT_FILE = 1, OBJECT_ENDPOINT, OBJECT_MEMORY, OBJECT_PROCESS, OBJECT_THREAD,
	/* what only the NT view makes */
	OBJECT_EVENT, OBJECT_MUTANT, OBJECT_SEMAPHORE, OBJECT_TIMER, OBJECT_IO_COMPLETION, OBJECT_SECTION, OBJECT_KEY,
	OBJECT_TOKEN, OBJECT_JOB, OBJECT_DIRECTORY, OBJECT_SYMBOLIC_LINK, OBJECT_KEYED_EVENT, OBJECT_DEBUG,
	OBJECT_KIND_END
};

struct object_type {
	const char *name;
	enum object_kind kind;
	/* The last reference went. Process context; may sleep. */
	void (*release)(struct object *obj);
	/* A handle in a process was closed (not only the last): POSIX locks. May be NULL. */
	void (*handle_closed)(struct object *obj, void *process);
	/* What a wait for the object waits for. NULL: it cannot be waited for. */
	struct wait_source *(*wait_source)(struct object *obj);
};
struct object {
	refcount_t refs;
	const struct object_type *type;
};

void object_init(struct object *obj, const struct object_type *type);	/* one reference */
static inline void object_get(struct object *obj) { refcount_get(&obj->refs); }
void object_put(struct object *obj);	/* NULL is fine */

#define RIGHT_READ 1u
#define RIGHT_WRITE 2u
#define RIGHT_TRANSFER 4u	/* may be sent in a message */
#define RIGHT_DUPLICATE 8u
#define RIGHT_ALL 15u

#define HANDLE_CLOEXEC 1u	/* not kept over execve */
#define HANDLE_INHERIT 2u	/* NT view: inherited by CreateProcess */
#define HANDLE_PROTECT 4u	/* NT view: NtClose refuses */

struct handle_table;

int handle_table_create(struct handle_table **out);
/* fork: every slot, with its flags. -ENOMEM. */
int handle_table_clone(struct handle_table *from, struct handle_table **out);
/* CreateProcess: those with @flag, and the @nkeep of @keep (-1: none), under their numbers. -ENOMEM. */
int handle_table_clone_marked(struct handle_table *from, uint32_t flag, const int *keep, uint32_t nkeep,
			      struct handle_table **out);
void handle_table_get(struct handle_table *t);
/* The last reference closes every handle. @process is passed to handle_closed. */
void handle_table_put(struct handle_table *t, void *process);
/* execve: close what is CLOEXEC. */
void handle_table_close_cloexec(struct handle_table *t, void *process);
bool handle_table_is_shared(struct handle_table *t);

/* Install @obj (a reference is taken) in the lowest free slot >= @min and < @limit.
 * Returns: the handle; -EMFILE; -ENOMEM. */
int handle_install(struct handle_table *t, struct object *obj, uint32_t rights, uint32_t flags, int min, int limit);
/* Install at exactly @h, closing what was there (dup2). */
int handle_install_at(struct handle_table *t, struct object *obj, uint32_t rights, uint32_t flags, int h, void *process);
/* Returns: a reference in *@out; -EBADF absent, or of another kind (@kind 0: any);
 * -EACCES without @rights. */
int handle_lookup(struct handle_table *t, int h, enum object_kind kind, uint32_t rights, struct object **out);
int handle_get_flags(struct handle_table *t, int h, uint32_t *flags, uint32_t *rights);	/* 0, -EBADF */
int handle_set_flags(struct handle_table *t, int h, uint32_t flags);
/* The ACCESS_MASK that the NT view was granted; 0 for what the Linux view made. 0, -EBADF. */
int handle_get_access(struct handle_table *t, int h, uint32_t *access);
/* Right after handle_install(), which another thread may have undone: -EBADF unless @h is @obj. */
int handle_set_access(struct handle_table *t, int h, const struct object *obj, uint32_t access);
int handle_close(struct handle_table *t, int h, void *process);	/* 0, -EBADF */
/* The next used handle >= @h, or -1. */
int handle_next(struct handle_table *t, int h);
bool handle_is_full(struct handle_table *t, int limit);	/* is each handle below @limit used? */
uint32_t handle_count(struct handle_table *t);
uint32_t handle_capacity(struct handle_table *t);	/* for FDSize */

#endif
