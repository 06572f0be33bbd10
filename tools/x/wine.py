"""wine64, the oracle of Windows programs. One prefix under build/, which says Windows 10."""
import fcntl
import os
import subprocess
import tempfile

from x.common import BUILD, Failure

WINE = "/usr/lib/wine/wine64"
SERVER = "/usr/lib/wine/wineserver64"
# The programs and DLLs that libwine ships.
PROGRAMS = "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows"
PREFIX = os.path.join(BUILD, "wine-prefix")
FIRST_START_SECONDS = 300
VERSION = ["reg.exe", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f"]


def environment(base=None):
    env = dict(os.environ if base is None else base)
    env.update(WINEPREFIX=PREFIX, WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree,mshtml=")
    return env


def ensure_prefix():
    """Make the prefix unless it stands: the last step of making one is to set its version."""
    if not os.path.exists(WINE):
        raise Failure("there is no wine64; ./x setup installs it")
    os.makedirs(PREFIX, exist_ok=True)
    with open(os.path.join(PREFIX, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(PREFIX, "is-ready")
        if os.path.exists(done):
            return
        result = run([os.path.join(PROGRAMS, VERSION[0]), *VERSION[1:]], PREFIX, timeout=FIRST_START_SECONDS)
        if result.returncode:
            raise Failure(f"wine64 cannot make its prefix: {result.stderr.decode('utf-8', 'replace')[-500:]}")
        with open(done, "w", encoding="ascii"):
            pass


def run(command, cwd, stdin=b"", env=None, timeout=120):
    """Run a Windows program to its end; a CompletedProcess. Its input is a pipe, as in a machine;
    its output goes to files: services that it starts would keep a pipe open."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        done = subprocess.run([WINE, *command], cwd=cwd, env=environment(env), input=stdin, stdout=out, stderr=err,
                              timeout=timeout)
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, out.read(), err.read())


def stop():
    """End the background programs of the prefix."""
    if os.path.exists(SERVER) and os.path.isdir(PREFIX):
        subprocess.run([SERVER, "-k"], env=environment(), check=False, capture_output=True)
