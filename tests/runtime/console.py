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
LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, ENTER, F1 = 56, 29, 42, 28, 59
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

    def __init__(self, sessiond, *program):
        self.folder = tempfile.TemporaryDirectory(prefix="console-")
        font, frame, keys = (os.path.join(self.folder.name, name) for name in ("font", "frame", "keys"))
        with gzip.open(FONT) as f:
            data = f.read()
        self.glyphs = read_glyphs(data)
        with open(font, "wb") as f:
            f.write(data)
        self.frame = open(frame, "w+b")
        os.mkfifo(keys)
        self.keys = os.open(keys, os.O_RDWR)
        ready, ready_end = os.pipe()
        self.child = subprocess.Popen([sessiond, "--framebuffer", frame, "--geometry", f"{WIDTH}x{HEIGHT}", "--font", font,
                                       "--input", keys, "--sessions", "3", *program], stdin=subprocess.DEVNULL,
                                      pass_fds=[ready_end], env={**os.environ, "READY_FD": str(ready_end), "PS1": "$ "})
        os.close(ready_end)
        assert os.read(ready, 100) == b"ready\n", "sessiond is not ready"
        os.close(ready)

    def pixels(self):
        self.frame.seek(0)
        return self.frame.read()

    def cell(self, pixels, row, column):
        """(character, foreground, background) as drawn; the background is the left upper pixel's colour."""
        lines = []
        for line in range(CELL_HEIGHT):
            start = ((row * CELL_HEIGHT + line) * WIDTH + column * CELL_WIDTH) * 4
            lines.append(struct.unpack_from(f"<{CELL_WIDTH}I", pixels, start))
        background = lines[0][0]
        others = {pixel for line in lines for pixel in line} - {background}
        glyph = bytes(sum(0x80 >> x for x, pixel in enumerate(line) if pixel != background) for line in lines)
        return self.glyphs.get(glyph, "\ufffd"), max(others, default=background), background

    def text(self):
        """What the screen says, a line a row."""
        pixels = self.pixels()
        return ["".join(self.cell(pixels, row, column)[0] for column in range(COLUMNS)).rstrip() for row in range(ROWS)]

    def until(self, claim, what):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            text = self.text()
            if claim(text):
                return text
            assert time.monotonic() < deadline, f"expected {what}\ngot\n" + "\n".join(text)
            time.sleep(0.05)

    def key(self, code, *modifiers):
        events = [(code, 1), (code, 0)]
        for modifier in modifiers:
            events = [(modifier, 1), *events, (modifier, 0)]
        for event in events:
            os.write(self.keys, EVENT.pack(0, 0, EV_KEY, *event))

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


def step_control_keys_are_signals(console):
    console.type("echo up; sleep 1000\n")
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


def main(sessiond):
    for name, step in [(name, step) for name, step in globals().items() if name.startswith("step_")]:
        console = Console(sessiond, "/bin/busybox", "sh")
        try:
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
