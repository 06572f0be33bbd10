"""Remove the build folder."""
import shutil
import sys

from x.common import BUILD, EXIT_USAGE, Failure


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write("usage: ./x clean\nRemoves the build folder.\n")
        return 0
    if argv:
        raise Failure("clean takes no arguments", EXIT_USAGE)
    shutil.rmtree(BUILD, ignore_errors=True)
    return 0
