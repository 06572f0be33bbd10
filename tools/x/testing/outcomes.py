"""Which call answered with which error in the machines of this run, and what the tables promise.

The kernel tells each pair once a machine (kernel/compat/src/outcomes.h). Programs that
try everything are left out: what they meet differs from run to run.
"""
import os
import re
import threading

from x import calls, docs
from x.common import BUILD
from x.testing import Mismatch, Test

# Options of ./x exec: have the pairs told, and not.
TELL = ("--log-level", "syscall=debug")
KEEP_QUIET = ("--log-level", "syscall=info")
RECORD = os.path.join(BUILD, "outcomes.tsv")

LINE = re.compile(rb'cat=syscall .*msg="outcome (linux|nt) (\w+) (\w+)"')
seen = {}    # (edge, call, error's number): names of the tests that met it
lock = threading.Lock()


def note(test, log):
    """Add the pairs of a machine's log, as bytes."""
    for edge, name, number in LINE.findall(log):
        edge = edge.decode()
        with lock:
            seen.setdefault((edge, name.decode(), int(number, 16 if edge == "nt" else 10)), set()).add(test)


def note_folder(test, folder):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            note(test, f.read())


def named(edge):
    """{(call, error's name)} of what was seen."""
    names = calls.error_names(edge)
    return {(call, names.get(number, f"{number:#x}")) for of, call, number in seen if of == edge}


def missing(edge):
    """[(call, [errors])]: promised, of calls that have their function, and never answered."""
    met, defined = named(edge), docs.defined_functions(edge)
    lacking = [(call.name, [error for error in call.errors if (call.name, error) not in met])
               for call in calls.table(edge) if call.is_done and call.name in defined]
    return [(name, errors) for name, errors in lacking if errors]


def write_record():
    """Leave the pairs and the tests that met them for ./x docs."""
    with open(RECORD, "w", encoding="utf-8") as f:
        for (edge, call, number), tests in sorted(seen.items()):
            error = calls.error_names(edge).get(number, f"{number:#x}")
            f.write(f"{edge}\t{call}\t{error}\t{'; '.join(sorted(tests))}\n")


def edge_test(edge):
    def run():
        lacking = missing(edge)
        if lacking:
            raise Mismatch(f"expected each error of abi/{edge}/errors.def from a call that is there\nnever answered:\n" +
                           "\n".join(f"{name}: {' '.join(errors)}" for name, errors in lacking))
    return Test(f"outcomes: {edge}", run)


def tests(edges):
    """To be run after all others."""
    if edges:
        write_record()
    return [edge_test(edge) for edge in edges]
