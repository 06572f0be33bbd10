/* Layouts of this machine's own programs, and of damaged ones. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "load.h"

static struct image_layout layout;

struct memory {
	const char *bytes;
	size_t len;
	long fail;
};

static long read_memory(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct memory *memory = ctx;

	if (memory->fail)
		return memory->fail;
	if (offset >= memory->len)
		return 0;
	if (len > memory->len - offset)
		len = memory->len - (size_t)offset;
	memcpy(buf, memory->bytes + offset, len);
	return (long)len;
}

static int load_bytes(const char *bytes, size_t len)
{
	struct memory memory = { bytes, len, 0 };
	struct load_file file = { read_memory, &memory, len };

	return load_layout(&file, &layout);
}

static char *read_host_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *bytes;

	if (fd < 0)
		return NULL;
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	bytes = malloc(*len);
	assert_true(read(fd, bytes, *len) == st.st_size);
	close(fd);
	return bytes;
}

static void the_shell_of_this_machine_is_dynamic(void **state)
{
	size_t len;
	char *bytes = read_host_file("/bin/sh", &len);

	if (!bytes)
		skip();
	assert_int_equal(load_bytes(bytes, len), 0);
	assert_int_equal(layout.kind, IMAGE_ELF_DYNAMIC);
	assert_string_equal(layout.interp, "/lib64/ld-linux-x86-64.so.2");
	free(bytes);
}

static void static_busybox_has_segments_inside_its_span(void **state)
{
	size_t len;
	char *bytes = read_host_file("/bin/busybox", &len);

	if (!bytes)
		skip();
	assert_int_equal(load_bytes(bytes, len), 0);
	assert_int_equal(layout.kind, IMAGE_ELF_STATIC);
	assert_true(layout.nsegments >= 2);
	for (unsigned int i = 0; i < layout.nsegments; i++) {
		assert_true(layout.segments[i].vaddr >= layout.lowest_vaddr);
		assert_true(layout.segments[i].file_offset <= len);
	}
	free(bytes);
}

static void empty_and_foreign_files_are_enoexec(void **state)
{
	assert_int_equal(load_bytes("", 0), -ENOEXEC);
	assert_int_equal(load_bytes("hello, world\n", 13), -ENOEXEC);
	assert_int_equal(load_bytes("\177ELF", 4), -ENOEXEC);
}

static void a_file_that_cannot_be_read_gives_its_error(void **state)
{
	struct memory memory = { "", 0, -EIO };
	struct load_file file = { read_memory, &memory, 5000 };

	assert_int_equal(load_layout(&file, &layout), -EIO);
}

static void a_file_that_shrank_is_judged_by_what_is_left(void **state)
{
	struct memory memory = { "#!/bin/sh\n", 10, 0 };
	struct load_file file = { read_memory, &memory, 1 << 20 };

	assert_int_equal(load_layout(&file, &layout), 0);
	assert_int_equal(layout.kind, IMAGE_SCRIPT);
	memory.len = 0;
	assert_int_equal(load_layout(&file, &layout), -ENOEXEC);
}

static void is_safe(void)
{
	assert_true(layout.nsegments <= IMAGE_MAX_SEGMENTS);
	assert_true(layout.interp_len < IMAGE_MAX_INTERP);
	for (unsigned int i = 0; i < layout.nsegments; i++) {
		const struct image_segment *segment = &layout.segments[i];

		assert_false(segment->vaddr % 4096 || segment->mem_bytes % 4096 || segment->file_offset % 4096);
		assert_true(segment->vaddr + segment->mem_bytes > segment->vaddr);
		assert_true(segment->vaddr + segment->mem_bytes <= 0x7ffffffff000ull);
		assert_true(segment->file_bytes <= segment->mem_bytes);
	}
}

/* Damage in the headers, where it matters, and files cut short anywhere. */
static void mutants_are_refused_or_safe(void **state)
{
	size_t len;
	char *bytes = read_host_file("/proc/self/exe", &len);
	char head[1024];

	assert_true(len > sizeof(head));
	memcpy(head, bytes, sizeof(head));
	srand(3);
	for (unsigned int round = 0; round < 30000; round++) {
		memcpy(bytes, head, sizeof(head));
		for (int i = 1 + rand() % 8; i; i--)
			bytes[rand() % (int)sizeof(head)] = (char)(rand() % 3 ? rand() : -(rand() % 2));
		if (!load_bytes(bytes, rand() % 4 ? len : (size_t)rand() % len))
			is_safe();
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shell_of_this_machine_is_dynamic),
		cmocka_unit_test(static_busybox_has_segments_inside_its_span),
		cmocka_unit_test(empty_and_foreign_files_are_enoexec),
		cmocka_unit_test(a_file_that_cannot_be_read_gives_its_error),
		cmocka_unit_test(a_file_that_shrank_is_judged_by_what_is_left),
		cmocka_unit_test(mutants_are_refused_or_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
