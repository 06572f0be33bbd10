#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <multiboot2/multiboot2.h>

struct builder { uint64_t words[64]; uint32_t bytes; };

static uint64_t ram_bytes;

static void add_memory(void *context, uint64_t start, uint64_t bytes)
{
	ram_bytes += bytes;
}

static void add_tag(struct builder *b, uint32_t type, const void *body, uint32_t len)
{
	uint8_t *at = (uint8_t *)b->words + b->bytes;
	uint32_t head[2] = { type, len + 8 };

	memcpy(at, head, 8);
	memcpy(at + 8, body, len);
	b->bytes += (len + 15) & ~7u;
	b->words[0] = b->bytes;
}

static struct builder start(void)
{
	return (struct builder){ .words = { 8 }, .bytes = 8 };
}

/* Parse an allocation of exactly @n bytes, so that ASan sees a read past it. */
static int parse(const struct builder *b, uint32_t n, struct multiboot2_info *out)
{
	void *copy = malloc(n);
	int err;

	memcpy(copy, b->words, n);
	ram_bytes = 0;
	err = multiboot2_parse(copy, n, add_memory, NULL, out);
	free(copy);
	return err;
}

static const uint32_t module[3] = { 0x200000, 0x300000, 0 };
static const uint32_t map[8] = { 24, 0, 0x100000, 0, 0x500000, 0, 1, 0 };
static const uint32_t reserved_map[8] = { 24, 0, 0x900000, 0, 0x500000, 0, 2, 0 };
static const uint8_t framebuffer[30] = { 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 5, 0, 0, 0x20, 3, 0, 0, 32, 1, 0, 0,
	16, 8, 8, 8, 0, 8 };

static struct builder whole(void)
{
	struct builder b = start();

	add_tag(&b, 1, "quiet", 6);
	add_tag(&b, 3, module, sizeof(module));
	add_tag(&b, 6, map, sizeof(map));
	add_tag(&b, 6, reserved_map, sizeof(reserved_map));
	add_tag(&b, 8, framebuffer, sizeof(framebuffer));
	add_tag(&b, 15, "RSD PTR new", 12);
	add_tag(&b, 14, "RSD PTR old", 12);
	add_tag(&b, 0, "", 0);
	return b;
}

static void every_kind_of_tag_is_taken(void **state)
{
	struct builder b = whole();
	struct multiboot2_info info;

	ram_bytes = 0;
	assert_int_equal(multiboot2_parse(b.words, b.bytes, add_memory, NULL, &info), 0);
	assert_int_equal(info.command_line_bytes, 5);
	assert_int_equal(info.module_start, 0x200000);
	assert_int_equal(info.module_end, 0x300000);
	assert_int_equal(ram_bytes, 0x500000);
	assert_int_equal(info.framebuffer.address, 0xc0000000);
	assert_int_equal(info.framebuffer.width, 1280);
	assert_int_equal(info.framebuffer.height, 800);
	assert_int_equal(info.framebuffer.red_at, 16);
	assert_memory_equal(info.rsdp, "RSD PTR new", 11);
}

static void information_cut_anywhere_is_read_no_further(void **state)
{
	struct builder b = whole();
	struct multiboot2_info info;

	for (uint32_t n = 0; n < b.bytes; n++)
		assert_int_equal(parse(&b, n, &info), n < 8 ? -EINVAL : 0);
}

static void tags_of_wrong_sizes_are_not_taken(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 7, 0xffffffff, 0xfffffff8, 0x7fffffff };
	struct multiboot2_info info;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct builder b = start();

		add_tag(&b, 3, module, sizeof(module));
		((uint32_t *)b.words)[3] = sizes[i];
		assert_int_equal(parse(&b, b.bytes, &info), 0);
		assert_int_equal(info.module_end, 0);
	}
}

static void framebuffers_of_other_pixels_are_none(void **state)
{
	static const struct { uint8_t at, value; } changes[] = { { 20, 24 }, { 21, 0 }, { 21, 2 }, { 24, 25 }, { 25, 5 },
		{ 9, 0x13 }, { 17, 0 } };

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t body[sizeof(framebuffer)];
		struct builder b = start();
		struct multiboot2_info info;

		memcpy(body, framebuffer, sizeof(body));
		body[changes[i].at] = changes[i].value;
		if (changes[i].at == 17)
			body[16] = 0;
		add_tag(&b, 8, body, sizeof(body));
		assert_int_equal(parse(&b, b.bytes, &info), 0);
		assert_int_equal(info.framebuffer.width, 0);
	}
}

static void memory_entries_smaller_than_theirs_are_not_taken(void **state)
{
	static const uint32_t odd[8] = { 8, 0, 0x100000, 0, 0x500000, 0, 1, 0 };
	struct builder b = start();
	struct multiboot2_info info;

	add_tag(&b, 6, odd, sizeof(odd));
	assert_int_equal(parse(&b, b.bytes, &info), 0);
	assert_int_equal(ram_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_tag_is_taken),
		cmocka_unit_test(information_cut_anywhere_is_read_no_further),
		cmocka_unit_test(tags_of_wrong_sizes_are_not_taken),
		cmocka_unit_test(framebuffers_of_other_pixels_are_none),
		cmocka_unit_test(memory_entries_smaller_than_theirs_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
