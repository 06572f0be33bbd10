/* services/vfsd/test/fake_kernel.c: see fake_kernel.h. */
#include "fake_kernel.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <albireo/services.h>

#include "dispatch.h"
#include "kernel.h"

#define REGION_BYTES (256u << 20)

struct fake_shared *fake;
char fake_folder[64];
static char *region;

/* ---- What vfsd calls ---- */

void kernel_revoke_name(uint64_t dir, const char *name, size_t len, uint64_t seq)
{
	fake->revokes++;
}

void kernel_revoke_attr(uint64_t node, uint64_t seq)
{
	fake->revokes++;
}

static int list_next(uint64_t after, struct vfs_attr *attr)
{
	uint64_t best = 0, count = 0;
	size_t i;

	for (i = 0; i < FAKE_HELD; i++) {
		uint64_t node = fake->held[i].node;

		if (node > after && (!best || node < best)) {
			best = node;
			count = fake->held[i].count;
		}
	}
	memset(attr, 0, sizeof(*attr));
	attr->node = best;
	attr->lease_ns = count;
	return best ? 0 : -ENOENT;
}

int kernel_node(unsigned int op, uint64_t node, struct vfs_attr *attr)
{
	switch (op) {
	case VFS_NODE_LIST:
		return list_next(node, attr);
	case VFS_NODE_FORGET:
		fake->forgotten++;
		return 0;
	case VFS_NODE_REQUEST:
		return node == fake->next_request ? 0 : -ENOENT;
	case VFS_NODE_DROP_CACHES:
		fake->drops++;
		return 0;
	case VFS_NODE_OPENS:
		attr->nlink = node == fake->opened_node;
		return 0;
	default:
		return -ENOENT;
	}
}

int kernel_disk(uint32_t index, struct block_info *out)
{
	static const struct block_info disks[] = {
		{ .id = 1, .bytes = 64 << 20, .major = 254, .name = "vda" },
		{ .id = 2, .bytes = 1 << 20, .major = 254, .minor = 16, .name = "vdb", .flags = BLOCK_GONE },
		{ .id = 3, .parent = 1, .bytes = 8 << 20, .major = 254, .minor = 1, .name = "vda1" },
	};

	if (index >= sizeof(disks) / sizeof(disks[0]))
		return -ENOENT;
	*out = disks[index];
	return 0;
}

int kernel_crash(const char *place, size_t len)
{
	return -ENOENT;
}

long kernel_p9(struct p9_exchange *exchange)
{
	return fake_p9(exchange);
}

int kernel_block(struct block_call *call)
{
	return -ENODEV;
}

int kernel_storage(struct storage_call *call)
{
	return -ENOENT;
}

static void fill_stat(struct proc_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	stat->pid = stat->pgid = stat->sid = FAKE_PID;
	stat->ppid = 1;
	strcpy(stat->comm, "a (b) c");
	stat->state = 'S';
	stat->nthreads = 1;
	stat->vsize_bytes = 8 << 20;
	stat->rss_pages = 100;
	stat->exit_signal = SIGCHLD;
	stat->fd_table_size = 64;
	stat->umask = 022;
}

static long fill_maps(void *buf)
{
	struct proc_map maps[2] = {
		{ .start = 0x400000, .end = 0x48a000, .prot = 5, .dev = 3, .ino = 960637 },
		{ .start = 0x7f0000000000, .end = 0x7f0000001000, .prot = 3 },
	};

	memcpy(buf, maps, sizeof(maps));
	return sizeof(maps);
}

static long fill_machine(void *buf)
{
	struct proc_machine machine = {
		.uptime_ns = 12345678900ull, .ncpus = 2, .total_pages = 1000, .free_pages = 500, .nrunning = 1,
		.nthreads = 9, .last_pid = FAKE_PID, .hostname = "albireo", .load_1000 = { 10, 1250, 0 },
	};

	memcpy(buf, &machine, sizeof(machine));
	return sizeof(machine);
}

long kernel_proc(unsigned int op, uint64_t pid, void *buf, size_t cap)
{
	static const uint32_t fds[] = { 0, 1, 7 };
	uint32_t value = FAKE_PID;
	struct credentials cred = { .euid = 1000, .egid = 100 };

	if (op == PROC_QUERY_CAPABILITIES) {
		value = pid == FAKE_STORAGED ? CAP_STORAGE_POLICY : 0;
		memcpy(buf, &value, sizeof(value));
		return sizeof(value);
	}
	if (op != PROC_QUERY_NEXT && op != PROC_QUERY_MACHINE && op != PROC_QUERY_CPUINFO && (uint32_t)pid != FAKE_PID)
		return -ESRCH;
	switch (op) {
	case PROC_QUERY_NEXT:
		if (pid >= FAKE_PID)
			return -ESRCH;
		memcpy(buf, &value, sizeof(value));
		return sizeof(value);
	case PROC_QUERY_SELF:
	case PROC_QUERY_THREADS:
		memcpy(buf, &value, sizeof(value));
		return sizeof(value);
	case PROC_QUERY_STAT:
		fill_stat(buf);
		return sizeof(struct proc_stat);
	case PROC_QUERY_CREDENTIALS:
		memcpy(buf, &cred, sizeof(cred));
		return sizeof(cred);
	case PROC_QUERY_FDS:
		memcpy(buf, fds, sizeof(fds));
		return sizeof(fds);
	case PROC_QUERY_MACHINE:
		return fill_machine(buf);
	case PROC_QUERY_CMDLINE:
		memcpy(buf, "sh\0-c", 6);
		return 6;
	case PROC_QUERY_MAPS:
		return fill_maps(buf);
	default:
		return -EINVAL;
	}
}

