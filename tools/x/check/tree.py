"""The source tree as the rules see it: files, components, and who owns a header.

A component is what may depend on another: a kernel module, a library, a service,
a driver, the ABI. Rules take a Tree, so that their tests can hand them a small
one in a temporary folder.
"""
import os
import re

# Kernel modules, low to high, with the folder that their public headers lie in.
KERNEL_MODULES = {
    "nucleus-core": "nucleus", "lowlevel": "lowlevel", "hal": "hal", "sched": "sched", "mm": "mm", "object": "object",
    "ipc-runtime": "ipc", "ps": "ps", "io-manager": "io", "compat": "compat", "executive": "executive",
}
MODULE_ORDER = list(KERNEL_MODULES)

SKIPPED_FOLDERS = ("build", "logs", "__pycache__", "vendor")


class Finding:
    """One line of ./x check: file:line: rule: what."""

    def __init__(self, path, line, rule, what):
        self.path = path
        self.line = line
        self.rule = rule
        self.what = what

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


class Component:
    """kind: kernel, libs, services, drivers, abi, boot, compat, tests; name: unique inside the kind."""

    def __init__(self, kind, name, folder):
        self.kind = kind
        self.name = name
        self.folder = folder

    def __eq__(self, other):
        return isinstance(other, Component) and self.folder == other.folder

    def __hash__(self):
        return hash(self.folder)

    def __str__(self):
        return self.folder


# How many path elements name a component, by top-level folder.
DEPTHS = {"kernel": 2, "libs": 2, "services": 2, "apps": 2, "abi": 1, "boot": 1, "compat": 1, "tests": 1}


def component_of(path):
    """The component that a file belongs to, or None for files that are none's (kernel/meson.build)."""
    parts = path.split("/")
    if parts[0] == "drivers":
        depth = 4 if parts[1:2] == ["bridges"] else 3
    else:
        depth = DEPTHS.get(parts[0])
    if depth is None or len(parts) <= depth:
        return None
    return Component(parts[0], parts[depth - 1], "/".join(parts[:depth]))


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = sorted(self.walk())
        self.by_include = self.index_headers()

    def walk(self):
        for folder, names, files in os.walk(self.root):
            names[:] = [name for name in names if name not in SKIPPED_FOLDERS and not name.startswith(".git")]
            for name in files:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def exists(self, path):
        return os.path.exists(os.path.join(self.root, path))

    def sources(self, *tops):
        """C sources, headers and tables under the given top-level folders."""
        return [path for path in self.files
                if path.endswith((".c", ".h", ".S", ".def")) and path.split("/")[0] in tops]

    def index_headers(self):
        """{text between the brackets of an #include: [files it may mean]}."""
        index = {}
        for path in self.files:
            if not path.endswith((".h", ".def")):
                continue
            names = []
            if "/include/" in path:
                names.append(path.split("/include/", 1)[1])
            if path.startswith("abi/"):
                names.append(path[len("abi/"):])
            for name in names:
                index.setdefault(name, []).append(path)
        return index

    def includes(self, path):
        """Yield (line number, text, is_quoted) for each #include of a file."""
        for number, line in enumerate(self.read(path).splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if found:
                yield number, found.group(2), found.group(1) == '"'

    def module_deps(self, module):
        """(declared deps, line of the declaration) from a kernel module's meson.build."""
        path = f"kernel/{module}/meson.build"
        text = self.read(path) if self.exists(path) else ""
        found = re.search(r"^module_deps\s*=\s*\[([^\]]*)\]", text, re.M)
        if not found:
            return [], 1
        return re.findall(r"'([^']+)'", found.group(1)), text[:found.start()].count("\n") + 1
