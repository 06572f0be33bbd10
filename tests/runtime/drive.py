#!/usr/bin/python3
"""Drive a real runtimed through its life: drive.py RUNTIMED RUNTIMECTL [WINDOWS_PROGRAM].

Runs on this host and in a machine alike. Each step starts a runtimed in a folder of its own, with
services that are shell scripts, and looks at it through runtimectl and the socket. Prints a
line for each step and exits with 1 at the first that fails.
"""
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

SHELL = "/bin/busybox"
PATIENCE_SECONDS = 60
REQUEST = struct.Struct("<IIIIQ1024s")
RESPONSE = struct.Struct("<IIIiQII")
MAGIC, ANSWER_MAGIC, VERSION = 0x71727472, 0x70727472, 1
SNAPSHOT, LAUNCH_PATH = 1, 3
EPROTONOSUPPORT = 93
NOBODY = 65534


class Failed(Exception):
    """A step's expectation does not hold."""


def expect(claim, what, got=None):
    if not claim:
        raise Failed(f"expected {what}" + (f"\ngot {got}" if got is not None else ""))


class Home:
    """A folder with registries and a runtimed that works in it."""

    def __init__(self, runtimed, client):
        self.runtimed, self.client = runtimed, client
        self.folder = tempfile.mkdtemp(prefix="runtime-")
        os.chmod(self.folder, 0o755)
        self.registry, self.run = os.path.join(self.folder, "registry"), os.path.join(self.folder, "run")
        os.mkdir(self.registry)
        os.mkdir(self.run)
        self.records = {"startup-programs.tsv": [], "runtime-launch-programs.tsv": [], "runtime-env.tsv": []}
        self.child = None
        self.variable("PATH", "/bin:/usr/bin")
        self.variable("FOLDER", self.folder)
        open(self.path("log"), "wb").close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def variable(self, key, value, scope="runtime"):
        self.records["runtime-env.tsv"].append({"scope": scope, "key": key, "value": value})

    def script(self, name, text):
        """An executable shell script; returns its path."""
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"#!{SHELL} sh\n{text}\n")
        os.chmod(path, 0o755)
        return path

    def service(self, name, text, **fields):
        self.records["startup-programs.tsv"].append(
            {"id": name, "startup": "init", "exec": self.script(f"{name}.sh", text), "runtime_deps": "", **fields})

    def program(self, name, text, **fields):
        self.records["runtime-launch-programs.tsv"].append(
            {"id": name, "display_name": name, "exec": self.script(f"{name}.sh", text), **fields})

    def start(self):
        for name, records in self.records.items():
            with open(os.path.join(self.registry, name), "w", encoding="utf-8") as f:
                for record in records:
                    f.write("\t".join(f"{key}={value}" for key, value in record.items()) + "\n")
        self.child = subprocess.Popen([self.runtimed, "--run", self.run, "--registry", self.registry,
                                       "--log", self.path("log")], stdin=subprocess.DEVNULL)
        self.until(lambda: os.path.exists(os.path.join(self.run, "runtimed.sock")) and self.ctl("list").returncode == 0,
                   "a runtimed that answers")

    def until(self, claim, what):
        """Ask until it holds; what it gives is returned."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            value = claim()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failed(f"expected {what}\ngot, after {PATIENCE_SECONDS} s:\n{self.ctl('list').stdout}"
                             f"log:\n{self.read('log')[-3000:]}")
            time.sleep(0.02)

    def ctl(self, *words, uid=None):
        def become():
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        return subprocess.run([self.client, "--socket", os.path.join(self.run, "runtimed.sock"), *words], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              preexec_fn=become if uid is not None else None)

    def must(self, *words, **keywords):
        done = self.ctl(*words, **keywords)
        expect(done.returncode == 0, f"runtimectl {' '.join(words)} to succeed", done)
        return done.stdout

    def list(self):
        """{name: (session, pid, state, restarts)}; sessions of the same name: the last."""
        found = {}
        for line in self.must("list").splitlines()[1:]:
            words = line.split()
            found[words[7]] = (int(words[0]), int(words[1]), words[2], int(words[5]))
        return found

    def state(self, name):
        return self.list().get(name, (0, 0, "absent", 0))[2]

    def until_state(self, name, state):
        self.until(lambda: self.state(name) == state, f"{name} to be {state}")
        return self.list()[name]

    def launch(self, *words, **keywords):
        found = re.match(r"session (\d+) pid (\d+)\n$", self.must(*words, **keywords))
        expect(found, "a session and a pid")
        return int(found.group(1)), int(found.group(2))

    def connect(self):
        stream = socket.socket(socket.AF_UNIX)
        # Blocking: with a time limit, Python's connect() fails when the queue is full instead of waiting.
        stream.connect(os.path.join(self.run, "runtimed.sock"))
        stream.settimeout(PATIENCE_SECONDS)
        return stream

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self):
        """SIGTERM; everything must end, in order, with 0."""
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(PATIENCE_SECONDS)
        self.child = None
        expect(code == 0, "exit code 0 of runtimed", code)

    def close(self):
        if self.child:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


SLEEP = "exec busybox sleep 1000"
READY = "echo >&$READY_FD"
# Waits for the test without a shell's child: a read from a FIFO that the test writes to.
GATE = "read line < $FOLDER/gate"


def step_services_start_when_those_before_them_are_ready(home):
    os.mkfifo(home.path("gate"))
    home.service("first", f"echo first >> $FOLDER/order; {GATE}; {READY}; {SLEEP}", ready="notify")
    home.service("third", f"echo third >> $FOLDER/order; {SLEEP}", runtime_deps="second")
    home.service("second", f"echo second >> $FOLDER/order; {READY}; {SLEEP}", runtime_deps="first,kernel-service",
                 ready="notify")
    home.service("beside", f"echo beside > $FOLDER/beside; {SLEEP}")
    home.service("kernel-service", "exit 1", started_by="rootd")
    home.start()
    home.until_state("beside", "running")
    home.until(lambda: home.read("order") == "first\n", "first to be started")
    expect(home.state("first") == "starting" and home.state("second") == "waiting" and home.state("third") == "waiting",
           "second and third to wait for first", home.list())
    with open(home.path("gate"), "w", encoding="ascii") as f:
        f.write("go\n")
    home.until_state("third", "running")
    home.until(lambda: home.read("order") == "first\nsecond\nthird\n", "the order of dependencies")
    expect("kernel-service" not in home.list(), "what rootd starts to be left alone", home.list())


def step_circles_and_unknown_dependencies_are_refused(home):
    home.service("x", SLEEP, runtime_deps="y")
    home.service("y", SLEEP, runtime_deps="x")
    home.service("behind", SLEEP, runtime_deps="x")
    home.service("lost", SLEEP, runtime_deps="nobody")
    home.service("good", SLEEP)
    home.start()
    home.until_state("good", "running")
    for name in ("x", "y", "behind", "lost"):
        home.until_state(name, "given-up")
    log = home.read("log")
    expect("x: given up: depends on itself" in log and "lost: given up: depends on a program that is not there" in log,
           "the reasons in the log", log)


def step_a_crashing_service_is_restarted_with_growing_pauses_and_given_up(home):
    home.service("crash", "echo dying; read up rest < /proc/uptime; echo $up >> $FOLDER/starts; exit 3", limit=3)
    home.service("waiter", SLEEP, runtime_deps="crash-late")
    home.service("crash-late", "kill -SEGV $$", ready="notify", limit=1)
    home.start()
    _, _, _, restarts = home.until_state("crash", "given-up")
    expect(restarts == 3, "3 restarts", restarts)
    starts = [float(line) for line in home.read("starts").split()]
    pauses = [later - earlier for earlier, later in zip(starts, starts[1:])]
    # /proc/uptime counts in hundredths.
    expect(len(pauses) == 3 and all(pause >= least - 0.02 for pause, least in zip(pauses, (0.1, 0.2, 0.4))),
           "pauses of at least 0.1, 0.2 and 0.4 s", pauses)
    home.until_state("crash-late", "given-up")
    home.until_state("waiter", "given-up")
    log = home.read("log")
    for line in ("crash: exited with 3, starting it again in 100 ms", "crash: exited with 3, starting it again in 400 ms",
                 "crash: given up: ended too often", "crash-late: was killed by signal 11",
                 "waiter: given up: depends on a program that was given up"):
        expect(f"runtimed: {line}" in log, f"'{line}' in the log", log)
    expect(home.read("run/log/crash") == "dying\n" * 4, "4 lines in its own log", home.read("run/log/crash"))


def step_policies_say_what_is_started_again(home):
    home.service("once", "echo run >> $FOLDER/once; exit 0")
    home.service("never", "echo run >> $FOLDER/never; exit 1", restart="never")
    home.service("always", "echo run >> $FOLDER/always; exit 0", restart="always", limit=1)
    home.service("after", SLEEP, runtime_deps="once")
    home.service("absent", "", exec="/nonexistent/program", limit=0)
    home.start()
    home.until_state("always", "given-up")
    home.until_state("never", "given-up")
    home.until_state("after", "running")
    home.until_state("absent", "given-up")
    expect([home.read(name).count("run") for name in ("once", "never", "always")] == [1, 1, 2], "1, 1 and 2 runs",
           [home.read(name) for name in ("once", "never", "always")])
    expect("absent: cannot be executed: error 2" in home.read("log"), "why absent was not started", home.read("log"))


def step_a_service_that_is_not_ready_in_time_is_ended(home):
    home.service("mute", f"trap '' TERM; echo up; {SLEEP}", ready="notify", ready_seconds=1, stop_seconds=1, limit=0)
    home.service("behind", SLEEP, runtime_deps="mute")
    home.start()
    home.until_state("mute", "given-up")
    home.until_state("behind", "given-up")
    log = home.read("log")
    expect("mute: not ready after 1 s" in log and "mute: killing session" in log, "both in the log", log)


def step_what_programs_write_is_kept_within_bounds(home):
    home.service("loud", "i=0; while [ $i -lt 6000 ]; do echo line $i of many; i=$((i+1)); done; "
                 f"printf 'no end'; {READY}; {SLEEP}", ready="notify")
    home.start()
    home.until_state("loud", "running")
    home.until(lambda: "line 5999 of many\n" in home.read("run/log/loud"), "the last line")
    sizes = [len(home.read(f"run/log/{name}")) for name in ("loud", "loud.old")]
    expect(all(0 < size < 40000 for size in sizes), "two files below 40,000 bytes", sizes)
    told = home.read("log").count("loud: line")
    expect(0 < told < 3000, "only some lines in the kernel's log", told)


def step_programs_are_launched_and_terminated(home):
    home.program("hello", 'echo "$1 $2 $GREETING $PATH" > $FOLDER/hello; ' + SLEEP, args="a,b", env="GREETING=hi")
    home.start()
    session, pid = home.launch("launch", "hello.desktop")
    home.until(lambda: home.read("hello") == "a b hi /bin:/usr/bin\n", "arguments and environment")
    expect(home.list()["hello"][:3] == (session, pid, "running"), "hello in the list", home.list())
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        expect(int(f.read().rsplit(")", 1)[1].split()[3]) == pid, "the leader of a session")
    by_path, path_pid = home.launch("launch-path", home.script("by-path.sh", f"busybox sleep 1000 & echo $! > $FOLDER/inner; wait"))
    expect(by_path != session, "another session")
    inner = int(home.until(lambda: home.read("inner").strip(), "the inner process"))
    home.must("terminate", str(inner))
    home.until(lambda: is_gone(inner), "the inner process to end")
    home.until(lambda: by_path not in [entry[0] for entry in home.list().values()], "its session to end by itself")
    home.must("terminate-session", str(session))
    home.until(lambda: is_gone(pid) and "hello" not in home.list(), "hello to end")
    for words, reason in ((("launch", "nobody"), "No such file"), (("launch-path", "/nonexistent"), "No such file"),
                          (("launch-path", home.folder), "denied"), (("launch-path", "relative"), "Invalid"),
                          (("terminate-session", "9999"), "No such process"), (("terminate", "1"), "No such process"),
                          (("terminate", str(os.getpid())), "No such process"), (("terminate", "x"), "Invalid")):
        done = home.ctl(*words)
        expect(done.returncode == 1 and reason in done.stderr, f"{words} to be refused with '{reason}'", done)
    expect(home.ctl("dance").returncode == 2 and home.ctl("launch").returncode == 2, "2 for wrong use")
    expect(path_pid and home.state("hello") == "absent", "nothing left", home.list())


def step_a_session_that_ignores_sigterm_is_killed_with_all_that_it_started(home):
    home.service("stubborn", "trap '' TERM; (trap '' TERM; busybox sleep 1000) & echo $! > $FOLDER/inner; wait; wait",
                 stop_seconds=1)
    home.start()
    session, pid, _, _ = home.until_state("stubborn", "running")
    inner = int(home.until(lambda: home.read("inner").strip(), "the inner process"))
    home.must("terminate-session", str(session))
    home.until(lambda: is_gone(pid) and is_gone(inner), "both processes to end")
    home.until_state("stubborn", "given-up")
    expect("stubborn: killing session" in home.read("log"), "the kill in the log", home.read("log"))


def step_desktop_programs_wait_for_the_ui_server(home):
    home.service("ui", SLEEP)
    home.service("panel", SLEEP, startup="desktop")
    home.service("agent", SLEEP, startup="session")
    home.start()
    home.until_state("agent", "running")
    expect(home.state("panel") == "waiting", "the panel to wait", home.list())
    home.must("ui-ready")
    home.until_state("panel", "running")


def step_hostile_bytes_do_nothing(home):
    home.service("steady", SLEEP)
    home.start()
    before = home.until_state("steady", "running")
    noise = random.Random(5)
    whole = REQUEST.pack(MAGIC, VERSION, SNAPSHOT, 0, 0, b"")
    held = []
    for number in range(200):
        stream = home.connect()
        garbage = bytearray(noise.randbytes(noise.randrange(1, 3000)) if number % 2 else whole)
        if number % 2 == 0:
            for _ in range(noise.randrange(1, 4)):
                garbage[noise.randrange(len(garbage))] = noise.randrange(256)
            garbage = garbage[:noise.randrange(1, len(garbage) + 1)]
        try:
            stream.sendall(garbage)
        except (BrokenPipeError, ConnectionResetError):
            pass
        if number % 5 == 0:
            held.append(stream)
        else:
            stream.close()
    expect(home.state("steady") == "running", "an answer while others hold connections", home.list())
    for stream in held:
        stream.close()
    stream = home.connect()
    stream.sendall(REQUEST.pack(MAGIC, 9, SNAPSHOT, 0, 0, b"")[:24])
    answer = RESPONSE.unpack(stream.recv(RESPONSE.size, socket.MSG_WAITALL))
    expect(answer[0] == ANSWER_MAGIC and answer[3] == -EPROTONOSUPPORT, "another version to be told so", answer)
    expect(stream.recv(1) == b"", "its connection to be closed")
    stream = home.connect()
    stream.sendall(b"GET / HTTP/1.0\r\n\r\n")
    expect(stream.recv(1) == b"", "a stranger's connection to be closed")
    # One that never reads its answers is not waited for.
    deaf = home.connect()
    deaf.setblocking(False)
    try:
        while True:
            deaf.send(whole)
    except BlockingIOError:
        pass
    slow = home.connect()
    for byte in whole:
        slow.send(bytes([byte]))
    answer = RESPONSE.unpack(slow.recv(RESPONSE.size, socket.MSG_WAITALL))
    expect(answer[3] == 0 and answer[6] == 1, "an answer to a request byte by byte", answer)
    expect(home.list()["steady"] == before, "the service to be what it was", home.list())
    expect(home.child.poll() is None, "runtimed to be alive")


def step_a_successor_finds_what_runs(home):
    home.service("keeper", "trap 'echo asked; exit 0' TERM; echo $$ >> $FOLDER/keepers; "
                 "exec 4<> $FOLDER/gate; while read line <&4; do echo heard $line; done")
    home.service("crash", "exit 1", limit=0)
    home.program("work", SLEEP)
    os.mkfifo(home.path("gate"))
    home.start()
    _, keeper, _, _ = home.until_state("keeper", "running")
    home.until(lambda: home.read("keepers"), "the keeper to run")
    home.until_state("crash", "given-up")
    session, work = home.launch("launch", "work")
    home.kill()
    # It writes while nobody reads.
    with open(home.path("gate"), "w", encoding="ascii") as f:
        f.write("first\n")
    home.start()
    expect(home.list()["keeper"][1:3] == (keeper, "running"), "the same keeper", home.list())
    expect(home.list()["work"][:3] == (session, work, "running"), "the same session", home.list())
    expect(home.state("crash") == "given-up", "what was given up to stay so", home.list())
    home.until(lambda: "heard first\n" in home.read("run/log/keeper"), "what was written in between")
    other = subprocess.run([home.runtimed, "--run", home.run, "--registry", home.registry, "--log", home.path("log")],
                           check=False, stdin=subprocess.DEVNULL)
    expect(other.returncode == 3, "a second runtimed to be refused", other)
    os.kill(keeper, signal.SIGKILL)
    home.until(lambda: home.state("keeper") == "running" and home.list()["keeper"][1] != keeper, "a new keeper")
    home.until(lambda: len(home.read("keepers").split()) == 2, "two keepers in all")
    home.must("terminate-session", str(session))
    home.until(lambda: is_gone(work) and "work" not in home.list(), "the session to end")
    new_session, _ = home.launch("launch", "work")
    expect(new_session > session, "a session's handle to be used once", (session, new_session))


def step_it_stops_what_it_started_in_order(home):
    text = "trap 'echo {0} >> $FOLDER/order; exit 0' TERM; " + READY + "; while :; do busybox sleep 1000 & wait; done"
    home.service("base", text.format("base"), ready="notify")
    home.service("middle", text.format("middle"), ready="notify", runtime_deps="base")
    home.service("top", text.format("top"), ready="notify", runtime_deps="middle")
    home.program("user", "trap 'echo user >> $FOLDER/order; exit 0' TERM; echo > $FOLDER/up; "
                 "while :; do busybox sleep 1000 & wait; done")
    home.start()
    home.until_state("top", "running")
    home.launch("launch", "user")
    home.until(lambda: home.read("up"), "the program to run")
    pids = [entry[1] for entry in home.list().values()]
    home.stop()
    expect(home.read("order") == "user\ntop\nmiddle\nbase\n", "sessions first, then each before what it needs",
           home.read("order"))
    expect(all(is_gone(pid) for pid in pids), "no process left", pids)
    expect(not os.path.exists(os.path.join(home.run, "runtimed.sock")), "no socket left")


def step_others_than_root_have_their_own_only(home):
    if os.getuid():
        return
    home.program("admin", SLEEP, logical_admin="true")
    home.program("work", SLEEP)
    home.service("steady", SLEEP)
    os.mkdir(home.path("drop"))
    os.chmod(home.path("drop"), 0o777)
    home.start()
    steady = home.until_state("steady", "running")
    root_session, _ = home.launch("launch", "work")
    mine = home.script("mine.sh", f"busybox id -u > $FOLDER/drop/uid; busybox id -g >> $FOLDER/drop/uid; {SLEEP}")
    session, pid = home.launch("launch-path", mine, uid=NOBODY)
    home.until(lambda: home.read("drop/uid") == f"{NOBODY}\n{NOBODY}\n", "to run as who asked")
    for words in (("launch", "admin"), ("terminate-session", str(root_session)), ("terminate-session", str(steady[0])),
                  ("terminate", str(steady[1])), ("ui-ready",)):
        done = home.ctl(*words, uid=NOBODY)
        expect(done.returncode == 1 and "not permitted" in done.stderr, f"{words} to be refused", done)
    home.must("terminate-session", str(session), uid=NOBODY)
    home.until(lambda: is_gone(pid), "its own session to end")
    expect(home.state("steady") == "running" and home.state("work") == "running", "the others to run", home.list())


def windows_step(home, program):
    """A Windows program is launched by its path like any other."""
    copy = home.path("hostname.exe")
    shutil.copyfile(program, copy)
    os.chmod(copy, 0o755)
    home.start()
    home.launch("launch-path", copy)
    home.until(lambda: home.read("run/log/hostname.exe").strip().lower() == os.uname().nodename.lower(), "its output")


def main(runtimed, client, windows_program=None):
    steps = [(name, step) for name, step in globals().items() if name.startswith("step_")]
    if windows_program:
        steps.append(("step_a_windows_program_is_launched", lambda home: windows_step(home, windows_program)))
    for name, step in steps:
        home = Home(runtimed, client)
        try:
            step(home)
        except Failed as failed:
            print(f"FAILED {name[5:]}\n{failed}\nlog:\n{home.read('log')[-3000:]}", flush=True)
            return 1
        finally:
            home.close()
        print(f"ok {name[5:]}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
