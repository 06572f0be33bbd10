"""`./x scenarios`: named machines that are driven from outside, one by one or all."""
import difflib
import sys

from x import build
from x.common import EXIT_USAGE, Failure
from x.options import Option, describe, parse

OPTIONS = {
    "--list": Option("", "name the scenarios, by the file that they are in"),
    "--scenario": Option("NAME", "run that one; may repeat (- counts as _)", repeats=True),
    "--help": Option("", "this text"),
}
HELP = """usage: ./x scenarios [OPTIONS]
Runs scenarios of tests/scenarios; without --scenario all of them, as ./x test does among its other suites.
./x torture has the long ones.

"""


def listing(groups):
    lines = []
    for file, names in groups:
        lines += [file, *(f"  {name}" for name in names)]
    return "\n".join(lines)


def choose(tests, names):
    """The tests of these names, in the order of the names."""
    by_name = {test.name.split(": ", 1)[1]: test for test in tests}
    chosen = []
    for name in names:
        name = name.replace("-", "_")
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, 3, 0.3)
            raise Failure(f"there is no scenario {name}; {' or '.join(near) or '--list tells which there are'}?", EXIT_USAGE)
        chosen.append(by_name[name])
    return chosen


def main(argv):
    values, words = parse(OPTIONS, argv, "scenarios", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    if words:
        raise Failure(f"scenarios takes no '{words[0]}'; --scenario NAME runs one", EXIT_USAGE)
    from x import test
    from x.testing import scenarios
    if values.list:
        print(listing(scenarios.names("scenarios")))
        return 0
    chosen = scenarios.tests("scenarios")
    if values.scenario:
        chosen = choose(chosen, values.scenario)
    build.ensure("release", "debug", "tests")
    return test.tell(test.run_all(chosen, []))
