#!/usr/bin/python3
"""The kernel's font, from a PSF1 file: usage: screen_font.py FONT.psf.gz OUTPUT.h

Symbols defined: SCREEN_GLYPHS bitmaps of SCREEN_GLYPH_ROWS bytes in screen_glyphs, and, ascending,
the characters that have one with its number in screen_characters.
"""
import gzip
import struct
import sys

MAGIC = 0x0436
MODE_512 = 1
MODE_UNICODE = 2
ROWS = 16
SEQUENCE = 0xfffe
END = 0xffff


def read(path):
    """(bitmaps, {character: glyph})"""
    with gzip.open(path) as f:
        data = f.read()
    magic, mode, rows = struct.unpack("<HBB", data[:4])
    if magic != MAGIC or rows != ROWS or not mode & MODE_UNICODE:
        sys.exit(f"{path}: not a PSF1 font of {ROWS} rows with a Unicode table")
    count = 512 if mode & MODE_512 else 256
    glyphs, table = data[4:4 + count * rows], data[4 + count * rows:]
    characters, glyph, is_sequence = {}, 0, False
    for (code,) in struct.iter_unpack("<H", table):
        if code == END:
            glyph, is_sequence = glyph + 1, False
        elif code == SEQUENCE:
            is_sequence = True
        elif not is_sequence:
            characters.setdefault(code, glyph)
    return glyphs, characters


def main(font, output):
    glyphs, characters = read(font)
    lines = ["const uint8_t screen_glyphs[][SCREEN_GLYPH_ROWS] = {"]
    lines += ["\t{ " + ", ".join(f"0x{byte:02x}" for byte in glyphs[at:at + ROWS]) + " },"
              for at in range(0, len(glyphs), ROWS)]
    lines += ["};", "const struct screen_character screen_characters[] = {"]
    lines += [f"\t{{ 0x{code:04x}, {glyph} }}," for code, glyph in sorted(characters.items())]
    lines += ["};", f"const unsigned screen_ncharacters = {len(characters)};", ""]
    with open(output, "w", encoding="ascii") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
