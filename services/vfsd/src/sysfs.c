/* services/vfsd/src/sysfs.c: see sysfs.h (Linux Documentation/ABI/stable/sysfs-block, sysfs-devices-system-cpu). */
#include "sysfs.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"

#define SECTOR 512u
#define MAX_CACHES 8u
#define CACHE_SHIFT 16	/* a cache's task number: its place above the processor's number */
#define CPU_OF(task) ((task) & ((1u << CACHE_SHIFT) - 1))
#define CACHE_OF(task) ((task) >> CACHE_SHIFT)
#define CPUID_CACHES_INTEL 4u		/* Intel SDM 2A, CPUID */
#define CPUID_CACHES_AMD 0x8000001du	/* AMD APM 3, E.4.15: the same form */

/* ---- members ---- */

static const struct family {
	enum item_id folder, item;
} families[] = {
	{ ITEM_SYSFS_BLOCK, ITEM_SYSFS_BLOCK_LINK },
	{ ITEM_SYSFS_CLASS_BLOCK, ITEM_SYSFS_CLASS_BLOCK_LINK },
	{ ITEM_SYSFS_DEV_BLOCK, ITEM_SYSFS_DEV_BLOCK_LINK },
	{ ITEM_SYSFS_DISKS, ITEM_SYSFS_DISK },
	{ ITEM_SYSFS_DISK, ITEM_SYSFS_PART },
	{ ITEM_SYSFS_CPU, ITEM_SYSFS_CPU_N },
	{ ITEM_SYSFS_CPU_CACHE, ITEM_SYSFS_CACHE },
};

static int family_of(enum item_id folder, enum item_id *item)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (families[i].folder == folder) {
			*item = families[i].item;
			return 0;
		}
	}
	return -ENOENT;
}

static uint32_t count_cpus(void)
{
	struct proc_machine machine;

	return kernel_proc(PROC_QUERY_MACHINE, 0, &machine, sizeof(machine)) < 0 ? 0 : machine.ncpus;
}

struct cache {
	uint32_t type, level, line, ways, sets, sharers;
	uint64_t bytes;
};

static bool read_cache(uint32_t index, struct cache *out)
{
	unsigned int a = 0, b = 0, c = 0, d = 0;

	if (!__get_cpuid_count(CPUID_CACHES_INTEL, index, &a, &b, &c, &d) || !(a & 31))
		if (!__get_cpuid_count(CPUID_CACHES_AMD, index, &a, &b, &c, &d))
			return false;
	*out = (struct cache){
		.type = a & 31, .level = a >> 5 & 7, .sharers = (a >> 14 & 0xfff) + 1, .line = (b & 0xfff) + 1,
		.ways = (b >> 22 & 0x3ff) + 1, .sets = c + 1,
	};
	out->bytes = (uint64_t)out->ways * ((b >> 12 & 0x3ff) + 1) * out->line * out->sets;
	return out->type >= 1 && out->type <= 3;
}

/* Whether @info belongs into the folder of @item, which is @parent's. */
static bool is_listed(enum item_id item, uint32_t parent, const struct block_info *info)
{
	if (info->flags & BLOCK_GONE)
		return false;
	switch (item) {
	case ITEM_SYSFS_BLOCK_LINK:
	case ITEM_SYSFS_DISK:
		return !info->parent;
	case ITEM_SYSFS_PART:
		return info->parent == parent;
	default:
		return true;
	}
}

/* Ids rise along the list. */
static int next_disk(enum item_id item, uint32_t parent, uint32_t from, struct sysfs_member *out)
{
	struct block_info info;

	for (uint32_t i = 0; !kernel_disk(i, &info); i++) {
		if (info.id < from || !is_listed(item, parent, &info))
			continue;
		out->task = info.id;
		if (item == ITEM_SYSFS_DEV_BLOCK_LINK)
			snprintf(out->name, sizeof(out->name), "%u:%u", info.major, info.minor);
		else
			snprintf(out->name, sizeof(out->name), "%s", info.name);
		return 0;
	}
	return -ENOENT;
}

static int next_cpu(uint32_t from, struct sysfs_member *out)
{
	if (from >= count_cpus())
		return -ENOENT;
	out->task = from;
	snprintf(out->name, sizeof(out->name), "cpu%u", from);
	return 0;
}

static int next_cache(uint32_t cpu, uint32_t from, struct sysfs_member *out)
{
	uint32_t index = from <= cpu ? 0 : CACHE_OF(from - cpu - 1) + 1;
	struct cache cache;

	if (index >= MAX_CACHES || !read_cache(index, &cache))
		return -ENOENT;
	out->task = index << CACHE_SHIFT | cpu;
	snprintf(out->name, sizeof(out->name), "index%u", index);
	return 0;
}

int sysfs_next(enum item_id folder, uint32_t task, uint32_t from, struct sysfs_member *out)
{
	int err = family_of(folder, &out->item);

	if (err)
		return err;
	if (out->item == ITEM_SYSFS_CPU_N)
		return next_cpu(from, out);
	if (out->item == ITEM_SYSFS_CACHE)
		return next_cache(task, from, out);
	return next_disk(out->item, task, from, out);
}

