/* kernel/compat/src/nt/nt.h: what the files of the NT edge share.
 *
 * Every service is `ntstatus nt_sys_NAME(const uint64_t *a)`, NAME as in abi/nt/syscalls.def: it
 * copies in, checks, calls the mechanism, copies out and returns the NTSTATUS. a[] holds as many
 * 64-bit slots as the line has arguments; narrow ones carry rubbish above their bits. A service
 * that no file defines is absent: STATUS_NOT_IMPLEMENTED and one log line.
 *
 * Handles are the process's one table: NT handle = 4 * (index + 1). Paths are UTF-16 outside and
 * UTF-8 inside.
 */
#ifndef COMPAT_NT_H
#define COMPAT_NT_H

#include <errno.h>
#include <lowlevel/trap.h>
#include <mm/usercopy.h>
#include <nt/layout.h>
#include <nucleus/compiler.h>
#include <object/object.h>
#include <object/wait_source.h>
#include <ds/rbtree.h>
#include <ps/process.h>
#include <sched/wait.h>

typedef uint32_t ntstatus;

enum {
#define NT_STATUS(name, value) STATUS_##name = (value),
#include "nt/status.def"
#undef NT_STATUS
};

enum nt_service_index {
#define SERVICE(name, ...) NT_SERVICE_##name,
#include "nt/syscalls.def"
#undef SERVICE
	NT_SERVICE_COUNT
};

#define SERVICE(name, ...) ntstatus nt_sys_##name(const uint64_t *a);
#include "nt/syscalls.def"
#undef SERVICE

#define NT_MAX_ARGS 17

static inline void __user *nt_ptr(uint64_t address) { return (void __user *)(uintptr_t)address; }
static inline bool nt_success(ntstatus s) { return (int32_t)s >= 0; }
static inline ntstatus nt_put(uint64_t address, const void *data, size_t n)
{
	return copy_to_user(nt_ptr(address), data, n) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}
static inline ntstatus nt_get(void *data, uint64_t address, size_t n)
{
	return copy_from_user(data, nt_ptr(address), n) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}
static inline ntstatus nt_put32(uint64_t address, uint32_t v) { return nt_put(address, &v, sizeof(v)); }
static inline ntstatus nt_put64(uint64_t address, uint64_t v) { return nt_put(address, &v, sizeof(v)); }

/* status.c: what a mechanism's negative errno is to NT; 0 and more: STATUS_SUCCESS. */
ntstatus nt_status(int64_t err);
const char *nt_status_name(ntstatus s);		/* NULL: no name */

/* ---- per process and thread ---- */

struct exec_image;
struct image_entry_points;
struct image_pe;

struct nt_process {
	uint64_t peb;			/* user addresses, as the next three */
	uint64_t parameters;
	uint64_t ntdll_base;
	uint64_t image_base;
	const struct image_pe *image_facts;	/* of the program's layout, in image */
	struct exec_image *image;	/* a reference */
	struct exec_image *ntdll;	/* a reference; its entry points and number table */
	const struct image_entry_points *entry;	/* in it: RVAs, and the number table */
	struct mutex memory_lock;	/* NT_MEMORY: regions, and steps over several areas */
	struct spinlock async_lock;	/* NT_ASYNC */
	struct list_node asyncs;	/* requests under way: async.c */
	struct rb_root regions;		/* nt_region by start: memory.c */
	uint32_t cookie;		/* ProcessCookie */
	uint32_t hard_error_mode;
	uint32_t creator;		/* pid of the process that it is a child of; 0: a Linux program began as it */
	uint8_t priority_class;		/* 0: as it began */
	bool boost_is_disabled;
	uint32_t timer_resolution;	/* it asked for, ticks; 0: none */
};

struct nt_thread {
	uint64_t teb;			/* user address */
	struct list_node mutants;	/* owned; mutants.c */
	struct spinlock lock;		/* NT_THREAD, interrupts off: the following */
	struct list_node apcs;		/* user APCs; apc.c */
	bool is_alerted;
	struct wait_source alert_source;	/* alert_id.c: its lock guards has_id_alert */
	bool has_id_alert;
	bool context_was_set;		/* the call put a whole context into the frame */
	bool breaks_away;	/* the child that it makes leaves the job */
	struct process *child_parent;	/* whose child it makes; NULL: none now */
	bool runs_apc;			/* the call's result is for an APC's context; its own thread's */
	uint32_t suspend_count;
	bool runs_console_event;	/* made for Ctrl-C and its like: console_event.c */
	bool waits_in_file, has_cancelled_wait;	/* file_io.c */
	struct object *token;		/* impersonated with, a reference; lock; NULL: none */
	uint64_t entry;			/* what it was started with */
	int32_t base_priority;
	bool boost_is_disabled, is_hidden, has_description;
};

static inline struct nt_process *nt_current(void) { return ps_current()->nt; }
static inline struct nt_thread *nt_current_thread(void) { return ps_current_thread()->nt; }

/* process.c */
struct nt_process *nt_process_create(void);	/* NULL: no memory */
void nt_process_free(struct nt_process *p);	/* NULL is fine */
uint32_t nt_creator(const struct process *p);	/* pid of whose child it was made as; 0: nobody's */
void nt_process_born(struct process *child);	/* the current process's, and runs not yet: end.c, as the next */
void nt_process_exiting(struct process *p);	/* past its last user instruction */
void nt_process_released(struct process *p);	/* its last reference went */
void nt_thread_released(struct ps_thread *t);
void nt_thread_exiting(struct ps_thread *t);	/* still in its address space: end.c */

/* ---- handles (handles.c) ---- */

