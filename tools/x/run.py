"""`./x run`: a machine with a busybox shell on this terminal.

It boots as a computer does, through UEFI and signed GRUB. Root user, the host's root read-only, /root on tmpfs; nothing of the host is
writable without --bind.
"""
import os
import sys

from x import execute, request, uefi
from x.common import EXIT_USAGE, Failure, say
from x.options import Option, describe, parse

SHELL = ("/bin/busybox", "sh", "-l")
HOME = "/root"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What exec has and run has not: the caller's folder and environment are not its matter.
LEFT_OUT = ("--ro", "--clear-env", "--tty", "--timeout")
OPTIONS = {"--direct": Option("", "start the kernel without firmware and GRUB, as exec does"),
           **{name: option for name, option in execute.OPTIONS.items() if name not in LEFT_OUT},
           "--timeout": Option("SECONDS", "end the machine after so long, which is no failure")}
# What is not signed, or has no firmware, only --direct can start.
DIRECT_ONLY = ("debug_kernel", "bundle")

HELP = """usage: ./x run [OPTIONS] [-- QEMU ARGUMENT...]

Boots a machine through UEFI and signed GRUB and gives its busybox shell this
terminal: root user, the host's root read-only, /root on tmpfs. Nothing of the host
is writable without --bind.
`exit` or `poweroff` ends it, and so does Ctrl-] three times.

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


def prepare(values):
    spec = execute.make_spec(values)
    if not values.direct:
        spec.boot_args = uefi.machine_args(console_path(spec))
    is_tty = os.isatty(0) and os.isatty(1)
    execute.add_streams(spec, is_tty)
    mounts = request.Mounts()
    mounts.add(os.path.abspath(values.root or "/"), True, "/")
    for bind in values.bind:
        source, place, is_readonly = request.split_bind(bind)
        mounts.add(source, is_readonly, place)
    run_id = os.urandom(8).hex()
    pairs = [*execute.request_pairs(SHELL, environment(values), HOME, mounts, run_id, is_tty), ("uid", 0), ("gid", 0),
             ("groups", 0), ("umask", "022"), ("mode", "run"), ("home", "tmpfs")]
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
    if not values.direct:
        uefi.stage_all()
    while True:
        spec, run_id = prepare(values)
        spec.qemu_args += arguments
        end = execute.run_machine(spec, values, run_id)
        tell_console(spec, end)
        if end.kind != "reboot":
            return 0 if end.kind == "timeout" else execute.exit_code(end)
