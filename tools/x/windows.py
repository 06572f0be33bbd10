"""What C:\\windows of a machine is: libwine's DLLs and programs as config/windows-system-dlls.txt lists them."""
import os

from x.common import BUILD, ROOT, WINDOWS, Failure

LIST = os.path.join(ROOT, "config", "windows-system-dlls.txt")
PROGRAMS = "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows"
TABLES = "/usr/share/wine/nls"
OURS = os.path.join(BUILD, "windows-ours")
NETWORK = os.path.join(ROOT, "compat", "windows", "etc")
NETBASE = {"protocol": "/etc/protocols", "services": "/etc/services"}


def source_of(name, kind):
    """Where a line's file comes from, or None."""
    base = os.path.basename(name)
    if kind == "netbase":
        return NETBASE.get(base)
    places = {"": PROGRAMS, "nls": TABLES, "ours": OURS, "etc": NETWORK}
    return os.path.join(places[kind], base) if kind in places else None


def entries():
    """(name, source) of each line."""
    with open(LIST, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            source = source_of(words[0], words[1] if len(words) > 1 else "")
            if not source or len(words) > 2:
                raise Failure(f"{os.path.relpath(LIST, ROOT)}: cannot read '{line.strip()}'")
            yield words[0], source


def is_same(source, target):
    try:
        a, b = os.stat(source), os.stat(target)
    except FileNotFoundError:
        return False
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def put(source, target):
    """A link where the filesystem allows one: the files are large and only read."""
    if is_same(source, target):
        return
    temporary = target + ".new"
    try:
        os.unlink(temporary)
    except FileNotFoundError:
        pass
    try:
        os.link(source, temporary)
    except OSError:
        import shutil
        shutil.copy2(source, temporary)
    os.replace(temporary, target)


COMPILER = "x86_64-w64-mingw32-gcc"


def build_ours(name):
    """Build compat/windows/NAME/NAME.c into OURS/NAME.dll when it is older than its sources."""
    stem = name.rsplit(".", 1)[0]
    folder = os.path.join(ROOT, "compat", "windows", stem)
    sources = [os.path.join(folder, f"{stem}.c"), os.path.join(folder, f"{stem}.def")]
    target = os.path.join(OURS, name)
    if os.path.exists(target) and all(os.path.getmtime(path) <= os.path.getmtime(target) for path in sources):
        return
    import subprocess
    os.makedirs(OURS, exist_ok=True)
    command = [COMPILER, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-nostdlib", "-s", "-Wl,-e,DllMain",
               "-Wl,--file-alignment,4096", "-o", target, *sources, "-lntdll"]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise Failure(f"{name} does not build: {result.stderr.strip()}")


def stage():
    """Make WINDOWS what the list says."""
    folder = os.path.join(WINDOWS, "system32")
    os.makedirs(folder, exist_ok=True)
    wanted = dict(entries())
    for name, source in wanted.items():
        if source.startswith(OURS):
            build_ours(name)
        if not os.path.isfile(source):
            raise Failure(f"{os.path.relpath(LIST, ROOT)} lists {name}, but there is no {source}; ./x setup installs it")
        target = os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        put(source, target)
    for top, _, names in os.walk(folder):
        for path in (os.path.join(top, name) for name in names):
            if os.path.relpath(path, folder) not in wanted:
                os.unlink(path)
