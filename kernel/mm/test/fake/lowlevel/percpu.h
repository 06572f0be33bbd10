/* kernel/mm/test/fake/lowlevel/percpu.h: one CPU. */
#ifndef LOWLEVEL_PERCPU_H
#define LOWLEVEL_PERCPU_H

#include <nucleus/compiler.h>

#define MAX_CPUS 4

struct thread;

static inline uint32_t cpu_index(void) { return 0; }

#endif
