/* Symbols of this very program, as the linker wrote them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <elf/elf.h>

#define NAME_BYTES 64

static char file[8u << 20];
static Elf64_Ehdr *const header = (Elf64_Ehdr *)file;

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	assert_true(offset + len <= sizeof(file));
	memcpy(buf, file + offset, len);
	return 0;
}

static struct elf_source source = { .read = read_file };

void a_function_of_this_program(void);
void a_function_of_this_program(void)
{
	memset(file, 0, 1);
}

static int load_self(void **unused)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	ssize_t n;

	source.file_size = 0;
	while ((n = read(fd, file + source.file_size, sizeof(file) - source.file_size)) > 0)
		source.file_size += (uint64_t)n;
	close(fd);
	return n;
}

/* Where a symbol is linked, by the host's own structures. */
static uint64_t linked_address(const char *wanted)
{
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + header->e_shoff);

	for (int i = 0; i < header->e_shnum; i++) {
		const Elf64_Sym *symbols = (const Elf64_Sym *)(file + sections[i].sh_offset);

		for (size_t k = 0; sections[i].sh_type == SHT_SYMTAB && k < sections[i].sh_size / sizeof(*symbols); k++) {
			if (!strcmp(file + sections[sections[i].sh_link].sh_offset + symbols[k].st_name, wanted))
				return symbols[k].st_value;
		}
	}
	return 0;
}

static void a_function_is_found_by_an_address_in_it(void **unused)
{
	uint64_t address = linked_address("a_function_of_this_program"), offset = 99;
	char name[NAME_BYTES];

	assert_int_not_equal(address, 0);
	assert_int_equal(elf_function_at(&source, address, name, sizeof(name), &offset), 0);
	assert_string_equal(name, "a_function_of_this_program");
	assert_int_equal(offset, 0);
	assert_int_equal(elf_function_at(&source, address + 3, name, sizeof(name), &offset), 0);
	assert_string_equal(name, "a_function_of_this_program");
	assert_int_equal(offset, 3);
}

static void a_long_name_is_cut(void **unused)
{
	uint64_t offset;
	char name[8];

	assert_int_equal(elf_function_at(&source, linked_address("a_function_of_this_program"), name, sizeof(name),
					 &offset), 0);
	assert_string_equal(name, "a_funct");
}

static void an_address_of_no_function_gives_enoent(void **unused)
{
	uint64_t offset;
	char name[NAME_BYTES];

	assert_int_equal(elf_function_at(&source, 0, name, sizeof(name), &offset), -ENOENT);
	assert_int_equal(elf_function_at(&source, ~0ull, name, sizeof(name), &offset), -ENOENT);
}

static void damaged_files_give_errors(void **unused)
{
	uint64_t offset;
	char name[NAME_BYTES];

	header->e_shoff = ~0ull - 100;
	assert_int_equal(elf_function_at(&source, 4096, name, sizeof(name), &offset), -ENOENT);
	header->e_shoff = source.file_size - 1;
	assert_int_equal(elf_function_at(&source, 4096, name, sizeof(name), &offset), -ENOENT);
	header->e_shnum = 0;
	assert_int_equal(elf_function_at(&source, 4096, name, sizeof(name), &offset), -ENOENT);
	header->e_ident[0] = 0;
	assert_int_equal(elf_function_at(&source, 4096, name, sizeof(name), &offset), -ENOEXEC);
	source.file_size = 10;
	assert_int_equal(elf_function_at(&source, 4096, name, sizeof(name), &offset), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup(name, load_self)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_function_is_found_by_an_address_in_it),
		TEST(a_long_name_is_cut),
		TEST(an_address_of_no_function_gives_enoent),
		TEST(damaged_files_give_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
