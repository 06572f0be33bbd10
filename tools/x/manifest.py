"""package.toml: the only source of deployment policy. Reading and checking it.

A package is a folder with a package.toml: services/NAME, apps/NAME, kernel,
drivers/bridges/CLASS/NAME. docs/manifest.md lists the fields.
"""
import glob
import os
import re
import tomllib

from x.common import ROOT, Failure

PATTERNS = ("kernel", "services/*", "apps/*", "apps/windows/*", "drivers/bridges/*/*")

KINDS = ("boot", "kernel", "bridge-driver", "user-driver", "service", "app", "compat")
BUILDERS = ("service", "app", "musl-app", "mingw-exe", "winsys-dll", "module-image", "kernel", "grub-efi", "debian-copy")
STARTS = ("boot", "demand")
STARTERS = ("rootd", "initd", "runtimed")
RESTARTS = ("never", "on-failure", "always")
READINESSES = ("started", "notify")
STARTUPS = ("none", "init", "session", "desktop")
CAPABILITY_HEADER = "abi/include/albireo/services.h"

TEXT, FLAG, NUMBER, TEXTS, NUMBERS = "a string", "true or false", "a number", "a list of strings", "a list of numbers"
TYPES = {
    TEXT: lambda v: isinstance(v, str),
    FLAG: lambda v: isinstance(v, bool),
    NUMBER: lambda v: isinstance(v, int) and not isinstance(v, bool),
    TEXTS: lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v),
    NUMBERS: lambda v: isinstance(v, list) and all(isinstance(i, int) and not isinstance(i, bool) for i in v),
}

# Of [service]: what runtimed keeps count of; SCHEDULE_MAX_DEATHS and RUNTIME_WORDS_MAX are its bounds.
SERVICE_LIMITS = (("limit", 0, 31), ("window_seconds", 1, 86400), ("ready_seconds", 1, 3600), ("stop_seconds", 1, 300))
WORDS_MAX = 16

# table: {key: (type or allowed values, required, meaning)}
SCHEMA = {
    "": {
        "id": (TEXT, True, "stable name; `runtime_deps` of other packages refer to it"),
        "kind": (KINDS, True, "what it is"),
        "execution_domain": (("kernel", "user"), False, "where it runs"),
        "profiles": (TEXTS, False, "which builds it belongs to"),
        "startup": (STARTUPS, False, "when it starts by itself"),
        "runtime_deps": (TEXTS, False, "ids of packages that are ready before this one starts"),
        "builtin": (FLAG, False, "a driver that is linked into the kernel, so nothing is staged"),
    },
    "build": {
        "builder": (BUILDERS, True, "who makes the file"),
        "package": (TEXT, False, "the target's name, if it is not the folder's"),
    },
    "install": {
        "path": (TEXT, True, "where it lies in the image"),
        "layout": (("file", "directory"), False, "one file, or a folder (file)"),
    },
    "boot": {
        "order": (NUMBER, True, "its place among what rootd starts"),
        "rank": (NUMBER, True, "as in `abi/services.def`"),
        "service_ids": (NUMBERS, False, "endpoints that it may register, as in `abi/services.def`"),
        "capabilities": (TEXTS, False, "bits that rootd gives it"),
        "pid": (NUMBER, False, "a fixed process id"),
        "start": (STARTS, False, "at boot, or when somebody asks (boot)"),
    },
    "service": {
        "started_by": (STARTERS, False, "who starts it (rootd with `[boot]`, else runtimed)"),
        "restart": (RESTARTS, False, "when it is started again (on-failure)"),
        "limit": (NUMBER, False, "how many ends within the window are borne (5)"),
        "window_seconds": (NUMBER, False, "the window (60)"),
        "ready": (READINESSES, False, "ready once it runs, or when it says so (started)"),
        "ready_seconds": (NUMBER, False, "how long that may take (30)"),
        "stop_seconds": (NUMBER, False, "from SIGTERM to SIGKILL (5)"),
        "args": (TEXTS, False, "behind the program's path"),
        "env": (TEXTS, False, "`KEY=value`"),
    },
    "desktop.entries": {
        "display_name": (TEXT, True, "what a user sees"),
        "image": (TEXT, False, "the program's path in the image"),
        "exec": (TEXT, False, "a program's path in the machine, instead of `image`"),
        "weight_micros": (NUMBER, False, "its share of the machine"),
        "logical_admin": (FLAG, False, "runs as an administrator"),
        "console_hosted": (FLAG, False, "needs a console session"),
        "launch": (("none", "new-session", "all-sessions"), False, "which sessions start it"),
        "args": (TEXTS, False, "behind the program's path"),
        "env": (TEXTS, False, "`KEY=value`"),
    },
    "autoload": {
        "name": (TEXT, True, "the module's name"),
        "class": (TEXT, True, "what it drives"),
        "bus": (TEXT, True, "where its devices are"),
        "enabled": (FLAG, False, "false: never by itself (true)"),
        "priority": (NUMBER, False, "the higher is tried first"),
        "when": (TEXT, False, "at boot, or when a device is there"),
        "aliases": (TEXTS, False, "patterns of device ids"),
        "provider_group": (TEXT, False, "of a group one is loaded"),
        "fallback_only": (FLAG, False, "only when no other of its group took the device"),
        "deps": (TEXTS, False, "modules that are loaded before"),
        "softdeps": (TEXTS, False, "modules that are loaded before, if they can be"),
        "linux_driver_names": (TEXTS, False, "what Linux calls its driver"),
    },
    "debian": {
        "packages": (TEXTS, True, "Debian packages of the system volume; apt adds what they depend on"),
    },
}
# Tables that stand for themselves in a manifest.
TABLES = ("build", "install", "boot", "service", "autoload", "debian")


