/* services/vfsd/src/proc_machine.c: what /proc and /sys tell of the machine (man 5 proc). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <albireo/version.h>

#include "generated.h"
#include "kernel.h"
#include "p9_client.h"
#include "proc_tables.h"

#define NS_PER_TICK 10000000ull
#define NS_PER_SEC 1000000000ull
#define KIB_PER_PAGE 4ull

static int get_machine(struct proc_machine *machine)
{
	long len = kernel_proc(PROC_QUERY_MACHINE, 0, machine, sizeof(*machine));

	return len < 0 ? (int)len : 0;
}

int no_content(struct text *text, const struct subject *subject)
{
	return -ENOENT;
}

int proc_self(struct text *text, const struct subject *subject)
{
	uint32_t tgid;

	if (kernel_proc(PROC_QUERY_SELF, subject->rq->pid, &tgid, sizeof(tgid)) < 0)
		return -ENOENT;
	text_printf(text, "%u", tgid);
	return 0;
}

int proc_thread_self(struct text *text, const struct subject *subject)
{
	int err = proc_self(text, subject);

	if (!err)
		text_printf(text, "/task/%u", subject->rq->pid);
	return err;
}

int proc_mounts_link(struct text *text, const struct subject *subject)
{
	text_printf(text, "self/mounts");
	return 0;
}

int proc_net_link(struct text *text, const struct subject *subject)
{
	text_printf(text, "self/net");
	return 0;
}

int machine_cmdline(struct text *text, const struct subject *subject)
{
	text_printf(text, "\n");
	return 0;
}

static void print_flags(struct text *text, const struct proc_cpu *cpu)
{
	size_t i;

	text_printf(text, "flags\t\t:");
	for (i = 0; cpu_flags[i].name; i++)
		if (cpu->features[cpu_flags[i].word] >> cpu_flags[i].bit & 1)
			text_printf(text, " %s", cpu_flags[i].name);
	text_printf(text, "\n");
}

static void print_cpu(struct text *text, unsigned int index, unsigned int count, const struct proc_cpu *cpu)
{
	text_printf(text, "processor\t: %u\nvendor_id\t: %.*s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %.*s\n",
		    index, (int)sizeof(cpu->vendor), cpu->vendor, cpu->family, cpu->model,
		    (int)sizeof(cpu->model_name), cpu->model_name);
	text_printf(text, "stepping\t: %u\ncpu MHz\t\t: %u.000\ncache size\t: %u KB\n", cpu->stepping, cpu->mhz,
		    cpu->cache_kib);
	text_printf(text, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n", count,
		    index, count, cpu->apic_id);
	text_printf(text, "fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\n");
	print_flags(text, cpu);
	text_printf(text, "bogomips\t: %u.00\nclflush size\t: 64\ncache_alignment\t: 64\n\n", 2 * cpu->mhz);
}

int machine_cpuinfo(struct text *text, const struct subject *subject)
{
	struct proc_cpu cpus[64];
	long len = kernel_proc(PROC_QUERY_CPUINFO, 0, cpus, sizeof(cpus));
	unsigned int count, i;

	if (len < 0)
		return (int)len;
	count = (unsigned int)((size_t)len / sizeof(cpus[0]));
	for (i = 0; i < count; i++)
		print_cpu(text, i, count, &cpus[i]);
	return 0;
}

int machine_devices(struct text *text, const struct subject *subject)
{
	text_printf(text, "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n"
		    "136 pts\n\nBlock devices:\n  8 sd\n254 virtblk\n259 blkext\n");
	return 0;
}

int machine_modules(struct text *text, const struct subject *subject)
{
	char lines[4096];
	long len = kernel_proc(PROC_QUERY_MODULES, 0, lines, sizeof(lines));

	if (len < 0)
		return (int)len;
	text_append(text, lines, (size_t)len);
	return 0;
}

/* As Linux: kibibytes, nothing at all without disks. */
int machine_partitions(struct text *text, const struct subject *subject)
{
	struct block_info info;
	uint32_t i;

	for (i = 0; !kernel_disk(i, &info); i++) {
		if (info.flags & BLOCK_GONE)
			continue;
		if (!text->len)
			text_printf(text, "major minor  #blocks  name\n\n");
		text_printf(text, "%4u  %7u %10llu %s\n", info.major, info.minor, (unsigned long long)info.bytes >> 10, info.name);
	}
	return 0;
}

