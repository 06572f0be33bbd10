/* nucleus/nucleus.h: the native calls as C functions, usable without a libc.
 *
 * Each function is one system call and nothing more: it returns the kernel's
 * value, or a negative errno, never touches errno, and is no cancellation
 * point. The argument structs, and who may call what, are in albireo/native.h.
 *
 * Context: any thread, and signal handlers.
 */
#ifndef NUCLEUS_NUCLEUS_H
#define NUCLEUS_NUCLEUS_H

#include <stddef.h>
#include <stdint.h>

#include <albireo/block.h>
#include <albireo/device.h>
#include <albireo/exec.h>
#include <albireo/native.h>
#include <albireo/vfs.h>

#ifdef NUCLEUS_CALLS_ARE_FEIGNED
/* On a host, where a fuzz target answers in the kernel's place (tests/fuzz/feigned_kernel.c). */
long nucleus_syscall4(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

static inline long nucleus_syscall3(long nr, unsigned long a, unsigned long b, unsigned long c)
{
	return nucleus_syscall4(nr, a, b, c, 0);
}
#else
/* The syscall instruction itself: rcx and r11 are lost to it (Intel SDM 2B, SYSCALL). */
static inline long nucleus_syscall4(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	register unsigned long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long nucleus_syscall3(long nr, unsigned long a, unsigned long b, unsigned long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}
#endif

static inline long nucleus_syscall2(long nr, unsigned long a, unsigned long b)
{
	return nucleus_syscall3(nr, a, b, 0);
}

static inline long nucleus_syscall1(long nr, unsigned long a)
{
	return nucleus_syscall3(nr, a, 0, 0);
}

/* ---- Log and clock ---- */

enum nucleus_log_level {
	NUCLEUS_LOG_TRACE = 1,
	NUCLEUS_LOG_DEBUG,
	NUCLEUS_LOG_INFO,
	NUCLEUS_LOG_WARN,
	NUCLEUS_LOG_ERROR,
	NUCLEUS_LOG_FATAL,
};

enum nucleus_log_category {
#define LOG_CATEGORY(upper, name) NUCLEUS_LOG_CATEGORY_##upper,
#include "log_categories.def"
#undef LOG_CATEGORY
};

/* Write @len bytes of @text as one log line. The kernel adds who writes it, and when. */
static inline long nucleus_log(enum nucleus_log_level level, enum nucleus_log_category category, const char *text,
			       size_t len)
{
	return nucleus_syscall4(SYS_NUCLEUS_LOG, level, category, (unsigned long)text, len);
}

/* Monotonic nanoseconds since boot. */
static inline uint64_t nucleus_clock(void)
{
	return (uint64_t)nucleus_syscall1(SYS_NUCLEUS_CLOCK, 0);
}

/* ---- Handles and IPC ---- */

static inline int nucleus_close(int handle)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_CLOSE, (unsigned int)handle);
}

/* Make an endpoint. Returns: its handle. */
static inline int nucleus_ipc_create(void)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_IPC_CREATE, 0);
}

/* Send @msg and wait; on 0 it holds the reply. The reply's own status is words[0]. */
static inline int nucleus_ipc_call(int handle, struct ipc_message *msg)
{
	return (int)nucleus_syscall2(SYS_NUCLEUS_IPC_CALL, (unsigned int)handle, (unsigned long)msg);
}

/* Wait for a message. @msg brings the buffer in data and data_len, and what is accepted in flags. */
static inline int nucleus_ipc_recv(int handle, struct ipc_message *msg, unsigned int flags)
{
	return (int)nucleus_syscall3(SYS_NUCLEUS_IPC_RECV, (unsigned int)handle, (unsigned long)msg, flags);
}

static inline int nucleus_ipc_reply(uint64_t token, struct ipc_message *msg)
{
	return (int)nucleus_syscall2(SYS_NUCLEUS_IPC_REPLY, token, (unsigned long)msg);
}

