/* kernel/mm/test/test_area.c: areas split, merge and leave gaps that are found again. */
#include "machine.h"

#include "../src/amap.h"
#include "../src/area.h"

#define PAGE PAGE_SIZE
#define BASE 0x10000000ull

/* Areas without objects are what these tests make. */
void mm_object_get(struct mm_object *obj) { }
void mm_object_put(struct mm_object *obj) { }

static struct mm_space space;

static int setup(void **state)
{
	memset(&space, 0, sizeof(space));
	return 0;
}

static int teardown(void **state)
{
	struct mm_area *a;

	while ((a = area_first(&space))) {
		area_remove(a);
		area_free(a);
	}
	assert_int_equal(space.total_bytes, 0);
	assert_int_equal(space.data_bytes, 0);
	return 0;
}

static struct mm_area *add(uint64_t start, uint64_t npages, uint32_t prot)
{
	struct mm_area *a = area_alloc();

	a->start = start;
	a->end = start + npages * PAGE;
	a->prot = prot;
	a->max_prot = MM_READ | MM_WRITE | MM_EXEC;
	a->amap_offset = start >> PAGE_SHIFT;
	area_insert(&space, a);
	return a;
}

static void give_page(struct mm_area *a, uint64_t address)
{
	if (!a->amap)
		a->amap = amap_create();
	assert_int_equal(amap_insert(a->amap, area_amap_index(a, address), frame_alloc(0, 0)), 0);
}

static unsigned count_areas(void)
{
	unsigned n = 0;

	for (struct mm_area *a = area_first(&space); a; a = area_next(a))
		n++;
	return n;
}

static void an_address_finds_its_area_or_the_one_above(void **state)
{
	struct mm_area *a = add(BASE, 2, MM_READ), *b = add(BASE + 8 * PAGE, 1, MM_READ);

	assert_ptr_equal(area_find(&space, 0), a);
	assert_ptr_equal(area_find(&space, BASE + PAGE), a);
	assert_ptr_equal(area_find(&space, BASE + 2 * PAGE), b);
	assert_null(area_find(&space, BASE + 9 * PAGE));
	assert_null(area_find_overlap(&space, BASE + 2 * PAGE, BASE + 8 * PAGE));
	assert_ptr_equal(area_find_overlap(&space, BASE + 2 * PAGE, BASE + 8 * PAGE + 1), b);
}

static void a_split_keeps_each_page_with_its_address(void **state)
{
	struct mm_area *a = add(BASE, 10, MM_READ | MM_WRITE), *upper;
	struct frame *f;

	give_page(a, BASE + 7 * PAGE);
	f = amap_lookup(a->amap, area_amap_index(a, BASE + 7 * PAGE));
	assert_int_equal(area_split(a, BASE + 4 * PAGE, &upper), 0);
	assert_int_equal(a->end, BASE + 4 * PAGE);
	assert_int_equal(upper->start, BASE + 4 * PAGE);
	assert_ptr_equal(amap_lookup(upper->amap, area_amap_index(upper, BASE + 7 * PAGE)), f);
	assert_int_equal(space.total_bytes, 10 * PAGE);
}

static void a_split_divides_the_file_bytes(void **state)
{
	struct mm_area *a = add(BASE, 10, MM_READ), *upper;

	a->file_bytes_end = BASE + 6 * PAGE + 100;
	assert_int_equal(area_split(a, BASE + 4 * PAGE, &upper), 0);
	assert_int_equal(a->file_bytes_end, 0);
	assert_int_equal(upper->file_bytes_end, BASE + 6 * PAGE + 100);
	assert_int_equal(area_split(upper, BASE + 8 * PAGE, &a), 0);
	assert_int_equal(upper->file_bytes_end, BASE + 6 * PAGE + 100);
	assert_int_equal(a->file_bytes_end, BASE + 8 * PAGE);
}

static void what_was_split_merges_again(void **state)
{
	struct mm_area *a = add(BASE, 10, MM_READ | MM_WRITE), *upper;

	give_page(a, BASE + 7 * PAGE);
	assert_int_equal(area_split(a, BASE + 4 * PAGE, &upper), 0);
	area_merge_up(a);
	assert_int_equal(count_areas(), 1);
	assert_int_equal(a->end, BASE + 10 * PAGE);
	assert_non_null(amap_lookup(a->amap, area_amap_index(a, BASE + 7 * PAGE)));
	assert_int_equal(refcount_read(&a->amap->refs), 1);
}

