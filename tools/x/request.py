"""The exec request: see abi/include/albireo/exec_request.h."""
import os
import time

from x.common import EXIT_MACHINE, WINDOWS, Failure, say

MAGIC = b"albireo-exec"
VERSION = b"1"
MAX_BYTES = 4 << 20

# Folders that are always the machine's own (vfsd lays them over the host's root).
OWN_FOLDERS = ("/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys", "/system", "/windows")

# A working folder that is one of these is mounted read-only ...
SYSTEM_FOLDERS = ("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/proc",
                  "/run", "/sbin", "/srv", "/sys", "/system", "/usr", "/var", "/windows")
# ... and so is one that lies anywhere below these.
SYSTEM_TREES = ("/bin/", "/boot/", "/etc/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/proc/", "/sbin/", "/sys/",
                "/usr/")


def is_system_folder(path):
    return path in SYSTEM_FOLDERS or (path + "/").startswith(SYSTEM_TREES) and not path.startswith("/usr/local/src/")


def is_below(path, folder):
    return path == folder or path.startswith(folder.rstrip("/") + "/")


class Mounts:
    """The exports of a machine, in mount order: (tag, host folder, is_readonly, place)."""

    def __init__(self):
        self.list = []

    def add(self, folder, is_readonly, place):
        if not os.path.isdir(folder):
            raise Failure(f"cannot export {folder}: not a folder", EXIT_MACHINE)
        if "\0" in place or "\n" in place:
            raise Failure("a mount's place cannot hold a line end", EXIT_MACHINE)
        self.list.append((f"host{len(self.list)}", folder, is_readonly, place))

    def put_outer_first(self):
        """A folder's mount would hide those below it that were there before."""
        self.list.sort(key=lambda mount: mount[3].rstrip("/").count("/"))

    def covers(self, path):
        """Does a mount other than the root bring this path?"""
        return any(is_below(path, place) for _, _, _, place in self.list if place != "/")


def environment():
    """The environment as it was given: os.environ holds what Python added too."""
    with open("/proc/self/environ", "rb") as f:
        return [item for item in f.read().split(b"\0") if b"=" in item]


def edited_environment(clear, settings):
    """The caller's environment with `--clear-env` and each `--env K=V` done to it."""
    items = [] if clear else environment()
    for setting in settings:
        setting = os.fsencode(setting)
        name = setting.split(b"=", 1)[0] + b"="
        at = next((i for i, item in enumerate(items) if item.startswith(name)), None)
        if at is None:
            items.append(setting)
        else:
            items[at] = setting
    return items


def program_path(program, env):
    """Where the host has the program, for its folder's sake; None if nowhere."""
    if "/" in program:
        return os.path.realpath(program)
    path = next((item[5:] for item in env if item.startswith(b"PATH=")), b"/usr/bin:/bin")
    for folder in os.fsdecode(path).split(":"):
        candidate = os.path.join(folder or ".", program)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return os.path.realpath(candidate)
    return None


def split_bind(text):
    """SRC[:DST[:ro]] → (source, destination, is_readonly); a backslash keeps a colon."""
    parts = [part.replace("\n", ":") for part in text.replace("\\:", "\n").split(":")]
    is_readonly = len(parts) == 3 and parts[2] == "ro"
    if len(parts) > 3 or (len(parts) == 3 and parts[2] not in ("ro", "rw")) or not parts[0]:
        raise Failure(f"--bind takes SRC[:DST[:ro]], not '{text}'", EXIT_MACHINE)
    source = os.path.abspath(parts[0])
    place = os.path.normpath(parts[1]) if len(parts) > 1 and parts[1] else source
    if not place.startswith("/"):
        raise Failure(f"--bind {text}: the place must be absolute", EXIT_MACHINE)
    return source, place, is_readonly


def exec_mounts(program, env, root, readonly, binds):
    """The mounts of `exec`: root, working folder, the program's folder, binds."""
    mounts = Mounts()
    mounts.add(os.path.abspath(root), True, "/")
    cwd = os.getcwd()
    is_system = is_system_folder(cwd)
    if is_system and not readonly:
        say(f"{cwd} is a system folder; it is read-only in the machine")
    if cwd != "/":
        mounts.add(cwd, readonly or is_system, cwd)
    path = program_path(program, env)
    if path:
        folder = os.path.dirname(path)
        # What is in the machine only (/system) brings itself.
        if any(is_below(folder, own) for own in OWN_FOLDERS) and os.path.isdir(folder) and not mounts.covers(folder):
            mounts.add(folder, True, folder)
    for bind in binds:
        source, place, is_readonly = split_bind(bind)
        mounts.add(source, is_readonly, place)
    mounts.put_outer_first()
    mounts.add(WINDOWS, True, "/windows/c/windows")
    return mounts


def encode(pairs):
    """The request's bytes from (key, str or bytes) pairs."""
    strings = [MAGIC, VERSION]
    for key, value in pairs:
        value = value if isinstance(value, bytes) else os.fsencode(str(value))
        strings.append(key.encode() + b"=" + value)
    data = b"".join(string + b"\0" for string in strings)
    if len(data) > MAX_BYTES:
        raise Failure(f"arguments and environment take {len(data)} bytes; {MAX_BYTES} fit", EXIT_MACHINE)
    return data


def caller_pairs():
    """Who asks, and where: ids, umask and the host's name."""
    umask = os.umask(0o077)
    os.umask(umask)
    yield "uid", os.getuid()
    yield "gid", os.getgid()
    yield "groups", ",".join(str(group) for group in os.getgroups())
    yield "umask", f"{umask:o}"
    yield "host", os.uname().nodename


def time_now():
    now = time.time_ns()
    return f"{now // 10**9}.{now % 10**9:09d}"
