/* kernel/mm/test/fake/sched/thread.h: no threads. */
#ifndef SCHED_THREAD_H
#define SCHED_THREAD_H

#include <lowlevel/spinlock.h>

enum thread_personality { PERSONALITY_LINUX, PERSONALITY_NT, PERSONALITY_SERVICE };

struct thread {
	uint8_t personality;
	bool is_kernel;
};

static inline struct thread *current_thread(void) { return NULL; }
static inline void sched_cond_resched(void) { }

#endif
