/* kernel/mm/src/object_writeback.c: dirty pages go back to their pagers.
 *
 * Objects with dirty pages are on one list in the order of their first dirty byte; a
 * thread writes those out that are a second old, or all of them when dirty pages are
 * many or memory is short. Whoever dirties faster than pagers take is made to wait.
 *
 * Locking: list_lock (LRU) guards the list, inside obj->lock.
 */
#include <errno.h>

#include <lowlevel/spinlock.h>
#include <mm/heap.h>
#include <mm/object.h>
#include <nucleus/counter.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <sched/thread.h>
#include <sched/wait.h>

#include "object_internal.h"
#include "writeback.h"

#define DIRTY_AGE_NS NSEC_PER_SEC
#define RETRY_NS (NSEC_PER_SEC / 2)	/* after a pager failed for the moment */
#define THROTTLE_POLL_NS (100 * NSEC_PER_MSEC)

static struct spinlock list_lock = SPINLOCK_INIT(LRU);
static struct list_node dirty_objects = LIST_INIT(dirty_objects);
static uint32_t hurry;		/* write without regard to age; atomic */
static bool has_thread;
static struct wait_queue work_wait;	/* the thread */
static struct wait_queue throttle_wait;	/* writers */

/* Pages that may be dirty or in write-back: before writing starts early, and in all. */
static uint64_t background_limit(void) { return frames_total() / 10; }
static uint64_t hard_limit(void) { return frames_total() / 5; }

static uint64_t unclean_pages(void)
{
	return atomic_load(&frame_counts.dirty) + atomic_load(&frame_counts.writeback);
}

static void thread_wake_up(void)
{
	if (has_thread)
		waitq_wake_all(&work_wait, 0);
}

void writeback_object_dirty(struct mm_object *obj)
{
	bool was_empty;

	obj->dirtied_at_ns = clock_monotonic_ns();
	spin_lock(&list_lock);
	was_empty = list_is_empty(&dirty_objects);
	list_move_tail(&obj->dirty_node, &dirty_objects);
	spin_unlock(&list_lock);
	if (was_empty)
		thread_wake_up();
}

void writeback_object_clean(struct mm_object *obj)
{
	spin_lock(&list_lock);
	list_del(&obj->dirty_node);
	spin_unlock(&list_lock);
}

void writeback_hurry(void)
{
	if (!__atomic_exchange_n(&hurry, 1, __ATOMIC_ACQ_REL))
		thread_wake_up();
}

/* Take a run: its pages are in write-back and no mapping can write them unseen. */
static bool run_begin(struct mm_object *obj, uint64_t first, uint64_t last, struct writeback_run *run,
		      uint32_t *generation)
{
	bool found;

	spin_lock(&obj->lock);
	found = writeback_find_run(obj, first, last, run);
	obj->nruns += found;
	for (uint32_t i = 0; found && i < run->npages; i++) {
		struct frame *f = run->pages[i];

		frame_get(f);
		frame_set_flags(f, FRAME_WRITEBACK);
		object_clean(obj, f);
	}
	if (found) {
		atomic_add(&frame_counts.writeback, run->npages);
		rmap_write_protect(obj, run->first, run->first + run->npages - 1);
		*generation = obj->generation;
	}
	spin_unlock(&obj->lock);
	return found;
}

/* The pager may take the bytes another time. */
static bool is_temporary(int err)
{
	return err == -ENOMEM || err == -EINTR || err == -EAGAIN || err == -ETIMEDOUT || err == -EPIPE;
}

static void page_end(struct mm_object *obj, struct frame *f, int err)
{
	atomic_sub(&frame_counts.writeback, 1);
	if (is_temporary(err) && f->object == obj)
		object_dirty_again(obj, f);
	else if (err)
		frame_set_flags(f, FRAME_ERROR);
	object_page_ready(f, FRAME_WRITEBACK);
}

