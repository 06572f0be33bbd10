#!/usr/bin/python3
"""Drive a real sessiond: console.py SESSIOND. Its frame buffer is a file and its keyboard a FIFO; what
it draws is read back with the font that it draws with.

Prints a line for each step and exits with 1 at the first that fails.
"""
import gzip
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

FONT = "/usr/share/consolefonts/Uni2-Terminus16.psf.gz"
WIDTH, HEIGHT, CELL_WIDTH, CELL_HEIGHT = 640, 400, 8, 16
COLUMNS, ROWS = WIDTH // CELL_WIDTH, HEIGHT // CELL_HEIGHT
PATIENCE_SECONDS = 60
EVENT = struct.Struct("<qqHHi")
EV_KEY = 1
LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, ENTER, F1, PAGE_UP, PAGE_DOWN = 56, 29, 42, 28, 59, 104, 109
CODES = {character: 2 + i for i, character in enumerate("1234567890-=")}
CODES.update({character: 16 + i for i, character in enumerate("qwertyuiop[]")})
CODES.update({character: 30 + i for i, character in enumerate("asdfghjkl;'")})
CODES.update({character: 44 + i for i, character in enumerate("zxcvbnm,./")})
CODES.update({" ": 57})


def read_glyphs(data):
    """{glyph's rows: the first printable character that it stands for}, of a font of PSF's first version."""
    magic, mode, height = struct.unpack_from("<HBB", data)
    assert magic == 0x0436 and mode & 2 and height == CELL_HEIGHT, "another font"
    count = 512 if mode & 1 else 256
    table = struct.unpack_from(f"<{(len(data) - 4 - count * height) // 2}H", data, 4 + count * height)
    glyphs, number = {}, 0
    for value in table:
        if value == 0xffff:
            number += 1
        elif 0x20 <= value < 0xfffe:
            glyphs.setdefault(data[4 + number * height:4 + (number + 1) * height], chr(value))
    return glyphs


class Console:
    """A sessiond in a folder of its own."""

    def __init__(self, sessiond, options, *program):
        self.folder = tempfile.TemporaryDirectory(prefix="console-")
        font, frame, keys = (os.path.join(self.folder.name, name) for name in ("font", "frame", "keys"))
        with gzip.open(FONT) as f:
            data = f.read()
        self.glyphs = read_glyphs(data)
        self.known = {}         # cells' pixels that were seen before, and their characters
        self.last_pixels, self.last_text = b"", []
        with open(font, "wb") as f:
            f.write(data)
        self.frame = open(frame, "w+b")
        os.mkfifo(keys)
        self.keys = os.open(keys, os.O_RDWR)
        ready, ready_end = os.pipe()
        self.child = subprocess.Popen([sessiond, "--framebuffer", frame, "--geometry", f"{WIDTH}x{HEIGHT}", "--font", font,
                                       "--input", keys, "--sessions", "3", *options, *program], stdin=subprocess.DEVNULL,
                                      pass_fds=[ready_end], env={**os.environ, "READY_FD": str(ready_end), "PS1": "$ "})
        os.close(ready_end)
        assert os.read(ready, 100) == b"ready\n", "sessiond is not ready"
        os.close(ready)

    def pixels(self):
        self.frame.seek(0)
        return self.frame.read()

    def character(self, cell):
        """The character in a cell's pixels; the background is the left upper one's colour."""
        glyph = bytes(sum(0x80 >> x for x in range(CELL_WIDTH) if line[x * 4:x * 4 + 4] != cell[0][:4]) for line in cell)
        return self.glyphs.get(glyph, "\ufffd")

    def text(self):
        """What the screen says, a line a row."""
        pixels = self.pixels()
        if pixels != self.last_pixels:
            self.last_pixels, self.last_text = pixels, [self.row_text(pixels, row) for row in range(ROWS)]
        return self.last_text

    def row_text(self, pixels, row):
        lines = [pixels[at:at + WIDTH * 4] for at in range(row * CELL_HEIGHT * WIDTH * 4, (row + 1) * CELL_HEIGHT * WIDTH * 4,
                                                           WIDTH * 4)]
        found = []
        for at in range(0, WIDTH * 4, CELL_WIDTH * 4):
            cell = tuple(line[at:at + CELL_WIDTH * 4] for line in lines)
            if cell not in self.known:
                self.known[cell] = self.character(cell)
            found.append(self.known[cell])
        return "".join(found).rstrip()

    def until(self, claim, what):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            text = self.text()
            if claim(text):
                return text
            assert time.monotonic() < deadline, f"expected {what}\ngot\n" + "\n".join(text)
            time.sleep(0.05)

    def press(self, code):
        os.write(self.keys, EVENT.pack(0, 0, EV_KEY, code, 1))

    def release(self, code):
        os.write(self.keys, EVENT.pack(0, 0, EV_KEY, code, 0))

    def key(self, code, *modifiers):
        for modifier in modifiers:
            self.press(modifier)
        # At once: a key that is held for long repeats.
        os.write(self.keys, EVENT.pack(0, 0, EV_KEY, code, 1) + EVENT.pack(0, 0, EV_KEY, code, 0))
        for modifier in modifiers:
            self.release(modifier)

    def type(self, text):
        for character in text:
            if character == "\n":
                self.key(ENTER)
            elif character in CODES:
                self.key(CODES[character])
            elif character.isupper():
                self.key(CODES[character.lower()], LEFT_SHIFT)
            else:
                raise KeyError(character)

    def close(self):
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(PATIENCE_SECONDS)
        assert code == 0, f"expected exit code 0 of sessiond, got {code}"
        os.close(self.keys)
        self.frame.close()
        self.folder.cleanup()


