/* kernel/mm/test/test_frame.c: the frame allocator's promises. */
#include "machine.h"

static struct frame *held[MACHINE_FRAMES];
static unsigned nheld;

static unsigned take_all(unsigned flags)
{
	unsigned before = nheld;

	while ((held[nheld] = frame_alloc(0, flags)))
		nheld++;
	return nheld - before;
}

static void put_all(void)
{
	while (nheld)
		frame_put(held[--nheld]);
}

static void an_allocated_frame_has_one_reference_and_is_zeroed_on_request(void **state)
{
	struct frame *f = frame_alloc(0, 0);

	memset(frame_virt(f), 0xff, PAGE_SIZE);
	assert_int_equal(f->refcount, 1);
	frame_put(f);
	for (unsigned i = 0; i < 200; i++) {
		f = frame_alloc(0, FRAME_ZERO);
		for (unsigned at = 0; at < PAGE_SIZE; at++)
			assert_int_equal(((char *)frame_virt(f))[at], 0);
		memset(frame_virt(f), 0xff, PAGE_SIZE);
		frame_put(f);
	}
}

static void a_frame_lives_until_the_last_reference_goes(void **state)
{
	uint64_t before = frames_free();
	struct frame *f = frame_alloc(0, 0);

	frame_get(f);
	frame_put(f);
	assert_int_equal(frames_free(), before - 1);
	frame_put(f);
	assert_int_equal(frames_free(), before);
}

static void the_reserve_is_kept_for_those_who_free_memory(void **state)
{
	unsigned ordinary, atomic, reserve;

	machine_wait_result = false;
	ordinary = take_all(0);
	atomic = take_all(FRAME_NO_RECLAIM);
	reserve = take_all(FRAME_RESERVE | FRAME_NO_RECLAIM);
	assert_true(ordinary > 0);
	assert_true(atomic > 0);
	assert_true(reserve > 0);
	assert_int_equal(frames_free(), 0);
	put_all();
}

static void an_allocation_that_may_sleep_waits_for_reclaim(void **state)
{
	machine_wait_result = false;
	machine_waits = 0;
	take_all(FRAME_NO_RECLAIM);
	assert_int_equal(machine_waits, 0);
	assert_null(frame_alloc(0, 0));
	assert_int_equal(machine_waits, 1);
	put_all();
}

static void blocks_are_contiguous_and_come_back_whole(void **state)
{
	uint64_t before = frames_free();
	struct frame *f = frame_alloc(4, FRAME_ZERO);

	assert_non_null(f);
	assert_int_equal(frame_number(f) % 16, 0);
	assert_int_equal(frames_free(), before - 16);
	frame_put(f);
	assert_int_equal(frames_free(), before);
}

static void the_fault_point_makes_an_allocation_fail(void **state)
{
	fake_fault_after[FAULT_ALLOC_FRAME] = 1;
	held[nheld++] = frame_alloc(0, 0);
	assert_null(frame_alloc(0, 0));
	fake_fault_after[FAULT_ALLOC_FRAME] = -1;
	put_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_allocated_frame_has_one_reference_and_is_zeroed_on_request),
		cmocka_unit_test(a_frame_lives_until_the_last_reference_goes),
		cmocka_unit_test(the_reserve_is_kept_for_those_who_free_memory),
		cmocka_unit_test(an_allocation_that_may_sleep_waits_for_reclaim),
		cmocka_unit_test(blocks_are_contiguous_and_come_back_whole),
		cmocka_unit_test(the_fault_point_makes_an_allocation_fail),
	};

	return cmocka_run_group_tests(tests, machine_setup, NULL);
}
