"""`./x fuzz`: libFuzzer targets, with ASan and UBSan: tests/fuzz/fuzz_*.c."""
import glob
import os
import re
import shutil
import subprocess
import sys
import threading

from x import fuzz_build, setup
from x.common import EXIT_USAGE, ROOT, Failure
from x.options import Option, describe, parse

OPTIONS = {
    "--list": Option("", "name the targets"),
    "--all": Option("", "run every target, one on each processor"),
    "--time": Option("SECONDS", "how long to run each target (default 600)"),
    "--help": Option("", "this text"),
}
HELP = """usage: ./x fuzz [OPTIONS] [TARGET...]
Runs targets of tests/fuzz. What one learns stays in build/fuzz/TARGET/corpus. An input that
makes it fail is kept in tests/fuzz/found/TARGET, from where ./x test runs it each time.

"""
DEFAULT_SECONDS = 600
MAX_LEN = 16384
FOUND = os.path.join(ROOT, "tests", "fuzz", "found")
# One input that takes this long hangs.
HANG_SECONDS = 25
build_lock = threading.Lock()


def found(name):
    """The inputs that once made the target fail."""
    return sorted(glob.glob(os.path.join(FOUND, name, "*")))


def run_program(command):
    """(exit code, what it printed)."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace", check=False)
    return result.returncode, result.stdout


def sample(name, runs):
    """What was found before, then the same `runs` mutated inputs each time. Returns what the target printed if
    one failed, else None."""
    with build_lock:
        fuzz_build.build(fuzz_build.names())
    folder, program = fuzz_build.folder_of(name), fuzz_build.program_of(name)
    learnt = os.path.join(folder, "sample")
    shutil.rmtree(learnt, ignore_errors=True)
    os.makedirs(learnt)
    common = [program, f"-artifact_prefix={folder}/"]
    commands = [[*common, *found(name)]] if found(name) else []
    commands.append([*common, "-seed=1", f"-runs={runs}", f"-max_len={MAX_LEN}", learnt, fuzz_build.seeds_of(name)])
    for command in commands:
        code, output = run_program(command)
        if code:
            return output[-4000:]
    return None


def keep(name, folder):
    """Copy what libFuzzer wrote of inputs that failed to where ./x test finds it; returns the copies."""
    kept = []
    for path in sorted(glob.glob(os.path.join(folder, "*-*"))):
        if re.match(r"(crash|leak|timeout|oom)-", os.path.basename(path)):
            os.makedirs(os.path.join(FOUND, name), exist_ok=True)
            kept.append(shutil.copy(path, os.path.join(FOUND, name)))
            os.unlink(path)
    return kept


def summary(output):
    """'N runs, M edges' of libFuzzer's last words."""
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    edges = re.findall(r"cov: (\d+)", output)
    return f"{runs.group(1) if runs else '?'} inputs, {edges[-1] if edges else '?'} edges"


def run_one(name, seconds):
    """Run a target; tells how it ended. Returns whether it found nothing."""
    folder = fuzz_build.folder_of(name)
    corpus = os.path.join(folder, "corpus")
    os.makedirs(corpus, exist_ok=True)
    command = [fuzz_build.program_of(name), f"-max_total_time={seconds}", f"-timeout={HANG_SECONDS}", f"-max_len={MAX_LEN}",
               f"-artifact_prefix={folder}/", "-print_final_stats=1", corpus, fuzz_build.seeds_of(name)]
    code, output = run_program(command)
    if not code:
        print(f"{name}: {summary(output)}, nothing found", flush=True)
        return True
    kept = [os.path.relpath(path, ROOT) for path in keep(name, folder)]
    print(f"{name}: FOUND {' '.join(kept) or 'a failure without an input'}\n{output[-4000:]}", flush=True)
    return False


def run_many(wanted, seconds):
    """One target on each processor. Returns whether nothing was found."""
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return all(list(pool.map(lambda name: run_one(name, seconds), wanted)))


def targets(values, words):
    every = fuzz_build.names()
    if values.all and not words:
        return every
    if values.all or not words or set(words) - set(every):
        raise Failure(f"fuzz takes --all or some of: {' '.join(every)}", EXIT_USAGE)
    return words


def main(argv):
    values, words = parse(OPTIONS, sorted(argv, key=lambda word: not word.startswith("-")), "fuzz", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS))
        return 0
    if values.list:
        print("\n".join(fuzz_build.names()))
        return 0
    wanted = targets(values, words)
    seconds = values.time or str(DEFAULT_SECONDS)
    if not seconds.isdigit():
        raise Failure(f"--time takes seconds, not '{seconds}'", EXIT_USAGE)
    setup.ensure()
    fuzz_build.build(wanted)
    return 0 if run_many(wanted, int(seconds)) else 1
