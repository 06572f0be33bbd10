"""The same layering by symbols: what a kernel module's archive leaves undefined must be
defined by itself or by a module that it declares. What no module defines (a library's
or the linker script's symbol) is left to the linker."""
import os
import subprocess

from x.check.tree import MODULE_ORDER, Finding


def archive(build, module):
    path = os.path.join(build, "kernel", f"libmodule-{module}.a")
    return path if os.path.exists(path) else None


def nm(path, *flags):
    return subprocess.run(["nm", "-A", *flags, path], capture_output=True, text=True, check=True).stdout.splitlines()


def defined(path):
    return {line.split()[-1] for line in nm(path, "--defined-only", "--extern-only")}


def undefined(path):
    """[(member object, symbol)]"""
    found = []
    for line in nm(path, "--undefined-only"):
        where, _, symbol = line.rpartition(" ")
        found.append((where.split(":")[1], symbol))
    return found


def findings(tree, build):
    archives = {module: archive(build, module) for module in MODULE_ORDER}
    archives = {module: path for module, path in archives.items() if path}
    exports = {module: defined(path) for module, path in archives.items()}
    for module, path in archives.items():
        deps, line = tree.module_deps(module)
        visible = exports[module].union(*(exports.get(dep, set()) for dep in deps))
        for member, symbol in undefined(path):
            if symbol in visible:
                continue
            owners = [owner for owner in archives if symbol in exports[owner]]
            if owners:
                yield Finding(f"kernel/{module}/meson.build", line, "symbols",
                              f"{member} uses {symbol} of {owners[0]}, which {module} does not declare")
