"""./x check: every rule over this tree; one line a finding."""
import os
import sys

from x import build, setup
from x.check import calls, docs, layering, manifests, sparse, symbols, tables, text
from x.check.tree import Finding, Tree
from x.common import BUILD, EXIT_USAGE, ROOT, Failure

HELP = """usage: ./x check
Builds kernel and services and checks what no test can see: layering by includes and
by symbols, sparse, warnings, manifests, dead names in documents, calls without their
errors, old tables, stray blanks. Each finding is one line, `file:line: rule: what`.
"""


def warning_findings(_tree):
    """Warnings are errors to the compiler; what is left are the linker's."""
    with build.Lock():
        warnings = build.build_worlds("kernel", "user")
    return [Finding("build", 1, "warnings", line.strip()) for line in warnings]


# rule: findings of a tree, in the order in which they are told
RULES = {
    "text": text.findings,
    "layering": layering.findings,
    "manifest": manifests.findings,
    "docs": docs.findings,
    "calls": calls.findings,
    "tables": tables.findings,
    "warnings": warning_findings,
    "symbols": lambda tree: symbols.findings(tree, os.path.join(BUILD, "kernel")),
    "sparse": lambda tree: sparse.findings(tree, os.path.join(BUILD, "kernel")),
}


def run():
    """{rule: [findings]} of this tree."""
    setup.ensure()
    tree = Tree(ROOT)
    return {rule: list(findings(tree)) for rule, findings in RULES.items()}


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    if argv:
        raise Failure("check takes no arguments", EXIT_USAGE)
    results = run()
    for found in results.values():
        for finding in found:
            print(finding)
    total = sum(len(found) for found in results.values())
    print(f"{len(results)} rules, {total} findings")
    return 1 if total else 0
