"""Fault-injection rules and log thresholds as users write them: checked before a machine starts."""
import os
import re

from x.common import ROOT, Failure

# off, fail, drop-every:N, fail-after:N, rate:N (of 1000 calls), delay-ms:N
ACTION = re.compile(r"off|fail|(?:drop-every|fail-after|rate|delay-ms):[1-9][0-9]*")
LEVELS = ("off", "trace", "debug", "info", "warn", "error", "fatal")


def quoted_names(table):
    """The names in quotes of a table under abi/."""
    with open(os.path.join(ROOT, "abi", table), encoding="utf-8") as f:
        return re.findall(r'^\w+\(\w+,\s*"([^"]+)"', f.read(), re.M)


def fault_complaint(rule):
    """What is wrong with POINT=ACTION, or None."""
    point, _, action = rule.partition("=")
    points = quoted_names("fault_points.def")
    if point not in points:
        return f"fault rule '{rule}': no such point; there are {', '.join(points)}"
    if not ACTION.fullmatch(action):
        return f"fault rule '{rule}': an action is off, fail, drop-every:N, fail-after:N, rate:N or delay-ms:N"
    return None


def log_complaint(setting):
    """What is wrong with CATEGORY=LEVEL, or None."""
    category, _, level = setting.partition("=")
    categories = quoted_names("log_categories.def")
    if category not in categories:
        return f"log level '{setting}': no such category; there are {', '.join(categories)}"
    if level not in LEVELS:
        return f"log level '{setting}': a level is {', '.join(LEVELS)}"
    return None


def demand(complaints):
    """Fail with the first complaint that is one."""
    for complaint in complaints:
        if complaint:
            raise Failure(complaint)
