/* kernel/mm/src/reclaim.c: taking clean pages of files back when frames are short.
 *
 * Pages of pagers are on one list, newest first, scanned from its end; a page used
 * since the last scan gets a second chance. A caller that needs a frame takes clean
 * pages itself; dirty ones are left to the write-back thread, for which it waits,
 * because asking a pager from here could be asking oneself. When neither brings
 * anything a process is chosen to die.
 *
 * Locking: lru_lock (LRU) guards the list and mm_object.reclaim_pins; it is inside
 * obj->lock, so a page is picked under it, its object pinned, and then locked.
 */
#include <lowlevel/spinlock.h>
#include <mm/object.h>
#include <mm/space.h>
#include <nucleus/atomic.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include <sched/thread.h>
#include <sched/wait.h>

#include "frame_internal.h"
#include "object_internal.h"
#include "shootdown.h"

#define BATCH 32u
#define ATTEMPTS 40u		/* of an allocation before somebody must die */
#define ATTEMPT_NS (10 * NSEC_PER_MSEC)

static struct spinlock lru_lock = SPINLOCK_INIT(LRU);
static struct list_node lru = LIST_INIT(lru);
static uint64_t lru_pages;

static bool has_thread;
static struct wait_queue thread_wait;	/* the reclaim thread */
static struct wait_queue progress_wait;	/* allocations that wait for it */

bool (*mm_oom_kill)(void);

void lru_add(struct frame *f)
{
	spin_lock(&lru_lock);
	list_add(&f->lru, &lru);
	lru_pages++;
	frame_set_flags(f, FRAME_ON_LRU);
	spin_unlock(&lru_lock);
}

void lru_remove(struct frame *f)
{
	spin_lock(&lru_lock);
	list_del(&f->lru);
	lru_pages--;
	frame_clear_flags(f, FRAME_ON_LRU);
	spin_unlock(&lru_lock);
}

void lru_wait_unpinned(struct mm_object *obj)
{
	/* Pinned for a few instructions by another CPU; nothing there sleeps. */
	while (__atomic_load_n(&obj->reclaim_pins, __ATOMIC_ACQUIRE))
		cpu_pause();
}

struct candidate { struct frame *frame; struct mm_object *obj; };

/* Pick pages from the end of the list that were not used lately; each with a reference
 * and its object pinned. Adds the number of pages looked at to *@scanned. */
static unsigned candidates_pick(struct candidate *picked, uint64_t *scanned)
{
	unsigned n = 0, max;

	spin_lock(&lru_lock);
	max = (unsigned)MIN(lru_pages, 4 * BATCH);
	for (unsigned looked = 0; looked < max && n < BATCH; looked++) {
		struct frame *f = list_last_entry(&lru, struct frame, lru);

		++*scanned;
		list_del(&f->lru);
		list_add(&f->lru, &lru);
		if (f->flags & FRAME_REFERENCED) {
			frame_clear_flags(f, FRAME_REFERENCED);
			continue;
		}
		if (f->flags & (FRAME_DIRTY | FRAME_WRITEBACK | FRAME_BUSY) || f->object->flags & MM_OBJECT_WIRED)
			continue;
		frame_get(f);
		f->object->reclaim_pins++;
		picked[n].frame = f;
		picked[n++].obj = f->object;
	}
	spin_unlock(&lru_lock);
	return n;
}

/* Take the page out of its object if nobody uses it; our reference remains. */
static bool candidate_take(struct candidate *c, uint64_t *cpus)
{
	struct frame *f = c->frame;
	struct mm_object *obj = c->obj;
	bool taken = false;

	spin_lock(&obj->lock);
	if (f->object != obj || f->flags & (FRAME_DIRTY | FRAME_WRITEBACK | FRAME_BUSY) || READ_ONCE(f->refcount) != 2)
		goto unlock;
	if (rmap_test_and_clear_accessed(obj, f))
		goto unlock;
	rmap_unmap_page(obj, f, cpus);
	object_drop(obj, f);
	taken = true;
unlock:
	spin_unlock(&obj->lock);
	return taken;
}

static uint64_t reclaim_batch(uint64_t *scanned)
{
	struct candidate picked[BATCH];
	unsigned n = candidates_pick(picked, scanned);
	uint64_t cpus = 0, freed = 0;

	for (unsigned i = 0; i < n; i++)
		freed += candidate_take(&picked[i], &cpus);
	if (cpus)
		tlb_flush_cpus(cpus);
	spin_lock(&lru_lock);
	for (unsigned i = 0; i < n; i++)
		__atomic_sub_fetch(&picked[i].obj->reclaim_pins, 1, __ATOMIC_RELEASE);
	spin_unlock(&lru_lock);
	for (unsigned i = 0; i < n; i++)
		frame_put(picked[i].frame);
	return freed;
}

uint64_t mm_reclaim(uint64_t target_pages)
{
	/* Three times round: the first visits may only take the marks of use away. */
	uint64_t budget = 3 * READ_ONCE(lru_pages), scanned = 0, freed = stacks_trim();

	while (freed < target_pages && scanned < budget) {
		uint64_t before = scanned;

		freed += reclaim_batch(&scanned);
		if (scanned == before)
			break;
	}
	counter_add(COUNTER_PAGE_RECLAIM, freed);
	return freed;
}

void frames_wake_reclaim(void)
{
	if (has_thread && !waitq_is_empty(&thread_wait))
		waitq_wake_all(&thread_wait, 0);
}

static bool is_dying(const struct thread *t)
{
	return t && !t->is_kernel && (atomic_load(&t->interrupts) & INTERRUPT_FATAL);
}

bool frames_wait(unsigned order, unsigned attempt)
{
	struct thread *t = current_thread();

	if (mm_reclaim(MAX(BATCH, 2u << order)))
		return true;
	if (!has_thread || !t || t->is_idle || is_dying(t))
		return false;
	writeback_hurry();
	frames_wake_reclaim();
	WAIT_EVENT(&progress_wait, !frames_are_low(), INTERRUPT_FATAL, clock_monotonic_ns() + ATTEMPT_NS);
	if (attempt % ATTEMPTS != ATTEMPTS - 1)
		return true;
	if (order > 3 || !mm_oom_kill || !mm_oom_kill())
		return false;
	counter_inc(COUNTER_OOM_KILL);
	return true;
}

static void reclaim_thread(void *arg)
{
	for (;;) {
		WAIT_EVENT(&thread_wait, frames_are_low(), 0, 0);
		while (!frames_are_plenty() && mm_reclaim(BATCH)) {
			waitq_wake_all(&progress_wait, 0);
			sched_cond_resched();
		}
		if (!frames_are_low())
			continue;
		/* Only dirty pages are left, or none at all. */
		if (atomic_load(&frame_counts.dirty))
			writeback_hurry();
		WAIT_EVENT(&thread_wait, false, 0, clock_monotonic_ns() + ATTEMPT_NS);
	}
}

void mm_start_threads(void)
{
	waitq_init(&thread_wait);
	waitq_init(&progress_wait);
	has_thread = true;
	writeback_init();
	if (!kthread_create("reclaim", reclaim_thread, NULL) || !kthread_create("write-back", writeback_thread, NULL))
		panic("no memory at boot");
}
