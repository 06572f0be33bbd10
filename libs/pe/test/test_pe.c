#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder.h"

static void assert_refused(enum pe_error err)
{
	assert_string_equal(pe_error_name(parse_file(FILE_BYTES)), pe_error_name(err));
}

static void assert_accepted(void)
{
	assert_string_equal(pe_error_text(parse_file(FILE_BYTES)), "no error");
}

static void headers_are_told(void **state)
{
	put32(OPTIONAL + 64, 0xabcdef);
	put64(OPTIONAL + 72, 0x200000);
	put16(OPTIONAL + 70, PE_DLL_DYNAMIC_BASE | PE_DLL_NX_COMPAT);
	put16(OPTIONAL + 48, 6);
	put16(OPTIONAL + 50, 2);
	assert_accepted();
	assert_int_equal(image.image_base, 0x140000000);
	assert_int_equal(image.entry_rva, 0x1010);
	assert_int_equal(image.size_of_image, 0x6000);
	assert_int_equal(image.checksum, 0xabcdef);
	assert_int_equal(image.stack_reserve, 0x200000);
	assert_int_equal(image.dll_characteristics, 0x140);
	assert_int_equal(image.subsystem, PE_SUBSYSTEM_WINDOWS_CUI);
	assert_int_equal(image.subsystem_version[0], 6);
	assert_int_equal(image.subsystem_version[1], 2);
	assert_int_equal(image.machine, 0x8664);
	assert_false(image.is_dll || image.is_flat || image.is_page_aligned || image.is_managed || image.has_relocs);
}

static void sections_are_placed(void **state)
{
	assert_accepted();
	assert_int_equal(image.nsections, 3);
	assert_string_equal(image.sections[0].name, ".text");
	assert_int_equal(image.sections[0].mem_bytes, 0x1000);
	assert_int_equal(image.sections[0].file_bytes, 0x400);
	assert_int_equal(image.sections[0].prot, PE_PROT_READ | PE_PROT_EXEC);
	assert_int_equal(image.sections[1].mem_bytes, 0x3000);
	assert_int_equal(image.sections[1].file_offset, 0x600);
	assert_int_equal(image.sections[1].prot, PE_PROT_READ | PE_PROT_WRITE);
	assert_int_equal(image.sections[2].file_bytes, 0);
}

static void dll_is_told(void **state)
{
	put16(CHARACTERISTICS, PE_FILE_EXECUTABLE_IMAGE | PE_FILE_DLL);
	assert_accepted();
	assert_true(image.is_dll);
}

static void name_of_eight_letters_is_terminated(void **state)
{
	memcpy(file + SECTION(0), ".eightch", 8);
	assert_accepted();
	assert_string_equal(image.sections[0].name, ".eightch");
}

static void other_files_are_refused(void **state)
{
	memcpy(file, "ZM", 2);
	assert_refused(PE_ERR_NOT_MZ);
}

static void empty_file_is_refused(void **state)
{
	assert_int_equal(parse_file(0), PE_ERR_NOT_MZ);
}

static void dos_program_is_refused(void **state)
{
	put32(0x3c, 0xfffffff0);
	assert_refused(PE_ERR_NO_SIGNATURE);
	put32(0x3c, LFANEW + 2);
	assert_refused(PE_ERR_NO_SIGNATURE);
	assert_int_equal(parse_file(0x3e), PE_ERR_NO_SIGNATURE);
}

static void win16_program_is_refused(void **state)
{
	memcpy(file + LFANEW, "NE", 2);
	assert_refused(PE_ERR_NOT_PE);
}

static void machines_are_told_apart(void **state)
{
	put16(MACHINE, 0x14c);
	assert_refused(PE_ERR_32BIT);
	put16(MACHINE, 0xaa64);
	assert_refused(PE_ERR_MACHINE);
}

static void pe32_for_x86_64_is_refused(void **state)
{
	put16(OPTIONAL, 0x10b);
	assert_refused(PE_ERR_MAGIC);
}

static void object_file_is_refused(void **state)
{
	put16(CHARACTERISTICS, 0);
	assert_refused(PE_ERR_NOT_EXECUTABLE);
}

static void every_shorter_head_is_refused(void **state)
{
	uint32_t len;

	for (len = 0; len < SECTION(3); len++)
		assert_int_not_equal(pe_parse(file, len, FILE_BYTES, &image), PE_OK);
	assert_int_equal(pe_parse(file, len, FILE_BYTES, &image), PE_OK);
}

