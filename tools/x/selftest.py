"""`./x selftest`: what can be proved without a machine, in minutes."""
import sys

from x import build
from x.common import EXIT_USAGE, Failure
from x.options import Option, describe, parse

OPTIONS = {"--help": Option("", "this text")}
HELP = """usage: ./x selftest
The suites of ./x test that start no machine: check, tool, host, fuzz, runtime. They prove the rules of the
tree, ./x itself, parsers and layouts, the modules' contracts, and runtimed's and sessiond's life on this host.

"""


def main(argv):
    values, words = parse(OPTIONS, argv, "selftest", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    if words:
        raise Failure("selftest takes no words; ./x test WORD... runs some tests", EXIT_USAGE)
    from x import test
    build.ensure("release", "tests")
    return test.tell(test.run_all(test.hosted(), []))
