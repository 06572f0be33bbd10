"""`./x exec`: run one program of this host in a fresh machine.

This is the fast path: see the note in x/__init__.py. Modules with an underscore
(_signal, _socket) are the C halves of signal and socket, whose Python halves
import enum and selectors for 20 ms.
"""
import os
import sys

from x import request, stamp
from x.common import BUILD, EXIT_MACHINE, Failure, say
from x.machine import BOARDS, Machine, MachineSpec
from x.options import Option, describe, parse
from x.relay import BOOT_SECONDS, Relay

EXIT_TIMEOUT = 124
EXIT_ESCAPED = 137

# How kernel/nucleus-core/src/panic.c begins its report.
PANIC_MARK = "=== PANIC: "

DISK_BUSES = ("virtio", "nvme", "ahci")

OPTIONS = {
    "--machine": Option("BOARD", "microvm (default) or q35", choices=tuple(BOARDS)),
    "--mem": Option("SIZE", "memory, as QEMU's -m takes it (default 512M)"),
    "--smp": Option("N", "processors (default 1)"),
    "--accel": Option("NAME", "tcg (default) or kvm", choices=("tcg", "kvm")),
    "--icount": Option("", "one instruction is one nanosecond: runs repeat (one CPU, fixed seed and clock)"),
    "--timeout": Option("SECONDS", "kill the program after that long; exit 124"),
    "--ro": Option("", "the working folder is read-only too"),
    "--root": Option("DIR", "the machine's root is DIR, not the host's /"),
    "--bind": Option("SRC[:DST[:ro]]", "mount folder SRC at DST (default: its own path), writable unless ro;\n"
                     "\\: is a colon in a name; may repeat", repeats=True),
    "--disk": Option("FILE[,ro][,bus=BUS]", "attach a raw disk image; BUS is virtio (default), nvme or ahci, which\n"
                     "come with q35; may repeat", repeats=True),
    "--env": Option("K=V", "set an environment variable; may repeat", repeats=True),
    "--clear-env": Option("", "start from an empty environment"),
    "--tty": Option("", "give the program a terminal even when input or output is none"),
    "--strace": Option("", "print the program's system calls on standard error, as strace does"),
    "--log": Option("FILE", "write the machine's log to FILE and keep it"),
    "--keep-log": Option("", "keep the log of a run that went well too, and say where it is"),
    "--log-level": Option("CATEGORY=LEVEL", "log threshold of a category for this run; may repeat", repeats=True),
    "--fault": Option("POINT=ACTION", "add a fault-injection rule; may repeat", repeats=True),
    "--debug-kernel": Option("", "use the kernel with its debug checks"),
    "--bundle": Option("FILE", "use another boot bundle (build/bundle-test.cpio has the test programs)"),
    "--qemu-args": Option('"ARGS"', "more arguments for QEMU, split as a shell does"),
    "--usb-input": Option("", "attach a USB controller with keyboard and tablet (q35; no driver of ours serves it)"),
    "--vfio-pci": Option("ADDRESS", "give the machine this host's PCI device, which vfio-pci has (q35); may repeat",
                         repeats=True),
    "--vfio-force": Option("", "even one that drives this host's display"),
    "--qemu-log": Option("KIND", "int: QEMU's log of interrupts, to build/logs/qemu_interrupt.log; null: to nowhere",
                         choices=("int", "null")),
    "--debugcon": Option("WHERE", "the machine's log goes to its file (default), or to standard error as well: stdio",
                         choices=("file", "stdio")),
    "--expect": Option("MARKER", "end the machine, which is a success, once its log has had MARKER; may repeat: all\n"
                       "of them. Any other end is a failure", repeats=True),
    "--summarize-log": Option("", "print the log's milestones, warnings and errors at the end"),
    "--help": Option("", "this text"),
}

HELP_HEAD = """usage: ./x exec [OPTIONS] -- PROGRAM [ARG...]

Boots a fresh machine, runs PROGRAM with the caller's ids and environment, passes
its streams and its exit code through, and is gone. The host's root is there
read-only, the working folder read-write at its own path; /tmp /var/tmp /run /dev
/proc /sys are the machine's own. PROGRAM is a path if it holds a '/', else it is
sought in PATH. With input and output on a terminal the program gets one too;
Ctrl-] three times ends the machine.

"""
HELP_TAIL = """
Exit codes: the program's own; 128+N killed by signal N; 127 not found; 126 not
executable; 125 the machine failed or the command is wrong; 124 --timeout; 137
also after Ctrl-] three times; a second SIGINT, SIGTERM or SIGHUP ends the machine
with 128+N.
"""


def read_defaults():
    """[qemu] and [fault_injection] of config/system.toml, as the build left them."""
    values, faults = {}, []
    with open(os.path.join(BUILD, "gen", "run-defaults"), encoding="utf-8") as f:
        for line in f:
            key, value = line.rstrip("\n").split("\t", 1)
            if key == "fault":
                faults.append(value)
            else:
                values[key] = value
    return values, faults


