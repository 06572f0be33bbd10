#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "builder.h"

static char seen[4096];
static size_t reads_left;

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	assert_true(len > 0 && offset + len <= FILE_BYTES);
	if (!reads_left)
		return -1;
	reads_left--;
	memcpy(buf, file + offset, len);
	return 0;
}

static const struct pe_reader reader = { .read = read_file };

static int setup(void **state)
{
	seen[0] = '\0';
	reads_left = 1000000;
	return build_file(state);
}

static void see(const char *format, ...)
{
	size_t used = strlen(seen);
	va_list args;

	va_start(args, format);
	vsnprintf(seen + used, sizeof(seen) - used, format, args);
	va_end(args);
}

static bool see_export(void *ctx, const struct pe_export *found)
{
	see("%s@%u=%x%s%s ", found->name, (unsigned int)found->ordinal, (unsigned int)found->rva,
	    found->forwarder ? ">" : "", found->forwarder ? found->forwarder : "");
	return !ctx;
}

static bool see_dll(void *ctx, const char *dll)
{
	see("%s ", dll);
	return !ctx;
}

static bool see_reloc(void *ctx, uint32_t rva)
{
	see("%x ", (unsigned int)rva);
	return !ctx;
}

static bool see_syscall(void *ctx, const char *name, uint32_t number)
{
	see("%s=%u ", name, (unsigned int)number);
	return !ctx;
}

static void assert_walk(enum pe_error err, enum pe_error expected, const char *all)
{
	assert_string_equal(pe_error_name(err), pe_error_name(expected));
	assert_string_equal(seen, all);
}

#define EXPORTS 0x2000u

/* Three functions, of which the first two have names in this order: NtA, NtB. */
static void put_exports(void)
{
	put_directory(PE_DIR_EXPORT, EXPORTS, 0x200);
	put32(IN_DATA(EXPORTS) + 16, 5);
	put32(IN_DATA(EXPORTS) + 20, 3);
	put32(IN_DATA(EXPORTS) + 24, 2);
	put32(IN_DATA(EXPORTS) + 28, EXPORTS + 0x40);
	put32(IN_DATA(EXPORTS) + 32, EXPORTS + 0x50);
	put32(IN_DATA(EXPORTS) + 36, EXPORTS + 0x60);
	put32(IN_DATA(EXPORTS) + 0x40, 0x1000);
	put32(IN_DATA(EXPORTS) + 0x44, EXPORTS + 0x90);
	put32(IN_DATA(EXPORTS) + 0x48, 0x1040);
	put32(IN_DATA(EXPORTS) + 0x50, EXPORTS + 0x70);
	put32(IN_DATA(EXPORTS) + 0x54, EXPORTS + 0x80);
	put16(IN_DATA(EXPORTS) + 0x60, 2);
	put16(IN_DATA(EXPORTS) + 0x62, 1);
	put_string(EXPORTS + 0x70, "NtA");
	put_string(EXPORTS + 0x80, "NtB");
	put_string(EXPORTS + 0x90, "other.#7");
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
}

static void exports_are_shown_with_ordinal_and_forwarder(void **state)
{
	put_exports();
	assert_walk(pe_exports(&reader, &image, see_export, NULL), PE_OK, "NtA@7=1040 NtB@6=2090>other.#7 ");
}

static void walk_stops_when_told(void **state)
{
	put_exports();
	assert_walk(pe_exports(&reader, &image, see_export, seen), PE_OK, "NtA@7=1040 ");
}

static void file_without_exports_shows_none(void **state)
{
	uint32_t rva;
	bool is_forwarder;

	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_walk(pe_exports(&reader, &image, see_export, NULL), PE_OK, "");
	assert_int_equal(pe_export_find(&reader, &image, "NtA", &rva, &is_forwarder), PE_ERR_NOT_FOUND);
}

static void export_is_found_by_name(void **state)
{
	bool is_forwarder;
	uint32_t rva;

	put_exports();
	assert_int_equal(pe_export_find(&reader, &image, "NtA", &rva, &is_forwarder), PE_OK);
	assert_int_equal(rva, 0x1040);
	assert_false(is_forwarder);
	assert_int_equal(pe_export_find(&reader, &image, "NtB", &rva, &is_forwarder), PE_OK);
	assert_int_equal(rva, 0x2090);
	assert_true(is_forwarder);
	assert_int_equal(pe_export_find(&reader, &image, "Nt", &rva, &is_forwarder), PE_ERR_NOT_FOUND);
	assert_int_equal(pe_export_find(&reader, &image, "NtC", &rva, &is_forwarder), PE_ERR_NOT_FOUND);
	assert_int_equal(pe_export_find(&reader, &image, "", &rva, &is_forwarder), PE_ERR_NOT_FOUND);
}