class Package:
    """One package.toml: `data` is its content, `path` the file relative to the tree."""

    def __init__(self, path, data):
        self.path = path
        self.folder = os.path.dirname(path)
        self.data = data
        self.id = data.get("id", "")

    def table(self, name):
        return self.data.get(name, {})

    def desktop_entries(self):
        return self.table("desktop").get("entries", [])

    def started_by(self):
        """Who starts it when it starts by itself."""
        return "rootd" if self.table("boot") else self.table("service").get("started_by", "runtimed")

    def runtime_deps(self):
        return self.data.get("runtime_deps", [])


def find(root=ROOT):
    """Every package.toml of the tree, relative to it, in a fixed order."""
    found = []
    for pattern in PATTERNS:
        found += glob.glob(f"{pattern}/package.toml", root_dir=root)
    return sorted(set(found))


def line_of(text, key):
    """The line where `key` is set, for messages; 1 when it is nowhere."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[*\s*{re.escape(key)}\b", line):
            return number
    return 1


def check_value(name, key, value, wanted):
    """The complaint about one value, or None."""
    where = f"{name}.{key}" if name else key
    if isinstance(wanted, tuple):
        if value not in wanted:
            return f"{where} is '{value}', must be one of {', '.join(wanted)}"
    elif not TYPES[wanted](value):
        return f"{where} must be {wanted}"
    return None


def check_table(name, table):
    """Yield (key, complaint) for one table."""
    schema = SCHEMA[name]
    if not isinstance(table, dict):
        yield name, f"{name} must be a table"
        return
    for key, value in table.items():
        if key in schema:
            complaint = check_value(name, key, value, schema[key][0])
            if complaint:
                yield key, complaint
        elif name or key not in (*TABLES, "desktop"):
            yield key, f"unknown key {f'{name}.' if name else ''}{key}"
    for key, (_, required, _) in schema.items():
        if required and key not in table:
            yield name or key, f"{f'{name}.' if name else ''}{key} is missing"


def check_lists(data):
    """Registry lists are staged comma-separated inside tab-separated lines."""
    tables = [(name, data.get(name, {})) for name in ("autoload", "boot", "service")]
    tables += [("desktop.entries", entry) for entry in data.get("desktop", {}).get("entries", [])]
    for name, table in tables:
        for key, value in table.items():
            for item in value if isinstance(value, list) else []:
                if isinstance(item, str) and re.search(r"[\t\n\r,]", item):
                    yield key, f"{name}.{key}: '{item}' holds a tab, a line end or a comma"


def check_service(data):
    """What runtimed could not carry out."""
    service = data.get("service", {})
    if list(check_table("service", service)):
        return
    if "boot" in data and service.get("started_by", "rootd") != "rootd":
        yield "started_by", "service.started_by: rootd starts what has a [boot] table"
    if "boot" not in data and service.get("started_by") == "rootd":
        yield "started_by", "service.started_by: rootd starts only what has a [boot] table"
    for key, least, most in SERVICE_LIMITS:
        if not least <= service.get(key, least) <= most:
            yield key, f"service.{key} is {service[key]}, must be {least} to {most}"
    for item in service.get("env", []):
        if not re.match(r"[^=]+=", item):
            yield "env", f"service.env: '{item}' is not KEY=value"
    for key in ("args", "env"):
        if len(service.get(key, [])) > WORDS_MAX:
            yield key, f"service.{key} has more than {WORDS_MAX} items"


def known_capabilities(root):
    """The names that the ABI gives to capability bits."""
    try:
        with open(os.path.join(root, CAPABILITY_HEADER), encoding="utf-8") as f:
            return re.findall(r"^#define CAP_(\w+)", f.read(), re.M)
    except FileNotFoundError:
        return []


def check(data, capabilities):
    """Yield (key, complaint) for everything wrong inside one package.toml."""
    yield from check_table("", data)
    for name in TABLES:
        if name in data:
            yield from check_table(name, data[name])
    desktop = data.get("desktop", {})
    for key in desktop:
        if key != "entries":
            yield key, f"unknown key desktop.{key}"
    for entry in desktop.get("entries", []):
        yield from check_table("desktop.entries", entry)
    for capability in data.get("boot", {}).get("capabilities", []):
        if capability not in capabilities:
            yield "capabilities", f"boot.capabilities: unknown capability '{capability}'"
    if (data.get("build", {}).get("builder") == "debian-copy") != ("debian" in data):
        yield "debian", "the builder debian-copy and a [debian] table belong together"
    yield from check_lists(data)
    yield from check_service(data)


def check_together(packages):
    """Yield (package, key, complaint) for what only the whole set shows."""
    by_id = {}
    for package in packages:
        if package.id in by_id:
            yield package, "id", f"id '{package.id}' is taken by {by_id[package.id].path}"
        by_id.setdefault(package.id, package)
    for package in packages:
        for dep in package.runtime_deps():
            if dep not in by_id:
                yield package, "runtime_deps", f"runtime_deps names '{dep}', which no package has as id"
    for package in packages:
        cycle = find_cycle(package.id, by_id)
        if cycle:
            yield package, "runtime_deps", f"runtime_deps form a circle: {' -> '.join(cycle)}"


def find_cycle(start, by_id):
    """A path of ids from `start` back to itself, or None."""
    paths = [[start]]
    seen = set()
    while paths:
        path = paths.pop()
        for dep in by_id[path[-1]].runtime_deps() if path[-1] in by_id else []:
            if dep == start:
                return path + [dep]
            if dep not in seen:
                seen.add(dep)
                paths.append(path + [dep])
    return None


def parse_all(root):
    """(packages that are right in themselves, their texts, findings about the others)."""
    packages, texts, found = [], {}, []
    capabilities = known_capabilities(root)
    for path in find(root):
        with open(os.path.join(root, path), encoding="utf-8") as f:
            texts[path] = f.read()
        try:
            package = Package(path, tomllib.loads(texts[path]))
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"at line (\d+)", str(error))
            found.append((path, int(at.group(1)) if at else 1, str(error)))
            continue
        wrong = list(check(package.data, capabilities))
        found += [(path, line_of(texts[path], key), text) for key, text in wrong]
        if not wrong:
            packages.append(package)
    return packages, texts, found


def findings(root=ROOT):
    """Every (path, line, complaint) about the tree's manifests."""
    packages, texts, found = parse_all(root)
    for package, key, text in check_together(packages):
        found.append((package.path, line_of(texts[package.path], key), text))
    return found


def load(root=ROOT):
    """Every package of the tree; fails on the first manifest that is wrong in itself. That
    packages fit together is for ./x check to say: half a system may be staged."""
    packages, _, wrong = parse_all(root)
    if wrong:
        path, line, text = wrong[0]
        raise Failure(f"{path}:{line}: {text}")
    return packages
