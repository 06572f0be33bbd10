/* services/vfsd/src/generated.c: the tree of /proc and /sys; see generated.h.
 *
 * A node's key is pid or tid << 32 | item << 20 | descriptor.
 */
#include "generated.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
#include "record.h"
#include "streams.h"
#include "sysfs.h"

#define MAX_TEXT (16u << 20)
#define PID_LIMIT 4194304u
#define FD_LIMIT (1u << 20)
#define CAP_LINUX_SYS_RESOURCE 24	/* man 7 capabilities */

static const struct item {
	enum item_id parent;
	const char *name;
	uint32_t mode;
	content_fn *content;
} items[ITEM_END] = {
#define ITEM(id, parent, name, mode, content) [ITEM_##id] = { ITEM_##parent, name, mode, content },
#include "generated.def"
#undef ITEM
};

static enum item_id item_of(const struct node *node)
{
	return (enum item_id)(node->by_key.key >> 20 & 0xfff);
}

static uint32_t task_of(const struct node *node)
{
	return (uint32_t)(node->by_key.key >> 32);
}

static uint32_t fd_of(const struct node *node)
{
	return (uint32_t)node->by_key.key & (FD_LIMIT - 1);
}

static uint64_t make_key(enum item_id item, uint32_t task, uint32_t fd)
{
	return (uint64_t)task << 32 | (uint64_t)item << 20 | fd;
}

static struct subject subject_of(struct request *rq, const struct node *node)
{
	struct subject subject = { .rq = rq, .pid = node->owner_pid, .tid = task_of(node), .number = fd_of(node) };

	return subject;
}

/* The item that stands for the numbers in a folder, or ITEM_END. */
static enum item_id numbered_child(enum item_id folder)
{
	switch (folder) {
	case ITEM_PROC:
		return ITEM_PID;
	case ITEM_PID_FD:
		return ITEM_PID_FD_LINK;
	case ITEM_PID_FDINFO:
		return ITEM_PID_FDINFO_FILE;
	case ITEM_PID_TASK:
		return ITEM_TID;
	default:
		return ITEM_END;
	}
}

static bool is_named_child(enum item_id id, enum item_id folder)
{
	return items[id].parent == folder && items[id].name[0];
}

static struct node *get_node(uint16_t mount, enum item_id item, uint32_t owner, uint32_t task, uint32_t fd)
{
	uint64_t key = make_key(item, task, fd);
	struct node *node = node_by_key(mount, key);

	if (node)
		return node;
	node = node_create(mount, items[item].mode);
	if (!node || node_set_key(node, key))
		return NULL;
	node->owner_pid = owner;
	node->ino = key + 1;
	return node;
}

int generated_root(uint16_t mount, bool is_sys, struct node **out)
{
	*out = get_node(mount, is_sys ? ITEM_SYS : ITEM_PROC, 0, 0, 0);
	return *out ? 0 : -ENOMEM;
}

static bool is_process(uint32_t pid)
{
	uint32_t next;

	return pid && pid <= PID_LIMIT && kernel_proc(PROC_QUERY_NEXT, pid - 1, &next, sizeof(next)) > 0 && next == pid;
}

/* The process that a number names, by its own or by a thread's; 0: none (man 5 proc, /proc/TID). */
static uint32_t process_of(uint32_t number)
{
	uint32_t pid;

	return number && kernel_proc(PROC_QUERY_SELF, number, &pid, sizeof(pid)) > 0 && is_process(pid) ? pid : 0;
}

struct number_list {
	uint32_t *numbers;	/* malloc'ed, ascending */
	size_t count;
};

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Ask with more room until the list fits. */
static int get_list(unsigned int op, uint32_t pid, struct number_list *list)
{
	size_t cap;
	long len;

	for (cap = 256; cap <= FD_LIMIT; cap *= 8) {
		list->numbers = malloc(cap * sizeof(uint32_t));
		if (!list->numbers)
			return -ENOMEM;
		len = kernel_proc(op, pid, list->numbers, cap * sizeof(uint32_t));
		list->count = len > 0 ? (size_t)len / sizeof(uint32_t) : 0;
		if (list->count < cap) {
			qsort(list->numbers, list->count, sizeof(uint32_t), compare_u32);
			return 0;
		}
		free(list->numbers);
	}
	return -EFBIG;
}

