/* kernel/mm/test/test_writeback.c: which dirty bytes are written back together. */
#include "machine.h"

#include <stdlib.h>

#include "../src/object_internal.h"
#include "../src/writeback.h"

static struct mm_object object;
static struct frame frames[512];
static struct writeback_run run;

static void *tree_alloc(void *ctx, size_t bytes) { return malloc(bytes); }
static void tree_free(void *ctx, void *p) { free(p); }
static const struct ds_alloc_ops ops = { tree_alloc, tree_free };

static int setup(void **state)
{
	memset(&object, 0, sizeof(object));
	memset(frames, 0, sizeof(frames));
	radix_init(&object.pages, &ops, NULL);
	object.size_bytes = ARRAY_SIZE(frames) * PAGE_SIZE;
	return 0;
}

static int teardown(void **state)
{
	radix_destroy(&object.pages);
	return 0;
}

static struct frame *dirty(uint64_t index, unsigned from, unsigned to)
{
	struct frame *f = &frames[index];

	f->index = index;
	f->flags = FRAME_UPTODATE | FRAME_DIRTY;
	f->dirty_from = (uint16_t)from;
	f->dirty_to = (uint16_t)to;
	assert_int_equal(radix_insert(&object.pages, index, f), 0);
	radix_tag_set(&object.pages, index);
	return f;
}

static void a_clean_object_has_no_run(void **state)
{
	assert_false(writeback_find_run(&object, 0, ~0ull, &run));
}

static void bytes_of_one_page_go_out_exactly(void **state)
{
	dirty(3, 100, 200);
	assert_true(writeback_find_run(&object, 0, ~0ull, &run));
	assert_int_equal(run.offset, 3 * PAGE_SIZE + 100);
	assert_int_equal(run.len, 100);
	assert_int_equal(run.npages, 1);
}

static void pages_without_a_clean_byte_between_are_one_run(void **state)
{
	dirty(3, 100, PAGE_SIZE);
	dirty(4, 0, PAGE_SIZE);
	dirty(5, 0, 10);
	dirty(6, 0, 10);
	assert_true(writeback_find_run(&object, 0, ~0ull, &run));
	assert_int_equal(run.offset, 3 * PAGE_SIZE + 100);
	assert_int_equal(run.len, 2 * PAGE_SIZE - 100 + 10);
	assert_int_equal(run.npages, 3);
	assert_true(writeback_find_run(&object, 6, ~0ull, &run));
	assert_int_equal(run.offset, 6 * PAGE_SIZE);
}

static void a_page_in_write_back_ends_a_run_and_starts_none(void **state)
{
	dirty(0, 0, PAGE_SIZE);
	dirty(1, 0, PAGE_SIZE)->flags |= FRAME_WRITEBACK;
	dirty(2, 0, PAGE_SIZE);
	assert_true(writeback_find_run(&object, 0, ~0ull, &run));
	assert_int_equal(run.npages, 1);
	assert_true(writeback_find_run(&object, 1, ~0ull, &run));
	assert_int_equal(run.first, 2);
}

static void a_run_is_clipped_to_the_size_of_the_object(void **state)
{
	object.size_bytes = 2 * PAGE_SIZE + 5;
	dirty(1, 0, PAGE_SIZE);
	dirty(2, 0, PAGE_SIZE);
	assert_true(writeback_find_run(&object, 0, ~0ull, &run));
	assert_int_equal(run.len, PAGE_SIZE + 5);
	object.size_bytes = PAGE_SIZE;
	assert_true(writeback_find_run(&object, 0, ~0ull, &run));
	assert_int_equal(run.len, 0);
}

static void a_run_stays_in_the_range_asked_for(void **state)
{
	for (uint64_t i = 0; i < 10; i++)
		dirty(i, 0, PAGE_SIZE);
	assert_true(writeback_find_run(&object, 2, 4, &run));
	assert_int_equal(run.first, 2);
	assert_int_equal(run.npages, 3);
}

static void a_run_is_no_longer_than_a_request(void **state)
{
	for (uint64_t i = 0; i < 300; i++)
		dirty(i, 0, PAGE_SIZE);
	assert_true(writeback_find_run(&object, 0, ~0ull, &run));
	assert_int_equal(run.npages, WRITEBACK_RUN);
	assert_int_equal(run.len, WRITEBACK_RUN * PAGE_SIZE);
	assert_true(writeback_find_run(&object, run.first + run.npages, ~0ull, &run));
	assert_int_equal(run.first, WRITEBACK_RUN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_clean_object_has_no_run, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_of_one_page_go_out_exactly, setup, teardown),
		cmocka_unit_test_setup_teardown(pages_without_a_clean_byte_between_are_one_run, setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_in_write_back_ends_a_run_and_starts_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_run_is_clipped_to_the_size_of_the_object, setup, teardown),
		cmocka_unit_test_setup_teardown(a_run_stays_in_the_range_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(a_run_is_no_longer_than_a_request, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
