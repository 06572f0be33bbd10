"""Every package.toml: schema, unknown keys, unique ids, dependencies that exist and form no circle;
agreement with abi/services.def; and config/system.toml's [logging] by the generator's own rules."""
import importlib.util
import os
import re
import tomllib

from x import manifest
from x.check.tree import Finding


def log_rules(tree):
    path = os.path.join(tree.root, "tools", "gen", "log_config.py")
    if not os.path.exists(path):
        return None
    spec = importlib.util.spec_from_file_location("log_config", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def service_table(tree):
    """{service: (id, rank)} of abi/services.def."""
    table = "abi/services.def"
    if not tree.exists(table):
        return {}
    rows = re.findall(r"^SERVICE\((\d+),\s*\w+,\s*(\w+),\s*(\d+),", tree.read(table), re.M)
    return {name: (int(number), int(rank)) for number, name, rank in rows}


def disagreements(tree):
    """Yield what a [boot] table says otherwise than abi/services.def."""
    services = service_table(tree)
    for path in manifest.find(tree.root):
        text = tree.read(path)
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        boot = data.get("boot", {})
        number, rank = services.get(data.get("id"), (None, None))
        if number is None or not boot:
            continue
        if boot.get("rank") != rank:
            yield Finding(path, manifest.line_of(text, "rank"), "manifest",
                          f"boot.rank is {boot.get('rank')}, abi/services.def says {rank}")
        if number not in boot.get("service_ids", []):
            yield Finding(path, manifest.line_of(text, "service_ids"), "manifest",
                          f"boot.service_ids lacks {number}, which abi/services.def says")


def findings(tree):
    for path, line, text in manifest.findings(tree.root):
        yield Finding(path, line, "manifest", text)
    yield from disagreements(tree)
    config = "config/system.toml"
    rules = log_rules(tree)
    if tree.exists(config) and rules:
        text = tree.read(config)
        for complaint in rules.check(tomllib.loads(text).get("logging", {})):
            key = complaint.split(":")[0].rsplit(".", 1)[-1]
            yield Finding(config, manifest.line_of(text, key), "manifest", complaint)
