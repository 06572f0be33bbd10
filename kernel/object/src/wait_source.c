/* kernel/object/src/wait_source.c: waits for one object or several. */
#include <errno.h>
#include <mm/heap.h>
#include <object/wait_source.h>

#define FEW 4u

/* One source of one sleeper. */
struct place {
	struct waiter waiter;
	uint64_t pulse_count;	/* of the source when the sleeper came */
};

struct wait {
	struct wait_source *const *sources;
	uint32_t n;
	bool all;
	struct place few[FEW], *places;
	uint8_t order[WAIT_SOURCES_MAX];	/* all: indices in address order */
};

void wait_source_init(struct wait_source *s, const struct wait_source_ops *ops)
{
	*s = (struct wait_source){ .ops = ops };
	spin_init(&s->lock, LOCK_WAIT_SOURCE);
	waitq_init(&s->queue);
}

void wait_source_signal(struct wait_source *s)
{
	waitq_wake_all(&s->queue, 0);
}

void wait_source_pulse(struct wait_source *s, uint32_t n)
{
	uint64_t flags = wait_source_lock(s);

	s->pulse_count++;
	s->pulses_left = waitq_is_empty(&s->queue) ? 0 : n;
	wait_source_unlock(s, flags);
	wait_source_signal(s);
}

static bool was_pulsed(const struct wait_source *s, const struct place *p)
{
	return s->pulse_count != p->pulse_count && s->pulses_left;
}

static bool is_ready(struct wait_source *s, const struct place *p)
{
	return was_pulsed(s, p) || s->ops->is_ready(s, current_thread());
}

/* Returns: whether it was abandoned. */
static bool take(struct wait_source *s, const struct place *p)
{
	if (s->ops->is_ready(s, current_thread()))
		return s->ops->consume(s, current_thread());
	if (s->pulses_left != ~0u)
		s->pulses_left--;
	return false;
}

static int try_any(struct wait *w)
{
	for (uint32_t i = 0; i < w->n; i++) {
		struct wait_source *s = w->sources[i];
		uint64_t flags = wait_source_lock(s);
		bool ready = is_ready(s, &w->places[i]), abandoned = ready && take(s, &w->places[i]);

		wait_source_unlock(s, flags);
		if (ready)
			return (int)i | (abandoned ? WAIT_ABANDONED_FLAG : 0);
	}
	return -EAGAIN;
}

static int try_all(struct wait *w)
{
	uint64_t flags = flags_save_disable();
	bool ready = true, abandoned = false;

	for (uint32_t i = 0; i < w->n; i++) {
		struct wait_source *s = w->sources[w->order[i]];

		if (i)
			spin_lock_nested(&s->lock);
		else
			spin_lock(&s->lock);
		ready = ready && is_ready(s, &w->places[w->order[i]]);
	}
	for (uint32_t i = w->n; i--;) {
		struct wait_source *s = w->sources[w->order[i]];

		if (ready)
			abandoned |= take(s, &w->places[w->order[i]]);
		spin_unlock(&s->lock);
	}
	flags_restore(flags);
	return !ready ? -EAGAIN : abandoned ? WAIT_ABANDONED_FLAG : 0;
}

static int try(struct wait *w)
{
	return w->all && w->n > 1 ? try_all(w) : try_any(w);
}

/* Insertion sort: there are few. */
static int put_in_order(struct wait *w)
{
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t at = i;

		for (; at && w->sources[w->order[at - 1]] >= w->sources[i]; at--) {
			if (w->sources[w->order[at - 1]] == w->sources[i])
				return -EINVAL;
			w->order[at] = w->order[at - 1];
		}
		w->order[at] = (uint8_t)i;
	}
	return 0;
}

static void enter(struct wait *w)
{
	for (uint32_t i = 0; i < w->n; i++) {
		struct wait_source *s = w->sources[i];
		uint64_t flags = wait_source_lock(s);

		waiter_init(&w->places[i].waiter);
		w->places[i].pulse_count = s->pulse_count;
		waitq_add(&s->queue, &w->places[i].waiter);
		wait_source_unlock(s, flags);
	}
}

static void leave(struct wait *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		waitq_remove(&w->sources[i]->queue, &w->places[i].waiter);
}

static int sleep_until_taken(struct wait *w, uint32_t mask, uint64_t deadline_ns)
{
	int err = 0, result;

	enter(w);
	for (;;) {
		result = try(w);
		if (result != -EAGAIN || err)
			break;
		err = thread_block(mask, deadline_ns);
	}
	leave(w);
	return result == -EAGAIN ? err : result;
}

int wait_for_sources(struct wait_source *const *sources, uint32_t n, bool all, uint32_t mask, uint64_t deadline_ns)
{
	struct wait w = { .sources = sources, .n = n, .all = all };
	int err;

	if (!n || n > WAIT_SOURCES_MAX)
		return -EINVAL;
	w.places = n <= FEW ? w.few : kmalloc(n * sizeof(*w.places), 0);
	if (!w.places)
		return -ENOMEM;
	err = all ? put_in_order(&w) : 0;
	if (!err) {
		for (uint32_t i = 0; i < n; i++)
			w.places[i].pulse_count = READ_ONCE(sources[i]->pulse_count);
		err = try(&w);
	}
	if (err == -EAGAIN)
		err = deadline_ns == WAIT_NO_TIME ? -ETIMEDOUT : sleep_until_taken(&w, mask, deadline_ns);
	if (w.places != w.few)
		kfree(w.places);
	return err;
}
