#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../src/hive.h"

#define TEXT(s) ((struct hive_text){ s, sizeof(s) / 2 - 1 })

static int setup(void **state)
{
	return hive_init();
}

static int teardown(void **state)
{
	hive_free();
	return 0;
}

static struct hive_key *must_open(uint64_t id, struct hive_text path, uint32_t flags)
{
	struct hive_key *k = NULL;
	bool created;

	assert_int_equal(hive_open(hive_by_id(id), path, flags, (struct hive_text){ 0 }, &k, &created), 0);
	return k;
}

static void names_ignore_case_and_extra_backslashes(void **state)
{
	struct hive_key *k = must_open(HIVE_ROOT, TEXT(u"\\machine\\\\SOFTWARE\\microsoft\\"), 0);

	assert_ptr_equal(k, must_open(HIVE_ROOT, TEXT(u"Machine\\Software\\Microsoft"), 0));
}

static void only_the_last_component_is_made(void **state)
{
	struct hive_key *k;
	bool created;

	assert_int_equal(hive_open(hive_by_id(HIVE_ROOT), TEXT(u"Machine\\x\\y"), HIVE_OPEN_CREATE, (struct hive_text){ 0 },
				   &k, &created), -ENOENT);
	must_open(HIVE_ROOT, TEXT(u"Machine\\x"), HIVE_OPEN_CREATE);
	assert_int_equal(hive_open(hive_by_id(HIVE_ROOT), TEXT(u"Machine\\x\\y"), HIVE_OPEN_CREATE, (struct hive_text){ 0 },
				   &k, &created), 0);
	assert_true(created);
}

static void deleted_keys_are_gone_with_their_ids(void **state)
{
	struct hive_key *k = must_open(HIVE_ROOT, TEXT(u"Machine\\x"), HIVE_OPEN_CREATE);
	uint64_t id = k->id;

	must_open(id, TEXT(u"child"), HIVE_OPEN_CREATE);
	assert_int_equal(hive_delete(k), -ENOTEMPTY);
	assert_int_equal(hive_delete(must_open(id, TEXT(u"CHILD"), 0)), 0);
	assert_int_equal(hive_delete(k), 0);
	assert_null(hive_by_id(id));
	assert_int_equal(hive_delete(must_open(HIVE_ROOT, TEXT(u"Machine"), 0)), -EPERM);
}

static void values_are_set_found_and_removed(void **state)
{
	struct hive_key *k = must_open(HIVE_ROOT, TEXT(u"Machine\\x"), HIVE_OPEN_CREATE);

	assert_int_equal(hive_set(k, TEXT(u"Name"), 3, "abc", 3), 0);
	assert_int_equal(hive_set(k, TEXT(u"NAME"), 4, "wxyz", 4), 0);
	assert_null(hive_value_at(k, 1));
	assert_int_equal(hive_find(k, TEXT(u"name"))->bytes, 4);
	assert_int_equal(hive_set(k, TEXT(u"big"), 3, "", HIVE_MAX_VALUE_BYTES + 1), -E2BIG);
	assert_int_equal(hive_unset(k, TEXT(u"name")), 0);
	assert_int_equal(hive_unset(k, TEXT(u"name")), -ENOENT);
}

static void children_are_in_order_and_renamed(void **state)
{
	struct hive_key *k = must_open(HIVE_ROOT, TEXT(u"Machine\\x"), HIVE_OPEN_CREATE), *b;
	uint16_t path[64];

	b = must_open(k->id, TEXT(u"b"), HIVE_OPEN_CREATE);
	must_open(k->id, TEXT(u"A"), HIVE_OPEN_CREATE);
	assert_ptr_equal(hive_child(k, 1), b);
	assert_int_equal(hive_rename(b, TEXT(u"a")), -EEXIST);
	assert_int_equal(hive_rename(b, TEXT(u"c")), 0);
	assert_int_equal(hive_path(b, path, 64), 21);
	assert_memory_equal(path, u"\\REGISTRY\\Machine\\x\\c", 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_ignore_case_and_extra_backslashes, setup, teardown),
		cmocka_unit_test_setup_teardown(only_the_last_component_is_made, setup, teardown),
		cmocka_unit_test_setup_teardown(deleted_keys_are_gone_with_their_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(values_are_set_found_and_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(children_are_in_order_and_renamed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
