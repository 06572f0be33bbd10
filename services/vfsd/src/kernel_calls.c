/* services/vfsd/src/kernel_calls.c: kernel.h by native calls. */
#include <stdarg.h>
#include <sys/random.h>
#include <time.h>

#include <nucleus/nucleus.h>
#include <service/service.h>

#include "kernel.h"

void kernel_revoke_name(uint64_t dir, const char *name, size_t len, uint64_t seq)
{
	const struct lease_revoke revoke = {
		.kind = LEASE_NAME, .node = dir, .seq = seq, .name = (uintptr_t)name, .name_len = (uint32_t)len,
	};

	nucleus_lease_revoke(&revoke);
}

void kernel_revoke_attr(uint64_t node, uint64_t seq)
{
	const struct lease_revoke revoke = { .kind = LEASE_ATTR, .node = node, .seq = seq };

	nucleus_lease_revoke(&revoke);
}

int kernel_node(unsigned int op, uint64_t node, struct vfs_attr *attr)
{
	return (int)nucleus_vfs_node(op, node, attr);
}

long kernel_p9(struct p9_exchange *exchange)
{
	return nucleus_p9(exchange);
}

int kernel_block(struct block_call *call)
{
	return nucleus_block(call);
}

int kernel_storage(struct storage_call *call)
{
	return nucleus_storage(call);
}

long kernel_proc(unsigned int op, uint64_t pid, void *buf, size_t cap)
{
	return nucleus_proc_query(op, pid, buf, cap);
}

long kernel_counters(char *buf, size_t cap)
{
	return nucleus_counters(buf, cap);
}

int kernel_disk(uint32_t index, struct block_info *out)
{
	struct storage_call call = { .op = STORAGE_LIST, .index = index };
	int err = nucleus_storage(&call);

	*out = call.info;
	return err;
}

int kernel_crash(const char *place, size_t len)
{
	return (int)nucleus_debug_crash(place, len);
}

void kernel_now(struct vfs_time *now)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	*now = (struct vfs_time){ .sec = ts.tv_sec, .nsec = (uint32_t)ts.tv_nsec };
}

void kernel_random(void *buf, size_t len)
{
	struct timespec ts;
	unsigned char *byte = buf;
	uint64_t seed;

	if (getrandom(buf, len, 0) == (ssize_t)len)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	for (seed = (uint64_t)ts.tv_nsec + 1; len--; seed = seed * 6364136223846793005u + 1442695040888963407u)
		*byte++ = (unsigned char)(seed >> 56);
}

void *kernel_state_map(size_t min_bytes)
{
	void *base;

	return nucleus_state_map(min_bytes, &base) ? NULL : base;
}

size_t kernel_state_size(void)
{
	long size = nucleus_state_size();

	return size > 0 ? (size_t)size : 0;
}

void kernel_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	service_vlog(NUCLEUS_LOG_WARN, fmt, args);
	va_end(args);
}
