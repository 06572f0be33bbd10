#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

#define LINE(name, rest) "name=" name "\tpath=/system/drivers/" name ".ko\twhen=boot\t" rest "\n"
#define WITH(aliases, group, deps, softdeps) \
	"aliases=" aliases "\tprovider_group=" group "\tdeps=" deps "\tsoftdeps=" softdeps

/* ---- a kernel ---- */

static const char *devices, *failing;
static char loaded[256], groups[256], lines[1024];
static int failure;

static bool has_word(const char *words, const char *word, size_t len)
{
	for (const char *p = words; p && *p; p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == len && !memcmp(p, word, len))
			return true;
	return false;
}

static void add_word(char *words, size_t size, const char *word)
{
	size_t len = strlen(words);

	if (*word)
		snprintf(words + len, size - len, "%s%s", len ? " " : "", word);
}

static int fake_load(const struct driver_load *request)
{
	bool is_there = has_word(loaded, request->name, strlen(request->name));

	if (request->flags & DRIVER_LOAD_ASK)
		return is_there ? 0 : -ENOENT;
	if (is_there)
		return -EEXIST;
	if (failing && !strcmp(failing, request->name))
		return failure;
	add_word(loaded, sizeof(loaded), request->name);
	add_word(groups, sizeof(groups), request->provider_group);
	return 0;
}

static int fake_probe(const char *alias, size_t len)
{
	return has_word(devices, alias, len);
}

static int fake_active(const char *group, size_t len)
{
	return has_word(groups, group, len);
}

static void fake_log(const char *fmt, ...)
{
	size_t len = strlen(lines);
	va_list args;

	va_start(args, fmt);
	len += (size_t)vsnprintf(lines + len, sizeof(lines) - len, fmt, args);
	va_end(args);
	snprintf(lines + len, sizeof(lines) - len, "\n");
}

static const struct plan_ops fakes = { fake_load, fake_probe, fake_active, fake_log };
static struct plan plan;

static int new_machine(void **state)
{
	devices = "";
	failing = NULL;
	loaded[0] = groups[0] = lines[0] = '\0';
	return 0;
}

static void open_registry(const char *text)
{
	lines[0] = '\0';
	plan_open(&plan, &fakes, text, strlen(text));
}

static unsigned int boot(const char *text)
{
	open_registry(text);
	return plan_run(&plan, DRIVER_BOOT);
}

/* ---- */

static void a_driver_is_loaded_when_its_device_is_there(void **state)
{
	devices = "platform:i8042";
	assert_int_equal(boot(LINE("ps2", WITH("pci:x,platform:i8042", "", "", "")) LINE("tablet", WITH("usb:1", "", "", ""))), 1);
	assert_string_equal(loaded, "ps2");
	assert_string_equal(lines, "loaded name=ps2\nskipped name=tablet reason=no-device\n");
}

static void one_driver_of_a_group_is_loaded(void **state)
{
	devices = "a b";
	assert_int_equal(boot(LINE("gpu", WITH("a", "display-primary", "", "")) LINE("bootfb", WITH("b", "display-primary", "", ""))), 1);
	assert_string_equal(loaded, "gpu");
	assert_string_equal(lines, "loaded name=gpu\nskipped name=bootfb reason=provider-active\n");
}

static void a_substitute_is_loaded_when_the_first_fails(void **state)
{
	devices = "a b";
	failing = "gpu";
	failure = -EIO;
	assert_int_equal(boot(LINE("gpu", WITH("a", "display-primary", "", "")) LINE("bootfb", WITH("b", "display-primary", "", ""))), 1);
	assert_string_equal(lines, "skipped name=gpu reason=init-failed\nloaded name=bootfb\n");
}

static void a_provider_of_the_kernel_counts(void **state)
{
	devices = "a";
	strcpy(groups, "display-primary");
	assert_int_equal(boot(LINE("gpu", WITH("a", "display-primary", "", ""))), 0);
}

