/* Files are built with the host's <elf.h>, so that the parser's own structures are
 * checked against it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf/elf.h>

#define FILE_BYTES 16384

struct test_file {
	Elf64_Ehdr hdr;
	Elf64_Phdr ph[100];
	char rest[FILE_BYTES - sizeof(Elf64_Ehdr) - 100 * sizeof(Elf64_Phdr)];
};

static struct test_file file;
static struct elf_image image;
static size_t bytes_read;

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	assert_true(offset + len <= FILE_BYTES);
	memcpy(buf, (char *)&file + offset, len);
	bytes_read += len;
	return 0;
}

static int read_fails(void *ctx, uint64_t offset, void *buf, size_t len)
{
	return -EIO;
}

static struct elf_source source = {
	.head = &file, .head_len = 256, .file_size = FILE_BYTES, .read = read_file,
};

static void add_segment(uint64_t offset, uint64_t vaddr, uint64_t filesz, uint64_t memsz)
{
	file.ph[file.hdr.e_phnum++] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = offset, .p_vaddr = vaddr,
		.p_filesz = filesz, .p_memsz = memsz, .p_align = 4096,
	};
}

static void add_header(uint32_t type, uint32_t flags, uint64_t offset, uint64_t filesz)
{
	file.ph[file.hdr.e_phnum++] = (Elf64_Phdr){
		.p_type = type, .p_flags = flags, .p_offset = offset, .p_filesz = filesz,
	};
}

/* A program with one segment at 4 MiB that holds the headers. */
static int setup(void **state)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.hdr.e_ident, ELFMAG, SELFMAG);
	file.hdr.e_ident[EI_CLASS] = ELFCLASS64;
	file.hdr.e_type = ET_EXEC;
	file.hdr.e_machine = EM_X86_64;
	file.hdr.e_phentsize = sizeof(Elf64_Phdr);
	file.hdr.e_phoff = sizeof(Elf64_Ehdr);
	file.hdr.e_entry = 0x400100;
	add_segment(0, 0x400000, 0x1000, 0x1000);
	bytes_read = 0;
	return 0;
}

static void assert_refused(int err)
{
	assert_int_equal(elf_parse(&source, &image), err);
	assert_true(image.reason[0] != '\0');
}

static void static_program_is_described(void **state)
{
	add_segment(0x1ff0, 0x402ff0, 0x20, 0x2000);
	file.ph[1].p_flags = PF_R | PF_W;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_string_equal(image.reason, "");
	assert_false(image.is_position_independent);
	assert_int_equal(image.entry, 0x400100);
	assert_int_equal(image.nsegments, 2);
	assert_int_equal(image.segments[0].prot, ELF_PROT_READ | ELF_PROT_EXEC);
	assert_int_equal(image.segments[1].prot, ELF_PROT_READ | ELF_PROT_WRITE);
	assert_int_equal(image.segments[1].vaddr, 0x402ff0);
	assert_int_equal(image.segments[1].offset, 0x1ff0);
	assert_int_equal(image.segments[1].filesz, 0x20);
	assert_int_equal(image.segments[1].memsz, 0x2000);
	assert_int_equal(image.load_start, 0x400000);
	assert_int_equal(image.load_end, 0x405000);
	assert_int_equal(image.brk_start, 0x404ff0);
	assert_true(image.has_phdr_vaddr);
	assert_int_equal(image.phdr_vaddr, 0x400040);
	assert_int_equal(image.phnum, 2);
	assert_int_equal(image.align, 4096);
	assert_false(image.has_overlap);
	assert_int_equal(bytes_read, 0);
}

static void real_programs_of_the_host_parse(void **state)
{
	static const char *const paths[] = { "/bin/sh", "/proc/self/exe", "/lib64/ld-linux-x86-64.so.2" };
	static char bytes[4096];
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct elf_source src = { .head = bytes, .file_size = sizeof(bytes) };
		FILE *f = fopen(paths[i], "r");

		if (!f)
			continue;
		src.head_len = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
		assert_int_equal(elf_parse(&src, &image), 0);
		assert_true(image.nsegments >= 2);
		assert_true(image.has_dynamic);
		assert_true(image.has_phdr_vaddr);
	}
}

