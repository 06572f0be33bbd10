/* The input is a kernel module. */
#include <module/module.h>

#include "fuzz_support.h"

#define RUN_ADDRESS 0xffffffffa0000000ull
#define MAX_BYTES (1u << 20)	/* larger images are only parsed */

static bool resolve(void *ctx, const char *name, uint64_t *address)
{
	*address = 0xffffffff80100000ull + strlen(name);
	return *name != 'x';
}

static void check_layout(const struct module *m)
{
	uint32_t at = 0;

	REQUIRE(m->image_bytes <= MODULE_MAX_IMAGE_BYTES);
	for (int i = 0; i < MODULE_PARTS; i++) {
		REQUIRE(m->parts[i].offset == at && m->parts[i].bytes % MODULE_PAGE_BYTES == 0);
		at += m->parts[i].bytes;
	}
	REQUIRE(at == m->image_bytes);
	for (uint32_t i = 0; i < m->nsections; i++) {
		const struct module_section *s = &m->sections[i];

		if (s->part == MODULE_NOT_LOADED)
			continue;
		REQUIRE(s->range.offset >= m->parts[s->part].offset);
		REQUIRE(s->range.offset + s->range.bytes <= m->parts[s->part].offset + m->parts[s->part].bytes);
	}
	REQUIRE(m->name[0] && strlen(m->name) < MODULE_NAME_BYTES && m->api_version);
}

static void check_functions(const struct module *m)
{
	uint32_t at = 0, offset;
	const char *name;

	while (module_next_function(m, &at, &name, &offset)) {
		touch(name, strlen(name) + 1);
		REQUIRE(offset < m->parts[MODULE_TEXT].bytes);
	}
}

static void link_module(struct module *m)
{
	uint8_t *memory = calloc(1, m->image_bytes ? m->image_bytes : 1);

	if (module_link(m, memory, RUN_ADDRESS, resolve, NULL))
		REQUIRE(m->reason[0] && strlen(m->symbol) < MODULE_SYMBOL_BYTES);
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct module m;
	uint8_t *file = malloc(size ? size : 1);

	memcpy(file, data, size);
	if (module_parse(file, size, &m)) {
		REQUIRE(m.reason[0]);
	} else {
		check_layout(&m);
		check_functions(&m);
		if (m.image_bytes <= MAX_BYTES)
			link_module(&m);
	}
	free(file);
	return 0;
}
