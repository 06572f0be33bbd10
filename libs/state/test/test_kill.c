/* Kill the writer before each of its stores, in each operation of a script, and look
 * at what a successor finds: the tree before the operation and no result, or the
 * tree after it and its result. The successor maps the arena at another address. */
#include "test_support.h"

#include <state/list.h>
#include <state/result.h>
#include <state/table.h>

enum op_kind { OP_CREATE, OP_UNLINK, OP_RENAME };

struct op {
	enum op_kind kind;
	int parent, name;
	int new_parent, new_name; /* OP_RENAME: replaces what is there */
};

/* An entry of the tree; directory 0 is the root, which has the table as well. */
struct entry {
	struct state_table_node node; /* key: the parent's number */
	struct state_list_node siblings;
	struct state_list_node children;
	uint64_t number;
	char name[16];
};

struct root {
	state_off_t table;
	uint64_t next_number;
	struct state_list_node children;
};

#define NOPS 60
#define DUMP_BYTES 8192

static struct op script[NOPS];
static jmp_buf killed;
static long stores_left;
static uint64_t *arena = region;
static uint64_t other_region[REGION_BYTES / 8], snapshot[REGION_BYTES / 8];

static void count_store(void)
{
	if (stores_left-- == 0)
		longjmp(killed, 1);
}

static void make_script(void)
{
	uint32_t x = 12345;
	int i;

	for (i = 0; i < NOPS; i++) {
		struct op *op = &script[i];

		x = x * 1664525 + 1013904223;
		op->kind = i < 25 ? OP_CREATE : (enum op_kind)(x >> 28) % 3;
		op->parent = (x >> 8) % 4;
		op->name = i < 25 ? i : (int)(x >> 12) % 25;
		op->new_parent = (x >> 16) % 4;
		op->new_name = (x >> 20) % 25;
	}
}

static struct root *root_of(void)
{
	return STATE_PTR(&st, state_root(&st), struct root);
}

static state_off_t children_of(state_off_t entry)
{
	if (!entry)
		return state_root(&st) + offsetof(struct root, children);
	return entry + offsetof(struct entry, children);
}

static void name_of(int name, char text[16])
{
	snprintf(text, 16, "name%d", name);
}

static state_off_t find_entry(uint64_t parent, int name)
{
	char text[16];

	name_of(name, text);
	return state_table_find(&st, root_of()->table, parent, text, strlen(text));
}

/* The directory that a script's parent number means: entry name<parent> of the root, if it is there. */
static state_off_t find_parent(int parent, uint64_t *number)
{
	state_off_t off = parent ? find_entry(0, parent) : 0;

	*number = off ? STATE_PTR(&st, off, struct entry)->number : 0;
	return off;
}

static int link_entry(state_off_t off, state_off_t parent, uint64_t parent_number, int name)
{
	struct entry *entry = STATE_PTR(&st, off, struct entry);
	char text[16] = "";

	name_of(name, text);
	STATE_SET(&st, &entry->node.key, parent_number);
	STATE_SET(&st, &entry->node.name_at, offsetof(struct entry, name));
	STATE_SET(&st, &entry->node.name_len, strlen(text));
	state_set(&st, entry->name, text, sizeof(text));
	state_list_add_tail(&st, off + offsetof(struct entry, siblings), children_of(parent));
	return state_table_insert(&st, root_of()->table, off);
}

static void unlink_entry(state_off_t off)
{
	state_table_remove(&st, root_of()->table, off);
	state_list_del(&st, off + offsetof(struct entry, siblings));
}

static bool has_children(state_off_t off)
{
	return !state_list_is_empty(&st, children_of(off));
}

static int create_entry(const struct op *op)
{
	uint64_t parent_number;
	state_off_t parent = find_parent(op->parent, &parent_number), off;

	if (find_entry(parent_number, op->name))
		return -EEXIST;
	off = state_alloc(&st, sizeof(struct entry));
	if (!off)
		return -ENOSPC;
	state_list_init(&st, children_of(off));
	STATE_PTR(&st, off, struct entry)->number = root_of()->next_number;
	STATE_SET(&st, &root_of()->next_number, root_of()->next_number + 1);
	return link_entry(off, parent, parent_number, op->name);
}

