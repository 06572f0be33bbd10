"""Install the Debian packages of tools/packages.txt that are missing."""
import glob
import os
import shutil
import subprocess
import sys

from x.common import EXIT_USAGE, ROOT, Failure, say

PACKAGE_LIST = os.path.join(ROOT, "tools", "packages.txt")
HELP = """usage: ./x setup [--conformance]
Installs the packages of tools/packages.txt that are missing. --conformance also brings
the programs of ./x conformance, some from Debian and some from npm.
"""


def wanted(path):
    """Yield (package, file it brings) for each package on the list."""
    with open(path, encoding="ascii") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                package, witness = line.split()
                yield package, witness


def missing(path):
    return [package for package, witness in wanted(path) if not glob.glob(witness)]


def apt_prefix():
    """The command prefix that gives root, or None where nobody will."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    return None


def apt(prefix, *args):
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q", *args]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def install(packages):
    by_hand = f"apt-get install --no-install-recommends {' '.join(packages)}"
    prefix = apt_prefix()
    if prefix is None or not shutil.which("apt-get"):
        raise Failure(f"packages are missing; as root: {by_hand}")
    if prefix:
        # sudo may ask for a password; afterwards it is remembered.
        subprocess.run([*prefix, "true"], check=False)
    say(f"installing {' '.join(packages)}")
    result = apt(prefix, "install", "--no-install-recommends", *packages)
    if result.returncode:
        apt(prefix, "update")
        result = apt(prefix, "install", "--no-install-recommends", *packages)
    if result.returncode:
        sys.stderr.write(result.stdout[-2000:] + result.stderr[-2000:])
        raise Failure(f"installing failed; as root: {by_hand}")


def ensure(path=PACKAGE_LIST):
    """Install what is missing; returns at once when nothing is."""
    packages = missing(path)
    if packages:
        install(packages)
        left = missing(path)
        if left:
            raise Failure(f"installed, but still not found: {' '.join(left)}")


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    if argv not in ([], ["--conformance"]):
        raise Failure("setup takes --conformance or nothing", EXIT_USAGE)
    ensure()
    if argv:
        from x import conformance
        conformance.fetch_all()
    return 0
