#!/usr/bin/python3
"""log_config.h from config/system.toml: usage: log_config.py SYSTEM_TOML OUTPUT.

A threshold is inclusive and 0 is off, so a log site is compiled in when
`LOG_LEVEL_X != 0 && level >= LOG_LEVEL_X`.
"""
import os
import re
import sys
import tomllib

LEVELS = ("off", "trace", "debug", "info", "warn", "error", "fatal")
FIELDS = {"enabled": bool, "boot_trace_enabled": bool, "serial_mirror": bool, "ring_buffer_bytes": int,
          "min_level": str, "categories": dict}
CATEGORY_TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../abi/log_categories.def")


def categories():
    with open(CATEGORY_TABLE, encoding="ascii") as f:
        return re.findall(r'^LOG_CATEGORY\(\w+,\s*"(\w+)"\)', f.read(), re.M)


def check(logging):
    """Yield each complaint about a [logging] table."""
    for key, value in logging.items():
        if key not in FIELDS:
            yield f"unknown key logging.{key}"
        elif not isinstance(value, FIELDS[key]):
            yield f"logging.{key} must be of type {FIELDS[key].__name__}"
    known = categories()
    for name, level in logging.get("categories", {}).items():
        if name not in known:
            yield f"unknown category logging.categories.{name}"
        if level not in LEVELS:
            yield f"logging.categories.{name}: '{level}' is no level ({', '.join(LEVELS)})"
    if logging.get("min_level", "info") not in LEVELS:
        yield f"logging.min_level: '{logging['min_level']}' is no level ({', '.join(LEVELS)})"


def header(logging):
    default = logging.get("min_level", "info")
    chosen = logging.get("categories", {})
    enabled = logging.get("enabled", True)
    lines = ["/* Made from config/system.toml by tools/gen/log_config.py. */", "#ifndef LOG_CONFIG_H",
             "#define LOG_CONFIG_H", ""]
    for category in categories():
        level = LEVELS.index(chosen.get(category, default)) if enabled else 0
        lines.append(f"#define LOG_LEVEL_{category.upper()} {level}")
    lines += ["", f"#define LOG_RING_BYTES {logging.get('ring_buffer_bytes', 65536)}",
              f"#define LOG_SERIAL_MIRROR {int(logging.get('serial_mirror', True))}",
              f"#define LOG_BOOT_TRACE {int(logging.get('boot_trace_enabled', True))}", "", "#endif", ""]
    return "\n".join(lines)


def main(source, output):
    with open(source, "rb") as f:
        logging = tomllib.load(f).get("logging", {})
    wrong = list(check(logging))
    for complaint in wrong:
        print(f"{source}: {complaint}", file=sys.stderr)
    if wrong:
        return 1
    with open(output, "w", encoding="ascii") as f:
        f.write(header(logging))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
