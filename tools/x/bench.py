"""`./x bench core` and `./x bench exec`."""
import glob
import os
import statistics
import subprocess
import sys
import time

from x import build, bundle, stage
from x.common import BUILD, EXIT_USAGE, ROOT, Failure, say

HELP = """usage: ./x bench core | exec [RUNS]
  core   instructions an operation, in a machine under --icount that uses bundle and tmpfs only;
         then those of warm starts, user mode's apart from the kernel's and services'
  exec   `./x exec -- /bin/busybox true` from command to prompt, beside Debian's cloud kernel that
         boots to a busybox init, runs true and reboots; the median of RUNS (default 10) each
"""

X = os.path.join(ROOT, "x")
DEBIAN = os.path.join(BUILD, "debian-kernel")
INIT = b"#!/bin/busybox sh\n/bin/busybox true\n/bin/busybox reboot -f\n"


def bench_core():
    build.ensure("tests", "windows")
    machine = [X, "exec", "--icount", "--bundle", stage.TEST_BUNDLE]
    code = subprocess.run([*machine, "--", "/system/tests/bench-core"], cwd=BUILD, check=False).returncode
    if code:
        return code
    # Apart, since the measuring costs something itself.
    measuring = ["--qemu-args", "-fw_cfg name=opt/albireo/measure,string=1"]
    programs = [f"hello_{kind}=/system/tests/bench-hello-{kind}" for kind in ("static", "dynamic")]
    programs.append(f"hello_windows={os.path.join(BUILD, 'windows', 'tests', 'windows', 'programs', 'aid-bench-hello.exe')}")
    return subprocess.run([*machine, *measuring, "--", "/system/tests/bench-shares", *programs],
                          cwd=BUILD, stderr=sys.stdout, check=False).returncode


def cloud_kernel():
    """Debian's cloud kernel, fetched and unpacked once: the path of its vmlinuz."""
    found = glob.glob(os.path.join(DEBIAN, "boot", "vmlinuz-*"))
    if found:
        return found[0]
    say("fetching Debian's cloud kernel")
    os.makedirs(DEBIAN, exist_ok=True)
    depends = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True,
                             check=False).stdout
    names = [line.split()[-1] for line in depends.splitlines() if "Depends: linux-image-" in line]
    if not names:
        raise Failure("apt knows no linux-image-cloud-amd64; run apt-get update")
    for command in (["apt-get", "-q", "download", names[0]], ["sh", "-c", "dpkg-deb -x linux-image-*.deb ."]):
        result = subprocess.run(command, cwd=DEBIAN, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Failure(f"{' '.join(command)}: {result.stderr.strip()}")
    return glob.glob(os.path.join(DEBIAN, "boot", "vmlinuz-*"))[0]


def linux_initrd():
    path = os.path.join(DEBIAN, "initrd.cpio")
    folders = [(name, 0o040755, b"") for name in ("bin", "dev", "proc")]
    files = [("bin/busybox", bundle.MODE_PROGRAM, stage.read(stage.BUSYBOX)), ("init", bundle.MODE_PROGRAM, INIT)]
    with open(path, "wb") as f:
        f.write(bundle.archive(folders + files))
    return path


def seconds(command):
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    if done.returncode:
        raise Failure(f"{command[0]} failed: {done.stderr.decode('utf-8', 'replace').strip()}")
    return time.perf_counter() - start


def bench_exec(runs):
    build.ensure("release")
    ours = [X, "exec", "--", "/bin/busybox", "true"]
    linux = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-cpu", "max", "-m", "512M", "-nodefaults",
             "-display", "none", "-no-reboot", "-kernel", cloud_kernel(), "-initrd", linux_initrd(),
             "-append", "quiet panic=-1"]
    os.chdir(BUILD)
    # Taking turns, so that a busy host slows both alike.
    times = [(seconds(ours), seconds(linux)) for _ in range(runs)]
    mine, theirs = (statistics.median(column) for column in zip(*times))
    print(f"albireo {mine:.3f} s\nlinux   {theirs:.3f} s\nratio   {mine / theirs:.3f}")
    return 0


def main(argv):
    if argv in (["-h"], ["--help"]):
        sys.stdout.write(HELP)
        return 0
    if argv == ["core"]:
        return bench_core()
    if argv[:1] == ["exec"] and len(argv) < 3 and all(word.isdigit() and int(word) > 0 for word in argv[1:]):
        return bench_exec(int(argv[1]) if len(argv) == 2 else 10)
    sys.stderr.write(HELP)
    return EXIT_USAGE
