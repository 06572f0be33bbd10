"""The call tables of both edges: abi/linux/*.def and abi/nt/*.def, joined line by line.

Each edge has syscalls.def with its calls and errors.def with what they may answer:
ERRORS(name, E…) for what the tests provoke, RARE(name, "why", E…) for what they cannot.
"""
import errno
import os
import re

from x.common import ROOT

LINES = {
    # edge: a line of its syscalls.def, as (number or None, name, run, owner, arguments)
    "linux": re.compile(r"^SYSCALL\(\s*(\d+),\s*(\w+),\s*(\w+),\s*(\w+)(.*)\)$", re.M),
    "nt": re.compile(r"^SERVICE\(()(\w+),\s*(\w+),\s*(\w+)(.*)\)$", re.M),
}
ARGUMENT = re.compile(r"(\w+)\(([^)]*)\)")
ERROR_LINE = re.compile(r'^(ERRORS|RARE)\((\w+)((?:[^()"]|"[^"]*")*)\)', re.M)
NT_STATUS = re.compile(r"^NT_STATUS\((\w+),\s*(0x[0-9a-f]+)\)", re.M)


class Call:
    """One line of a syscalls.def, and what errors.def says of it."""

    def __init__(self, number, name, run, owner, arguments):
        self.number = number
        self.name = name
        self.run = run
        self.owner = owner
        self.arguments = arguments    # (type, name, length's name or "")
        self.errors = []
        self.rare = []                # (error, why)
        self.has_errors_line = False

    @property
    def is_done(self):
        return self.run != "ABSENT"

    @property
    def lease(self):
        """The kind of lease that answers for the owner, or ""."""
        if self.run != "LEASE":
            return ""
        if self.owner == "VFSD":
            return "name, attributes" if any(kind == "PATH" for kind, _, _ in self.arguments) else "attributes"
        return {"SYSCALLD": "envelope", "LOADERD": "image", "DEVMGRD": "opened device", "NETD": "socket"}.get(self.owner, "")


class ErrorLine:
    """One ERRORS or RARE of an errors.def."""

    def __init__(self, match, line):
        self.line = line
        self.is_rare = match.group(1) == "RARE"
        self.name = match.group(2)
        reason = re.search(r'"([^"]*)"', match.group(3))
        self.why = reason.group(1) if reason else ""
        self.errors = re.findall(r"\w+", re.sub(r'"[^"]*"', "", match.group(3)))


def read(path):
    full = os.path.join(ROOT, path)
    if not os.path.exists(full):
        return ""
    with open(full, encoding="utf-8") as f:
        return f.read()


def parse_calls(edge, text):
    found = []
    for match in LINES[edge].finditer(text):
        number, name, run, owner, rest = match.groups()
        arguments = [(kind, *(words.replace(" ", "").split(",") + [""])[:2]) for kind, words in ARGUMENT.findall(rest)]
        found.append(Call(int(number) if number else None, name, run, owner, arguments))
    return found


def parse_errors(text):
    return [ErrorLine(match, text[:match.start()].count("\n") + 1) for match in ERROR_LINE.finditer(text)]


def table(edge, read_file=read):
    """The edge's Calls, in the order of their lines, with their errors."""
    calls = parse_calls(edge, read_file(f"abi/{edge}/syscalls.def"))
    by_name = {call.name: call for call in calls}
    for line in parse_errors(read_file(f"abi/{edge}/errors.def")):
        call = by_name.get(line.name)
        if call is None:
            continue
        if line.is_rare:
            call.rare += [(error, line.why) for error in line.errors]
        else:
            call.has_errors_line = True
            call.errors += line.errors
    return calls


def error_names(edge, read_file=read):
    """{number: name} of the errors that the edge knows, by the names that man pages use."""
    if edge == "linux":
        return {**errno.errorcode, errno.EDEADLK: "EDEADLK", errno.EOPNOTSUPP: "EOPNOTSUPP"}
    return {int(value, 16): name for name, value in NT_STATUS.findall(read_file("abi/nt/status.def"))}
