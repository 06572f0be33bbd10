#include <linux/input-event-codes.h>
#include <stddef.h>

#include <vterm.h>

#include <console/keymap.h>

struct key {
	uint16_t code;
	bool is_special;
	uint32_t plain, shifted;
};

static const struct key keys[] = {
#define KEY(code, plain, shifted) { code, false, plain, shifted },
#define SPECIAL(code, vterm_key) { code, true, vterm_key, vterm_key },
#include <console/keys.def>
#undef KEY
#undef SPECIAL
};

/* Returns: where the key's state is kept, if it is a modifier; NULL. */
static bool *modifier(struct keymap *keymap, uint16_t code)
{
	switch (code) {
	case KEY_LEFTSHIFT:
		return &keymap->left_shift;
	case KEY_RIGHTSHIFT:
		return &keymap->right_shift;
	case KEY_LEFTCTRL:
		return &keymap->left_ctrl;
	case KEY_RIGHTCTRL:
		return &keymap->right_ctrl;
	case KEY_LEFTALT:
		return &keymap->left_alt;
	case KEY_RIGHTALT:
		return &keymap->right_alt;
	}
	return NULL;
}

static const struct key *find(uint16_t code)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == code)
			return &keys[i];
	return NULL;
}

static bool is_letter(uint32_t character)
{
	return character >= 'a' && character <= 'z';
}

static struct key_meaning meaning_of(const struct keymap *keymap, const struct key *key)
{
	bool shift = keymap->left_shift || keymap->right_shift;
	bool alt = keymap->left_alt || keymap->right_alt;
	struct key_meaning meaning = { .kind = key->is_special ? KEY_MEANS_SPECIAL : KEY_MEANS_CHARACTER };

	if (alt && key->is_special && key->plain >= VTERM_KEY_FUNCTION(1) && key->plain <= VTERM_KEY_FUNCTION(12))
		return (struct key_meaning){ .kind = KEY_MEANS_SWITCH, .value = key->plain - VTERM_KEY_FUNCTION(1) };
	if (keymap->left_ctrl || keymap->right_ctrl)
		meaning.modifiers |= VTERM_MOD_CTRL;
	if (alt)
		meaning.modifiers |= VTERM_MOD_ALT;
	if (key->is_special && shift)
		meaning.modifiers |= VTERM_MOD_SHIFT;
	meaning.value = shift ^ (keymap->caps_lock && is_letter(key->plain)) ? key->shifted : key->plain;
	return meaning;
}

struct key_meaning keymap_take(struct keymap *keymap, uint16_t code, int32_t value)
{
	bool *held = modifier(keymap, code);
	const struct key *key = find(code);

	if (held)
		*held = value != 0;
	if (code == KEY_CAPSLOCK && value == 1)
		keymap->caps_lock = !keymap->caps_lock;
	if (!value || !key)
		return (struct key_meaning){ .kind = KEY_MEANS_NOTHING };
	return meaning_of(keymap, key);
}
