/* kernel/mm/src/writeback_run.c: exact byte ranges of dirty pages, gathered into runs. */
#include "writeback.h"

#include "object_internal.h"

/* The first dirty page that may go out now. */
static struct frame *first_dirty(struct mm_object *obj, uint64_t first, uint64_t last)
{
	struct frame *f;

	for (; (f = radix_next_tagged(&obj->pages, &first)) && first <= last; first++) {
		if (!(f->flags & (FRAME_WRITEBACK | FRAME_BUSY)))
			return f;
	}
	return NULL;
}

static bool continues(const struct frame *before, const struct frame *f)
{
	return f && before->dirty_to == PAGE_SIZE && f->dirty_from == 0 &&
	       (f->flags & (FRAME_DIRTY | FRAME_WRITEBACK | FRAME_BUSY)) == FRAME_DIRTY;
}

bool writeback_find_run(struct mm_object *obj, uint64_t first, uint64_t last, struct writeback_run *run)
{
	struct frame *f = first_dirty(obj, first, last), *end = f;
	uint64_t size = obj->size_bytes, to;

	if (!f)
		return false;
	run->first = f->index;
	run->npages = 0;
	run->offset = (f->index << PAGE_SHIFT) + f->dirty_from;
	do {
		end = f;
		run->pages[run->npages++] = f;
		if (run->npages == WRITEBACK_RUN || end->index == last)
			break;
		f = radix_lookup(&obj->pages, end->index + 1);
	} while (continues(end, f));
	/* A mapping may have dirtied bytes past the end of the file. */
	to = MIN((end->index << PAGE_SHIFT) + end->dirty_to, size);
	run->len = to > run->offset ? to - run->offset : 0;
	return true;
}
