#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <albireo/services.h>

#include "manifest.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct boot_service services[MANIFEST_MAX_SERVICES];
static unsigned int bad_line;

static int parse(const char *text)
{
	return manifest_parse(text, strlen(text), services, &bad_line);
}

static void every_column_is_taken(void **state)
{
	assert_int_equal(parse("vfsd\tservices/vfsd/vfsd.elf\t" DIGEST "\t3\t2,5\tVFS_POLICY,LAUNCHER\t102\t4\tboot\n"
			       "initd\tservices/initd/initd.elf\t" DIGEST "\t100\t-\t-\t-\t9\tdemand\n"), 2);
	assert_string_equal(services[0].id, "vfsd");
	assert_string_equal(services[0].path, "services/vfsd/vfsd.elf");
	assert_int_equal(services[0].digest[1], 0x11);
	assert_int_equal(services[0].digest[31], 0xff);
	assert_int_equal(services[0].rank, 3);
	assert_int_equal(services[0].service_ids[0], 2);
	assert_int_equal(services[0].service_ids[1], 5);
	assert_int_equal(services[0].service_ids[2], 0);
	assert_int_equal(services[0].capabilities, CAP_VFS_POLICY | CAP_LAUNCHER);
	assert_int_equal(services[0].pid, 102);
	assert_int_equal(services[0].order, 4);
	assert_false(services[0].is_on_demand);
	assert_true(services[1].is_on_demand);
	assert_int_equal(services[1].capabilities, 0);
	assert_int_equal(services[1].pid, 0);
	assert_int_equal(services[1].service_ids[0], 0);
}

static void a_damaged_line_is_named(void **state)
{
	static const char *const lines[] = {
		"x", "x\ty\t" DIGEST "\t1\t-\t-\t-\t1", "x\ty\t" DIGEST "\t1\t-\t-\t-\t1\tlater", "x\ty\t" DIGEST "\t1\t-\t-\t-\t1\tboot\tmore",
		"\ty\t" DIGEST "\t1\t-\t-\t-\t1\tboot", "x\ty\t00\t1\t-\t-\t-\t1\tboot", "x\ty\t" DIGEST "\t-1\t-\t-\t-\t1\tboot",
		"x\ty\t" DIGEST "\t1\t0\t-\t-\t1\tboot", "x\ty\t" DIGEST "\t1\t1,2,3,4,5\t-\t-\t1\tboot",
		"x\ty\t" DIGEST "\t1\t99\t-\t-\t1\tboot", "x\ty\t" DIGEST "\t1\t-\tNONE\t-\t1\tboot",
		"x\ty\t" DIGEST "\t4294967296\t-\t-\t-\t1\tboot",
		"0123456789012345678901234567890123\ty\t" DIGEST "\t1\t-\t-\t-\t1\tboot",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(parse(lines[i]), -EINVAL);
		assert_int_equal(bad_line, 1);
	}
	assert_int_equal(parse("x\ty\t" DIGEST "\t1\t-\t-\t-\t1\tboot\nbad\n"), -EINVAL);
	assert_int_equal(bad_line, 2);
}

static void an_empty_manifest_lists_nothing(void **state)
{
	assert_int_equal(parse(""), 0);
	assert_int_equal(parse("\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_column_is_taken),
		cmocka_unit_test(a_damaged_line_is_named),
		cmocka_unit_test(an_empty_manifest_lists_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
