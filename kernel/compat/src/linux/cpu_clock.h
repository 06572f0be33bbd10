/* kernel/compat/src/linux/cpu_clock.h: clocks, by their Linux numbers. */
#ifndef COMPAT_CPU_CLOCK_H
#define COMPAT_CPU_CLOCK_H

#include <compat/linux.h>

/* Any clock. Returns: 0; -EINVAL no such clock. */
int linux_clock_read(int32_t clock, uint64_t *ns);
uint64_t linux_clock_to_monotonic(int32_t clock, uint64_t ns);

/* Clocks of processes and threads: the two fixed ones, and those of clock_getcpuclockid(3), whose
 * number is ~pid << 3 with the kind below. 0; -EINVAL. */
int cpu_clock_read(int32_t clock, uint64_t *ns);
bool cpu_clock_is(int32_t clock);

#endif
