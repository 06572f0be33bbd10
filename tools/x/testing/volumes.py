"""Filesystems in images of disks, made and looked at by the host's own tools."""
import os
import subprocess

MIB = 1 << 20
START = 1 * MIB     # of the only partition
TABLES = {"gpt": "label: gpt\nstart=2048\n", "mbr": "label: dos\nstart=2048, type=83\n"}
TOOLS = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin", LC_ALL="C.UTF-8", MTOOLS_SKIP_CHECK="1")


def host(*command, **keywords):
    return subprocess.run(command, check=True, env=TOOLS, capture_output=True, **keywords).stdout


def ext4_image(m, name, mib, table=None, options=()):
    """An image of `mib` MiB with Debian's default ext4 on it, or in its only partition. Returns its path."""
    path = os.path.join(m.folder, name + ".img")
    with open(path, "wb") as f:
        f.truncate(mib * MIB)
    size = [f"{(mib - 2) * 1024}k"] if table else []
    if table:
        host("sfdisk", "-q", path, input=TABLES[table].encode())
        options = ["-E", f"offset={START}", *options]
    host("mkfs.ext4", "-q", "-F", *options, path, *size)
    return path


def ext4_name(path, table=None):
    """The filesystem in an image, as the programs of e2fsprogs call it."""
    return f"{path}?offset={START}" if table else path


def ext4_check(m, path, table=None):
    """e2fsck finds nothing, not even a journal to replay."""
    found = subprocess.run(["e2fsck", "-fn", ext4_name(path, table)], env=TOOLS, capture_output=True, text=True, check=False)
    m.equal(found.returncode, 0, f"e2fsck -fn says: {found.stdout}{found.stderr}")
    m.true("recover" not in found.stdout, f"the journal was to be replayed: {found.stdout}")


def ext4_extract(m, path, table=None):
    """All files of the filesystem, in a folder of the host's."""
    folder = os.path.join(m.folder, "got-" + os.path.basename(path))
    os.mkdir(folder)
    host("debugfs", "-R", f"rdump / {folder}", ext4_name(path, table))
    return folder
