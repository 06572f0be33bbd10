/* The input is what a Multiboot2 loader left. */
#include <multiboot2/multiboot2.h>

#include "fuzz_support.h"

static void memory(void *context, uint64_t start, uint64_t bytes)
{
	*(uint64_t *)context += start ^ bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct multiboot2_info info;
	uint64_t sum = 0;
	void *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	if (!multiboot2_parse(copy, size, memory, &sum, &info)) {
		touch(info.command_line, info.command_line_bytes);
		touch(info.rsdp, info.rsdp_bytes);
		REQUIRE(info.module_start <= info.module_end);
		REQUIRE(info.framebuffer.width <= info.framebuffer.pitch / 4);
		REQUIRE(!info.framebuffer.width || info.framebuffer.height);
	}
	free(copy);
	return 0;
}
