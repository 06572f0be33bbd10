"""./x test: every test there is, counted one by one.

Suites: check (each rule), tool (unit tests of ./x), host (cmocka programs),
linux (differential programs: this host against the machine), scenario (machines
driven from outside). The last line is `N passed, N failed`.
"""
import sys

from x import build, config
from x.common import EXIT_USAGE, Failure
from x.options import Option, describe, parse
from x.testing import Results

OPTIONS = {
    "--list": Option("", "name the tests instead of running them"),
    "--help": Option("", "this text"),
}
HELP = """usage: ./x test [OPTIONS] [WORD...]
Runs every test, or those whose name holds every WORD.

"""


def collect(words):
    """The tests whose name holds every word, in the order in which they run."""
    from x.testing import check_suite, differential, host, scenarios, unit
    tests = check_suite.tests() + unit.tests() + host.tests()
    if words or config.load().get("tests", {}).get("machines", True):
        tests += differential.tests() + scenarios.tests("scenarios")
    return [test for test in tests if all(word in test.name for word in words)]


def run_all(tests):
    """Run the tests; those marked so run two at a time. Returns the Results."""
    from concurrent.futures import ThreadPoolExecutor
    results = Results(len(tests))
    for test in tests:
        if not test.is_parallel:
            results.run(test)
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(results.run, [test for test in tests if test.is_parallel]))
    return results


def main(argv):
    values, words = parse(OPTIONS, sorted(argv, key=lambda word: not word.startswith("-")), "test", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    build.ensure("release", "debug", "tests")
    tests = collect(words)
    if values.list:
        print("\n".join(test.name for test in tests))
        return 0
    if words and not tests:
        raise Failure(f"no test's name holds {' and '.join(words)}")
    results = run_all(tests)
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0
