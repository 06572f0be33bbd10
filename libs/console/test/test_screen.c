#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <vterm.h>

#include <console/screen.h>

/* A font of 256 glyphs of 8 by 4 pixels: the glyph of a character has its number in each row. */
#define GLYPH_HEIGHT 4
#define WIDTH 84		/* 10 columns, and 4 pixels that are no column's */
#define HEIGHT 22		/* 5 rows, and 2 lines */
#define EDGE 0xdeadbeefu

static uint8_t font_bytes[4 + 256 * GLYPH_HEIGHT] = { 0x36, 0x04, 0, GLYPH_HEIGHT };
static uint32_t pixels[HEIGHT + 1][WIDTH + 8];
static char sent[256];
static size_t sent_len;
static struct font *font;
static struct screen *screen;

static void take_output(const char *bytes, size_t len, void *user)
{
	assert_true(sent_len + len <= sizeof(sent));
	memcpy(sent + sent_len, bytes, len);
	sent_len += len;
}

static const struct framebuffer framebuffer = {
	.pixels = (uint8_t *)pixels, .width = WIDTH, .height = HEIGHT, .stride = sizeof(pixels[0]),
};

static int begin(void **state)
{
	for (unsigned int i = 0; i < 256; i++)
		memset(font_bytes + 4 + i * GLYPH_HEIGHT, (int)i, GLYPH_HEIGHT);
	memset(font_bytes + 4 + ' ' * GLYPH_HEIGHT, 0, GLYPH_HEIGHT);
	for (unsigned int y = 0; y <= HEIGHT; y++)
		for (unsigned int x = 0; x < WIDTH + 8; x++)
			pixels[y][x] = EDGE;
	sent_len = 0;
	assert_int_equal(font_parse(font_bytes, sizeof(font_bytes), &font), 0);
	assert_int_equal(screen_create(font, WIDTH, HEIGHT, take_output, NULL, &screen), 0);
	return 0;
}

static int end(void **state)
{
	screen_free(screen);
	font_free(font);
	return 0;
}

static void write_text(const char *text)
{
	screen_write(screen, text, strlen(text));
}

static void assert_row(unsigned int row, const char *expected)
{
	for (unsigned int column = 0; column < screen_columns(screen); column++) {
		uint32_t character = screen_character(screen, row, column);

		assert_int_equal(character ? character : ' ', column < strlen(expected) ? (unsigned char)expected[column] : ' ');
	}
}

/* Is the cell drawn with @character's glyph in these colours? */
static void assert_drawn(unsigned int row, unsigned int column, uint8_t character, uint32_t fg, uint32_t bg)
{
	uint8_t bits = character == ' ' ? 0 : character;

	for (unsigned int y = 0; y < GLYPH_HEIGHT; y++)
		for (unsigned int x = 0; x < 8; x++)
			assert_int_equal(pixels[row * GLYPH_HEIGHT + y][column * 8 + x], bits & 0x80 >> x ? fg : bg);
}

static uint32_t drawn_color(unsigned int row, unsigned int column, unsigned int x)
{
	return pixels[row * GLYPH_HEIGHT][column * 8 + x];
}

static void cells_fill_the_frame_buffer_and_no_more(void **state)
{
	assert_int_equal(screen_rows(screen), 5);
	assert_int_equal(screen_columns(screen), 10);
	screen_show(screen, &framebuffer);
	write_text("\x1b[41m\x1b[2J");
	for (unsigned int y = 0; y <= HEIGHT; y++)
		for (unsigned int x = 0; x < WIDTH + 8; x++)
			if (y >= HEIGHT || x >= WIDTH)
				assert_int_equal(pixels[y][x], EDGE);
			else if (y >= 20 || x >= 80)
				assert_int_equal(pixels[y][x], 0);
}

static void text_is_drawn_as_it_is_written(void **state)
{
	uint32_t fg, bg;

	screen_show(screen, &framebuffer);
	write_text("Ab");
	assert_row(0, "Ab");
	bg = drawn_color(0, 0, 0);
	fg = drawn_color(0, 0, 1);
	assert_int_not_equal(fg, bg);
	assert_drawn(0, 0, 'A', fg, bg);
	assert_drawn(0, 1, 'b', fg, bg);
	assert_drawn(0, 2, ' ', bg, fg);	/* the cursor */
	assert_drawn(1, 0, ' ', fg, bg);
}

