"""Stage: from built files and package.toml to build/image and the boot bundle."""
import gzip
import hashlib
import os
import subprocess
import sys
import tempfile

from x import bundle, config, manifest, registry, windows
from x.common import BUILD, EXIT_USAGE, ROOT, Failure, write_if_changed

HELP = """usage: ./x stage
Builds what is stale and writes build/image, the tree of the EFI system partition: GRUB with
the public key in it, nucleus.elf and bundle.cpio with their signatures, services, registries.
"""

IMAGE = os.path.join(BUILD, "image")
BUNDLE = os.path.join(BUILD, "bundle.cpio")
RUN_BUNDLE = os.path.join(BUILD, "bundle-run.cpio")
TEST_BUNDLE = os.path.join(BUILD, "bundle-test.cpio")
BUSYBOX = "/bin/busybox"
CONSOLE_FONT = "/usr/share/consolefonts/Uni2-Terminus16.psf.gz"

# builder: the world that builds it
WORLD_OF = {"service": "user", "app": "user", "musl-app": "user", "module-image": "kernel", "kernel": "kernel"}


def read(path):
    with open(path, "rb") as f:
        return f.read()


def artifact(package):
    """The built file of a package, or None when its builder makes none here."""
    install = package.table("install")
    world = WORLD_OF.get(package.table("build").get("builder"))
    if not install or not world or package.data.get("builtin", False):
        return None
    name = os.path.basename(install["path"])
    folder = os.path.join(BUILD, world, package.folder)
    # A target belongs to the folder of its meson.build: the package's, the one above, or the kernel's for its modules.
    for path in (os.path.join(folder, name), os.path.join(os.path.dirname(folder), name),
                 os.path.join(BUILD, world, "kernel", name)):
        if os.path.isfile(path):
            return path
    raise Failure(f"{package.path}: the build made no {name} under {os.path.relpath(folder, ROOT)}")


def read_program(path):
    """A program without what only a debugger reads, which would lie in the machine's memory: rootd compares all of a
    service with its sum before each start."""
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "--strip-debug", "-o", stripped.name, path], check=True)
        return read(stripped.name)


def stage_packages(packages):
    """Copy every package's file into the image; returns {installed path: bytes}."""
    staged = {}
    for package in packages:
        source = artifact(package)
        if source:
            is_program = WORLD_OF[package.table("build")["builder"]] == "user"
            staged[package.table("install")["path"]] = read_program(source) if is_program else read(source)
    return staged


def run_files(packages, staged):
    """What the bundle of ./x run has beside exec's: Linux programs of ours, registries, the console's font."""
    programs = [package.table("install")["path"] for package in packages
                if package.table("build").get("builder") == "musl-app"]
    return ([(path, bundle.MODE_PROGRAM, staged[path]) for path in sorted(programs)] +
            [(path, bundle.MODE_FILE, staged[path]) for path in registry.RUN_REGISTRIES] +
            [("share/console.psf", bundle.MODE_FILE, gzip.decompress(read(CONSOLE_FONT)))])


def bundle_files(packages, staged, extra):
    """The bundle's files in their fixed order: manifest, sums, programs, registries."""
    booted = sorted((package.table("boot")["order"], package.table("install")["path"])
                    for package in packages if package.table("boot"))
    programs = [(path, bundle.MODE_PROGRAM, staged[path]) for _, path in booted]
    programs.append(("bin/busybox", bundle.MODE_PROGRAM, read(BUSYBOX)))
    modules = {package.table("install")["path"]: package.table("autoload").get("when") == "boot"
               for package in packages if package.table("install").get("path") in staged
               and package.table("build").get("builder") == "module-image"}
    boot_modules = [(path, bundle.MODE_FILE, staged[path]) for path, is_at_boot in sorted(modules.items()) if is_at_boot]
    registries = [(path, bundle.MODE_FILE, staged[path]) for path in registry.REGISTRIES]
    sums = {path: (hashlib.sha256(data).hexdigest(), len(data))
            for path, _, data in programs + boot_modules + registries + extra}
    # Modules of the system volume are checked against the same list.
    sums.update({path: (hashlib.sha256(staged[path]).hexdigest(), len(staged[path])) for path in modules})
    boot_manifest = registry.boot_manifest(packages, sums).encode()
    sums["boot-manifest.tsv"] = (hashlib.sha256(boot_manifest).hexdigest(), len(boot_manifest))
    sums_text = "".join(f"{path}\t{digest}\t{size}\n" for path, (digest, size) in sorted(sums.items())).encode()
    return [("boot-manifest.tsv", bundle.MODE_FILE, boot_manifest), ("sums.tsv", bundle.MODE_FILE, sums_text),
            *programs, *boot_modules, *registries, *extra]


def stage(with_tests=False):
    """Write build/image and the bundle; with tests, their programs' bundle too."""
    packages = manifest.load()
    staged = stage_packages(packages)
    for path, make in {**registry.REGISTRIES, **registry.RUN_REGISTRIES}.items():
        staged[path] = make(packages).encode()
    for path, data in staged.items():
        write_if_changed(os.path.join(IMAGE, path), data)
    windows.stage()
    config.write_run_defaults()
    write_if_changed(BUNDLE, bundle.archive(bundle_files(packages, staged, [])))
    write_if_changed(RUN_BUNDLE, bundle.archive(bundle_files(packages, staged, run_files(packages, staged))))
    if with_tests:
        from x import programs
        extra = [(f"tests/{name}", bundle.MODE_PROGRAM, read(path)) for name, path in programs.for_bundle()]
        write_if_changed(TEST_BUNDLE, bundle.archive(bundle_files(packages, staged, extra)))


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    if argv:
        raise Failure("stage takes no arguments", EXIT_USAGE)
    from x import build, uefi
    build.ensure("release")
    uefi.stage_all()
    return 0
