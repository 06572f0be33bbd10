/* Limits: the first envelope, and how one limit may change. */
#include <errno.h>

#include "policy.h"

#define INFINITY_LIMIT (~0ull)
#define MIB (1ull << 20)

/* RLIMIT_* of the x86_64 ABI. */
enum limit {
	LIMIT_CPU, LIMIT_FSIZE, LIMIT_DATA, LIMIT_STACK, LIMIT_CORE, LIMIT_RSS, LIMIT_NPROC, LIMIT_NOFILE,
	LIMIT_MEMLOCK, LIMIT_AS, LIMIT_LOCKS, LIMIT_SIGPENDING, LIMIT_MSGQUEUE, LIMIT_NICE, LIMIT_RTPRIO,
	LIMIT_RTTIME,
};

#define NOFILE_MAX 1048576	/* /proc/sys/fs/nr_open */
#define NPROC_DEFAULT 2048	/* about what Linux gives a machine of 512 MiB */
#define MMAP_MIN_ADDR 65536

void envelope_default(struct envelope *envelope)
{
	static const struct { uint64_t cur, max; } limits[ENVELOPE_NLIMITS] = {
		[LIMIT_CPU] = { INFINITY_LIMIT, INFINITY_LIMIT },
		[LIMIT_FSIZE] = { INFINITY_LIMIT, INFINITY_LIMIT },
		[LIMIT_DATA] = { INFINITY_LIMIT, INFINITY_LIMIT },
		[LIMIT_STACK] = { 8 * MIB, INFINITY_LIMIT },
		[LIMIT_CORE] = { 0, INFINITY_LIMIT },
		[LIMIT_RSS] = { INFINITY_LIMIT, INFINITY_LIMIT },
		[LIMIT_NPROC] = { NPROC_DEFAULT, NPROC_DEFAULT },
		[LIMIT_NOFILE] = { 1024, NOFILE_MAX },
		[LIMIT_MEMLOCK] = { 8 * MIB, 8 * MIB },
		[LIMIT_AS] = { INFINITY_LIMIT, INFINITY_LIMIT },
		[LIMIT_LOCKS] = { INFINITY_LIMIT, INFINITY_LIMIT },
		[LIMIT_SIGPENDING] = { NPROC_DEFAULT, NPROC_DEFAULT },
		[LIMIT_MSGQUEUE] = { 819200, 819200 },
		[LIMIT_NICE] = { 0, 0 },
		[LIMIT_RTPRIO] = { 0, 0 },
		[LIMIT_RTTIME] = { INFINITY_LIMIT, INFINITY_LIMIT },
	};

	*envelope = (struct envelope){ .mmap_min_addr = MMAP_MIN_ADDR };
	for (unsigned int i = 0; i < ENVELOPE_NLIMITS; i++) {
		envelope->limits[i].cur = limits[i].cur;
		envelope->limits[i].max = limits[i].max;
	}
}

int envelope_set_limit(struct envelope *envelope, uint32_t resource, uint64_t cur, uint64_t max, uint64_t caps)
{
	if (resource >= ENVELOPE_NLIMITS || cur > max)
		return -EINVAL;
	/* Not even CAP_SYS_RESOURCE raises it above nr_open (man 2 getrlimit, NOTES). */
	if (resource == LIMIT_NOFILE && max > NOFILE_MAX)
		return -EPERM;
	if (max > envelope->limits[resource].max && !has_cap(caps, CAP_SYS_RESOURCE))
		return -EPERM;
	envelope->limits[resource].cur = cur;
	envelope->limits[resource].max = max;
	return 0;
}
