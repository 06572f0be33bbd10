"""Windows programs: each one run by Wine on this host and by a machine; the same lines and
the same exit code, or it fails.

Where Microsoft's documentation differs from Wine, tests/windows/NAME.expect says so,
three lines for each line that differs:

    page: https://learn.microsoft.com/...
    wine: what Wine prints
    want: what the page promises
"""
import glob
import os
import re
import shlex
import subprocess

from x.common import BUILD, ROOT
from x.testing import Mismatch, Test, oracle
from x.testing.differential import ON_TMPFS, compare
from x.testing.runs import Runner

TIMEOUT_SECONDS = 120
MAX_OVERRIDES = 10
SOURCE = os.path.join(ROOT, "tests", "windows")
PROGRAMS = os.path.join(BUILD, "windows", "tests", "windows")


def programs():
    """{name: path} of the programs: aid-NAME are what others start, and no tests."""
    paths = sorted(glob.glob(os.path.join(PROGRAMS, "**", "*.exe"), recursive=True))
    named = {os.path.basename(path).removesuffix(".exe"): path for path in paths}
    return {name: path for name, path in named.items() if not name.startswith("aid-")}


def more_runs():
    """[(name, program, words)] of runs.txt: programs that are run with words too."""
    with open(os.path.join(SOURCE, "runs.txt"), encoding="utf-8") as f:
        lines = [line.strip() for line in f]
    for line in lines:
        if line and not line.startswith("#"):
            name, program, *words = shlex.split(line)
            yield name, program, words


def read_overrides(name):
    """[(what Wine prints, what is right)] as bytes."""
    path = os.path.join(SOURCE, f"{name}.expect")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        text = f.read()
    found = re.findall(r"^page: https://\S+\nwine: (.*)\nwant: (.*)\n", text, re.M)
    if len(found) * 3 != len(text.splitlines()):
        raise Mismatch(f"tests/windows/{name}.expect is not made of page, wine and want")
    return [(wrong.encode(), right.encode()) for wrong, right in found]


def override(output, overrides, name):
    """Wine's output with the documentation's lines in it."""
    lines = output.split(b"\n")
    for wrong, right in overrides:
        places = [i for i, line in enumerate(lines) if line.rstrip(b"\r") == wrong]
        if len(places) != 1:
            raise Mismatch(f"tests/windows/{name}.expect: Wine prints {wrong.decode()!r} {len(places)} times, not once")
        lines[places[0]] = lines[places[0]].replace(wrong, right)
    return b"\n".join(lines)


def expected(name, command, stdin, folder):
    """(exit code, output) that is right: Wine's, but for what the documentation says."""
    try:
        code, output = oracle.run_or_recall(command, folder, stdin, TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Mismatch(f"expected an end under Wine\ngot none in {TIMEOUT_SECONDS} s") from None
    return code, override(output, read_overrides(name), name)


def comparison(name, path, words):
    command = [path, *words]
    stdin = os.path.join(SOURCE, f"{name}.in")
    stdin = stdin if os.path.exists(stdin) else None

    def run():
        runner = Runner(f"windows {name}")
        try:
            right = expected(name, command, stdin, runner.folder + "-wine")
            data = b""
            if stdin:
                with open(stdin, "rb") as f:
                    data = f.read()
            result = runner.exec(*ON_TMPFS, *command, stdin=data, timeout=TIMEOUT_SECONDS)
            tail = f"{result.log}\n{result.err.decode('utf-8', 'replace')[-1000:]}"
            compare(right, (result.code, oracle.without_remarks(result.out)), tail)
        finally:
            runner.close()
    return Test(f"windows: {name}", run, is_parallel=True)


def override_count():
    """A test of its own: overrides are exceptions, and few."""
    def run():
        files = [name for name in os.listdir(SOURCE) if name.endswith(".expect")]
        if len(files) > MAX_OVERRIDES:
            raise Mismatch(f"expected at most {MAX_OVERRIDES} .expect files\ngot {len(files)}")
    return Test("windows: few tests differ from Wine", run)


def tests():
    paths = programs()
    runs = [(name, path, []) for name, path in paths.items()]
    runs += [(name, paths[program], words) for name, program, words in more_runs() if program in paths]
    return [override_count()] + [comparison(*run) for run in runs]
