#!/usr/bin/python3
"""Keyboard layouts as C tables, from libxkbcommon and xkeyboard-config: usage: keymaps.py OUTPUT.h

Symbols defined: meanings, layouts (struct layout) and compositions (struct composition), as libs/keymap/src/keymap.c has them.
The machine needs neither the library nor its files: every key of every state of Shift, Lock, Num Lock and Level 3 is
asked for here.
"""
import ctypes
import itertools
import sys
import unicodedata

# Name: (layout, variant) of xkeyboard-config.
LAYOUTS = {"us": ("us", ""), "us-intl": ("us", "intl"), "gb": ("gb", ""), "de": ("de", ""), "de-nodeadkeys": ("de", "nodeadkeys"),
           "fr": ("fr", ""), "es": ("es", ""), "it": ("it", ""), "pt": ("pt", ""), "br": ("br", ""), "ch": ("ch", ""),
           "se": ("se", ""), "no": ("no", ""), "dk": ("dk", ""), "fi": ("fi", ""), "nl": ("nl", ""), "pl": ("pl", ""),
           "cz": ("cz", ""), "hu": ("hu", ""), "tr": ("tr", ""), "dvorak": ("us", "dvorak")}
# xkb's modifiers in the order of the bits of a state.
MODIFIERS = (b"Shift", b"Lock", b"Mod2", b"Mod5")
STATES = 1 << len(MODIFIERS)
# evdev's codes lie below xkb's by this.
XKB_OFFSET = 8
MAX_CODE = 255

SPECIALS = {"Return": "ENTER", "KP_Enter": "ENTER", "Tab": "TAB", "ISO_Left_Tab": "TAB", "BackSpace": "BACKSPACE",
            "Escape": "ESCAPE", "Insert": "INS", "Delete": "DEL", "Prior": "PAGEUP", "Next": "PAGEDOWN"}
SPECIALS.update({name: name.upper() for name in ("Up", "Down", "Left", "Right", "Home", "End")})
SPECIALS.update({f"KP_{name}": key for name, key in SPECIALS.items() if key not in ("ENTER", "TAB", "ESCAPE", "BACKSPACE")})
SPECIALS.update({f"F{number}": f"FUNCTION({number})" for number in range(1, 13)})

HELD = {"Shift_L": "SHIFT_LEFT", "Shift_R": "SHIFT_RIGHT", "Control_L": "CONTROL_LEFT", "Control_R": "CONTROL_RIGHT",
        "Alt_L": "ALT_LEFT", "Alt_R": "ALT_RIGHT", "Meta_L": "ALT_LEFT", "Meta_R": "ALT_RIGHT", "ISO_Level3_Shift": "LEVEL3",
        "Caps_Lock": "CAPS_LOCK", "Num_Lock": "NUM_LOCK"}

# Dead key: (combining character, what it gives before a blank).
DEAD = {"dead_grave": (0x300, "`"), "dead_acute": (0x301, "'"), "dead_circumflex": (0x302, "^"), "dead_tilde": (0x303, "~"),
        "dead_macron": (0x304, "\u00af"), "dead_breve": (0x306, "\u02d8"), "dead_abovedot": (0x307, "\u02d9"),
        "dead_diaeresis": (0x308, '"'), "dead_abovering": (0x30a, "\u00b0"), "dead_doubleacute": (0x30b, "\u02dd"),
        "dead_caron": (0x30c, "\u02c7"), "dead_cedilla": (0x327, "\u00b8"), "dead_ogonek": (0x328, "\u02db")}


class RuleNames(ctypes.Structure):
    """xkb_rule_names"""
    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


def load_library():
    library = ctypes.CDLL("libxkbcommon.so.0")
    for name in ("xkb_context_new", "xkb_keymap_new_from_names", "xkb_state_new"):
        getattr(library, name).restype = ctypes.c_void_p
    return library


class Layout:
    """One compiled keymap, to be asked what its keys mean."""

    def __init__(self, library, layout, variant):
        self.library = library
        context = ctypes.c_void_p(library.xkb_context_new(0))
        names = RuleNames(b"evdev", b"pc105", layout.encode(), variant.encode(), b"")
        keymap = library.xkb_keymap_new_from_names(context, ctypes.byref(names), 0)
        if not keymap:
            sys.exit(f"xkeyboard-config has no layout {layout}({variant})")
        keymap = ctypes.c_void_p(keymap)
        self.state = ctypes.c_void_p(library.xkb_state_new(keymap))
        self.masks = [1 << library.xkb_keymap_mod_get_index(keymap, name) for name in MODIFIERS]

    def name(self, code, state):
        """The name of the key's symbol, and its character or 0."""
        mask = sum(mask for bit, mask in enumerate(self.masks) if state & 1 << bit)
        self.library.xkb_state_update_mask(self.state, mask, 0, 0, 0, 0, 0)
        symbol = self.library.xkb_state_key_get_one_sym(self.state, code + XKB_OFFSET)
        text = ctypes.create_string_buffer(64)
        self.library.xkb_keysym_get_name(symbol, text, len(text))
        return text.value.decode(), self.library.xkb_keysym_to_utf32(symbol)


def meaning(name, character):
    """The C expression of a symbol, as struct key holds it."""
    if name in SPECIALS:
        return f"SPECIAL(VTERM_KEY_{SPECIALS[name]})"
    if name in HELD:
        return f"HELD({HELD[name]})"
    if name in DEAD:
        return f"DEAD({DEAD[name][0]:#x})"
    return f"{character:#x}" if character >= 0x20 and character != 0x7f else "0"


def keys(layout, rows):
    """The C initialisers of the layout's keys; what each means goes to `rows`, once for all layouts."""
    for code in range(1, MAX_CODE):
        meanings = tuple(meaning(*layout.name(code, state)) for state in range(STATES))
        if set(meanings) != {"0"}:
            yield f"{{ {code}, {rows.setdefault(meanings, len(rows))} }},"


def composition_lines():
    """What a dead key and the character after it give, ascending."""
    found = {}
    for combining, spacing in DEAD.values():
        found[combining, 0x20] = ord(spacing)
        for base in itertools.chain(range(0x41, 0x5b), range(0x61, 0x7b), range(0xc0, 0x180)):
            composed = unicodedata.normalize("NFC", chr(base) + chr(combining))
            if len(composed) == 1:
                found[combining, base] = ord(composed)
    for (combining, base), composed in sorted(found.items()):
        yield f"\t{{ {combining:#x}, {base:#x}, {composed:#x} }},"


def main(output):
    library = load_library()
    rows, tables, names = {}, [], []
    for name, (layout, variant) in LAYOUTS.items():
        table = name.replace("-", "_") + "_keys"
        found = list(keys(Layout(library, layout, variant), rows))
        tables += [f"static const struct key {table}[] = {{", *(f"\t{key}" for key in found), "};"]
        names.append(f'\t{{ "{name}", {table}, {len(found)} }},')
    lines = ["static const uint32_t meanings[][NSTATES] = {", *(f"\t{{ {', '.join(row)} }}," for row in rows), "};", *tables,
             "static const struct layout layouts[] = {", *names, "};",
             "static const struct composition compositions[] = {", *composition_lines(), "};", ""]
    with open(output, "w", encoding="ascii") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