#define NT_CURRENT_PROCESS (~0ull)
#define NT_CURRENT_THREAD (~1ull)
static inline int nt_handle_index(uint64_t handle) { return (int)((uint32_t)handle >> 2) - 1; }
static inline uint64_t nt_handle_value(int index) { return ((uint64_t)(uint32_t)index + 1) << 2; }

/* Install @obj with @access and the OBJ_* of @attributes and write the handle to user memory at
 * @out. The caller keeps its reference. On failure nothing is installed. */
ntstatus nt_handle_install(struct object *obj, uint32_t access, uint32_t attributes, uint64_t out);
/* The object of @handle with @access granted; pseudo handles of the caller's process and thread
 * count. @kind 0: any. Returns a reference in *out, or STATUS_INVALID_HANDLE,
 * STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED. */
ntstatus nt_handle_lookup(uint64_t handle, enum object_kind kind, uint32_t access, struct object **out);
/* The same in another process: what was granted goes to *granted, and the caller compares. */
ntstatus nt_handle_lookup_in(struct process *p, uint64_t handle, struct object **out, uint32_t *granted);
ntstatus nt_handle_install_in(struct process *p, struct object *obj, uint32_t access, uint32_t attributes, uint64_t *handle);
/* The process (thread) of @handle, a reference: ps_put(), ps_thread_put(). */
ntstatus nt_process_lookup(uint64_t handle, uint32_t access, struct process **out);
ntstatus nt_thread_lookup(uint64_t handle, uint32_t access, struct ps_thread **out);
/* GENERIC_* bits and MAXIMUM_ALLOWED of @access become those of a kind. */
#define NT_GENERIC_ALL 0x10000000u
uint32_t nt_map_access(enum object_kind kind, uint32_t access);

/* ---- strings and names (strings.c) ---- */

#define NT_NAME_MAX_CHARS 32767u

/* UTF-16 in kernel memory, not terminated. */
struct nt_string {
	uint16_t *chars;
	uint32_t nchars;
};
/* A UNICODE_STRING of user memory. Returns: STATUS_SUCCESS (free with nt_string_free());
 * STATUS_ACCESS_VIOLATION; STATUS_OBJECT_NAME_INVALID odd length; STATUS_NO_MEMORY. 0: empty. */
ntstatus nt_string_in(uint64_t user, struct nt_string *out);
void nt_string_free(struct nt_string *s);
/* UTF-8 of @s (unpaired surrogates as three bytes each) in a kmalloc'd string; NULL: no memory. */
char *nt_utf8(const uint16_t *chars, uint32_t nchars);
/* The same at @out, which has room for a zero and NT_UTF8_BYTES a unit. Returns: its length. */
size_t nt_utf8_put(char *out, const uint16_t *chars, uint32_t nchars);
#define NT_UTF8_BYTES 3ull
/* UTF-16 of @n bytes at @text; ill-formed bytes become U+FFFD. Returns how many code units are or
 * would be written; at most @cap are. */
uint32_t nt_utf16(const char *text, size_t n, uint16_t *out, uint32_t cap);

struct nt_attributes {
	uint64_t root;		/* handle, 0: none */
	uint32_t flags;		/* OBJ_* */
	struct nt_string name;	/* chars NULL: no name */
	uint64_t security;	/* user address of a SECURITY_DESCRIPTOR, 0: none */
};
#define NT_OBJ_PROTECT_CLOSE 0x1u	/* of handles alone */
#define NT_OBJ_INHERIT 0x2u
#define NT_OBJ_PERMANENT 0x10u
#define NT_OBJ_EXCLUSIVE 0x20u
#define NT_OBJ_CASE_INSENSITIVE 0x40u
#define NT_OBJ_OPENIF 0x80u
#define NT_OBJ_OPENLINK 0x100u
#define NT_OBJ_KERNEL_HANDLE 0x200u
/* An OBJECT_ATTRIBUTES of user memory; 0: no name. STATUS_INVALID_PARAMETER for a wrong length. */
ntstatus nt_attributes_in(uint64_t user, struct nt_attributes *out);
void nt_attributes_free(struct nt_attributes *a);

/* tokens.c: @t impersonates with the token of @handle; 0: no more. STATUS_BAD_TOKEN_TYPE for a primary one. */
ntstatus nt_impersonate(struct ps_thread *t, uint64_t handle);

/* ---- names of files (path.c) ---- */

/* The path of the one namespace (UTF-8, absolute, kmalloc'd) for an NT name: `\??\C:\x`,
 * `\??\Z:\x`, `\DosDevices\…`, or relative to a directory handle, whose inode goes to *start (a
 * reference; NULL: none). Backslashes become slashes. Returns: STATUS_SUCCESS;
 * STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_NOT_FOUND … */
struct inode;
ntstatus nt_path(const struct nt_attributes *a, struct inode **start, char **path);
/* The NT name without `\??\` of a path of the namespace: `C:\…` below /windows/c, else `Z:\…`.
 * kmalloc'd UTF-16; NULL: no memory. */
uint16_t *nt_name_of_path(const char *path, uint32_t *nchars);
/* The drive of an absolute path, which becomes what follows the drive. */
char nt_drive_of_path(const char **path);

/* ---- entry ---- */
void nt_syscall(struct trap_frame *f);
bool nt_user_exception(struct trap_frame *f);	/* false: the Linux way ends the process */
bool nt_page_fault(struct trap_frame *f, uint64_t address, uint64_t error, int code, int err);
/* The kernel's own copy met a page that is out of reach at @address. Returns: true: try again, it was the guard page
 * of the current thread's stack, which has grown. */
bool nt_stack_touched_by_kernel(uint64_t address);
void nt_user_return(struct trap_frame *f);	/* APCs, suspension, the end; interrupts off */

#endif