static bool is_in_list(unsigned int op, uint32_t pid, uint32_t wanted)
{
	struct number_list list;
	bool is_found;

	if (get_list(op, pid, &list))
		return false;
	is_found = bsearch(&wanted, list.numbers, list.count, sizeof(wanted), compare_u32);
	free(list.numbers);
	return is_found;
}

static int parse_number(const char *name, size_t len, uint32_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (!len || len > 9 || (name[0] == '0' && len > 1))
		return -ENOENT;
	for (i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -ENOENT;
		value = value * 10 + (uint64_t)(name[i] - '0');
	}
	*out = (uint32_t)value;
	return 0;
}

static int lookup_number(struct node *dir, uint32_t number, struct node **out)
{
	enum item_id child = numbered_child(item_of(dir));
	uint32_t pid = dir->owner_pid;

	switch (child) {
	case ITEM_PID:
		pid = process_of(number);
		if (!pid)
			return -ENOENT;
		*out = get_node(dir->mount, child, pid, number, 0);
		break;
	case ITEM_TID:
		if (!is_in_list(PROC_QUERY_THREADS, pid, number))
			return -ENOENT;
		*out = get_node(dir->mount, child, pid, number, 0);
		break;
	case ITEM_PID_FD_LINK:
	case ITEM_PID_FDINFO_FILE:
		if (number >= FD_LIMIT || !is_in_list(PROC_QUERY_FDS, pid, number))
			return -ENOENT;
		*out = get_node(dir->mount, child, pid, pid, number);
		break;
	default:
		return -ENOENT;
	}
	return *out ? 0 : -ENOMEM;
}

/* A link is one node with one target: "self" is another one for each who asks. */
static uint32_t reader_of(const struct request *rq, enum item_id item, const struct node *dir)
{
	return item == ITEM_PROC_SELF || item == ITEM_PROC_THREAD_SELF ? rq->pid : task_of(dir);
}

/* Whether the process or the device is there that the node belongs to. */
static bool is_there(const struct node *node)
{
	return node->owner_pid ? is_process(node->owner_pid) : sysfs_exists(item_of(node), task_of(node));
}

static int generated_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out)
{
	enum item_id folder = item_of(dir);
	struct sysfs_member member;
	uint32_t number;
	int id;

	if (!is_there(dir))
		return -ENOENT;
	if (!parse_number(name, len, &number))
		return lookup_number(dir, number, out);
	for (id = 0; id < ITEM_END; id++) {
		if (!is_named_child((enum item_id)id, folder) || strlen(items[id].name) != len ||
		    memcmp(items[id].name, name, len))
			continue;
		if (!sysfs_is_named(id, task_of(dir)))
			return -ENOENT;
		*out = get_node(dir->mount, (enum item_id)id, dir->owner_pid, reader_of(rq, (enum item_id)id, dir), 0);
		return *out ? 0 : -ENOMEM;
	}
	if (sysfs_find(folder, task_of(dir), name, len, &member))
		return -ENOENT;
	*out = get_node(dir->mount, member.item, 0, member.task, 0);
	return *out ? 0 : -ENOMEM;
}

static uint32_t magic_of(enum item_id item)
{
	switch (item) {
	case ITEM_PID_EXE:
		return VFS_MAGIC_EXE;
	case ITEM_PID_CWD:
		return VFS_MAGIC_CWD;
	case ITEM_PID_ROOT:
		return VFS_MAGIC_ROOT;
	case ITEM_PID_FD_LINK:
		return VFS_MAGIC_FD;
	default:
		return 0;
	}
}

static uint32_t count_folders(enum item_id folder)
{
	uint32_t count = 0;
	int id;

	for (id = 0; id < ITEM_END; id++)
		count += is_named_child((enum item_id)id, folder) && S_ISDIR(items[id].mode);
	return count;
}

