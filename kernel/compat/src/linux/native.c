/* kernel/compat/src/linux/native.c: dispatch of the native calls, and those that need no file of their own.
 *
 * A call with a capability in abi/native_calls.def is a broker: without the bit the
 * caller gets -EACCES, and the log one line.
 */
#include <albireo/net.h>
#include <hal/hal.h>
#include <io/inode.h>
#include <io/module.h>
#include <io/socket.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include <string.h>

#include "dispatch.h"
#include "native.h"

#define LOG_TEXT_MAX 256
#define COPY_CHUNK (16u << 10)
#define FW_NAME_MAX 64
#define FW_CHUNK (64u << 10)
#define QUERY_MAX (64u << 10)

struct native_entry {
	int64_t (*fn)(const uint64_t a[4]);
	uint32_t capability;
	const char *name;
};
static const struct native_entry entries[] = {
#define NATIVE(offset, name, cap, summary) [offset] = { native_##name, cap, #name },
#include "native_calls.def"
#undef NATIVE
};

int native_refuse(uint32_t call, const char *name)
{
	struct process *p = ps_current();

	counter_inc(COUNTER_BROKER_REFUSED);
	if (log_once_for_program(p->name, call))
		log_warn(COMPAT, "%s (pid %u) may not call %s: no capability", p->name, p->pid, name);
	return -EACCES;
}

int64_t linux_call_native(struct trap_frame *f)
{
	const uint64_t a[4] = { f->rdi, f->rsi, f->rdx, f->r10 };
	uint64_t nr = (uint32_t)f->error - SYS_NUCLEUS_BASE;
	struct process *p = ps_current();
	const struct native_entry *e;

	if (nr >= ARRAY_SIZE(entries) || !entries[nr].fn)
		return -ENOSYS;
	e = &entries[nr];
	if ((p->capabilities & e->capability) != e->capability)
		return native_refuse((uint32_t)nr + SYS_NUCLEUS_BASE, e->name);
	return e->fn(a);
}

int64_t native_LOG(const uint64_t a[4])
{
	struct process *p = ps_current();
	char text[LOG_TEXT_MAX];
	size_t len = MIN(a[3], sizeof(text));

	if (a[0] < LOG_TRACE || a[0] > LOG_FATAL || a[1] >= LOG_CAT_COUNT)
		return -EINVAL;
	if (copy_from_user(text, user_ptr(a[2]), len))
		return -EFAULT;
	for (size_t i = 0; i < len; i++) {
		if ((uint8_t)text[i] < ' ')
			text[i] = ' ';
	}
	log_write_service((enum log_level)a[0], (enum log_category)a[1], p->name, p->pid, text, len);
	return 0;
}

int64_t native_CLOCK(const uint64_t a[4])
{
	return (int64_t)clock_monotonic_ns();
}

int64_t native_CLOSE(const uint64_t a[4])
{
	return handle_close(ps_current()->handles, (int)a[0], ps_current());
}

/* ---- IPC ---- */

int64_t native_IPC_CREATE(const uint64_t a[4])
{
	ps_current()->has_endpoints = true;
	return ipc_sys_create();
}

int64_t native_IPC_CALL(const uint64_t a[4])
{
	return ipc_sys_call((int)a[0], user_ptr(a[1]));
}

int64_t native_IPC_RECV(const uint64_t a[4])
{
	ps_current()->has_endpoints = true;
	return ipc_sys_recv((int)a[0], user_ptr(a[1]), (uint32_t)a[2]);
}

int64_t native_IPC_REPLY(const uint64_t a[4])
{
	return ipc_sys_reply(a[0], user_ptr(a[1]));
}

static const uint32_t service_capabilities[SERVICE_ID_MAX] = {
#define SERVICE(id, upper, name, rank, cap) [id] = cap,
#include "services.def"
#undef SERVICE
};

