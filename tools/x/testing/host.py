"""cmocka programs of the host world, built with ASan and UBSan; each cmocka test counts."""
import json
import os
import re
import subprocess

from x.common import BUILD
from x.testing import Outcome, Test

TIMEOUT_SECONDS = 300
LINE = re.compile(r"\[\s+(OK|FAILED|SKIPPED)\s+\] (\w+)$")


def outcomes(name, output, returncode):
    """The cmocka tests that a program's output tells of, and its own death if it died."""
    verdicts = {}
    for line in output.splitlines():
        found = LINE.match(line)
        if found and not re.match(r"\d+$", found.group(2)):
            verdicts[found.group(2)] = found.group(1)
    results = []
    for test, verdict in verdicts.items():
        results.append(Outcome(f"{name}: {test}", None if verdict != "FAILED" else output))
    if returncode and not any(outcome.why for outcome in results):
        results.append(Outcome(name, f"expected exit code 0\ngot {returncode}\n{output}"))
    return results or [Outcome(name)]


def run_program(name, entry):
    try:
        result = subprocess.run(entry["cmd"], env={**os.environ, **entry["env"]}, cwd=entry.get("workdir") or BUILD,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                text=True, errors="replace", timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as expired:
        return [Outcome(name, f"expected an end\ngot none in {TIMEOUT_SECONDS} s\n{expired.stdout or ''}")]
    return outcomes(name, result.stdout, result.returncode)


def tests():
    with open(os.path.join(BUILD, "host", "meson-info", "intro-tests.json"), encoding="utf-8") as f:
        entries = json.load(f)
    named = [(f"host: {entry['name']}", entry) for entry in entries]
    return [Test(name, lambda name=name, entry=entry: run_program(name, entry), is_parallel=True)
            for name, entry in sorted(named, key=lambda item: item[0])]
