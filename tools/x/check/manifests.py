"""Every package.toml: schema, unknown keys, unique ids, dependencies that exist and form no circle;
and config/system.toml's [logging] by the generator's own rules."""
import importlib.util
import os
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


def findings(tree):
    for path, line, text in manifest.findings(tree.root):
        yield Finding(path, line, "manifest", text)
    config = "config/system.toml"
    rules = log_rules(tree)
    if tree.exists(config) and rules:
        text = tree.read(config)
        for complaint in rules.check(tomllib.loads(text).get("logging", {})):
            key = complaint.split(":")[0].rsplit(".", 1)[-1]
            yield Finding(config, manifest.line_of(text, key), "manifest", complaint)
