/* hostile/mutants.h: run mutants of a program one by one and count how each ended.
 *
 *   PROGRAM [-s SEED] [-n COUNT] [-t MILLISECONDS] [ORIGINAL]
 *
 * Each is executed in a child with a time limit. What a mutant does is its own affair; the machine must
 * survive it. The same seed makes the same mutants.
 */
#ifndef HOSTILE_MUTANTS_H
#define HOSTILE_MUTANTS_H

#include <stddef.h>
#include <stdint.h>

struct image {
	unsigned char *bytes;
	size_t len;
};

struct format {
	/* Change one thing in @image, which may become shorter. Not called for less than @least_len bytes. */
	void (*mutate)(struct image *image);
	size_t least_len;
	int limit_ms;			/* for one mutant, if no option tells */
	uint64_t address_space;		/* that a mutant may use; 0: any */
};

uint64_t pick(uint64_t count);

/* A number at which a check of a field may go wrong. */
uint64_t odd_value(const struct image *image);

/* Write the low @size bytes of @value at @offset, if they are within the image. */
void put(struct image *image, uint64_t offset, uint64_t value, size_t size);

/* The @size bytes at @offset; 0 past the image's end. */
uint64_t get(const struct image *image, uint64_t offset, size_t size);

/* Flip a few bits in the first @within bytes. */
void flip_bits(struct image *image, size_t within);

void cut(struct image *image);

/* The whole program: read options, make mutants, print what became of them. Returns: main's exit code. */
int run_mutants(int argc, char **argv, const struct format *format);

#endif