int machine_filesystems(struct text *text, const struct subject *subject)
{
	text_printf(text, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tbundle\nnodev\t9p\n\tvfat\n\text4\n");
	return 0;
}

int machine_loadavg(struct text *text, const struct subject *subject)
{
	struct proc_machine machine;
	int err = get_machine(&machine);
	int i;

	if (err)
		return err;
	for (i = 0; i < 3; i++)
		text_printf(text, "%llu.%02llu ", (unsigned long long)machine.load_1000[i] / 1000,
			    (unsigned long long)machine.load_1000[i] % 1000 / 10);
	text_printf(text, "%u/%u %u\n", machine.nrunning, machine.nthreads, machine.last_pid);
	return 0;
}

static void print_kib(struct text *text, const char *name, uint64_t pages)
{
	char label[32];

	snprintf(label, sizeof(label), "%s:", name);
	text_printf(text, "%-16s%8llu kB\n", label, (unsigned long long)(pages * KIB_PER_PAGE));
}

int machine_meminfo(struct text *text, const struct subject *subject)
{
	struct proc_machine m;
	int err = get_machine(&m);

	if (err)
		return err;
	print_kib(text, "MemTotal", m.total_pages);
	print_kib(text, "MemFree", m.free_pages);
	print_kib(text, "MemAvailable", m.free_pages + m.cached_pages - m.dirty_pages - m.writeback_pages);
	print_kib(text, "Buffers", 0);
	print_kib(text, "Cached", m.cached_pages);
	print_kib(text, "SwapCached", 0);
	/* There is no list of active pages: what programs have mapped is in use. */
	print_kib(text, "Active", m.anon_pages + m.mapped_pages);
	print_kib(text, "Inactive", m.cached_pages > m.mapped_pages ? m.cached_pages - m.mapped_pages : 0);
	print_kib(text, "SwapTotal", 0);
	print_kib(text, "SwapFree", 0);
	print_kib(text, "Dirty", m.dirty_pages);
	print_kib(text, "Writeback", m.writeback_pages);
	print_kib(text, "AnonPages", m.anon_pages);
	print_kib(text, "Mapped", m.mapped_pages);
	print_kib(text, "Shmem", m.shmem_pages);
	print_kib(text, "Slab", m.slab_pages);
	text_printf(text, "%-16s%8llu kB\n", "KernelStack:", (unsigned long long)(m.kernel_stack_pages * KIB_PER_PAGE));
	print_kib(text, "PageTables", m.page_table_pages);
	/* As overcommit_ratio 50 and no swap make it; memory is charged when it is touched. */
	print_kib(text, "CommitLimit", m.total_pages / 2);
	print_kib(text, "Committed_AS", m.anon_pages + m.shmem_pages);
	return 0;
}

static void print_cpu_times(struct text *text, uint64_t user, uint64_t system, uint64_t idle)
{
	text_printf(text, " %llu 0 %llu %llu 0 0 0 0 0 0\n", (unsigned long long)(user / NS_PER_TICK),
		    (unsigned long long)(system / NS_PER_TICK), (unsigned long long)(idle / NS_PER_TICK));
}

int machine_stat(struct text *text, const struct subject *subject)
{
	uint64_t user = 0, system = 0, idle = 0;
	struct proc_machine m;
	unsigned int i;
	int err = get_machine(&m);

	if (err)
		return err;
	for (i = 0; i < m.ncpus && i < 64; i++) {
		user += m.cpu_user_ns[i];
		system += m.cpu_system_ns[i];
		idle += m.cpu_idle_ns[i];
	}
	text_printf(text, "cpu ");
	print_cpu_times(text, user, system, idle);
	for (i = 0; i < m.ncpus && i < 64; i++) {
		text_printf(text, "cpu%u", i);
		print_cpu_times(text, m.cpu_user_ns[i], m.cpu_system_ns[i], m.cpu_idle_ns[i]);
	}
	text_printf(text, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %llu\nprocs_running %u\nprocs_blocked 0\n",
		    (unsigned long long)m.interrupts, (unsigned long long)m.context_switches,
		    (unsigned long long)m.boot_realtime_sec, (unsigned long long)m.forks, m.nrunning);
	return 0;
}

int machine_swaps(struct text *text, const struct subject *subject)
{
	text_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

int machine_uptime(struct text *text, const struct subject *subject)
{
	struct proc_machine m;
	int err = get_machine(&m);

	if (err)
		return err;
	text_printf(text, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(m.uptime_ns / NS_PER_SEC),
		    (unsigned long long)(m.uptime_ns % NS_PER_SEC / NS_PER_TICK),
		    (unsigned long long)(m.idle_ns / NS_PER_SEC),
		    (unsigned long long)(m.idle_ns % NS_PER_SEC / NS_PER_TICK));
	return 0;
}

int machine_version(struct text *text, const struct subject *subject)
{
	text_printf(text, "Linux version " LINUX_RELEASE " (albireo) " LINUX_VERSION "\n");
	return 0;
}

int machine_vmstat(struct text *text, const struct subject *subject)
{
	struct proc_machine m;
	int err = get_machine(&m);

	if (err)
		return err;
	text_printf(text, "nr_free_pages %llu\nnr_anon_pages %llu\nnr_mapped %llu\nnr_file_pages %llu\nnr_dirty %llu\n"
		    "nr_writeback %llu\nnr_shmem %llu\nnr_page_table_pages %llu\n",
		    (unsigned long long)m.free_pages, (unsigned long long)m.anon_pages,
		    (unsigned long long)m.mapped_pages, (unsigned long long)m.cached_pages,
		    (unsigned long long)m.dirty_pages, (unsigned long long)m.writeback_pages,
		    (unsigned long long)m.shmem_pages, (unsigned long long)m.page_table_pages);
	return 0;
}

int machine_counters(struct text *text, const struct subject *subject)
{
	const size_t cap = 64u << 10;
	char *place = text_reserve(text, cap);
	long len = place ? kernel_counters(place, cap) : -ENOMEM;

	if (len < 0)
		return (int)len;
	text->len += (size_t)len < cap ? (size_t)len : cap;
	return 0;
}

/* The kernel tells in pieces, each with the socket that the next one goes on after. */
int net_unix(struct text *text, const struct subject *subject)
{
	struct { uint64_t last; char lines[4096]; } piece = { .last = 0 };
	long len;

	text_printf(text, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	do {
		len = kernel_proc(PROC_QUERY_UNIX, piece.last, &piece, sizeof(piece));
		if (len < (long)sizeof(piece.last))
			return len < 0 ? (int)len : -EIO;
		text_append(text, piece.lines, (size_t)len - sizeof(piece.last));
	} while (len > (long)sizeof(piece.last));
	return 0;
}

static unsigned int count_fids(void)
{
	unsigned int i, count = 0;

	for (i = 0; i < VFSD_FIDS; i++)
		count += state->fid_transport[i] != 0;
	return count;
}

/* It is written to, to see that a report names the place. */
int albireo_crash(struct text *text, const struct subject *subject)
{
	return 0;
}

int machine_vfsd(struct text *text, const struct subject *subject)
{
	text_printf(text, "incarnation %u\nsequence %llu\narena_bytes %llu\narena_used %llu\nreply_bytes %llu\nfids %u\nnodes_made %llu\n"
		    "exchanges %llu\n",
		    state->incarnation, (unsigned long long)state->seq,
		    (unsigned long long)state_size_bytes(&arena), (unsigned long long)state_used_bytes(&arena),
		    (unsigned long long)state->reply_bytes, count_fids(), (unsigned long long)state->next_serial,
		    (unsigned long long)p9_exchanges());
	return 0;
}

#define NUMBER_FILE(function, value)							\
	int function(struct text *text, const struct subject *subject)			\
	{										\
		text_printf(text, "%llu\n", (unsigned long long)(value));		\
		return 0;								\
	}

/* The kernel's limits; CAP_CHECKPOINT_RESTORE is the last capability of Linux 6.1. */
NUMBER_FILE(sys_drop_caches, 0)
NUMBER_FILE(sys_file_max, 9223372036854775807ull)
NUMBER_FILE(sys_nr_open, 1048576)
NUMBER_FILE(sys_pipe_max_size, 1048576)
NUMBER_FILE(sys_cap_last_cap, 40)
NUMBER_FILE(sys_ngroups_max, CRED_MAX_GROUPS)
NUMBER_FILE(sys_pid_max, 4194304)
NUMBER_FILE(sys_entropy_avail, 256)
NUMBER_FILE(sys_somaxconn, 4096)
NUMBER_FILE(sys_max_dgram_qlen, 10)
NUMBER_FILE(sys_max_map_count, 65530)
NUMBER_FILE(sys_mmap_min_addr, 65536)
NUMBER_FILE(sys_overcommit_memory, 0)

int sys_hostname(struct text *text, const struct subject *subject)
{
	struct proc_machine m;
	int err = get_machine(&m);

	if (!err)
		text_printf(text, "%.*s\n", (int)sizeof(m.hostname), m.hostname);
	return err;
}

int sys_domainname(struct text *text, const struct subject *subject)
{
	struct proc_machine m;
	int err = get_machine(&m);

	if (!err)
		text_printf(text, "%.*s\n", (int)sizeof(m.domainname), m.domainname);
	return err;
}

int sys_osrelease(struct text *text, const struct subject *subject)
{
	text_printf(text, LINUX_RELEASE "\n");
	return 0;
}

int sys_ostype(struct text *text, const struct subject *subject)
{
	text_printf(text, "Linux\n");
	return 0;
}

int sys_version(struct text *text, const struct subject *subject)
{
	text_printf(text, LINUX_VERSION "\n");
	return 0;
}

/* As RFC 9562 writes a random UUID (version 4). */
static void print_uuid(struct text *text, const unsigned char id[16])
{
	int i;

	for (i = 0; i < 16; i++) {
		unsigned int byte = i == 6 ? (id[i] & 0x0f) | 0x40u : i == 8 ? (id[i] & 0x3f) | 0x80u : id[i];

		text_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
	}
	text_printf(text, "\n");
}

int sys_boot_id(struct text *text, const struct subject *subject)
{
	print_uuid(text, state->boot_id);
	return 0;
}

int sys_uuid(struct text *text, const struct subject *subject)
{
	unsigned char id[16];

	kernel_random(id, sizeof(id));
	print_uuid(text, id);
	return 0;
}