static int set_owner(const struct node *node, struct vfs_attr *attr)
{
	struct credentials cred;
	long len;

	if (!is_there(node))
		return -ENOENT;
	if (!node->owner_pid)
		return 0;
	len = kernel_proc(PROC_QUERY_CREDENTIALS, node->owner_pid, &cred, sizeof(cred));
	if (len < 0)
		return -ENOENT;
	attr->uid = cred.euid;
	attr->gid = cred.egid;
	return 0;
}

static int generated_getattr(struct request *rq, struct node *node, struct vfs_attr *attr)
{
	enum item_id item = item_of(node);

	attr->mode = node->mode;
	attr->nlink = S_ISDIR(node->mode) ? 2 + count_folders(item) : 1;
	attr->blksize = 1024;
	attr->ino = node->ino;
	attr->atime = attr->mtime = attr->ctime = rq->now;
	attr->flags = S_ISREG(node->mode) ? VFS_NODE_STREAM : VFS_NODE_OPEN_READ_FREE | VFS_NODE_OPEN_WRITE_FREE;
	if (magic_of(item)) {
		attr->flags |= VFS_NODE_MAGIC_LINK;
		attr->rdev = magic_of(item);
		attr->size = node->owner_pid;
		attr->blocks = fd_of(node);
	} else if (item == ITEM_PID) {
		attr->flags |= VFS_NODE_PROCESS;
		attr->rdev = node->owner_pid;
	}
	return set_owner(node, attr);
}

static int write_text(struct request *rq, const struct node *node, struct text *text)
{
	const struct subject subject = subject_of(rq, node);
	int err = items[item_of(node)].content(text, &subject);

	if (!err && text->has_failed)
		err = -ENOMEM;
	return err == -ESRCH ? -ENOENT : err;
}

static int generated_readlink(struct request *rq, struct node *node, char *buf, size_t *len)
{
	struct text text = { 0 };
	int err = write_text(rq, node, &text);

	if (!err && text.len >= VFS_PATH_MAX)
		err = -ENAMETOOLONG;
	if (!err) {
		memcpy(buf, text.bytes, text.len);
		*len = text.len;
	}
	free(text.bytes);
	return err;
}

static int generated_open(struct request *rq, struct node *node, int flags, uint64_t *open_id)
{
	struct text text = { 0 };
	ref_t kept = 0;
	int err;

	if (!S_ISREG(node->mode))
		return 0;
	err = write_text(rq, node, &text);
	if (!err && text.len > MAX_TEXT)
		err = -EFBIG;
	if (!err && text.len) {
		kept = text_create(text.bytes, text.len);
		err = kept ? 0 : -ENOMEM;
	}
	free(text.bytes);
	return err ? err : stream_open(node, kept, open_id);
}

/* Numbers follow the names: their cookies are FIRST_NUMBER + 1 + the number. */
#define FIRST_NUMBER 0x1000u

static bool add_number(const struct node *dir, struct dirent_sink *sink, uint32_t number)
{
	enum item_id child = numbered_child(item_of(dir));
	bool is_task = child == ITEM_PID || child == ITEM_TID;
	uint64_t ino = make_key(child, is_task ? number : dir->owner_pid, is_task ? 0 : number) + 1;
	char name[12];
	int len = snprintf(name, sizeof(name), "%u", number);

	return dirent_add(sink, ino, FIRST_NUMBER + 1 + (uint64_t)number, (items[child].mode & S_IFMT) >> 12, name,
			  (size_t)len);
}

static int add_pids(const struct node *dir, uint64_t from, struct dirent_sink *sink)
{
	uint32_t pid = from ? (uint32_t)from - 1 : 0;

	while (kernel_proc(PROC_QUERY_NEXT, pid, &pid, sizeof(pid)) > 0)
		if (!add_number(dir, sink, pid))
			break;
	return 0;
}

