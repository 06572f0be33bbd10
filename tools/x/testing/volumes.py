"""Filesystems in images of disks, made and looked at by the host's own tools."""
import glob
import hashlib
import os
import subprocess

from x import disk

MIB = 1 << 20
START = 1 * MIB     # of the only partition
TABLES = {"gpt": "label: gpt\nstart=2048\n", "mbr": "label: dos\nstart=2048, type=83\n"}
FAT_TABLES = {"gpt": "label: gpt\nstart=2048, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n", "mbr": "label: dos\nstart=2048, type=c\n"}
BUSES = {"virtio": ("vda1", "vdb1"), "nvme": ("nvme0n1p1", "nvme1n1p1"), "ahci": ("sda1", "sdb1")}
FOLDERS = 6
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


def disk_with_table(m, name, mib, table):
    """An image of `mib` MiB with one partition, in which nothing is. Returns its path."""
    path = os.path.join(m.folder, name + ".img")
    with open(path, "wb") as f:
        f.truncate(mib * MIB)
    host("sfdisk", "-q", path, input=TABLES[table].encode())
    return path


def ext4_name(path, table=None):
    """The filesystem in an image, as the programs of e2fsprogs call it."""
    return f"{path}?offset={START}" if table else path


def ext4_check(m, path, table=None):
    check_named(m, ext4_name(path, table))


def system_volume_check(m, path):
    """The same of the system volume of a disk that ./x image or ./x run made."""
    check_named(m, f"{path}?offset={disk.VOLUME_AT}")


def fat_check(m, path):
    found = subprocess.run(["fsck.fat", "-n", path], env=TOOLS, capture_output=True, text=True, check=False)
    m.equal(found.returncode, 0, f"fsck.fat -n {path} says: {found.stdout}{found.stderr}")


def check_named(m, name):
    """e2fsck finds nothing, not even a journal to replay."""
    found = subprocess.run(["e2fsck", "-fn", name], env=TOOLS, capture_output=True, text=True, check=False)
    m.equal(found.returncode, 0, f"e2fsck -fn says: {found.stdout}{found.stderr}")
    m.true("recover" not in found.stdout, f"the journal was to be replayed: {found.stdout}")


def ext4_extract(m, path, table=None):
    """All files of the filesystem, in a folder of the host's."""
    folder = os.path.join(m.folder, "got-" + os.path.basename(path))
    os.mkdir(folder)
    host("debugfs", "-R", f"rdump / {folder}", ext4_name(path, table))
    return folder


# ---- many files, both ways ----

def text_of(folder, i):
    return f"{folder} {i}\n" * (i % 50)


def fill_folder(top, files):
    for folder in range(FOLDERS):
        os.makedirs(os.path.join(top, f"folder {folder}"))
        for i in range(folder, files, FOLDERS):
            with open(os.path.join(top, f"folder {folder}", f"file {i}"), "w", encoding="utf-8") as f:
                f.write(text_of(folder, i))


def digest_of(top):
    """Of the files' names and contents in order, as WHAT_IS_THERE prints it."""
    lines = []
    for folder, _, files in os.walk(top):
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                lines.append(f"{hashlib.md5(f.read()).hexdigest()}  ./{os.path.relpath(path, top)}\n")
    return hashlib.md5("".join(sorted(lines)).encode()).hexdigest()


WHAT_IS_THERE = "find . -type f -print0 | xargs -0 md5sum | sort | md5sum | cut -c1-32"


class Ext4:
    TYPE, COPY = "ext4", "cp -a"

    @staticmethod
    def image(m, name, mib, table, source):
        return ext4_image(m, name, mib, table, ["-d", source])

    check = staticmethod(ext4_check)
    extract = staticmethod(ext4_extract)


class Fat:
    """FAT32, that knows no owners."""
    TYPE, COPY = "vfat", "cp -r"

    @staticmethod
    def image(m, name, mib, table, source):
        path = os.path.join(m.folder, name + ".img")
        with open(path, "wb") as f:
            f.truncate(mib * MIB)
        host("sfdisk", "-q", path, input=FAT_TABLES[table].encode())
        host("mkfs.fat", "-F", "32", f"--offset={START // 512}", "-h", str(START // 512), path, str((mib - 2) * 1024))
        host("mcopy", "-s", "-i", f"{path}@@{START}", *sorted(glob.glob(os.path.join(source, "*"))), "::/")
        return path

    @staticmethod
    def check(m, path, _):
        part = path + ".part"
        host("dd", f"if={path}", f"of={part}", "bs=1M", "skip=1", "conv=sparse", "status=none")
        fat_check(m, part)

    @staticmethod
    def extract(m, path, _):
        folder = os.path.join(m.folder, "got-" + os.path.basename(path))
        os.mkdir(folder)
        host("mcopy", "-s", "-i", f"{path}@@{START}", "::/", folder)
        return folder


def both_ways(m, filesystem, bus, files, mib, timeout=300):
    """The machine reads `files` files that the host's tools put on disks of the bus, in a GPT and in an MBR partition,
    and copies them; the host then finds the copies, and nothing else."""
    source = os.path.join(m.folder, "source")
    os.mkdir(source)
    fill_folder(source, files)
    images = [(table, filesystem.image(m, f"{bus}-{table}", mib, table, source)) for table in TABLES]
    script = "".join(f"mkdir -p /tmp/{name} && mount -t {filesystem.TYPE} /dev/{name} /tmp/{name} && cd /tmp/{name} || exit 90\n"
                     f"{WHAT_IS_THERE}\nmkdir copy && {filesystem.COPY} folder* copy && rm -r folder* && cd copy && {WHAT_IS_THERE}\n"
                     f"cd / && umount /tmp/{name} || exit 91\n" for name in BUSES[bus])
    options = [text for _, image in images for text in ("--disk", f"{image},bus={bus}")]
    result = m.shell(script, options=options, timeout=timeout)
    expected = digest_of(source)
    m.equal(result.out.decode().split(), [expected] * 4, "files that the machine sees", result)
    for table, image in images:
        filesystem.check(m, image, table)
        found = os.path.join(filesystem.extract(m, image, table), "copy")
        m.equal(digest_of(found), expected, f"{table}: files that the host sees")
