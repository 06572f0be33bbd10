/* kernel/io-manager/include/io/file.h: open files and I/O requests.
 *
 * A file is what a descriptor refers to: operations, flags, an offset, and for
 * things with a name an inode. Operations never block for readiness: they do
 * what can be done now and answer -EAGAIN; io_read(), io_write() and the NT edge
 * wait on the file's wait queue and try again. (Filling pages may sleep.)
 *
 * Locking: file->position_lock guards `offset` for read, write and lseek of files
 * that have one. Flags change atomically.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include <object/object.h>
#include <sched/wait.h>

struct inode;
struct mm_object;
struct file;
struct ipc_notification;
struct wait_source;
struct socket_ops;

/* Bytes on their way: user or kernel segments. */
struct io_segment { uint64_t base; uint64_t len; };
struct io_vector {
	const struct io_segment *segments;	/* kernel memory */
	uint32_t nsegments;
	bool is_kernel;		/* bases are kernel addresses */
	uint32_t segment;	/* progress */
	uint64_t offset;	/* in the segment */
	uint64_t left;		/* bytes still to go in all */
};
void io_vector_init(struct io_vector *v, const struct io_segment *s, uint32_t n, bool is_kernel);
/* Copy to (from) the vector and advance. Returns bytes; 0 with -EFAULT in *err when none. */
size_t io_copy_to(struct io_vector *v, const void *src, size_t n, int *err);
size_t io_copy_from(struct io_vector *v, void *dst, size_t n, int *err);
/* Fault in what the next @n bytes need, so that a copy under a lock can succeed with
 * faults off. Returns bytes that are ready; -EFAULT when none. */
int64_t io_vector_prefault(struct io_vector *v, size_t n, bool for_write);
size_t io_copy_to_nofault(struct io_vector *v, const void *src, size_t n);
size_t io_copy_from_nofault(struct io_vector *v, void *dst, size_t n);
void io_vector_advance(struct io_vector *v, uint64_t n);

struct io_request {
	struct file *file;
	struct io_vector vector;
	uint64_t offset;	/* absolute, when the file has positions */
	uint32_t flags;		/* IO_* */
	uint64_t deadline_ns;	/* set by an operation with -EAGAIN: call again then (tty VTIME) */
	bool timed_out;		/* that deadline passed */
	void *private;		/* the operation's, between tries */
	/* Set by an operation with -EAGAIN: what it waits for, when that is not what poll() tells. */
	bool (*is_ready)(struct io_request *rq);
	struct socket_control *control;	/* sockets: what goes with the bytes (io/socket.h) */
};
#define IO_NONBLOCK 1u
#define IO_APPEND 2u
#define IO_SYNC 4u
#define IO_PEEK 8u

struct file_ops {
	const char *name;
	/* Returns: bytes done (0: end of file), -EAGAIN, or another errno. */
	int64_t (*read)(struct io_request *rq);
	int64_t (*write)(struct io_request *rq);
	/* POLL* bits that are ready now; must be cheap, no sleep. NULL: always IN|OUT. */
	uint32_t (*poll)(struct file *f);
	/* The queue that is woken when poll() may have changed. NULL: never. */
	struct wait_queue *(*wait_queue)(struct file *f, uint32_t events);
	/* ioctl(2) in Linux's codes. -ENOTTY unknown. */
	int64_t (*ioctl)(struct file *f, uint32_t cmd, uint64_t arg);
	/* The object to map, a reference. -ENODEV when NULL. */
	int (*map)(struct file *f, uint32_t prot, bool shared, struct mm_object **out);
	int (*fsync)(struct file *f, bool data_only);
	/* Position given as lseek(2) whence; NULL: -ESPIPE. Returns the new offset. */
	int64_t (*seek)(struct file *f, int64_t offset, int whence);
	bool ignores_seek;	/* without `seek`: lseek(2) succeeds and does nothing */
	/* getdents64: fill the vector. Returns bytes. */
	int64_t (*readdir)(struct io_request *rq);
	int (*truncate)(struct file *f, uint64_t size);
	int (*allocate)(struct file *f, int mode, uint64_t offset, uint64_t len);
	/* A descriptor was closed (each close, not only the last); returns close(2)'s errno. */
	int (*flush)(struct file *f, void *process);
	void (*release)(struct file *f);	/* last reference */
	const struct socket_ops *socket;	/* sockets (io/socket.h); NULL: it is none */
};

