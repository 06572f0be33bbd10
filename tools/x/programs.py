"""Static test programs: tests/GROUP/NAME.c becomes build/tests/GROUP/NAME."""
import glob
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from x.common import BUILD, ROOT, Failure

FLAGS = ["-static", "-O2", "-g", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
BUNDLED_GROUPS = ("bin", "bench")


def newest_input(folder):
    """The newest mtime among the headers that any program of a group may include."""
    headers = glob.glob(os.path.join(folder, "*.h")) + glob.glob(os.path.join(ROOT, "abi", "**", "*.[hd]*"), recursive=True)
    return max((os.path.getmtime(path) for path in headers), default=0)


def compile_one(source, program, headers_time):
    """Compile one program if it is stale; returns the compiler's output when it fails."""
    newest = max(os.path.getmtime(source), headers_time)
    if os.path.exists(program) and os.path.getmtime(program) > newest:
        return None
    os.makedirs(os.path.dirname(program), exist_ok=True)
    command = ["gcc", *FLAGS, "-I", os.path.join(ROOT, "abi", "include"), "-I", os.path.join(ROOT, "abi"),
               "-I", os.path.dirname(source), "-o", program, source, "-pthread"]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.stdout + result.stderr if result.returncode else None


def build_group(group):
    """Build every program of tests/GROUP; returns [(name, path)]."""
    folder = os.path.join(ROOT, "tests", group)
    sources = sorted(glob.glob(os.path.join(folder, "*.c")))
    names = [os.path.basename(source)[:-2] for source in sources]
    built = [os.path.join(BUILD, "tests", group, name) for name in names]
    headers_time = newest_input(folder)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        failures = [text for text in pool.map(compile_one, sources, built, [headers_time] * len(sources)) if text]
    if failures:
        sys.stderr.write("".join(failures))
        raise Failure(f"tests/{group}: {len(failures)} programs do not compile")
    return list(zip(names, built))


def build_for_bundle():
    """The programs that tests find under /system/tests, as [(name there, path here)]."""
    found = []
    for group in BUNDLED_GROUPS:
        prefix = "" if group == "bin" else f"{group}-"
        found += [(prefix + name, path) for name, path in build_group(group)]
    return found
