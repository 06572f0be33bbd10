/* kernel/mm/test/test_heap.c: the heap, with its debug checks. */
#include "machine.h"

#include <stdio.h>

HEAP_CACHE(small_cache, "test-small", 40);
HEAP_CACHE(large_cache, "test-large", 1500);

static void objects_are_zeroed_and_disjoint(void **state)
{
	unsigned char *objects[1000];

	for (unsigned i = 0; i < 1000; i++) {
		objects[i] = heap_cache_alloc(&small_cache, 0);
		for (unsigned at = 0; at < 40; at++)
			assert_int_equal(objects[i][at], 0);
		memset(objects[i], (int)i, 40);
	}
	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned at = 0; at < 40; at++)
			assert_int_equal(objects[i][at], i & 0xff);
		heap_cache_free(&small_cache, objects[i]);
	}
}

static void every_size_to_four_mebibytes_works(void **state)
{
	for (size_t bytes = 1; bytes <= 4ul << 20; bytes += bytes / 3 + 1) {
		char *p = kmalloc(bytes, 0);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 0xee, bytes);
		kfree(p);
	}
	assert_null(kmalloc((4ul << 20) + 1, 0));
	kfree(NULL);
}

static void null_is_returned_when_frames_run_out(void **state)
{
	static void *blocks[8];
	unsigned n = 0;

	machine_wait_result = false;
	while (n < 8 && (blocks[n] = kmalloc(4ul << 20, HEAP_ATOMIC)))
		n++;
	assert_true(n < 8);
	while (n)
		kfree(blocks[--n]);
}

static void the_fault_point_makes_an_allocation_fail(void **state)
{
	fake_fault_after[FAULT_ALLOC_HEAP] = 0;
	assert_null(kmalloc(10, 0));
	fake_fault_after[FAULT_ALLOC_HEAP] = -1;
}

static void freeing_twice_panics(void **state)
{
	void *p = heap_cache_alloc(&large_cache, 0);

	heap_cache_free(&large_cache, p);
	expect_assert_failure(heap_cache_free(&large_cache, p));
}

static void writing_past_the_end_panics_when_freed(void **state)
{
	char *p = kmalloc(64, 0);

	memset(p, 1, 64 + 16);
	expect_assert_failure(kfree(p));
}

static void writing_after_free_panics_when_reused(void **state)
{
	char *p = heap_cache_alloc(&large_cache, 0);

	heap_cache_free(&large_cache, p);
	p[100] = 1;
	/* The object leaves the quarantine once enough others were freed after it. */
	for (unsigned i = 0; i < 600; i++)
		kfree(kmalloc(64, 0));
	expect_assert_failure({
		for (unsigned i = 0; i < 200; i++)
			heap_cache_alloc(&large_cache, 0);
	});
}

struct found { const char *name; uint64_t live; bool seen; };

static void look_for(const char *name, uint32_t size, uint64_t live, void *ctx)
{
	struct found *f = ctx;

	if (!strcmp(name, f->name)) {
		f->seen = true;
		f->live = live;
	}
}

static void a_named_cache_reports_what_is_live(void **state)
{
	struct found before = { .name = "test-small" }, after = before;
	void *p, *q;

	p = heap_cache_alloc(&small_cache, 0);
	heap_for_each_cache(look_for, &before);
	q = heap_cache_alloc(&small_cache, 0);
	heap_for_each_cache(look_for, &after);
	assert_true(before.seen && after.seen);
	assert_int_equal(after.live, before.live + 1);
	heap_cache_free(&small_cache, p);
	heap_cache_free(&small_cache, q);
}

static void a_string_is_copied_with_its_end(void **state)
{
	char *s = kstrdup("albireo");

	assert_string_equal(s, "albireo");
	kfree(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_zeroed_and_disjoint),
		cmocka_unit_test(every_size_to_four_mebibytes_works),
		cmocka_unit_test(null_is_returned_when_frames_run_out),
		cmocka_unit_test(the_fault_point_makes_an_allocation_fail),
		cmocka_unit_test(a_named_cache_reports_what_is_live),
		cmocka_unit_test(a_string_is_copied_with_its_end),
		cmocka_unit_test(freeing_twice_panics),
		cmocka_unit_test(writing_past_the_end_panics_when_freed),
		cmocka_unit_test(writing_after_free_panics_when_reused),
	};

	return cmocka_run_group_tests(tests, machine_setup, NULL);
}