static void files_for_something_else_give_enoexec(void **state)
{
	file.hdr.e_ident[1] = 'e';
	assert_refused(-ENOEXEC);
	setup(NULL);
	file.hdr.e_type = ET_REL;
	assert_refused(-ENOEXEC);
	setup(NULL);
	file.hdr.e_machine = EM_386;
	assert_refused(-ENOEXEC);
	setup(NULL);
	file.hdr.e_phentsize = sizeof(Elf32_Phdr);
	assert_refused(-ENOEXEC);
}

static void short_file_gives_enoexec(void **state)
{
	struct elf_source src = source;

	for (src.head_len = 0; src.head_len < sizeof(Elf64_Ehdr); src.head_len++) {
		src.file_size = src.head_len;
		assert_int_equal(elf_parse(&src, &image), -ENOEXEC);
	}
}

static void program_header_table_is_bounded(void **state)
{
	file.hdr.e_phnum = 0;
	assert_refused(-ENOEXEC);
	file.hdr.e_phnum = 65535;
	assert_refused(-ENOEXEC);
	setup(NULL);
	file.hdr.e_phoff = FILE_BYTES - 10;
	assert_refused(-ENOEXEC);
	file.hdr.e_phoff = UINT64_MAX - 8;
	assert_refused(-ENOEXEC);
}

static void program_headers_may_be_anywhere_in_the_file(void **state)
{
	memcpy((char *)&file + FILE_BYTES - sizeof(Elf64_Phdr), &file.ph[0], sizeof(Elf64_Phdr));
	memset(&file.ph[0], 0xff, sizeof(file.ph[0]));
	file.hdr.e_phoff = FILE_BYTES - sizeof(Elf64_Phdr);
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.nsegments, 1);
	assert_false(image.has_phdr_vaddr);
	assert_int_equal(bytes_read, sizeof(Elf64_Phdr));
}

static void read_errors_are_passed_on(void **state)
{
	struct elf_source src = source;

	file.hdr.e_phoff = 8192;
	src.read = read_fails;
	assert_int_equal(elf_parse(&src, &image), -EIO);
	src.read = NULL;
	assert_int_equal(elf_parse(&src, &image), -ENOEXEC);
}

static void segments_beyond_user_space_give_einval(void **state)
{
	file.ph[0].p_vaddr = ELF_USER_LIMIT;
	assert_refused(-EINVAL);
	file.ph[0].p_vaddr = UINT64_MAX & ~0xfffull;
	assert_refused(-EINVAL);
	file.ph[0].p_vaddr = ELF_USER_LIMIT - 0x1000;
	file.ph[0].p_memsz = 0x1001;
	assert_refused(-EINVAL);
	file.ph[0].p_memsz = UINT64_MAX;
	assert_refused(-EINVAL);
	file.ph[0].p_memsz = 0x1000;
	assert_int_equal(elf_parse(&source, &image), 0);
}

static void entry_beyond_user_space_gives_einval(void **state)
{
	file.hdr.e_entry = ELF_USER_LIMIT;
	assert_refused(-EINVAL);
}

static void more_file_than_memory_gives_einval(void **state)
{
	file.ph[0].p_memsz = 0xfff;
	assert_refused(-EINVAL);
}

static void incongruent_offset_gives_einval_unless_nothing_is_read(void **state)
{
	file.ph[0].p_offset = 1;
	assert_refused(-EINVAL);
	file.ph[0].p_filesz = 0;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.segments[0].filesz, 0);
}

static void file_offset_that_overflows_gives_einval(void **state)
{
	file.ph[0].p_offset = UINT64_MAX & ~0xfffull;
	assert_refused(-EINVAL);
	file.ph[0].p_offset = (uint64_t)INT64_MAX & ~0xfffull;
	assert_refused(-EINVAL);
}

static void segment_that_ends_beyond_the_file_is_accepted(void **state)
{
	file.ph[0].p_offset = 0x100000;
	assert_int_equal(elf_parse(&source, &image), 0);
}

static void odd_alignments_are_accepted(void **state)
{
	add_segment(0x1000, 0x600000, 0x10, 0x10);
	file.ph[0].p_align = 0;
	file.ph[1].p_align = 1;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.align, 4096);
	file.ph[0].p_align = 3 << 20;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.align, 4096);
	file.ph[1].p_align = 2 << 20;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.align, 2 << 20);
}