/* Serve @service_id on @handle; 0 revokes. */
static inline int nucleus_register_service(uint32_t service_id, int handle)
{
	return (int)nucleus_syscall2(SYS_NUCLEUS_IPC_REGISTER_SERVICE_ENDPOINT, service_id, (unsigned int)handle);
}

/* Returns: a handle to the endpoint of @service_id, which may have no server yet. */
static inline int nucleus_lookup_service(uint32_t service_id)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_IPC_LOOKUP_SERVICE_ENDPOINT, service_id);
}

/* nucleus_ipc_call() to a service of which no handle is kept.
 * Returns: the reply's own status, or why the service could not be asked. */
static inline int nucleus_ask(uint32_t service_id, struct ipc_message *msg)
{
	int handle = nucleus_lookup_service(service_id), err;

	if (handle < 0)
		return handle;
	err = nucleus_ipc_call(handle, msg);
	nucleus_close(handle);
	return err ? err : (int)(int64_t)msg->words[0];
}

/* ---- Leases and service state ---- */

static inline int nucleus_lease_grant(const struct lease_grant *grant)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_LEASE_GRANT_BROKER, (unsigned long)grant);
}

/* When it returns, no reader of the kernel's acts on the lease any more. */
static inline int nucleus_lease_revoke(const struct lease_revoke *revoke)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_LEASE_REVOKE_BROKER, (unsigned long)revoke);
}

/* Map the caller's surviving state, of at least @min_bytes.
 * Returns: 0 and the address in *@out; it never moves. */
static inline int nucleus_state_map(size_t min_bytes, void **out)
{
	long ret = nucleus_syscall2(SYS_NUCLEUS_STATE_BROKER, STATE_OP_MAP, min_bytes);

	if (ret < 0 && ret > -4096)
		return (int)ret;
	*out = (void *)ret;
	return 0;
}

/* Returns: the state's size in bytes; 0 when there is none yet. */
static inline long nucleus_state_size(void)
{
	return nucleus_syscall2(SYS_NUCLEUS_STATE_BROKER, STATE_OP_SIZE, 0);
}

/* ---- Disks ---- */

static inline int nucleus_storage(struct storage_call *call)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_STORAGE_LIST_BROKER, (unsigned long)call);
}

static inline int nucleus_block(const struct block_call *call)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_BLOCK_BROKER, (unsigned long)call);
}

/* ---- Devices (devmgrd) ---- */

static inline int nucleus_device(struct device_call *call)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_DEVICE_BROKER, (unsigned long)call);
}

/* ---- Files (vfsd) ---- */

static inline long nucleus_p9(struct p9_exchange *exchange)
{
	return nucleus_syscall1(SYS_NUCLEUS_P9_BROKER, (unsigned long)exchange);
}

static inline long nucleus_vfs_node(unsigned int op, uint64_t node, struct vfs_attr *attr)
{
	return nucleus_syscall3(SYS_NUCLEUS_VFS_NODE_BROKER, op, node, (unsigned long)attr);
}

/* Returns: bytes written to @buf. */
static inline long nucleus_proc_query(unsigned int op, uint64_t pid, void *buf, size_t cap)
{
	return nucleus_syscall4(SYS_NUCLEUS_PROC_QUERY_BROKER, op, pid, (unsigned long)buf, cap);
}

/* ---- Sockets (netd) ---- */

static inline long nucleus_net(unsigned int op, uint64_t socket)
{
	return nucleus_syscall2(SYS_NUCLEUS_NET_BROKER, op, socket);
}

/* ---- Kernel modules (driverd) ---- */

static inline int nucleus_driver_load(const struct driver_load *request)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_DRIVER_LOAD_MODULE_BROKER, (unsigned long)request);
}

/* Returns: 1 a device of the alias is there; 0. */
static inline int nucleus_driver_probe_alias(const char *alias, size_t len)
{
	return (int)nucleus_syscall2(SYS_NUCLEUS_DRIVER_PROBE_ALIAS_BROKER, (unsigned long)alias, len);
}

/* Returns: 1 the group has its driver; 0. */
static inline int nucleus_driver_provider_active(const char *group, size_t len)
{
	return (int)nucleus_syscall2(SYS_NUCLEUS_DRIVER_PROVIDER_ACTIVE_BROKER, (unsigned long)group, len);
}

