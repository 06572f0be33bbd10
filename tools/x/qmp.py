"""QEMU's control socket (QEMU's docs/interop/qmp-spec.rst): events, keys, and what the screen shows."""
import json
import os
import socket
import time

from x.common import Failure
from x.screen import Screen

CONNECT_SECONDS = 60
# A US keyboard's keys that are not called what they write, and what they write with Shift.
NAMES = {" ": "spc", "\n": "ret", "\t": "tab", "-": "minus", "=": "equal", "[": "bracket_left", "]": "bracket_right",
         ";": "semicolon", "'": "apostrophe", "`": "grave_accent", "\\": "backslash", ",": "comma", ".": "dot", "/": "slash"}
SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))


class Qmp:
    """`arguments` go to QEMU; connect() once it runs."""

    def __init__(self):
        self.path = os.path.join("/tmp", f"qmp-{os.getpid()}-{id(self)}")
        self.arguments = f"-qmp unix:{self.path},server=on,wait=off"
        self.stream = None

    def connect(self):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(CONNECT_SECONDS)
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                link.connect(self.path)
                break
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise Failure(f"QEMU does not open its control socket: {error.strerror}") from None
            time.sleep(0.02)
        os.unlink(self.path)
        self.stream = link.makefile("rw")
        self.stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            if not line:
                raise Failure(f"QEMU ended and did not answer {command}")
            answer = json.loads(line)
            if "error" in answer:
                raise Failure(f"QEMU refuses {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def wait_for(self, event, **data):
        """Wait until QEMU tells of an event with these data."""
        while True:
            line = self.stream.readline()
            if not line:
                raise Failure(f"QEMU ended without {event}")
            told = json.loads(line)
            if told.get("event") == event and data.items() <= told["data"].items():
                return

    def send(self, *events):
        """Input events, (type, data) each."""
        self.ask("input-send-event", events=[{"type": kind, "data": data} for kind, data in events])

    def press(self, *keys):
        """Press the keys one after the other, then let them go backwards: the last one with all before it held."""
        self.send(*(key(name, True) for name in keys), *(key(name, False) for name in reversed(keys)))

    def type(self, text):
        """Press the keys that write `text` on a US keyboard. A keyboard's own queue is short: 16 bytes, of which a
        key takes two, with Shift four."""
        for character in text:
            self.press(*keys_of(character))

    def screen(self):
        """What the machine shows now: a Screen."""
        path = f"{self.path}.ppm"
        try:
            self.ask("screendump", filename=path)
            return Screen(path)
        finally:
            if os.path.exists(path):
                os.unlink(path)

    def close(self):
        if self.stream:
            self.stream.close()
        if os.path.exists(self.path):
            os.unlink(self.path)


def key(name, is_down):
    """The event of a key that is pressed or let go."""
    return "key", {"down": is_down, "key": {"type": "qcode", "data": name}}


def keys_of(character):
    if character in SHIFTED:
        return ("shift", *keys_of(SHIFTED[character]))
    if character.isascii() and character.isupper():
        return ("shift", character.lower())
    if character in NAMES:
        return (NAMES[character],)
    if character.isascii() and character.isalnum():
        return (character,)
    raise Failure(f"no key writes {character!r}")
