#include "test_support.h"

#include <state/table.h>

struct named {
	struct state_table_node node;
	uint64_t value;
	char name[];
};

static const struct hash_key seed = { 1, 2 };
static state_off_t table;

static int setup(void **state)
{
	test_open_new(state);
	state_begin(&st);
	table = state_table_create(&st, &seed);
	return state_commit(&st);
}

static state_off_t add(uint64_t key, const char *name)
{
	state_off_t off;
	struct named *n;
	int err;

	state_begin(&st);
	off = state_alloc(&st, sizeof(*n) + strlen(name));
	assert_true(off != 0);
	n = STATE_PTR(&st, off, struct named);
	n->node.key = key;
	n->node.name_at = offsetof(struct named, name);
	n->node.name_len = strlen(name);
	memcpy(n->name, name, strlen(name));
	err = state_table_insert(&st, table, off);
	if (err) {
		assert_int_equal(err, -EEXIST);
		state_abort(&st);
		return 0;
	}
	assert_int_equal(state_commit(&st), 0);
	return off;
}

static state_off_t find(uint64_t key, const char *name)
{
	return state_table_find(&st, table, key, name, strlen(name));
}

static void drop(state_off_t off)
{
	state_begin(&st);
	state_table_remove(&st, table, off);
	state_free(&st, off);
	assert_int_equal(state_commit(&st), 0);
}

static void number_and_name_together_are_the_key(void **state)
{
	state_off_t a = add(1, "x"), b = add(2, "x"), c = add(1, "xy"), d = add(1, "");

	assert_int_equal(find(1, "x"), a);
	assert_int_equal(find(2, "x"), b);
	assert_int_equal(find(1, "xy"), c);
	assert_int_equal(find(1, ""), d);
	assert_int_equal(find(3, "x"), 0);
	assert_int_equal(find(1, "y"), 0);
	assert_int_equal(state_table_count(&st, table), 4);
}

static void second_node_of_a_key_gives_eexist(void **state)
{
	state_off_t off = add(1, "x");

	assert_int_equal(add(1, "x"), 0);
	assert_int_equal(find(1, "x"), off);
	assert_int_equal(state_table_count(&st, table), 1);
}

static void growing_table_keeps_every_entry(void **state)
{
	static state_off_t offs[800];
	state_off_t off;
	char name[16];
	int i, seen = 0;

	for (i = 0; i < 800; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		offs[i] = add(i % 3, name);
	}
	test_reopen();
	for (i = 0; i < 800; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(find(i % 3, name), offs[i]);
		assert_int_equal(find(i % 3 + 1, name), 0);
	}
	for (off = state_table_next(&st, table, 0); off; off = state_table_next(&st, table, off))
		seen++;
	assert_int_equal(seen, 800);
	for (i = 0; i < 800; i += 2)
		drop(offs[i]);
	for (i = 0; i < 800; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(find(i % 3, name), i % 2 ? offs[i] : 0);
	}
	assert_int_equal(state_table_count(&st, table), 400);
	assert_int_equal(state_check(&st), 0);
}

static void insertion_still_works_when_the_arena_is_full(void **state)
{
	static state_off_t offs[100];
	int i;

	for (i = 0; i < 100; i++) {
		state_begin(&st);
		offs[i] = state_alloc(&st, sizeof(struct named));
		assert_int_equal(state_commit(&st), 0);
	}
	state_begin(&st);
	while (state_alloc(&st, 4000) || state_alloc(&st, 8))
		;
	assert_int_equal(state_commit(&st), 0);
	for (i = 0; i < 100; i++) {
		state_begin(&st);
		STATE_SET(&st, &STATE_PTR(&st, offs[i], struct named)->node.key, i);
		assert_int_equal(state_table_insert(&st, table, offs[i]), 0);
		assert_int_equal(state_commit(&st), 0);
	}
	for (i = 0; i < 100; i++)
		assert_int_equal(find(i, ""), offs[i]);
}

static void destroyed_table_leaves_nothing_allocated(void **state)
{
	static state_off_t offs[100];
	int i;

	for (i = 0; i < 100; i++)
		offs[i] = add(i, "name");
	for (i = 0; i < 100; i++)
		drop(offs[i]);
	state_begin(&st);
	state_table_destroy(&st, table);
	assert_int_equal(state_commit(&st), 0);
	assert_int_equal(state_used_bytes(&st), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(number_and_name_together_are_the_key),
		TEST(second_node_of_a_key_gives_eexist),
		TEST(growing_table_keeps_every_entry),
		TEST(insertion_still_works_when_the_arena_is_full),
		TEST(destroyed_table_leaves_nothing_allocated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
