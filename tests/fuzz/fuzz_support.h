/* tests/fuzz/fuzz_support.h: what the targets share.
 *
 * A target checks more than that nothing crashes: what a parser promises in its header is
 * REQUIREd of every input that it accepts.
 */
#ifndef FUZZ_SUPPORT_H
#define FUZZ_SUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
		abort();							\
	}									\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read every byte, so that ASan sees a range that reaches too far. */
static inline void touch(const void *start, size_t len)
{
	const volatile uint8_t *bytes = start;
	size_t i;

	for (i = 0; i < len; i++)
		(void)bytes[i];
}

#endif
