"""abi/linux/errors.def and its NT like: every call that is there says once what it may answer."""
from x import calls
from x.check.tree import Finding

EDGES = ("linux", "nt")


def line_findings(edge, tree, path, by_name):
    known = set(calls.error_names(edge, lambda name: tree.read(name) if tree.exists(name) else "").values())
    seen, last = set(), -1
    for line in calls.parse_errors(tree.read(path)):
        place = list(by_name).index(line.name) if line.name in by_name else None
        if place is None:
            yield Finding(path, line.line, "calls", f"abi/{edge}/syscalls.def has no {line.name}")
            continue
        if place < last:
            yield Finding(path, line.line, "calls", f"{line.name} is not in the order of syscalls.def")
        last = place
        for error in line.errors:
            if error not in known:
                yield Finding(path, line.line, "calls", f"there is no error {error}")
            if (line.name, error) in seen:
                yield Finding(path, line.line, "calls", f"{line.name} has {error} twice")
            seen.add((line.name, error))
        if line.is_rare and not line.why:
            yield Finding(path, line.line, "calls", f"RARE of {line.name} does not say when")
        if not line.is_rare and (line.name, "") in seen:
            yield Finding(path, line.line, "calls", f"{line.name} has two ERRORS lines")
        if not line.is_rare:
            seen.add((line.name, ""))


def edge_findings(edge, tree):
    path, source = f"abi/{edge}/errors.def", f"abi/{edge}/syscalls.def"
    if not tree.exists(path):
        return
    table = calls.table(edge, tree.read)
    yield from line_findings(edge, tree, path, {call.name: call for call in table})
    lines = tree.read(source).splitlines()
    for call in table:
        if call.is_done and not call.has_errors_line:
            number = next(i for i, line in enumerate(lines, 1) if f"{call.name}," in line.replace(" ", "").replace("(", ","))
            yield Finding(source, number, "calls", f"{call.name} is there, but {path} has no ERRORS line for it")


def findings(tree):
    for edge in EDGES:
        yield from edge_findings(edge, tree)