static void bad_alignments_are_refused(void **state)
{
	static const uint32_t bad[][2] = {
		{ 0, 0x200 }, { 0x1000, 0 }, { 0x3000, 0x200 }, { 0x1000, 0x300 }, { 0x1000, 0x2000 },
		{ 0x1000, 0x100 }, { 0x800, 0x200 },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put32(SECTION_ALIGNMENT, bad[i][0]);
		put32(FILE_ALIGNMENT, bad[i][1]);
		assert_refused(PE_ERR_ALIGNMENT);
	}
}

static void odd_base_is_refused(void **state)
{
	put64(IMAGE_BASE, 0x140001000);
	assert_refused(PE_ERR_BASE);
	put64(IMAGE_BASE, 0);
	assert_accepted();
}

static void sizes_of_headers_are_checked(void **state)
{
	put32(SIZE_OF_HEADERS, 0);
	assert_refused(PE_ERR_HEADERS_SIZE);
	put32(SIZE_OF_HEADERS, 0x6000);
	assert_refused(PE_ERR_HEADERS_SIZE);
	put32(SIZE_OF_HEADERS, PE_HEAD_BYTES + 1);
	assert_refused(PE_ERR_HEADERS_TOO_LARGE);
}

static void sizes_of_images_are_checked(void **state)
{
	put32(SIZE_OF_IMAGE, 0);
	assert_refused(PE_ERR_IMAGE_SIZE);
	put32(SIZE_OF_IMAGE, 0x5000);
	assert_refused(PE_ERR_IMAGE_SIZE);
	put32(SIZE_OF_IMAGE, 0xffffffff);
	assert_refused(PE_ERR_IMAGE_SIZE);
	put32(SIZE_OF_IMAGE, 0x5020);
	assert_accepted();
	assert_int_equal(image.size_of_image, 0x6000);
	put32(SIZE_OF_IMAGE, 0x9000);
	assert_accepted();
}

static void entry_in_the_headers_is_refused(void **state)
{
	put32(ENTRY, 0x100);
	assert_refused(PE_ERR_ENTRY);
	put32(ENTRY, 0);
	assert_accepted();
}

static void numbers_of_sections_are_checked(void **state)
{
	put16(NSECTIONS, 0);
	assert_refused(PE_ERR_NO_SECTIONS);
	put16(NSECTIONS, 97);
	assert_refused(PE_ERR_TOO_MANY_SECTIONS);
}

static void sections_must_follow_each_other(void **state)
{
	put32(SECTION(1) + RVA, 0x1000);
	assert_refused(PE_ERR_SECTION_ORDER);
	put32(SECTION(1) + RVA, 0x3000);
	assert_refused(PE_ERR_SECTION_GAP);
	put32(SECTION(1) + RVA, DATA_RVA);
	put32(SECTION(0) + RVA, 0);
	assert_refused(PE_ERR_SECTION_ORDER);
}

static void section_without_any_size_is_refused(void **state)
{
	put32(SECTION(2) + VIRTUAL_SIZE, 0);
	assert_refused(PE_ERR_SECTION_EMPTY);
}

static void section_without_virtual_size_takes_its_raw_size(void **state)
{
	put32(SECTION(0) + VIRTUAL_SIZE, 0);
	assert_accepted();
	assert_int_equal(image.sections[0].mem_bytes, 0x1000);
	assert_int_equal(image.sections[0].file_bytes, 0x400);
}

static void huge_section_is_refused(void **state)
{
	put32(SECTION(2) + VIRTUAL_SIZE, 0xffffffff);
	assert_refused(PE_ERR_IMAGE_SIZE);
}

static void raw_data_beyond_the_file_is_refused(void **state)
{
	put32(SECTION(1) + RAW_SIZE, 0x401);
	assert_refused(PE_ERR_SECTION_FILE);
	put32(SECTION(1) + RAW_SIZE, 0xfffffff0);
	assert_refused(PE_ERR_SECTION_FILE);
	put32(SECTION(1) + RAW_SIZE, 0x400);
	put32(SECTION(1) + RAW_OFFSET, 0xfffffe00);
	assert_refused(PE_ERR_SECTION_FILE);
}

static void raw_data_beyond_memory_is_left_out(void **state)
{
	put32(SECTION(2) + RAW_SIZE, 0x2000);
	put32(SECTION(2) + RAW_OFFSET, 0xa00);
	assert_int_equal(parse_file(0x2a00), PE_OK);
	assert_int_equal(image.sections[2].file_bytes, 0x1000);
}

static void raw_offset_is_rounded_down_to_a_sector(void **state)
{
	put32(SECTION(0) + RAW_OFFSET, 0x210);
	assert_accepted();
	assert_int_equal(image.sections[0].file_offset, 0x200);
	assert_int_equal(image.sections[0].raw_offset, 0x210);
}

