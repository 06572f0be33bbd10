/* keymap/keymap.h: from evdev's key events to what they mean on a keyboard of some layout.
 *
 * The layouts are xkeyboard-config's, compiled at build time (tools/gen/keymaps.py). Alt with a function key
 * switches sessions, Shift with Page Up and Page Down looks back, as on the Linux console.
 */
#ifndef KEYMAP_KEYMAP_H
#define KEYMAP_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

struct layout;

/* What keys are down; zeroed to begin with: a US keyboard. */
struct keymap {
	const struct layout *layout;	/* NULL: the first */
	uint32_t held;			/* a bit for each modifier key that is down */
	bool caps_lock, num_lock;
	uint32_t dead;			/* the combining character that the next key gets; 0 */
};

enum key_kind {
	KEY_MEANS_NOTHING,
	KEY_MEANS_CHARACTER,	/* value: the character */
	KEY_MEANS_SPECIAL,	/* value: a VTermKey */
	KEY_MEANS_SWITCH,	/* value: the session, from 0 */
	KEY_MEANS_LOOK_BACK,	/* half a screen up */
	KEY_MEANS_LOOK_AHEAD,	/* and down */
};

struct key_meaning {
	enum key_kind kind;
	uint32_t value;
	unsigned int modifiers;	/* VTermModifier, of characters and special keys */
};

/* Take the layout @name. Returns: false if there is none of that name. */
bool keymap_choose(struct keymap *keymap, const char *name);

/* The key @code was released (@value 0), pressed (1) or repeats (2). */
struct key_meaning keymap_take(struct keymap *keymap, uint16_t code, int32_t value);

#endif