static int may_serve(const struct process *p, uint64_t id)
{
	if (id >= SERVICE_ID_MAX || !service_capabilities[id])
		return -EINVAL;
	if (p->capabilities & service_capabilities[id])
		return 0;
	return native_refuse(SYS_NUCLEUS_IPC_REGISTER_SERVICE_ENDPOINT, "IPC_REGISTER_SERVICE_ENDPOINT");
}

/* The service's own endpoint takes the place of the handle's: it outlives the process. */
int64_t native_IPC_REGISTER_SERVICE_ENDPOINT(const uint64_t a[4])
{
	struct process *p = ps_current();
	struct endpoint *ep;
	struct object *obj;
	int err = may_serve(p, a[0]);

	if (err)
		return err;
	if (!a[1]) {
		endpoint_owner_died(p);
		return 0;
	}
	err = handle_lookup(p->handles, (int)a[1], OBJECT_ENDPOINT, 0, &obj);
	if (err)
		return err;
	object_put(obj);
	err = service_register((uint32_t)a[0], p);
	if (err)
		return err;
	p->has_endpoints = true;
	ep = service_endpoint((uint32_t)a[0]);
	err = handle_install_at(p->handles, endpoint_object(ep), RIGHT_ALL, HANDLE_CLOEXEC, (int)a[1], p);
	object_put(endpoint_object(ep));
	if (err < 0)
		return err;
	if (a[0] == SERVICE_VFSD)
		io_vfsd_registered();
	return 0;
}

int64_t native_IPC_LOOKUP_SERVICE_ENDPOINT(const uint64_t a[4])
{
	struct endpoint *ep = a[0] < SERVICE_ID_MAX ? service_endpoint((uint32_t)a[0]) : NULL;
	int h;

	if (!ep)
		return -EINVAL;
	h = handle_install(ps_current()->handles, endpoint_object(ep), RIGHT_READ | RIGHT_WRITE, HANDLE_CLOEXEC, 0,
			   NATIVE_MAX_HANDLE);
	object_put(endpoint_object(ep));
	return h;
}

/* ---- leases ---- */

/* Names and attributes come with replies; envelopes are syscalld's, images loaderd's to grant. */
int64_t native_LEASE_GRANT_BROKER(const uint64_t a[4])
{
	struct process *p = ps_current();
	struct lease_grant grant;
	struct envelope envelope;

	if (!(p->capabilities & (CAP_LINUX_SYSCALL_POLICY | CAP_PROCESS_LOADER)))
		return native_refuse(SYS_NUCLEUS_LEASE_GRANT_BROKER, "LEASE_GRANT_BROKER");
	if (copy_from_user(&grant, user_ptr(a[0]), sizeof(grant)))
		return -EFAULT;
	if (grant.kind != LEASE_ENVELOPE)
		return -EINVAL;
	if (!(p->capabilities & CAP_LINUX_SYSCALL_POLICY))
		return native_refuse(SYS_NUCLEUS_LEASE_GRANT_BROKER, "LEASE_GRANT_BROKER");
	if (grant.payload_len != sizeof(envelope))
		return -EINVAL;
	if (copy_from_user(&envelope, user_ptr(grant.payload), sizeof(envelope)))
		return -EFAULT;
	return ps_grant_envelope((uint32_t)grant.subject, &envelope);
}

int64_t native_LEASE_REVOKE_BROKER(const uint64_t a[4])
{
	struct process *p = ps_current();

	if (!(p->capabilities & (CAP_VFS_POLICY | CAP_PROCESS_LOADER | CAP_NET_POLICY | CAP_HIVE_POLICY)))
		return native_refuse(SYS_NUCLEUS_LEASE_REVOKE_BROKER, "LEASE_REVOKE_BROKER");
	return io_sys_lease_revoke(user_ptr(a[0]));
}

int64_t native_NET_BROKER(const uint64_t a[4])
{
	return a[0] == NET_SOCKET_LIVES ? socket_unix_lives(a[1]) : -EINVAL;
}

int64_t native_P9_BROKER(const uint64_t a[4])
{
	return io_sys_p9(user_ptr(a[0]));
}

