/* services/vfsd/src/proc_pid.c: what /proc/PID tells of a process (man 5 proc). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "generated.h"
#include "kernel.h"
#include "mount.h"
#include "proc_tables.h"

#define NS_PER_TICK 10000000ull
#define PAGE_BYTES 4096ull
#define MAX_RAW_BYTES (8u << 20)

typedef unsigned long long ull;

static int get_stat(const struct subject *subject, struct proc_stat *stat)
{
	long len = kernel_proc(PROC_QUERY_STAT, subject->tid, stat, sizeof(*stat));

	if (len < 0 && subject->tid != subject->pid)
		len = kernel_proc(PROC_QUERY_STAT, subject->pid, stat, sizeof(*stat));
	return len < 0 ? (int)len : 0;
}

static int get_machine(struct proc_machine *machine)
{
	long len = kernel_proc(PROC_QUERY_MACHINE, 0, machine, sizeof(*machine));

	return len < 0 ? (int)len : 0;
}

/* Bytes that the kernel gives as they are; asked with more room until they fit. */
static int copy_raw(struct text *text, const struct subject *subject, unsigned int op)
{
	size_t cap;

	for (cap = 16u << 10; cap <= MAX_RAW_BYTES; cap *= 4) {
		char *place = text_reserve(text, cap);
		long len = place ? kernel_proc(op, subject->pid, place, cap) : -ENOMEM;

		if (len < 0)
			return (int)len;
		if ((size_t)len < cap) {
			text->len += (size_t)len;
			return 0;
		}
	}
	return -EFBIG;
}

int pid_cmdline(struct text *text, const struct subject *subject)
{
	return copy_raw(text, subject, PROC_QUERY_CMDLINE);
}

int pid_environ(struct text *text, const struct subject *subject)
{
	return copy_raw(text, subject, PROC_QUERY_ENVIRON);
}

int pid_auxv(struct text *text, const struct subject *subject)
{
	return copy_raw(text, subject, PROC_QUERY_AUXV);
}

int pid_comm(struct text *text, const struct subject *subject)
{
	struct proc_stat stat;
	int err = get_stat(subject, &stat);

	if (!err)
		text_printf(text, "%.*s\n", (int)sizeof(stat.comm), stat.comm);
	return err;
}

int pid_cgroup(struct text *text, const struct subject *subject)
{
	text_printf(text, "0::/\n");
	return 0;
}

int pid_wchan(struct text *text, const struct subject *subject)
{
	text_printf(text, "0");
	return 0;
}

static int get_value(uint32_t pid, uint32_t which, int32_t *value)
{
	long len = kernel_proc(PROC_QUERY_VALUE, pid | (uint64_t)which << 32, value, sizeof(*value));

	return len < 0 ? (int)len : 0;
}

int pid_oom_score_adj(struct text *text, const struct subject *subject)
{
	int32_t value;
	int err = get_value(subject->pid, PROC_VALUE_OOM_SCORE_ADJ, &value);

	if (!err)
		text_printf(text, "%d\n", value);
	return err;
}

int pid_coredump_filter(struct text *text, const struct subject *subject)
{
	int32_t value;
	int err = get_value(subject->pid, PROC_VALUE_CORE_FILTER, &value);

	if (!err)
		text_printf(text, "%08x\n", (unsigned int)value);
	return err;
}

int sys_core_uses_pid(struct text *text, const struct subject *subject)
{
	int32_t value;
	int err = get_value(subject->rq->pid, PROC_VALUE_CORE_USES_PID, &value);

	if (!err)
		text_printf(text, "%d\n", value);
	return err;
}

int sys_core_pattern(struct text *text, const struct subject *subject)
{
	char pattern[256];
	long len = kernel_proc(PROC_QUERY_CORE_PATTERN, 0, pattern, sizeof(pattern));

	if (len < 0)
		return (int)len;
	text_append(text, pattern, (size_t)len);
	text_append(text, "\n", 1);
	return 0;
}

int pid_oom_score(struct text *text, const struct subject *subject)
{
	struct proc_machine machine;
	struct proc_stat stat;
	int err = get_stat(subject, &stat);

	if (!err)
		err = get_machine(&machine);
	if (!err)
		text_printf(text, "%llu\n",
			    machine.total_pages ? (ull)(stat.rss_pages * 1000 / machine.total_pages) : 0);
	return err;
}