int sysfs_find(enum item_id folder, uint32_t task, const char *name, size_t len, struct sysfs_member *out)
{
	uint32_t from = 0;

	while (!sysfs_next(folder, task, from, out)) {
		if (strlen(out->name) == len && !memcmp(out->name, name, len))
			return 0;
		from = out->task + 1;
	}
	return -ENOENT;
}

static int get_disk(uint32_t id, struct block_info *info)
{
	for (uint32_t i = 0; !kernel_disk(i, info); i++) {
		if (info->id == id)
			return info->flags & BLOCK_GONE ? -ENOENT : 0;
	}
	return -ENOENT;
}

bool sysfs_exists(enum item_id item, uint32_t task)
{
	struct block_info info;

	/* Only disks go; a file without a disk has no task. */
	if (item < ITEM_SYSFS_BLOCK_LINK || item > ITEM_SYSFS_PART_LAST || !task)
		return true;
	if (get_disk(task, &info))
		return false;
	return item < ITEM_SYSFS_LOOP || item > ITEM_SYSFS_LOOP_SIZELIMIT ||
	       (info.flags & (BLOCK_LOOP | BLOCK_UNBOUND)) == BLOCK_LOOP;
}

/* All disks have the same names in their folders, but for what only loops with a file have. */
bool sysfs_is_named(enum item_id item, uint32_t task)
{
	return item != ITEM_SYSFS_LOOP || sysfs_exists(item, task);
}

uint32_t sysfs_parent(enum item_id item, uint32_t task, char name[SYSFS_NAME_BYTES])
{
	struct block_info info = { 0 };

	name[0] = '\0';
	switch (item) {
	case ITEM_SYSFS_DISK:
	case ITEM_SYSFS_PART:
	case ITEM_SYSFS_BLOCK_LINK:
	case ITEM_SYSFS_CLASS_BLOCK_LINK:
	case ITEM_SYSFS_DEV_BLOCK_LINK:
		get_disk(task, &info);
		if (item == ITEM_SYSFS_DEV_BLOCK_LINK)
			snprintf(name, SYSFS_NAME_BYTES, "%u:%u", info.major, info.minor);
		else
			snprintf(name, SYSFS_NAME_BYTES, "%s", info.name);
		return item == ITEM_SYSFS_PART ? info.parent : 0;
	case ITEM_SYSFS_CPU_N:
		snprintf(name, SYSFS_NAME_BYTES, "cpu%u", task);
		return 0;
	case ITEM_SYSFS_CACHE:
		snprintf(name, SYSFS_NAME_BYTES, "index%u", CACHE_OF(task));
		return CPU_OF(task);
	default:
		/* A file of the device's. */
		return item > ITEM_SYSFS_CPU_N ? task : 0;
	}
}

/* ---- disks ---- */

/* From the folder of links, which is @up levels below /sys, to the device's own. */
static int print_link(struct text *text, const struct subject *subject, const char *up)
{
	struct block_info info, disk;
	int err = get_disk(subject->tid, &info);

	if (err)
		return err;
	text_printf(text, "%sdevices/block/", up);
	if (info.parent) {
		err = get_disk(info.parent, &disk);
		text_printf(text, "%s/", disk.name);
	}
	text_printf(text, "%s", info.name);
	return err;
}

int sysfs_block_link(struct text *text, const struct subject *subject)
{
	return print_link(text, subject, "../");
}

int sysfs_block_link_below(struct text *text, const struct subject *subject)
{
	return print_link(text, subject, "../../");
}

int sysfs_disk_subsystem(struct text *text, const struct subject *subject)
{
	text_printf(text, "../../../class/block");
	return 0;
}

int sysfs_part_subsystem(struct text *text, const struct subject *subject)
{
	text_printf(text, "../../../../class/block");
	return 0;
}

int sysfs_dev(struct text *text, const struct subject *subject)
{
	struct block_info info;
	int err = get_disk(subject->tid, &info);

	text_printf(text, "%u:%u\n", info.major, info.minor);
	return err;
}

int sysfs_uevent(struct text *text, const struct subject *subject)
{
	struct block_info info;
	int err = get_disk(subject->tid, &info);

	text_printf(text, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", info.major, info.minor, info.name,
		    info.parent ? "partition" : "disk");
	if (info.parent)
		text_printf(text, "PARTN=%u\n", info.partition);
	return err;
}

#define DISK_NUMBER(function, value)							\
	int function(struct text *text, const struct subject *subject)			\
	{										\
		struct block_info info;							\
		int err = get_disk(subject->tid, &info);				\
											\
		text_printf(text, "%llu\n", (unsigned long long)(value));		\
		return err;								\
	}

DISK_NUMBER(sysfs_size, info.bytes / SECTOR)
DISK_NUMBER(sysfs_start, info.start / SECTOR)
DISK_NUMBER(sysfs_partition, info.partition)
DISK_NUMBER(sysfs_ro, (info.flags & BLOCK_READ_ONLY) != 0)
DISK_NUMBER(sysfs_logical_bytes, info.block_bytes)
DISK_NUMBER(sysfs_physical_bytes, info.physical_bytes)
/* What no device says of itself counts as turning, as on Linux; NVMe is never. */
DISK_NUMBER(sysfs_rotational, strncmp(info.name, "nvme", 4) != 0)
DISK_NUMBER(sysfs_discard_granularity, info.flags & BLOCK_DISCARDS ? info.block_bytes : 0)

