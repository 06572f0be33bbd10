"""What ninja builds for the fuzz targets: clang, libFuzzer, ASan and UBSan, in build/fuzz.

Each tests/fuzz/fuzz_NAME.c is linked with the libraries, as far as it needs them. `ipc_NAME` is linked with the
service NAME and with what stands for the kernel, tests/fuzz/feigned; PARTS says what others need of the services.
"""
import glob
import os
import shutil
import subprocess
import sys

from x.common import ROOT, Failure, write_if_changed

FOLDER = os.path.join(ROOT, "build", "fuzz")
TARGETS = os.path.join(ROOT, "tests", "fuzz")
FEIGNED = os.path.join(TARGETS, "feigned")

PARTS = {
    "exec_request": ["services/initd/src/control.c", "services/initd/src/request.c"],
    "ipc_runtimed": [f"services/runtimed/src/{part}.c" for part in ("policy", "programs", "requests", "schedule", "services")],
    "manifest": ["services/rootd/src/manifest.c"],
}
# What is included before each source of these, and around what static data are kept.
FRAMES = {"ipc_runtimed": ("processes.h", ("input", "data", "data_begin")),
          "ipc_sessiond": ("terminals.h", ("input", "data", "libc", "data_begin"))}
SERVICE_FRAME = ("renames.h", ("data", "input", "kernel", "libc", "service", "data_begin"))

FLAGS = ["-g", "-O1", "-std=gnu11", "-fno-common", "-fno-omit-frame-pointer", "-fsanitize=fuzzer-no-link,address,undefined",
         "-fno-sanitize-recover=undefined", "-DNUCLEUS_CALLS_ARE_FEIGNED"]

RULES = """ninja_required_version = 1.8
flags = {flags}
rule cc
  command = {compiler} $flags $more -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc
rule ar
  command = rm -f $out && ar rcs $out $in
rule link
  command = clang -g -fsanitize=fuzzer,address,undefined -o $out $in -Wl,--as-needed -lvterm
rule gen
  command = {python} $in $out
rule seeds
  command = {python} $in $name $folder && touch $out
"""


def names():
    return sorted(os.path.basename(path)[5:-2] for path in glob.glob(os.path.join(TARGETS, "fuzz_*.c")))


def folder_of(name):
    return os.path.join(FOLDER, name)


def program_of(name):
    return os.path.join(folder_of(name), f"fuzz_{name}")


def seeds_of(name):
    return os.path.join(folder_of(name), "seeds")


# library: the header that a program of tools/gen writes for its sources
GENERATED = {"keymap": ("keymaps_data.h", "keymaps.py")}


class Plan:
    """The build file's text; each object is named once."""

    def __init__(self):
        include = [*sorted(glob.glob(f"{ROOT}/libs/*/include")), f"{ROOT}/abi/include", f"{ROOT}/abi", TARGETS, FEIGNED]
        flags = [*FLAGS, *(f"-I{path}" for path in include)]
        compiler = "ccache clang" if shutil.which("ccache") else "clang"
        self.text = [RULES.format(flags=" ".join(flags), compiler=compiler, python=sys.executable)]
        self.objects = set()

    def compile(self, source, variant, more="", generated=""):
        """The object of a source, a path below ROOT, in one of its variants; @generated is there before."""
        output = os.path.join(FOLDER, "objects", variant, source.replace("/", "-")[:-2] + ".o")
        if output not in self.objects:
            self.objects.add(output)
            self.text.append(f"build {output}: cc {ROOT}/{source} | {generated}\n  more = {more}")
        return output

    def generate(self, library):
        """The header that a library's sources include besides those of the tree; "" without one."""
        if library not in GENERATED:
            return ""
        name, program = GENERATED[library]
        output = os.path.join(FOLDER, "generated", name)
        self.text.append(f"build {output}: gen {ROOT}/tools/gen/{program}")
        return output

    def libraries(self):
        archive = os.path.join(FOLDER, "libraries.a")
        objects = []
        for library in sorted(os.listdir(os.path.join(ROOT, "libs"))):
            generated = self.generate(library)
            include = f"-I{ROOT}/libs/{library}/src -I{FOLDER}/generated"
            objects += [self.compile(os.path.relpath(path, ROOT), "plain", include, generated)
                        for path in sorted(glob.glob(f"{ROOT}/libs/{library}/src/*.c"))]
        self.text.append(f"build {archive}: ar {' '.join(objects)}")
        return archive

    def feigned(self, name):
        return self.compile(f"tests/fuzz/feigned/{name}.c", "plain")

    def sources_of(self, name):
        """The sources, below ROOT, of the services that the target is about."""
        if name in PARTS or not name.startswith("ipc_"):
            return PARTS.get(name, [])
        return sorted(os.path.relpath(path, ROOT) for path in glob.glob(f"{ROOT}/services/{name[4:]}/src/*.c"))

    def target(self, name, archive):
        sources = self.sources_of(name)
        include = " ".join(sorted({f"-I{ROOT}/{os.path.dirname(source)}" for source in sources}))
        objects = [self.compile(f"tests/fuzz/fuzz_{name}.c", "plain", include)]
        if name.startswith("ipc_"):
            header, frame = FRAMES.get(name, SERVICE_FRAME)
            objects += [self.feigned(part) for part in frame]
            objects += [self.compile(source, "feigned", f"{include} -include {FEIGNED}/{header}") for source in sources]
            objects += [archive, self.feigned("data_end")]
        else:
            objects += [self.compile(source, "plain", include) for source in sources] + [archive]
        self.text.append(f"build {program_of(name)}: link {' '.join(objects)}")
        stamp = os.path.join(folder_of(name), "seeds.stamp")
        self.text.append(f"build {stamp}: seeds {TARGETS}/make_seeds.py\n  name = {name}\n  folder = {seeds_of(name)}")
        self.text.append(f"build {name}: phony {program_of(name)} {stamp}")


def build(wanted):
    """Build these targets and write their first inputs."""
    plan = Plan()
    archive = plan.libraries()
    for name in names():
        os.makedirs(seeds_of(name), exist_ok=True)
        plan.target(name, archive)
    path = os.path.join(FOLDER, "build.ninja")
    write_if_changed(path, ("\n".join(plan.text) + "\n").encode())
    result = subprocess.run(["ninja", "-C", FOLDER, *wanted], capture_output=True, text=True, errors="replace", check=False)
    if result.returncode:
        sys.stderr.write(result.stdout)
        raise Failure("a fuzz target does not build")
