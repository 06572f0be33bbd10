/* abi/include/albireo/native.h: the native calls, as services and the kernel see them.
 *
 * All structs are little-endian, naturally aligned, and zero where not said. A
 * pointer is a user address of the caller. Errors are negative errno values.
 */
#ifndef ALBIREO_NATIVE_H
#define ALBIREO_NATIVE_H

#include <stdint.h>

#define SYS_NUCLEUS_BASE 0x1000

enum native_call {
#define NATIVE(offset, name, cap, summary) SYS_NUCLEUS_##name = SYS_NUCLEUS_BASE + (offset),
#include "native_calls.def"
#undef NATIVE
	SYS_NUCLEUS_END
};

/* ---- IPC ---- */

#define IPC_WORDS 8
#define IPC_MAX_DATA (64u << 10)	/* bytes copied with one message */
#define IPC_MAX_TRANSFER_HANDLES 4

/* One message, in either direction. For a call, `data`/`data_len` is what is
 * sent, `reply_data`/`reply_cap` where the reply's data goes. */
struct ipc_message {
	uint64_t words[IPC_WORDS];
	uint64_t data;		/* user pointer; on receive: the caller's buffer */
	uint32_t data_len;	/* bytes; on receive in: capacity, out: length */
	uint32_t nhandles;
	int32_t handles[IPC_MAX_TRANSFER_HANDLES];
	uint64_t reply_data;
	uint32_t reply_cap;
	uint32_t flags;		/* IPC_ACCEPT_HANDLES; on receive: IPC_RETRY, IPC_ASYNC */
	uint64_t deadline_ns;	/* relative; 0: a call: the endpoint's default, a receive: none */
	/* On receive: */
	uint64_t token;		/* for IPC_REPLY; stays valid for one reply */
	uint64_t request_id;	/* survives a restart of the service */
	uint64_t badge;		/* the kernel's: IPC_BADGE_KERNEL | pid, else the caller's pid */
};

#define IPC_ACCEPT_HANDLES 1u	/* receiver: messages with handles are welcome */
#define IPC_RETRY 2u		/* this request was delivered before, to a predecessor */
#define IPC_ASYNC 4u		/* a notification: no reply is expected */
#define IPC_BADGE_KERNEL (1ull << 32)

/* words[0] of a notification of the kernel's: the receiver does as words[1] says, as DEBUG_CRASH asked. */
#define IPC_CRASH (~0ull)
#define IPC_CRASH_NULL 0	/* write to address 0 */
#define IPC_CRASH_HEAP 1	/* write to memory that it has freed; only in builds with debug checks */

/* IPC_CALL(handle, struct ipc_message *): 0, or -EBADF -EACCES -EPIPE (dead endpoint)
 *   -ETIMEDOUT -EDEADLK (rank) -E2BIG -EINTR. The message holds the reply.
 * IPC_RECV(handle, struct ipc_message *, flags): 0; -EINTR; -EPIPE; -ETIMEDOUT; -EACCES a service's
 *   endpoint that another process serves. An ordinary endpoint is served by whoever received last on it.
 *   A message with handles for a receiver without IPC_ACCEPT_HANDLES is
 *   refused: its sender gets -EACCES and the receiver goes on waiting.
 * IPC_REPLY(token, struct ipc_message *): 0; -EINVAL stale token; -E2BIG longer than the caller has
 *   room for: the request is still to be answered.
 * IPC_REGISTER_SERVICE_ENDPOINT(service_id, handle): the capability bit of the
 *   service is needed; handle 0 revokes. The endpoint object outlives the process. */

/* ---- Logging: LOG(level, category, const char *text, size_t len) ---- */

/* ---- STATE_BROKER(op, arg): the caller's service state, one object per service id ----
 * STATE_MAP(min_bytes): maps it read-write (creating it), returns the address;
 *   the size is rounded up to pages and never shrinks. STATE_SIZE: bytes.
 * A mapping reserves STATE_MAX_BYTES of address space, so it never moves. */
#define STATE_OP_MAP 1
#define STATE_OP_SIZE 2
#define STATE_MAX_BYTES (1ull << 30)

/* ---- P9_BROKER(struct p9_exchange *) ---- */
struct p9_exchange {
	uint32_t transport;	/* index in order of discovery; see P9_LIST */
	uint32_t flags;		/* P9_DATA_IN, P9_DATA_OUT */
	uint64_t request_id;	/* with step: an exchange that a predecessor sent is not */
	uint32_t step;		/* sent again, its reply is taken; id 0: nothing is kept */
	uint32_t request_len;
	uint64_t request;	/* T-message bytes, tag filled in by the kernel */
	uint64_t reply;		/* R-message bytes */
	uint32_t reply_cap;	/* in: capacity; out: length */
	uint32_t data_len;	/* payload bytes to or from the node's pages */
	uint64_t node;		/* whose memory object, with P9_DATA_* */
	uint64_t offset;	/* byte offset in that object */
};
#define P9_DATA_IN 1u	/* Rread payload goes to the object's pages */
#define P9_DATA_OUT 2u	/* Twrite payload comes from them */
#define P9_LIST 4u	/* reply: the mount tag of `transport`; -ENODEV past the last */
#define P9_FORGET 8u	/* drop every kept reply of request_id */
#define P9_TAKE 16u	/* only take the reply kept for (request_id, step), which stays kept:
			 * -ENOENT when there is none; nothing is sent */