static void neighbours_with_different_rights_stay_apart(void **state)
{
	struct mm_area *a = add(BASE, 1, MM_READ);

	add(BASE + PAGE, 1, MM_READ | MM_WRITE);
	area_merge_up(a);
	assert_int_equal(count_areas(), 2);
}

static void fresh_memory_below_merges_into_an_area_with_pages(void **state)
{
	struct mm_area *upper = add(BASE + 4 * PAGE, 4, MM_READ | MM_WRITE), *lower;
	struct frame *f;

	give_page(upper, BASE + 5 * PAGE);
	f = amap_lookup(upper->amap, area_amap_index(upper, BASE + 5 * PAGE));
	lower = add(BASE, 4, MM_READ | MM_WRITE);
	area_merge_up(lower);
	assert_int_equal(count_areas(), 1);
	assert_ptr_equal(amap_lookup(lower->amap, area_amap_index(lower, BASE + 5 * PAGE)), f);
}

static void areas_with_pages_of_two_amaps_merge_into_the_lower(void **state)
{
	struct mm_area *a = add(BASE, 1, MM_READ), *b = add(BASE + PAGE, 40, MM_READ);
	struct frame *f;

	b->amap_offset = 7;
	give_page(a, BASE);
	give_page(b, BASE + 39 * PAGE);
	f = amap_lookup(b->amap, area_amap_index(b, BASE + 39 * PAGE));
	area_merge_up(a);
	assert_int_equal(count_areas(), 1);
	assert_int_equal(a->amap->npages, 2);
	assert_ptr_equal(amap_lookup(a->amap, area_amap_index(a, BASE + 39 * PAGE)), f);
	assert_int_equal(f->refcount, 1);
}

static void areas_whose_amap_a_fork_shares_do_not_merge(void **state)
{
	struct mm_area *a = add(BASE, 1, MM_READ), *b = add(BASE + PAGE, 1, MM_READ), *child;

	give_page(a, BASE);
	give_page(b, BASE + PAGE);
	child = area_clone(b);
	a->needs_copy = b->needs_copy = true;
	area_merge_up(a);
	assert_int_equal(count_areas(), 2);
	area_free(child);
}

static void an_unshared_area_has_pages_that_no_other_space_sees(void **state)
{
	struct mm_area *a = add(BASE, 8, MM_READ | MM_WRITE), *child;

	give_page(a, BASE + 3 * PAGE);
	child = area_clone(a);
	a->needs_copy = child->needs_copy = true;
	assert_int_equal(area_unshare(a), 0);
	assert_false(a->needs_copy);
	assert_ptr_not_equal(a->amap, child->amap);
	assert_ptr_equal(amap_lookup(a->amap, area_amap_index(a, BASE + 3 * PAGE)),
			 amap_lookup(child->amap, area_amap_index(child, BASE + 3 * PAGE)));
	/* The other is the only one left: nothing to copy. */
	assert_int_equal(area_unshare(child), 0);
	assert_int_equal(refcount_read(&child->amap->refs), 1);
	area_free(child);
}

static void the_last_user_of_a_shared_amap_drops_what_others_left(void **state)
{
	struct mm_area *a = add(BASE, 8, MM_READ | MM_WRITE), *upper, *child;

	give_page(a, BASE);
	give_page(a, BASE + 6 * PAGE);
	child = area_clone(a);
	a->needs_copy = true;
	assert_int_equal(area_split(a, BASE + 4 * PAGE, &upper), 0);
	area_free(child);
	assert_int_equal(area_unshare(a), 0);
	assert_int_equal(area_unshare(upper), 0);
	assert_int_equal(upper->amap->npages, 1);
	assert_true(amap_frame_is_exclusive(amap_lookup(a->amap, area_amap_index(a, BASE))));
}

static void a_moved_area_shares_its_amap_with_nobody(void **state)
{
	struct mm_area *a = add(BASE, 8, MM_READ | MM_WRITE), *upper;

	give_page(a, BASE);
	give_page(a, BASE + 6 * PAGE);
	assert_int_equal(area_split(a, BASE + 4 * PAGE, &upper), 0);
	assert_int_equal(area_own_amap(upper), 0);
	assert_int_equal(a->amap->npages, 1);
	assert_int_equal(upper->amap->npages, 1);
	assert_true(amap_frame_is_exclusive(amap_lookup(upper->amap, area_amap_index(upper, BASE + 6 * PAGE))));
}

