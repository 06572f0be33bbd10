"""`./x torture NAME`: long scenarios that ./x test has no time for: tests/torture/*.py."""
import os
import re
import sys

from x import build
from x.common import EXIT_USAGE, Failure
from x.options import Option, describe, parse

OPTIONS = {
    "--time": Option("SECONDS", "how long together, of those that run for a time (syscalls: 1200)"),
    "--help": Option("", "this text"),
}
HELP = """usage: ./x torture [OPTIONS] [WORD...]
Runs the long scenarios of tests/torture whose name holds every WORD, one after the
other; without a WORD it names them.

"""


def holds(name, word, every):
    """A word that some name has as a whole means just those: pe is not in every 'supervision'."""
    def is_whole(name):
        return word in re.split(r"[^A-Za-z0-9]+|_", name)
    return is_whole(name) if any(is_whole(test.name) for test in every) else word in name


def main(argv):
    from x.testing import Results, scenarios
    values, words = parse(OPTIONS, sorted(argv, key=lambda word: not word.startswith("-")), "torture", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    if values.time:
        os.environ["ALBIREO_TORTURE_SECONDS"] = values.time
    every = scenarios.tests("torture")
    if not words:
        print("\n".join(test.name for test in every))
        return 0
    chosen = [test for test in every if all(holds(test.name, word, every) for word in words)]
    if not chosen:
        raise Failure(f"no torture's name holds {' and '.join(words)}", EXIT_USAGE)
    build.ensure("release", "debug", "tests")
    results = Results(len(chosen))
    for test in chosen:
        results.run(test)
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0