def step_keys_reach_the_program_and_its_output_the_screen(console):
    console.type("echo Hello there\n")
    console.until(lambda text: "$ echo Hello there" in text and "Hello there" in text, "the command and its output")
    console.type("busybox stty size\n")
    console.until(lambda text: f"{ROWS} {COLUMNS}" in text, "the terminal's size")
    console.type("busybox stty\n")
    console.until(lambda text: any(" iutf8" in line for line in text), "a terminal that knows UTF-8")


def step_control_keys_are_signals(console):
    # Who says "up" is in the foreground; of a list the shell itself would say it.
    console.type("sh -c 'echo up; exec sleep 1000'\n")
    console.until(lambda text: "up" in text, "the command to run")
    console.key(CODES["c"], LEFT_CTRL)
    console.type("echo after\n")
    console.until(lambda text: "after" in text, "the shell to go on")


def step_sessions_are_apart_and_switched(console):
    console.type("echo first\n")
    console.until(lambda text: "first" in text, "the first session's output")
    console.key(F1 + 1, LEFT_ALT)
    console.until(lambda text: "$" in text and "first" not in text, "the second session")
    console.type("echo second\n")
    console.until(lambda text: "second" in text, "the second session's output")
    console.key(F1, LEFT_ALT)
    console.until(lambda text: "first" in text and "second" not in text, "the first session again")
    console.key(F1 + 5, LEFT_ALT)
    console.type("echo still\n")
    console.until(lambda text: "still" in text, "a session that does not exist to change nothing")


def step_a_session_that_ended_starts_again(console):
    console.type("exit\n")
    console.until(lambda text: any("[ended" in line for line in text), "the end to be told")
    console.key(ENTER)
    console.until(lambda text: text[-1] == "" and sum("built-in shell" in line for line in text) == 2, "a new shell")


def step_what_left_the_screen_is_looked_back_at(console):
    # One command: what is typed while it runs would be echoed between its lines.
    console.type("for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3 4 5; do echo line; done; done; echo over\n")
    console.until(lambda text: "over" in text, "the end of many lines")
    console.key(PAGE_UP, LEFT_SHIFT)
    console.until(lambda text: "over" not in text and text.count("line") == ROWS, "earlier lines")
    console.key(PAGE_DOWN, LEFT_SHIFT)
    console.until(lambda text: "over" in text, "the last lines")
    for _ in range(9):
        console.key(PAGE_UP, LEFT_SHIFT)
    console.until(lambda text: any("built-in shell" in line for line in text), "the first lines")
    console.type("echo back\n")
    console.until(lambda text: "back" in text, "the present, once a key is pressed")


def step_a_key_that_is_held_repeats(console):
    console.press(CODES["x"])
    console.until(lambda text: any("xxxx" in line for line in text), "one key many times")
    console.release(CODES["x"])
    console.key(CODES["u"], LEFT_CTRL)
    console.type("echo enough\n")
    console.until(lambda text: "enough" in text, "an end of it")


def step_a_layout_has_its_own_characters(console):
    # Where z is on a US keyboard, y is; and oe is where the semicolon is.
    console.key(CODES["z"])
    console.key(CODES[";"])
    console.until(lambda text: "$ y\u00f6" in text, "a German keyboard's characters")


def step_a_login_starts_again_and_leaves_nothing(console):
    console.until(lambda text: any("console 1" in line for line in text), "the greeting")
    console.type("echo secret\n")
    console.until(lambda text: "secret" in text, "the output")
    time.sleep(2)       # A shorter life would be a failure, after which there is a pause.
    console.type("exit\n")
    console.until(lambda text: "secret" not in text and "$" in text, "a fresh session")
    console.key(PAGE_UP, LEFT_SHIFT)
    console.type("echo gone\n")
    console.until(lambda text: "gone" in text and "secret" not in text, "nothing of the old one")
    console.key(F1 + 2, LEFT_ALT)
    console.until(lambda text: any("console 3" in line for line in text), "the third console's greeting")


OPTIONS = {step_a_layout_has_its_own_characters: ("--layout", "de"), step_a_login_starts_again_and_leaves_nothing: ("--login",)}


def main(sessiond):
    for name, step in [(name, step) for name, step in globals().items() if name.startswith("step_")]:
        console = Console(sessiond, OPTIONS.get(step, ()), "/bin/busybox", "sh")
        try:
            # What is typed before would be echoed twice, by the terminal and by the shell.
            console.until(lambda text: "$" in text, "a prompt")
            step(console)
            console.close()
        except AssertionError as error:
            console.child.kill()
            print(f"FAILED {name[5:]}\n{error}", flush=True)
            return 1
        print(f"ok {name[5:]}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