long kernel_counters(char *buf, size_t cap)
{
	return snprintf(buf, cap, "name.hits 1\n");
}

void kernel_now(struct vfs_time *now)
{
	static uint64_t tenths = 10000;

	tenths++;
	*now = (struct vfs_time){ .sec = (int64_t)(tenths / 10), .nsec = (uint32_t)(tenths % 10) * 100000000 };
}

void kernel_random(void *buf, size_t len)
{
	memset(buf, 0x5a, len);
}

void *kernel_state_map(size_t min_bytes)
{
	if (min_bytes > REGION_BYTES)
		return NULL;
	if (min_bytes > fake->state_size)
		fake->state_size = min_bytes;
	return region;
}

size_t kernel_state_size(void)
{
	return fake->state_size;
}

void kernel_log(const char *fmt, ...)
{
	(void)fmt;
}

/* ---- What tests call ---- */

int (*call_transport)(struct request *rq);
int walk_status;

static void *map_shared(size_t len)
{
	void *place = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (place == MAP_FAILED)
		abort();
	return place;
}

static void remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", fake_folder);
	if (system(command))
		abort();
}

static void empty_folder(void)
{
	if (!fake_folder[0])
		snprintf(fake_folder, sizeof(fake_folder), "/tmp/vfsd-test-%d", (int)getpid());
	remove_folder();
	if (mkdir(fake_folder, 0755))
		abort();
}

int fake_end(void **unused)
{
	remove_folder();
	return 0;
}

void fake_reset(void)
{
	if (!fake) {
		fake = map_shared(sizeof(*fake));
		region = map_shared(REGION_BYTES);
	}
	memset(fake, 0, sizeof(*fake));
	madvise(region, REGION_BYTES, MADV_REMOVE);
	empty_folder();
	fake_p9_reset();
}

static void hold(uint64_t node)
{
	size_t i, place = FAKE_HELD;

	for (i = 0; i < FAKE_HELD; i++) {
		if (fake->held[i].node == node) {
			fake->held[i].count++;
			return;
		}
		if (!fake->held[i].node && place == FAKE_HELD)
			place = i;
	}
	/* Tests of very many files do not ask what is held. */
	if (place == FAKE_HELD)
		return;
	fake->held[place].node = node;
	fake->held[place].count = 1;
}

static void take_lookups(const struct reply *reply)
{
	const struct vfs_record *record;
	unsigned int i;

	for (i = 0; (record = record_at(reply, i)); i++)
		if (record->attr.node)
			hold(record->attr.node);
}

static bool has_records(uint64_t op)
{
	return op <= VFS_GETATTR;
}

void release_all(void)
{
	uint64_t root = root_node();
	size_t i;

	for (i = 0; i < FAKE_HELD; i++) {
		const uint64_t args[7] = { fake->held[i].node, fake->held[i].count };

		if (!args[0] || args[0] == root)
			continue;
		fake->held[i].node = 0;
		call(VFS_RELEASE, args, NULL, 0);
	}
}

struct reply *call(uint64_t op, const uint64_t args[7], const void *data, size_t len)
{
	static struct reply reply;
	static char text[IPC_MAX_DATA + 1];
	struct request rq = {
		.op = op, .data = text, .data_len = len, .id = ++fake->next_request, .pid = FAKE_PID, .is_from_kernel = true,
		.reply = reply.data, .reply_cap = sizeof(reply.data),
	};

	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	if (args)
		memcpy(rq.args, args, sizeof(rq.args));
	reply.status = call_transport ? call_transport(&rq) : dispatch(&rq);
	memcpy(reply.words, rq.words, sizeof(reply.words));
	reply.len = rq.reply_len;
	if (!reply.status && has_records(op))
		take_lookups(&reply);
	return &reply;
}

const struct vfs_record *record_at(const struct reply *reply, unsigned int n)
{
	size_t at = 0;

	while (at < reply->len) {
		const struct vfs_record *record = (const struct vfs_record *)(reply->data + at);

		if (!n--)
			return record;
		at += record->record_len;
	}
	return NULL;
}

