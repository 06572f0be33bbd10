"""Carry bytes, signals and the end record between this process and a machine.

One poll loop. Each direction holds at most one chunk, so a slow reader on one
side stops the writer on the other and no stream ever waits for another.
"""
import _signal
import os
import select
import stat
import time

CHUNK = 65536
PIPE_CHUNK = 4096      # POLLOUT on a pipe promises room for this much
ESCAPE = 0x1d          # Ctrl-], three times in a row, ends the machine
BOOT_SECONDS = 60
GRACE_SECONDS = 2

READ_EVENTS = select.POLLIN | select.POLLHUP | select.POLLERR
MAX_POLL_MS = 1_000_000


class End:
    """Why a run is over. kind: code, signal, refused, poweroff, reboot, timeout, hangup, escape, expected, failed."""

    def __init__(self, kind, value=0, text=""):
        self.kind = kind
        self.value = value
        self.text = text


class Output:
    """One stream out of the machine: from a port's descriptor to one of ours."""

    def __init__(self, port, target, name):
        self.port = port
        self.name = name
        self.pending = b""
        self.received = 0
        self.is_open = True
        self.chunk = CHUNK
        self.own_fd = -1
        self.target = self.open_target(target)

    def open_target(self, target):
        """A descriptor whose writes do not block, without changing the caller's own."""
        try:
            kind = stat.S_IFMT(os.fstat(target).st_mode)
        except OSError:
            self.is_open = False
            return target
        if kind in (stat.S_IFIFO, stat.S_IFCHR):
            try:
                self.own_fd = os.open(f"/proc/self/fd/{target}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
                return self.own_fd
            except OSError:
                pass
        if kind != stat.S_IFREG:
            self.chunk = PIPE_CHUNK
        return target

    def take(self):
        """Read one chunk from the port. Returns False at its end."""
        try:
            data = os.read(self.port, CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.received += len(data)
        if self.is_open:
            self.pending = data
        return bool(data)

    def flush(self):
        """Write what is pending. Returns False when nobody reads any more."""
        try:
            written = os.write(self.target, self.pending[:self.chunk])
            self.pending = self.pending[written:]
        except BlockingIOError:
            pass
        except OSError:
            self.pending = b""
            self.is_open = False
        return self.is_open

    def close(self):
        if self.own_fd >= 0:
            os.close(self.own_fd)


class Relay:
    """One run of a machine. `run()` returns its End."""

    def __init__(self, machine, terminal, timeout, boot_seconds=BOOT_SECONDS, log_tail=None):
        is_tty = terminal is not None
        ports = machine.ports
        self.machine = machine
        self.terminal = terminal
        self.control = ports["albireo.control"]
        self.control_in = b""
        self.control_out = b""
        self.log_tail = log_tail
        self.input_port = ports["albireo.tty"] if is_tty else ports["albireo.stdin"]
        self.input_fd = -1
        self.input_pending = b""
        self.input_total = 0
        self.escapes = 0
        self.outputs = [Output(ports["albireo.tty" if is_tty else "albireo.stdout"], 1, "stdout")]
        if "albireo.stderr" in ports:
            self.outputs.append(Output(ports["albireo.stderr"], 2, "stderr"))
        self.is_ready = False
        self.end = None            # the machine's end record, once it came
        self.end_counts = None
        self.verdict = None        # set when this side ends the machine
        self.kill_time = None      # when a program that outlived its timeout is given up
        self.signals = 0
        self.start_time = time.monotonic()
        self.boot_deadline = self.start_time + boot_seconds
        self.deadline = self.start_time + timeout if timeout else None
        self.open_input()
        self.watch_signals()

    def watch_signals(self):
        self.wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        _signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        watched = [_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP]
        watched += [_signal.SIGWINCH, _signal.SIGCONT] if self.terminal else []
        for number in watched:
            _signal.signal(number, lambda *_: None)

    def open_input(self):
        try:
            os.fstat(0)
            self.input_fd = 0
        except OSError:
            self.tell("eof 0")

    # -- towards the machine

    def tell(self, line):
        self.control_out += line.encode("ascii") + b"\n"

    def read_input(self):
        try:
            data = os.read(self.input_fd, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.input_fd = -1
            self.tell(f"eof {self.input_total}")
            return
        if self.terminal:
            self.count_escapes(data)
        self.input_pending = data
        self.input_total += len(data)

    def count_escapes(self, data):
        for byte in data:
            self.escapes = self.escapes + 1 if byte == ESCAPE else 0
            if self.escapes == 3:
                self.verdict = End("escape")

    def push(self, fd, data):
        """Write to a port without blocking; returns what is left."""
        try:
            return data[os.write(fd, data):]
        except BlockingIOError:
            return data
        except OSError:
            return b""

    # -- from the machine

    def read_control(self):
        try:
            data = os.read(self.control, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            return
        *lines, self.control_in = (self.control_in + data).split(b"\n")
        for line in lines:
            self.obey(line.decode("utf-8", "replace"))

    def obey(self, line):
        words = line.split(" ")
        if words[0] == "ready":
            self.is_ready = True
            if self.terminal:
                self.tell_size()
        elif words[0] == "note":
            os.write(2, line[5:].encode() + b"\n")
        elif words[0] == "exit":
            kind, value, out, err = words[1], int(words[2]), int(words[3]), int(words[4])
            self.end = End(kind, value, " ".join(words[5:]))
            self.end_counts = (out, err)

    def is_drained(self):
        """Has everything arrived that the machine says it wrote?"""
        return all(not output.pending and output.received >= count
                   for output, count in zip(self.outputs, self.end_counts))

    # -- signals and time

    def tell_size(self):
        size = os.get_terminal_size(0)
        self.tell(f"winsize {size.lines} {size.columns}")

    def take_signals(self):
        for number in os.read(self.wake_read, 512):
            if number == _signal.SIGWINCH:
                self.tell_size()
            elif number == _signal.SIGCONT:
                self.terminal.make_raw()
            else:
                self.signals += 1
                if self.signals > 1:
                    self.verdict = End("hangup", number)
                self.tell(f"signal {number}")

    def check_clock(self, now):
        if self.kill_time and now >= self.kill_time:
            self.verdict = End("timeout")
        elif self.deadline and now >= self.deadline and not self.kill_time:
            # Give the machine a moment to kill the program and write its files back.
            self.kill_time = now + GRACE_SECONDS
            self.tell("signal 9")
        if not self.is_ready and now > self.boot_deadline:
            self.verdict = End("failed", text=f"it did not come up in {now - self.start_time:.0f} s")

    # -- the loop

    def wanted_events(self):
        """{descriptor: poll events} for this turn."""
        events = {self.wake_read: READ_EVENTS, self.machine.pidfd: select.POLLIN}
        events[self.control] = READ_EVENTS | (select.POLLOUT if self.control_out else 0)
        if self.input_pending:
            events[self.input_port] = events.get(self.input_port, 0) | select.POLLOUT
        elif self.input_fd >= 0 and self.is_ready and not self.end:
            events[self.input_fd] = READ_EVENTS
        for output in self.outputs:
            if not output.pending:
                events[output.port] = events.get(output.port, 0) | select.POLLIN
            if output.is_open:
                events[output.target] = events.get(output.target, 0) | (select.POLLOUT if output.pending else 0)
        return events

    def poll(self):
        poller = select.poll()
        for fd, events in self.wanted_events().items():
            poller.register(fd, events)
        now = time.monotonic()
        boot_time = None if self.is_ready else self.boot_deadline
        waits = [wait for wait in (self.kill_time or self.deadline, boot_time) if wait]
        # A machine under a debugger has for ever to boot, which poll() does not take.
        timeout = min(max(0, min(waits) - now) * 1000 + 1, MAX_POLL_MS) if waits else None
        if self.log_tail:
            timeout = min(100, timeout or 100)
        return dict(poller.poll(timeout))

    def move(self, ready):
        """One turn: everything that can move moves once."""
        if ready.get(self.wake_read):
            self.take_signals()
        if self.input_fd >= 0 and ready.get(self.input_fd, 0) & READ_EVENTS and not self.input_pending:
            self.read_input()
        if self.input_pending:
            self.input_pending = self.push(self.input_port, self.input_pending)
        for output in self.outputs:
            self.move_output(output, ready)
        if ready.get(self.control, 0) & READ_EVENTS:
            self.read_control()
        if self.control_out:
            self.control_out = self.push(self.control, self.control_out)

    def move_output(self, output, ready):
        if output.is_open and ready.get(output.target, 0) & select.POLLERR:
            output.is_open = False
            output.pending = b""
            self.tell(f"closed {output.name}")
        if not output.pending and ready.get(output.port, 0) & READ_EVENTS:
            output.take()
        if output.pending and not output.flush():
            self.tell(f"closed {output.name}")

    def drain(self):
        """QEMU is gone: take what its ports still hold."""
        self.read_control()
        for output in self.outputs:
            os.set_blocking(output.target, True)
            more = True
            while more:
                while output.pending:
                    output.flush()
                before = output.received
                more = output.take() and output.received > before

    def run(self):
        try:
            while True:
                ready = self.poll()
                self.move(ready)
                if self.log_tail:
                    self.verdict = self.log_tail() or self.verdict
                if self.end and self.is_drained():
                    self.tell("ack")
                    self.control_out = self.push(self.control, self.control_out)
                    return self.end if self.kill_time is None else End("timeout")
                self.check_clock(time.monotonic())
                if self.verdict:
                    return self.verdict
                if self.machine.has_ended():
                    self.drain()
                    return self.end if self.end else End("failed")
        finally:
            _signal.set_wakeup_fd(-1)
            for output in self.outputs:
                output.close()
