/* kernel/ps/test/test_layout.c: layouts that must never reach the mapping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layout.h"

static struct image_layout good;

static int set_up(void **state)
{
	good = (struct image_layout){
		.kind = IMAGE_ELF_STATIC, .nsegments = 2, .entry = 0x401000, .lowest_vaddr = 0x400000, .span_bytes = 0x4000,
		.brk_vaddr = 0x403800, .base_align = 4096,
		.segments = {
			{ .vaddr = 0x400000, .mem_bytes = 0x2000, .file_bytes = 0x1800, .prot = IMAGE_PROT_READ },
			{ .vaddr = 0x402000, .mem_bytes = 0x2000, .file_offset = 0x1000, .file_bytes = 0x10,
			  .prot = IMAGE_PROT_READ | IMAGE_PROT_WRITE },
		},
	};
	return 0;
}

static void an_ordinary_layout_is_sane(void **state)
{
	assert_true(layout_is_sane(&good));
}

static void a_count_of_segments_out_of_range_is_refused(void **state)
{
	good.nsegments = 0;
	assert_false(layout_is_sane(&good));
	good.nsegments = IMAGE_MAX_SEGMENTS + 1;
	assert_false(layout_is_sane(&good));
}

static void a_segment_off_its_page_is_refused(void **state)
{
	good.segments[1].vaddr++;
	assert_false(layout_is_sane(&good));
}

static void a_segment_beyond_user_memory_is_refused(void **state)
{
	good.segments[1].mem_bytes = ~0xfffull;
	assert_false(layout_is_sane(&good));
}

static void a_segment_outside_of_the_span_is_refused(void **state)
{
	good.segments[1].vaddr += 0x1000;
	assert_false(layout_is_sane(&good));
	good.segments[1].vaddr = 0x1000;
	assert_false(layout_is_sane(&good));
}

static void more_file_than_memory_is_refused(void **state)
{
	good.segments[0].file_bytes = 0x2001;
	assert_false(layout_is_sane(&good));
}

static void an_alignment_that_is_no_power_of_two_is_refused(void **state)
{
	good.base_align = 4096 * 3;
	assert_false(layout_is_sane(&good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_ordinary_layout_is_sane, set_up),
		cmocka_unit_test_setup(a_count_of_segments_out_of_range_is_refused, set_up),
		cmocka_unit_test_setup(a_segment_off_its_page_is_refused, set_up),
		cmocka_unit_test_setup(a_segment_beyond_user_memory_is_refused, set_up),
		cmocka_unit_test_setup(a_segment_outside_of_the_span_is_refused, set_up),
		cmocka_unit_test_setup(more_file_than_memory_is_refused, set_up),
		cmocka_unit_test_setup(an_alignment_that_is_no_power_of_two_is_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
