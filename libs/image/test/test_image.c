/* Layouts, from files built with the host's <elf.h>. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <image/image.h>

#define FILE_BYTES 32768

static char file[FILE_BYTES];
static struct image_layout layout;

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	if (offset > FILE_BYTES || len > FILE_BYTES - offset)
		return -EIO;
	memcpy(buf, file + offset, len);
	return 0;
}

static struct elf_source source = {
	.head = file, .head_len = 256, .file_size = FILE_BYTES, .read = read_file,
};

static Elf64_Phdr *add_header(uint32_t type, uint32_t flags, uint64_t offset, uint64_t vaddr, uint64_t filesz, uint64_t memsz)
{
	Elf64_Ehdr *hdr = (Elf64_Ehdr *)file;
	Elf64_Phdr *ph = (Elf64_Phdr *)(file + sizeof(*hdr)) + hdr->e_phnum++;

	*ph = (Elf64_Phdr){ .p_type = type, .p_flags = flags, .p_offset = offset, .p_vaddr = vaddr,
			    .p_filesz = filesz, .p_memsz = memsz, .p_align = 4096 };
	return ph;
}

static int start_elf(void **state)
{
	Elf64_Ehdr *hdr = (Elf64_Ehdr *)file;

	memset(file, 0, sizeof(file));
	memcpy(hdr->e_ident, ELFMAG, SELFMAG);
	hdr->e_ident[EI_CLASS] = ELFCLASS64;
	hdr->e_ident[EI_DATA] = ELFDATA2LSB;
	hdr->e_type = ET_EXEC;
	hdr->e_machine = EM_X86_64;
	hdr->e_version = EV_CURRENT;
	hdr->e_entry = 0x401000;
	hdr->e_phoff = sizeof(*hdr);
	hdr->e_ehsize = sizeof(*hdr);
	hdr->e_phentsize = sizeof(Elf64_Phdr);
	return 0;
}

static void a_static_program_becomes_page_aligned_segments(void **state)
{
	add_header(PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x1234, 0x1234);
	add_header(PT_LOAD, PF_R | PF_W, 0x1e10, 0x403e10, 0x200, 0x5000);
	assert_int_equal(image_parse(&source, &layout), 0);

	assert_int_equal(layout.kind, IMAGE_ELF_STATIC);
	assert_int_equal(layout.nsegments, 2);
	assert_true(layout.entry == 0x401000);
	assert_true(layout.lowest_vaddr == 0x400000);
	assert_true(layout.span_bytes == 0x9000);
	assert_true(layout.brk_vaddr == 0x408e10);
	assert_true(layout.phdr_vaddr == 0x400000 + sizeof(Elf64_Ehdr));
	assert_int_equal(layout.relocatable, 0);

	/* The text's last page is the file's; the data's is cut where the bss begins. */
	assert_true(layout.segments[0].file_bytes == 0x2000);
	assert_int_equal(layout.segments[0].prot, IMAGE_PROT_READ | IMAGE_PROT_EXEC);
	assert_true(layout.segments[1].vaddr == 0x403000);
	assert_true(layout.segments[1].mem_bytes == 0x6000);
	assert_true(layout.segments[1].file_offset == 0x1000);
	assert_true(layout.segments[1].file_bytes == 0x1010);
}

static void a_segment_without_file_bytes_maps_zeroes(void **state)
{
	add_header(PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x1000, 0x1000);
	add_header(PT_LOAD, PF_R | PF_W, 0x7777, 0x500010, 0, 0x10);
	assert_int_equal(image_parse(&source, &layout), 0);
	assert_true(layout.segments[1].vaddr == 0x500000);
	assert_true(layout.segments[1].mem_bytes == 0x1000);
	assert_true(layout.segments[1].file_bytes == 0);
	assert_true(layout.segments[1].file_offset == 0);
}

static void a_dynamic_program_names_its_interpreter(void **state)
{
	strcpy(file + 0x3000, "/lib64/ld.so");
	((Elf64_Ehdr *)file)->e_type = ET_DYN;
	add_header(PT_INTERP, PF_R, 0x3000, 0, 13, 13);
	add_header(PT_LOAD, PF_R | PF_X, 0, 0, 0x1000, 0x1000)->p_align = 0x200000;
	assert_int_equal(image_parse(&source, &layout), 0);
	assert_int_equal(layout.kind, IMAGE_ELF_DYNAMIC);
	assert_string_equal(layout.interp, "/lib64/ld.so");
	assert_int_equal(layout.interp_len, 12);
	assert_int_equal(layout.relocatable, 1);
	assert_true(layout.base_align == 0x200000);
}

