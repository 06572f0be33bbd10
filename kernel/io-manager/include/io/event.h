/* kernel/io-manager/include/io/event.h: counters, timers and signals as files.
 *
 * eventfd(2), timerfd_create(2) and signalfd(2) without their system calls: files whose
 * reads and writes follow those man pages, and what else can be done with them.
 */
#ifndef IO_EVENT_H
#define IO_EVENT_H

#include <io/file.h>

/* A counter that begins with @count. @flags: O_NONBLOCK. 0, -ENOMEM. */
int eventfd_create_file(uint64_t count, bool is_semaphore, uint32_t flags, struct file **out);
bool file_is_eventfd(const struct file *f);
uint64_t eventfd_count(const struct file *f);

/* ---- timers ---- */

struct timerfd_value { uint64_t left_ns, interval_ns; };
struct timerfd_state {
	int32_t clock;
	uint32_t set_flags;	/* of the last timerfd_set() */
	uint64_t ticks;
	struct timerfd_value value;
};

/* On @clock, one of Linux's CLOCK_* that timerfd_create(2) takes. 0, -ENOMEM. */
int timerfd_create_file(int32_t clock, uint32_t flags, struct file **out);
bool file_is_timerfd(const struct file *f);
int32_t timerfd_clock(const struct file *f);
/* Arm with @value_ns (0: disarm), which is a time of the clock with TFD_TIMER_ABSTIME in @flags.
 * Returns: 0; -ECANCELED armed, but the clock had been set before. *@old is filled either way. */
int timerfd_set(struct file *f, uint32_t flags, uint64_t value_ns, uint64_t interval_ns, struct timerfd_value *old);
void timerfd_get(struct file *f, struct timerfd_value *out);
void timerfd_describe(struct file *f, struct timerfd_state *out);
/* Somebody set the real-time clock. */
void timerfd_clock_was_set(void);

/* ---- signals ---- */

/* Reads take signals of @mask (bit n-1 is signal n) from whoever reads. 0, -ENOMEM. */
int signalfd_create_file(uint64_t mask, uint32_t flags, struct file **out);
bool file_is_signalfd(const struct file *f);
uint64_t signalfd_mask(const struct file *f);
void signalfd_set_mask(struct file *f, uint64_t mask);

#endif