static void the_highest_gap_that_fits_is_found(void **state)
{
	add(BASE, 1, MM_READ);
	add(BASE + 11 * PAGE, 1, MM_READ);	/* 10 free below */
	add(BASE + 15 * PAGE, 1, MM_READ);	/* 3 free below */

	assert_int_equal(area_find_free(&space, 3 * PAGE, PAGE, BASE, BASE + 16 * PAGE), BASE + 12 * PAGE);
	assert_int_equal(area_find_free(&space, 4 * PAGE, PAGE, BASE, BASE + 16 * PAGE), BASE + 7 * PAGE);
	assert_int_equal(area_find_free(&space, 4 * PAGE, 4 * PAGE, BASE, BASE + 16 * PAGE), BASE + 4 * PAGE);
	assert_int_equal(area_find_free(&space, 11 * PAGE, PAGE, BASE, BASE + 16 * PAGE), 0);
	assert_int_equal(area_find_free(&space, 11 * PAGE, PAGE, BASE, BASE + 27 * PAGE), BASE + 16 * PAGE);
	assert_int_equal(area_find_free(&space, 3 * PAGE, PAGE, BASE, BASE + 14 * PAGE), BASE + 8 * PAGE);
}

static void the_guard_below_a_stack_is_never_handed_out(void **state)
{
	struct mm_area *stack = area_alloc();
	uint64_t at;

	stack->start = BASE + (4ull << 20);
	stack->end = stack->start + PAGE;
	stack->prot = MM_READ | MM_WRITE;
	stack->flags = MM_AREA_GROWSDOWN | MM_AREA_STACK;
	area_insert(&space, stack);
	at = area_find_free(&space, PAGE, PAGE, BASE, stack->end);
	assert_int_equal(at, stack->start - AREA_STACK_GUARD - PAGE);
}

/* The slow truth: is [start, start + bytes) free? */
static bool is_free(uint64_t start, uint64_t bytes)
{
	for (struct mm_area *a = area_first(&space); a; a = area_next(a)) {
		if (a->start < start + bytes && start < a->end)
			return false;
	}
	return true;
}

static uint64_t slow_find_free(uint64_t bytes, uint64_t low, uint64_t high)
{
	for (uint64_t start = high - bytes; start >= low; start -= PAGE) {
		if (is_free(start, bytes))
			return start;
	}
	return 0;
}

static void random_maps_agree_with_a_slow_search(void **state)
{
	const uint64_t high = BASE + 400 * PAGE;
	uint64_t seed = 7;

	for (unsigned i = 0; i < 1500; i++) {
		uint64_t npages = 1 + test_random(&seed) % 9;
		uint64_t at = area_find_free(&space, npages * PAGE, PAGE, BASE, high);
		struct mm_area *a, *upper;

		assert_int_equal(at, slow_find_free(npages * PAGE, BASE, high));
		if (at && test_random(&seed) % 3)
			add(at, npages, 1 + test_random(&seed) % 3);
		a = area_find(&space, BASE + test_random(&seed) % 400 * PAGE);
		if (!a)
			continue;
		switch (test_random(&seed) % 4) {
		case 0:
			area_remove(a);
			area_free(a);
			break;
		case 1:
			if (area_bytes(a) > PAGE)
				assert_int_equal(area_split(a, a->start + PAGE, &upper), 0);
			break;
		case 2:
			area_merge_up(a);
			break;
		default:
			if (area_bytes(a) > PAGE)
				area_resize(a, a->start + PAGE, a->end);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_address_finds_its_area_or_the_one_above, setup, teardown),
		cmocka_unit_test_setup_teardown(a_split_keeps_each_page_with_its_address, setup, teardown),
		cmocka_unit_test_setup_teardown(a_split_divides_the_file_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_split_merges_again, setup, teardown),
		cmocka_unit_test_setup_teardown(neighbours_with_different_rights_stay_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(fresh_memory_below_merges_into_an_area_with_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(areas_with_pages_of_two_amaps_merge_into_the_lower, setup, teardown),
		cmocka_unit_test_setup_teardown(areas_whose_amap_a_fork_shares_do_not_merge, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unshared_area_has_pages_that_no_other_space_sees, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_user_of_a_shared_amap_drops_what_others_left, setup, teardown),
		cmocka_unit_test_setup_teardown(a_moved_area_shares_its_amap_with_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(the_highest_gap_that_fits_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(the_guard_below_a_stack_is_never_handed_out, setup, teardown),
		cmocka_unit_test_setup_teardown(random_maps_agree_with_a_slow_search, setup, teardown),
	};

	return cmocka_run_group_tests(tests, machine_setup, NULL);
}