struct file {
	struct object object;	/* first */
	const struct file_ops *ops;
	struct inode *inode;	/* a reference; NULL: pipe, socket, epoll … have none */
	uint32_t flags;		/* Linux O_* status flags and access mode; atomic */
	uint32_t access;	/* RIGHT_READ | RIGHT_WRITE granted at open */
	struct mutex position_lock;
	uint64_t offset;
	void *private;
	uint64_t open_id;	/* vfsd's, for VFS_READ/WRITE/CLOSE */
	uint32_t error_seen;	/* write-back errors reported so far */
	int32_t flush_error;	/* of the latest close; close(2) takes it */
	bool tells_close;	/* its opening was told to watchers, so its end is */
	bool is_no_writer;	/* writes, but does not keep the file from being run */
	bool has_flock;		/* may hold an flock: given up at release */
	struct list_node epoll_items;	/* of the sets that watch it */
	struct ipc_notification *close_note;	/* VFS_CLOSE of open_id: storage taken at open */
	uint32_t owner_pid;	/* F_SETOWN */
	int32_t owner_signal;	/* F_SETSIG */
	uint64_t readahead_next, readahead_pages;
	void *nt_open;		/* the NT view's (compat), which this frees: */
	void (*nt_release)(struct file *f);
	struct wait_source *nt_ended;	/* in it: what a wait for the file waits for; NULL: it cannot be waited for */
	uint64_t read_timeout_ns, write_timeout_ns;	/* sockets' SO_RCVTIMEO, SO_SNDTIMEO; 0: none */
};

int file_create(const struct file_ops *ops, uint32_t flags, void *private, struct file **out);
static inline void file_get(struct file *f) { object_get(&f->object); }
static inline void file_put(struct file *f) { if (f) object_put(&f->object); }
static inline struct file *file_from_object(struct object *o) { return (struct file *)o; }

/* Blocking forms: wait as the file's O_NONBLOCK and @rq->flags say. A write to a stream
 * goes on until everything is written; -EINTR only when nothing was. -EPIPE: the
 * caller raises SIGPIPE. */
int64_t io_read(struct io_request *rq);
int64_t io_write(struct io_request *rq);
/* At the file's position (moves it) or at @offset (-ESPIPE without positions). */
int64_t file_read(struct file *f, struct io_vector *v);
int64_t file_write(struct file *f, struct io_vector *v);
int64_t file_pread(struct file *f, struct io_vector *v, uint64_t offset);
int64_t file_pwrite(struct file *f, struct io_vector *v, uint64_t offset);
uint32_t file_poll(struct file *f);
/* The inode number that fstat(2) shows of a file without a name. */
uint64_t file_ino(const struct file *f);

#define IO_POLLIN 0x1u
#define IO_POLLPRI 0x2u
#define IO_POLLOUT 0x4u
#define IO_POLLERR 0x8u
#define IO_POLLHUP 0x10u
#define IO_POLLRDNORM 0x40u
#define IO_POLLWRNORM 0x100u
#define IO_POLLWRBAND 0x200u
#define IO_POLLRDHUP 0x2000u

/* Constructors. */
int pipe_create(uint32_t flags, struct file **reader, struct file **writer);
/* F_SETPIPE_SZ, F_GETPIPE_SZ. Returns: the capacity in bytes; -EBADF not a pipe; -EINVAL -EPERM; -EBUSY more waits in it. */
int pipe_set_size(struct file *f, uint32_t bytes);
int pipe_get_size(struct file *f);
/* Copy what waits in a pipe to @v without taking it. Returns: bytes that wait; -EBADF not a pipe; -EFAULT. */
int64_t pipe_peek(struct file *f, struct io_vector *v, bool *has_writers);
int fifo_open(struct inode *inode, uint32_t flags, struct file **out);	/* waits as fifo(7) */
int epoll_create_file(uint32_t flags, struct file **out);
/* A device by its number: -ENXIO when there is none. */
int device_open(uint32_t rdev, bool is_block, struct inode *inode, uint32_t flags, struct file **out);

#endif
