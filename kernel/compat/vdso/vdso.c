/* kernel/compat/vdso/vdso.c: the shared object that answers for the clocks (man 7 vdso).
 *
 * It runs in user mode, in every program, below any libc: nothing of libc's may be
 * called. What it cannot answer it asks the kernel, by the call of the same name.
 */
#include <sched/clock_page.h>

/* asm/unistd_64.h, linux/time.h */
#define NR_CLOCK_GETTIME 228
#define NR_CLOCK_GETRES 229
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_TAI 11

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_USEC 1000ull
#define CPU_NUMBER_SELECTOR 0x7b	/* SEL_CPU_NUMBER: its limit is the CPU's index */

struct timespec { int64_t sec, nsec; };
struct timeval { int64_t sec, usec; };
struct timezone { int32_t minutes_west, dst; };

/* The page below; the linker script says where. */
extern const struct clock_page clock_page __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct timespec *out);
int __vdso_clock_getres(int clock, struct timespec *out);
int __vdso_gettimeofday(struct timeval *out, struct timezone *zone);
int64_t __vdso_time(int64_t *out);
int __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused);

static inline long call(long nr, long a, long b)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return ret;
}

/* The fence keeps the reading from running ahead (SDM 2B, RDTSC). */
static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t monotonic_ns(void)
{
	return (uint64_t)((unsigned __int128)(read_tsc() - clock_page.tsc_start) * clock_page.ns_per_tsc >> 32);
}

static inline uint64_t realtime_ns(void)
{
	return monotonic_ns() + __atomic_load_n(&clock_page.realtime_offset_ns, __ATOMIC_RELAXED);
}

static inline void put(struct timespec *out, uint64_t ns)
{
	out->sec = (int64_t)(ns / NSEC_PER_SEC);
	out->nsec = (int64_t)(ns % NSEC_PER_SEC);
}

int __vdso_clock_gettime(int clock, struct timespec *out)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		put(out, realtime_ns());
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		put(out, monotonic_ns());
		return 0;
	case CLOCK_REALTIME_COARSE:
		put(out, realtime_ns() / CLOCK_COARSE_NS * CLOCK_COARSE_NS);
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		put(out, monotonic_ns() / CLOCK_COARSE_NS * CLOCK_COARSE_NS);
		return 0;
	default:
		return (int)call(NR_CLOCK_GETTIME, clock, (long)out);
	}
}

int __vdso_clock_getres(int clock, struct timespec *out)
{
	uint64_t ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		ns = 1;
		break;
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		ns = CLOCK_COARSE_NS;
		break;
	default:
		return (int)call(NR_CLOCK_GETRES, clock, (long)out);
	}
	if (out)
		put(out, ns);
	return 0;
}

int __vdso_gettimeofday(struct timeval *out, struct timezone *zone)
{
	uint64_t ns = realtime_ns();

	if (out) {
		out->sec = (int64_t)(ns / NSEC_PER_SEC);
		out->usec = (int64_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC);
	}
	if (zone)
		*zone = (struct timezone){ 0, 0 };
	return 0;
}

int64_t __vdso_time(int64_t *out)
{
	int64_t now = (int64_t)(realtime_ns() / NSEC_PER_SEC);

	if (out)
		*out = now;
	return now;
}

int __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused)
{
	uint32_t limit;

	__asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(CPU_NUMBER_SELECTOR) : "cc");
	if (cpu)
		*cpu = limit;
	if (node)
		*node = 0;
	return 0;
}

#define WEAK_NAME(name) __attribute__((weak, alias("__vdso_" #name)))
int clock_gettime(int clock, struct timespec *out) WEAK_NAME(clock_gettime);
int clock_getres(int clock, struct timespec *out) WEAK_NAME(clock_getres);
int gettimeofday(struct timeval *out, struct timezone *zone) WEAK_NAME(gettimeofday);
int64_t time(int64_t *out) WEAK_NAME(time);
int getcpu(uint32_t *cpu, uint32_t *node, void *unused) WEAK_NAME(getcpu);