int64_t native_BLOCK_BROKER(const uint64_t a[4])
{
	if (!(ps_current()->capabilities & (CAP_STORAGE_POLICY | CAP_VFS_POLICY)))
		return native_refuse(SYS_NUCLEUS_BLOCK_BROKER, "BLOCK_BROKER");
	return io_sys_block(user_ptr(a[0]));
}

int64_t native_STORAGE_LIST_BROKER(const uint64_t a[4])
{
	uint32_t capabilities = ps_current()->capabilities;

	if (!(capabilities & (CAP_STORAGE_POLICY | CAP_VFS_POLICY | CAP_LAUNCHER)))
		return native_refuse(SYS_NUCLEUS_STORAGE_LIST_BROKER, "STORAGE_LIST_BROKER");
	return io_sys_storage(user_ptr(a[0]), capabilities & CAP_STORAGE_POLICY);
}

int64_t native_VFS_NODE_BROKER(const uint64_t a[4])
{
	return io_sys_vfs_node((uint32_t)a[0], a[1], user_ptr(a[2]));
}

/* ---- memory objects ---- */

int native_install_memory(struct mm_object *mo, uint32_t rights)
{
	struct object *obj;
	int h, err = memory_handle_create(mo, &obj);

	if (err)
		return err;
	h = handle_install(ps_current()->handles, obj, rights, HANDLE_CLOEXEC, 0, NATIVE_MAX_HANDLE);
	object_put(obj);
	return h;
}

int native_lookup_memory(int handle, struct object **obj, struct mm_object **mo)
{
	int err = handle_lookup(ps_current()->handles, handle, OBJECT_MEMORY, RIGHT_READ, obj);

	if (!err)
		*mo = memory_handle_object(*obj);
	return err;
}

int64_t native_OBJECT_READ(const uint64_t a[4])
{
	uint64_t offset = a[1], to = a[2], left = a[3];
	struct mm_object *mo;
	struct object *obj;
	int64_t n, done = 0;
	char *buf;
	int err = native_lookup_memory((int)a[0], &obj, &mo);

	if (err)
		return err;
	buf = kmalloc(COPY_CHUNK, HEAP_NOZERO);
	if (!buf) {
		object_put(obj);
		return -ENOMEM;
	}
	while (left) {
		n = mm_object_read(mo, offset, buf, MIN(left, COPY_CHUNK));
		if (n <= 0) {
			err = (int)n;
			break;
		}
		err = copy_to_user(user_ptr(to), buf, (size_t)n);
		if (err)
			break;
		done += n;
		offset += (uint64_t)n;
		to += (uint64_t)n;
		left -= (uint64_t)n;
		sched_cond_resched();
	}
	kfree(buf);
	object_put(obj);
	return done ? done : err;
}

int64_t native_OBJECT_INFO(const uint64_t a[4])
{
	struct mm_object *mo;
	struct object *obj;
	int64_t ret = native_lookup_memory((int)a[0], &obj, &mo);

	if (ret)
		return ret;
	ret = (int64_t)mo->size_bytes;
	object_put(obj);
	return ret;
}

static int64_t bundle_path_at(uint64_t index, uint64_t to)
{
	char path[256];
	uint64_t size;
	int err = bundle_name((uint32_t)index, path, sizeof(path), &size);

	if (err < 0)
		return err;
	if (copy_to_user(user_ptr(to), path, sizeof(path)))
		return -EFAULT;
	return (int64_t)size;
}

/* rootd's, and driverd's for its registry. */
int64_t native_BUNDLE_BROKER(const uint64_t a[4])
{
	struct mm_object *mo;
	char path[256];
	uint64_t size;
	int64_t ret;

	if (!(ps_current()->capabilities & (CAP_ROOT | CAP_DRIVER_POLICY)))
		return native_refuse(SYS_NUCLEUS_BUNDLE_BROKER, "BUNDLE_BROKER");
	if (!a[0])
		return bundle_path_at(a[1], a[2]);
	if (a[1] >= sizeof(path))
		return -ENAMETOOLONG;
	if (copy_from_user(path, user_ptr(a[0]), a[1]))
		return -EFAULT;
	path[a[1]] = '\0';
	ret = bundle_open(path, &mo, &size);
	if (ret)
		return ret;
	ret = native_install_memory(mo, RIGHT_READ | RIGHT_TRANSFER);
	mm_object_put(mo);
	return ret;
}

