/* The input is a boot bundle. */
#include <errno.h>

#include <cpio/cpio.h>

#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpio_reader reader;
	struct cpio_entry entry, found;
	size_t nentries = 0;
	int result;

	cpio_open(&reader, data, size);
	while ((result = cpio_next(&reader, &entry)) > 0) {
		REQUIRE(strlen(entry.name) == entry.name_len);
		touch(entry.data, entry.data_len);
		REQUIRE(++nentries <= size / 110);
		if (nentries < 8)
			REQUIRE(cpio_find(data, size, entry.name, &found) == 0);
	}
	REQUIRE(result == 0 || result == -EINVAL);
	REQUIRE(cpio_next(&reader, &entry) == result);
	return 0;
}
