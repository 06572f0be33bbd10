"""`./x probe-display`: boot without a window and look at what the machine's screen shows.

Probe is what scenarios use as well: it waits for text on the screen and types.
"""
import os
import re
import signal
import subprocess
import sys
import time

from x.common import BUILD, EXIT_USAGE, ROOT, Failure, say
from x.options import Option, describe, parse
from x.qmp import Qmp

BOOT_SECONDS = 240
END_SECONDS = 60
LOGIN = r"login:$"
POLL_SECONDS = 0.2
# What the kernel says of the mode that the firmware left.
MODE = re.compile(r"framebuffer: (\d+)x(\d+) at ")
# A PS/2 keyboard keeps 16 bytes, and a key may take four.
KEYS_AT_ONCE = 4

OPTIONS = {
    "--expect": Option("PATTERN", "wait until the screen's text matches; may repeat: all of them, in any order\n"
                       "(default: a login, unless --run is there)", repeats=True),
    "--type": Option("TEXT", "then type TEXT on the machine's keyboard; \\n is Enter"),
    "--then": Option("PATTERN", "and wait until the screen's text matches that; may repeat", repeats=True),
    "--timeout": Option("SECONDS", f"fail after so long without what is expected (default {BOOT_SECONDS})"),
    "--image": Option("FILE.png", "keep a picture of the screen"),
    "--run": Option('"OPTIONS"', "options of ./x run, split as a shell does"),
    "--help": Option("", "this text"),
}
HELP = """usage: ./x probe-display [OPTIONS] [-- QEMU ARGUMENT...]
Boots the machine of ./x run without a window, and checks its screen: the size that the kernel
tells, something drawn, and the text that is expected. Prints the text that stands there.

"""


class Probe:
    """A machine's screen and keyboard, by its connected Qmp."""

    def __init__(self, qmp):
        self.qmp = qmp

    def text(self):
        return "\n".join(self.qmp.screen().text())

    def until(self, pattern, seconds=60):
        """Wait until the screen's text matches; returns the match."""
        deadline = time.monotonic() + seconds
        while True:
            text = self.text()
            found = re.search(pattern, text, re.M)
            if found:
                return found
            if time.monotonic() >= deadline:
                raise Failure(f"expected a screen matching {pattern!r}\ngot\n{text.rstrip()}")
            time.sleep(POLL_SECONDS)

    def type(self, text):
        """Type a line or more that the screen shows as it is typed; the Enter after each is pressed once it stands there."""
        for line in text.splitlines(keepends=True):
            words = line.rstrip("\n")
            for at in range(0, len(words), KEYS_AT_ONCE):
                self.qmp.type(words[at:at + KEYS_AT_ONCE])
                self.until(re.escape(words[:at + KEYS_AT_ONCE].rstrip()) + "$")
            if line.endswith("\n"):
                self.qmp.press("ret")

    def demand_mode(self, log_text):
        """Fail unless the screen is as large as the kernel's log says, and shows something."""
        mode = MODE.search(log_text)
        if not mode:
            raise Failure("the kernel's log tells of no framebuffer")
        screen = self.qmp.screen()
        if (screen.width, screen.height) != tuple(map(int, mode.groups())):
            raise Failure(f"expected a screen of {mode.group(1)}x{mode.group(2)}\ngot {screen.width}x{screen.height}")
        if screen.is_blank():
            raise Failure("the screen is of one colour")


def start(log, run_options, arguments):
    """./x run in a process of its own, without a terminal."""
    import shlex
    command = [os.path.join(ROOT, "x"), "run", "--log", log, *shlex.split(run_options or ""), "--qemu-args", shlex.join(arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)


def end(child):
    """The first signal has the machine go off in order, its disk written back; a second ends it at once."""
    for number, seconds in ((signal.SIGTERM, END_SECONDS), (signal.SIGTERM, 1), (signal.SIGKILL, None)):
        try:
            child.send_signal(number)
            child.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue


def read_log(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("utf-8", "replace")
    except OSError:
        return ""


def wait_for_mode(child, log, seconds):
    deadline = time.monotonic() + seconds
    while not MODE.search(read_log(log)):
        if child.poll() is not None:
            raise Failure(f"the machine ended with {child.returncode} before it had a screen (log: {log})")
        if time.monotonic() >= deadline:
            raise Failure(f"the kernel told of no framebuffer in {seconds:g} s (log: {log})")
        time.sleep(POLL_SECONDS)


def look(probe, values, log, seconds):
    for pattern in values.expect or ([] if values.run else [LOGIN]):
        probe.until(pattern, seconds)
    if values.type:
        probe.type(values.type.replace("\\n", "\n"))
    for pattern in values.then:
        probe.until(pattern, seconds)
    probe.demand_mode(read_log(log))
    if values.image:
        probe.qmp.ask("screendump", filename=os.path.abspath(values.image), format="png")
    print(probe.text().rstrip())


def seconds_of(text):
    try:
        seconds = float(text or BOOT_SECONDS)
    except ValueError:
        seconds = 0
    if seconds <= 0:
        raise Failure(f"--timeout takes seconds, not '{text}'", EXIT_USAGE)
    return seconds


def main(argv):
    values, arguments = parse(OPTIONS, argv, "probe-display", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    seconds = seconds_of(values.timeout)
    from x import build
    build.ensure("release")
    log = os.path.join(BUILD, "logs", f"probe-{os.getpid()}.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    qmp = Qmp()
    child = start(log, values.run, [*qmp.arguments.split(), *arguments])
    try:
        wait_for_mode(child, log, seconds)
        qmp.connect()
        look(Probe(qmp), values, log, seconds)
    finally:
        end(child)
        qmp.close()
    say(f"the screen is as it should be (log: {log})")
    return 0