static void bad_export_tables_are_refused(void **state)
{
	put_exports();
	put32(IN_DATA(EXPORTS) + 24, 0x40000000);
	assert_walk(pe_exports(&reader, &image, see_export, NULL), PE_ERR_EXPORTS, "");
	put_exports();
	put32(IN_DATA(EXPORTS) + 32, 0xfffffffc);
	assert_walk(pe_exports(&reader, &image, see_export, NULL), PE_ERR_EXPORTS, "");
	put_exports();
	put16(IN_DATA(EXPORTS) + 0x60, 3);
	assert_walk(pe_exports(&reader, &image, see_export, NULL), PE_ERR_EXPORTS, "");
	put_exports();
	put32(IN_DATA(EXPORTS) + 0x48, 0x6000);
	assert_walk(pe_exports(&reader, &image, see_export, NULL), PE_ERR_EXPORTS, "");
	put_exports();
	put32(IN_DATA(EXPORTS) + 0x50, 0x7000);
	assert_walk(pe_exports(&reader, &image, see_export, NULL), PE_ERR_RVA, "");
}

static void names_that_share_bytes_do_not_multiply_work(void **state)
{
	uint32_t i;

	put_exports();
	memset(file + IN_DATA(0x2100), 'x', 0x200);
	put32(IN_DATA(EXPORTS) + 24, 64);
	put32(IN_DATA(EXPORTS) + 32, 0x2300);
	for (i = 0; i < 64; i++)
		put32(IN_DATA(0x2300) + 4 * i, 0x2100);
	put16(IN_DATA(0x2300) + 4 * 64, 0);
	assert_int_equal(pe_exports(&reader, &image, see_export, NULL), PE_ERR_EXPORTS);
}

static void name_ends_with_the_files_part_of_a_section(void **state)
{
	static char name[PE_MAX_NAME_BYTES];
	size_t len;

	memset(file + 0x600, 'x', 0x400);
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_int_equal(pe_read_string(&reader, &image, 0x2100, name, &len), PE_OK);
	assert_int_equal(len, 0x300);
}

static int read_letters(void *ctx, uint64_t offset, void *buf, size_t len)
{
	assert_true(offset + len <= image.size_of_image);
	memset(buf, 'x', len);
	return 0;
}

static void name_that_leaves_the_image_is_refused(void **state)
{
	const struct pe_reader letters = { .read = read_letters, .is_mapped = true };
	static char name[PE_MAX_NAME_BYTES];

	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_int_equal(pe_read_string(&letters, &image, 0x1000, name, NULL), PE_ERR_NAME);
	assert_int_equal(pe_read_string(&letters, &image, 0x5ff0, name, NULL), PE_ERR_RVA);
	assert_int_equal(pe_read_string(&letters, &image, 0xffffffff, name, NULL), PE_ERR_RVA);
}

static void read_crosses_sections_and_fills_with_zeroes(void **state)
{
	static uint8_t buf[0x5000];

	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	file[0x200] = 1;
	file[0x600] = 2;
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(pe_read(&reader, &image, 0x1000, buf, sizeof(buf)), PE_OK);
	assert_int_equal(buf[0], 1);
	assert_int_equal(buf[0x400], 0);
	assert_int_equal(buf[0x1000], 2);
	assert_int_equal(buf[0x4fff], 0);
	assert_int_equal(pe_read(&reader, &image, 0x1001, buf, sizeof(buf)), PE_ERR_RVA);
	assert_int_equal(pe_read(&reader, &image, 0x200, buf, 1), PE_ERR_RVA);
	assert_int_equal(pe_read(&reader, &image, 0, buf, 0x200), PE_OK);
	assert_memory_equal(buf, "MZ", 2);
}

static void section_is_found_by_rva(void **state)
{
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_ptr_equal(pe_section_at(&image, 0x1fff), &image.sections[0]);
	assert_ptr_equal(pe_section_at(&image, 0x2000), &image.sections[1]);
	assert_null(pe_section_at(&image, 0xfff));
	assert_null(pe_section_at(&image, 0x6000));
}

