/* kernel/io-manager/include/io/inode.h: nodes as the kernel knows them, and the walk through names.
 *
 * An inode is the kernel's side of one vfsd node: its memory object, the
 * attributes it was leased, locks, FIFO and share state. It is found by node
 * number in one cache. Names are leases (ipc/lease.h) whose payload refers to
 * an inode.
 *
 * An inode without references stays in the cache, idle, until its node is unlinked
 * or room is needed; then the owner gets its lookups back.
 *
 * Locking: inode->lock (INODE, sleeping) orders writes, truncation and setattr; it is
 * held across calls to the owner, which never waits for it. inode->state_lock
 * (INODE_STATE) guards attributes. The cache's lock (INODE_CACHE) guards lookups,
 * lists and the step from one reference to none.
 */
#ifndef IO_INODE_H
#define IO_INODE_H

#include <albireo/block.h>
#include <albireo/exec.h>
#include <albireo/vfs.h>
#include <io/file.h>
#include <ipc/endpoint.h>
#include <ipc/lease.h>
#include <mm/object.h>

struct link_text;
struct inode_place;

struct inode {
	refcount_t refs;
	uint64_t node;
	struct list_node hash_node, lru_node;
	struct spinlock state_lock;
	struct vfs_attr attr;		/* size and times are the kernel's own when delegated */
	uint64_t attr_expires_ns;	/* 0: not leased */
	uint64_t attr_revoked_seq;	/* grants up to this are refused */
	bool size_is_ours;		/* KERNEL_DATA always; PAGER while dirty, and until `adopter` hears from the owner */
	bool is_changing;		/* PAGER: somebody who has `lock` is about to write */
	const struct thread *adopter;	/* asks the owner, whom nothing has been written since; compared only */
	uint64_t nlookup;		/* to give back with VFS_RELEASE */
	struct mutex lock;
	struct mm_object object;	/* regular files */
	struct mm_object *bundle_object;	/* VFS_NODE_BUNDLE: contents */
	struct link_text *target;	/* symbolic link; state_lock */
	uint32_t writers;		/* open for write; atomic */
	uint32_t seals;		/* F_SEAL_*; changed under lock, read with it or atomically */
	bool may_be_sealed;	/* made by memfd_create(MFD_ALLOW_SEALING) */
	uint32_t deny_write;		/* maps as a main image: ETXTBSY; atomic */
	uint32_t opens;			/* open files of a regular file; mappings hold theirs; atomic */
	void *fifo;			/* io's pipe, while open */
	struct spinlock locks_lock;	/* FILE_LOCKS */
	struct list_node posix_locks, flock_locks;
	struct wait_queue lock_wait;
	struct list_node watches;	/* NOTIFY, as the next two */
	uint32_t nwatches;
	struct inode_place *place;	/* where it was found last, while anything is watched */
	struct ipc_notification release;
	void *nt_sharing;	/* the NT view's (compat): share counts, locks, while it has the file open */
	bool is_delete_pending;	/* no new opens; atomic */
	uint64_t image_version;		/* changes with contents: image leases */
	uint64_t room_start, room_end;	/* writes there have room on the disk (VFS_NODE_RESERVES); under lock */
	uint64_t server_size;		/* PAGER: bytes that the owner has */
	uint64_t mapped_dirty_ns;	/* PAGER: a mapping wrote then; atomic, 0: no */
	uint32_t pageouts;		/* write-backs under way; atomic */
	bool contents_stale;		/* the owner's file changed: drop clean pages before use */
	bool is_releasing;		/* `release` is queued */
	bool is_retiring;		/* on the list of those to give back */
	uint8_t idle_kind;		/* the cache's */
	bool is_forgotten;		/* the owner gave the node up: goes with its last reference */
	uint32_t error_count;		/* write-back errors so far */
	int32_t last_error;
};

void inode_get(struct inode *i);
void inode_put(struct inode *i);	/* NULL is fine */
static inline bool inode_is_dir(const struct inode *i) { return (i->attr.mode & 0170000) == 0040000; }
static inline bool inode_is_regular(const struct inode *i) { return (i->attr.mode & 0170000) == 0100000; }
static inline bool inode_is_symlink(const struct inode *i) { return (i->attr.mode & 0170000) == 0120000; }

