/* kernel/compat/src/nt/file.h: open files as the NT view sees them, and who shares them.
 *
 * An open by an NT name keeps its directory, name, access and options in a struct nt_open at the
 * file; the files that Linux calls made have none. All opens of one inode meet in its struct
 * nt_sharing, which lives as long as one of them: share modes, the pending deletion, byte locks.
 *
 * Locking: nt_files_lock (NT_FILES) guards every nt_sharing and the names of opens. scan_lock
 * (NT_SCAN, sleeping) guards the listing of one open.
 */
#ifndef COMPAT_NT_FILE_H
#define COMPAT_NT_FILE_H

#include <io/inode.h>

#include "iocp.h"
#include "nt.h"

#define FILE_READ_DATA 0x0001u
#define FILE_WRITE_DATA 0x0002u
#define FILE_APPEND_DATA 0x0004u
#define FILE_EXECUTE 0x0020u
#define FILE_READ_ATTRIBUTES 0x0080u
#define FILE_WRITE_ATTRIBUTES 0x0100u
#define ACCESS_DELETE 0x00010000u
#define ACCESS_SYNCHRONIZE 0x00100000u

#define SHARE_READ 1u
#define SHARE_WRITE 2u
#define SHARE_DELETE 4u

#define FILE_DIRECTORY_FILE 0x0001u
#define FILE_WRITE_THROUGH 0x0002u
#define FILE_SEQUENTIAL_ONLY 0x0004u
#define FILE_NO_INTERMEDIATE_BUFFERING 0x0008u
#define FILE_SYNCHRONOUS_IO_ALERT 0x0010u
#define FILE_SYNCHRONOUS_IO_NONALERT 0x0020u
#define FILE_NON_DIRECTORY_FILE 0x0040u
#define FILE_DELETE_ON_CLOSE 0x1000u
#define FILE_OPEN_REPARSE_POINT 0x00200000u
#define FILE_SYNCHRONOUS (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)

#define FILE_ATTRIBUTE_READONLY 0x01u
#define FILE_ATTRIBUTE_DIRECTORY 0x10u
#define FILE_ATTRIBUTE_ARCHIVE 0x20u
#define FILE_ATTRIBUTE_NORMAL 0x80u
#define FILE_ATTRIBUTE_REPARSE_POINT 0x400u

enum disposition { FILE_SUPERSEDE, FILE_OPEN, FILE_CREATE, FILE_OPEN_IF, FILE_OVERWRITE, FILE_OVERWRITE_IF };
enum result { FILE_SUPERSEDED, FILE_OPENED, FILE_CREATED, FILE_OVERWRITTEN };

extern struct spinlock nt_files_lock;

struct nt_scan;
struct nt_folder_watch;

struct nt_open {
	struct list_node node;		/* of the sharing's opens */
	struct inode *dir;		/* where the name is; NULL: it has none to change (a drive's root) */
	char *name;
	uint32_t access, share, options;
	bool deletes_on_close;
	struct mutex scan_lock;
	struct nt_scan *scan;		/* file_list.c; NULL: nothing was listed yet */
	struct nt_folder_watch *watch;	/* folder_watch.c, whose lock guards it; NULL: nobody has waited for changes */
	struct nt_iocp_binding port;	/* set once, under the file's position_lock */
	uint32_t skips;			/* SKIP_*: ends that are not told */
	struct wait_source ended;	/* who waits for the file itself */
	bool has_ended;			/* the latest operation; ended's lock */
};
#define SKIP_PORT_ON_SUCCESS 1u		/* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS */
#define SKIP_FILE_SIGNAL 2u		/* FILE_SKIP_SET_EVENT_ON_HANDLE */

struct nt_sharing {
	struct list_node opens;
	struct list_node locks;		/* file_locks.c */
	struct inode *doomed_dir;	/* the name that goes with the last open; NULL: none */
	char *doomed_name;
};

static inline struct nt_open *nt_open_of(const struct file *f) { return f->nt_open; }
/* Without FILE_SYNCHRONOUS_* every transfer says where. Files of Linux calls have positions. */
static inline bool nt_is_synchronous(const struct file *f)
{
	return !f->nt_open || (nt_open_of(f)->options & FILE_SYNCHRONOUS);
}