int pid_io(struct text *text, const struct subject *subject)
{
	struct proc_stat stat;
	int err = get_stat(subject, &stat);

	if (!err)
		text_printf(text, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\n", (ull)stat.read_chars,
			    (ull)stat.written_chars, (ull)stat.syscalls_read, (ull)stat.syscalls_written);
	return err;
}

int pid_statm(struct text *text, const struct subject *subject)
{
	struct proc_stat stat;
	int err = get_stat(subject, &stat);

	if (!err)
		text_printf(text, "%llu %llu %llu %llu 0 %llu 0\n", (ull)(stat.vsize_bytes / PAGE_BYTES),
			    (ull)stat.rss_pages, (ull)(stat.rss_file_pages + stat.rss_shared_pages),
			    (ull)(stat.exe_bytes / PAGE_BYTES),
			    (ull)((stat.data_bytes + stat.stack_bytes) / PAGE_BYTES));
	return err;
}

/* A device number as Linux shows it to users: minor's low byte, major, the rest of minor. */
static uint32_t user_dev(uint32_t dev)
{
	uint32_t major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

/* Fields by number as in man 5 proc. */
static void print_stat(struct text *text, const struct proc_stat *s, uint32_t pid)
{
	/* 1-8 */
	text_printf(text, "%u (%.*s) %c %u %u %u %u %d ", pid, (int)sizeof(s->comm), s->comm, s->state, s->ppid, s->pgid,
		    s->sid, user_dev(s->tty), s->tpgid);
	/* 9-13: flags and faults, without those of children */
	text_printf(text, "%u %llu 0 %llu 0 ", 0u, (ull)s->minor_faults, (ull)s->major_faults);
	/* 14-22 */
	text_printf(text, "%llu %llu %llu %llu %d %d %u 0 %llu ", (ull)(s->user_ns / NS_PER_TICK),
		    (ull)(s->system_ns / NS_PER_TICK), (ull)(s->children_user_ns / NS_PER_TICK),
		    (ull)(s->children_system_ns / NS_PER_TICK), s->priority, s->nice, s->nthreads,
		    (ull)(s->start_ns / NS_PER_TICK));
	/* 23-30 */
	text_printf(text, "%llu %llu 18446744073709551615 %llu %llu %llu 0 0 ", (ull)s->vsize_bytes, (ull)s->rss_pages,
		    (ull)s->start_code, (ull)s->end_code, (ull)s->start_stack);
	/* 31-37: signals have 31 bits here; wchan, nswap, cnswap */
	text_printf(text, "%llu %llu %llu %llu 0 0 0 ", (ull)(s->sig_pending & 0x7fffffff),
		    (ull)(s->sig_blocked & 0x7fffffff), (ull)(s->sig_ignored & 0x7fffffff),
		    (ull)(s->sig_caught & 0x7fffffff));
	/* 38-44 */
	text_printf(text, "%d %u %u %u 0 0 0 ", s->exit_signal, s->last_cpu, s->rt_priority, s->policy);
	/* 45-52: start_data and end_data end where the heap starts */
	text_printf(text, "%llu %llu %llu %llu %llu %llu %llu 0\n", (ull)s->end_code, (ull)s->brk_start,
		    (ull)s->brk_start, (ull)s->arg_start, (ull)s->arg_end, (ull)s->env_start, (ull)s->env_end);
}

int pid_stat(struct text *text, const struct subject *subject)
{
	struct proc_stat stat;
	int err = get_stat(subject, &stat);

	if (!err)
		print_stat(text, &stat, subject->tid);
	return err;
}

int tid_stat(struct text *text, const struct subject *subject)
{
	struct proc_stat stat;
	long len = kernel_proc(PROC_QUERY_STAT, subject->tid | PROC_QUERY_ONE_THREAD, &stat, sizeof(stat));

	if (len < 0)
		return (int)len;
	print_stat(text, &stat, subject->tid);
	return 0;
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	case 't':
		return "tracing stop";
	case 'Z':
		return "zombie";
	default:
		return "unknown";
	}
}

/* A name in a status file: what would break its lines is escaped. */
static void print_name(struct text *text, const char *comm, size_t cap)
{
	size_t i;

	for (i = 0; i < cap && comm[i]; i++) {
		if (comm[i] == '\n')
			text_printf(text, "\\n");
		else if (comm[i] == '\\')
			text_printf(text, "\\\\");
		else
			text_append(text, comm + i, 1);
	}
}

