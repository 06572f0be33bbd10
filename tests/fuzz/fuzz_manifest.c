/* The input is boot-manifest.tsv: what rootd starts. */
#include <errno.h>

#include "manifest.h"

#include "fuzz_support.h"

static void check_service(const struct boot_service *service)
{
	REQUIRE(memchr(service->id, 0, sizeof(service->id)));
	REQUIRE(memchr(service->path, 0, sizeof(service->path)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_service services[MANIFEST_MAX_SERVICES];
	unsigned int bad_line = 0;
	int n = manifest_parse((const char *)data, size, services, &bad_line);

	REQUIRE(n == -EINVAL || (n >= 0 && n <= MANIFEST_MAX_SERVICES));
	if (n == -EINVAL)
		REQUIRE(bad_line > 0);
	for (int i = 0; i < n; i++)
		check_service(&services[i]);
	return 0;
}
