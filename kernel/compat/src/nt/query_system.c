/* kernel/compat/src/nt/query_system.c: NtQuerySystemInformation (Microsoft Learn; winternl.h). */
#include <hal/entropy.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <string.h>

#include "memory.h"
#include "query.h"
#include "shared_data.h"

enum system_class { SYSTEM_BASIC = 0, SYSTEM_CPU = 1, SYSTEM_PERFORMANCE = 2, SYSTEM_TIME_OF_DAY = 3,
	SYSTEM_PROCESS = 5, SYSTEM_INTERRUPT = 23, SYSTEM_TIME_ZONE = 44, SYSTEM_DYNAMIC_TIME_ZONE = 102, SYSTEM_RANDOM_MAX = 4096 };

#define ARCHITECTURE_AMD64 9
#define TIMER_RESOLUTION 156250u

struct basic_information {
	uint32_t reserved, timer_resolution, page_bytes, pages, lowest_page, highest_page, granularity, pad;
	uint64_t lowest, highest, affinity;
	uint8_t processors, pad2[7];
};

static ntstatus basic(const struct nt_query *q)
{
	struct mm_statistics mm;
	struct basic_information out = {
		.timer_resolution = TIMER_RESOLUTION,
		.page_bytes = PAGE_SIZE,
		.lowest_page = 1,
		.granularity = 65536,
		.lowest = NT_LOWEST_ADDRESS,
		.highest = NT_HIGHEST_ADDRESS,
		.affinity = (1ull << percpu_count) - 1,
		.processors = (uint8_t)percpu_count,
	};

	mm_statistics(&mm);
	out.pages = (uint32_t)MIN(mm.total_pages, ~0u);
	out.highest_page = out.pages;
	return nt_query_put(q, &out, sizeof(out));
}

static ntstatus cpu(const struct nt_query *q)
{
	struct { uint16_t architecture, level, revision, processors; uint32_t features; } out = {
		ARCHITECTURE_AMD64, 6, 0, (uint16_t)percpu_count, 0x20003dff };

	return nt_query_put(q, &out, sizeof(out));
}

/* Counts of interrupts on Windows; what programs take from it is that nobody can guess them. */
static ntstatus random_bytes(const struct nt_query *q)
{
	uint32_t n = MIN(q->cap, SYSTEM_RANDOM_MAX);
	uint8_t *bytes = kmalloc(n, HEAP_NOZERO);
	ntstatus status;

	if (!bytes)
		return STATUS_NO_MEMORY;
	kernel_random_bytes(bytes, n);
	status = nt_put(q->buffer, bytes, n);
	kfree(bytes);
	return status || !q->length ? status : nt_put32(q->length, n);
}

static ntstatus time_of_day(const struct nt_query *q)
{
	uint64_t now = clock_realtime_ns() / NT_NS_PER_TICK + NT_EPOCH_TICKS;
	struct { uint64_t boot, now, bias; uint32_t zone, reserved; uint64_t boot_bias, sleep_bias; } out = {
		.boot = now - clock_monotonic_ns() / NT_NS_PER_TICK, .now = now };
	uint32_t n = MIN(q->cap, (uint32_t)sizeof(out));

	if (q->cap > sizeof(out))
		return STATUS_INFO_LENGTH_MISMATCH;
	if (q->length && nt_put32(q->length, n))
		return STATUS_ACCESS_VIOLATION;
	return nt_put(q->buffer, &out, n);
}

#define ZONE_NAME_CHARS 32u
#define ZONE_KEY_CHARS 128u
#define DAYLIGHT_BIAS_MINUTES (-60)

/* RTL_DYNAMIC_TIME_ZONE_INFORMATION; without what follows the daylight's bias it is RTL_TIME_ZONE_INFORMATION. */
struct time_zone {
	int32_t bias;
	uint16_t standard_name[ZONE_NAME_CHARS], standard_date[8];
	int32_t standard_bias;
	uint16_t daylight_name[ZONE_NAME_CHARS], daylight_date[8];
	int32_t daylight_bias;
	uint16_t key[ZONE_KEY_CHARS];
	uint8_t is_fixed, pad[3];
};
_Static_assert(sizeof(struct time_zone) == 432, "RTL_DYNAMIC_TIME_ZONE_INFORMATION");
#define PLAIN_ZONE_BYTES 172u

static void zone_text(const char *text, uint16_t *out, uint32_t cap)
{
	(void)nt_utf16(text, strlen(text), out, cap);
}

/* The machine's clock goes by UTC, in the zone that has no other time in summer. Names are where Windows keeps them. */
static ntstatus time_zone(const struct nt_query *q, uint32_t bytes)
{
	struct time_zone out = { .daylight_bias = DAYLIGHT_BIAS_MINUTES };

	zone_text("@tzres.dll,-47168", out.standard_name, ZONE_NAME_CHARS);
	zone_text("@tzres.dll,-47169", out.daylight_name, ZONE_NAME_CHARS);
	zone_text("Greenwich Standard Time", out.key, ZONE_KEY_CHARS);
	return nt_query_put_min(q, &out, bytes);
}

ntstatus nt_sys_NtQuerySystemInformation(const uint64_t *a)
{
	struct nt_query q = { a[1], (uint32_t)a[2], a[3] };

	switch ((uint32_t)a[0]) {
	case SYSTEM_BASIC:
		return basic(&q);
	case SYSTEM_CPU:
		return cpu(&q);
	case SYSTEM_PROCESS:
		return nt_query_processes(&q);
	case SYSTEM_INTERRUPT:
		return random_bytes(&q);
	case SYSTEM_TIME_OF_DAY:
		return time_of_day(&q);
	case SYSTEM_TIME_ZONE:
		return time_zone(&q, PLAIN_ZONE_BYTES);
	case SYSTEM_DYNAMIC_TIME_ZONE:
		return time_zone(&q, sizeof(struct time_zone));
	default:
		return STATUS_INVALID_INFO_CLASS;
	}
}
