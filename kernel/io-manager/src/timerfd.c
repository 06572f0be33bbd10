/* kernel/io-manager/src/timerfd.c: timers as files (man 2 timerfd_create).
 *
 * A periodic timer that expired rests until somebody reads it or asks for its state;
 * what it would have expired meanwhile is worked out then.
 *
 * Locking: all_lock (TIMERFDS) guards the list of all; t->lock (EVENT), nested in it, one
 * timer. Both with interrupts off: ktimers take the second.
 */
#include <errno.h>

#include <io/event.h>
#include <linux/time.h>
#include <linux/timerfd.h>
#include <mm/heap.h>

#include "file_private.h"

#define READABLE (IO_POLLIN | IO_POLLRDNORM)

struct timerfd {
	struct spinlock lock;
	struct wait_queue wait;
	struct list_node all_node;
	struct ktimer ktimer;
	int32_t clock;
	uint32_t set_flags;
	uint64_t expires_ns;	/* a time of its clock; 0: disarmed */
	uint64_t interval_ns;
	uint64_t ticks;		/* expirations that nobody has read */
	bool is_expired;	/* and its ktimer rests */
	bool follows_realtime;	/* expires_ns is a time of day */
	bool may_be_cancelled;	/* TFD_TIMER_CANCEL_ON_SET */
	uint32_t clock_sets_seen;
};

HEAP_CACHE(timerfd_cache, "timerfd", sizeof(struct timerfd));

static struct spinlock all_lock = SPINLOCK_INIT(TIMERFDS);
static struct list_node all_timerfds = LIST_INIT(all_timerfds);
static uint32_t clock_sets;	/* how often the real-time clock was set; atomic */

static uint64_t now_of(const struct timerfd *t)
{
	return t->follows_realtime ? clock_realtime_ns() : clock_monotonic_ns();
}

/* The lock is held. */
static void start(struct timerfd *t)
{
	uint64_t now = now_of(t);

	ktimer_start(&t->ktimer, clock_monotonic_ns() + (t->expires_ns > now ? t->expires_ns - now : 0));
}

static void expire(struct ktimer *ktimer)
{
	struct timerfd *t = ktimer->context;
	uint64_t flags = spin_lock_irqsave(&t->lock);

	if (!t->expires_ns || t->is_expired)
		goto out;
	if (now_of(t) < t->expires_ns) {
		start(t);
		goto out;
	}
	t->is_expired = true;
	t->ticks++;
	waitq_wake_all(&t->wait, READABLE);
out:
	spin_unlock_irqrestore(&t->lock, flags);
}

/* Move an expired periodic timer past now. Returns: how often it expired since it came to rest. */
static uint64_t forward(struct timerfd *t)
{
	uint64_t now = now_of(t), n = 1;

	if (!t->is_expired || !t->interval_ns)
		return 0;
	if (now > t->expires_ns)
		n += (now - t->expires_ns) / t->interval_ns;
	t->expires_ns += n * t->interval_ns;
	t->is_expired = false;
	return n - 1;
}

/* The clock was set since anybody was told. */
static bool take_cancellation(struct timerfd *t)
{
	uint32_t sets = atomic_load(&clock_sets);

	if (!t->may_be_cancelled || t->clock_sets_seen == sets)
		return false;
	t->clock_sets_seen = sets;
	return true;
}

/* Returns: the expirations to report; 0: none yet; -ECANCELED. */
static int64_t take_ticks(struct timerfd *t)
{
	bool was_resting;
	int64_t ticks;

	if (take_cancellation(t)) {
		t->ticks = 0;
		return -ECANCELED;
	}
	if (!t->ticks)
		return 0;
	was_resting = t->is_expired && t->interval_ns;
	ticks = (int64_t)(t->ticks + forward(t));
	t->ticks = 0;
	if (was_resting)
		start(t);
	return ticks;
}

static int64_t timerfd_read(struct io_request *rq)
{
	struct timerfd *t = rq->file->private;
	int64_t ticks;
	uint64_t flags;
	int err;

	if (rq->vector.left < sizeof(ticks))
		return -EINVAL;
	flags = spin_lock_irqsave(&t->lock);
	ticks = take_ticks(t);
	spin_unlock_irqrestore(&t->lock, flags);
	if (ticks <= 0)
		return ticks ? ticks : -EAGAIN;
	return io_copy_to(&rq->vector, &ticks, sizeof(ticks), &err) == sizeof(ticks) ? (int64_t)sizeof(ticks) : -EFAULT;
}

static uint32_t timerfd_poll(struct file *f)
{
	return READ_ONCE(((struct timerfd *)f->private)->ticks) ? READABLE : 0;
}

static struct wait_queue *timerfd_wait_queue(struct file *f, uint32_t events)
{
	return &((struct timerfd *)f->private)->wait;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;
	uint64_t flags = spin_lock_irqsave(&all_lock);

