/* kernel/mm/src/statistics.c: where the machine's memory is. */
#include <mm/frame.h>
#include <nucleus/atomic.h>

#include "frame_internal.h"

/* Counts are changed without a common lock, so one may be briefly below zero. */
static uint64_t count(const uint64_t *n)
{
	int64_t value = (int64_t)atomic_load(n);

	return value > 0 ? (uint64_t)value : 0;
}

void mm_statistics(struct mm_statistics *out)
{
	*out = (struct mm_statistics) {
		.total_pages = frames_total(),
		.free_pages = frames_free() + pt_spare_tables(),
		.cached_pages = count(&frame_counts.cached),
		.dirty_pages = count(&frame_counts.dirty),
		.writeback_pages = count(&frame_counts.writeback),
		.anon_pages = count(&frame_counts.anon),
		.mapped_pages = count(&frame_counts.mapped),
		.slab_pages = count(&frame_counts.slab),
		.shmem_pages = count(&frame_counts.shmem),
		.page_table_pages = count(&frame_counts.page_tables),
		.kernel_stack_pages = count(&frame_counts.kernel_stacks),
	};
}
