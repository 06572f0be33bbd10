/* Modules are built with the host's <elf.h>, so that the loader's own structures are checked against it. */
#define _GNU_SOURCE	/* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <module/module.h>

#define RUN_ADDRESS 0xffffffffa0000000ull
#define KERNEL_FUNCTION 0xffffffff80100040ull
#define MAX_RELOCATIONS 8

enum { NOTHING, TEXT, DATA, BSS, RODATA, INFO, RELA_TEXT, RELA_DATA, SYMTAB, STRTAB, SHSTRTAB, NSECTIONS };
enum { SYM_NULL, SYM_INIT, SYM_VARIABLE, SYM_OUTSIDE, SYM_WEAK, SYM_ABSOLUTE, NSYMBOLS };

static const char names[] = "\0.text\0.data\0.bss\0.rodata\0.modinfo\0.rela.text\0.rela.data\0.symtab\0.strtab\0.shstrtab";
static const char strings[] = "\0init\0variable\0drv_log\0maybe\0five";
static const char info[] = "name=example\0license=MIT\0api=1\0vermagic=none";

static struct {
	Elf64_Ehdr header;
	Elf64_Shdr sections[NSECTIONS];
	uint8_t text[64];
	uint64_t data[4];
	uint8_t rodata[24];
	char info[sizeof(info)];
	Elf64_Rela text_relocations[MAX_RELOCATIONS];
	Elf64_Rela data_relocations[MAX_RELOCATIONS];
	Elf64_Sym symbols[NSYMBOLS];
	char strings[sizeof(strings)];
	char names[sizeof(names)];
} file;

static struct module module;
static uint8_t *memory;

static void section(int index, const char *name, uint32_t type, uint64_t flags, void *start, uint64_t bytes)
{
	const char *found = memmem(names, sizeof(names), name, strlen(name) + 1);

	assert_non_null(found);
	file.sections[index] = (Elf64_Shdr){ .sh_name = (uint32_t)(found - names), .sh_type = type, .sh_flags = flags,
		.sh_offset = (uint64_t)((char *)start - (char *)&file), .sh_size = bytes, .sh_addralign = 16 };
}

static void symbol(int index, const char *name, unsigned char how, uint16_t where, uint64_t value)
{
	const char *found = memmem(strings, sizeof(strings), name, strlen(name) + 1);

	assert_non_null(found);
	file.symbols[index] = (Elf64_Sym){ .st_name = (uint32_t)(found - strings), .st_info = how, .st_shndx = where,
		.st_value = value };
}

static int make_file(void **unused)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.info, info, sizeof(info));
	memcpy(file.strings, strings, sizeof(strings));
	memcpy(file.names, names, sizeof(names));
	memset(file.text, 0x90, sizeof(file.text));
	memcpy(file.header.e_ident, ELFMAG, SELFMAG);
	file.header.e_ident[EI_CLASS] = ELFCLASS64;
	file.header.e_ident[EI_DATA] = ELFDATA2LSB;
	file.header.e_ident[EI_VERSION] = EV_CURRENT;
	file.header.e_type = ET_REL;
	file.header.e_machine = EM_X86_64;
	file.header.e_shentsize = sizeof(Elf64_Shdr);
	file.header.e_shnum = NSECTIONS;
	file.header.e_shstrndx = SHSTRTAB;
	file.header.e_shoff = offsetof(__typeof__(file), sections);
	section(TEXT, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, file.text, sizeof(file.text));
	section(DATA, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, file.data, sizeof(file.data));
	section(BSS, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, file.data, 5000);
	section(RODATA, ".rodata", SHT_PROGBITS, SHF_ALLOC, file.rodata, sizeof(file.rodata));
	section(INFO, ".modinfo", SHT_PROGBITS, SHF_ALLOC, file.info, sizeof(info));
	section(RELA_TEXT, ".rela.text", SHT_RELA, SHF_INFO_LINK, file.text_relocations, 0);
	section(RELA_DATA, ".rela.data", SHT_RELA, SHF_INFO_LINK, file.data_relocations, 0);
	section(SYMTAB, ".symtab", SHT_SYMTAB, 0, file.symbols, sizeof(file.symbols));
	section(STRTAB, ".strtab", SHT_STRTAB, 0, file.strings, sizeof(strings));
	section(SHSTRTAB, ".shstrtab", SHT_STRTAB, 0, file.names, sizeof(names));
	file.sections[RELA_TEXT].sh_info = TEXT;
	file.sections[RELA_DATA].sh_info = DATA;
	file.sections[RELA_TEXT].sh_link = file.sections[RELA_DATA].sh_link = SYMTAB;
	file.sections[SYMTAB].sh_link = STRTAB;
	symbol(SYM_INIT, "init", ELF64_ST_INFO(STB_LOCAL, STT_FUNC), TEXT, 8);
	symbol(SYM_VARIABLE, "variable", ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), DATA, 16);
	symbol(SYM_OUTSIDE, "drv_log", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF, 0);
	symbol(SYM_WEAK, "maybe", ELF64_ST_INFO(STB_WEAK, STT_NOTYPE), SHN_UNDEF, 0);
	symbol(SYM_ABSOLUTE, "five", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), SHN_ABS, 5);
	return 0;
}

