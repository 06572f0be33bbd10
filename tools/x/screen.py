"""What a machine's screen shows: a screendump's size, and the text in it."""
import functools
import importlib.util
import os

from x.common import ROOT, Failure

FONT = "/usr/share/consolefonts/Uni2-Terminus16.psf.gz"
CELL_WIDTH, CELL_HEIGHT = 8, 16
PIXEL_BYTES = 3
CELL_BYTES = CELL_WIDTH * PIXEL_BYTES
# Stands for what is no character of the font.
UNKNOWN = "\0"


class Screen:
    """A screendump as QEMU writes it: width, height, and its pixels' colours."""

    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        parts = data.split(b"\n", 3)
        if len(parts) != 4 or parts[0] != b"P6":
            raise Failure(f"{path}: no screendump, it begins with {data[:16]!r}")
        self.width, self.height = map(int, parts[1].split())
        self.pixels = parts[3]
        if len(self.pixels) != self.width * self.height * PIXEL_BYTES:
            raise Failure(f"{path}: {len(self.pixels)} bytes are no screen of {self.width}x{self.height}")

    def is_blank(self):
        """Is it of one colour?"""
        return self.pixels == self.pixels[:PIXEL_BYTES] * (self.width * self.height)

    def row_text(self, row):
        line_bytes = self.width * PIXEL_BYTES
        first = row * CELL_HEIGHT * line_bytes
        lines = [self.pixels[at:at + line_bytes] for at in range(first, first + CELL_HEIGHT * line_bytes, line_bytes)]
        cells = range(0, self.width // CELL_WIDTH * CELL_BYTES, CELL_BYTES)
        return "".join(character(b"".join(line[at:at + CELL_BYTES] for line in lines)) for at in cells).rstrip()

    def text(self):
        """The rows of text on the screen, without blanks at their ends."""
        return [self.row_text(row) for row in range(self.height // CELL_HEIGHT)]


@functools.lru_cache(maxsize=65536)
def character(cell):
    """The character that a cell's pixels show, the left upper one being background; a blank where all are alike."""
    pixels = [cell[at:at + PIXEL_BYTES] for at in range(0, len(cell), PIXEL_BYTES)]
    bits = [pixel != pixels[0] for pixel in pixels]
    glyph = bytes(sum(0x80 >> x for x in range(CELL_WIDTH) if bits[y * CELL_WIDTH + x]) for y in range(CELL_HEIGHT))
    return " " if not any(bits) else font().get(glyph, UNKNOWN)


@functools.lru_cache(maxsize=1)
def font():
    """{bitmap: character} of the kernel's and sessiond's font."""
    spec = importlib.util.spec_from_file_location("screen_font", os.path.join(ROOT, "tools", "gen", "screen_font.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    glyphs, characters = module.read(FONT)
    found = {}
    for code, glyph in sorted(characters.items()):
        found.setdefault(glyphs[glyph * CELL_HEIGHT:(glyph + 1) * CELL_HEIGHT], " " if code == 0xa0 else chr(code))
    return found
