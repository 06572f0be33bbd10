"""Scenarios: tests/scenarios/*.py (and tests/torture/*.py). Each `scenario_<sentence>(m)` is a test.

`m` is a Machines: m.exec(...) and m.start(...) run programs, m.equal and friends check,
m.folder is the working folder, made fresh and removed afterwards. A module may
set TIMEOUT (seconds of one scenario) and IS_ALONE (it wants both processors).
"""
import glob
import importlib.util
import os
import re

from x import programs
from x.common import BUILD, ROOT
from x.testing import Mismatch, Test
from x.testing.runs import Runner


class Machines(Runner):
    """What a scenario works with."""

    bundle = os.path.join(BUILD, "bundle-test.cpio")

    def program(self, name):
        """The path of a program of tests/machine."""
        return dict(programs.in_group("machine"))["machine-" + name]

    def fail(self, text):
        raise Mismatch(text)

    def equal(self, got, expected, what, result=None):
        if got != expected:
            told = f"\nstderr: {result.err[-2000:]!r}\nlog: {result.log}" if result else ""
            raise Mismatch(f"{what}\nexpected {expected!r}\ngot {got!r}{told}")

    def true(self, claim, what):
        if not claim:
            raise Mismatch(what)

    def matches(self, text, pattern, what):
        """`text` (bytes or str) must hold the pattern; returns the match."""
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        found = re.search(pattern, text)
        if not found:
            raise Mismatch(f"{what}\nexpected something that matches {pattern!r}\ngot {text[-2000:]!r}")
        return found

    def succeeds(self, *program, out=None, **keywords):
        """Run a program that must exit with 0, and print `out` if that is given; returns the Result."""
        result = self.exec(*program, **keywords)
        self.equal(result.code, 0, f"exit code of {' '.join(program)}", result)
        if out is not None:
            self.equal(result.out, out, f"output of {' '.join(program)}", result)
        return result

    def shell(self, script, **keywords):
        """Run a busybox shell script that must succeed; returns the Result."""
        return self.succeeds("/bin/busybox", "sh", "-c", script, **keywords)

    def log_text(self, result):
        with open(result.log, "rb") as f:
            return f.read().decode("utf-8", "replace")


def load(path):
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scenario_test(suite, module, name):
    title = f"{suite}: {name.removeprefix('scenario_')}"

    def run():
        machines = Machines(title)
        try:
            getattr(module, name)(machines)
        finally:
            machines.close()
    return Test(title, run, is_parallel=not getattr(module, "IS_ALONE", False))


def modules(folder):
    """(path, module, its scenarios' functions) for each file of tests/FOLDER."""
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", folder, "*.py"))):
        module = load(path)
        yield path, module, [name for name in vars(module) if name.startswith("scenario_")]


def tests(folder):
    suite = folder.removesuffix("s")
    return [scenario_test(suite, module, name) for _, module, functions in modules(folder) for name in functions]


def names(folder):
    """(file below the tree, its scenarios' names) for each file that has some."""
    return [(os.path.relpath(path, ROOT), [name.removeprefix("scenario_") for name in functions])
            for path, _, functions in modules(folder) if functions]
