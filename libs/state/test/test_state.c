#include "test_support.h"

#include <state/list.h>

static state_off_t committed_word(uint64_t value)
{
	state_off_t off;

	state_begin(&st);
	off = state_alloc(&st, sizeof(uint64_t));
	assert_true(off != 0);
	*STATE_PTR(&st, off, uint64_t) = value;
	assert_int_equal(state_commit(&st), 0);
	return off;
}

static uint64_t word_at(state_off_t off)
{
	return *STATE_PTR(&st, off, uint64_t);
}

static void new_region_is_formatted_and_found_again(void **state)
{
	assert_int_equal(state_root(&st), 0);
	assert_int_equal(state_used_bytes(&st), 0);
	assert_int_equal(state_size_bytes(&st), REGION_BYTES);
	test_reopen();
	assert_int_equal(state_root(&st), 0);
}

static void regions_that_hold_something_else_are_refused(void **state)
{
	struct state other;

	assert_int_equal(state_open(&other, region, STATE_MIN_BYTES - 8), -EINVAL);
	assert_int_equal(state_open(&other, (char *)region + 4, REGION_BYTES - 8), -EINVAL);
	region[0] ^= 1;
	assert_int_equal(state_open(&other, region, sizeof(region)), -EINVAL);
}

static void damaged_headers_are_refused(void **state)
{
	static uint64_t copy[REGION_BYTES / 8];
	struct state other;
	int i;

	for (i = 1; i < 7; i++) {
		memcpy(copy, region, sizeof(copy));
		copy[i] = UINT64_MAX;
		assert_int_equal(state_open(&other, copy, sizeof(copy)), -EINVAL);
	}
}

static void arena_smaller_than_it_was_is_refused(void **state)
{
	struct state other;

	assert_int_equal(state_open(&other, region, REGION_BYTES / 2), -EINVAL);
}

static void committed_changes_are_there_after_reopening_elsewhere(void **state)
{
	static uint64_t elsewhere[REGION_BYTES / 8];
	state_off_t off = committed_word(42);

	state_begin(&st);
	state_set_root(&st, off);
	assert_int_equal(state_commit(&st), 0);
	memcpy(elsewhere, region, sizeof(region));
	memset(region, 0xff, sizeof(region));
	assert_int_equal(state_open(&st, elsewhere, sizeof(elsewhere)), 1);
	assert_int_equal(state_root(&st), off);
	assert_int_equal(word_at(off), 42);
	assert_ptr_equal(state_at(&st, off), (char *)elsewhere + off);
	assert_int_equal(state_offset(&st, state_at(&st, off)), off);
}

static void aborted_changes_are_gone(void **state)
{
	state_off_t off = committed_word(42);
	uint64_t used = state_used_bytes(&st);

	state_begin(&st);
	STATE_SET(&st, STATE_PTR(&st, off, uint64_t), 43);
	STATE_SET(&st, STATE_PTR(&st, off, uint64_t), 44);
	assert_int_equal(word_at(off), 44);
	state_set_root(&st, off);
	assert_true(state_alloc(&st, 100) != 0);
	state_abort(&st);
	assert_int_equal(word_at(off), 42);
	assert_int_equal(state_root(&st), 0);
	assert_int_equal(state_used_bytes(&st), used);
	assert_int_equal(state_check(&st), 0);
}

static void death_inside_a_transaction_undoes_it(void **state)
{
	state_off_t off = committed_word(42);

	state_begin(&st);
	STATE_SET(&st, STATE_PTR(&st, off, uint64_t), 43);
	state_free(&st, off);
	test_reopen();
	assert_int_equal(word_at(off), 42);
}

static void block_freed_and_reused_around_an_abort_keeps_its_contents(void **state)
{
	state_off_t off = committed_word(42), other;

	state_begin(&st);
	state_free(&st, off);
	other = state_alloc(&st, sizeof(uint64_t));
	assert_true(other != off);
	*STATE_PTR(&st, other, uint64_t) = 7;
	state_abort(&st);
	assert_int_equal(word_at(off), 42);
	assert_int_equal(state_check(&st), 0);
}

