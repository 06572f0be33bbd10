"""Command dispatch of ./x."""
import os
import sys

from x.common import EXIT_FAILED, EXIT_MACHINE, EXIT_USAGE, Failure, say

# command: (module, one line for `x help`)
COMMANDS = {
    "setup": ("setup", "install the Debian packages that building and running need"),
    "check": ("check.command", "layering, sparse, manifests, docs: every rule a test cannot see"),
    "build": ("build", "build kernel, services, bundle and registries"),
    "stage": ("stage", "build, and write build/image: what UEFI and GRUB start, signed"),
    "image": ("image", "write a disk image that boots by itself"),
    "run": ("run", "a machine, from its firmware on, with a disk of its own and a login on this terminal"),
    "exec": ("execute", "run one Linux program of this host in a fresh machine"),
    "debug": ("debug", "exec under gdb, with symbols of kernel and services"),
    "probe-display": ("probe", "boot without a window and check what the machine's screen shows"),
    "test": ("test", "every test; the last line is `N passed, N failed`"),
    "selftest": ("selftest", "the tests that start no machine"),
    "scenarios": ("scenarios", "list named machines that are driven from outside, or run some"),
    "bench": ("bench", "bench core: instructions an operation; bench exec: time to prompt"),
    "conformance": ("conformance", "run Windows programs that nobody here wrote; compare with an oracle"),
    "fuzz": ("fuzz", "run libFuzzer targets under tests/fuzz"),
    "torture": ("torture", "run one long scenario under tests/torture"),
    "docs": ("docs", "write the reference pages: syscalls, nt, tool, tables"),
    "clean": ("clean", "remove the build folder"),
    "config": ("config", "print the configuration in effect"),
}


def usage():
    lines = ["usage: ./x COMMAND [ARGUMENTS]   (./x COMMAND --help tells more)", ""]
    lines += [f"  {name:15}{text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(lines) + "\n"


def run_command(argv):
    if not argv or argv[0] in ("help", "--help", "-h"):
        sys.stdout.write(usage())
        return 0 if argv else EXIT_USAGE
    if argv[0] not in COMMANDS:
        raise Failure(f"no command '{argv[0]}'; ./x help lists them", EXIT_USAGE)
    # exec is the fast path, so its module is imported without importlib.
    if argv[0] == "exec":
        from x import execute
        return execute.main(argv[1:])
    from importlib import import_module
    return import_module(f"x.{COMMANDS[argv[0]][0]}").main(argv[1:])


def main(argv):
    try:
        code = run_command(argv)
    except Failure as failure:
        say(str(failure))
        code = failure.code
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 141
    except OSError as error:
        say(f"{error.filename or argv[0]}: {error.strerror}")
        code = EXIT_MACHINE if argv[0] == "exec" else EXIT_FAILED
    try:
        sys.stdout.flush()
    except OSError:
        pass
    # The interpreter's own tear-down costs milliseconds and has nothing to do here.
    os._exit(code)