static void run_end(struct mm_object *obj, struct writeback_run *run, uint32_t generation, int err)
{
	spin_lock(&obj->lock);
	obj->nruns--;
	for (uint32_t i = 0; i < run->npages; i++) {
		/* A reset of the pager has made the others dirty again. */
		if (obj->generation == generation && (run->pages[i]->flags & FRAME_WRITEBACK))
			page_end(obj, run->pages[i], err);
	}
	if (err && !is_temporary(err) && obj->generation == generation)
		obj->writeback_error = err;
	spin_unlock(&obj->lock);
	for (uint32_t i = 0; i < run->npages; i++)
		frame_put(run->pages[i]);
	if (has_thread)
		waitq_wake_all(&throttle_wait, 0);
}

static int run_write(struct mm_object *obj, struct writeback_run *run)
{
	counter_add(COUNTER_PAGE_OUT, run->npages);
	if (fault_should_fail(FAULT_PAGER_OUT))
		return -EIO;
	return run->len ? obj->pager->page_out(obj, run->offset, run->len) : 0;
}

/* Write what is dirty in pages [first, last], with @run to work in. Returns: the first error. */
static int write_range(struct mm_object *obj, uint64_t first, uint64_t last, struct writeback_run *run)
{
	uint32_t generation;
	int result = 0;

	while (first <= last && run_begin(obj, first, last, run, &generation)) {
		int err = run_write(obj, run);

		run_end(obj, run, generation, err);
		if (err && !result)
			result = err;
		first = run->first + run->npages;
		if (is_temporary(err))
			break;
	}
	return result;
}

/* A page of [first, last] that is in write-back, with a reference. */
static struct frame *page_in_writeback(struct mm_object *obj, uint64_t *first, uint64_t last)
{
	struct frame *f;

	spin_lock(&obj->lock);
	while ((f = radix_next(&obj->pages, first)) && *first <= last && !(f->flags & FRAME_WRITEBACK))
		++*first;
	if (f && *first > last)
		f = NULL;
	if (f)
		frame_get(f);
	spin_unlock(&obj->lock);
	return f;
}

static int wait_range(struct mm_object *obj, uint64_t first, uint64_t last)
{
	struct frame *f;
	int err = 0;

	while (!err && READ_ONCE(frame_counts.writeback) && (f = page_in_writeback(obj, &first, last))) {
		err = object_page_wait(f, FRAME_WRITEBACK, INTERRUPT_FATAL);
		frame_put(f);
	}
	return err;
}

static int sync_range(struct mm_object *obj, uint64_t first, uint64_t last)
{
	struct writeback_run *run = kmalloc(sizeof(*run), HEAP_NOZERO);
	int err;

	if (!run)
		return -ENOMEM;
	err = write_range(obj, first, last, run);
	kfree(run);
	return err;
}

int mm_object_sync(struct mm_object *obj, uint64_t offset, uint64_t len)
{
	uint64_t first = offset >> PAGE_SHIFT, last;
	int err;

	if (!obj->pager || !len)
		return 0;
	last = len > ~0ull - offset ? ~0ull : (offset + len - 1) >> PAGE_SHIFT;
	/* What another thread writes out just now may have been changed since: it goes
	 * first, so that the newest bytes are on their way when we return. */
	err = wait_range(obj, first, last);
	if (!err)
		err = sync_range(obj, first, last);
	if (!err)
		err = wait_range(obj, first, last);
	return err;
}

bool mm_object_is_written(struct mm_object *obj)
{
	bool is_written;

	if (READ_ONCE(obj->ndirty))
		return false;
	spin_lock(&obj->lock);
	is_written = !obj->ndirty && !obj->nruns;
	spin_unlock(&obj->lock);
	return is_written;
}

int mm_object_take_error(struct mm_object *obj)
{
	return __atomic_exchange_n(&obj->writeback_error, 0, __ATOMIC_ACQ_REL);
}

/* The oldest object on the list that was dirtied before @before_ns, with a reference; it
 * goes to the end of the list, so that one slow pager does not hide the others. */