static void free_list_survives_plain_stores_before_an_abort(void **state)
{
	state_off_t a = committed_word(1), b = committed_word(2), again;

	state_begin(&st);
	state_free(&st, a);
	state_free(&st, b);
	assert_int_equal(state_commit(&st), 0);
	state_begin(&st);
	again = state_alloc(&st, sizeof(uint64_t));
	assert_true(again == a || again == b);
	*STATE_PTR(&st, again, uint64_t) = UINT64_MAX;
	state_abort(&st);
	assert_int_equal(state_check(&st), 0);
}

static void freed_memory_is_used_again_and_zeroed(void **state)
{
	state_off_t off = committed_word(42);
	uint64_t used = state_used_bytes(&st);

	state_begin(&st);
	state_free(&st, off);
	assert_int_equal(state_commit(&st), 0);
	assert_int_equal(state_used_bytes(&st), 0);
	state_begin(&st);
	assert_int_equal(state_alloc(&st, sizeof(uint64_t)), off);
	assert_int_equal(word_at(off), 0);
	assert_int_equal(state_commit(&st), 0);
	assert_int_equal(state_used_bytes(&st), used);
}

static void block_allocated_and_freed_in_one_transaction_is_free(void **state)
{
	state_off_t off;

	state_begin(&st);
	off = state_alloc(&st, 500);
	memset(state_at(&st, off), 0xff, 500);
	state_free(&st, off);
	assert_int_equal(state_commit(&st), 0);
	assert_int_equal(state_used_bytes(&st), 0);
	assert_int_equal(state_check(&st), 0);
}

static void blocks_of_every_size_do_not_overlap(void **state)
{
	static state_off_t offs[400];
	size_t len, i;

	state_begin(&st);
	for (len = 0; len < 400; len++) {
		offs[len] = state_alloc(&st, len);
		assert_true(offs[len] != 0 && offs[len] % 8 == 0);
		memset(state_at(&st, offs[len]), (int)len, len);
	}
	assert_int_equal(state_commit(&st), 0);
	for (len = 0; len < 400; len++)
		for (i = 0; i < len; i++)
			assert_int_equal(STATE_PTR(&st, offs[len], uint8_t)[i], len & 0xff);
	assert_int_equal(state_check(&st), 0);
}

static void full_arena_gives_nothing_and_stays_whole(void **state)
{
	state_off_t off, last = 0;

	state_begin(&st);
	assert_int_equal(state_alloc(&st, REGION_BYTES), 0);
	assert_int_equal(state_alloc(&st, SIZE_MAX), 0);
	assert_int_equal(state_alloc(&st, SIZE_MAX / 2), 0);
	assert_int_equal(state_commit(&st), 0);
	do {
		state_begin(&st);
		off = state_alloc(&st, 10000);
		if (off)
			last = off;
		assert_int_equal(state_commit(&st), 0);
	} while (off);
	assert_int_equal(state_check(&st), 0);

	state_begin(&st);
	state_free(&st, last);
	assert_int_equal(state_commit(&st), 0);
	state_begin(&st);
	assert_int_equal(state_alloc(&st, 9000), last);
	state_abort(&st);
	assert_int_equal(state_check(&st), 0);
}

static uint64_t grow_region(void *ctx, uint64_t min_bytes)
{
	++*(int *)ctx;
	return min_bytes <= REGION_BYTES ? REGION_BYTES : 0;
}

static void full_arena_asks_its_owner_for_more(void **state)
{
	int asked = 0;

	memset(region, 0, sizeof(region));
	assert_int_equal(state_open(&st, region, STATE_MIN_BYTES), 0);
	state_on_full(&st, grow_region, &asked);
	state_begin(&st);
	assert_true(state_alloc(&st, 100000) != 0);
	assert_int_equal(asked, 1);
	assert_int_equal(state_alloc(&st, REGION_BYTES), 0);
	assert_int_equal(asked, 2);
	state_abort(&st);
	assert_int_equal(state_size_bytes(&st), REGION_BYTES);
	test_reopen();
}

