"""What a machine's screen shows: a screendump's size, and the text in it."""
import importlib.util
import json
import os
import socket

from x.common import ROOT
from x.testing import Mismatch

FONT = "/usr/share/consolefonts/Uni2-Terminus16.psf.gz"
COLUMNS, ROWS = 8, 16


def qmp_args(folder):
    """QEMU's arguments for a control socket in `folder`."""
    return ["-qmp", f"unix:{os.path.join(folder, 'qmp')},server=on,wait=off"]


class Monitor:
    """QEMU's machine protocol on the socket of qmp_args()."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        # A socket's path may be 108 bytes long.
        os.chdir(folder)
        try:
            self.socket.connect("qmp")
        finally:
            os.chdir(here)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise Mismatch(f"QEMU refuses {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def close(self):
        self.file.close()
        self.socket.close()


class Screen:
    """A screendump: width, height, and its pixels' colours."""

    def __init__(self, path):
        with open(path, "rb") as f:
            magic, size, _, self.pixels = f.read().split(b"\n", 3)
        if magic != b"P6":
            raise Mismatch(f"expected a screendump as PPM\ngot {magic!r}")
        self.width, self.height = map(int, size.split())

    def is_lit(self, x, y):
        at = (y * self.width + x) * 3
        return any(self.pixels[at:at + 3])

    def cell(self, column, row):
        """The bitmap of a character's cell, as the font has it."""
        return bytes(sum(0x80 >> x for x in range(COLUMNS) if self.is_lit(column * COLUMNS + x, row * ROWS + y))
                     for y in range(ROWS))

    def text(self):
        """The rows of text on the screen, without blanks at their ends."""
        characters = font()
        return ["".join(characters.get(self.cell(column, row), "\0") for column in range(self.width // COLUMNS)).rstrip()
                for row in range(self.height // ROWS)]


def font():
    """{bitmap: character} of the kernel's font."""
    spec = importlib.util.spec_from_file_location("screen_font", os.path.join(ROOT, "tools", "gen", "screen_font.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    glyphs, characters = module.read(FONT)
    found = {}
    for code, glyph in sorted(characters.items()):
        found.setdefault(glyphs[glyph * ROWS:(glyph + 1) * ROWS], " " if code == 0xa0 else chr(code))
    return found