static void dependencies_come_first_and_need_no_device(void **state)
{
	devices = "a";
	assert_int_equal(boot(LINE("hid-generic", WITH("a", "", "hid", "quirks,none")) LINE("hid", WITH("", "", "core", "")) LINE("core", WITH("", "", "", ""))
			      LINE("quirks", WITH("", "", "", ""))), 4);
	assert_string_equal(loaded, "quirks core hid hid-generic");
}

static void a_missing_dependency_skips_a_missing_wish_does_not(void **state)
{
	devices = "a";
	assert_int_equal(boot(LINE("one", WITH("a", "", "gone", "")) LINE("two", WITH("a", "", "", "gone"))), 1);
	assert_string_equal(lines, "skipped name=one reason=dependency\nloaded name=two\n");
}

static void circles_end(void **state)
{
	devices = "a";
	assert_int_equal(boot(LINE("one", WITH("a", "", "two", "")) LINE("two", WITH("a", "", "one", ""))), 0);
}

static void the_kernels_refusals_are_told(void **state)
{
	static const struct { int error; const char *reason; } cases[] = { { -EBADMSG, "wrong-sum" }, { -ENOENT, "not-listed" },
		{ -ENOEXEC, "bad-module" }, { -ENOMEM, "no-memory" }, { -ENODEV, "no-device" }, { -EIO, "init-failed" } };
	char line[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_machine(state);
		devices = "a";
		failing = "bad";
		failure = cases[i].error;
		assert_int_equal(boot(LINE("bad", WITH("a", "", "", ""))), 0);
		snprintf(line, sizeof(line), "skipped name=bad reason=%s\n", cases[i].reason);
		assert_string_equal(lines, line);
	}
}

static void a_successor_loads_nothing_again(void **state)
{
	devices = "a b";
	assert_int_equal(boot(LINE("one", WITH("a", "g", "", ""))), 1);
	assert_int_equal(boot(LINE("one", WITH("a", "g", "", "")) LINE("two", WITH("b", "", "", ""))), 2);
	assert_string_equal(loaded, "one two");
	assert_string_equal(lines, "loaded name=two\n");
}

static void the_time_decides(void **state)
{
	devices = "a";
	assert_int_equal(boot("name=late\tpath=/l\twhen=vfs-ready\taliases=a\tprovider_group=\tdeps=\tsoftdeps=\n"
			      "name=asked\tpath=/a\twhen=demand\taliases=a\tprovider_group=\tdeps=\tsoftdeps=\n"), 0);
	assert_int_equal(plan_run(&plan, DRIVER_FILES_READY), 1);
	assert_string_equal(loaded, "late");
	assert_int_equal(plan_load(&plan, "asked"), 0);
	assert_int_equal(plan_load(&plan, "asked"), 0);
	assert_int_equal(plan_load(&plan, "nobody"), -ENOENT);
	assert_string_equal(loaded, "late asked");
}

static void a_device_may_come_later(void **state)
{
	open_registry(LINE("disk", WITH("a", "", "", "")));
	assert_int_equal(plan_load(&plan, "disk"), -ENODEV);
	devices = "a";
	assert_int_equal(plan_load(&plan, "disk"), 0);
}

static void damaged_lines_are_left_out(void **state)
{
	devices = "a";
	assert_int_equal(boot("name=x\n" LINE("one", WITH("a", "", "", "")) "nonsense\nname=y\tpath=/y\twhen=never\tprovider_group=\n"), 1);
	assert_string_equal(lines, "line 1 of the registry is damaged\nline 3 of the registry is damaged\n"
			    "line 4 of the registry is damaged\nloaded name=one\n");
}

#define TEST(name) cmocka_unit_test_setup(name, new_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_driver_is_loaded_when_its_device_is_there),
		TEST(one_driver_of_a_group_is_loaded),
		TEST(a_substitute_is_loaded_when_the_first_fails),
		TEST(a_provider_of_the_kernel_counts),
		TEST(dependencies_come_first_and_need_no_device),
		TEST(a_missing_dependency_skips_a_missing_wish_does_not),
		TEST(circles_end),
		TEST(the_kernels_refusals_are_told),
		TEST(a_successor_loads_nothing_again),
		TEST(the_time_decides),
		TEST(a_device_may_come_later),
		TEST(damaged_lines_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