def ensure_built(values):
    """Build what is stale; the common case is one directory walk and no import."""
    flavours = ["release"]
    if values.debug_kernel:
        flavours.append("debug")
    if values.bundle and os.path.realpath(values.bundle) == os.path.join(BUILD, "bundle-test.cpio"):
        flavours = ["tests" if flavour == "release" else flavour for flavour in flavours]
    stale = [flavour for flavour in flavours if not stamp.is_fresh(flavour)]
    if stale:
        from x import build
        build.ensure(*stale)


def log_path(values):
    if values.log:
        return os.path.abspath(values.log)
    for folder in (os.path.join(BUILD, "logs"), os.environ.get("TMPDIR", "/tmp")):
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return os.path.join(folder, f"exec-{os.getpid()}.log")
    raise Failure("no folder to write the machine's log to; use --log FILE", EXIT_MACHINE)


def parse_disk(text):
    """(image, is_readonly, bus) of --disk; FILE may hold commas, only what ends it counts."""
    image, is_readonly, bus = text, False, "virtio"
    while True:
        head, comma, last = image.rpartition(",")
        if comma and last == "ro":
            is_readonly = True
        elif comma and last.startswith("bus="):
            bus = last[4:]
        else:
            break
        image = head
    if bus not in DISK_BUSES:
        raise Failure(f"--disk: the bus is one of {', '.join(DISK_BUSES)}, not '{bus}'", EXIT_MACHINE)
    if not os.path.exists(image) or os.path.isdir(image):
        raise Failure(f"--disk: there is no image '{image}'", EXIT_MACHINE)
    return os.path.abspath(image), is_readonly, bus


def add_disks(spec, values):
    spec.disks = [parse_disk(text) for text in values.disk]
    if not any(bus != "virtio" for _, _, bus in spec.disks):
        return
    if values.machine not in (None, "q35"):
        raise Failure("--disk: nvme and ahci need --machine q35", EXIT_MACHINE)
    spec.machine = "q35"


def make_spec(values):
    """The machine that the options ask for, without request and exports."""
    defaults, faults = read_defaults()
    spec = MachineSpec()
    spec.binary = os.environ.get("QEMU_BIN", defaults["binary"])
    for name in ("machine", "accel", "mem", "smp"):
        setattr(spec, name, getattr(values, name) or defaults[name])
    add_disks(spec, values)
    spec.icount = values.icount
    if spec.icount and spec.smp != "1":
        raise Failure("--icount needs --smp 1", EXIT_MACHINE)
    world = "kernel-debug" if values.debug_kernel else "kernel"
    spec.kernel = os.path.join(BUILD, world, "kernel", "nucleus.elf")
    spec.bundle = os.path.abspath(values.bundle) if values.bundle else os.path.join(BUILD, "bundle.cpio")
    for path in (spec.kernel, spec.bundle):
        if not os.path.isfile(path):
            raise Failure(f"there is no {path}", EXIT_MACHINE)
    spec.log = log_path(values)
    if values.qemu_args:
        import shlex
        spec.qemu_args = shlex.split(values.qemu_args)
    if values.usb_input or values.vfio_pci or values.qemu_log:
        from x import devices
        spec.qemu_args += devices.arguments(values, spec.machine)
    if values.fault or values.log_level:
        from x import rules
        rules.demand(map(rules.fault_complaint, values.fault))
        rules.demand(map(rules.log_complaint, values.log_level))
    faults += values.fault
    if faults:
        spec.files["opt/albireo/fault-injection"] = "".join(f"{rule}\n" for rule in faults).encode()
    if values.log_level:
        spec.files["opt/albireo/log"] = "".join(f"{item}\n" for item in values.log_level).encode()
    return spec


def add_streams(spec, is_tty):
    """The ports of exec_request.h."""
    spec.ports = ["albireo.control"]
    spec.ports += ["albireo.tty"] if is_tty else ["albireo.stdin", "albireo.stdout"]
    if not is_tty or not os.isatty(2):
        spec.ports.append("albireo.stderr")


def wants_tty(values):
    return values.tty or (os.isatty(0) and os.isatty(1))


def request_pairs(arguments, env, cwd, mounts, run_id, is_tty):
    """The part of a request that every mode has."""
    for argument in arguments:
        yield "arg", argument
    for item in env:
        yield "env", item
    yield "cwd", cwd
    yield "id", run_id
    yield "time", request.time_now()
    yield "tty", int(is_tty)
    if is_tty:
        size = terminal_size()
        yield "rows", size[1]
        yield "cols", size[0]
    for tag, _, is_readonly, place in mounts.list:
        yield "mount", f"{tag}:{'ro' if is_readonly else 'rw'}:{place}"


def terminal_size():
    try:
        size = os.get_terminal_size(0)
        return size.columns or 80, size.lines or 24
    except OSError:
        return 80, 24


