/* kernel/mm/test/fake/sched/wait.h: sleeping locks that nobody waits for. */
#ifndef SCHED_WAIT_H
#define SCHED_WAIT_H

#include <sched/thread.h>

struct mutex { struct spinlock lock; };
struct rwlock { struct spinlock lock; };

static inline void mutex_init(struct mutex *m, enum lock_class c) { spin_init(&m->lock, c); }
static inline void mutex_lock(struct mutex *m) { spin_lock(&m->lock); }
static inline void mutex_unlock(struct mutex *m) { spin_unlock(&m->lock); }

#endif
