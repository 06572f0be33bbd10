"""Tables in documents that are made from the tables of the tree.

A document holds one between `<!-- table: NAME -->` and `<!-- end -->`; `./x docs tables` writes it, and
`./x check` says when it is not what it would be.
"""
import glob
import os
import re

from x import config, manifest, variables
from x.common import ROOT, Failure, write_if_changed

BLOCK = re.compile(r"^<!-- table: ([\w-]+) -->\n(.*?)^<!-- end -->$", re.M | re.S)


def definitions(path, macro):
    """[[argument]] of each MACRO(...) of a .def file, without quotes."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    lines = re.findall(rf"^{macro}\((.*)\)$", text, re.M)
    return [[quoted.replace("\\\\", "\\") or bare.strip() for quoted, bare in re.findall(r'"([^"]*)"|([^,"\s][^,"]*)', line)]
            for line in lines]


def services():
    """Those with an id by rank, then the others by name."""
    ranks = {name: (rank, number, bits) for number, _, name, rank, bits in definitions("abi/services.def", "SERVICE")}
    rows = []
    for package in manifest.load():
        if package.data.get("kind") == "service":
            rank, number, bits = ranks.get(package.id, ("", "", ""))
            starts = "at boot" if package.table("boot") and package.table("boot").get("start", "boot") == "boot" else "on demand"
            if not package.table("boot"):
                starts = package.data.get("startup", "none")
            rows.append([package.id, rank, number, f"`{bits}`" if bits else "", package.started_by(), starts,
                         ", ".join(package.runtime_deps())])
    rows.sort(key=lambda row: (int(row[1] or 999), row[0]))
    return ["service", "rank", "id", "capability", "started by", "when", "after"], rows


def keys():
    rows = []
    for table, schema in manifest.SCHEMA.items():
        head = f"[[{table}]]" if table == "desktop.entries" else f"[{table}]" if table else ""
        for key, (kind, required, meaning) in schema.items():
            values = ", ".join(kind) if isinstance(kind, tuple) else kind.removeprefix("a ")
            rows.append([f"`{head}`" if head else "", f"`{key}`", values, "yes" if required else "", meaning])
    return ["table", "key", "value", "required", "meaning"], rows


def host_variables():
    return ["variable", "sets", "without it"], [[f"`{name}`", *text] for name, text in variables.VARIABLES.items()]


def machine_variables():
    scopes = config.load().get("environment", {})
    rows = [[f"`{name}`", f"`{value}`", scope] for scope, values in scopes.items() for name, value in values.items()]
    return ["variable", "value", "scope"], rows


def nt_variables():
    path = "abi/nt/environment.def"
    rows = [[f"`{name}`", f"`{value}`"] for name, value in definitions(path, "NT_ENV")]
    rows += [[f"`{name}`", f"`{value}`, then the starter's"] for name, value in definitions(path, "NT_ENV_PATH")]
    rows += [[f"`{name[0]}`", "not handed on"] for name in definitions(path, "NT_ENV_DROP")]
    return ["variable", "value"], rows


def who_uses(word):
    """The first file of the kernel that names it."""
    for path in sorted(glob.glob(os.path.join(ROOT, "kernel", "**", "*.c"), recursive=True)):
        with open(path, encoding="utf-8") as f:
            if re.search(rf"\b{word}\b", f.read()):
                return os.path.relpath(path, ROOT)
    raise Failure(f"nothing in kernel/ uses {word}")


def fault_points():
    rows = [[f"`{name}`", text, f"`{who_uses(f'FAULT_{upper}')}`"]
            for upper, name, text in definitions("abi/fault_points.def", "FAULT_POINT")]
    return ["point", "what happens", "where"], rows


def commands():
    from x import main  # it names this module
    return ["command", "does"], [[f"`./x {name}`", text] for name, (_, text) in main.COMMANDS.items()]


TABLES = {
    "services": services, "keys": keys, "host-variables": host_variables, "machine-variables": machine_variables,
    "nt-variables": nt_variables, "fault-points": fault_points, "commands": commands,
}


def markdown(name):
    if name not in TABLES:
        raise Failure(f"there is no table '{name}'; there are {', '.join(TABLES)}")
    head, rows = TABLES[name]()
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def filled(text):
    """The document with its tables as they are to be."""
    return BLOCK.sub(lambda block: f"<!-- table: {block[1]} -->\n{markdown(block[1])}<!-- end -->", text)


def documents():
    return sorted(glob.glob(os.path.join(ROOT, "docs", "*.md")))


def stale():
    """Yield (document, line) of each that holds an old table."""
    for path in documents():
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for block in BLOCK.finditer(text):
            if block[2] != markdown(block[1]):
                yield os.path.relpath(path, ROOT), text.count("\n", 0, block.start()) + 1


def write():
    for path in documents():
        with open(path, encoding="utf-8") as f:
            text = f.read()
        write_if_changed(path, filled(text).encode())
