"""`./x fuzz NAME`: build tests/fuzz/fuzz_NAME.c with libFuzzer, ASan and UBSan, and run it."""
import glob
import os
import re
import shutil
import subprocess
import sys

from x import setup
from x.common import BUILD, EXIT_USAGE, ROOT, Failure
from x.options import Option, describe, parse

OPTIONS = {
    "--seconds": Option("N", "how long to run (default 600)"),
    "--help": Option("", "this text"),
}
HELP = """usage: ./x fuzz [OPTIONS] NAME
Runs the target tests/fuzz/fuzz_NAME.c. What it learns stays in build/fuzz/NAME; an
input that makes it fail is kept there and named.

"""
FLAGS = ["-g", "-O1", "-std=gnu11", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined",
         "-fno-omit-frame-pointer"]


# library: what it is linked with
LINKED = {"console": ("-lvterm",)}


def names():
    paths = glob.glob(os.path.join(ROOT, "tests", "fuzz", "fuzz_*.c"))
    return sorted(os.path.basename(path)[5:-2] for path in paths)


def libraries_of(path, found):
    """Add to `found` each library whose headers the file includes, and theirs."""
    with open(path, encoding="utf-8") as f:
        included = re.findall(r"^\s*#\s*include\s*<([\w-]+)/", f.read(), re.M)
    for name in included:
        folder = os.path.join(ROOT, "libs", name)
        if name not in found and os.path.isdir(folder):
            found.append(name)
            for inner in sorted(glob.glob(f"{folder}/src/*.[ch]") + glob.glob(f"{folder}/include/**/*.h", recursive=True)):
                libraries_of(inner, found)
    return found


def compile_target(name, output):
    source = os.path.join(ROOT, "tests", "fuzz", f"fuzz_{name}.c")
    folders = [os.path.join(ROOT, "libs", library) for library in libraries_of(source, [])]
    includes = [os.path.join(folder, "include") for folder in folders]
    includes += [os.path.join(ROOT, "abi", "include"), os.path.join(ROOT, "abi")]
    sources = [path for folder in folders for path in sorted(glob.glob(f"{folder}/src/*.c"))]
    command = ["clang", *FLAGS, *(f"-I{path}" for path in includes), "-o", output, source, *sources,
               *(flag for folder in folders for flag in LINKED.get(os.path.basename(folder), ()))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.stderr.write(result.stderr)
        raise Failure(f"tests/fuzz/fuzz_{name}.c does not compile")


def prepare(name):
    """Build the target and write its first inputs; returns (folder, target, folder of the inputs)."""
    folder = os.path.join(BUILD, "fuzz", name)
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, f"fuzz_{name}")
    compile_target(name, target)
    seeds = os.path.join(folder, "seeds")
    subprocess.run([sys.executable, os.path.join(ROOT, "tests", "fuzz", "make_seeds.py"), name, seeds], check=True)
    return folder, target, seeds


def sample(name, runs):
    """The same `runs` mutated inputs each time. Returns what the target printed if one failed, else None."""
    folder, target, seeds = prepare(name)
    learnt = os.path.join(folder, "sample")
    shutil.rmtree(learnt, ignore_errors=True)
    os.makedirs(learnt)
    command = [target, "-seed=1", f"-runs={runs}", "-max_len=16384", f"-artifact_prefix={folder}/", learnt, seeds]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace", check=False)
    return result.stdout[-4000:] if result.returncode else None


def main(argv):
    values, words = parse(OPTIONS, argv, "fuzz", EXIT_USAGE)
    if values.help:
        sys.stdout.write(HELP + describe(OPTIONS) + f"\nTargets: {' '.join(names())}\n")
        return 0
    if len(words) != 1 or words[0] not in names():
        raise Failure(f"fuzz takes one of: {' '.join(names())}", EXIT_USAGE)
    setup.ensure()
    folder, target, seeds = prepare(words[0])
    corpus = os.path.join(folder, "corpus")
    os.makedirs(corpus, exist_ok=True)
    command = [target, f"-max_total_time={values.seconds or 600}", f"-artifact_prefix={folder}/", "-print_final_stats=1",
               corpus, seeds]
    return 1 if subprocess.run(command, check=False).returncode else 0
