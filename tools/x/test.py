"""./x test: every test there is, counted one by one.

Suites: check (each rule), tool (unit tests of ./x), host (cmocka programs), fuzz (the
same mutated inputs each time, through the parsers of hostile files), runtime (runtimed's
life on this host), linux
(differential programs: this host against the machine), windows (the same with Wine),
conformance (those cases of ./x conformance whose programs libwine ships),
scenario (machines driven from outside); at the end of all of them outcomes (each error
that the call tables promise was answered). The last line is `N passed, N failed`.
"""
import os
import signal
import sys

from x import build, config
from x.common import EXIT_USAGE, IS_DEBUG, ROOT, Failure
from x.options import Option, describe, parse
from x.testing import Results

OPTIONS = {
    "--list": Option("", "name the tests instead of running them"),
    "--debug": Option("", "with kernel and services that check themselves (build/debug)"),
    "--help": Option("", "this text"),
}
HELP = """usage: ./x test [OPTIONS] [WORD...]
Runs every test, or those whose name holds every WORD.

"""


def wants_windows(words):
    return "windows" in words or "conformance" in words or config.load().get("tests", {}).get("windows", False)


def wants_machines(words):
    return bool(words) or config.load().get("tests", {}).get("machines", True)


def edges_to_judge(words):
    """The edges whose every test runs: only then is it told what no test met."""
    if words or not wants_machines(words):
        return []
    return ["linux", "nt"] if wants_windows(words) else ["linux"]


def hosted():
    """The tests that start no machine."""
    from x.testing import check_suite, fuzz_sample, host, runtime, unit
    return check_suite.tests() + unit.tests() + host.tests() + fuzz_sample.tests() + runtime.tests()


def collect(words):
    """The tests whose name holds every word, in the order in which they run."""
    from x.testing import conformance_sample, differential, scenarios, windows
    tests = hosted()
    if wants_machines(words):
        tests += differential.tests() + scenarios.tests("scenarios")
    if wants_windows(words):
        tests += windows.tests() + conformance_sample.tests()
    return [test for test in tests if all(word in test.name for word in words)]


def run_all(tests, edges):
    """Run the tests, those marked so two at a time, then judge what the edges answered. Returns
    the Results."""
    from concurrent.futures import ThreadPoolExecutor
    from x.testing import outcomes
    results = Results(len(tests) + len(edges))
    for test in tests:
        if not test.is_parallel:
            results.run(test)
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(results.run, [test for test in tests if test.is_parallel]))
    for test in outcomes.tests(edges):
        results.run(test)
    return results


def tell(results):
    """Print the counts; returns the exit code."""
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0


def start_again_with_checks(argv):
    """Which build is meant is decided before anything is imported."""
    os.environ["ALBIREO_DEBUG"] = "1"
    os.execv(os.path.join(ROOT, "x"), ["x", "test", *argv])


def take_signals():
    """A shell starts what it runs in the background with these ignored, and so would all programs of the tests be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def main(argv):
    values, words = parse(OPTIONS, sorted(argv, key=lambda word: not word.startswith("-")), "test", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    if values.debug and not IS_DEBUG:
        start_again_with_checks(argv)
    take_signals()
    build.ensure("release", "debug", "tests", *(["windows"] if wants_windows(words) else []))
    tests = collect(words)
    if values.list:
        print("\n".join(test.name for test in tests))
        return 0
    if words and not tests:
        raise Failure(f"no test's name holds {' and '.join(words)}")
    try:
        results = run_all(tests, edges_to_judge(words))
    finally:
        if wants_windows(words):
            from x import wine
            wine.stop()
    return tell(results)
