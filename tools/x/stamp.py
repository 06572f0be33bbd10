"""Is the build older than its sources? One directory walk, no child process.

The stamp file holds the listing (path, size, mtime) of every source file as it
was when the build last succeeded; equal text means nothing changed.
"""
import os

from x.common import BUILD, ROOT, WINDOWS

SOURCES = ("abi", "apps", "assets", "boot", "compat", "config", "drivers", "kernel", "libs", "services",
           "tools/gen", "tools/x", "meson.build", "meson_options.txt")
TEST_SOURCES = ("tests",)


def listing(sources):
    lines = []
    folders = []
    for source in sources:
        path = os.path.join(ROOT, source)
        if os.path.isdir(path):
            folders.append(path)
        elif os.path.exists(path):
            info = os.stat(path)
            lines.append(f"{path}\t{info.st_size}\t{info.st_mtime_ns}")
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    folders.append(entry.path)
            elif not entry.name.startswith("."):
                info = entry.stat()
                lines.append(f"{entry.path}\t{info.st_size}\t{info.st_mtime_ns}")
    lines.sort()
    return "\n".join(lines)


def stamp_path(flavour):
    return os.path.join(BUILD, f"stamp-{flavour}")


def current(flavour):
    """The listing that a build of `flavour` depends on."""
    return listing(SOURCES + TEST_SOURCES if flavour in ("tests", "windows") else SOURCES)


def is_fresh(flavour):
    if flavour == "release" and not os.path.isdir(WINDOWS):
        return False
    try:
        with open(stamp_path(flavour), encoding="utf-8", errors="surrogateescape") as f:
            return f.read() == current(flavour)
    except FileNotFoundError:
        return False


def write(flavour, text):
    with open(stamp_path(flavour), "w", encoding="utf-8", errors="surrogateescape") as f:
        f.write(text)
