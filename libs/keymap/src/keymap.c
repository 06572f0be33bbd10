#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <vterm.h>

#include <keymap/keymap.h>

/* A state, as the tables number them. */
#define STATE_SHIFT 1u
#define STATE_CAPS 2u
#define STATE_NUM 4u
#define STATE_LEVEL3 8u
#define NSTATES 16

/* What a key means: a character, or one of these with a value. */
#define KIND_MASK 0xff000000u
#define SPECIAL(key) (0x01000000u | (uint32_t)(key))
#define HELD(modifier) (0x02000000u | (uint32_t)(modifier))
#define DEAD(character) (0x03000000u | (uint32_t)(character))

enum modifier {
	SHIFT_LEFT, SHIFT_RIGHT, CONTROL_LEFT, CONTROL_RIGHT, ALT_LEFT, ALT_RIGHT, LEVEL3, CAPS_LOCK, NUM_LOCK
};

#define HELD_SHIFT (1u << SHIFT_LEFT | 1u << SHIFT_RIGHT)
#define HELD_CONTROL (1u << CONTROL_LEFT | 1u << CONTROL_RIGHT)
#define HELD_ALT (1u << ALT_LEFT | 1u << ALT_RIGHT)
#define HELD_LEVEL3 (1u << LEVEL3)

struct key {
	uint8_t code;
	uint16_t meanings;	/* a row of the table */
};

struct layout {
	const char *name;
	const struct key *keys;	/* ascending codes */
	size_t nkeys;
};

struct composition {
	uint32_t dead, base, composed;
};

#include "keymaps_data.h"

static int compare_key(const void *code, const void *key)
{
	return *(const uint16_t *)code - ((const struct key *)key)->code;
}

/* Returns: what the key means in each state; NULL if the layout has no such key. */
static const uint32_t *find(const struct keymap *keymap, uint16_t code)
{
	const struct layout *layout = keymap->layout ? keymap->layout : &layouts[0];
	const struct key *key = bsearch(&code, layout->keys, layout->nkeys, sizeof(*key), compare_key);

	return key ? meanings[key->meanings] : NULL;
}

static int compare_composition(const void *wanted, const void *other)
{
	const struct composition *a = wanted, *b = other;

	if (a->dead != b->dead)
		return a->dead < b->dead ? -1 : 1;
	return a->base < b->base ? -1 : a->base > b->base;
}

/* The character that a dead key makes of @base, which it is itself where there is none. */
static uint32_t compose(uint32_t dead, uint32_t base)
{
	struct composition wanted = { dead, base, 0 };
	const struct composition *found = bsearch(&wanted, compositions, sizeof(compositions) / sizeof(compositions[0]),
						  sizeof(wanted), compare_composition);

	return found ? found->composed : base;
}

bool keymap_choose(struct keymap *keymap, const char *name)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (strcmp(layouts[i].name, name))
			continue;
		*keymap = (struct keymap){ .layout = &layouts[i] };
		return true;
	}
	return false;
}

static void hold(struct keymap *keymap, uint32_t modifier, int32_t value)
{
	if (modifier == CAPS_LOCK)
		keymap->caps_lock ^= value == 1;
	else if (modifier == NUM_LOCK)
		keymap->num_lock ^= value == 1;
	else if (value)
		keymap->held |= 1u << modifier;
	else
		keymap->held &= ~(1u << modifier);
}

static unsigned int state_of(const struct keymap *keymap)
{
	return (keymap->held & HELD_SHIFT ? STATE_SHIFT : 0) | (keymap->caps_lock ? STATE_CAPS : 0) |
	       (keymap->num_lock ? STATE_NUM : 0) | (keymap->held & HELD_LEVEL3 ? STATE_LEVEL3 : 0);
}

static struct key_meaning special(const struct keymap *keymap, uint32_t key, unsigned int modifiers)
{
	struct key_meaning meaning = { .kind = KEY_MEANS_SPECIAL, .value = key, .modifiers = modifiers };

	if (keymap->held & HELD_SHIFT)
		meaning.modifiers |= VTERM_MOD_SHIFT;
	if (modifiers & VTERM_MOD_ALT && key >= VTERM_KEY_FUNCTION(1) && key <= VTERM_KEY_FUNCTION(12))
		return (struct key_meaning){ .kind = KEY_MEANS_SWITCH, .value = key - VTERM_KEY_FUNCTION(1) };
	if (meaning.modifiers == VTERM_MOD_SHIFT && key == VTERM_KEY_PAGEUP)
		return (struct key_meaning){ .kind = KEY_MEANS_LOOK_BACK };
	if (meaning.modifiers == VTERM_MOD_SHIFT && key == VTERM_KEY_PAGEDOWN)
		return (struct key_meaning){ .kind = KEY_MEANS_LOOK_AHEAD };
	return meaning;
}

static struct key_meaning character(struct keymap *keymap, uint32_t value, unsigned int modifiers)
{
	if (keymap->dead)
		value = compose(keymap->dead, value);
	keymap->dead = 0;
	return (struct key_meaning){ .kind = KEY_MEANS_CHARACTER, .value = value, .modifiers = modifiers };
}

/* A dead key waits for the next one; pressed twice, it is its own character. */
static struct key_meaning dead_key(struct keymap *keymap, uint32_t combining)
{
	if (keymap->dead == combining)
		return character(keymap, ' ', 0);
	keymap->dead = combining;
	return (struct key_meaning){ .kind = KEY_MEANS_NOTHING };
}

struct key_meaning keymap_take(struct keymap *keymap, uint16_t code, int32_t value)
{
	const struct key_meaning nothing = { .kind = KEY_MEANS_NOTHING };
	const uint32_t *key = find(keymap, code);
	unsigned int modifiers = 0;
	uint32_t meant;

	if (!key)
		return nothing;
	/* A modifier is one whatever else is down, so that its release is never missed. */
	if ((key[0] & KIND_MASK) == HELD(0)) {
		hold(keymap, key[0] & ~KIND_MASK, value);
		return nothing;
	}
	meant = key[state_of(keymap)];
	if (!value || !meant)
		return nothing;
	if (keymap->held & HELD_CONTROL)
		modifiers |= VTERM_MOD_CTRL;
	if (keymap->held & HELD_ALT)
		modifiers |= VTERM_MOD_ALT;
	switch (meant & KIND_MASK) {
	case SPECIAL(0):
		return special(keymap, meant & ~KIND_MASK, modifiers);
	case DEAD(0):
		return dead_key(keymap, meant & ~KIND_MASK);
	case HELD(0):
		return nothing;
	default:
		return character(keymap, meant, modifiers);
	}
}
