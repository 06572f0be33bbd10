"""The system volume: build/userland.ext4, from the debian-copy package's tree with System32 beside it.

It is made when it is first needed and when what it is made of has changed. disk.py puts copies of it on disks.
"""
import os
import shlex
import shutil
import subprocess

from x import debian, disk, manifest, stamp, uefi, windows
from x.build import Lock
from x.common import BUILD, WINDOWS, Failure, say

DISK = os.path.join(BUILD, "system.img")    # what run boots and keeps
VOLUME = os.path.join(BUILD, "userland.ext4")
NOTE = os.path.join(BUILD, "stamp-userland")
SOURCES = ("apps/userland", "compat/windows", "config/windows-system-dlls.txt", "tools/x/debian.py", "tools/x/volume.py",
           "tools/x/disk.py")
PROGRAM_SUFFIXES = (".exe", ".com")


def is_fresh():
    try:
        with open(NOTE, encoding="utf-8") as f:
            return f.read() == stamp.listing(SOURCES) and os.path.isfile(VOLUME)
    except FileNotFoundError:
        return False


def copy_system32(tree):
    """C:\\windows as a machine of exec has it, as files of the volume's own: the staged ones may be links to the host's."""
    windows.stage()
    target = os.path.join(tree, "windows", "c", "windows")
    for top, _, names in os.walk(WINDOWS):
        place = os.path.normpath(os.path.join(target, os.path.relpath(top, WINDOWS)))
        os.makedirs(place, exist_ok=True)
        for name in names:
            path = os.path.join(place, name)
            shutil.copyfile(os.path.join(top, name), path)
            os.chmod(path, 0o755 if name.lower().endswith(PROGRAM_SUFFIXES) else 0o644)


def rights_script(specials):
    """Shell lines that give every file of the working folder its owner and rights; chown takes set-id bits away."""
    lines = ["set -e", "chown -hR 0:0 ."]
    for special in specials:
        path = shlex.quote(f"./{special.path}")
        lines.append(f"chown {special.uid}:{special.gid} {path}; chmod {special.mode & 0o7777:o} {path}")
    return "\n".join(lines)


def make_filesystem(tree, specials, path):
    """mke2fs copies the tree with its owners: as root they are real, else fakeroot's."""
    script = f"{rights_script(specials)}\nmke2fs -q -F -t ext4 -L albireo -m 1 -d . {shlex.quote(path)}\n"
    # The owner of everything could not even be told apart without root or its likeness.
    prefix = [] if os.geteuid() == 0 else ["fakeroot", "--"]
    env = dict(os.environ, PATH=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    result = subprocess.run([*prefix, "sh"], cwd=tree, env=env, input=script, capture_output=True, text=True)
    if result.returncode:
        raise Failure(f"mke2fs failed: {(result.stderr or result.stdout).strip()[-500:]}")


def find_package():
    for package in manifest.load():
        if package.table("build").get("builder") == "debian-copy":
            return package
    raise Failure("no package is built by debian-copy")


def make():
    say("making the system volume")
    note = stamp.listing(SOURCES)
    package = find_package()
    tree = os.path.join(BUILD, package.table("install")["path"])
    specials = debian.make_tree(package, tree)
    copy_system32(tree)
    fresh = f"{VOLUME}.new"
    with open(fresh, "wb") as file:
        file.truncate(disk.VOLUME_BYTES)
    make_filesystem(tree, specials, fresh)
    shutil.rmtree(tree)
    os.replace(fresh, VOLUME)
    with open(NOTE, "w", encoding="utf-8") as f:
        f.write(note)


def stage():
    """Bring VOLUME up to date."""
    if is_fresh():
        return
    with Lock():
        if not is_fresh():
            # Folders and files are readable whatever the caller's umask.
            before = os.umask(0o022)
            make()
            os.umask(before)


def write_disk(path, is_bare=False):
    """Make `path` a disk that boots by itself, as ./x image gives it; a bare one has no system volume."""
    uefi.stage_all()
    if not is_bare:
        stage()
    disk.write(path, uefi.PARTITION, None if is_bare else VOLUME)


def ensure_disk(path, is_fresh_wanted, boots):
    """Bring the disk of `run` up to date: made when it is not there, or asked to be made anew; else only its EFI
    system partition changes, if the machine boots from it."""
    if os.path.exists(path):
        disk.demand_unused(path)
    if is_fresh_wanted or not os.path.exists(path):
        write_disk(path)
    elif boots:
        uefi.stage_all()
        disk.refresh(path, uefi.PARTITION)