def finish_spec(spec, values, pairs, mounts):
    """Put request and exports into the machine."""
    spec.exports = [(tag, folder, is_readonly) for tag, folder, is_readonly, _ in mounts.list]
    strace = [("strace", 1)] if values.strace else []
    spec.files["opt/albireo/exec"] = request.encode([*pairs, *strace])


def prepare(values, arguments):
    """Everything about a run that can fail before QEMU starts: (spec, id of the run)."""
    spec = make_spec(values)
    is_tty = wants_tty(values)
    add_streams(spec, is_tty)
    env = request.edited_environment(values.clear_env, values.env)
    mounts = request.exec_mounts(arguments[0], env, values.root or "/", values.ro, values.bind)
    run_id = os.urandom(8).hex()
    pairs = [*request_pairs(arguments, env, os.getcwd(), mounts, run_id, is_tty), *request.caller_pairs(),
             ("mode", "exec")]
    finish_spec(spec, values, pairs, mounts)
    return spec, run_id


def remove_hidden(spec, run_id):
    """Unlinked files that were still open lie in .albireo-<id> at their export's top."""
    for _, folder, is_readonly in spec.exports:
        hidden = os.path.join(folder, f".albireo-{run_id}")
        if not is_readonly and os.path.lexists(hidden):
            import shutil
            shutil.rmtree(hidden, ignore_errors=True)


def make_watch(spec, values):
    """What follows the machine's log while it runs, if anything does."""
    if not (values.strace or values.debugcon == "stdio" or values.expect):
        return None
    from x.watch import Watch
    return Watch(spec.log, values.strace, values.debugcon == "stdio", values.expect)


def why_failed(machine, end, log):
    """One line that tells why the machine ended without the program's end."""
    if end.text:
        return end.text
    said = machine.said().strip()
    if said:
        return said.splitlines()[0]
    try:
        with open(log, "rb") as f:
            lines = f.read().decode("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith(PANIC_MARK):
            return f"panic: {line[len(PANIC_MARK):]}"
    return f"it ended after: {lines[-1]}" if lines else "it ended without a word"


def exit_code(end):
    if end.kind == "code":
        # A Windows status whose low byte is zero must not look like success.
        return end.value & 0xff or (255 if end.value else 0)
    if end.kind in ("signal", "hangup"):
        return 128 + end.value
    if end.kind == "refused":
        return end.value
    return {"poweroff": 0, "reboot": 0, "expected": 0, "timeout": EXIT_TIMEOUT, "escape": EXIT_ESCAPED}.get(end.kind, EXIT_MACHINE)


def summarize(log):
    from x.watch import summary
    try:
        with open(log, encoding="utf-8", errors="replace") as f:
            lines = summary(f.read())
    except OSError:
        lines = []
    os.write(2, "".join(f"{line}\n" for line in lines).encode())


def report(machine, end, values):
    """Say what the user must hear of the end, and keep or delete the log."""
    log = machine.spec.log
    if values.summarize_log:
        summarize(log)
    if end.kind == "refused" and end.text:
        os.write(2, end.text.encode() + b"\n")
    if end.kind == "failed":
        say(f"the machine failed: {why_failed(machine, end, log)} (log: {log})")
    elif end.kind == "timeout":
        say(f"killed after {values.timeout} s (log: {log})")
    elif values.keep_log:
        say(f"log: {log}")
    elif not values.log:
        try:
            os.unlink(log)
        except OSError:
            pass


def run_machine(spec, values, run_id, boot_seconds=BOOT_SECONDS):
    """Start the machine, relay until its end; returns the End."""
    terminal = None
    if "albireo.tty" in spec.ports:
        from x.terminal import Terminal
        terminal = Terminal()
    machine = Machine(spec)
    try:
        machine.start()
        watch = make_watch(spec, values)
        relay = Relay(machine, terminal, float(values.timeout or 0), boot_seconds, watch)
        if terminal and os.isatty(0):
            terminal.make_raw()
        end = relay.run()
        if watch:
            end = watch.judge(end)
    finally:
        if terminal:
            terminal.restore()
        machine.end()
        remove_hidden(spec, run_id)
    report(machine, end, values)
    return end


def parse_timeout(values):
    try:
        if float(values.timeout or 1) > 0:
            return
    except ValueError:
        pass
    raise Failure(f"--timeout takes seconds, not '{values.timeout}'", EXIT_MACHINE)


def main(argv, boot_seconds=BOOT_SECONDS):
    values, arguments = parse(OPTIONS, argv, "exec", EXIT_MACHINE)
    if values.help:
        sys.stdout.write(HELP_HEAD + describe(OPTIONS) + HELP_TAIL)
        return 0
    if not arguments:
        raise Failure("exec needs a PROGRAM: ./x exec [OPTIONS] -- PROGRAM [ARG...]", EXIT_MACHINE)
    try:
        parse_timeout(values)
        ensure_built(values)
        spec, run_id = prepare(values, arguments)
    except Failure as failure:
        failure.code = EXIT_MACHINE
        raise
    return exit_code(run_machine(spec, values, run_id, boot_seconds))
