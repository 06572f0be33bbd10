#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <console/font.h>

#define GLYPHS 3

/* 3 glyphs of 9 by 2 pixels; '?' and U+00E9 are the second, 'a' the third; sequences are passed over. */
static const uint8_t psf2[] = {
	0x72, 0xb5, 0x4a, 0x86, 0, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, GLYPHS, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0,
	0x00, 0x00, 0x00, 0x00, 0xff, 0x80, 0x01, 0x00, 0x80, 0x00, 0x00, 0x80,
	' ', 0xff, '?', 0xc3, 0xa9, 0xff, 'a', 0xfe, 'b', 0xcc, 0x81, 0xff,
};

static struct font *font;

static int release(void **state)
{
	font_free(font);
	font = NULL;
	return 0;
}

static void glyphs_are_found_by_their_characters(void **state)
{
	assert_int_equal(font_parse(psf2, sizeof(psf2), &font), 0);
	assert_int_equal(font_width(font), 9);
	assert_int_equal(font_height(font), 2);
	assert_int_equal(font_row_bytes(font), 2);
	assert_ptr_equal(font_glyph(font, 'a'), psf2 + 40);
	assert_ptr_equal(font_glyph(font, 0xe9), psf2 + 36);
	assert_ptr_equal(font_glyph(font, 'b'), psf2 + 36);
}

static void damaged_fonts_are_refused(void **state)
{
	uint8_t copy[sizeof(psf2)];

	for (size_t len = 0; len < sizeof(psf2); len++)
		assert_int_equal(font_parse(psf2, len, &font), -EINVAL);
	memcpy(copy, psf2, sizeof(copy));
	copy[16] = 200;		/* more glyphs than there are */
	assert_int_equal(font_parse(copy, sizeof(copy), &font), -EINVAL);
	memcpy(copy, psf2, sizeof(copy));
	copy[20] = 3;		/* glyphs smaller than their rows */
	assert_int_equal(font_parse(copy, sizeof(copy), &font), -EINVAL);
	memcpy(copy, psf2, sizeof(copy));
	copy[28] = 0;		/* no width */
	assert_int_equal(font_parse(copy, sizeof(copy), &font), -EINVAL);
}

static void the_older_version_is_read_too(void **state)
{
	static uint8_t psf1[4 + 256 * 2] = { 0x36, 0x04, 0, 2 };

	assert_int_equal(font_parse(psf1, sizeof(psf1), &font), 0);
	assert_int_equal(font_width(font), 8);
	assert_ptr_equal(font_glyph(font, 'A'), psf1 + 4 + 'A' * 2);
	assert_ptr_equal(font_glyph(font, 0x4e00), psf1 + 4 + '?' * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(glyphs_are_found_by_their_characters, release),
		cmocka_unit_test_teardown(damaged_fonts_are_refused, release),
		cmocka_unit_test_teardown(the_older_version_is_read_too, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
