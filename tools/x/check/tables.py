"""Tables in documents are what they are made from; variables of ./x are in their table."""
import re

from x import tables, variables
from x.check.tree import Finding

READ = re.compile(r"os\.environ\.get\(\"(\w+)\"")
OF_EVERYBODY = {"PATH", "HOME"}


def variable_findings(tree):
    read = set()
    for path in tree.files:
        if not path.startswith("tools/x/") or not path.endswith(".py"):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            for name in READ.findall(line):
                read.add(name)
                if name not in variables.VARIABLES and name not in OF_EVERYBODY:
                    yield Finding(path, number, "tables", f"{name} is not in tools/x/variables.py")
    for name in variables.VARIABLES:
        if name not in read:
            yield Finding("tools/x/variables.py", 1, "tables", f"nothing reads {name}")


def findings(tree):
    for path, line in tables.stale():
        yield Finding(path, line, "tables", "the table is old: ./x docs tables")
    yield from variable_findings(tree)