static void utf8_is_one_character_a_cell(void **state)
{
	screen_show(screen, &framebuffer);
	write_text("\xc3");
	write_text("\xa9x\xff");
	assert_int_equal(screen_character(screen, 0, 0), 0xe9);
	assert_int_equal(screen_character(screen, 0, 1), 'x');
	assert_int_equal(screen_character(screen, 0, 2), 0xfffd);
	assert_drawn(0, 0, 0xe9, drawn_color(0, 0, 0), drawn_color(0, 0, 3));
}

static void colours_and_attributes_are_drawn(void **state)
{
	screen_show(screen, &framebuffer);
	write_text("\x1b[38;2;1;2;3;48;2;4;5;6mA\x1b[7mA\x1b[0;38;2;1;2;3;48;2;4;5;6;4m \x1b[0m");
	assert_drawn(0, 0, 'A', 0x010203, 0x040506);
	assert_drawn(0, 1, 'A', 0x040506, 0x010203);
	assert_int_equal(pixels[0][16], 0x040506);
	assert_int_equal(pixels[GLYPH_HEIGHT - 1][16], 0x010203);
}

static void the_screen_scrolls_at_its_end(void **state)
{
	screen_show(screen, &framebuffer);
	write_text("1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[?25l");
	assert_row(0, "2");
	assert_row(4, "6");
	assert_drawn(4, 0, '6', drawn_color(4, 0, 2), drawn_color(4, 0, 0));
	assert_drawn(0, 0, '2', drawn_color(4, 0, 2), drawn_color(4, 0, 0));
	/* And within a region. */
	write_text("\x1b[2;3r\x1b[3;1H\n");
	assert_row(0, "2");
	assert_row(1, "4");
	assert_row(2, "");
	assert_row(3, "5");
}

static void a_hidden_screen_is_drawn_when_it_is_shown(void **state)
{
	write_text("hidden\x1b[?25l");
	assert_int_equal(pixels[0][0], EDGE);
	screen_show(screen, &framebuffer);
	assert_drawn(0, 0, 'h', drawn_color(0, 0, 1), drawn_color(0, 0, 0));
	screen_show(screen, NULL);
	pixels[0][0] = EDGE;
	write_text("\x1b[2J");
	assert_int_equal(pixels[0][0], EDGE);
}

static void keys_and_answers_go_to_the_program(void **state)
{
	screen_type(screen, 'a', VTERM_MOD_NONE);
	screen_type(screen, 'c', VTERM_MOD_CTRL);
	screen_press(screen, VTERM_KEY_UP, VTERM_MOD_NONE);
	write_text("\x1b[6n");
	assert_int_equal(sent_len, 11);
	assert_memory_equal(sent, "a\x03\x1b[A\x1b[1;1R", 11);
}

static void control_makes_the_characters_of_ascii(void **state)
{
	static const char keys[] = "jmi[ @\\?a1";

	for (size_t i = 0; i < sizeof(keys) - 1; i++)
		screen_type(screen, (unsigned char)keys[i], VTERM_MOD_CTRL);
	screen_type(screen, 'x', VTERM_MOD_ALT);
	screen_type(screen, 0xe4, VTERM_MOD_NONE);
	screen_press(screen, VTERM_KEY_ENTER, VTERM_MOD_CTRL);
	assert_int_equal(sent_len, 15);
	assert_memory_equal(sent, "\n\r\t\x1b\0\0\x1c\x7f\x01" "1\x1bx\xc3\xa4\r", 15);
}

static uint8_t drawn_character(unsigned int row)
{
	uint32_t bg = drawn_color(4, 9, 0);
	uint8_t bits = 0;

	for (unsigned int x = 0; x < 8; x++)
		bits |= drawn_color(row, 0, x) != bg ? 0x80 >> x : 0;
	return bits;
}

static void lines_that_left_the_screen_are_looked_back_at(void **state)
{
	screen_show(screen, &framebuffer);
	write_text("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\x1b[?25l");
	assert_int_equal(drawn_character(0), '3');
	screen_look_back(screen, 1);
	assert_int_equal(drawn_character(0), '2');
	assert_int_equal(drawn_character(4), '6');
	screen_look_back(screen, 100);
	assert_int_equal(drawn_character(0), '1');
	/* New lines do not move the view, a key does. */
	write_text("\r\n8");
	assert_int_equal(drawn_character(0), '1');
	assert_int_equal(drawn_character(4), '5');
	screen_type(screen, 'a', VTERM_MOD_NONE);
	assert_int_equal(drawn_character(0), '4');
	assert_int_equal(drawn_character(4), '8');
	screen_look_back(screen, 1);
	screen_look_back(screen, -5);
	assert_int_equal(drawn_character(4), '8');
	screen_forget(screen);
	screen_look_back(screen, 5);
	assert_row(0, "");
	for (unsigned int row = 1; row < 5; row++)
		assert_int_equal(drawn_character(row), 0);
}

