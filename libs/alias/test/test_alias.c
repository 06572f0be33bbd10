#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <alias/alias.h>

static const struct alias_pci ahci = { 0x8086, 0x2922, 0x1af4, 0x1100, 0x010601 };

static bool means(const char *alias, const char *modalias)
{
	char pattern[ALIAS_BYTES];

	return !alias_pattern(alias, pattern) && alias_matches(pattern, modalias);
}

static bool means_ahci(const char *alias)
{
	char modalias[ALIAS_BYTES];

	alias_of_pci(&ahci, modalias);
	return means(alias, modalias);
}

static int error_of(const char *alias)
{
	char pattern[ALIAS_BYTES];

	return alias_pattern(alias, pattern);
}

static void devices_have_linux_modaliases(void **state)
{
	char modalias[ALIAS_BYTES];

	alias_of_pci(&ahci, modalias);
	assert_string_equal(modalias, "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01");
	alias_of_virtio(18, modalias);
	assert_string_equal(modalias, "virtio:d00000012v00001AF4");
}

static void listed_keys_must_all_match(void **state)
{
	assert_true(means_ahci("pci:vendor=0x8086"));
	assert_true(means_ahci("pci:device=0x2922;vendor=0x8086"));
	assert_true(means_ahci("pci:subvendor=0x1af4;subdevice=4352"));
	assert_false(means_ahci("pci:vendor=0x8086;device=0x2923"));
	assert_false(means_ahci("pci:vendor=0x80861"));
	assert_true(means("virtio:id=18", "virtio:d00000012v00001AF4"));
	assert_false(means("virtio:id=1", "virtio:d00000012v00001AF4"));
}

static void a_class_may_be_short(void **state)
{
	assert_true(means_ahci("pci:class=0x01"));
	assert_true(means_ahci("pci:class=0x0106"));
	assert_true(means_ahci("pci:class=0x010601"));
	assert_false(means_ahci("pci:class=0x0108"));
	assert_false(means_ahci("pci:class=0x010600"));
	assert_int_equal(error_of("pci:class=0x106"), -EINVAL);
}

static void patterns_are_linux_ones(void **state)
{
	assert_true(means_ahci("pci:v00008086d*sv*sd*bc01sc06i*"));
	assert_false(means_ahci("pci:v00008086d*sv*sd*bc02sc06i*"));
	assert_true(means("platform:i8042", "platform:i8042"));
	assert_false(means("platform:i804", "platform:i8042"));
	assert_false(means("platform:i80422", "platform:i8042"));
	assert_true(means("platform:i80?2", "platform:i8042"));
	assert_true(means("a:*b*c", "a:xbbcabc"));
	assert_false(means("a:*b*c", "a:xbbcab"));
}

static void bad_aliases_are_refused(void **state)
{
	char long_one[2 * ALIAS_BYTES];

	memset(long_one, 'x', sizeof(long_one));
	long_one[1] = ':';
	long_one[sizeof(long_one) - 1] = '\0';
	assert_int_equal(error_of(""), -EINVAL);
	assert_int_equal(error_of("pci"), -EINVAL);
	assert_int_equal(error_of(":x"), -EINVAL);
	assert_int_equal(error_of("pci:speed=1"), -EINVAL);
	assert_int_equal(error_of("pci:vendor="), -EINVAL);
	assert_int_equal(error_of("pci:vendor=0x"), -EINVAL);
	assert_int_equal(error_of("pci:vendor=12g"), -EINVAL);
	assert_int_equal(error_of("pci:vendor=0x123456789"), -EINVAL);
	assert_int_equal(error_of("isa:id=1"), -EINVAL);
	assert_int_equal(error_of(long_one), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_have_linux_modaliases),
		cmocka_unit_test(listed_keys_must_all_match),
		cmocka_unit_test(a_class_may_be_short),
		cmocka_unit_test(patterns_are_linux_ones),
		cmocka_unit_test(bad_aliases_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
