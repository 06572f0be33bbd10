"""config/system.toml: reading, checking, and what exec needs of it in a form that reads fast."""
import os
import re
import sys
import tomllib

from x import rules
from x.common import BUILD, EXIT_USAGE, ROOT, Failure, write_if_changed

SOURCE = os.path.join(ROOT, "config", "system.toml")
RUN_DEFAULTS = os.path.join(BUILD, "gen", "run-defaults")

QEMU_DEFAULTS = {"binary": "qemu-system-x86_64", "machine": "microvm", "accel": "tcg", "mem": "512M", "smp": 1}
KNOWN = {"kernel": ("build",), "logging": None, "fault_injection": ("enabled", "rules"), "qemu": tuple(QEMU_DEFAULTS),
         "tests": ("machines", "windows"), "environment": ("init", "runtime")}


def check_environment(scopes):
    """The variables become fields of a registry, each a line."""
    for scope, variables in scopes.items():
        for key, value in variables.items():
            if not re.fullmatch(r"[A-Za-z_]\w*", key) or not isinstance(value, str) or re.search(r"[\x00-\x1f\x7f]", value):
                raise Failure(f"config/system.toml: environment.{scope}.{key} is no variable")


def load():
    with open(SOURCE, "rb") as f:
        try:
            data = tomllib.load(f)
        except tomllib.TOMLDecodeError as error:
            raise Failure(f"config/system.toml: {error}") from None
    for table, content in data.items():
        if table not in KNOWN:
            raise Failure(f"config/system.toml: unknown table [{table}]")
        for key in content:
            if KNOWN[table] is not None and key not in KNOWN[table]:
                raise Failure(f"config/system.toml: unknown key {table}.{key}")
    check_environment(data.get("environment", {}))
    rules.demand(map(rules.fault_complaint, data.get("fault_injection", {}).get("rules", [])))
    return data


def run_defaults(data):
    """[(key, value)] of what a machine is started with unless the command line says otherwise."""
    pairs = [(key, data.get("qemu", {}).get(key, default)) for key, default in QEMU_DEFAULTS.items()]
    faults = data.get("fault_injection", {})
    if faults.get("enabled", True):
        pairs += [("fault", rule) for rule in faults.get("rules", [])]
    return pairs


def write_run_defaults():
    """exec reads this instead: parsing TOML would cost it 25 ms."""
    text = "".join(f"{key}\t{value}\n" for key, value in run_defaults(load()))
    write_if_changed(RUN_DEFAULTS, text.encode())


def print_value(path, value):
    if isinstance(value, dict):
        for key, inner in value.items():
            print_value(f"{path}.{key}" if path else key, inner)
    else:
        shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        print(f"{path} = {shown!r}" if isinstance(value, (str, list)) else f"{path} = {shown}")


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write("usage: ./x config\nPrints the configuration in effect: config/system.toml over the defaults.\n")
        return 0
    if argv:
        raise Failure("config takes no arguments", EXIT_USAGE)
    data = load()
    data["qemu"] = {**QEMU_DEFAULTS, **data.get("qemu", {})}
    print_value("", data)
    return 0
