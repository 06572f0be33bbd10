/* kernel/compat/src/linux/cpu_clock.h: clocks, by their Linux numbers. */
#ifndef COMPAT_CPU_CLOCK_H
#define COMPAT_CPU_CLOCK_H

#include <compat/linux.h>

/* Any clock. Returns: 0; -EINVAL no such clock. */
int linux_clock_read(int32_t clock, uint64_t *ns);
uint64_t linux_clock_to_monotonic(int32_t clock, uint64_t ns);

/* Clocks of processes and threads: the two fixed ones, and those of clock_getcpuclockid(3), whose
 * number is ~pid << 3 with the kind below (linux/posix-timers.h); pid 0 is the caller, which is what libc makes
 * of the fixed ones for timers. 0; -EINVAL. */
int cpu_clock_read(int32_t clock, uint64_t *ns);
bool cpu_clock_is(int32_t clock);

#define CPU_CLOCK_KIND_MASK 3
#define CPU_CLOCK_PROF 0	/* user and system time */
#define CPU_CLOCK_VIRT 1	/* user time */
#define CPU_CLOCK_SCHED 2	/* user and system time */
#define CPU_CLOCK_IS_THREAD 4
static inline uint32_t cpu_clock_pid(int32_t clock) { return ~(uint32_t)(clock >> 3); }

#endif