/* Current attributes: from the lease, else one VFS_GETATTR. */
int inode_getattr(struct inode *i, struct vfs_attr *out);
int inode_setattr(struct inode *i, uint32_t mask, const struct vfs_attr *attr);
/* Mode bits and capabilities against the current credentials (fsuid). @want: 4 r, 2 w, 1 x.
 * @use_real: access(2). Returns: 0, -EACCES, -EROFS. */
int inode_permission(struct inode *i, unsigned want, bool use_real);

/* Where a process stands: root, cwd, umask. One counted object (CLONE_FS). */
struct fs_context {
	refcount_t refs;
	struct spinlock lock;	/* FS_CONTEXT */
	struct inode *root, *cwd;
	uint32_t umask;
};
int fs_context_create(struct fs_context **out);		/* root and cwd: vfsd's root; may be NULL inodes before vfsd serves */
int fs_context_clone(struct fs_context *from, struct fs_context **out);
/* Forget root and cwd: the next walk asks vfsd for its root, which a mount on "/" has changed. */
void fs_context_reroot(struct fs_context *c);
void fs_context_get(struct fs_context *c);
void fs_context_put(struct fs_context *c);
/* References; the root asks vfsd when there is none yet. */
int fs_context_root(struct fs_context *c, struct inode **out);
int fs_context_cwd(struct fs_context *c, struct inode **out);
void fs_context_set_root(struct fs_context *c, struct inode *i);
void fs_context_set_cwd(struct fs_context *c, struct inode *i);
struct fs_context *fs_current(void);	/* the current process's */

#define WALK_FOLLOW 1u		/* a symbolic link at the end is followed */
#define WALK_PARENT 2u		/* stop before the last component */
#define WALK_DIRECTORY 4u	/* the end must be a directory */
#define WALK_EMPTY_PATH 8u	/* "" is the start itself (AT_EMPTY_PATH) */
#define WALK_NO_SYMLINKS 16u	/* openat2's RESOLVE_NO_SYMLINKS: -ELOOP */
#define WALK_NO_MAGIC 32u	/* RESOLVE_NO_MAGICLINKS */
#define WALK_BENEATH 64u	/* RESOLVE_BENEATH: -EXDEV for every way out of the start */
#define WALK_IN_ROOT 128u	/* RESOLVE_IN_ROOT: the start is the root */
#define WALK_FOLD 512u		/* a name that is missing may be met by one that differs in case */
#define WALK_NO_XDEV 256u	/* RESOLVE_NO_XDEV: stay on one filesystem */

struct walk_result {
	struct inode *inode;		/* the end; NULL with WALK_PARENT or when only it is missing (err -ENOENT) */
	struct inode *parent;		/* its directory */
	char name[VFS_NAME_MAX + 1];	/* the last component; "" for "/" and ".." kinds (see last_kind) */
	uint32_t name_len;
	enum { WALK_LAST_NAME, WALK_LAST_DOT, WALK_LAST_DOTDOT, WALK_LAST_ROOT } last_kind;
	bool trailing_slash;
	struct file *file;		/* a magic link led to an open file without a name: a reference */
};

/* A main image maps @i: writers get -ETXTBSY until inode_allow_write(). Returns: 0; -ETXTBSY
 * while it is open for writing. */
int inode_deny_write(struct inode *i);
void inode_allow_write(struct inode *i);
/* The object that holds a regular file's contents, up to date with its owner; a reference. */
int inode_contents(struct inode *i, struct mm_object **out);
/* Text of a symbolic link, magic ones included. Returns its length; -EINVAL no link. */
int64_t inode_readlink(struct inode *i, char *buf, size_t cap);

/* Resolve @path (kernel memory) from @start (NULL: cwd) in the current process's context.
 * Warm: no IPC. Returns: 0; -ENOENT (with parent set when only the last component is
 * missing) -ENOTDIR -EACCES -ELOOP -ENAMETOOLONG -ETIMEDOUT … */
int walk_path(struct inode *start, const char *path, unsigned flags, struct walk_result *out);
void walk_result_put(struct walk_result *r);

