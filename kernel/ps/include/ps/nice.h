/* kernel/ps/include/ps/nice.h: what a nice value weighs. */
#ifndef PS_NICE_H
#define PS_NICE_H

#include <stdint.h>

#define NICE_MIN (-20)
#define NICE_MAX 19

/* The scheduler's weight of a nice value from NICE_MIN to NICE_MAX; 1024 at 0. */
uint32_t ps_nice_weight(int nice);

#endif
