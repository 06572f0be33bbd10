/* The input is the bundle's list of sums. */
#include <errno.h>

#include <sums/sums.h>

#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "services/vfsd.elf", "a", "" };
	uint8_t digest[SUMS_DIGEST_BYTES];
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int err = sums_find((const char *)data, size, paths[i], digest, &bytes);

		REQUIRE(err == 0 || err == -ENOENT || err == -EINVAL);
	}
	sums_parse_digest((const char *)data, size, digest);
	return 0;
}
