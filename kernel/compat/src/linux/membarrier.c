/* kernel/compat/src/linux/membarrier.c: barriers on all CPUs that run a program (man 2 membarrier).
 *
 * Every kind is one interrupt that each CPU concerned answers: its way back is a full
 * barrier, serialises the core, and ends critical sections of rseq.
 */
#include <linux/membarrier.h>

#include "dispatch.h"

#ifndef MEMBARRIER_CMD_GET_REGISTRATIONS
#define MEMBARRIER_CMD_GET_REGISTRATIONS (1 << 9)
#endif

#define COMMANDS (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | \
	MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
	MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | \
	MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ | \
	MEMBARRIER_CMD_GET_REGISTRATIONS)

static int64_t enlist(struct mm_space *s, uint32_t command)
{
	__atomic_fetch_or(&s->membarriers, command, __ATOMIC_RELAXED);
	return 0;
}

static int64_t private_barrier(struct mm_space *s, uint32_t registration)
{
	if (!(READ_ONCE(s->membarriers) & registration))
		return -EPERM;
	mm_barrier(s);
	return 0;
}

/* The special kinds enlist for the plain one too, as Linux tells it. */
static int64_t registrations(const struct mm_space *s)
{
	uint32_t mask = READ_ONCE(s->membarriers);

	if (mask & (MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ))
		mask |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
	return mask;
}

int64_t linux_sys_membarrier(const uint64_t a[6])
{
	struct mm_space *s = ps_current()->space;
	uint32_t command = (uint32_t)a[0], flags = (uint32_t)a[1];

	if (flags & ~(command == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ ? (uint32_t)MEMBARRIER_CMD_FLAG_CPU : 0))
		return -EINVAL;
	switch (command) {
	case MEMBARRIER_CMD_QUERY:
		return COMMANDS;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		mm_barrier(NULL);
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		return enlist(s, command);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
		/* Each registration is the bit above its command's. */
		return private_barrier(s, command << 1);
	case MEMBARRIER_CMD_GET_REGISTRATIONS:
		return registrations(s);
	default:
		return -EINVAL;
	}
}