/* ---- queries ---- */

static int64_t set_comm(uint32_t tid, uint64_t from, uint64_t len)
{
	struct ps_thread *t;
	char name[sizeof(t->thread.name)] = { 0 };

	if (copy_from_user(name, user_ptr(from), MIN(len, sizeof(name) - 1)))
		return -EFAULT;
	t = ps_find_thread(tid);
	if (!t)
		return -ESRCH;
	memcpy(t->thread.name, name, sizeof(name));
	if (t == t->process->leader)
		memcpy(t->process->name, name, sizeof(name));
	ps_thread_put(t);
	return 0;
}

/* Sockets are above ps in the order of modules. */
static int64_t query_unix(uint64_t after, char *buf, size_t cap)
{
	uint64_t last;

	if (cap < sizeof(last))
		return -EINVAL;
	cap = socket_list_unix(after, buf + sizeof(last), cap - sizeof(last), &last);
	memcpy(buf, &last, sizeof(last));
	return (int64_t)(sizeof(last) + cap);
}

int64_t native_PROC_QUERY_BROKER(const uint64_t a[4])
{
	size_t cap = MIN(a[3], QUERY_MAX);
	char *buf;
	int64_t n;

	switch (a[0]) {
	case PROC_SET_COMM:
		return set_comm((uint32_t)a[1], a[2], a[3]);
	case PROC_QUERY_VALUE:
		return native_query_value((uint32_t)a[1], (uint32_t)(a[1] >> 32), a[2], a[3]);
	case PROC_SET_VALUE:
		return native_set_value((uint32_t)a[1], (uint32_t)(a[1] >> 32), a[2], a[3]);
	case PROC_QUERY_CORE_PATTERN:
		return native_query_core_pattern(a[2], a[3]);
	case PROC_SET_CORE_PATTERN:
		return native_set_core_pattern(a[2], a[3]);
	default:
		break;
	}
	buf = kmalloc(MAX(cap, 1u), 0);
	if (!buf)
		return -ENOMEM;
	if (a[0] == PROC_QUERY_UNIX)
		n = query_unix(a[1], buf, cap);
	else if (a[0] == PROC_QUERY_MODULES)
		n = (int64_t)module_list(buf, cap);
	else
		n = ps_query((uint32_t)a[0], a[1], buf, cap);
	if (n > 0 && copy_to_user(user_ptr(a[2]), buf, (size_t)n))
		n = -EFAULT;
	kfree(buf);
	return n;
}

int64_t native_PROC_CREDENTIALS_BROKER(const uint64_t a[4])
{
	struct credentials c;

	if (copy_from_user(&c, user_ptr(a[1]), sizeof(c)))
		return -EFAULT;
	return ps_set_credentials((uint32_t)a[0], &c);
}

int64_t native_FW_CFG_BROKER(const uint64_t a[4])
{
	char name[FW_NAME_MAX], *buf;
	size_t cap = MIN(a[2], FW_CHUNK);
	int64_t size, n;

	if (strncpy_from_user(name, user_ptr(a[0]), sizeof(name)) < 0)
		return -EFAULT;
	size = hal_fw_cfg_read(name, NULL, 0, 0);
	if (size < 0 || !cap)
		return size;
	buf = kmalloc(cap, 0);
	if (!buf)
		return -ENOMEM;
	n = hal_fw_cfg_read(name, buf, cap, a[3]);
	if (n > 0 && copy_to_user(user_ptr(a[1]), buf, (size_t)n))
		n = -EFAULT;
	kfree(buf);
	return n < 0 ? n : size;
}
