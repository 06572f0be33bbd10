/* Files that nobody here wrote: all of libwine's, where they are installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <pe/pe.h>

#define FOLDER "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/"

static struct pe_image image;

static int read_fd(void *ctx, uint64_t offset, void *buf, size_t len)
{
	return pread(*(int *)ctx, buf, len, (off_t)offset) == (ssize_t)len ? 0 : -1;
}

static enum pe_error parse_fd(int fd)
{
	static uint8_t head[PE_HEAD_BYTES];
	ssize_t len = pread(fd, head, sizeof(head), 0);
	struct stat status;

	assert_true(len >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	return pe_parse(head, (size_t)len, (uint64_t)status.st_size, &image);
}

static int open_or_skip(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), FOLDER "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip();
	return fd;
}

static bool count_export(void *ctx, const struct pe_export *found)
{
	assert_true(found->name[0] != '\0');
	++*(size_t *)ctx;
	return true;
}

static bool count_import(void *ctx, const char *dll)
{
	assert_non_null(strchr(dll, '.'));
	++*(size_t *)ctx;
	return true;
}

static bool count_reloc(void *ctx, uint32_t rva)
{
	assert_true(rva < image.size_of_image);
	++*(size_t *)ctx;
	return true;
}

static void walk_file(const char *path, size_t counts[3])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pe_reader reader = { .read = read_fd, .ctx = &fd };
	enum pe_error err;

	assert_true(fd >= 0);
	err = parse_fd(fd);
	if (!err)
		err = pe_exports(&reader, &image, count_export, &counts[0]);
	if (!err)
		err = pe_imports(&reader, &image, count_import, &counts[1]);
	if (!err)
		err = pe_delay_imports(&reader, &image, count_import, &counts[1]);
	if (!err)
		err = pe_relocs(&reader, &image, count_reloc, &counts[2]);
	if (err)
		fail_msg("%s: %s", path, pe_error_text(err));
	close(fd);
}

static void every_file_of_libwine_parses(void **state)
{
	size_t i, counts[3] = {0};
	glob_t found;

	if (glob(FOLDER "*.[de][lx][le]", 0, NULL, &found))
		skip();
	for (i = 0; i < found.gl_pathc; i++)
		walk_file(found.gl_pathv[i], counts);
	globfree(&found);
	assert_true(counts[0] > 10000 && counts[1] > 1000 && counts[2] > 10000);
}

struct numbers {
	uint32_t count; /* of different ones */
	uint8_t is_seen[4096];
};

static bool mark_number(void *ctx, const char *name, uint32_t number)
{
	struct numbers *numbers = ctx;

	assert_true(number < sizeof(numbers->is_seen));
	assert_true(name[0] != '\0');
	numbers->count += !numbers->is_seen[number];
	numbers->is_seen[number] = 1;
	return true;
}

static void ntdll_has_thunks_with_gapless_numbers(void **state)
{
	static struct numbers numbers;
	int fd = open_or_skip("ntdll.dll");
	struct pe_reader reader = { .read = read_fd, .ctx = &fd };
	uint32_t i;

	assert_int_equal(parse_fd(fd), PE_OK);
	assert_int_equal(pe_syscalls(&reader, &image, mark_number, &numbers), PE_OK);
	assert_true(numbers.count > 200);
	for (i = 0; i < numbers.count; i++)
		assert_true(numbers.is_seen[i]);
	close(fd);
}

static void kernel32_forwards_an_export(void **state)
{
	int fd = open_or_skip("kernel32.dll");
	struct pe_reader reader = { .read = read_fd, .ctx = &fd };
	static char forwarder[PE_MAX_NAME_BYTES];
	bool is_forwarder;
	uint32_t rva;

	assert_int_equal(parse_fd(fd), PE_OK);
	assert_true(image.is_dll && image.is_page_aligned && image.has_relocs && !image.is_flat);
	assert_int_equal(pe_export_find(&reader, &image, "HeapAlloc", &rva, &is_forwarder), PE_OK);
	assert_true(is_forwarder);
	assert_int_equal(pe_read_string(&reader, &image, rva, forwarder, NULL), PE_OK);
	assert_non_null(strchr(forwarder, '.'));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_of_libwine_parses),
		cmocka_unit_test(ntdll_has_thunks_with_gapless_numbers),
		cmocka_unit_test(kernel32_forwards_an_export),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
