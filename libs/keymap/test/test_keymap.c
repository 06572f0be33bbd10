#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <vterm.h>

#include <keymap/keymap.h>

static struct keymap keymap;

static int begin(void **state)
{
	keymap = (struct keymap){ 0 };
	return 0;
}

static void assert_means(uint16_t code, enum key_kind kind, uint32_t value, unsigned int modifiers)
{
	struct key_meaning meaning = keymap_take(&keymap, code, 1);

	assert_int_equal(meaning.kind, kind);
	assert_int_equal(meaning.value, value);
	assert_int_equal(meaning.modifiers, modifiers);
	assert_int_equal(keymap_take(&keymap, code, 0).kind, KEY_MEANS_NOTHING);
}

static void shift_and_caps_lock_choose_the_character(void **state)
{
	assert_means(KEY_A, KEY_MEANS_CHARACTER, 'a', 0);
	keymap_take(&keymap, KEY_LEFTSHIFT, 1);
	keymap_take(&keymap, KEY_RIGHTSHIFT, 1);
	keymap_take(&keymap, KEY_LEFTSHIFT, 0);
	assert_means(KEY_A, KEY_MEANS_CHARACTER, 'A', 0);
	assert_means(KEY_1, KEY_MEANS_CHARACTER, '!', 0);
	keymap_take(&keymap, KEY_RIGHTSHIFT, 0);
	keymap_take(&keymap, KEY_CAPSLOCK, 1);
	keymap_take(&keymap, KEY_CAPSLOCK, 0);
	assert_means(KEY_A, KEY_MEANS_CHARACTER, 'A', 0);
	assert_means(KEY_1, KEY_MEANS_CHARACTER, '1', 0);
}

static void modifiers_go_along(void **state)
{
	keymap_take(&keymap, KEY_LEFTCTRL, 1);
	assert_means(KEY_C, KEY_MEANS_CHARACTER, 'c', VTERM_MOD_CTRL);
	keymap_take(&keymap, KEY_LEFTALT, 1);
	assert_means(KEY_UP, KEY_MEANS_SPECIAL, VTERM_KEY_UP, VTERM_MOD_CTRL | VTERM_MOD_ALT);
}

static void alt_with_a_function_key_switches(void **state)
{
	assert_means(KEY_F2, KEY_MEANS_SPECIAL, VTERM_KEY_FUNCTION(2), 0);
	keymap_take(&keymap, KEY_LEFTALT, 1);
	assert_means(KEY_F2, KEY_MEANS_SWITCH, 1, 0);
}

static void repeats_count_and_unknown_keys_do_not(void **state)
{
	assert_int_equal(keymap_take(&keymap, KEY_A, 2).value, 'a');
	assert_int_equal(keymap_take(&keymap, KEY_MUTE, 1).kind, KEY_MEANS_NOTHING);
}

static void shift_with_a_page_key_looks_back(void **state)
{
	assert_means(KEY_PAGEUP, KEY_MEANS_SPECIAL, VTERM_KEY_PAGEUP, 0);
	keymap_take(&keymap, KEY_RIGHTSHIFT, 1);
	assert_means(KEY_PAGEUP, KEY_MEANS_LOOK_BACK, 0, 0);
	assert_means(KEY_PAGEDOWN, KEY_MEANS_LOOK_AHEAD, 0, 0);
	assert_means(KEY_UP, KEY_MEANS_SPECIAL, VTERM_KEY_UP, VTERM_MOD_SHIFT);
}

static void the_keypad_has_digits_with_num_lock(void **state)
{
	assert_means(KEY_KP7, KEY_MEANS_SPECIAL, VTERM_KEY_HOME, 0);
	keymap_take(&keymap, KEY_NUMLOCK, 1);
	keymap_take(&keymap, KEY_NUMLOCK, 0);
	assert_means(KEY_KP7, KEY_MEANS_CHARACTER, '7', 0);
	assert_means(KEY_KPENTER, KEY_MEANS_SPECIAL, VTERM_KEY_ENTER, 0);
}

static void another_layout_has_other_characters(void **state)
{
	assert_true(keymap_choose(&keymap, "de"));
	assert_means(KEY_Y, KEY_MEANS_CHARACTER, 'z', 0);
	assert_means(KEY_SEMICOLON, KEY_MEANS_CHARACTER, 0xf6, 0);
	keymap_take(&keymap, KEY_RIGHTALT, 1);
	assert_means(KEY_Q, KEY_MEANS_CHARACTER, '@', 0);
	assert_means(KEY_E, KEY_MEANS_CHARACTER, 0x20ac, 0);
	keymap_take(&keymap, KEY_RIGHTALT, 0);
	assert_means(KEY_Q, KEY_MEANS_CHARACTER, 'q', 0);
	assert_false(keymap_choose(&keymap, "no such layout"));
	assert_means(KEY_Y, KEY_MEANS_CHARACTER, 'z', 0);
}

static void a_dead_key_joins_the_next_one(void **state)
{
	assert_true(keymap_choose(&keymap, "de"));
	assert_means(KEY_EQUAL, KEY_MEANS_NOTHING, 0, 0);
	assert_means(KEY_E, KEY_MEANS_CHARACTER, 0xe9, 0);
	assert_means(KEY_E, KEY_MEANS_CHARACTER, 'e', 0);
	assert_means(KEY_EQUAL, KEY_MEANS_NOTHING, 0, 0);
	assert_means(KEY_Q, KEY_MEANS_CHARACTER, 'q', 0);
	assert_means(KEY_GRAVE, KEY_MEANS_NOTHING, 0, 0);
	assert_means(KEY_GRAVE, KEY_MEANS_CHARACTER, '^', 0);
	assert_means(KEY_GRAVE, KEY_MEANS_NOTHING, 0, 0);
	assert_means(KEY_SPACE, KEY_MEANS_CHARACTER, '^', 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shift_and_caps_lock_choose_the_character, begin),
		cmocka_unit_test_setup(modifiers_go_along, begin),
		cmocka_unit_test_setup(alt_with_a_function_key_switches, begin),
		cmocka_unit_test_setup(shift_with_a_page_key_looks_back, begin),
		cmocka_unit_test_setup(the_keypad_has_digits_with_num_lock, begin),
		cmocka_unit_test_setup(another_layout_has_other_characters, begin),
		cmocka_unit_test_setup(a_dead_key_joins_the_next_one, begin),
		cmocka_unit_test_setup(repeats_count_and_unknown_keys_do_not, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
