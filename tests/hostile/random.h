/* hostile/random.h: numbers that look random and depend on a seed alone, in Linux and Windows programs. */
#ifndef HOSTILE_RANDOM_H
#define HOSTILE_RANDOM_H

#include <stdint.h>

/* The next number of *@state, which must not be 0 (xorshift, Marsaglia 2003). */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A size or number at which a check may go wrong. */
static inline uint64_t random_size(uint64_t *state)
{
	static const uint64_t sizes[] = {
		0, 1, 2, 7, 8, 16, 127, 128, 4095, 4096, 4097, 65535, 65536, 1 << 20, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, 0x7ffffffffffff000, 0x7fffffffffffffff, 0x8000000000000000, ~0ULL, ~0ULL - 4095,
	};

	return sizes[random_next(state) % (sizeof(sizes) / sizeof(sizes[0]))];
}

#endif