static int drop_memory(void **unused)
{
	free(memory);
	memory = NULL;
	return 0;
}

static void relocation(int index, uint64_t offset, uint32_t type, uint32_t of, int64_t addend)
{
	Elf64_Rela *table = index == RELA_TEXT ? file.text_relocations : file.data_relocations;

	table[file.sections[index].sh_size / sizeof(Elf64_Rela)] =
		(Elf64_Rela){ offset, ELF64_R_INFO((uint64_t)of, type), addend };
	file.sections[index].sh_size += sizeof(Elf64_Rela);
}

static int parse(void)
{
	return module_parse(&file, sizeof(file), &module);
}

static bool resolve(void *ctx, const char *name, uint64_t *address)
{
	*address = KERNEL_FUNCTION;
	return !strcmp(name, "drv_log");
}

static int link_at(uint64_t address)
{
	assert_int_equal(parse(), 0);
	free(memory);
	memory = calloc(1, module.image_bytes);
	return module_link(&module, memory, address, resolve, NULL);
}

static uint64_t word_at(int index, uint64_t offset, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, memory + module.sections[index].range.offset + offset, bytes);
	return value;
}

static uint64_t address_of(int index, uint64_t offset)
{
	return RUN_ADDRESS + module.sections[index].range.offset + offset;
}

static void expect_refusal(int err, const char *reason)
{
	assert_int_equal(parse(), err);
	assert_string_equal(module.reason, reason);
}

static void a_module_says_who_it_is(void **unused)
{
	assert_int_equal(parse(), 0);
	assert_string_equal(module.name, "example");
	assert_string_equal(module.license, "MIT");
	assert_int_equal(module.api_version, 1);
}

static void parts_are_whole_pages_by_permission(void **unused)
{
	assert_int_equal(parse(), 0);
	assert_int_equal(module.parts[MODULE_TEXT].offset, 0);
	assert_int_equal(module.parts[MODULE_TEXT].bytes, 4096);
	assert_int_equal(module.parts[MODULE_RODATA].offset, 4096);
	assert_int_equal(module.parts[MODULE_RODATA].bytes, 4096);
	assert_int_equal(module.parts[MODULE_DATA].offset, 8192);
	assert_int_equal(module.parts[MODULE_DATA].bytes, 8192);
	assert_int_equal(module.image_bytes, 16384);
	assert_int_equal(module.sections[BSS].part, MODULE_DATA);
	assert_int_equal(module.sections[SYMTAB].part, MODULE_NOT_LOADED);
}

static void sections_are_copied_and_bss_is_not(void **unused)
{
	file.data[0] = 0x1122334455667788;
	assert_int_equal(link_at(RUN_ADDRESS), 0);
	assert_int_equal(word_at(DATA, 0, 8), 0x1122334455667788);
	assert_int_equal(word_at(TEXT, 0, 1), 0x90);
	assert_int_equal(word_at(BSS, 0, 8), 0);
}