static void empty_segments_are_left_out(void **state)
{
	add_segment(0x123, 0x700456, 0, 0);
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.nsegments, 1);
	assert_int_equal(image.load_end, 0x401000);
	file.ph[0].p_filesz = file.ph[0].p_memsz = 0;
	assert_refused(-EINVAL);
}

static void unsorted_segments_are_accepted_in_file_order(void **state)
{
	add_segment(0x1000, 0x200000, 0x10, 0x10);
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.segments[1].vaddr, 0x200000);
	assert_int_equal(image.load_start, 0x200000);
	assert_int_equal(image.load_end, 0x401000);
	assert_int_equal(image.brk_start, 0x401000);
	assert_false(image.has_overlap);
}

static void segments_on_one_page_are_flagged(void **state)
{
	add_segment(0x1800, 0x400800, 0x10, 0x10);
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_true(image.has_overlap);
}

static void more_segments_than_the_limit_give_e2big(void **state)
{
	int i;

	for (i = 1; i < ELF_MAX_SEGMENTS; i++)
		add_segment(0, 0x400000 + i * 0x1000, 0x10, 0x10);
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(image.nsegments, ELF_MAX_SEGMENTS);
	add_segment(0, 0x900000, 0x10, 0x10);
	assert_refused(-E2BIG);
}

static void other_headers_set_their_flags(void **state)
{
	add_header(PT_TLS, PF_R, 0, 0);
	add_header(PT_DYNAMIC, PF_R, 0, 0);
	add_header(PT_GNU_STACK, PF_R | PF_W | PF_X, 0, 0);
	file.hdr.e_type = ET_DYN;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_true(image.has_tls);
	assert_true(image.has_dynamic);
	assert_true(image.has_exec_stack);
	assert_true(image.is_position_independent);
	file.ph[3].p_flags = PF_R | PF_W;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_false(image.has_exec_stack);
}

static void interpreter_path_is_read_with_its_length(void **state)
{
	static const char path[] = "/lib64/ld-linux-x86-64.so.2";
	char buf[ELF_MAX_INTERP_BYTES];

	memcpy((char *)&file + 8192, path, sizeof(path));
	add_header(PT_INTERP, PF_R, 8192, sizeof(path));
	add_header(PT_INTERP, PF_R, 0, 4);
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(elf_read_interp(&source, &image, buf), sizeof(path) - 1);
	assert_string_equal(buf, path);
}

static void bad_interpreter_paths_are_refused(void **state)
{
	char buf[ELF_MAX_INTERP_BYTES];

	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(elf_read_interp(&source, &image, buf), -ENOEXEC);

	memset((char *)&file + 8192, 'a', 100);
	add_header(PT_INTERP, PF_R, 8192, 20);
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(elf_read_interp(&source, &image, buf), -ENOEXEC);
	file.ph[1].p_offset = UINT64_MAX;
	assert_int_equal(elf_parse(&source, &image), 0);
	assert_int_equal(elf_read_interp(&source, &image, buf), -EIO);
	file.ph[1].p_filesz = 1;
	assert_refused(-ENOEXEC);
	file.ph[1].p_filesz = ELF_MAX_INTERP_BYTES + 1;
	assert_refused(-ENOEXEC);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(static_program_is_described),
		TEST(real_programs_of_the_host_parse),
		TEST(files_for_something_else_give_enoexec),
		TEST(short_file_gives_enoexec),
		TEST(program_header_table_is_bounded),
		TEST(program_headers_may_be_anywhere_in_the_file),
		TEST(read_errors_are_passed_on),
		TEST(segments_beyond_user_space_give_einval),
		TEST(entry_beyond_user_space_gives_einval),
		TEST(more_file_than_memory_gives_einval),
		TEST(incongruent_offset_gives_einval_unless_nothing_is_read),
		TEST(file_offset_that_overflows_gives_einval),
		TEST(segment_that_ends_beyond_the_file_is_accepted),
		TEST(odd_alignments_are_accepted),
		TEST(empty_segments_are_left_out),
		TEST(unsorted_segments_are_accepted_in_file_order),
		TEST(segments_on_one_page_are_flagged),
		TEST(more_segments_than_the_limit_give_e2big),
		TEST(other_headers_set_their_flags),
		TEST(interpreter_path_is_read_with_its_length),
		TEST(bad_interpreter_paths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
