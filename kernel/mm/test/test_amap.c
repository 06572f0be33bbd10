/* kernel/mm/test/test_amap.c: private pages, shared and copied. */
#include "machine.h"

#include "../src/amap.h"

static struct frame *page(void)
{
	return frame_alloc(0, 0);
}

static struct mm_amap *with_pages(uint64_t first, unsigned n)
{
	struct mm_amap *a = amap_create();

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(amap_insert(a, first + i, page()), 0);
	return a;
}

static void a_page_is_found_where_it_was_put(void **state)
{
	const uint64_t indices[] = { 0, 31, 32, 1000, 1ull << 35, (1ull << 35) + 1 };
	struct frame *frames[ARRAY_SIZE(indices)];
	struct mm_amap *a = amap_create();

	for (unsigned i = 0; i < ARRAY_SIZE(indices); i++) {
		frames[i] = page();
		assert_int_equal(amap_insert(a, indices[i], frames[i]), 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(indices); i++)
		assert_ptr_equal(amap_lookup(a, indices[i]), frames[i]);
	assert_null(amap_lookup(a, 33));
	assert_null(amap_lookup(a, 1ull << 40));
	assert_int_equal(a->npages, ARRAY_SIZE(indices));
	amap_put(a);
}

static void the_last_reference_frees_the_pages(void **state)
{
	uint64_t before = frames_free();
	struct mm_amap *a = with_pages(100, 50);

	amap_get(a);
	amap_put(a);
	assert_non_null(amap_lookup(a, 149));
	amap_put(a);
	/* Slabs stay; the pages are back. */
	assert_true(frames_free() + 8 >= before);
}

static void removing_a_range_leaves_its_neighbours(void **state)
{
	struct mm_amap *a = with_pages(20, 100);

	amap_remove(a, 30, 95);
	for (uint64_t i = 20; i < 120; i++)
		assert_int_equal(amap_lookup(a, i) != NULL, i < 30 || i >= 95);
	assert_int_equal(a->npages, 35);
	assert_int_equal(amap_count(a, 0, 30), 10);
	assert_int_equal(amap_count(a, 29, 96), 2);
	amap_put(a);
}

static void a_copy_shares_the_frames_of_its_range(void **state)
{
	struct mm_amap *a = with_pages(0, 64), *b = amap_copy(a, 10, 40);

	assert_int_equal(b->npages, 30);
	assert_null(amap_lookup(b, 9));
	assert_ptr_equal(amap_lookup(b, 10), amap_lookup(a, 10));
	assert_false(amap_frame_is_exclusive(amap_lookup(a, 10)));
	assert_true(amap_frame_is_exclusive(amap_lookup(a, 9)));
	amap_put(a);
	assert_true(amap_frame_is_exclusive(amap_lookup(b, 39)));
	amap_put(b);
}

static void a_page_under_io_still_counts_as_exclusive(void **state)
{
	struct mm_amap *a = with_pages(0, 1);
	struct frame *f = amap_lookup(a, 0);

	frame_get(f);
	f->pins++;
	assert_true(amap_frame_is_exclusive(f));
	f->pins--;
	frame_put(f);
	amap_put(a);
}

static void replacing_a_page_gives_the_old_one_back(void **state)
{
	struct mm_amap *a = with_pages(5, 1);
	struct frame *old = amap_lookup(a, 5), *f = page();

	assert_ptr_equal(amap_replace(a, 5, f), old);
	assert_ptr_equal(amap_lookup(a, 5), f);
	assert_int_equal(a->npages, 1);
	frame_put(old);
	amap_put(a);
}

static void a_failed_copy_leaves_nothing_behind(void **state)
{
	struct mm_amap *a = with_pages(0, 200);

	for (int n = 0; n < 5; n++) {
		fake_fault_after[FAULT_ALLOC_HEAP] = n;
		assert_null(amap_copy(a, 0, 200));
	}
	fake_fault_after[FAULT_ALLOC_HEAP] = -1;
	for (unsigned i = 0; i < 200; i++)
		assert_true(amap_frame_is_exclusive(amap_lookup(a, i)));
	amap_put(a);
}

static void runs_end_at_chunks_and_pages(void **state)
{
	struct mm_amap *a = with_pages(20, 30);
	struct frame *pages[14];

	assert_int_equal(amap_run_below(a, 50), 30);
	assert_int_equal(amap_run_below(a, 64), 0);
	assert_int_equal(amap_run_below(a, 32), 12);
	assert_int_equal(amap_run_below(a, 0), 0);
	assert_int_equal(amap_run_empty(a, 50, 100), 14);
	assert_int_equal(amap_run_empty(a, 50, 5), 5);
	assert_int_equal(amap_run_empty(a, 3, 100), 17);
	assert_int_equal(amap_run_empty(a, 21, 100), 0);
	assert_int_equal(amap_run_empty(a, 640, 100), 32);
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = page();
	assert_int_equal(amap_insert_run(a, 50, pages, ARRAY_SIZE(pages)), 0);
	assert_ptr_equal(amap_lookup(a, 50), pages[0]);
	assert_ptr_equal(amap_lookup(a, 63), pages[13]);
	/* Of a long run only the chunk before is counted. */
	assert_int_equal(amap_run_below(a, 64), 32);
	assert_int_equal(a->npages, 44);
	amap_put(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_found_where_it_was_put),
		cmocka_unit_test(the_last_reference_frees_the_pages),
		cmocka_unit_test(removing_a_range_leaves_its_neighbours),
		cmocka_unit_test(a_copy_shares_the_frames_of_its_range),
		cmocka_unit_test(a_page_under_io_still_counts_as_exclusive),
		cmocka_unit_test(replacing_a_page_gives_the_old_one_back),
		cmocka_unit_test(a_failed_copy_leaves_nothing_behind),
		cmocka_unit_test(runs_end_at_chunks_and_pages),
	};

	return cmocka_run_group_tests(tests, machine_setup, NULL);
}
