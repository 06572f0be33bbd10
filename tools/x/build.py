"""Build what is stale: the meson worlds, the staged image, the bundle, the test programs."""
import fcntl
import os
import re
import shutil
import subprocess
import sys

from x import config, setup, stamp
from x.common import BUILD, EXIT_USAGE, IS_DEBUG, ROOT, Failure, write_if_changed

HELP = """usage: ./x build [--debug] [--tests] [--host]
Builds kernel, services, staged image and boot bundle; says nothing when all is well.
  --debug   the kernel with its debug checks too (build/kernel-debug)
  --tests   the tests too: build/host, and their programs' build/bundle-test.cpio
"""

# build folder: its world
WORLDS = {"kernel": "kernel", "kernel-debug": "kernel", "user": "user", "host": "host", "windows": "windows"}

USER_NATIVE_FILE = """[binaries]
c = 'musl-gcc'
[built-in options]
c_args = ['-fno-pie', '-idirafter', '{headers}']
c_link_args = ['-static', '-no-pie']
"""

WINDOWS_CROSS_FILE = """[binaries]
c = 'x86_64-w64-mingw32-gcc-posix'
cpp = 'x86_64-w64-mingw32-g++-posix'
ar = 'x86_64-w64-mingw32-ar'
strip = 'x86_64-w64-mingw32-strip'
[host_machine]
system = 'windows'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
"""

# musl-gcc sees no kernel headers; these folders are added behind its own.
KERNEL_HEADERS = {"linux": "/usr/include/linux", "asm-generic": "/usr/include/asm-generic",
                  "asm": "/usr/include/x86_64-linux-gnu/asm",
                  # A library's, which needs nothing of glibc.
                  "vterm.h": "/usr/include/vterm.h", "vterm_keycodes.h": "/usr/include/vterm_keycodes.h"}


def link_kernel_headers():
    folder = os.path.join(BUILD, "linux-headers")
    os.makedirs(folder, exist_ok=True)
    for name, target in KERNEL_HEADERS.items():
        link = os.path.join(folder, name)
        if not os.path.islink(link):
            os.symlink(target, link)
    return folder


def has_checks(folder):
    """Whether what is built in the folder checks itself; what runs on the host has sanitizers instead."""
    if folder == "user":
        return IS_DEBUG
    wanted = IS_DEBUG or config.load().get("kernel", {}).get("build", {}).get("debug_checks", False)
    return folder == "kernel-debug" or folder == "kernel" and wanted


def meson_options(folder):
    options = [f"-Dworld={WORLDS[folder]}"]
    if has_checks(folder):
        options.append("-Ddebug_checks=true")
    if folder == "user":
        native = os.path.join(BUILD, "user.ini")
        text = USER_NATIVE_FILE.format(headers=link_kernel_headers())
        write_if_changed(native, text.encode())
        options.append(f"--native-file={native}")
    if folder == "windows":
        cross = os.path.join(BUILD, "windows.ini")
        write_if_changed(cross, WINDOWS_CROSS_FILE.encode())
        options.append(f"--cross-file={cross}")
    return options


def share(name):
    """In a build with checks: what has none, and what Wine said, is the other build's."""
    link = os.path.join(BUILD, name)
    target = os.path.join(ROOT, "build", name)
    os.makedirs(target, exist_ok=True)
    if not os.path.islink(link):
        shutil.rmtree(link, ignore_errors=True)
        os.symlink(target, link)


def configure(name):
    """Run meson where a build folder is new or its options changed; ninja re-runs it for a meson.build."""
    folder = os.path.join(BUILD, name)
    options = meson_options(name)
    note = os.path.join(folder, "options")
    if os.path.exists(note):
        with open(note, encoding="utf-8") as f:
            if f.read().split("\n") == options:
                return
    shutil.rmtree(os.path.realpath(folder), ignore_errors=True)
    result = subprocess.run(["meson", "setup", os.path.realpath(folder), ROOT, *options], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL)
    if result.returncode:
        shutil.rmtree(os.path.realpath(folder), ignore_errors=True)
        sys.stderr.write(result.stdout + result.stderr)
        raise Failure(f"meson could not configure {name}")
    write_if_changed(note, "\n".join(options).encode())


class Progress:
    """One line on a terminal that follows a long build; nothing anywhere else."""

    def __init__(self):
        self.enabled = sys.stderr.isatty()

    def show(self, text):
        if self.enabled:
            sys.stderr.write(f"\r\033[K{text[:100]}")
            sys.stderr.flush()

    def clear(self):
        self.show("")
        if self.enabled:
            sys.stderr.write("\r")


def ninja(world):
    """Build one world; its output is shown when it fails or warns."""
    command = ["ninja", "-C", os.path.realpath(os.path.join(BUILD, world))]
    progress = Progress()
    kept = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, errors="replace") as child:
        for line in child.stdout:
            if re.match(r"\[\d+/\d+\]", line):
                progress.show(f"building {world} {line.split()[0]}")
            kept.append(line)
    progress.clear()
    if child.returncode:
        start = next((i for i, line in enumerate(kept) if line.startswith("FAILED") and "build.ninja" not in line), 0)
        sys.stderr.write("".join(kept[start:]))
        raise Failure(f"{world} does not build")
    warnings = [line for line in kept if "warning:" in line]
    sys.stderr.write("".join(warnings))
    return warnings


class Lock:
    """One build at a time in this tree; others wait and find their work done."""

    def __enter__(self):
        os.makedirs(BUILD, exist_ok=True)
        self.fd = os.open(os.path.join(ROOT, "build", ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def __exit__(self, *_):
        os.close(self.fd)


def build_worlds(*worlds):
    """Configure and build each world; returns the warnings seen."""
    warnings = []
    if IS_DEBUG:
        for name in ("host", "windows", "windows-oracle"):
            share(name)
    for world in worlds:
        configure(world)
        warnings += ninja(world)
    return warnings


def ensure(*flavours):
    """Bring the given flavours up to date: 'release', 'debug', 'tests', 'windows'."""
    from x import stage
    for flavour in flavours:
        if stamp.is_fresh(flavour):
            continue
        setup.ensure()
        with Lock():
            before = stamp.current(flavour)
            if stamp.is_fresh(flavour):
                continue
            if flavour == "debug":
                build_worlds("kernel-debug")
            elif flavour == "windows":
                build_worlds("windows")
            else:
                worlds = ["kernel", "user"] + (["host"] if flavour == "tests" else [])
                build_worlds(*worlds)
                stage.stage(with_tests=flavour == "tests")
            stamp.write(flavour, before)


def main(argv):
    flavours = ["release"]
    for arg in argv:
        if arg in ("-h", "--help"):
            sys.stdout.write(HELP)
            return 0
        if arg not in ("--debug", "--tests"):
            raise Failure(f"build knows no option '{arg}'", EXIT_USAGE)
        flavours.append(arg[2:])
    ensure(*flavours)
    return 0
