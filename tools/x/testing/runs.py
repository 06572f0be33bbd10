"""Runs of ./x exec as tests need them: to the end, or as a session to talk with."""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

from x.common import BUILD, IS_DEBUG, ROOT
from x.machine import SETPRIV
from x.testing import Mismatch, outcomes

X = os.path.join(ROOT, "x")
DEFAULT_TIMEOUT = 120
# Beyond the machine's own --timeout, for a ./x that hangs.
MARGIN_SECONDS = 30
# What the checks of debug builds write into a machine's log, but for panics.
REPORT = r'=== CHECK: [^"\n]*'
# By how much a machine may take longer than a test says: its checks cost time.
PATIENCE = 4 if IS_DEBUG else 1


class Result:
    """What a finished run left: exit code, both streams, the machine's log, the time it took."""

    def __init__(self, code, out, err, log, seconds):
        self.code = code
        self.out = out
        self.err = err
        self.log = log
        self.seconds = seconds


class Session:
    """A running ./x exec. Reads go through expect(), which sees what no earlier expect() consumed."""

    def __init__(self, command, cwd, env, log, is_tty):
        self.log = log
        self.seen = b""
        self.everything = b""
        self.is_tty = is_tty
        self.master = -1
        if is_tty:
            self.master, slave = pty.openpty()
            self.resize(24, 80)
            self.child = subprocess.Popen(command, cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave,
                                          start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            os.close(slave)
            self.input, self.output = self.master, self.master
        else:
            self.child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT)
            self.input, self.output = self.child.stdin.fileno(), self.child.stdout.fileno()

    def resize(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self.input, data):]

    def close_input(self):
        self.child.stdin.close()

    def signal(self, number):
        self.child.send_signal(number)

    def read_some(self, seconds):
        """Add what arrives within `seconds` to `seen`. Returns False at the end of the stream."""
        if not select.select([self.output], [], [], max(0, seconds))[0]:
            return True
        try:
            data = os.read(self.output, 65536)
        except OSError:
            data = b""
        self.seen += data
        self.everything += data
        return bool(data)

    def expect(self, pattern, timeout=30):
        """Wait until the output matches; returns the match and consumes up to its end."""
        pattern = pattern.encode() if isinstance(pattern, str) else pattern
        deadline = time.monotonic() + timeout * PATIENCE
        more = True
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return found
            if not more or time.monotonic() >= deadline:
                raise Mismatch(f"expected output matching {pattern!r}\ngot {self.everything[-2000:]!r}\nlog: {self.log}")
            more = self.read_some(deadline - time.monotonic())

    def log_text(self):
        return read_log(self.log)

    def expect_log(self, pattern, timeout=30):
        """Wait until the machine's log matches."""
        deadline = time.monotonic() + timeout * PATIENCE
        while True:
            text = self.log_text()
            found = re.search(pattern, text)
            if found:
                return found
            if time.monotonic() >= deadline or self.child.poll() is not None and text == self.log_text():
                raise Mismatch(f"expected a log line matching {pattern!r}\ngot ...{text[-2000:]}\nlog: {self.log}")
            time.sleep(0.02)

    def wait(self, timeout=30):
        """Read to the end; returns the exit code of ./x."""
        deadline = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < deadline and self.read_some(deadline - time.monotonic()):
            pass
        try:
            return self.child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Mismatch(f"expected an end\ngot none in {timeout} s\noutput {self.everything[-2000:]!r}\n"
                           f"log: {self.log}") from None

    def kill(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait()
        if self.master >= 0:
            os.close(self.master)


def read_log(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("utf-8", "replace")
    except OSError:
        return ""


def folder_name(text):
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


class Runner:
    """A test's own working folder and logs, and the runs it starts in them."""

    def __init__(self, name):
        self.name = name
        self.folder = os.path.join(BUILD, "run", folder_name(name))
        self.logs = os.path.join(BUILD, "logs", folder_name(name))
        for path in (self.folder, self.logs):
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path)
        self.count = 0
        self.sessions = []
        self.lock = threading.Lock()
        self.provokes_reports = False    # of a kernel's or service's checks; else one fails the test

    def next_log(self):
        with self.lock:
            self.count += 1
            return os.path.join(self.logs, f"machine-{self.count}.log")

    def command(self, program, options, timeout):
        log = self.next_log()
        limit = ["--timeout", str(timeout)] if timeout else []
        return [X, "exec", "--log", log, *limit, *outcomes.TELL, *options, "--", *program], log

    def exec(self, *program, options=(), stdin=b"", timeout=DEFAULT_TIMEOUT, cwd=None, env=None):
        """Run a program in a machine to its end; returns the Result."""
        timeout *= PATIENCE
        command, log = self.command(program, options, timeout)
        start = time.monotonic()
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, cwd=cwd or self.folder, env=env,
                                  timeout=timeout + MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            raise Mismatch(f"expected ./x to end\ngot nothing in {timeout + MARGIN_SECONDS} s\nlog: {log}") from None
        return Result(done.returncode, done.stdout, done.stderr, log, time.monotonic() - start)

    def start(self, *program, options=(), is_tty=False, cwd=None, env=None, timeout=None):
        """Start a program in a machine; returns the Session, which is killed after the test."""
        command, log = self.command(program, options, timeout and timeout * PATIENCE)
        session = Session(command, cwd or self.folder, env, log, is_tty)
        self.sessions.append(session)
        return session

    def start_shell(self, options=("--direct", "--root", "/"), is_tty=True):
        """Start ./x run, unless told else with the host's root and root's shell; returns the Session."""
        log = self.next_log()
        session = Session([X, "run", "--log", log, *outcomes.TELL, *options], self.folder, None, log, is_tty)
        self.sessions.append(session)
        return session

    def make_disk(self, options=("--bare",)):
        """A disk as ./x image writes it, in the working folder; returns its path."""
        path = os.path.join(self.folder, "disk.img")
        done = subprocess.run([X, "image", *options, path], capture_output=True, text=True, cwd=self.folder, check=False)
        if done.returncode:
            raise Mismatch(f"expected ./x image to write a disk\ngot {done.returncode}: {done.stderr}")
        return path

    def start_disk(self, path, options=()):
        """Start plain QEMU with OVMF on a disk; the Session is its first serial port."""
        from x import uefi
        log = self.next_log()
        command = ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-m", "512", "-nic", "none", "-display", "none",
                   "-no-reboot", "-serial", "stdio", "-debugcon", f"file:{log}", *uefi.firmware_args(),
                   "-drive", f"file={path},format=raw", *options]
        session = Session([SETPRIV, "--pdeathsig", "KILL", "--", *command], self.folder, None, log, False)
        self.sessions.append(session)
        return session

    def close(self):
        for session in self.sessions:
            session.kill()
        outcomes.note_folder(self.name, self.logs)
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self.provokes_reports:
            self.demand_no_reports()

    def demand_no_reports(self):
        """Machines that check themselves have found nothing."""
        for name in sorted(os.listdir(self.logs)):
            log = os.path.join(self.logs, name)
            reports = re.findall(REPORT, read_log(log))
            if reports:
                raise Mismatch("expected no reports of checks\ngot\n" + "\n".join(reports) + f"\nlog: {log}")
