"""What reads a machine's screen and types on its keyboard, and what chooses scenarios."""
import os
import tempfile
import unittest

from x import qmp, scenarios, screen
from x.common import Failure
from x.testing import Test


def draw(rows, columns, colours):
    """A screendump's bytes: the rows of text, each in its (foreground, background)."""
    glyphs = {character: bitmap for bitmap, character in screen.font().items()}
    pixels = b""
    for row, (fg, bg) in zip(rows, colours):
        for line in range(screen.CELL_HEIGHT):
            bits = b"".join(bytes([glyphs[character][line]]) for character in row.ljust(columns))
            pixels += b"".join(fg if byte & 0x80 >> x else bg for byte in bits for x in range(screen.CELL_WIDTH))
    return b"P6\n%d %d\n255\n" % (columns * screen.CELL_WIDTH, len(rows) * screen.CELL_HEIGHT) + pixels


def read(data):
    with tempfile.NamedTemporaryFile(suffix=".ppm") as f:
        f.write(data)
        f.flush()
        return screen.Screen(f.name)


class ScreenTest(unittest.TestCase):
    def test_text_is_read_in_any_colours(self):
        white, black, red = b"\xff\xff\xff", b"\0\0\0", b"\xff\0\0"
        shown = read(draw(["login: root", "\u00e4\u2502 42"], 20, [(white, black), (black, red)]))
        self.assertEqual((shown.width, shown.height), (160, 32))
        self.assertEqual(shown.text(), ["login: root", "\u00e4\u2502 42"])
        self.assertFalse(shown.is_blank())

    def test_a_screen_of_one_colour_is_blank(self):
        shown = read(draw(["", ""], 4, [(b"abc", b"abc")] * 2))
        self.assertTrue(shown.is_blank())
        self.assertEqual(shown.text(), ["", ""])

    def test_what_is_no_screendump_is_refused(self):
        for data in (b"", b"P5\n1 1\n255\nx", draw(["x"], 2, [(b"abc", b"xyz")])[:-1]):
            with self.assertRaises(Failure):
                read(data)


class KeysTest(unittest.TestCase):
    def test_characters_are_keys_with_shift_or_without(self):
        self.assertEqual(qmp.keys_of("a"), ("a",))
        self.assertEqual(qmp.keys_of("A"), ("shift", "a"))
        self.assertEqual(qmp.keys_of("$"), ("shift", "4"))
        self.assertEqual(qmp.keys_of("|"), ("shift", "backslash"))
        self.assertEqual(qmp.keys_of("\n"), ("ret",))
        for character in map(chr, range(0x20, 0x7f)):
            self.assertTrue(qmp.keys_of(character))

    def test_a_character_without_a_key_is_refused(self):
        for character in "\u00e4\x01\u0663":
            with self.assertRaises(Failure):
                qmp.keys_of(character)


class ChooseTest(unittest.TestCase):
    def test_scenarios_are_found_by_name_with_either_dash(self):
        tests = [Test("scenario: it_boots", None), Test("scenario: it_ends", None)]
        self.assertEqual(scenarios.choose(tests, ["it-ends", "it_boots"]), tests[::-1])

    def test_an_unknown_scenario_is_told_with_those_like_it(self):
        with self.assertRaisesRegex(Failure, "it_boots"):
            scenarios.choose([Test("scenario: it_boots", None)], ["it_boot"])


class PathTest(unittest.TestCase):
    def test_two_sockets_have_two_paths_that_fit(self):
        first, second = qmp.Qmp(), qmp.Qmp()
        self.assertNotEqual(first.path, second.path)
        self.assertLess(len(os.fsencode(first.path)), 108)


if __name__ == "__main__":
    unittest.main()