static void few_directories_are_enough(void **state)
{
	put_directory(PE_DIR_CLR, 0x2000, 72);
	put_directory(PE_DIR_TLS, 0x2000, 40);
	assert_accepted();
	assert_true(image.is_managed && image.has_tls);
	put32(OPTIONAL + 108, 10);
	assert_accepted();
	assert_false(image.is_managed);
	assert_true(image.has_tls);
	put32(OPTIONAL + 108, 0xffffffff);
	assert_accepted();
	assert_true(image.is_managed);
}

static void stripped_relocations_are_none(void **state)
{
	put_directory(PE_DIR_RELOC, 0x2000, 12);
	assert_accepted();
	assert_true(image.has_relocs);
	put16(CHARACTERISTICS, PE_FILE_EXECUTABLE_IMAGE | PE_FILE_RELOCS_STRIPPED);
	assert_accepted();
	assert_false(image.has_relocs);
}

static void pages_in_the_file_are_recognised(void **state)
{
	put32(FILE_ALIGNMENT, 0x1000);
	put32(SIZE_OF_HEADERS, 0x1000);
	put16(NSECTIONS, 1);
	put_section(0, ".text", (const uint32_t[]){ 0x123, 0x1000, 0x1000, 0x1000 }, 0x60000020);
	assert_int_equal(parse_file(0x2000), PE_OK);
	assert_true(image.is_page_aligned);
	put32(SECTION(0) + RAW_SIZE, 0x800);
	assert_int_equal(parse_file(0x2000), PE_OK);
	assert_false(image.is_page_aligned);
	assert_int_equal(parse_file(0x1800), PE_OK);
	assert_true(image.is_page_aligned);
}

static void make_flat(void)
{
	put32(SECTION_ALIGNMENT, 0x200);
	put32(FILE_ALIGNMENT, 0x200);
	put16(NSECTIONS, 1);
	put_section(0, ".flat", (const uint32_t[]){ 0x800, 0x200, 0x800, 0x200 }, 0xe0000020);
}

static void flat_image_is_the_file(void **state)
{
	make_flat();
	assert_accepted();
	assert_true(image.is_flat && image.is_page_aligned);
	assert_int_equal(image.sections[0].file_bytes, 0x800);
	put16(NSECTIONS, 0);
	assert_accepted();
}

static void flat_image_that_moves_sections_is_refused(void **state)
{
	make_flat();
	put32(SECTION(0) + RAW_OFFSET, 0x400);
	assert_refused(PE_ERR_SECTION_FLAT);
	put32(SECTION(0) + RVA, 0x5fff);
	assert_refused(PE_ERR_IMAGE_SIZE);
}

static void every_error_has_a_name_and_a_text(void **state)
{
	int i;

	for (i = 0; i < PE_NERRORS; i++) {
		assert_int_equal(strncmp(pe_error_name(i), "PE_", 3), 0);
		assert_true(pe_error_text(i)[0] != '\0');
	}
	assert_string_equal(pe_error_name(PE_NERRORS), "PE_ERR_?");
}

#define TEST(name) cmocka_unit_test_setup(name, build_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(headers_are_told),
		TEST(sections_are_placed),
		TEST(dll_is_told),
		TEST(name_of_eight_letters_is_terminated),
		TEST(other_files_are_refused),
		TEST(empty_file_is_refused),
		TEST(dos_program_is_refused),
		TEST(win16_program_is_refused),
		TEST(machines_are_told_apart),
		TEST(pe32_for_x86_64_is_refused),
		TEST(object_file_is_refused),
		TEST(every_shorter_head_is_refused),
		TEST(bad_alignments_are_refused),
		TEST(odd_base_is_refused),
		TEST(sizes_of_headers_are_checked),
		TEST(sizes_of_images_are_checked),
		TEST(entry_in_the_headers_is_refused),
		TEST(numbers_of_sections_are_checked),
		TEST(sections_must_follow_each_other),
		TEST(section_without_any_size_is_refused),
		TEST(section_without_virtual_size_takes_its_raw_size),
		TEST(huge_section_is_refused),
		TEST(raw_data_beyond_the_file_is_refused),
		TEST(raw_data_beyond_memory_is_left_out),
		TEST(raw_offset_is_rounded_down_to_a_sector),
		TEST(few_directories_are_enough),
		TEST(stripped_relocations_are_none),
		TEST(pages_in_the_file_are_recognised),
		TEST(flat_image_is_the_file),
		TEST(flat_image_that_moves_sections_is_refused),
		TEST(every_error_has_a_name_and_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