static void region_found_larger_is_used_whole(void **state)
{
	memset(region, 0, sizeof(region));
	assert_int_equal(state_open(&st, region, STATE_MIN_BYTES), 0);
	test_reopen();
	assert_int_equal(state_size_bytes(&st), REGION_BYTES);
}

static void transaction_too_large_for_the_log_is_undone_at_commit(void **state)
{
	state_off_t off;
	int i;

	state_begin(&st);
	off = state_alloc(&st, 100000);
	assert_int_equal(state_commit(&st), 0);
	state_begin(&st);
	for (i = 0; i < 10000; i++)
		STATE_SET(&st, STATE_PTR(&st, off, uint64_t) + i, i + 1);
	assert_true(state_is_failed(&st));
	assert_int_equal(state_alloc(&st, 8), 0);
	state_free(&st, off);
	assert_int_equal(state_commit(&st), -ENOSPC);
	for (i = 0; i < 10000; i++)
		assert_int_equal(STATE_PTR(&st, off, uint64_t)[i], 0);
	assert_int_equal(state_check(&st), 0);
	committed_word(1);
}

static void many_stores_to_fresh_or_logged_memory_need_no_more_log(void **state)
{
	state_off_t off = committed_word(0), fresh;
	uint64_t i;

	state_begin(&st);
	fresh = state_alloc(&st, 1000);
	for (i = 0; i < 100000; i++) {
		STATE_SET(&st, STATE_PTR(&st, off, uint64_t), i);
		STATE_SET(&st, STATE_PTR(&st, fresh, uint64_t) + i % 100, i);
	}
	assert_int_equal(state_commit(&st), 0);
	assert_int_equal(word_at(off), 99999);
}

static void list_keeps_order_through_changes_and_aborts(void **state)
{
	state_off_t head, nodes[3], pos;
	int i;

	state_begin(&st);
	head = state_alloc(&st, sizeof(struct state_list_node));
	state_list_init(&st, head);
	assert_true(state_list_is_empty(&st, head));
	for (i = 0; i < 3; i++) {
		nodes[i] = state_alloc(&st, sizeof(struct state_list_node));
		state_list_add_tail(&st, nodes[i], head);
	}
	assert_int_equal(state_commit(&st), 0);

	state_begin(&st);
	state_list_del(&st, nodes[1]);
	state_list_del(&st, nodes[1]);
	state_list_del(&st, nodes[0]);
	state_abort(&st);
	i = 0;
	STATE_LIST_FOR_EACH(pos, &st, head)
		assert_int_equal(pos, nodes[i++]);
	assert_int_equal(i, 3);

	state_begin(&st);
	state_list_del(&st, nodes[1]);
	assert_int_equal(state_commit(&st), 0);
	assert_int_equal(state_list_next(&st, nodes[0]), nodes[2]);
	assert_true(state_list_is_empty(&st, nodes[1]));
}

#define TEST(name) cmocka_unit_test_setup(name, test_open_new)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_region_is_formatted_and_found_again),
		TEST(regions_that_hold_something_else_are_refused),
		TEST(damaged_headers_are_refused),
		TEST(arena_smaller_than_it_was_is_refused),
		TEST(committed_changes_are_there_after_reopening_elsewhere),
		TEST(aborted_changes_are_gone),
		TEST(death_inside_a_transaction_undoes_it),
		TEST(block_freed_and_reused_around_an_abort_keeps_its_contents),
		TEST(free_list_survives_plain_stores_before_an_abort),
		TEST(freed_memory_is_used_again_and_zeroed),
		TEST(block_allocated_and_freed_in_one_transaction_is_free),
		TEST(blocks_of_every_size_do_not_overlap),
		TEST(full_arena_gives_nothing_and_stays_whole),
		TEST(full_arena_asks_its_owner_for_more),
		TEST(region_found_larger_is_used_whole),
		TEST(transaction_too_large_for_the_log_is_undone_at_commit),
		TEST(many_stores_to_fresh_or_logged_memory_need_no_more_log),
		TEST(list_keeps_order_through_changes_and_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