static int remove_entry(const struct op *op)
{
	uint64_t parent_number;
	state_off_t off;

	find_parent(op->parent, &parent_number);
	off = find_entry(parent_number, op->name);
	if (!off)
		return -ENOENT;
	if (has_children(off))
		return -ENOTEMPTY;
	unlink_entry(off);
	state_free(&st, off);
	return 0;
}

static int rename_entry(const struct op *op)
{
	uint64_t old_number, new_number;
	state_off_t new_parent, off, victim;

	find_parent(op->parent, &old_number);
	new_parent = find_parent(op->new_parent, &new_number);
	off = find_entry(old_number, op->name);
	victim = find_entry(new_number, op->new_name);
	if (!off)
		return -ENOENT;
	if (off == new_parent || has_children(off) || victim == off)
		return -EINVAL;
	if (victim && has_children(victim))
		return -ENOTEMPTY;
	if (victim) {
		unlink_entry(victim);
		state_free(&st, victim);
	}
	unlink_entry(off);
	return link_entry(off, new_parent, new_number, op->new_name);
}

/* Operation @i as a request: change and result in one transaction. The result of the one
 * before has gone out by now. */
static void run_op(int i)
{
	static int (*const run[])(const struct op *) = { create_entry, remove_entry, rename_entry };
	int result;

	state_begin(&st);
	if (i)
		state_result_drop(&st, i - 1);
	result = run[script[i].kind](&script[i]);
	assert_int_equal(state_result_put(&st, i, &result, sizeof(result)), 0);
	assert_int_equal(state_commit(&st), 0);
}

static size_t dump_children(char *text, size_t len, state_off_t entry, int depth, uint64_t *count)
{
	state_off_t pos;

	STATE_LIST_FOR_EACH(pos, &st, children_of(entry)) {
		struct entry *child = STATE_ENTRY(&st, pos, struct entry, siblings);

		++*count;
		len += snprintf(text + len, DUMP_BYTES - len, "%*s%.*s=%d\n", depth, "",
				(int)child->node.name_len, child->name, (int)child->number);
		assert_true(len < DUMP_BYTES);
		assert_int_equal(state_table_find(&st, root_of()->table, child->node.key, child->name,
						  child->node.name_len),
				 state_offset(&st, child));
		len = dump_children(text, len, state_offset(&st, child), depth + 1, count);
	}
	return len;
}

static void dump(char text[DUMP_BYTES])
{
	uint64_t count = 0;

	text[0] = '\0';
	dump_children(text, 0, 0, 0, &count);
	assert_int_equal(count, state_table_count(&st, root_of()->table));
}

static void make_root(void)
{
	static const struct hash_key seed = { 3, 4 };
	state_off_t off;

	state_begin(&st);
	off = state_alloc(&st, sizeof(struct root));
	state_set_root(&st, off);
	state_list_init(&st, children_of(0));
	root_of()->next_number = 1;
	root_of()->table = state_table_create(&st, &seed);
	assert_int_equal(state_commit(&st), 0);
}

static int setup(void **state)
{
	state_store_hook = NULL;
	arena = region;
	test_open_new(state);
	make_script();
	make_root();
	return 0;
}

/* The successor has nothing but a copy of the bytes. */
static void move_arena(void)
{
	uint64_t *to = arena == region ? other_region : region;

	memcpy(to, arena, REGION_BYTES);
	memset(arena, 0xdb, REGION_BYTES);
	arena = to;
	memset(&st, 0xee, sizeof(st));
}

static void restore_snapshot(void)
{
	memcpy(arena, snapshot, REGION_BYTES);
	assert_int_equal(state_open(&st, arena, REGION_BYTES), 1);
}