static void an_interpreter_too_long_for_a_layout_is_refused(void **state)
{
	memset(file + 0x3000, 'x', 300);
	add_header(PT_INTERP, PF_R, 0x3000, 0, 301, 301);
	add_header(PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x1000, 0x1000);
	assert_int_equal(image_parse(&source, &layout), -ENAMETOOLONG);
}

static void more_segments_than_a_layout_holds_are_refused(void **state)
{
	for (unsigned int i = 0; i <= IMAGE_MAX_SEGMENTS; i++)
		add_header(PT_LOAD, PF_R, 0, 0x400000 + i * 0x1000, 0x1000, 0x1000);
	assert_int_equal(image_parse(&source, &layout), -ENOEXEC);
}

static int parse_text(const char *text, size_t len)
{
	struct elf_source script = { .head = text, .head_len = len, .file_size = len };

	return image_parse(&script, &layout);
}

static void a_script_names_interpreter_and_argument(void **state)
{
	static const char text[] = "#! /bin/sh -e x \necho\n";

	assert_int_equal(parse_text(text, sizeof(text) - 1), 0);
	assert_int_equal(layout.kind, IMAGE_SCRIPT);
	assert_string_equal(layout.interp, "/bin/sh");
	assert_int_equal(layout.has_script_arg, 1);
	assert_string_equal(layout.script_arg, "-e x");

	assert_int_equal(parse_text("#!/bin/sh\n", 10), 0);
	assert_int_equal(layout.has_script_arg, 0);
}

static void text_and_short_files_are_no_programs(void **state)
{
	assert_int_equal(parse_text("", 0), -ENOEXEC);
	assert_int_equal(parse_text("echo\n", 5), -ENOEXEC);
	assert_int_equal(parse_text("MZ", 2), -ENOEXEC);
	assert_int_equal(parse_text("\177ELF", 4), -ENOEXEC);
}

static void a_pe_file_is_told_by_its_signature(void **state)
{
	memset(file, 0, 256);
	memcpy(file, "MZ", 2);
	file[0x3c] = (char)0x80;
	assert_int_equal(image_parse(&source, &layout), -ENOEXEC);
	memcpy(file + 0x80, "PE\0\0", 4);
	assert_int_equal(image_parse(&source, &layout), 0);
	assert_int_equal(layout.kind, IMAGE_PE);

	/* Beyond the head, and beyond the file. */
	file[0x3d] = 0x10;
	memcpy(file + 0x1080, "PE\0\0", 4);
	assert_int_equal(image_parse(&source, &layout), 0);
	memset(file + 0x3c, 0xff, 4);
	assert_int_equal(image_parse(&source, &layout), -ENOEXEC);
}

/* Nothing that a file says may lead to a layout that wraps around or is not page-aligned. */
static void random_damage_never_gives_an_unsafe_layout(void **state)
{
	srand(1);
	for (unsigned int round = 0; round < 50000; round++) {
		start_elf(NULL);
		strcpy(file + 0x3000, "/lib64/ld.so");
		add_header(PT_INTERP, PF_R, 0x3000, 0, 13, 13);
		add_header(PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x1234, 0x1234);
		add_header(PT_LOAD, PF_R | PF_W, 0x1e10, 0x403e10, 0x200, 0x5000);
		for (unsigned int i = 0; i < 3; i++)
			file[rand() % 240] = (char)rand();
		if (image_parse(&source, &layout))
			continue;
		assert_true(layout.nsegments <= IMAGE_MAX_SEGMENTS);
		assert_true(layout.interp_len < IMAGE_MAX_INTERP);
		for (unsigned int i = 0; i < layout.nsegments; i++) {
			const struct image_segment *seg = &layout.segments[i];

			assert_true(!(seg->vaddr % 4096) && !(seg->mem_bytes % 4096) && !(seg->file_offset % 4096));
			assert_true(seg->file_bytes <= seg->mem_bytes);
			assert_true(seg->vaddr >= layout.lowest_vaddr);
			assert_true(seg->vaddr + seg->mem_bytes <= layout.lowest_vaddr + layout.span_bytes);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_static_program_becomes_page_aligned_segments, start_elf),
		cmocka_unit_test_setup(a_segment_without_file_bytes_maps_zeroes, start_elf),
		cmocka_unit_test_setup(a_dynamic_program_names_its_interpreter, start_elf),
		cmocka_unit_test_setup(an_interpreter_too_long_for_a_layout_is_refused, start_elf),
		cmocka_unit_test_setup(more_segments_than_a_layout_holds_are_refused, start_elf),
		cmocka_unit_test(a_script_names_interpreter_and_argument),
		cmocka_unit_test(text_and_short_files_are_no_programs),
		cmocka_unit_test(a_pe_file_is_told_by_its_signature),
		cmocka_unit_test(random_damage_never_gives_an_unsafe_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