static void absolute_relocations_hold_addresses(void **unused)
{
	relocation(RELA_DATA, 0, R_X86_64_64, SYM_INIT, 3);
	relocation(RELA_DATA, 8, R_X86_64_64, SYM_OUTSIDE, 0);
	relocation(RELA_TEXT, 4, R_X86_64_32S, SYM_VARIABLE, 8);
	relocation(RELA_TEXT, 12, R_X86_64_32, SYM_ABSOLUTE, 1);
	assert_int_equal(link_at(RUN_ADDRESS), 0);
	assert_int_equal(word_at(DATA, 0, 8), address_of(TEXT, 8 + 3));
	assert_int_equal(word_at(DATA, 8, 8), KERNEL_FUNCTION);
	assert_int_equal(word_at(TEXT, 4, 4), (uint32_t)address_of(DATA, 16 + 8));
	assert_int_equal(word_at(TEXT, 12, 4), 6);
}

static void relative_relocations_hold_distances(void **unused)
{
	relocation(RELA_TEXT, 1, R_X86_64_PLT32, SYM_OUTSIDE, -4);
	relocation(RELA_TEXT, 9, R_X86_64_PC32, SYM_VARIABLE, -4);
	relocation(RELA_DATA, 24, R_X86_64_PC64, SYM_INIT, 0);
	assert_int_equal(link_at(RUN_ADDRESS), 0);
	assert_int_equal(word_at(TEXT, 1, 4), (uint32_t)(KERNEL_FUNCTION - 4 - address_of(TEXT, 1)));
	assert_int_equal(word_at(TEXT, 9, 4), (uint32_t)(address_of(DATA, 16) - 4 - address_of(TEXT, 9)));
	assert_int_equal(word_at(DATA, 24, 8), address_of(TEXT, 8) - address_of(DATA, 24));
}

static void a_value_that_does_not_fit_is_refused(void **unused)
{
	relocation(RELA_TEXT, 1, R_X86_64_PLT32, SYM_OUTSIDE, -4);
	assert_int_equal(link_at(0x100000000), -ERANGE);
	file.sections[RELA_TEXT].sh_size = 0;
	relocation(RELA_TEXT, 1, R_X86_64_32, SYM_VARIABLE, 0);
	assert_int_equal(link_at(RUN_ADDRESS), -ERANGE);
}

static void an_unknown_symbol_is_named(void **unused)
{
	memcpy(memmem(file.strings, sizeof(strings), "drv_log", 7), "drv_fly", 7);
	relocation(RELA_TEXT, 1, R_X86_64_PLT32, SYM_OUTSIDE, -4);
	assert_int_equal(link_at(RUN_ADDRESS), -ENOENT);
	assert_string_equal(module.symbol, "drv_fly");
	assert_string_equal(module.reason, "unknown symbol");
}

static void a_weak_symbol_may_be_absent(void **unused)
{
	relocation(RELA_DATA, 0, R_X86_64_64, SYM_WEAK, 0);
	file.data[0] = 1;
	assert_int_equal(link_at(RUN_ADDRESS), 0);
	assert_int_equal(word_at(DATA, 0, 8), 0);
}

static void a_relocation_outside_its_section_is_refused(void **unused)
{
	relocation(RELA_DATA, sizeof(file.data) - 7, R_X86_64_64, SYM_INIT, 0);
	assert_int_equal(link_at(RUN_ADDRESS), -ENOEXEC);
	file.sections[RELA_DATA].sh_size = 0;
	relocation(RELA_DATA, UINT64_MAX - 2, R_X86_64_64, SYM_INIT, 0);
	assert_int_equal(link_at(RUN_ADDRESS), -ENOEXEC);
}

static void unknown_relocations_and_symbols_are_refused(void **unused)
{
	relocation(RELA_TEXT, 1, R_X86_64_GOTPCREL, SYM_VARIABLE, 0);
	assert_int_equal(link_at(RUN_ADDRESS), -ENOEXEC);
	file.sections[RELA_TEXT].sh_size = 0;
	relocation(RELA_TEXT, 1, R_X86_64_PC32, NSYMBOLS, 0);
	assert_int_equal(link_at(RUN_ADDRESS), -ENOEXEC);
	file.sections[RELA_TEXT].sh_size = 0;
	relocation(RELA_TEXT, 1, R_X86_64_PC32, SYM_VARIABLE, 0);
	file.symbols[SYM_VARIABLE].st_value = sizeof(file.data) + 1;
	assert_int_equal(link_at(RUN_ADDRESS), -ENOEXEC);
	file.symbols[SYM_VARIABLE].st_shndx = SHN_COMMON;
	assert_int_equal(link_at(RUN_ADDRESS), -ENOEXEC);
}