static int add_list(const struct node *dir, unsigned int op, uint64_t from, struct dirent_sink *sink)
{
	struct number_list list;
	size_t i;
	int err = get_list(op, dir->owner_pid, &list);

	if (err)
		return err;
	for (i = 0; i < list.count; i++)
		if (list.numbers[i] >= from && !add_number(dir, sink, list.numbers[i]))
			break;
	free(list.numbers);
	return 0;
}

/* @from: the lowest number that was not told of yet. */
static int add_numbers(const struct node *dir, uint64_t from, struct dirent_sink *sink)
{
	switch (numbered_child(item_of(dir))) {
	case ITEM_PID:
		return add_pids(dir, from, sink);
	case ITEM_TID:
		return add_list(dir, PROC_QUERY_THREADS, from, sink);
	case ITEM_PID_FD_LINK:
	case ITEM_PID_FDINFO_FILE:
		return add_list(dir, PROC_QUERY_FDS, from, sink);
	default:
		return 0;
	}
}

static void add_members(const struct node *dir, uint64_t from, struct dirent_sink *sink)
{
	struct sysfs_member member;

	while (from <= UINT32_MAX && !sysfs_next(item_of(dir), task_of(dir), (uint32_t)from, &member)) {
		if (!dirent_add(sink, make_key(member.item, member.task, 0) + 1, FIRST_NUMBER + 1 + (uint64_t)member.task,
				(items[member.item].mode & S_IFMT) >> 12, member.name, strlen(member.name)))
			return;
		from = (uint64_t)member.task + 1;
	}
}

static int generated_readdir(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink)
{
	uint64_t id, from = cookie > FIRST_NUMBER ? cookie - FIRST_NUMBER : 0;

	if (!is_there(dir))
		return -ENOENT;
	for (id = cookie; id < ITEM_END; id++) {
		if (!is_named_child((enum item_id)id, item_of(dir)) || !sysfs_is_named((enum item_id)id, task_of(dir)))
			continue;
		if (!dirent_add(sink, make_key((enum item_id)id, task_of(dir), 0) + 1, id + 1,
				(items[id].mode & S_IFMT) >> 12, items[id].name, strlen(items[id].name)))
			return 0;
	}
	add_members(dir, from, sink);
	return add_numbers(dir, from, sink);
}

/* Of what belongs to no process. */
static int parent_of_device(struct node *node, struct node **dir, char name[VFS_NAME_MAX + 1], size_t *len)
{
	const struct item *item = &items[item_of(node)];
	char member[SYSFS_NAME_BYTES];
	uint32_t task = sysfs_parent(item_of(node), task_of(node), member);

	*len = (size_t)snprintf(name, VFS_NAME_MAX + 1, "%s", item->name[0] ? item->name : member);
	*dir = get_node(node->mount, item->parent, 0, task, 0);
	return *dir ? 0 : -ENOMEM;
}

static int generated_parent(struct node *node, struct node **dir, char name[VFS_NAME_MAX + 1], size_t *len)
{
	const struct item *item = &items[item_of(node)];
	bool is_below_task = item->parent == ITEM_TID;
	uint32_t task = is_below_task ? task_of(node) : item->parent == ITEM_PROC ? 0 : node->owner_pid;

	if (!node->owner_pid)
		return parent_of_device(node, dir, name, len);
	if (item->name[0])
		*len = (size_t)snprintf(name, VFS_NAME_MAX + 1, "%s", item->name);
	else
		*len = (size_t)snprintf(name, VFS_NAME_MAX + 1, "%u",
					item_of(node) == ITEM_PID || item_of(node) == ITEM_TID ? task_of(node) : fd_of(node));
	*dir = get_node(node->mount, item->parent, task ? node->owner_pid : 0, task, 0);
	return *dir ? 0 : -ENOMEM;
}

/* As on Linux, a name that is not there cannot be there. */
static int generated_create(struct request *rq, struct node *dir, const char *name, size_t len,
			    const struct create_args *args, struct node **out, bool *created)
{
	int err = generated_lookup(rq, dir, name, len, out);

	*created = false;
	if (err)
		return err;
	return args->is_exclusive || !S_ISREG(args->mode) ? -EEXIST : 0;
}

