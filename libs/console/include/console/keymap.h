/* console/keymap.h: from evdev's key events to what they mean on a US keyboard.
 *
 * Alt with a function key switches sessions, as on the Linux console.
 */
#ifndef CONSOLE_KEYMAP_H
#define CONSOLE_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

/* Which modifiers are down; zeroed to begin with. */
struct keymap {
	bool left_shift, right_shift, left_ctrl, right_ctrl, left_alt, right_alt, caps_lock;
};

enum key_kind {
	KEY_MEANS_NOTHING,
	KEY_MEANS_CHARACTER,	/* value: the character */
	KEY_MEANS_SPECIAL,	/* value: a VTermKey */
	KEY_MEANS_SWITCH,	/* value: the session, from 0 */
};

struct key_meaning {
	enum key_kind kind;
	uint32_t value;
	unsigned int modifiers;	/* VTermModifier, of characters and special keys */
};

/* The key @code was released (@value 0), pressed (1) or repeats (2). */
struct key_meaning keymap_take(struct keymap *keymap, uint16_t code, int32_t value);

#endif
