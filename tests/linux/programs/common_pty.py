"""A program on a terminal of its own, driven by keys: what the scripts for interactive programs share.

What is sent and what is waited for is printed, so that the transcript can be compared."""
import os
import pty
import re
import select
import signal
import struct
import sys
import threading
import time
import fcntl
import termios

WAIT_SECONDS = 60


class Session:
    def __init__(self, argv, env=None, rows=24, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], argv, env or dict(os.environ, TERM="dumb", LC_ALL="C", PS1="$ "))
        self.text = ""
        self.reader = None

    def read(self, until):
        """Take in what comes before the time @until. False at the end of the output."""
        ready, _, _ = select.select([self.fd], [], [], max(0, until - time.monotonic()))
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern):
        """Wait for @pattern and give the match; what came up to its end is used up."""
        until = time.monotonic() + WAIT_SECONDS
        while not (found := re.search(pattern, self.text, re.S)):
            if time.monotonic() > until or not self.read(until):
                print(f"expected {pattern!r}, got {self.text!r}")
                sys.exit(1)
        self.text = self.text[found.end():]
        return found

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_all(self):
        """Take in all that comes, to the end."""
        while self.read(time.monotonic() + WAIT_SECONDS):
            pass

    def read_on(self):
        """Take in what comes from now on in a thread, for a program whose screen nobody waits for."""
        self.reader = threading.Thread(target=self.read_all)
        self.reader.start()

    def wait(self):
        """The exit code, after all output is taken in."""
        if self.reader:
            self.reader.join()
        else:
            self.read_all()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
