"""Install the Debian packages of tools/packages.txt that are missing."""
import glob
import os
import shutil
import subprocess
import sys

from x.common import EXIT_USAGE, ROOT, Failure, say

PACKAGE_LIST = os.path.join(ROOT, "tools", "packages.txt")


def wanted():
    """Yield (package, file it brings) for each package on the list."""
    with open(PACKAGE_LIST, encoding="ascii") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                package, witness = line.split()
                yield package, witness


def missing():
    return [package for package, witness in wanted() if not glob.glob(witness)]


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


def ensure():
    """Install what is missing; returns at once when nothing is."""
    packages = missing()
    if packages:
        install(packages)
        left = missing()
        if left:
            raise Failure(f"installed, but still not found: {' '.join(left)}")


def main(argv):
    if argv:
        if argv[0] in ("-h", "--help"):
            sys.stdout.write("usage: ./x setup\nInstalls the packages of tools/packages.txt that are missing.\n")
            return 0
        raise Failure("setup takes no arguments", EXIT_USAGE)
    ensure()
    return 0