static struct mm_object *oldest_dirty(uint64_t before_ns)
{
	struct mm_object *obj, *found = NULL;

	spin_lock(&list_lock);
	LIST_FOR_EACH_ENTRY(obj, &dirty_objects, dirty_node) {
		if (obj->dirtied_at_ns <= before_ns && refcount_get_unless_zero(&obj->refs)) {
			found = obj;
			list_move_tail(&obj->dirty_node, &dirty_objects);
			break;
		}
	}
	spin_unlock(&list_lock);
	return found;
}

/* Write out every object dirtied before @before_ns. */
static void write_older(uint64_t before_ns)
{
	static struct writeback_run run;	/* memory may be short just because it is dirty */
	struct mm_object *obj;

	while ((obj = oldest_dirty(before_ns))) {
		uint64_t now = clock_monotonic_ns();
		int err = write_range(obj, 0, ~0ull, &run);

		if (err)
			log_ratelimited(LOG_WARN, MEMORY, "write-back failed: error %d", -err);
		spin_lock(&list_lock);
		/* What is dirty now is from after the start, or waits for the pager. */
		obj->dirtied_at_ns = is_temporary(err) ? now + RETRY_NS : now;
		spin_unlock(&list_lock);
		mm_object_put(obj);
	}
}

void mm_sync_all(void)
{
	struct mm_object *obj;
	uint64_t start = clock_monotonic_ns();

	while ((obj = oldest_dirty(start))) {
		int err = mm_object_sync(obj, 0, ~0ull);

		spin_lock(&list_lock);
		obj->dirtied_at_ns = clock_monotonic_ns() + (err ? RETRY_NS : 1);
		spin_unlock(&list_lock);
		mm_object_put(obj);
	}
}

/* When the next object is due; 0: nothing is dirty. */
static uint64_t next_due(void)
{
	uint64_t due = 0;
	struct mm_object *obj;

	spin_lock(&list_lock);
	LIST_FOR_EACH_ENTRY(obj, &dirty_objects, dirty_node)
		due = due ? MIN(due, obj->dirtied_at_ns + DIRTY_AGE_NS) : obj->dirtied_at_ns + DIRTY_AGE_NS;
	spin_unlock(&list_lock);
	return due;
}

static bool is_hurried(void)
{
	return atomic_load(&hurry) || atomic_load(&frame_counts.dirty) > background_limit();
}

static bool has_work(uint64_t slept_until)
{
	uint64_t due = next_due(), now = clock_monotonic_ns();

	/* An object that became due while we prepared to sleep, or the first one. */
	return due && (due <= now || !slept_until || (is_hurried() && due - DIRTY_AGE_NS <= now));
}

void writeback_init(void)
{
	waitq_init(&work_wait);
	waitq_init(&throttle_wait);
	has_thread = true;
}

void writeback_thread(void *arg)
{
	for (;;) {
		uint64_t due = next_due(), now;
		bool all;

		WAIT_EVENT(&work_wait, has_work(due), 0, due);
		now = clock_monotonic_ns();
		all = is_hurried();
		atomic_store(&hurry, 0);
		write_older(all ? now : now - MIN(now, DIRTY_AGE_NS));
	}
}

static bool is_over_limit(const struct mm_object *obj)
{
	return unclean_pages() > hard_limit() || READ_ONCE(obj->ndirty) > hard_limit() / 2;
}

int mm_object_throttle(struct mm_object *obj)
{
	int err = 0;

	if (!obj->pager || current_thread()->personality == PERSONALITY_SERVICE)
		return 0;
	while (unlikely(is_over_limit(obj)) && err != -EINTR) {
		writeback_hurry();
		err = WAIT_EVENT(&throttle_wait, !is_over_limit(obj), INTERRUPT_FATAL,
				 clock_monotonic_ns() + THROTTLE_POLL_NS);
	}
	return err == -EINTR ? err : 0;
}