	list_del(&t->all_node);
	spin_unlock_irqrestore(&all_lock, flags);
	flags = spin_lock_irqsave(&t->lock);
	t->expires_ns = 0;
	spin_unlock_irqrestore(&t->lock, flags);
	ktimer_cancel(&t->ktimer);
	heap_cache_free(&timerfd_cache, t);
}

static const struct file_ops timerfd_ops = {
	.name = "timerfd",
	.read = timerfd_read,
	.poll = timerfd_poll,
	.wait_queue = timerfd_wait_queue,
	.ignores_seek = true,
	.release = timerfd_release,
};

bool file_is_timerfd(const struct file *f)
{
	return f->ops == &timerfd_ops;
}

int32_t timerfd_clock(const struct file *f)
{
	return ((const struct timerfd *)f->private)->clock;
}

static struct timerfd_value value_of(const struct timerfd *t)
{
	uint64_t now = now_of(t);

	return (struct timerfd_value){
		.left_ns = t->expires_ns > now ? t->expires_ns - now : 0,
		.interval_ns = t->interval_ns,
	};
}

static bool clock_is_realtime(int32_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
}

static int arm(struct timerfd *t, uint32_t set_flags, uint64_t value_ns, uint64_t interval_ns)
{
	bool is_absolute = set_flags & TFD_TIMER_ABSTIME;

	t->set_flags = set_flags;
	t->ticks = 0;
	t->is_expired = false;
	t->interval_ns = interval_ns;
	/* A relative time is not moved by setting the clock (man 2 timerfd_create). */
	t->follows_realtime = is_absolute && clock_is_realtime(t->clock);
	t->may_be_cancelled = t->follows_realtime && (set_flags & TFD_TIMER_CANCEL_ON_SET);
	t->expires_ns = value_ns && !is_absolute ? now_of(t) + value_ns : value_ns;
	if (!value_ns)
		return 0;
	start(t);
	return take_cancellation(t) ? -ECANCELED : 0;
}

int timerfd_set(struct file *f, uint32_t set_flags, uint64_t value_ns, uint64_t interval_ns, struct timerfd_value *old)
{
	struct timerfd *t = f->private;
	uint64_t flags;
	int err;

	ktimer_cancel(&t->ktimer);
	flags = spin_lock_irqsave(&t->lock);
	forward(t);
	*old = value_of(t);
	err = arm(t, set_flags, value_ns, interval_ns);
	spin_unlock_irqrestore(&t->lock, flags);
	return err;
}

void timerfd_get(struct file *f, struct timerfd_value *out)
{
	struct timerfd *t = f->private;
	uint64_t flags = spin_lock_irqsave(&t->lock);

	if (t->is_expired && t->interval_ns) {
		t->ticks += forward(t);
		start(t);
	}
	*out = value_of(t);
	spin_unlock_irqrestore(&t->lock, flags);
}

void timerfd_describe(struct file *f, struct timerfd_state *out)
{
	struct timerfd *t = f->private;
	uint64_t flags = spin_lock_irqsave(&t->lock);

	*out = (struct timerfd_state){
		.clock = t->clock, .set_flags = t->set_flags, .ticks = t->ticks, .value = value_of(t),
	};
	spin_unlock_irqrestore(&t->lock, flags);
}

static void clock_changed(struct timerfd *t)
{
	uint64_t flags = flags_save_disable();

	spin_lock_nested(&t->lock);
	if (t->follows_realtime && t->expires_ns && !t->is_expired)
		start(t);
	if (t->may_be_cancelled) {
		t->ticks++;
		waitq_wake_all(&t->wait, READABLE);
	}
	spin_unlock(&t->lock);
	flags_restore(flags);
}

void timerfd_clock_was_set(void)
{
	uint64_t flags = spin_lock_irqsave(&all_lock);
	struct timerfd *t;

	__atomic_fetch_add(&clock_sets, 1, __ATOMIC_ACQ_REL);
	LIST_FOR_EACH_ENTRY(t, &all_timerfds, all_node)
		clock_changed(t);
	spin_unlock_irqrestore(&all_lock, flags);
}

int timerfd_create_file(int32_t clock, uint32_t flags, struct file **out)
{
	struct timerfd *t = heap_cache_alloc(&timerfd_cache, 0);
	uint64_t saved;
	int err;

	if (!t)
		return -ENOMEM;
	spin_init(&t->lock, LOCK_EVENT);
	waitq_init(&t->wait);
	ktimer_init(&t->ktimer, expire, t);
	t->clock = clock;
	t->clock_sets_seen = atomic_load(&clock_sets);
	err = file_create(&timerfd_ops, O_RDWR | (flags & O_NONBLOCK), t, out);
	if (err) {
		heap_cache_free(&timerfd_cache, t);
		return err;
	}
	saved = spin_lock_irqsave(&all_lock);
	list_add_tail(&t->all_node, &all_timerfds);
	spin_unlock_irqrestore(&all_lock, saved);
	return 0;
}
