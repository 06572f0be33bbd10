#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../src/hive.h"

#define TEXT(s) ((struct hive_text){ s, sizeof(s) / 2 - 1 })

#define STATE_BYTES (4u << 20)

static uint64_t memory[STATE_BYTES / sizeof(uint64_t)];
static struct state arena;

static int open_it(void)
{
	int err = state_open(&arena, memory, STATE_BYTES);

	return err < 0 ? err : hive_init(&arena);
}

static int setup(void **state)
{
	memset(memory, 0, sizeof(memory));
	return open_it();
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
	assert_int_equal(hive_set(k, TEXT(u"last of all"), 3, "", 0), 0);
	assert_int_equal(hive_set(k, TEXT(u"Another"), 3, "ab", 2), 0);
	assert_int_equal(hive_value_at(k, 0)->bytes, 2);
	assert_int_equal(hive_value_at(k, 2)->bytes, 4);
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

static void a_successor_finds_what_was_done_and_not_what_was_half_done(void **state)
{
	struct hive_key *k = must_open(HIVE_ROOT, TEXT(u"Machine\\x"), HIVE_OPEN_CREATE);
	const struct hive_note note = { .request_id = 7, .words = { 1, 2 }, .changed = 3 };
	uint64_t id = k->id, other;

	assert_int_equal(hive_set(k, TEXT(u"kept"), 3, "abc", 3), 0);
	hive_begin();
	hive_set_note(&note);
	assert_int_equal(hive_end(0), 0);
	hive_begin();
	other = must_open(id, TEXT(u"lost"), HIVE_OPEN_CREATE)->id;
	assert_int_equal(hive_set(k, TEXT(u"lost"), 3, "abc", 3), 0);
	assert_int_equal(hive_unset(k, TEXT(u"kept")), 0);
	assert_int_equal(open_it(), 0);
	k = hive_by_id(id);
	assert_null(hive_by_id(other));
	assert_non_null(hive_find(k, TEXT(u"kept")));
	assert_null(hive_find(k, TEXT(u"lost")));
	assert_null(hive_child(k, 0));
	assert_int_equal(hive_note()->request_id, 7);
	assert_int_equal(hive_note()->changed, 3);
	assert_int_equal(state_check(&arena), 0);
}

static void a_change_that_fails_leaves_nothing(void **state)
{
	struct hive_key *k = must_open(HIVE_ROOT, TEXT(u"Machine\\x"), HIVE_OPEN_CREATE);

	hive_begin();
	assert_int_equal(hive_set(k, TEXT(u"value"), 3, "abc", 3), 0);
	assert_int_equal(hive_end(-ENOMEM), -ENOMEM);
	assert_null(hive_find(k, TEXT(u"value")));
	assert_int_equal(state_check(&arena), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_ignore_case_and_extra_backslashes, setup, NULL),
		cmocka_unit_test_setup_teardown(only_the_last_component_is_made, setup, NULL),
		cmocka_unit_test_setup_teardown(deleted_keys_are_gone_with_their_ids, setup, NULL),
		cmocka_unit_test_setup_teardown(values_are_set_found_and_removed, setup, NULL),
		cmocka_unit_test_setup_teardown(children_are_in_order_and_renamed, setup, NULL),
		cmocka_unit_test_setup_teardown(a_successor_finds_what_was_done_and_not_what_was_half_done, setup, NULL),
		cmocka_unit_test_setup_teardown(a_change_that_fails_leaves_nothing, setup, NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
