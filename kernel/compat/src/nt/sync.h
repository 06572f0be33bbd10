/* kernel/compat/src/nt/sync.h: events, mutants, semaphores and what they share. */
#ifndef COMPAT_NT_SYNC_H
#define COMPAT_NT_SYNC_H

#include <object/wait_source.h>

#include "nt.h"

struct nt_event {
	struct object object;	/* first */
	struct wait_source source;
	bool is_set;		/* source.lock */
	bool is_notification;	/* stays set for everybody; else the first wait takes it */
};

/* A new event for the kernel's own use or a handle: a reference; NULL: no memory. */
struct nt_event *nt_event_create(bool is_notification, bool is_set);
void nt_event_set(struct nt_event *e);
void nt_event_reset(struct nt_event *e);
static inline struct nt_event *nt_event_of(struct object *obj) { return (struct nt_event *)obj; }

/* The thread ends: the mutants it owns are abandoned. */
void nt_mutants_abandon(struct ps_thread *t);

/* waits.c: a LARGE_INTEGER of user memory as a deadline for wait_for_sources(): 0 when @user is 0 (for ever). */
ntstatus nt_deadline_in(uint64_t user, uint64_t *deadline_ns);
/* Sleep until @sources are ready as wait_for_sources() says, handling what interrupts NT waits on the way.
 * Returns: STATUS_WAIT_0 + index, STATUS_ABANDONED_WAIT_0 + index, STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ALERTED … */
ntstatus nt_wait(struct wait_source *const *sources, uint32_t n, bool all, bool alertable, uint64_t deadline_ns);

/* ---- names of objects (names.c) ---- */

/* How NtCreateX and NtOpenX with an OBJECT_ATTRIBUTES end. @make makes the object (a reference) from
 * @arg; NULL: it is opened only. With a name that is there: STATUS_OBJECT_NAME_EXISTS with
 * OBJ_OPENIF, STATUS_OBJECT_NAME_COLLISION without, STATUS_OBJECT_TYPE_MISMATCH. After a failure
 * the handle is 0: libwine's DLLs give that back as it is. */
ntstatus nt_create_object(uint64_t user_handle, uint32_t access, uint64_t user_attributes, enum object_kind kind,
	ntstatus (*make)(void *arg, struct object **out), void *arg);
ntstatus nt_open_object(uint64_t user_handle, uint32_t access, uint64_t user_attributes, enum object_kind kind);
/* The object of the absolute path @path: a reference. */
ntstatus nt_named_object(const char *path, enum object_kind kind, struct object **out);
/* The path of @obj in kmalloc'd memory; NULL and no characters: it has no name. STATUS_NO_MEMORY. */
ntstatus nt_object_name(struct object *obj, uint16_t **chars, uint32_t *nchars);
/* What Windows calls the type of @obj. Returns how many code units. objects.c */
#define NT_TYPE_NAME_CHARS 16u
uint32_t nt_type_name(const struct object *obj, uint16_t out[NT_TYPE_NAME_CHARS]);
/* keyed_events.c, for nt_create_object(). */
ntstatus nt_keyed_event_make(void *arg, struct object **out);
/* In the release of every object that can have a name: its name goes. Context: process, may sleep. */
void nt_name_ended(struct object *obj);
int nt_names_init(void);	/* -ENOMEM */
void nt_names_end(void);	/* when the machine ends, before it is looked for leaks: names keep nothing any more */

#endif
