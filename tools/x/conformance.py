"""`./x conformance`: Windows programs that nobody here wrote, in a machine and under an oracle.

Each case of tests/conformance/cases.toml runs twice, each time in a fresh copy of
tests/conformance/files at one and the same path: by `./x exec`, and by wine64 or by the
program's Linux twin on this host. Output, exit code and what became of the files must be the same.
"""
import difflib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib

from x import setup, wine
from x.common import BUILD, EXIT_FAILED, EXIT_USAGE, ROOT, Failure, say
from x.options import Option, describe, parse
from x.testing import Mismatch, Results, Test
from x.testing.runs import Runner

TESTS = os.path.join(ROOT, "tests", "conformance")
FILES = os.path.join(TESTS, "files")
CASES = os.path.join(TESTS, "cases.toml")
FETCHED = os.path.join(BUILD, "conformance", "programs")
NPM_LIST = os.path.join(ROOT, "tools", "conformance-npm.txt")
PACKAGE_LIST = os.path.join(ROOT, "tools", "conformance-packages.txt")
T64 = "/usr/lib/python3/dist-packages/distlib/t64.exe"
# What distlib puts behind t64.exe to make a launcher of it: the line that names the interpreter, and a
# zip archive, here an empty one. It starts `interpreter launcher.exe arguments`.
LAUNCHER_TAIL = b"#!C:\\windows\\system32\\cmd.exe /c echo launched\n" + b"PK\x05\x06" + bytes(18)
TIMEOUT_SECONDS = 300
CASE_KEYS = {"name", "run", "twin", "input", "hide", "slashes"}

OPTIONS = {
    "--list": Option("", "name the cases instead of running them"),
    "--on": Option("WHERE", "machine (default), or host: under wine64, which tests the cases themselves",
                   choices=("machine", "host")),
    "--help": Option("", "this text"),
}
HELP_HEAD = """usage: ./x conformance [OPTIONS] [WORD...]

Runs every case of tests/conformance/cases.toml, or those whose name holds every WORD.
`./x setup --conformance` brings the programs.

"""


# ---- the programs ----

def npm_files():
    """[(package, release, file in it, our name)]"""
    with open(NPM_LIST, encoding="ascii") as f:
        return [line.split() for line in f if line.strip() and not line.startswith("#")]


def fetch(package, release, inside, path):
    """Take one file out of one release of an npm package."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, f"{package}@{release}"], cwd=folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        archives = [name for name in os.listdir(folder) if name.endswith(".tgz")]
        if done.returncode or len(archives) != 1:
            raise Failure(f"npm cannot fetch {package}@{release}: {done.stderr[-500:]}")
        with tarfile.open(os.path.join(folder, archives[0])) as archive:
            data = archive.extractfile(f"package/{inside}").read()
    with open(f"{path}.new", "wb") as f:
        f.write(data)
    os.chmod(f"{path}.new", 0o755)
    os.replace(f"{path}.new", path)


def fetch_all():
    """What `./x setup --conformance` adds; what is there already stays."""
    setup.ensure(PACKAGE_LIST)
    os.makedirs(FETCHED, exist_ok=True)
    for package, release, inside, name in npm_files():
        path = os.path.join(FETCHED, name)
        stamp = f"{path}.release"
        if os.path.exists(path) and os.path.exists(stamp) and open(stamp, encoding="ascii").read() == release:
            continue
        say(f"fetching {package} {release}")
        fetch(package, release, inside, path)
        with open(stamp, "w", encoding="ascii") as f:
            f.write(release)
    make_launcher(os.path.join(FETCHED, "launcher.exe"), LAUNCHER_TAIL)
    make_launcher(os.path.join(FETCHED, "t64.exe"), b"")
    wine.ensure_prefix()


def make_launcher(path, tail):
    with open(T64, "rb") as f:
        stub = f.read()
    with open(path, "wb") as f:
        f.write(stub + tail)
    os.chmod(path, 0o755)


def is_shipped(name):
    """Is a program one of libwine's?"""
    return os.path.isfile(os.path.join(wine.PROGRAMS, name))


def take_shipped(name, path):
    os.makedirs(FETCHED, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FETCHED) as folder:
        copy = shutil.copy(os.path.join(wine.PROGRAMS, name), folder)
        os.chmod(copy, 0o755)
        os.replace(copy, path)