static void put_import(uint32_t i, uint32_t name, uint32_t thunks)
{
	put32(IN_DATA(0x2000) + 20 * i + 12, name);
	put32(IN_DATA(0x2000) + 20 * i + 16, thunks);
}

static void imports_end_with_zeroes(void **state)
{
	put_directory(PE_DIR_IMPORT, 0x2000, 1);
	put_import(0, 0x2300, 0x2380);
	put_import(1, 0x2310, 0x2380);
	put_import(2, 0x2300, 0);
	put_string(0x2300, "KERNEL32.dll");
	put_string(0x2310, "a.dll");
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_walk(pe_imports(&reader, &image, see_dll, NULL), PE_OK, "KERNEL32.dll a.dll ");
}

static void imports_outside_the_image_are_refused(void **state)
{
	put_directory(PE_DIR_IMPORT, 0x5ff0, 1);
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_walk(pe_imports(&reader, &image, see_dll, NULL), PE_ERR_RVA, "");
}

static void delay_imports_are_shown_apart(void **state)
{
	put_directory(PE_DIR_DELAY_IMPORT, 0x2000, 64);
	put32(IN_DATA(0x2000), 1);
	put32(IN_DATA(0x2000) + 4, 0x2300);
	put_string(0x2300, "late.dll");
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_walk(pe_imports(&reader, &image, see_dll, NULL), PE_OK, "");
	assert_walk(pe_delay_imports(&reader, &image, see_dll, NULL), PE_OK, "late.dll ");
	put32(IN_DATA(0x2000), 0);
	seen[0] = '\0';
	assert_walk(pe_delay_imports(&reader, &image, see_dll, NULL), PE_ERR_IMPORTS, "");
}

static void put_relocs(uint32_t size, uint32_t block, uint32_t page)
{
	put_directory(PE_DIR_RELOC, 0x2000, size);
	put32(IN_DATA(0x2000), page);
	put32(IN_DATA(0x2000) + 4, block);
	put16(IN_DATA(0x2000) + 8, 0xa010);
	put16(IN_DATA(0x2000) + 10, 0xaff8);
	put16(IN_DATA(0x2000) + 12, 0);
	put16(IN_DATA(0x2000) + 14, 0xa020);
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
}

static void relocations_are_shown_without_padding(void **state)
{
	put_relocs(16, 16, 0x1000);
	assert_walk(pe_relocs(&reader, &image, see_reloc, NULL), PE_OK, "1010 1ff8 1020 ");
}

