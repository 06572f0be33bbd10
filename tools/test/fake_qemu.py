#!/usr/bin/python3 -IS
"""Stands in for QEMU and the system inside it in tests of ./x exec: takes the same
command line, speaks the control protocol of exec_request.h, and plays PROGRAM:

  show            print the request's strings on stdout, one a line
  cat             copy stdin to stdout
  both            "out" and "err" on their streams
  exit N / kill N / refuse N / stop KIND / panic / hang
  yes             write lines until stdout is closed, then die of SIGPIPE
  signals         die of the first signal that is forwarded
  size            print the terminal's size, then each new one, until "q" is typed
  strace          log one call
"""
import os
import select
import sys
import time


def parse(argv):
    """(ports by name, fw_cfg files by name, log path)"""
    fds, ports, files, log = {}, {}, {}, None
    for option, value in zip(argv, argv[1:]):
        fields = dict(item.split("=", 1) for item in value.split(",") if "=" in item)
        if option == "-chardev" and value.startswith("socket"):
            fds[fields["id"]] = int(fields["fd"])
        elif option == "-chardev":
            log = fields["path"]
        elif option == "-device" and value.startswith("virtserialport"):
            ports[fields["name"].removeprefix("albireo.")] = fds[fields["chardev"]]
        elif option == "-fw_cfg":
            with open(fields["file"], "rb") as f:
                files[fields["name"]] = f.read()
    return ports, files, log


class Guest:
    def __init__(self, argv):
        self.ports, self.files, self.log = parse(argv)
        for fd in self.ports.values():
            os.set_blocking(fd, True)
        strings = self.files["opt/albireo/exec"].split(b"\0")
        self.strings = strings[:-1]
        self.args = [item[4:].decode() for item in strings if item.startswith(b"arg=")]
        self.lines = b""
        self.out = 0
        self.err = 0

    def tell(self, line):
        os.write(self.ports["control"], line.encode() + b"\n")

    def hear(self):
        """The next control line. Read byte by byte, so that select() tells of what is left."""
        while b"\n" not in self.lines:
            data = os.read(self.ports["control"], 1)
            if not data:
                sys.exit(0)
            self.lines += data
        line, self.lines = self.lines.split(b"\n", 1)
        return line.decode()

    def write(self, data):
        port = self.ports["tty"] if "tty" in self.ports else self.ports["stdout"]
        view = memoryview(data)
        while view:
            view = view[os.write(port, view):]
        self.out += len(data)

    def write_err(self, data):
        os.write(self.ports["stderr"], data)
        self.err += len(data)

    def end(self, kind, value=0, text=""):
        self.tell(f"exit {kind} {value} {self.out} {self.err} {text}".rstrip())
        while self.hear() != "ack":
            pass

    def play_show(self):
        self.write(b"".join(item + b"\n" for item in self.strings))
        self.write(b"".join(name.encode() + b": " + data for name, data in sorted(self.files.items())
                            if name != "opt/albireo/exec"))
        self.end("code")

    def play_cat(self):
        total, wanted = 0, None
        while wanted is None or total < wanted:
            ready = select.select([self.ports["stdin"], self.ports["control"]], [], [])[0]
            if self.ports["stdin"] in ready:
                data = os.read(self.ports["stdin"], 65536)
                total += len(data)
                self.write(data)
            if self.ports["control"] in ready:
                word, number = self.hear().split()
                assert word == "eof", word
                wanted = int(number)
        self.end("code")

    def play_both(self):
        self.write(b"out\n")
        self.write_err(b"err\n")
        self.end("code", 42)

    def play_exit(self):
        self.end("code", int(self.args[1]))

    def play_kill(self):
        self.end("signal", int(self.args[1]))

    def play_refuse(self):
        self.end("refused", int(self.args[1]), "nothing: not found")

    def play_stop(self):
        self.end(self.args[1])

    def play_panic(self):
        with open(self.log, "w", encoding="ascii") as f:
            f.write('seq=1 lvl=info msg="up"\n\n=== PANIC: null write in vfsd\nregisters\n')
        sys.exit(1)

    def play_hang(self):
        time.sleep(1000)

    def play_yes(self):
        os.set_blocking(self.ports["stdout"], False)
        while True:
            ready = select.select([self.ports["control"]], [self.ports["stdout"]], [])
            if ready[0]:
                if self.hear() == "closed stdout":
                    self.end("signal", 13)
                    return
            elif ready[1]:
                self.out += os.write(self.ports["stdout"], b"y\n" * 1000)

    def play_signals(self):
        self.write(b"waiting\n")
        line = self.hear()
        while not line.startswith("signal"):
            line = self.hear()
        self.end("signal", int(line.split()[1]))

    def play_size(self):
        self.write(b"".join(item + b"\r\n" for item in self.strings if item.startswith((b"rows", b"cols"))))
        typed = b""
        while b"q" not in typed:
            ready = select.select([self.ports["tty"], self.ports["control"]], [], [])[0]
            if self.ports["control"] in ready:
                self.write(self.hear().encode() + b"\r\n")
            if self.ports["tty"] in ready:
                typed = os.read(self.ports["tty"], 100)
                self.write(repr(typed).encode() + b"\r\n")
        self.end("code")

    def play_strace(self):
        with open(self.log, "w", encoding="ascii") as f:
            f.write('seq=1 lvl=info msg="up"\nstrace: getpid() = 42\n')
        self.end("code")

    def run(self):
        self.tell("ready")
        getattr(self, f"play_{self.args[0]}")()


Guest(sys.argv).run()
