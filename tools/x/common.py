"""What every command shares: where things are, and how a command fails."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# `./x test --debug` sets it for itself and for every ./x that it starts.
IS_DEBUG = os.environ.get("ALBIREO_DEBUG") == "1"
# A build with all debug checks lies inside the other one, whole: neither ever makes the other stale.
BUILD = os.path.join(ROOT, "build", *(["debug"] if IS_DEBUG else []))
# What machines see as C:\windows. Not build/windows, which meson owns and removes to configure it anew.
WINDOWS = os.path.join(BUILD, "windows-system")

EXIT_FAILED = 1
EXIT_USAGE = 2
# exec's codes below 125 belong to the program.
EXIT_MACHINE = 125


class Failure(Exception):
    """A command cannot go on; the message is the one line the user sees."""

    def __init__(self, message, code=EXIT_FAILED):
        super().__init__(message)
        self.code = code


def say(message):
    """Tell the user one line; standard output belongs to the command's result."""
    try:
        sys.stderr.write(f"x: {message}\n")
        sys.stderr.flush()
    except OSError:
        pass


def write_if_changed(path, data):
    """Write bytes to `path` unless it holds them already, so that mtimes mean change."""
    try:
        with open(path, "rb") as f:
            if f.read() == data:
                return False
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    fresh = f"{path}.new"
    with open(fresh, "wb") as f:
        f.write(data)
    os.replace(fresh, path)
    return True