/* ---- file_share.c ---- */

/* Make @f, just opened as @dir's @name, an open of the NT view: checked against the others' share
 * modes and counted. @dir may be NULL. Returns: STATUS_SUCCESS; STATUS_SHARING_VIOLATION;
 * STATUS_DELETE_PENDING; STATUS_NO_MEMORY: nothing is counted then. */
/* Without a name to share; freed by nt_open_free(). Its file's wait source is nt_open.ended. NULL: no memory. */
struct nt_open *nt_open_create(struct inode *dir, const char *name, uint32_t access, uint32_t share, uint32_t options);
void nt_open_free(struct nt_open *o);
ntstatus nt_share(struct file *f, struct inode *dir, const char *name, uint32_t access, uint32_t share, uint32_t options);
/* Could @i be opened so? As nt_share() without counting. */
ntstatus nt_share_check(struct inode *i, uint32_t access, uint32_t share);
/* Is @i open, but for @f, by somebody who does not share deletion? */
bool nt_share_denies_delete(struct inode *i, const struct file *f);
/* Mark for deletion with the last close, or not. STATUS_CANNOT_DELETE: read-only, or without a name. */
ntstatus nt_set_doomed(struct file *f, bool doomed);
/* @f's name is now @name (kmalloc'd, taken over) in @dir; every open by the old name learns it. */
void nt_renamed(struct file *f, struct inode *dir, char *name);
/* References to @f's directory and name (kmalloc'd); STATUS_INVALID_PARAMETER without. */
ntstatus nt_name_of_open(const struct file *f, struct inode **dir, char **name);

/* ---- file_locks.c ---- */

/* May @f transfer these bytes? STATUS_FILE_LOCK_CONFLICT. */
ntstatus nt_locks_check(const struct file *f, uint64_t offset, uint64_t len, bool is_write);
void nt_locks_drop(struct nt_sharing *s, const struct file *f);	/* nt_files_lock is held */

/* ---- file_query.c ---- */

struct nt_basic { uint64_t created, accessed, written, changed; uint32_t attributes, pad; };
struct nt_network_open { uint64_t created, accessed, written, changed, allocated, size; uint32_t attributes, pad; };
void nt_describe(const struct vfs_attr *attr, struct nt_network_open *out);

/* ---- file_list.c ---- */
void nt_scan_free(struct nt_scan *s);	/* NULL is fine */

/* ---- pattern.c ---- */
/* Does @name match @pattern with `*`, `?` and the DOS wildcards `<`, `>`, `"`, letters of either case alike?
 * ([MS-FSA] 2.1.4.4) */
bool nt_pattern_matches(const struct nt_string *pattern, const struct nt_string *name);
/* In the order of listings: by upper case. */
int nt_name_compare(const struct nt_string *a, const struct nt_string *b);

/* ---- file_io.c ---- */

/* Where a call's outcome goes. In what follows the file is NULL for requests of other objects. */
struct nt_completion {
	uint64_t event;		/* handle; 0: none */
	uint64_t apc, context;	/* user addresses */
	uint64_t io;		/* user address of the IO_STATUS_BLOCK */
};
/* The call is done: status block, event, APC, port. Returns @status, or why that cannot be told. */
ntstatus nt_complete(const struct nt_completion *c, struct file *f, ntstatus status, uint64_t information);
/* Before it starts: the event is reset. STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH … */
ntstatus nt_completion_begin(const struct nt_completion *c, struct file *f);
/* Its event, a reference; NULL: it has none. */
ntstatus nt_completion_event(const struct nt_completion *c, struct object **out);
/* Tell an end to all but the status block: the event (NULL: none), the file, an APC of @t, the port. 0, STATUS_NO_MEMORY. */
ntstatus nt_completion_signal(const struct nt_completion *c, struct file *f, struct object *event, struct ps_thread *t,
	ntstatus status, uint64_t information);
/* A read or write at the file's position, which waits as the NT view does: -EINTR when it was cancelled or death came. */
int64_t nt_file_move(struct file *f, struct io_vector *v, bool is_write);
/* @t is to give up a read or write that waits in a file of the Linux view. False: it is in none. */
bool nt_file_wait_cancel(struct ps_thread *t);

#endif
