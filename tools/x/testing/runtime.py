"""The life of a real runtimed and a real sessiond on this host: the scripts of tests/runtime with the host
world's programs, which have the sanitizers in them. tests/scenarios/runtime.py drives the machine's in a machine."""
import os
import subprocess
import sys

from x.common import BUILD, ROOT
from x.testing import Mismatch, Test

DRIVE = os.path.join(ROOT, "tests", "runtime", "drive.py")
CONSOLE = os.path.join(ROOT, "tests", "runtime", "console.py")
TIMEOUT_SECONDS = 600


def programs(world):
    """runtimed and runtimectl of a world."""
    return (os.path.join(BUILD, world, "services", "runtimed", "runtimed.elf"),
            os.path.join(BUILD, world, "apps", "runtimectl", "runtimectl"))


def sessiond(world):
    return os.path.join(BUILD, world, "services", "sessiond", "sessiond.elf")


def drive(script, *words):
    try:
        done = subprocess.run([sys.executable, script, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as expired:
        raise Mismatch(f"expected an end\ngot none in {TIMEOUT_SECONDS} s\n{expired.stdout}") from None
    if done.returncode:
        raise Mismatch(done.stdout[-4000:])


def tests():
    return [Test("runtime: drive.py on this host", lambda: drive(DRIVE, *programs("host")), is_parallel=True),
            Test("runtime: console.py on this host", lambda: drive(CONSOLE, sessiond("host")), is_parallel=True)]