static void print_ids(struct text *text, const struct credentials *cred, const struct proc_stat *stat)
{
	uint32_t i;

	text_printf(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t", cred->uid, cred->euid,
		    cred->suid, cred->fsuid, cred->gid, cred->egid, cred->sgid, cred->fsgid, stat->fd_table_size);
	for (i = 0; i < cred->ngroups && i < CRED_MAX_GROUPS; i++)
		text_printf(text, "%u ", cred->groups[i]);
	text_printf(text, "\n");
}

static void print_kib(struct text *text, const char *name, uint64_t bytes)
{
	text_printf(text, "%s:\t%8llu kB\n", name, (ull)(bytes / 1024));
}

static void print_memory(struct text *text, const struct proc_stat *s)
{
	/* A zombie has none. */
	if (!s->vsize_bytes)
		return;
	print_kib(text, "VmPeak", s->peak_vsize_bytes);
	print_kib(text, "VmSize", s->vsize_bytes);
	print_kib(text, "VmLck", s->locked_bytes);
	print_kib(text, "VmPin", 0);
	print_kib(text, "VmHWM", s->peak_rss_pages * PAGE_BYTES);
	print_kib(text, "VmRSS", s->rss_pages * PAGE_BYTES);
	print_kib(text, "RssAnon", s->rss_anon_pages * PAGE_BYTES);
	print_kib(text, "RssFile", s->rss_file_pages * PAGE_BYTES);
	print_kib(text, "RssShmem", s->rss_shared_pages * PAGE_BYTES);
	print_kib(text, "VmData", s->data_bytes);
	print_kib(text, "VmStk", s->stack_bytes);
	print_kib(text, "VmExe", s->exe_bytes);
	print_kib(text, "VmSwap", 0);
}

static void print_signals(struct text *text, const struct subject *subject, const struct proc_stat *s)
{
	struct envelope envelope;

	if (kernel_proc(PROC_QUERY_LIMITS, subject->pid, &envelope, sizeof(envelope)) > 0)
		text_printf(text, "SigQ:\t%d/%llu\n",
			    __builtin_popcountll(s->sig_pending) + __builtin_popcountll(s->sig_shared_pending),
			    (ull)envelope.limits[RLIMIT_SIGPENDING].cur);
	text_printf(text, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		    (ull)s->sig_pending, (ull)s->sig_shared_pending, (ull)s->sig_blocked, (ull)s->sig_ignored,
		    (ull)s->sig_caught);
}

static void print_capabilities(struct text *text, const struct credentials *c)
{
	text_printf(text, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\n",
		    (ull)c->cap_inheritable, (ull)c->cap_permitted, (ull)c->cap_effective, (ull)c->cap_bounding,
		    (ull)c->cap_ambient);
	text_printf(text, "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\n", c->no_new_privs);
}

/* `0-2,5` of a mask. */
static void print_cpu_list(struct text *text, uint64_t mask)
{
	const char *comma = "";
	unsigned int from, to;

	for (from = 0; from < 64; from = to + 1) {
		to = from;
		if (!(mask >> from & 1))
			continue;
		while (to < 63 && mask >> (to + 1) & 1)
			to++;
		text_printf(text, "%s%u", comma, from);
		if (to > from)
			text_printf(text, "-%u", to);
		comma = ",";
	}
}