/* As on Linux, where a name in /proc cannot be made the other's absence comes first. */
static int generated_rename(struct request *rq, struct rename_args *args)
{
	int err = generated_lookup(rq, args->old_dir, args->old_name, args->old_len, &args->moved);

	if (!err)
		err = generated_lookup(rq, args->new_dir, args->new_name, args->new_len, &args->victim);
	return err ? err : -EPERM;
}

/* What `echo` writes, without its newline. */
static size_t line_len(const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);

	return end ? (size_t)(end - data) : len;
}

/* A thread's name is set by its own process alone (man 5 proc). */
static int write_comm(struct request *rq, const struct node *node, const char *data, size_t len)
{
	uint32_t tgid;

	if (kernel_proc(PROC_QUERY_SELF, rq->pid, &tgid, sizeof(tgid)) < 0 || tgid != node->owner_pid)
		return -EINVAL;
	return (int)kernel_proc(PROC_SET_COMM, task_of(node), (void *)data, line_len(data, len));
}

/* man 5 proc_sys_vm: 1 pages, 2 names and inodes, 3 both. They lean on each other: all go. */
static int drop_caches(const char *data, size_t len)
{
	if (line_len(data, len) != 1 || data[0] < '1' || data[0] > '3')
		return -EINVAL;
	return kernel_node(VFS_NODE_DROP_CACHES, 0, NULL);
}

/* A number in one of C's notations, alone on its line. */
static int parse_value(const char *data, size_t len, int32_t *value)
{
	char text[24], *end;
	long number;

	len = line_len(data, len);
	if (!len || len >= sizeof(text))
		return -EINVAL;
	memcpy(text, data, len);
	text[len] = 0;
	number = strtol(text, &end, 0);
	if (*end || number > INT32_MAX || number < INT32_MIN)
		return -EINVAL;
	*value = (int32_t)number;
	return 0;
}

static int write_value(const struct node *node, uint32_t which, const char *data, size_t len)
{
	int32_t value;
	int err = parse_value(data, len, &value);

	if (err)
		return err;
	return (int)kernel_proc(PROC_SET_VALUE, node->owner_pid | (uint64_t)which << 32, &value, sizeof(value));
}

static bool may_spare_from_oom(const struct request *rq)
{
	struct credentials cred;

	return kernel_proc(PROC_QUERY_CREDENTIALS, rq->pid, &cred, sizeof(cred)) > 0 &&
	       cred.cap_effective >> CAP_LINUX_SYS_RESOURCE & 1;
}

static int generated_write(struct request *rq, struct node *node, uint64_t offset, const char *data, size_t len)
{
	switch (item_of(node)) {
	case ITEM_PID_COMM:
	case ITEM_TID_COMM:
		return write_comm(rq, node, data, len);
	case ITEM_ALBIREO_CRASH:
		return kernel_crash(data, line_len(data, len));
	case ITEM_SYS_DROP_CACHES:
		return drop_caches(data, len);
	case ITEM_PID_COREDUMP_FILTER:
		return write_value(node, PROC_VALUE_CORE_FILTER, data, len);
	case ITEM_PID_OOM_SCORE_ADJ:
		return write_value(node, may_spare_from_oom(rq) ? PROC_VALUE_OOM_SCORE_ADJ_FLOOR : PROC_VALUE_OOM_SCORE_ADJ,
				   data, len);
	case ITEM_SYS_CORE_USES_PID:
		return write_value(node, PROC_VALUE_CORE_USES_PID, data, len);
	case ITEM_SYS_CORE_PATTERN:
		return (int)kernel_proc(PROC_SET_CORE_PATTERN, 0, (void *)data, line_len(data, len));
	default:
		return -EIO;
	}
}

const struct fs_ops generated_ops = {
	.create = generated_create,
	.rename = generated_rename,
	.write = generated_write,
	.lookup = generated_lookup,
	.getattr = generated_getattr,
	.readlink = generated_readlink,
	.readdir = generated_readdir,
	.open = generated_open,
	.parent = generated_parent,
};
