/* The input is a registry's text. */
#include <errno.h>

#include <registry/registry.h>

#include "fuzz_support.h"

static const char *const keys[] = { "name", "path", "priority", "fallback_only", "aliases", "" };

static void check_field(const struct registry_record *record, const char *key)
{
	struct registry_text value, item;
	char copy[16];
	uint64_t number;
	bool flag;

	if (!registry_field(record, key, &value)) {
		REQUIRE(registry_field_u64(record, key, &number) == -ENOENT);
		REQUIRE(registry_field_bool(record, key, &flag) == -ENOENT);
		return;
	}
	touch(value.start, value.len);
	registry_field_u64(record, key, &number);
	registry_field_bool(record, key, &flag);
	if (registry_text_copy(value, copy, sizeof(copy)) == 0)
		REQUIRE(strlen(copy) == value.len);
	while (registry_list_next(&value, &item))
		touch(item.start, item.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry_reader reader;
	struct registry_record record;
	unsigned int line = 0;
	size_t i;
	int result;

	registry_open(&reader, (const char *)data, size);
	while ((result = registry_next(&reader, &record)) != 0) {
		REQUIRE(result == 1 || result == -EINVAL);
		REQUIRE(reader.line > line);
		line = reader.line;
		if (result < 0)
			continue;
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			check_field(&record, keys[i]);
	}
	return 0;
}
