"""`./x run`: a machine of its own on this terminal.

It boots as a computer does, through UEFI and signed GRUB, from a disk that keeps what is written: Debian's userland on
Albireo's system volume, behind a login. With --root a folder of the host, read-only, is its root instead, and a busybox
shell of root is what it runs. Nothing of the host is writable without --bind.
"""
import os
import sys

from x import execute, request, uefi, volume
from x.common import EXIT_USAGE, Failure, say
from x.options import Option, describe, parse

SHELL = ("/bin/busybox", "sh", "-l")
# What a machine runs whose disk has no system volume, or that has no terminal to log in on.
BUNDLED_SHELL = ("/system/bin/busybox", "sh")
HOME = "/root"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What exec has and run has not: the caller's folder and environment are not its matter.
LEFT_OUT = ("--ro", "--clear-env", "--tty", "--timeout")
# Profile: the bus of the machine's disk.
PROFILES = {"default": "virtio", "virtio": "virtio", "nvme": "nvme", "ahci": "ahci"}
OPTIONS = {"--direct": Option("", "start the kernel without firmware and GRUB, as exec does"),
           "--fresh": Option("", "make the machine's disk anew: what was written is gone"),
           "--profile": Option("NAME", "what the machine's disk hangs on: virtio (default), nvme or ahci", choices=tuple(PROFILES)),
           "--system": Option("FILE", "the machine's disk (default build/system.img); made when it is not there"),
           **{name: option for name, option in execute.OPTIONS.items() if name not in LEFT_OUT},
           "--timeout": Option("SECONDS", "end the machine after so long, which is no failure")}
# What is not signed, or has no firmware, only --direct can start.
DIRECT_ONLY = ("debug_kernel", "bundle")

HELP = """usage: ./x run [OPTIONS] [-- QEMU ARGUMENT...]

Boots a machine through UEFI and signed GRUB from build/system.img, a disk with Debian's
userland that keeps what is written, and gives its login this terminal: user `albireo` or
`root`, password `albireo`. `reboot` starts it again; `poweroff` ends it, and so does
Ctrl-] three times. Without a terminal it runs a root shell on its input instead.

With --root DIR, a folder of the host, read-only, is the machine's root and root's busybox
shell is what it runs. Nothing of the host is writable without --bind.

"""


def console_path(spec):
    """Where the text of firmware and GRUB goes."""
    return f"{spec.log}.console"


def environment(values):
    term = os.environ.get("TERM", "linux")
    env = [f"HOME={HOME}", f"PATH={PATH}", f"TERM={term}", "USER=root", "LOGNAME=root", "SHELL=/bin/sh", "PS1=\\w \\$ ",
           *values.env]
    return [os.fsencode(item) for item in env]


def check(values):
    """Fail on options that go together with --direct only."""
    if values.direct:
        return
    for name in DIRECT_ONLY:
        if getattr(values, name):
            raise Failure(f"--{name.replace('_', '-')} needs --direct", EXIT_USAGE)
    if values.machine not in (None, "q35"):
        raise Failure(f"UEFI has no --machine {values.machine}; use --direct", EXIT_USAGE)
    values.machine = "q35"


def needs_disk(values):
    """Firmware boots from it; and it has the root that no --root names."""
    return not values.direct or not values.root


def disk_path(values):
    return os.path.abspath(values.system) if values.system else volume.DISK


def disk_bus(values, spec):
    bus = PROFILES[values.profile or "default"]
    if bus != "virtio" and spec.machine != "q35":
        raise Failure(f"--profile {values.profile} needs --machine q35", EXIT_USAGE)
    return bus


def root_pairs(values, mounts):
    """(program, its folder) and what the request says of the root: a folder of the host's, or nothing."""
    if not values.root:
        return BUNDLED_SHELL, "/", []
    mounts.add(os.path.abspath(values.root), True, "/")
    return SHELL, HOME, [("home", "tmpfs")]


def prepare(values):
    spec = execute.make_spec(values)
    if not values.direct:
        spec.boot_args = uefi.machine_args(console_path(spec))
    if needs_disk(values):
        spec.disks.insert(0, (disk_path(values), False, disk_bus(values, spec)))
    is_tty = os.isatty(0) and os.isatty(1)
    execute.add_streams(spec, is_tty)
    mounts = request.Mounts()
    program, folder, root = root_pairs(values, mounts)
    for bind in values.bind:
        source, place, is_readonly = request.split_bind(bind)
        mounts.add(source, is_readonly, place)
    run_id = os.urandom(8).hex()
    pairs = [*execute.request_pairs(program, environment(values), folder, mounts, run_id, is_tty), ("uid", 0), ("gid", 0),
             ("groups", 0), ("umask", "022"), ("mode", "run"), *root]
    execute.finish_spec(spec, values, pairs, mounts)
    return spec, run_id


def tell_console(spec, end):
    """Say why GRUB started nothing; keep its console's text only with a machine that failed."""
    path = console_path(spec)
    if end.kind == "failed" and uefi.refusal(path):
        say(f"{uefi.refusal(path)} (console: {path})")
    elif end.kind != "failed" and os.path.exists(path):
        os.unlink(path)


def main(argv):
    values, arguments = parse(OPTIONS, argv, "run", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    if arguments and not arguments[0].startswith("-"):
        raise Failure("run takes no program; ./x exec runs one", EXIT_USAGE)
    execute.parse_timeout(values)
    check(values)
    execute.ensure_built(values)
    if needs_disk(values):
        volume.ensure_disk(disk_path(values), values.fresh, not values.direct)
    while True:
        spec, run_id = prepare(values)
        spec.qemu_args += arguments
        end = execute.run_machine(spec, values, run_id)
        tell_console(spec, end)
        if end.kind != "reboot":
            return 0 if end.kind == "timeout" else execute.exit_code(end)
