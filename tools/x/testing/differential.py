"""Differential tests: one static program or one script, run on this host and in a
machine; the same lines and the same exit code, or it fails."""
import difflib
import glob
import os
import shutil
import subprocess

from x import programs
from x.common import ROOT
from x.testing import Mismatch, Test
from x.testing.runs import Runner

TIMEOUT_SECONDS = 300
BUSYBOX = "/bin/busybox"
# On the machine's tmpfs: through 9p QEMU cannot exchange names or keep every kind of file.
ON_TMPFS = (BUSYBOX, "sh", "-c", 'cd /tmp && exec "$@" 2>&1', "sh")


def run_on_host(command, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=folder, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Mismatch(f"expected an end on this host\ngot none in {TIMEOUT_SECONDS} s") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return done.returncode, done.stdout


def need_a_whole_run(output):
    """A test that gives up on the host has nothing to compare: the test is wrong."""
    for sign in (b"  timed out\n", b"  cannot go on: "):
        at = output.find(sign)
        if at >= 0:
            before = output[:at].decode("utf-8", "replace").splitlines()[-8:]
            line = output[at:].split(b"\n")[0].decode("utf-8", "replace")
            raise Mismatch("\n".join(["expected every test to end on this host", *before, f"got {line}"]))


def compare(host, machine, log):
    """Raise Mismatch with the lines that differ: - is this host, + the machine."""
    lines = [output.decode("utf-8", "replace").splitlines() for _, output in (host, machine)]
    diff = list(difflib.unified_diff(*lines, "host", "machine", n=2, lineterm=""))
    # A program that was killed by signal N ends ./x exec with 128+N.
    host_code = 128 - host[0] if host[0] < 0 else host[0]
    if host_code != machine[0]:
        diff.insert(0, f"expected exit code {host_code}\ngot {machine[0]}")
    if diff:
        raise Mismatch("\n".join(diff[:120] + [f"log: {log}"]))


def comparison(name, command):
    def run():
        runner = Runner(f"linux {name}")
        try:
            host = run_on_host(command, runner.folder + "-host")
            need_a_whole_run(host[1])
            result = runner.exec(*ON_TMPFS, *command, timeout=TIMEOUT_SECONDS)
            tail = f"{result.log}\n{result.err.decode('utf-8', 'replace')[-1000:]}"
            compare(host, (result.code, result.out), tail)
        finally:
            runner.close()
    return Test(f"linux: {name}", run, is_parallel=True)


def interpreter(path):
    """The command that runs a script: what its #! names, else busybox's shell."""
    with open(path, encoding="utf-8") as f:
        first = f.readline()
    return first[2:].split() if first.startswith("#!") else [BUSYBOX, "sh"]


def scripts():
    """[(name, command)] of the scripts; files whose name begins with "common" are read by others."""
    folder = os.path.join(ROOT, "tests", "linux", "programs")
    paths = sorted(glob.glob(os.path.join(folder, "*.sh")) + glob.glob(os.path.join(folder, "*.py")))
    names = [(os.path.splitext(os.path.basename(path))[0], path) for path in paths]
    return [(f"{name} script", [*interpreter(path), path]) for name, path in names if not name.startswith("common")]


def tests():
    compiled = [comparison(name.removeprefix("linux-"), [path]) for name, path in programs.in_group("linux")]
    return compiled + [comparison(name, command) for name, command in scripts()]