#define P9_MAX_DATA (504u << 10)

/* ---- PROC_SPAWN_BROKER(struct proc_spawn *): rootd ---- */
struct proc_spawn {
	char name[32];
	uint32_t pid;		/* fixed, from the boot manifest; 0: next free */
	uint32_t capabilities;
	uint32_t service_ids[4];	/* 0-terminated */
	int32_t image;		/* handle of the bundle file's object */
	uint32_t rank;
	uint64_t layout;	/* struct image_layout * (exec.h) */
	uint64_t argv_env;	/* NUL-separated "arg\0arg\0\0K=V\0\0", may be 0 */
	uint32_t argv_env_len;
	uint32_t reserved;
};
/* PROC_WAIT_BROKER(struct proc_exit *): blocks; which service ended, and how; or that somebody
 * called one that has never served. */
struct proc_exit {
	uint32_t pid;		/* 0: nobody ended */
	uint32_t status;	/* as wait4's */
	uint32_t wanted;	/* with pid 0: a service id */
};

/* BUNDLE_BROKER(const char *path, size_t len, handle out): handle; -ENOENT.
 * With path NULL and len i: the i-th file's path into a 256-byte buffer at arg 3. */

/* OBJECT_READ(handle, offset, buf, len): bytes copied, fewer at the end, 0 past it; -EBADF -EFAULT -EIO.
 * OBJECT_INFO(handle): the object's size in bytes. */

/* NET_BROKER(op, arg): NET_* of net.h */

/* ---- INPUT_STATS_BROKER(index, struct input_stats *): 0; -ENODEV past the last device ---- */
struct input_stats {
	char name[64];
	uint64_t events;	/* that readers were to hear of */
	uint64_t dropped;	/* queues of readers that overflowed */
};

/* ---- DRIVER_LOAD_MODULE_BROKER(const struct driver_load *) ----
 * The module's init runs in the caller's context. Returns: 0; -EEXIST it is loaded; -ENOENT no such file, or
 *   the bundle's sums do not list it; -EBADMSG it is not the file that they list; -ENOEXEC no module that this
 *   kernel can link: the log says why; -EIO -ENOMEM -E2BIG; else what its init returned. What fails leaves nothing.
 * With DRIVER_LOAD_ASK: 0 it is loaded; -ENOENT. */
struct driver_load {
	char name[32];		/* the module's own, or the same with `-` for `_` */
	char path[128];		/* from the root: in the bundle if it has it, else of the filesystem */
	char provider_group[32];	/* active from now on; "" for none */
	uint32_t flags;
	uint32_t reserved;
};
#define DRIVER_LOAD_ASK 1u

/* DRIVER_PROBE_ALIAS_BROKER(const char *alias, size_t len): 1 a device is there, 0 there is none; -EINVAL no alias
 *   (libs/alias), -ERANGE a long one.
 * DRIVER_PROVIDER_ACTIVE_BROKER(const char *group, size_t len): 1 a driver that is linked in or loaded provides it, 0. */

/* FW_CFG_BROKER(const char *name, void *buf, size_t cap, size_t offset): file's size; -ENOENT */

/* LAUNCH_BROKER(op, arg) */
#define LAUNCH_STRACE 1		/* log calls of arg = pid and its descendants */
#define LAUNCH_SET_CLOCK 2	/* arg: CLOCK_REALTIME in ns now */
#define LAUNCH_PORT_EOF 3	/* arg: struct port_eof *: stdin ends after n bytes */
#define LAUNCH_PORT_BROKEN 4	/* arg: const char * port name: its host reader left */
#define LAUNCH_PORT_COUNT 5	/* arg: struct port_eof *: bytes written so far, drained */
#define LAUNCH_SPARE_DEVICES 7	/* 1: there are devices that devmgrd names, or that only a module could drive; 0 */
#define LAUNCH_REROOT 6		/* the caller stands on vfsd's root again, after a mount on "/" */
struct port_eof {
	char port[32];
	uint64_t bytes;
};

/* DEBUG_CRASH(const char *place, size_t len): -ENOENT when there is no such place; -EBUSY. For a service's
 * name 0: it faults when it takes the notification. */

/* MACHINE_BROKER(op) */
#define MACHINE_POWEROFF 1
#define MACHINE_SYNC 2
#define MACHINE_DROP_CACHES 3
#define MACHINE_KILL_ALL 4	/* SIGKILL to every program; returns when they are gone */
#define MACHINE_RESET 5
#define MACHINE_HALT 6		/* stand still, but stay on */

#endif