bool record_is(const struct vfs_record *record, const char *name)
{
	return record && record->name_len == strlen(name) && !memcmp(record + 1, name, record->name_len);
}

const char *record_target(const struct vfs_record *record)
{
	static char target[VFS_PATH_MAX];

	memcpy(target, (const char *)(record + 1) + record->name_len, record->target_len);
	target[record->target_len] = '\0';
	return target;
}

uint64_t root_node(void)
{
	const struct reply *reply = call(VFS_ROOT, NULL, NULL, 0);

	return reply->status ? 0 : record_at(reply, 0)->attr.node;
}

const struct vfs_record *walk_to(uint64_t dir, const char *path)
{
	const uint64_t args[7] = { dir };
	const struct reply *reply = call(VFS_WALK, args, path, strlen(path));

	walk_status = reply->status;
	return reply->status ? NULL : record_at(reply, (unsigned int)reply->words[1] - 1);
}

uint64_t node_at_path(const char *path)
{
	uint64_t node = root_node();

	while (*path == '/')
		path++;
	if (*path) {
		const struct vfs_record *record = walk_to(node, path);

		node = record && record->kind == VFS_REC_POSITIVE ? record->attr.node : 0;
	}
	return node;
}

static int create(uint64_t dir, const char *name, uint32_t mode, uint32_t flags, const char *target)
{
	const uint64_t args[7] = { dir, mode, 0, 0, flags };
	char data[VFS_PATH_MAX + 300];
	int len = snprintf(data, sizeof(data), "%s%c%s", name, 0, target);

	return call(VFS_CREATE, args, data, (size_t)len)->status;
}

int make(uint64_t dir, const char *name, uint32_t mode, uint32_t flags)
{
	return create(dir, name, mode, flags, "");
}

int make_link(uint64_t dir, const char *name, const char *target)
{
	return create(dir, name, S_IFLNK | 0777, VFS_CREATE_EXCL, target);
}

int hard_link(uint64_t node, uint64_t dir, const char *name)
{
	const uint64_t args[7] = { node, dir };

	return call(VFS_LINK, args, name, strlen(name))->status;
}

int remove_name(uint64_t dir, const char *name, bool is_rmdir)
{
	const uint64_t args[7] = { dir, is_rmdir };

	return call(VFS_UNLINK, args, name, strlen(name))->status;
}

int rename_to(uint64_t old_dir, const char *old, uint64_t new_dir, const char *new, unsigned int flags)
{
	const uint64_t args[7] = { old_dir, new_dir, flags };
	char data[600];
	int len = snprintf(data, sizeof(data), "%s%c%s", old, 0, new);

	return call(VFS_RENAME, args, data, (size_t)len)->status;
}

int get_attr(uint64_t node, struct vfs_attr *attr)
{
	const uint64_t args[7] = { node };
	const struct reply *reply = call(VFS_GETATTR, args, NULL, 0);

	if (!reply->status)
		*attr = record_at(reply, 0)->attr;
	return reply->status;
}

int mount_at(const char *type, const char *source, const char *target, uint32_t flags)
{
	const uint64_t args[7] = { flags };
	char data[1024];
	int len = snprintf(data, sizeof(data), "%s%c%s%c%s%cid=77%c", type, 0, source, 0, target, 0, 0);
	struct request rq = {
		.op = VFS_MOUNT, .data = data, .data_len = (size_t)len, .id = ++fake->next_request, .pid = 1,
	};
	static char room[IPC_MAX_DATA];

	rq.reply = room;
	rq.reply_cap = sizeof(room);
	memcpy(rq.args, args, sizeof(rq.args));
	return call_transport ? call_transport(&rq) : dispatch(&rq);
}

int path_of(uint64_t node, char *buf, size_t cap)
{
	const uint64_t args[7] = { node, 0 };
	const struct reply *reply = call(VFS_PATH, args, NULL, 0);

	if (!reply->status)
		snprintf(buf, cap, "%.*s", (int)reply->len, reply->data);
	return reply->status;
}

struct dirent64 {
	uint64_t ino, next;
	uint16_t len;
	uint8_t type;
	char name[];
} __attribute__((packed));

void list_names(uint64_t dir, size_t chunk, char *out, size_t cap)
{
	uint64_t args[7] = { dir, 0, chunk };

	for (*out = '\0'; ; ) {
		const struct reply *reply = call(VFS_READDIR, args, NULL, 0);
		size_t at = 0;

		if (reply->status || !reply->len)
			break;
		while (at < reply->len) {
			const struct dirent64 *dirent = (const struct dirent64 *)(reply->data + at);

			if (strcmp(dirent->name, ".") && strcmp(dirent->name, ".."))
				snprintf(out + strlen(out), cap - strlen(out), "%s ", dirent->name);
			args[1] = dirent->next;
			at += dirent->len;
		}
	}
}
