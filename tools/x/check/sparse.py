"""sparse over every kernel and driver source, with the flags that the compiler gets."""
import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

from x.check.tree import Finding

CHECKED = ("kernel/", "drivers/", "libs/")
KEPT_FLAGS = ("-D", "-I", "-std=", "-isystem", "-include", "-idirafter", "-ffreestanding", "-m64", "-U")


def kept_flags(command):
    """The compiler's flags that sparse needs; others differ between the two programs."""
    words = shlex.split(command)
    flags = []
    for index, word in enumerate(words):
        if word.startswith(KEPT_FLAGS):
            flags.append(word)
            if word in ("-I", "-D", "-isystem", "-include", "-idirafter", "-U"):
                flags.append(words[index + 1])
    return flags


def run_sparse(job):
    source, flags, folder = job
    command = ["sparse", "-m64", "-Wno-decl", "-Wsparse-error", *flags, source]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    return result.stdout + result.stderr


def jobs(tree, build):
    """[(source, flags, folder)] from the build's compile_commands.json."""
    path = os.path.join(build, "compile_commands.json")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        entries = json.load(f)
    found = {}
    for entry in entries:
        source = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        relative = os.path.relpath(source, tree.root)
        if relative.startswith(CHECKED) and relative.endswith(".c"):
            found[relative] = (source, kept_flags(entry["command"]), entry["directory"])
    return [found[relative] for relative in sorted(found)]


def parse(tree, folder, output):
    for line in output.splitlines():
        found = re.match(r"(\S+?):(\d+):\d+: (?:warning|error): (.*)", line)
        if found:
            path = os.path.relpath(os.path.normpath(os.path.join(folder, found.group(1))), tree.root)
            yield Finding(path, int(found.group(2)), "sparse", found.group(3))


def findings(tree, build):
    work = jobs(tree, build)
    seen = set()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for job, output in zip(work, pool.map(run_sparse, work)):
            for finding in parse(tree, job[2], output):
                if str(finding) not in seen:
                    seen.add(str(finding))
                    yield finding