/* Run operation @i until its store number @nth. Returns: whether it was killed. */
static bool run_killed(int i, long nth)
{
	stores_left = nth;
	state_store_hook = count_store;
	if (setjmp(killed)) {
		state_store_hook = NULL;
		return true;
	}
	run_op(i);
	state_store_hook = NULL;
	return false;
}

static bool open_killed(long nth)
{
	stores_left = nth;
	state_store_hook = count_store;
	if (setjmp(killed)) {
		state_store_hook = NULL;
		return true;
	}
	assert_int_equal(state_open(&st, arena, REGION_BYTES), 1);
	state_store_hook = NULL;
	return false;
}

static void assert_before_or_after(int i, const char *before, const char *after)
{
	static char now[DUMP_BYTES];
	size_t len;

	assert_int_equal(state_check(&st), 0);
	dump(now);
	assert_string_equal(now, state_result_get(&st, i, &len) ? after : before);
	if (i)
		assert_int_equal(!state_result_get(&st, i - 1, &len), !!state_result_get(&st, i, &len));
}

static void death_before_any_store_leaves_before_or_after(void **state)
{
	static char before[DUMP_BYTES], after[DUMP_BYTES];
	long nth, nkilled = 0;
	int i;

	for (i = 0; i < NOPS; i++) {
		memcpy(snapshot, arena, REGION_BYTES);
		dump(before);
		run_op(i);
		dump(after);
		for (nth = 0;; nth++) {
			restore_snapshot();
			if (!run_killed(i, nth))
				break;
			nkilled++;
			move_arena();
			assert_int_equal(state_open(&st, arena, REGION_BYTES), 1);
			assert_before_or_after(i, before, after);
		}
		assert_before_or_after(i, before, after);
	}
	assert_true(nkilled > 1000);
}

static void death_during_recovery_is_recovered_from(void **state)
{
	static char before[DUMP_BYTES], after[DUMP_BYTES];
	static uint64_t dead[REGION_BYTES / 8];
	long nth, nth_recovery, nkilled = 0;
	int i;

	for (i = 0; i < NOPS; i++) {
		memcpy(snapshot, arena, REGION_BYTES);
		dump(before);
		run_op(i);
		dump(after);
		if (i % 6)
			continue;
		for (nth = 5;; nth += 7) {
			restore_snapshot();
			if (!run_killed(i, nth))
				break;
			memcpy(dead, arena, REGION_BYTES);
			for (nth_recovery = 0;; nth_recovery += 3) {
				memcpy(arena, dead, REGION_BYTES);
				if (!open_killed(nth_recovery))
					break;
				nkilled++;
				move_arena();
				assert_int_equal(state_open(&st, arena, REGION_BYTES), 1);
				assert_before_or_after(i, before, after);
			}
		}
	}
	assert_true(nkilled > 300);
}

static void retried_requests_reach_the_same_end(void **state)
{
	static char undisturbed[DUMP_BYTES], disturbed[DUMP_BYTES];
	long nth = 0;
	size_t len;
	int i;

	for (i = 0; i < NOPS; i++)
		run_op(i);
	dump(undisturbed);

	setup(NULL);
	for (i = 0; i < NOPS; i++) {
		while (!state_result_get(&st, i, &len) && run_killed(i, nth)) {
			nth += 11;
			move_arena();
			assert_int_equal(state_open(&st, arena, REGION_BYTES), 1);
		}
		nth %= 50;
	}
	dump(disturbed);
	assert_string_equal(disturbed, undisturbed);
}

static void death_during_formatting_leaves_a_region_that_formats(void **state)
{
	memset(region, 0, sizeof(region));
	stores_left = 0;
	state_store_hook = count_store;
	if (!setjmp(killed)) {
		state_open(&st, region, sizeof(region));
		fail();
	}
	state_store_hook = NULL;
	assert_int_equal(state_open(&st, region, sizeof(region)), 0);
	assert_int_equal(state_check(&st), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(death_before_any_store_leaves_before_or_after),
		TEST(death_during_recovery_is_recovered_from),
		TEST(retried_requests_reach_the_same_end),
		TEST(death_during_formatting_leaves_a_region_that_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