/* The calls of the Linux edge, with paths in kernel memory. @start NULL: cwd. */
int vfs_open(struct inode *start, const char *path, uint32_t flags, uint32_t mode, unsigned walk_flags, struct file **out);
/* A file in memory without a name, as memfd_create(2) makes; @label is what /proc shows for its path. */
int memory_file_create(const char *label, bool may_be_sealed, struct file **out);
/* F_ADD_SEALS and F_GET_SEALS. Returns: the seals; 0; -EINVAL no file in memory; -EPERM; -EBUSY mapped for writing. */
int file_add_seals(struct file *f, uint32_t seals);
int file_get_seals(const struct file *f);
bool inode_is_sealed_against_writes(const struct inode *i);
int vfs_open_inode(struct inode *i, uint32_t flags, struct file **out);	/* permission already checked */
int vfs_mknod(struct inode *start, const char *path, uint32_t mode, uint32_t rdev);	/* also directories */
/* bind(2) of an AF_UNIX socket: a new file for it, a reference. The umask applies. */
int vfs_make_socket(const char *path, struct inode **out);
int vfs_symlink(const char *target, struct inode *start, const char *path);
int vfs_link(struct inode *old_start, const char *old_path, struct inode *new_start, const char *new_path, unsigned walk_flags);
int vfs_unlink(struct inode *start, const char *path, bool is_rmdir);
/* Remove @name of @dir if it still leads to @victim. Without checks: who opened it had the right to.
 * Returns: 0; -ENOENT it leads elsewhere; what vfsd said. Context: any thread that may call services. */
int vfs_unlink_inode(struct inode *dir, const char *name, struct inode *victim);
int vfs_rename(struct inode *old_start, const char *old_path, struct inode *new_start, const char *new_path, uint32_t flags);
int vfs_statfs(struct inode *i, void *statfs_out, size_t bytes);
/* Absolute path of @i below the current root, with a NUL. Returns length without it; -ENOENT unlinked; -ERANGE. */
int64_t vfs_path_of(struct inode *i, char *buf, size_t cap);
struct process;
/* The main image of @p: a reference in *@inode. -ENOENT: it has none any more. */
int vfs_exe_of(struct process *p, struct inode **inode);
int vfs_mount(const char *type, const char *source, const char *target, const char *options, uint32_t flags);
/* Write every dirty page, and bring every disk to a state that lasts. */
int vfs_sync_all(void);
int vfs_umount(const char *target, uint32_t flags);
int vfs_publish_device(const char *name, uint32_t mode, uint32_t rdev, uint32_t uid, uint32_t gid);
int vfs_unpublish_device(const char *name);

/* POSIX record locks and flock. Returns -EAGAIN when it would wait and !wait; -EINTR; -EDEADLK. */
struct linux_flock_range { int16_t type; uint64_t start, end; uint32_t pid; };
int inode_posix_lock(struct file *f, struct linux_flock_range *range, bool wait, bool get, void *owner);
void inode_posix_unlock_all(struct inode *i, void *owner);
int inode_flock(struct file *f, int operation);

/* The kernel side of what vfsd asks: native calls. */
int64_t io_sys_vfs_node(uint32_t op, uint64_t node, struct vfs_attr __user *attr);
int64_t io_sys_lease_revoke(const struct lease_revoke __user *r);
int64_t io_sys_p9(struct p9_exchange __user *x);
int64_t io_sys_block(const struct block_call __user *call);
int64_t io_sys_storage(struct storage_call __user *call, bool may_change);

struct inode *inode_find(uint64_t node);	/* a reference, or NULL */
/* Is anything on the mount whose root @root is open, mapped, or where a process stands? The
 * caller holds one reference to @root. */
bool inode_mount_is_busy(struct inode *root);
/* Is a file on the mount whose root @root is open for writing, or open and deleted? */
bool inode_mount_is_written(struct inode *root);
/* MNT_EXPIRE: the mount that was marked last, as its st_dev, and of which nothing was used since; 0: none. */
uint32_t inode_mount_marked(void);
void inode_mount_mark(uint32_t dev);
/* Give every idle inode that can go back to its owner. */
void inode_drop_idle(void);
/* Drop what is only kept to be quick: leases, idle inodes, spare stacks, clean pages. Asks no service. */
void io_drop_caches(void);
/* vfsd serves (again): called after its endpoint was registered. */
void io_vfsd_registered(void);
void io_init(void);		/* boot, before the first process */
void p9_init(void);		/* part of it */
void io_init_devices(void);	/* probe the built-in drivers */
/* Bundle: the cpio in memory. */
int bundle_open(const char *path, struct mm_object **out, uint64_t *size);	/* 0, -ENOENT */
int bundle_name(uint32_t index, char *buf, size_t cap, uint64_t *size);
int bundle_object_at(uint32_t index, struct mm_object **out, uint64_t *size);

#endif
