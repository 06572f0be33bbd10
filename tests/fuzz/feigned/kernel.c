/* The native calls, answered from the input's back: see feigned.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <albireo/block.h>
#include <albireo/device.h>
#include <albireo/exec.h>
#include <albireo/native.h>
#include <albireo/net.h>
#include <albireo/vfs.h>

#include "feigned.h"

#define STATE_LIMIT (64u << 20)
#define DISKS 3
#define DISK_BLOCKS 4096u
#define MAX_DEVICES 16
#define PROCESSES 4
#define MACHINE_PAGES 131072u
#define P9_HEADER 7u
#define RLERROR 7

static char *state;
static uint64_t state_bytes;
static uint64_t clock_ns;
static uint32_t next_partition;
static struct device_info devices[MAX_DEVICES];
static uint32_t ndevices;
static uint64_t inventory;	/* its generation */

/* Now and then a call fails; never where the input is used up, so that nothing repeats for ever. */
static long failure(void)
{
	static const int16_t errors[] = { EIO, ENOMEM, ENOENT, EINVAL, ENODEV, EBUSY, ENOSPC, EROFS };
	unsigned int byte = feigned_answer_byte();

	return byte > 0xf7 ? -errors[byte - 0xf8] : 0;
}

void feigned_kernel_reset(void)
{
	if (!state)
		state = mmap(NULL, STATE_LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(state != MAP_FAILED);
	if (state_bytes)
		madvise(state, state_bytes, MADV_DONTNEED);
	state_bytes = 0;
	clock_ns = 0;
	next_partition = 100;
	ndevices = 0;
	inventory = 1;
}

static void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

/* ---- state ---- */

static long answer_state(unsigned long op, unsigned long bytes)
{
	if (op == STATE_OP_SIZE)
		return (long)state_bytes;
	if (bytes > STATE_LIMIT)
		return -ENOMEM;
	bytes = (bytes + 4095) & ~4095ul;
	if (bytes > state_bytes)
		state_bytes = bytes;
	return (long)(uintptr_t)state;
}

/* ---- messages to other services ---- */

static long answer_call(struct ipc_message *msg)
{
	uint32_t len = feigned_answer_byte();
	long err = failure();

	touch(pointer(msg->data), msg->data_len);
	if (err)
		return err;
	for (int i = 1; i < IPC_WORDS; i++)
		msg->words[i] = feigned_answer_byte();
	msg->words[0] = (uint64_t)failure();
	msg->data_len = len < msg->reply_cap ? len : msg->reply_cap;
	feigned_answer_bytes(pointer(msg->reply_data), msg->data_len);
	return 0;
}

/* ---- disks ---- */

static void fill_disk(uint32_t index, struct block_info *info)
{
	*info = (struct block_info){
		.id = index + 1, .block_bytes = feigned_answer_byte() & 1 ? 4096 : 512, .physical_bytes = 512,
		.bytes = (uint64_t)DISK_BLOCKS * 512, .major = 254, .minor = index * 16, .name = "vda",
	};
	info->name[2] = (char)('a' + index);
	info->flags = feigned_answer_byte() & (BLOCK_READ_ONLY | BLOCK_CACHED | BLOCK_DISCARDS | BLOCK_GONE | BLOCK_CLAIMED);
	if (index == DISKS - 1) {
		info->parent = 1;
		info->partition = 1;
		info->start = 512;
		info->bytes = 512 * (1u + feigned_answer_byte());
		strcpy(info->name, "vda1");
	}
	feigned_answer_bytes(info->serial, 4);
	feigned_answer_bytes(info->model, 4);
}

static long answer_storage(struct storage_call *call)
{
	long err;

	switch (call->op) {
	case STORAGE_LIST:
		if (call->index >= DISKS)
			return -ENOENT;
		fill_disk(call->index, &call->info);
		return 0;
	case STORAGE_WAIT:
		return -EINTR;
	case STORAGE_PARTITION_ADD:
		err = failure();
		call->info.id = next_partition++;
		strcpy(call->info.name, "vda2");
		return err;
	case STORAGE_PARTITION_REMOVE:
		/* It is not gone from the list: a caller that waits for that would not end. */
		return -EBUSY;
	default:
		return -EINVAL;
	}
}

static long answer_pages(const struct block_call *call)
{
	const struct block_extent *extents = pointer(call->buffer);
	uint64_t bytes = 0;

	REQUIRE(call->nextents <= BLOCK_MAX_EXTENTS);
	for (uint32_t i = 0; i < call->nextents; i++)
		bytes += extents[i].bytes;
	REQUIRE(bytes == call->len);
	return failure();
}

static long answer_block(const struct block_call *call)
{
	long err = failure();

	switch (call->op) {
	case BLOCK_OP_INFO:
		fill_disk(call->device % DISKS, pointer(call->buffer));
		return 0;
	case BLOCK_OP_READ:
		REQUIRE(call->len <= BLOCK_MAX_BYTES);
		feigned_read_medium(call->offset, pointer(call->buffer), call->len);
		return err;
	case BLOCK_OP_WRITE:
		REQUIRE(call->len <= BLOCK_MAX_BYTES);
		touch(pointer(call->buffer), call->len);
		return err;
	case BLOCK_OP_PAGE_IN:
	case BLOCK_OP_PAGE_OUT:
		return answer_pages(call);
	default:
		return err;
	}
}

/* ---- 9P: the host's server may say anything ---- */

static long answer_p9_list(struct p9_exchange *exchange)
{
	if (exchange->transport)
		return -ENODEV;
	REQUIRE(exchange->reply_cap >= 4);
	memcpy(pointer(exchange->reply), "test", 4);
	exchange->reply_cap = 4;
	return 0;
}

/* The header is right as a rule, or nothing but headers would be tried. */
static void put_p9_header(uint8_t *answer, const uint8_t *request, uint32_t len)
{
	unsigned int kind = feigned_answer_byte();

	memcpy(answer, &len, sizeof(len));
	if (kind < 0xf0)
		answer[4] = kind < 0x20 ? RLERROR : (uint8_t)(request[4] + 1);
	memcpy(answer + 5, request + 5, 2);
}

static long answer_p9(struct p9_exchange *exchange)
{
	uint8_t *answer = pointer(exchange->reply);
	uint32_t len = P9_HEADER + feigned_answer_byte();
	long err;

	if (exchange->flags & P9_LIST)
		return answer_p9_list(exchange);
	if (exchange->flags & P9_FORGET)
		return 0;
	touch(pointer(exchange->request), exchange->request_len);
	if (exchange->flags & P9_TAKE)
		return -ENOENT;
	err = failure();
	if (err)
		return err;
	if (len > exchange->reply_cap)
		len = exchange->reply_cap;
	feigned_answer_bytes(answer, len);
	if (len >= P9_HEADER)
		put_p9_header(answer, pointer(exchange->request), len);
	exchange->reply_cap = len;
	return 0;
}

/* ---- nodes and processes ---- */

static long answer_node(unsigned long op, struct vfs_attr *attr)
{
	long err = failure();

	switch (op) {
	case VFS_NODE_LIST:
		return -ENOENT;
	case VFS_NODE_ATTR:
		feigned_answer_bytes(&attr->size, 4);
		return err;
	case VFS_NODE_OPENS:
		attr->nlink = feigned_answer_byte() % 3;
		return err;
	default:
		return err;
	}
}

static long answer_number(void *buf, size_t cap, uint32_t number)
{
	REQUIRE(cap >= sizeof(number));
	memcpy(buf, &number, sizeof(number));
	return sizeof(number);
}

static long answer_array(void *buf, size_t cap, size_t item)
{
	size_t n = feigned_answer_byte() % 6;

	if (n > cap / item)
		n = cap / item;
	feigned_answer_bytes(buf, n * item);
	return (long)(n * item);
}

static long answer_text(char *buf, size_t cap)
{
	size_t len = feigned_answer_byte();

	if (len > cap)
		len = cap;
	feigned_answer_bytes(buf, len);
	return (long)len;
}

static long answer_stat(void *buf, size_t cap, uint32_t pid)
{
	struct proc_stat stat = { .pid = pid, .ppid = 1, .pgid = pid, .sid = pid, .state = 'S', .nthreads = 1 };

	REQUIRE(cap >= sizeof(stat));
	feigned_answer_bytes(stat.comm, sizeof(stat.comm) - 1);
	feigned_answer_bytes(&stat.rss_pages, sizeof(stat.rss_pages));
	memcpy(buf, &stat, sizeof(stat));
	return sizeof(stat);
}

static long answer_machine(void *buf, size_t cap)
{
	struct proc_machine machine = {
		.total_pages = MACHINE_PAGES, .free_pages = MACHINE_PAGES / 2, .ncpus = 1 + feigned_answer_byte() % 64,
		.hostname = "albireo",
	};

	REQUIRE(cap >= sizeof(machine));
	memcpy(buf, &machine, sizeof(machine));
	return sizeof(machine);
}

static long answer_credentials(void *buf, size_t cap)
{
	struct credentials cred = { .euid = feigned_answer_byte() & 1 ? 1000 : 0, .ngroups = feigned_answer_byte() % 4 };

	REQUIRE(cap >= sizeof(cred));
	memcpy(buf, &cred, sizeof(cred));
	return sizeof(cred);
}

static long answer_whole(void *buf, size_t cap, size_t size)
{
	REQUIRE(cap >= size);
	feigned_answer_bytes(buf, size);
	return (long)size;
}

static long answer_unix(void *buf, size_t cap)
{
	uint64_t last = 0;

	REQUIRE(cap >= sizeof(last));
	memcpy(buf, &last, sizeof(last));
	return sizeof(last);
}

static long answer_proc(unsigned long op, uint64_t pid, void *buf, size_t cap)
{
	uint32_t process = (uint32_t)pid;

	if (op == PROC_QUERY_NEXT)
		return process < PROCESSES ? answer_number(buf, cap, process + 1) : -ESRCH;
	if (op == PROC_QUERY_MACHINE)
		return answer_machine(buf, cap);
	if (process > PROCESSES && op != PROC_QUERY_CPUINFO && op != PROC_QUERY_UNIX)
		return -ESRCH;
	switch (op) {
	case PROC_QUERY_STAT:
		return answer_stat(buf, cap, process);
	case PROC_QUERY_MAPS:
		return answer_array(buf, cap, sizeof(struct proc_map));
	case PROC_QUERY_FDS:
	case PROC_QUERY_THREADS:
		return answer_array(buf, cap, sizeof(uint32_t));
	case PROC_QUERY_CPUINFO:
		memset(buf, 0, sizeof(struct proc_cpu));
		return sizeof(struct proc_cpu);
	case PROC_QUERY_CREDENTIALS:
		return answer_credentials(buf, cap);
	case PROC_QUERY_LIMITS:
		return answer_whole(buf, cap, sizeof(struct envelope));
	case PROC_QUERY_FD_INFO:
		return answer_whole(buf, cap, sizeof(struct proc_fd));
	case PROC_QUERY_SELF:
		return answer_number(buf, cap, process ? process : 1);
	case PROC_QUERY_VALUE:
	case PROC_QUERY_CAPABILITIES:
		return answer_number(buf, cap, feigned_answer_byte());
	case PROC_QUERY_UNIX:
		return answer_unix(buf, cap);
	case PROC_SET_COMM:
	case PROC_SET_VALUE:
	case PROC_SET_CORE_PATTERN:
		touch(buf, cap);
		return failure();
	default:
		return answer_text(buf, cap);
	}
}

/* ---- devices that come and go ---- */

static struct device_info *find_device(uint32_t kind, uint32_t number)
{
	for (uint32_t i = 0; i < ndevices; i++)
		if (devices[i].kind == kind && devices[i].number == number)
			return &devices[i];
	return NULL;
}

/* One goes, or one comes, with the lowest number that no other has. */
static void change_inventory(void)
{
	unsigned int which = feigned_answer_byte();
	struct device_info info = { .kind = 1 + which % DEVICE_KIND_END, .major = 13, .minor = which };

	inventory++;
	if (which & 0x80 || ndevices == MAX_DEVICES) {
		if (ndevices)
			devices[which % ndevices].flags |= DEVICE_GONE;
		return;
	}
	while (find_device(info.kind, info.number))
		info.number++;
	devices[ndevices++] = info;
}

/* Who waits for a change gets one, or an end: there is one thread. */
static long wait_for_devices(struct device_call *call)
{
	if (call->generation == inventory) {
		if (!(feigned_answer_byte() & 1))
			return -EIO;
		change_inventory();
	}
	call->generation = inventory;
	return 0;
}

static long forget_device(const struct device_info *info)
{
	struct device_info *device = find_device(info->kind, info->number);

	if (!device)
		return -ENODEV;
	if (!(device->flags & DEVICE_GONE))
		return -EBUSY;
	*device = devices[--ndevices];
	return 0;
}

static long answer_device(struct device_call *call)
{
	switch (call->op) {
	case DEVICE_LIST:
		if (call->index >= ndevices)
			return -ENOENT;
		call->info = devices[call->index];
		return 0;
	case DEVICE_WAIT:
		return wait_for_devices(call);
	case DEVICE_FORGET:
		return forget_device(&call->info);
	default:
		return -EINVAL;
	}
}

/* ---- drivers, inputs, objects ---- */

static long answer_driver_load(const struct driver_load *request)
{
	touch(request, sizeof(*request));
	REQUIRE(memchr(request->name, 0, sizeof(request->name)) && memchr(request->path, 0, sizeof(request->path)));
	REQUIRE(memchr(request->provider_group, 0, sizeof(request->provider_group)));
	return failure();
}

static long answer_input_stats(unsigned long index, struct input_stats *stats)
{
	if (index >= DISKS)
		return -ENODEV;
	memset(stats, 0, sizeof(*stats));
	feigned_answer_bytes(stats->name, sizeof(stats->name) - 1);
	return 0;
}

/* As long as the bytes that are left: the caller reads what the input's middle holds. */
static long object_size(void)
{
	return 4096;
}

static long answer_object_read(uint64_t offset, void *buf, size_t len)
{
	uint64_t size = (uint64_t)object_size();
	long err = failure();

	if (err)
		return err;
	if (offset >= size)
		return 0;
	if (len > size - offset)
		len = (size_t)(size - offset);
	feigned_read_medium(offset, buf, len);
	return (long)len;
}

static long answer_lease_grant(const struct lease_grant *grant)
{
	touch(pointer(grant->payload), grant->payload_len);
	return failure();
}

static long answer_lease_revoke(const struct lease_revoke *revoke)
{
	touch(pointer(revoke->name), revoke->name_len);
	return 0;
}

long nucleus_syscall4(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	switch (nr) {
	case SYS_NUCLEUS_LOG:
		touch(pointer(c), d);
		return 0;
	case SYS_NUCLEUS_CLOCK:
		return (long)(clock_ns += 1000);
	case SYS_NUCLEUS_IPC_LOOKUP_SERVICE_ENDPOINT:
		return 9;
	case SYS_NUCLEUS_IPC_CALL:
		return answer_call(pointer(b));
	case SYS_NUCLEUS_LEASE_GRANT_BROKER:
		return answer_lease_grant(pointer(a));
	case SYS_NUCLEUS_LEASE_REVOKE_BROKER:
		return answer_lease_revoke(pointer(a));
	case SYS_NUCLEUS_STATE_BROKER:
		return answer_state(a, b);
	case SYS_NUCLEUS_P9_BROKER:
		return answer_p9(pointer(a));
	case SYS_NUCLEUS_VFS_NODE_BROKER:
		return answer_node(a, pointer(c));
	case SYS_NUCLEUS_PROC_QUERY_BROKER:
		return answer_proc(a, b, pointer(c), d);
	case SYS_NUCLEUS_PROC_CREDENTIALS_BROKER:
		touch(pointer(b), sizeof(struct credentials));
		return failure();
	case SYS_NUCLEUS_BUNDLE_BROKER:
		return failure() ?: 5;
	case SYS_NUCLEUS_OBJECT_READ:
		return answer_object_read(b, pointer(c), d);
	case SYS_NUCLEUS_OBJECT_INFO:
		return object_size();
	case SYS_NUCLEUS_COUNTERS:
		return answer_text(pointer(a), b);
	case SYS_NUCLEUS_NET_BROKER:
		return feigned_answer_byte() < 0x80;
	case SYS_NUCLEUS_STORAGE_LIST_BROKER:
		return answer_storage(pointer(a));
	case SYS_NUCLEUS_DEVICE_BROKER:
		return answer_device(pointer(a));
	case SYS_NUCLEUS_BLOCK_BROKER:
		return answer_block(pointer(a));
	case SYS_NUCLEUS_DRIVER_LOAD_MODULE_BROKER:
		return answer_driver_load(pointer(a));
	case SYS_NUCLEUS_DRIVER_PROBE_ALIAS_BROKER:
	case SYS_NUCLEUS_DRIVER_PROVIDER_ACTIVE_BROKER:
		touch(pointer(a), b);
		return feigned_answer_byte() & 1;
	case SYS_NUCLEUS_INPUT_STATS_BROKER:
		return answer_input_stats(a, pointer(b));
	default:
		return failure();
	}
}
