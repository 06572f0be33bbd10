"""What a Windows program does under Wine, both output streams in one, kept in
build/windows-oracle by everything that it depends on."""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

from x import wine
from x.common import BUILD, write_if_changed
from x.testing import Mismatch

KEPT = os.path.join(BUILD, "windows-oracle")
MAX_RUNS = 5


def environment():
    """The same on every host, so that what is kept stays true."""
    base = {name: os.environ[name] for name in ("PATH", "HOME", "USER") if name in os.environ}
    env = wine.environment({**base, "LANG": "C.UTF-8", "TZ": "UTC"})
    # A program that crashes ends, without Wine's debugger telling where.
    env["WINEDLLOVERRIDES"] = "mscoree,mshtml,winedbg.exe="
    return env


def without_remarks(output):
    """Output without what Wine's DLLs themselves say about a crash: it names threads and addresses."""
    return re.sub(rb"^wine: Unhandled .*\n", b"", output, flags=re.M)


def run(command, folder, stdin, timeout):
    """Run a command line in `folder`, made for it. Returns (exit code, output); raises subprocess.TimeoutExpired."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        with tempfile.TemporaryFile() as out, open(stdin or os.devnull, "rb") as source:
            done = subprocess.run([wine.WINE, *command], env=environment(), cwd=folder, stdin=source, stdout=out,
                                  stderr=subprocess.STDOUT, timeout=timeout, check=False)
            out.seek(0)
            return done.returncode, without_remarks(out.read())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_until_same(*arguments):
    """What two runs in a row agree on: a wine64 whose server comes or goes may fail now and then."""
    wine.ensure_prefix()
    last = run(*arguments)
    for _ in range(MAX_RUNS - 1):
        again = run(*arguments)
        if again == last:
            return last
        last = again
    raise Mismatch(f"expected the same from Wine twice\ngot something else each time, at last exit code {last[0]}\n"
                   f"{last[1][-2000:].decode('utf-8', 'replace')}")


def key(command, stdin):
    """Names all that a program's output depends on: its words, the files beside it, its input and Wine."""
    digest = hashlib.sha256("\0".join([os.path.basename(command[0]), *command[1:]]).encode())
    folder = os.path.dirname(command[0])
    beside = glob.glob(os.path.join(folder, "aid-*.exe")) + glob.glob(os.path.join(folder, "*.dll"))
    ntdll = os.path.join(wine.PROGRAMS, "ntdll.dll")
    for path in [command[0], ntdll, *([stdin] if stdin else []), *sorted(beside)]:
        with open(path, "rb") as f:
            digest.update(hashlib.sha256(f.read()).digest())
    return digest.hexdigest()


def run_or_recall(command, folder, stdin, timeout):
    """As run_until_same(), unless this was run before."""
    path = os.path.join(KEPT, key(command, stdin))
    try:
        with open(path, encoding="ascii") as f:
            kept = json.load(f)
        return kept["code"], bytes.fromhex(kept["output"])
    except FileNotFoundError:
        code, output = run_until_same(command, folder, stdin, timeout)
        write_if_changed(path, json.dumps({"code": code, "output": output.hex()}).encode())
        return code, output