static void overlapping_tables_of_relocations_are_refused(void **unused)
{
	file.sections[RELA_TEXT].sh_offset = file.sections[RELA_DATA].sh_offset = 0;
	file.sections[RELA_TEXT].sh_size = file.sections[RELA_DATA].sh_size = sizeof(file) - 100;
	assert_int_equal(link_at(RUN_ADDRESS), -ENOEXEC);
	assert_string_equal(module.reason, "more relocations than the file holds");
}

static void other_files_are_refused(void **unused)
{
	file.header.e_type = ET_DYN;
	expect_refusal(-ENOEXEC, "not a relocatable file for x86_64");
	make_file(NULL);
	file.header.e_ident[EI_CLASS] = ELFCLASS32;
	expect_refusal(-ENOEXEC, "not a 64-bit ELF file");
	make_file(NULL);
	file.header.e_shoff = sizeof(file) - 10;
	expect_refusal(-ENOEXEC, "section headers beyond the file's end");
	make_file(NULL);
	file.header.e_shstrndx = NSECTIONS;
	expect_refusal(-ENOEXEC, "too many sections, or too few");
	assert_int_equal(module_parse(&file, 20, &module), -ENOEXEC);
}

static void bad_sections_are_refused(void **unused)
{
	file.sections[DATA].sh_size = sizeof(file);
	expect_refusal(-ENOEXEC, "a section beyond the file's end");
	make_file(NULL);
	file.sections[BSS].sh_size = MODULE_MAX_IMAGE_BYTES;
	expect_refusal(-E2BIG, "larger than any module may be");
	make_file(NULL);
	file.sections[TEXT].sh_flags |= SHF_WRITE;
	expect_refusal(-ENOEXEC, "a section that is writable and executable");
	make_file(NULL);
	file.sections[TEXT].sh_addralign = 48;
	expect_refusal(-ENOEXEC, "a section's alignment is no power of two");
	make_file(NULL);
	file.sections[TEXT].sh_addralign = 1 << 20;
	expect_refusal(-ENOEXEC, "a section aligned to more than a page");
	make_file(NULL);
	file.sections[RODATA].sh_flags |= SHF_TLS;
	expect_refusal(-ENOEXEC, "thread-local data");
}

static void a_module_without_identity_is_refused(void **unused)
{
	file.sections[INFO].sh_size = 3;
	expect_refusal(-ENOEXEC, "damaged .modinfo");
	make_file(NULL);
	memcpy(file.info, "eman", 4);
	expect_refusal(-ENOEXEC, "its .modinfo lacks name or api");
	make_file(NULL);
	file.sections[INFO].sh_name = 0;
	expect_refusal(-ENOEXEC, "no .modinfo");
}

static void functions_are_listed_for_backtraces(void **unused)
{
	uint32_t at = 0, offset;
	const char *name;

	assert_int_equal(parse(), 0);
	assert_true(module_next_function(&module, &at, &name, &offset));
	assert_string_equal(name, "init");
	assert_int_equal(offset, 8);
	assert_false(module_next_function(&module, &at, &name, &offset));
}

static void sections_are_found_by_name(void **unused)
{
	struct module_range range;

	assert_int_equal(parse(), 0);
	assert_true(module_find_section(&module, ".bss", &range));
	assert_int_equal(range.bytes, 5000);
	assert_false(module_find_section(&module, ".symtab", &range));
	assert_false(module_find_section(&module, ".drivers", &range));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, drop_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_module_says_who_it_is),
		TEST(parts_are_whole_pages_by_permission),
		TEST(sections_are_copied_and_bss_is_not),
		TEST(absolute_relocations_hold_addresses),
		TEST(relative_relocations_hold_distances),
		TEST(a_value_that_does_not_fit_is_refused),
		TEST(an_unknown_symbol_is_named),
		TEST(a_weak_symbol_may_be_absent),
		TEST(a_relocation_outside_its_section_is_refused),
		TEST(unknown_relocations_and_symbols_are_refused),
		TEST(overlapping_tables_of_relocations_are_refused),
		TEST(other_files_are_refused),
		TEST(bad_sections_are_refused),
		TEST(a_module_without_identity_is_refused),
		TEST(functions_are_listed_for_backtraces),
		TEST(sections_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