static void bad_blocks_of_relocations_are_refused(void **state)
{
	static const uint32_t bad[][2] = {
		{ 16, 0 }, { 16, 7 }, { 16, 15 }, { 16, 24 }, { 7, 7 }, { 0xfffffff0, 16 }, { FILE_BYTES + 2, FILE_BYTES + 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_relocs(bad[i][0], bad[i][1], 0x1000);
		assert_walk(pe_relocs(&reader, &image, see_reloc, NULL), PE_ERR_RELOCS, "");
	}
}

static void relocations_outside_the_image_are_refused(void **state)
{
	put_relocs(16, 16, 0x5ff0);
	assert_walk(pe_relocs(&reader, &image, see_reloc, NULL), PE_ERR_RELOCS, "");
	put_relocs(16, 16, 0xfffffff0);
	assert_walk(pe_relocs(&reader, &image, see_reloc, NULL), PE_ERR_RELOCS, "");
}

static void other_types_of_relocation_are_refused(void **state)
{
	put_relocs(16, 16, 0x1000);
	put16(IN_DATA(0x2000) + 8, 0x3010);
	assert_walk(pe_relocs(&reader, &image, see_reloc, NULL), PE_ERR_RELOC_TYPE, "");
}

static void tls_directory_is_read(void **state)
{
	struct pe_tls tls;

	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_int_equal(pe_tls(&reader, &image, &tls), PE_ERR_NOT_FOUND);
	put_directory(PE_DIR_TLS, 0x2000, 40);
	put64(IN_DATA(0x2000), 0x140002100);
	put64(IN_DATA(0x2008), 0x140002180);
	put64(IN_DATA(0x2018), 0x140002200);
	put32(IN_DATA(0x2020), 16);
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_int_equal(pe_tls(&reader, &image, &tls), PE_OK);
	assert_int_equal(tls.data_end, 0x140002180);
	assert_int_equal(tls.callbacks_address, 0x140002200);
	assert_int_equal(tls.zero_fill, 16);
	put64(IN_DATA(0x2000), 0x140002181);
	assert_int_equal(pe_tls(&reader, &image, &tls), PE_ERR_TLS);
}

static void load_config_is_read_as_far_as_it_goes(void **state)
{
	struct pe_load_config config;

	put_directory(PE_DIR_LOAD_CONFIG, 0x2000, 0x40);
	put32(IN_DATA(0x2000), 0x94);
	put64(IN_DATA(0x2058), 0x140002abc);
	put32(IN_DATA(0x2090), 0x500);
	assert_int_equal(parse_file(FILE_BYTES), PE_OK);
	assert_int_equal(pe_load_config(&reader, &image, &config), PE_OK);
	assert_int_equal(config.security_cookie, 0x140002abc);
	assert_int_equal(config.guard_flags, 0x500);
	put32(IN_DATA(0x2000), 0x60);
	assert_int_equal(pe_load_config(&reader, &image, &config), PE_OK);
	assert_int_equal(config.security_cookie, 0x140002abc);
	assert_int_equal(config.guard_flags, 0);
	put32(IN_DATA(0x2000), 3);
	assert_int_equal(pe_load_config(&reader, &image, &config), PE_ERR_LOAD_CONFIG);
}

static const uint8_t thunk[PE_SYSCALL_THUNK_BYTES] = {
	0x4c, 0x8b, 0xd1, 0xb8, 0x34, 0x12, 0, 0, 0xf6, 0x04, 0x25, 0x08, 0x03, 0xfe, 0x7f, 0x01, 0x75, 0x03,
	0x0f, 0x05, 0xc3,
};

static void thunk_is_recognised(void **state)
{
	uint8_t code[sizeof(thunk)];
	uint32_t number = 0;
	size_t i;

	assert_true(pe_syscall_thunk(thunk, sizeof(thunk), &number));
	assert_int_equal(number, 0x1234);
	assert_false(pe_syscall_thunk(thunk, sizeof(thunk) - 1, &number));
	for (i = 0; i < sizeof(thunk); i++) {
		memcpy(code, thunk, sizeof(code));
		code[i] ^= 0x40;
		/* the number, and how far to jump */
		assert_int_equal(pe_syscall_thunk(code, sizeof(code), &number), (i >= 4 && i < 8) || i == 17);
	}
}

static void system_calls_are_found_among_exports(void **state)
{
	put_exports();
	memcpy(file + 0x240, thunk, sizeof(thunk));
	assert_walk(pe_syscalls(&reader, &image, see_syscall, NULL), PE_OK, "NtA=4660 ");
}

static void export_at_the_end_of_the_image_is_no_system_call(void **state)
{
	put_exports();
	put32(IN_DATA(EXPORTS) + 0x48, 0x5fff);
	assert_walk(pe_syscalls(&reader, &image, see_syscall, NULL), PE_OK, "");
}

static void failing_reader_ends_a_walk_wherever_it_fails(void **state)
{
	size_t n;

	put_exports();
	for (n = 0; reads_left = n, pe_exports(&reader, &image, see_export, NULL) != PE_OK; n++)
		assert_true(n < 100);
	assert_true(n > 5);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exports_are_shown_with_ordinal_and_forwarder),
		TEST(walk_stops_when_told),
		TEST(file_without_exports_shows_none),
		TEST(export_is_found_by_name),
		TEST(bad_export_tables_are_refused),
		TEST(names_that_share_bytes_do_not_multiply_work),
		TEST(name_ends_with_the_files_part_of_a_section),
		TEST(name_that_leaves_the_image_is_refused),
		TEST(read_crosses_sections_and_fills_with_zeroes),
		TEST(section_is_found_by_rva),
		TEST(imports_end_with_zeroes),
		TEST(imports_outside_the_image_are_refused),
		TEST(delay_imports_are_shown_apart),
		TEST(relocations_are_shown_without_padding),
		TEST(bad_blocks_of_relocations_are_refused),
		TEST(relocations_outside_the_image_are_refused),
		TEST(other_types_of_relocation_are_refused),
		TEST(tls_directory_is_read),
		TEST(load_config_is_read_as_far_as_it_goes),
		TEST(thunk_is_recognised),
		TEST(system_calls_are_found_among_exports),
		TEST(export_at_the_end_of_the_image_is_no_system_call),
		TEST(failing_reader_ends_a_walk_wherever_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