def program_path(name):
    """Where a program is. libwine's files are not executable, so they are copied first."""
    path = os.path.join(FETCHED, name)
    if not os.path.isfile(path) and is_shipped(name):
        take_shipped(name, path)
    if not os.path.isfile(path):
        raise Failure(f"there is no {name}; run ./x setup --conformance")
    return path


# ---- one case ----

def read_cases():
    with open(CASES, "rb") as f:
        cases = tomllib.load(f)["case"]
    for case in cases:
        unknown = set(case) - CASE_KEYS
        if unknown or not case.get("name") or not case.get("run"):
            raise Failure(f"{CASES}: case {case.get('name')}: a case has a name, what to run, and of {', '.join(sorted(CASE_KEYS))}")
    return cases


def fresh_files(folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(FILES, folder)


def tree_lines(folder):
    """Every file and what it holds, as lines."""
    lines = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        inside = os.path.relpath(parent, folder)
        lines += [f"folder {os.path.normpath(os.path.join(inside, name))}" for name in folders]
        for name in sorted(names):
            with open(os.path.join(parent, name), "rb") as f:
                data = f.read()
            lines.append(f"file {os.path.normpath(os.path.join(inside, name))} of {len(data)} bytes")
            lines += [f"  {line}" for line in data.decode("latin-1").splitlines()]
    return lines


def stream_lines(case, name, data):
    """A stream's lines, without what differs from run to run and what wine64 says of itself."""
    text = data.decode("utf-8", "replace").replace("\r", "")
    if case.get("slashes"):
        text = text.replace("\\", "/")
    for pattern in case.get("hide", []):
        text = re.sub(pattern, "*", text, flags=re.M)
    return [f"{name}: {line}" for line in text.splitlines() if not line.startswith("wine: ")]


def report(case, code, out, err, folder):
    return ([f"exit code {code}"] + stream_lines(case, "out", out) + stream_lines(case, "err", err) + tree_lines(folder))


def on_oracle(case, folder):
    fresh_files(folder)
    stdin = case.get("input", "").encode()
    program, *arguments = case["run"]
    if "twin" in case:
        done = subprocess.run([program_path(case["twin"]), *arguments], cwd=folder, input=stdin, capture_output=True,
                              timeout=TIMEOUT_SECONDS)
    else:
        done = wine.run([program_path(program), *arguments], folder, stdin, timeout=TIMEOUT_SECONDS)
    return report(case, done.returncode, done.stdout, done.stderr, folder)


def on_wine(case, folder):
    fresh_files(folder)
    program, *arguments = case["run"]
    done = wine.run([program_path(program), *arguments], folder, case.get("input", "").encode(), timeout=TIMEOUT_SECONDS)
    return report(case, done.returncode, done.stdout, done.stderr, folder)


def in_machine(case, folder, runner):
    fresh_files(folder)
    program, *arguments = case["run"]
    result = runner.exec(program_path(program), *arguments, stdin=case.get("input", "").encode(), cwd=folder,
                         timeout=TIMEOUT_SECONDS)
    return report(case, result.code, result.out, result.err, folder)


def compare(case, where):
    runner = Runner(f"conformance {case['name']}")
    folder = os.path.join(runner.folder, "work")
    try:
        expected = on_oracle(case, folder)
        got = on_wine(case, folder) if where == "host" else in_machine(case, folder, runner)
        diff = list(difflib.unified_diff(expected, got, case.get("twin", "wine64"), where, n=2, lineterm=""))
        if diff:
            raise Mismatch("\n".join(diff[:120] + [f"logs: {runner.logs}"]))
    except subprocess.TimeoutExpired:
        raise Mismatch(f"expected an end on this host\ngot none in {TIMEOUT_SECONDS} s") from None
    finally:
        runner.close()


def main(argv):
    values, words = parse(OPTIONS, argv, "conformance", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP_HEAD + describe(OPTIONS))
        return 0
    cases = [case for case in read_cases() if all(word in case["name"] for word in words)]
    if not cases:
        raise Failure("no case has such a name; ./x conformance --list names them", EXIT_USAGE)
    if values.list:
        sys.stdout.write("".join(f"{case['name']}\n" for case in cases))
        return 0
    where = values.on or "machine"
    if where == "machine":
        from x import build
        build.ensure("release")
    wine.ensure_prefix()
    results = Results(len(cases))
    try:
        for case in cases:
            results.run(Test(case["name"], lambda case=case: compare(case, where)))
    finally:
        wine.stop()
    sys.stdout.write(f"{results.passed} passed, {results.failed} failed\n")
    return EXIT_FAILED if results.failed else 0
