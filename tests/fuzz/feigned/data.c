/* See data.h. */
#include "data.h"

#include <stdint.h>

#include "fuzz_support.h"

struct range {
	char *begin, *image;
	size_t len;
};

/* Redzones between variables are copied with them, which ASan's own memcpy would not allow. */
__attribute__((no_sanitize("address", "undefined"), noinline)) static void copy(char *to, const char *from, size_t len)
{
	volatile uint64_t *target = (volatile uint64_t *)to;
	const volatile uint64_t *source = (const volatile uint64_t *)from;

	for (size_t i = 0; i < len / sizeof(*target); i++)
		target[i] = source[i];
}

/* The first time finds them as they were. */
static void restore(struct range *range, char *begin, const char *end)
{
	if (range->image) {
		copy(range->begin, range->image, range->len);
		return;
	}
	REQUIRE((uintptr_t)end > (uintptr_t)begin);
	range->begin = begin;
	range->len = (size_t)((uintptr_t)end - (uintptr_t)begin);
	range->image = malloc(range->len);
	REQUIRE(range->image);
	copy(range->image, begin, range->len);
}

void feigned_data_restore(void)
{
	static struct range data, bss;

	restore(&data, feigned_data_begin, feigned_data_end);
	restore(&bss, feigned_bss_begin, feigned_bss_end);
}
