"""`./x debug`: a machine that waits for gdb, and gdb with the symbols of kernel and services."""
import os
import signal
import subprocess
import sys

from x import build, execute, stage
from x.common import BUILD, EXIT_MACHINE, EXIT_USAGE, Failure, say
from x.manifest import load

HELP = """usage: ./x debug [OPTIONS of ./x exec] -- PROGRAM [ARG...]

Starts the machine of `./x exec`, stopped before its first instruction, and gdb with
the symbols of the kernel and of every service. Without a terminal it prints the gdb
command and waits for someone to run it. In gdb, `service NAME` keeps the symbols of
that one service: all are linked at the same address.
"""

SCRIPT = """set pagination off
set confirm off
set architecture i386:x86-64
file {kernel}
{symbol_files}
python
class Service(gdb.Command):
    \"\"\"service NAME: keep the user-space symbols of one service only.\"\"\"
    def __init__(self):
        super().__init__("service", gdb.COMMAND_FILES)
    def invoke(self, name, from_tty):
        files = {services!r}
        for path in files.values():
            try:
                gdb.execute("remove-symbol-file " + path)
            except gdb.error:
                pass
        gdb.execute("add-symbol-file " + files[name])
Service()
end
target remote {socket}
"""


def service_files():
    """{service: ELF file with its symbols}"""
    return {package.id: stage.artifact(package) for package in load() if package.data["kind"] == "service"}


def write_script(kernel, socket):
    services = {name: path for name, path in service_files().items() if path}
    path = os.path.join(BUILD, "gen", "albireo-debug.gdb")
    with open(path, "w", encoding="utf-8") as f:
        f.write(SCRIPT.format(kernel=kernel, socket=socket, services=services, symbol_files="\n".join(
            f"add-symbol-file {file}" for file in services.values())))
    return path


def start_machine(arguments, has_terminal):
    """Run the machine in a child; with gdb on the terminal, the program reads nothing."""
    child = os.fork()
    if child:
        return child
    if has_terminal:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = EXIT_MACHINE
    try:
        code = execute.main(arguments, boot_seconds=float("inf"))
    except Failure as failure:
        say(str(failure))
    finally:
        os._exit(code)


def main(argv):
    if not argv or argv[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0 if argv else EXIT_USAGE
    build.ensure("release", *(["debug"] if "--debug-kernel" in argv else []))
    world = "kernel-debug" if "--debug-kernel" in argv else "kernel"
    socket = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"albireo-gdb-{os.getpid()}")
    script = write_script(os.path.join(BUILD, world, "kernel", "nucleus.elf"), socket)
    has_terminal = os.isatty(0) and os.isatty(1)
    machine = start_machine(["--qemu-args", f"-S -gdb unix:{socket},server=on,wait=off", *argv], has_terminal)
    try:
        wait_for(socket)
        if has_terminal:
            return subprocess.run(["gdb", "-q", "-x", script], check=False).returncode
        say(f"waiting for: gdb -q -x {script}")
        return os.waitstatus_to_exitcode(os.waitpid(machine, 0)[1])
    finally:
        if has_terminal:
            os.kill(machine, signal.SIGKILL)
        if os.path.exists(socket):
            os.unlink(socket)


def wait_for(path):
    """QEMU makes the socket a moment after its start."""
    import time
    for _ in range(200):
        if os.path.exists(path):
            return
        time.sleep(0.05)
    raise Failure("the machine did not start")