static void print_cpus(struct text *text, uint32_t ncpus, uint64_t affinity)
{
	uint64_t mask = ncpus >= 64 ? ~0ull : (1ull << ncpus) - 1;

	if (affinity & mask)
		mask &= affinity;
	text_printf(text, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", (ull)mask);
	print_cpu_list(text, mask);
	text_printf(text, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

int pid_status(struct text *text, const struct subject *subject)
{
	struct credentials cred;
	struct proc_machine machine;
	struct proc_stat s;
	int err = get_stat(subject, &s);

	if (err)
		return err;
	err = get_machine(&machine);
	if (err)
		return err;
	if (kernel_proc(PROC_QUERY_CREDENTIALS, subject->pid, &cred, sizeof(cred)) < 0)
		return -ESRCH;
	text_printf(text, "Name:\t");
	print_name(text, s.comm, sizeof(s.comm));
	text_printf(text, "\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n",
		    s.umask, s.state, state_name(s.state), subject->pid, subject->tid, s.ppid);
	print_ids(text, &cred, &s);
	text_printf(text, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", subject->pid, subject->tid, s.pgid, s.sid);
	print_memory(text, &s);
	text_printf(text, "Threads:\t%u\n", s.nthreads);
	print_signals(text, subject, &s);
	print_capabilities(text, &cred);
	print_cpus(text, machine.ncpus, s.affinity);
	text_printf(text, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		    (ull)s.voluntary_switches, (ull)s.involuntary_switches);
	return 0;
}

static void print_limit(struct text *text, uint64_t value)
{
	if (value == ~0ull)
		text_printf(text, "%-20s ", "unlimited");
	else
		text_printf(text, "%-20llu ", (ull)value);
}

int pid_limits(struct text *text, const struct subject *subject)
{
	struct envelope envelope;
	long len = kernel_proc(PROC_QUERY_LIMITS, subject->pid, &envelope, sizeof(envelope));
	unsigned int i;

	if (len < 0)
		return (int)len;
	text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (i = 0; i < LIMIT_NAMES; i++) {
		text_printf(text, "%-25s ", limit_names[i].name);
		print_limit(text, envelope.limits[i].cur);
		print_limit(text, envelope.limits[i].max);
		if (limit_names[i].unit)
			text_printf(text, "%-10s\n", limit_names[i].unit);
		else
			text_printf(text, "\n");
	}
	return 0;
}

/* ---- Maps ---- */

struct map_list {
	struct proc_map *maps;
	size_t count;
};

static int get_maps(const struct subject *subject, struct map_list *list)
{
	size_t cap;

	for (cap = 256; cap <= 65536; cap *= 4) {
		long len;

		list->maps = malloc(cap * sizeof(*list->maps));
		if (!list->maps)
			return -ENOMEM;
		len = kernel_proc(PROC_QUERY_MAPS, subject->pid, list->maps, cap * sizeof(*list->maps));
		list->count = len < 0 ? 0 : (size_t)len / sizeof(*list->maps);
		if (len < 0 || list->count < cap) {
			if (len < 0)
				free(list->maps);
			return len < 0 ? (int)len : 0;
		}
		free(list->maps);
	}
	return -EFBIG;
}

static const char *special_name(uint32_t special)
{
	static const char *const names[] = { NULL, "[heap]", "[stack]", "[vdso]", "[vvar]" };

	return special < sizeof(names) / sizeof(names[0]) ? names[special] : NULL;
}

/* Linux pads a line to here before a name. */
#define NAME_COLUMN 73

static void print_map_name(struct text *text, const struct proc_map *map, size_t line_start)
{
	const char *name = special_name(map->special);
	struct node *node = map->node ? node_get(map->node) : NULL;
	char path[VFS_PATH_MAX];
	int len = -ENOENT;

	if (!name && !map->node)
		return;
	while (text->len - line_start < NAME_COLUMN && !text->has_failed)
		text_append(text, " ", 1);
	if (name) {
		text_append(text, name, strlen(name));
		return;
	}
	if (node)
		len = ns_path(node, NULL, path, sizeof(path));
	if (len > 0)
		text_append(text, path, (size_t)len);
	else
		text_printf(text, " (deleted)");
}

static void print_map(struct text *text, const struct proc_map *map)
{
	size_t start = text->len;

	text_printf(text, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (ull)map->start, (ull)map->end,
		    map->prot & IMAGE_PROT_READ ? 'r' : '-', map->prot & IMAGE_PROT_WRITE ? 'w' : '-',
		    map->prot & IMAGE_PROT_EXEC ? 'x' : '-', map->shared ? 's' : 'p', (ull)map->offset, map->dev >> 20,
		    map->dev & 0xfffff, (ull)map->ino);
	print_map_name(text, map, start);
	text_printf(text, "\n");
}

int pid_maps(struct text *text, const struct subject *subject)
{
	struct map_list list;
	size_t i;
	int err = get_maps(subject, &list);

	if (err)
		return err;
	for (i = 0; i < list.count; i++)
		print_map(text, &list.maps[i]);
	free(list.maps);
	return 0;
}

int pid_smaps(struct text *text, const struct subject *subject)
{
	struct map_list list;
	size_t i;
	int err = get_maps(subject, &list);

	if (err)
		return err;
	for (i = 0; i < list.count; i++) {
		const struct proc_map *map = &list.maps[i];

		print_map(text, map);
		text_printf(text, "Size:           %8llu kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n",
			    (ull)((map->end - map->start) / 1024));
		text_printf(text, "Rss:            %8llu kB\nAnonymous:      %8llu kB\n",
			    (ull)(map->rss_pages * PAGE_BYTES / 1024), (ull)(map->private_pages * PAGE_BYTES / 1024));
	}
	free(list.maps);
	return 0;
}

/* ---- Mounts ---- */

/* As Linux escapes what separates fields. */
static void print_escaped(struct text *text, const char *path)
{
	for (; *path; path++) {
		if (strchr(" \t\n\\", *path))
			text_printf(text, "\\%03o", (unsigned char)*path);
		else
			text_append(text, path, 1);
	}
}

static void print_options(struct text *text, uint32_t flags)
{
	text_printf(text, "%s%s%s%s,relatime", flags & VFS_MOUNT_READONLY ? "ro" : "rw",
		    flags & VFS_MOUNT_NOSUID ? ",nosuid" : "", flags & VFS_MOUNT_NODEV ? ",nodev" : "",
		    flags & VFS_MOUNT_NOEXEC ? ",noexec" : "");
}

/* What only this kind of filesystem has. */
static void print_own_options(struct text *text, const struct mount *mount)
{
	if (mount->fs != FS_FAT)
		return;
	if (mount->attach_uid || mount->attach_gid)
		text_printf(text, ",uid=%u,gid=%u", mount->attach_uid, mount->attach_gid);
	text_printf(text, ",fmask=%04o,dmask=%04o,codepage=437,iocharset=utf8,shortname=mixed,utf8", mount->fmask, mount->dmask);
}

int pid_mounts(struct text *text, const struct subject *subject)
{
	const struct mount *mount;

	for (mount = mount_next(NULL); mount; mount = mount_next(mount)) {
		print_escaped(text, text_of(mount->source));
		text_printf(text, " ");
		print_escaped(text, text_of(mount->target));
		text_printf(text, " %s ", text_of(mount->type));
		print_options(text, mount->flags);
		print_own_options(text, mount);
		text_printf(text, " 0 0\n");
	}
	return 0;
}

static uint32_t parent_id(const struct mount *mount)
{
	const struct entry *entry = entry_at(mount->entry);

	return entry ? node_mount(node_at(entry->dir))->id : 0;
}

int pid_mountinfo(struct text *text, const struct subject *subject)
{
	const struct mount *mount;

	for (mount = mount_next(NULL); mount; mount = mount_next(mount)) {
		text_printf(text, "%u %u %u:%u / ", mount->id, parent_id(mount), mount->dev >> 20, mount->dev & 0xfffff);
		print_escaped(text, text_of(mount->target));
		text_printf(text, " ");
		print_options(text, mount->flags);
		text_printf(text, " - %s ", text_of(mount->type));
		print_escaped(text, text_of(mount->source));
		text_printf(text, " %s", mount->flags & VFS_MOUNT_READONLY ? "ro" : "rw");
		print_own_options(text, mount);
		text_printf(text, "\n");
	}
	return 0;
}

/* ---- Threads and descriptors ---- */

int tid_children(struct text *text, const struct subject *subject)
{
	uint32_t pid = 0;

	while (kernel_proc(PROC_QUERY_NEXT, pid, &pid, sizeof(pid)) > 0) {
		struct proc_stat stat;

		if (kernel_proc(PROC_QUERY_STAT, pid, &stat, sizeof(stat)) > 0 && stat.ppid == subject->pid)
			text_printf(text, "%u ", pid);
	}
	return 0;
}

int pid_fdinfo(struct text *text, const struct subject *subject)
{
	struct proc_fd fd;
	long len = kernel_proc(PROC_QUERY_FD_INFO, subject->pid | (uint64_t)subject->number << 32, &fd, sizeof(fd));
	struct node *node;

	if (len < 0)
		return (int)len;
	node = node_get(fd.node);
	text_printf(text, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", (long long)fd.pos, fd.flags,
		    node ? node_mount(node)->id : 0, (ull)fd.ino);
	return 0;
}