static void more_lines_than_are_kept_push_the_oldest_out(void **state)
{
	screen_show(screen, &framebuffer);
	for (unsigned int i = 0; i < 5000; i++)
		write_text(i < 2500 ? "a\r\n" : "b\r\n");
	screen_look_back(screen, 5000);
	assert_int_equal(drawn_character(0), 'b');
}

static void a_sequence_may_have_any_number_of_arguments(void **state)
{
	char many[3000] = "\x1b[";

	memset(many + 2, ';', sizeof(many) - 4);
	many[sizeof(many) - 2] = 'm';
	write_text(many);
	write_text("\x1b\x07[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;\r1:1mA;;;;;;;;;;;;;;;;");
	write_text("\x1b[0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0");
	write_text("\x18\r\n;;;;;;;;;;;;;;;;;");
	assert_row(0, "A;;;;;;;;;");
	assert_row(1, ";;;;;;;");
	assert_row(2, ";;;;;;;;;;");
	assert_row(3, ";;;;;;;");
}

/* As with xterm, whose terminal description has `rep`. */
static void the_last_character_is_repeated(void **state)
{
	write_text("xa\x1b[3b|\r\n\x1b[1");
	write_text("1b.\x1b[?2bz\x1b[");
	write_text("2;7b");
	assert_row(0, "xaaaa|");
	assert_row(1, "||||||||||");
	assert_row(2, "|.zzz");
}

static void repeating_what_takes_no_cell_ends(void **state)
{
	write_text("\x1b[3b\xe2\x80\x8b\x1b[99999999999b\x1b]0;title\x1b[3bx");
	assert_row(0, "x");
}

static void control_characters_of_two_bytes_keep_the_cursor_on_the_screen(void **state)
{
	write_text("\xc2\x9b\x1b[K\xc2");
	write_text("\x80\xc2\r\x80\x1b[3b\x1b[1P");
	assert_int_equal(screen_character(screen, 0, 0), 0xa0);
	write_text("\x1b[Hx\xc3\x9by");
	assert_int_equal(screen_character(screen, 0, 0), 'x');
	assert_int_equal(screen_character(screen, 0, 1), 0xdb);
	assert_int_equal(screen_character(screen, 0, 2), 'y');
}

static void a_screen_without_a_cell_is_refused(void **state)
{
	struct screen *none;

	assert_int_equal(screen_create(font, 15, 100, take_output, NULL, &none), -EINVAL);
	assert_int_equal(screen_create(font, 100, 3, take_output, NULL, &none), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cells_fill_the_frame_buffer_and_no_more, begin, end),
		cmocka_unit_test_setup_teardown(text_is_drawn_as_it_is_written, begin, end),
		cmocka_unit_test_setup_teardown(utf8_is_one_character_a_cell, begin, end),
		cmocka_unit_test_setup_teardown(colours_and_attributes_are_drawn, begin, end),
		cmocka_unit_test_setup_teardown(the_screen_scrolls_at_its_end, begin, end),
		cmocka_unit_test_setup_teardown(a_hidden_screen_is_drawn_when_it_is_shown, begin, end),
		cmocka_unit_test_setup_teardown(keys_and_answers_go_to_the_program, begin, end),
		cmocka_unit_test_setup_teardown(control_makes_the_characters_of_ascii, begin, end),
		cmocka_unit_test_setup_teardown(lines_that_left_the_screen_are_looked_back_at, begin, end),
		cmocka_unit_test_setup_teardown(more_lines_than_are_kept_push_the_oldest_out, begin, end),
		cmocka_unit_test_setup_teardown(a_sequence_may_have_any_number_of_arguments, begin, end),
		cmocka_unit_test_setup_teardown(the_last_character_is_repeated, begin, end),
		cmocka_unit_test_setup_teardown(repeating_what_takes_no_cell_ends, begin, end),
		cmocka_unit_test_setup_teardown(control_characters_of_two_bytes_keep_the_cursor_on_the_screen, begin, end),
		cmocka_unit_test_setup_teardown(a_screen_without_a_cell_is_refused, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