int sysfs_zero(struct text *text, const struct subject *subject)
{
	text_printf(text, "0\n");
	return 0;
}

int sysfs_one(struct text *text, const struct subject *subject)
{
	text_printf(text, "1\n");
	return 0;
}

int sysfs_model(struct text *text, const struct subject *subject)
{
	struct block_info info;
	int err = get_disk(subject->tid, &info);

	text_printf(text, "%.*s\n", (int)sizeof(info.model), info.model);
	return err;
}

int sysfs_serial(struct text *text, const struct subject *subject)
{
	struct block_info info;
	int err = get_disk(subject->tid, &info);

	text_printf(text, "%.*s\n", (int)sizeof(info.serial), info.serial);
	return err;
}

static int get_loop(uint32_t id, struct block_loop *loop)
{
	struct block_call call = { .op = BLOCK_OP_LOOP_INFO, .device = id, .buffer = (uintptr_t)loop };

	return kernel_block(&call) ? -ENOENT : 0;
}

int sysfs_loop_file(struct text *text, const struct subject *subject)
{
	struct block_loop loop;
	int err = get_loop(subject->tid, &loop);

	if (!err)
		text_printf(text, "%s\n", loop.path);
	return err;
}

#define LOOP_NUMBER(function, value)							\
	int function(struct text *text, const struct subject *subject)			\
	{										\
		struct block_loop loop = { 0 };						\
		int err = get_loop(subject->tid, &loop);				\
											\
		text_printf(text, "%llu\n", (unsigned long long)(value));		\
		return err;								\
	}

LOOP_NUMBER(sysfs_loop_autoclear, (loop.flags & LO_FLAGS_AUTOCLEAR) != 0)
LOOP_NUMBER(sysfs_loop_offset, loop.offset)
LOOP_NUMBER(sysfs_loop_partscan, (loop.flags & LO_FLAGS_PARTSCAN) != 0)
LOOP_NUMBER(sysfs_loop_sizelimit, loop.sizelimit)

/* ---- processors: each a core of one package ---- */

int sysfs_cpus(struct text *text, const struct subject *subject)
{
	uint32_t n = count_cpus();

	text_printf(text, n > 1 ? "0-%u\n" : "0\n", n - 1);
	return n ? 0 : -EIO;
}

/* Hexadecimal words of 32 processors, the last ones first; the first word as short as it can be. */
static void print_mask(struct text *text, uint64_t mask, uint32_t n)
{
	if (n > 32)
		text_printf(text, "%0*x,%08x\n", (int)(n - 32 + 3) / 4, (uint32_t)(mask >> 32), (uint32_t)mask);
	else
		text_printf(text, "%0*x\n", (int)(n + 3) / 4, (uint32_t)mask);
}

int sysfs_cpu_id(struct text *text, const struct subject *subject)
{
	text_printf(text, "%u\n", CPU_OF(subject->tid));
	return 0;
}

int sysfs_cpu_mask(struct text *text, const struct subject *subject)
{
	print_mask(text, 1ull << CPU_OF(subject->tid), count_cpus());
	return 0;
}

int sysfs_package_mask(struct text *text, const struct subject *subject)
{
	uint32_t n = count_cpus();

	print_mask(text, n < 64 ? (1ull << n) - 1 : ~0ull, n);
	return 0;
}

int sysfs_cache_type(struct text *text, const struct subject *subject)
{
	static const char *const names[] = { "", "Data", "Instruction", "Unified" };
	struct cache cache;

	if (!read_cache(CACHE_OF(subject->tid), &cache))
		return -ENOENT;
	text_printf(text, "%s\n", names[cache.type]);
	return 0;
}

int sysfs_cache_sharers(struct text *text, const struct subject *subject)
{
	struct cache cache;

	if (!read_cache(CACHE_OF(subject->tid), &cache))
		return -ENOENT;
	return cache.sharers > 1 ? sysfs_cpus(text, subject) : sysfs_cpu_id(text, subject);
}

#define CACHE_NUMBER(function, format, value)						\
	int function(struct text *text, const struct subject *subject)			\
	{										\
		struct cache cache;							\
											\
		if (!read_cache(CACHE_OF(subject->tid), &cache))			\
			return -ENOENT;							\
		text_printf(text, format, (unsigned int)(value));			\
		return 0;								\
	}

CACHE_NUMBER(sysfs_cache_size, "%uK\n", cache.bytes >> 10)
CACHE_NUMBER(sysfs_cache_level, "%u\n", cache.level)
CACHE_NUMBER(sysfs_cache_line, "%u\n", cache.line)
CACHE_NUMBER(sysfs_cache_ways, "%u\n", cache.ways)
CACHE_NUMBER(sysfs_cache_sets, "%u\n", cache.sets)