/* ---- Input devices (inputd) ---- */

static inline int nucleus_input_stats(uint32_t index, struct input_stats *stats)
{
	return (int)nucleus_syscall2(SYS_NUCLEUS_INPUT_STATS_BROKER, index, (unsigned long)stats);
}

/* ---- Memory objects ---- */

/* Copy up to @len bytes at @offset out of the object. Returns: bytes; 0 past its end. */
static inline long nucleus_object_read(int handle, uint64_t offset, void *buf, size_t len)
{
	return nucleus_syscall4(SYS_NUCLEUS_OBJECT_READ, (unsigned int)handle, offset, (unsigned long)buf, len);
}

/* Returns: the object's size in bytes. */
static inline long nucleus_object_size(int handle)
{
	return nucleus_syscall1(SYS_NUCLEUS_OBJECT_INFO, (unsigned int)handle);
}

/* ---- Processes ---- */

/* Start a service. Returns: its pid. */
static inline long nucleus_proc_spawn(const struct proc_spawn *spawn)
{
	return nucleus_syscall1(SYS_NUCLEUS_PROC_SPAWN_BROKER, (unsigned long)spawn);
}

/* Wait until a supervised service ends. */
static inline int nucleus_proc_wait(struct proc_exit *exit)
{
	return (int)nucleus_syscall1(SYS_NUCLEUS_PROC_WAIT_BROKER, (unsigned long)exit);
}

/* Put @cred in force for every thread of @pid, once for each @request_id. */
static inline int nucleus_proc_credentials(uint32_t pid, const struct credentials *cred, uint64_t request_id)
{
	return (int)nucleus_syscall3(SYS_NUCLEUS_PROC_CREDENTIALS_BROKER, pid, (unsigned long)cred, request_id);
}

/* ---- Boot bundle ---- */

#define NUCLEUS_BUNDLE_PATH_MAX 256

/* Returns: a handle to the bundle file @path of @len bytes; -ENOENT. */
static inline int nucleus_bundle_open(const char *path, size_t len)
{
	return (int)nucleus_syscall3(SYS_NUCLEUS_BUNDLE_BROKER, (unsigned long)path, len, 0);
}

/* The path of bundle file @index. Returns: 0 or more; -ENOENT past the last. */
static inline long nucleus_bundle_path(size_t index, char path[NUCLEUS_BUNDLE_PATH_MAX])
{
	return nucleus_syscall3(SYS_NUCLEUS_BUNDLE_BROKER, 0, index, (unsigned long)path);
}

/* ---- The launcher ---- */

/* Read up to @cap bytes at @offset of a firmware configuration file. Returns: the file's size; -ENOENT. */
static inline long nucleus_fw_cfg(const char *name, void *buf, size_t cap, size_t offset)
{
	return nucleus_syscall4(SYS_NUCLEUS_FW_CFG_BROKER, (unsigned long)name, (unsigned long)buf, cap, offset);
}

/* @arg: what the LAUNCH_* operation says: a number or a pointer. */
static inline long nucleus_launch(unsigned int op, unsigned long arg)
{
	return nucleus_syscall2(SYS_NUCLEUS_LAUNCH_BROKER, op, arg);
}

static inline long nucleus_machine(unsigned int op)
{
	return nucleus_syscall1(SYS_NUCLEUS_MACHINE_BROKER, op);
}

/* ---- Diagnosis ---- */

/* The kernel's counters as text. Returns: bytes written to @buf. */
static inline long nucleus_counters(char *buf, size_t cap)
{
	return nucleus_syscall2(SYS_NUCLEUS_COUNTERS, (unsigned long)buf, cap);
}

/* Fault on purpose at the place named, or in the service; does not return when it is in the kernel. */
static inline long nucleus_debug_crash(const char *place, size_t len)
{
	return nucleus_syscall2(SYS_NUCLEUS_DEBUG_CRASH, (unsigned long)place, len);
}

#endif
