"""`./x docs`: reference pages of the calls, made from the tables under abi/, and of ./x itself."""
import glob
import os
import re
import subprocess
import sys

from x import calls, tables
from x.common import BUILD, EXIT_USAGE, ROOT, Failure, write_if_changed

HELP = """usage: ./x docs [syscalls|nt|tool|tables]
Writes reference pages and prints their paths; without a word all of them.
  syscalls  build/docs/syscalls.md: every Linux call: number, name, arguments, state, owner,
            how it runs, lease, the tests that prove it, errors
  nt        build/docs/nt.md: the same of every NT service
  tool      build/docs/tool.md: every command of ./x with its options
  tables    the tables in docs/ that are made from tables of the tree
"""

PAGES = {
    # page: (edge, title, folder of its differential tests)
    "syscalls": ("linux", "Linux system calls", "tests/linux"),
    "nt": ("nt", "NT system services", "tests/windows"),
}
RUNS = {"MECH": "ring 0", "LEASE": "lease, else owner", "ROUTE": "owner", "ABSENT": ""}

# How the C library spells a call that its own wrapper hides.
WRAPPERS = {
    "newfstatat": "fstatat", "pread64": "pread", "pwrite64": "pwrite", "exit_group": "_exit", "prlimit64": "prlimit",
    "pselect6": "pselect", "rt_sigaction": "sigaction", "rt_sigprocmask": "sigprocmask", "rt_sigpending": "sigpending",
    "rt_sigsuspend": "sigsuspend", "rt_sigtimedwait": "sigtimedwait", "rt_sigqueueinfo": "sigqueue", "umount2": "umount",
    "fadvise64": "posix_fadvise", "wait4": "waitpid", "eventfd2": "eventfd", "signalfd4": "signalfd", "clone3": "pthread_create",
    "clone": "fork", "getdents64": "readdir", "set_tid_address": "pthread_create",
    "set_robust_list": "pthread_mutex_lock", "rt_sigreturn": "on_signal", "futex": "pthread_cond_wait",
}


def sources(folder):
    """{file's name without its end: text} of an edge's test programs."""
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, folder, "**", "*.c"), recursive=True) +
                       glob.glob(os.path.join(ROOT, "tests", "machine", "*.c"))):
        with open(path, encoding="utf-8", errors="replace") as f:
            found[os.path.relpath(path, ROOT)] = f.read()
    return found


def proving(name, texts):
    """The test programs that make the call."""
    wrapper = WRAPPERS.get(name, name)
    pattern = re.compile(rf"\bSYS_{name}\b|\b(?:{name}|{wrapper})\s*\(|TRY\({name},")
    return [path for path, text in texts.items() if not path.endswith("/common.c") and pattern.search(text)]


def met_errors(edge):
    """{(call, error): tests} of the last whole ./x test, if there was one."""
    path = os.path.join(BUILD, "outcomes.tsv")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return {(call, error): tests.split("; ") for of, call, error, tests in rows if of == edge}


def defined_functions(edge):
    """The calls whose function some file of the edge has: a line alone makes no call."""
    prefix = {"linux": "linux_sys_", "nt": "nt_sys_"}[edge]
    found = set()
    for path in glob.glob(os.path.join(ROOT, "kernel", "compat", "src", edge, "**", "*.c"), recursive=True):
        with open(path, encoding="utf-8") as f:
            found.update(re.findall(rf"^\w+ {prefix}(\w+)\(const uint64_t", f.read(), re.M))
    return found


def state(call, defined):
    if not call.is_done:
        return "absent"
    return "done" if call.name in defined else "absent (no function yet)"


def argument_text(call):
    return ", ".join(f"{kind.lower()} {name}" for kind, name, _ in call.arguments)


def error_text(call):
    rare = [f"{error} ({why})" for error, why in call.rare]
    return " ".join(call.errors) + (("; rarely " if call.errors else "rarely ") + ", ".join(rare) if rare else "")


def summary(table, defined):
    done = sum(state(call, defined) == "done" for call in table)
    return f"{len(table)} calls, {done} of them done, {sum(len(call.errors) for call in table if call.is_done)} errors demanded."


def call_section(call, defined, texts, met):
    number = f"{call.number} " if call.number is not None else ""
    rows = [f"## {number}{call.name}", "", f"`{call.name}({argument_text(call)})`", "",
            f"- state: {state(call, defined)}"]
    if call.is_done:
        owner = "" if call.owner == "NONE" else f" ({call.owner.lower()})"
        rows.append(f"- runs: {RUNS[call.run]}{owner}" + (f"; lease: {call.lease}" if call.lease else ""))
        rows.append(f"- errors: {error_text(call) or 'none'}")
        unmet = [error for error in call.errors if met and (call.name, error) not in met]
        if unmet:
            rows.append(f"- not met by the last ./x test: {' '.join(unmet)}")
    tests = proving(call.name, texts)
    if tests:
        rows.append("- proved by: " + ", ".join(f"`{path}`" for path in tests))
    return rows + [""]


def page(name):
    edge, title, folder = PAGES[name]
    table, defined, texts, met = calls.table(edge), defined_functions(edge), sources(folder), met_errors(edge)
    if not table:
        raise Failure(f"abi/{edge}/syscalls.def has no calls")
    lines = [f"# {title}", "", f"Made by `./x docs {name}` from `abi/{edge}/syscalls.def` and `abi/{edge}/errors.def`. "
             + summary(table, defined), "", "| | call | state | owner | runs | lease | errors |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for call in table:
        owner = "" if call.owner == "NONE" else call.owner.lower()
        lines.append(f"| {'' if call.number is None else call.number} | {call.name} | {state(call, defined)} | {owner} | "
                     f"{RUNS[call.run]} | {call.lease} | {len(call.errors) or ''} |")
    lines.append("")
    for call in table:
        lines += call_section(call, defined, texts, met)
    return "\n".join(lines)


def tool_page():
    from x import main as commands  # it names this module
    lines = ["# ./x", "", "Made by `./x docs tool` from what each command says of itself.", ""]
    for name in commands.COMMANDS:
        told = subprocess.run([os.path.join(ROOT, "x"), name, "--help"], capture_output=True, text=True, check=True)
        lines += [f"## {name}", "", "```", told.stdout.rstrip("\n"), "```", ""]
    return "\n".join(lines)


def write_page(name):
    if name == "tables":
        tables.write()
        return os.path.join(ROOT, "docs")
    path = os.path.join(BUILD, "docs", f"{name}.md")
    write_if_changed(path, (tool_page() if name == "tool" else page(name)).encode())
    return path


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    known = [*PAGES, "tool", "tables"]
    unknown = [name for name in argv if name not in known]
    if unknown:
        raise Failure(f"docs knows no page '{unknown[0]}'; there are {', '.join(known)}", EXIT_USAGE)
    for name in argv or known:
        print(os.path.relpath(write_page(name)))
    return 0
