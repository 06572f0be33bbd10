"""Disks that are full, read-only, bad in places, or gone: each call of a program hears of it where Linux says so."""
import json
import os
import re
import shlex

from x.qmp import Qmp
from x.testing import volumes
from x.testing.volumes import host

MIB = 1 << 20
PAGE = 4096


class Fat:
    """A FAT volume that holds `data`, of `data_bytes`."""

    kind = "vfat"

    def make(self, m, mib, data_bytes=0):
        image = os.path.join(m.folder, "disk.img")
        host("mkfs.fat", "-F", "16", "-s", "1", "-C", image, str(mib * 1024))
        if data_bytes:
            host("mcopy", "-i", image, write_data(m, data_bytes), "::/data")
        return image

    def place(self, image):
        """Where on the disk the bytes of `data` begin; they lie together."""
        with open(image, "rb") as f:
            boot = f.read(512)
        def number(at, size=2):
            return int.from_bytes(boot[at:at + size], "little")
        first = int(re.search(r"<(\d+)-", host("mshowfat", "-i", image, "::/data").decode())[1])
        sectors = number(14) + boot[16] * number(22) + number(17) * 32 // 512
        return (sectors + (first - 2) * boot[13]) * 512

    def check(self, m, image):
        volumes.fat_check(m, image)


class Ext4:
    """An ext4 volume that holds `data`, of `data_bytes`."""

    kind = "ext4"

    def __init__(self, *options):
        self.options = options

    def make(self, m, mib, data_bytes=0):
        folder = os.path.join(m.folder, "source")
        os.mkdir(folder)
        if data_bytes:
            os.rename(write_data(m, data_bytes), os.path.join(folder, "data"))
        return volumes.ext4_image(m, "disk", mib, options=["-d", folder, *self.options])

    def place(self, image):
        """Where on the disk the bytes of `data` begin; they lie together."""
        blocks = host("debugfs", "-R", "blocks /data", image).decode().split()
        if int(blocks[-1]) - int(blocks[0]) != len(blocks) - 1:
            raise ValueError(f"{image} has data in pieces")
        unit = re.search(r"Block size:\s+(\d+)", host("dumpe2fs", "-h", image).decode())[1]
        return int(blocks[0]) * int(unit)

    def check(self, m, image):
        volumes.ext4_check(m, image)


def write_data(m, count):
    path = os.path.join(m.folder, "data")
    with open(path, "wb") as f:
        f.write(b"d" * count)
    return path


def mounting(m, fs, options=""):
    return f"mkdir -p /tmp/mnt && mount -t {fs.kind} {options} DISK /tmp/mnt && cd /tmp && {m.program('file-steps')}"


def compare(m, steps, lines, result=None):
    """steps: (line of file_steps, what it must answer: a pattern)."""
    m.equal(len(lines), len(steps), f"number of answers: {lines}", result)
    for (step, expected), answer in zip(steps, lines):
        if not re.fullmatch(expected, answer):
            before = "\n".join(f"{done}: {said}" for (done, _), said in zip(steps, lines))
            m.equal(answer, expected, f"answer to '{step}', of all:\n{before}", result)


def run_steps(m, fs, steps, options, mount_options=""):
    text = "".join(f"{step}\n" for step, _ in steps).encode()
    script = mounting(m, fs, mount_options).replace("DISK", "/dev/vda")
    result = m.exec("/bin/busybox", "sh", "-c", script, options=options, stdin=text)
    m.equal(result.code, 0, "exit code", result)
    compare(m, steps, result.out.decode().splitlines(), result)


# ---- full ----

def full(m, fs, more):
    image = fs.make(m, 4)
    fill = [(f"write a {i * MIB} {MIB}", str(MIB)) for i in range(2)]
    run_steps(m, fs, [
        ("open b mnt/b new", "0"), ("open a mnt/a new", "0"), *fill,
        (f"write a {2 * MIB} {MIB}", r"\d+"), (f"write a {3 * MIB} {MIB}", r"\d+|ENOSPC"), (f"write a {4 * MIB} {MIB}", "ENOSPC"),
        ("fill a", "0"), ("write b 0 5000", "ENOSPC"), ("fsync a", "0"), ("fsync b", "0"), ("read a 0 1000", "1000"), *more,
        ("close a", "0"), ("unlink mnt/a", "0"), ("write b 0 5000", "5000"), ("fsync b", "0"), ("close b", "0"),
        ("umount mnt", "0")], ["--disk", image])
    fs.check(m, image)


def scenario_a_full_fat_disk_says_so_at_each_call(m):
    full(m, Fat(), [(f"resize b {MIB}", "ENOSPC"), ("stat mnt/b", "0")])


def scenario_a_full_ext4_disk_says_so_at_each_call(m):
    full(m, Ext4(), [
        # A hole is room that nobody has given yet: whoever writes into it through a mapping hears of it.
        (f"resize b {MIB}", "0"), (f"map b {MIB} write", "0"), (f"look b {MIB // 2}", "0"), (f"poke b {MIB // 2}", "SIGBUS 0"),
        ("fsync b", "0"), (f"unmap b {MIB}", "0")])


def room_comes_back(m, fs, mib, rounds=40):
    image = fs.make(m, mib)
    run_steps(m, fs, [(f"churn mnt {rounds}", str(rounds)), ("umount mnt", "0")], ["--disk", image])
    fs.check(m, image)


def scenario_a_deleted_files_room_on_fat_can_be_used_at_once(m):
    room_comes_back(m, Fat(), 4)


def scenario_a_deleted_files_room_on_ext4_of_small_blocks_can_be_used_at_once(m):
    room_comes_back(m, Ext4("-b", "1024"), 4)


def scenario_a_deleted_files_room_on_ext4_can_be_used_at_once(m):
    room_comes_back(m, Ext4("-b", "4096"), 12)


# ---- mounts that are refused ----

def busy(m, fs):
    image = fs.make(m, 16)
    run_steps(m, fs, [
        ("mount /dev/vda other ext4", "ENOENT"), ("mkdir other", "0"), (f"mount /dev/vda other {fs.kind}", "EBUSY"),
        (f"mount /dev/null other {fs.kind}", "ENOTBLK"), ("open a mnt/a new", "0"), ("write a 0 5000", "5000"),
        ("remount mnt ro", "EBUSY"), ("umount mnt", "EBUSY"), ("umount mnt 1", "EBUSY"), ("umount mnt 4", "EBUSY"),
        ("close a", "0"), ("open a mnt/a read", "0"), ("remount mnt ro", "0"), ("open b mnt/b new", "EROFS"),
        ("read a 0 5000", "5000"), ("remount mnt rw", "0"), ("unlink mnt/a", "0"), ("remount mnt ro", "EBUSY"), ("close a", "0"),
        ("remount mnt ro", "0"), ("remount mnt rw", "0"), ("remount other ro", "EINVAL"),
        ("symlink mnt link", "0"), ("umount link 8", "EINVAL"), ("umount mnt 5", "EINVAL"), ("umount mnt 16", "EINVAL"),
        ("umount mnt 4", "EAGAIN"), ("open b mnt/b new", "0"), ("close b", "0"), ("umount mnt 4", "EAGAIN"),
        ("umount mnt 4", "0"), ("umount mnt", "EINVAL"),
        (f"mount /dev/vda mnt {fs.kind}", "0"), ("open b mnt/b write", "0"), ("umount mnt 2", "0"), ("stat mnt/b", "ENOENT"),
        ("write b 0 100", "100"), ("close b", "0"), (f"mount /dev/vda mnt {fs.kind}", "0"), ("stat mnt/b", "0"),
        ("umount link", "0"), ("stat mnt/b", "ENOENT")], ["--disk", image])
    fs.check(m, image)


def scenario_a_fat_mount_is_changed_and_taken_away_by_the_rules(m):
    busy(m, Fat())


def scenario_an_ext4_mount_is_changed_and_taken_away_by_the_rules(m):
    busy(m, Ext4())


# ---- read-only ----

def read_only(m, fs):
    image = fs.make(m, 16, 10 * PAGE)
    run_steps(m, fs, [
        ("open a mnt/data write", "EROFS"), ("open a mnt/new new", "EROFS"), ("mkdir mnt/d", "EROFS"), ("unlink mnt/data", "EROFS"),
        ("open a mnt/data read", "0"), ("read a 0 5000", "5000"), (f"map a {PAGE} read", "0"), ("look a 5", "0"),
        (f"unmap a {PAGE}", "0"), ("fsync a", "0"), ("close a", "0"), ("umount mnt", "0")], ["--disk", f"{image},ro"], "-o ro")
    fs.check(m, image)


def scenario_a_read_only_fat_disk_says_so_at_each_call(m):
    read_only(m, Fat())


def scenario_a_read_only_ext4_disk_says_so_at_each_call(m):
    read_only(m, Ext4())


# ---- bad sectors ----

def bad_disk(image, **sectors):
    """QEMU's arguments for a disk of which one sector cannot be read, and another not written."""
    errors = [{"event": "none", "iotype": kind, "sector": sector, "errno": 5} for kind, sector in sectors.items()]
    node = {"driver": "raw", "node-name": "bad", "file": {
        "driver": "blkdebug", "image": {"driver": "file", "filename": image}, "inject-error": errors}}
    return ["--qemu-args", f"-blockdev {shlex.quote(json.dumps(node))} -device virtio-blk-device,drive=bad"]


def bad_sectors(m, fs):
    image = fs.make(m, 16, 64 * PAGE)
    start = fs.place(image)
    run_steps(m, fs, [
        ("open a mnt/data write", "0"), ("read a 0 4096", "4096"), (f"read a {40 * PAGE} 4096", "EIO"),
        (f"read a {41 * PAGE} 4096", "4096"), (f"read a {39 * PAGE} 8192", "4096"), (f"map a {64 * PAGE} write", "0"),
        (f"look a {40 * PAGE}", "SIGBUS 0"), (f"look a {42 * PAGE}", "0"),
        (f"write a {20 * PAGE} {PAGE}", "4096"), ("fsync a", "EIO"), ("fsync a", "0"),
        (f"write a {20 * PAGE} {PAGE}", "4096"), ("close a", "EIO"), ("open a mnt/data write", "0"),
        (f"poke a {20 * PAGE}", "0"), (f"msync a {64 * PAGE}", "EIO"), (f"unmap a {64 * PAGE}", "0"), ("close a", "0"),
        ("open b mnt/new new", "0"), ("write b 0 10000", "10000"), ("fsync b", "0"), ("close b", "0"), ("umount mnt", "0")],
        bad_disk(image, read=(start + 40 * PAGE) // 512, write=(start + 20 * PAGE) // 512))
    fs.check(m, image)


def scenario_bad_sectors_of_a_fat_disk_are_errors_of_the_calls_that_need_them(m):
    bad_sectors(m, Fat())


def scenario_bad_sectors_of_an_ext4_disk_are_errors_of_the_calls_that_need_them(m):
    bad_sectors(m, Ext4())


# ---- gone ----

SLOT = "-device pcie-root-port,id=rp0,chassis=1 -drive if=none,id=disk,file={path},format=raw -device {device},id=taken,drive=disk,bus=rp0"


def talk(m, session, steps):
    for step, expected in steps:
        session.send(step + "\n")
        answer = session.expect(rb"([^\n]*)\n", timeout=60)[1].decode()
        if not re.fullmatch(expected, answer):
            m.equal(answer, expected, f"answer to '{step}'\nlog: {session.log}")


def gone(m, fs, device, name):
    image = fs.make(m, 16, 8 * MIB)
    qmp = Qmp()
    session = m.start("/bin/busybox", "sh", "-c", mounting(m, fs).replace("DISK", name), timeout=100,
                      options=("--machine", "q35", "--qemu-args", f"{SLOT.format(path=image, device=device)} {qmp.arguments}"))
    talk(m, session, [
        ("open a mnt/data read", "0"), ("read a 0 4096", "4096"), (f"map a {8 * MIB} read", "0"), ("mkdir mnt/folder", "0"),
        ("open b mnt/b new", "0"), ("write b 0 8192", "8192"), ("fsync b", "0"), ("write b 8192 8192", "8192"),
        (f"map b {PAGE} write", "0"), ("poke b 0", "0"), ("open c other new", "0"), ("write c 0 5000", "5000")])
    qmp.connect()
    qmp.ask("device_del", id="taken")
    talk(m, session, [
        (f"wait {name}", "0"), ("read a 0 4096", "4096"), (f"read a {7 * MIB} 4096", "EIO"), (f"look a {7 * MIB}", "SIGBUS 0"),
        ("fsync b", "EIO"), (f"write b {6 * MIB} 8192", r"EIO|8192"), ("close b", "EIO|0"),
        ("mkdir mnt/other", "EIO|EROFS"), ("stat mnt/not-seen-yet", "EIO|ENOENT"), ("open d mnt/d new", "EIO|EROFS"),
        ("umount mnt", "EBUSY"), (f"unmap a {8 * MIB}", "0"), (f"unmap b {PAGE}", "0"), ("close a", "0"), ("umount mnt", "0"),
        ("stat mnt/data", "ENOENT"), ("write c 5000 5000", "5000"), ("fsync c", "0"), ("close c", "0")])
    session.close_input()
    m.equal(session.wait(60), 0, "exit code")


def scenario_a_mounted_fat_volume_of_virtio_vanishes(m):
    gone(m, Fat(), "virtio-blk-pci", "/dev/vda")


def scenario_a_mounted_fat_volume_of_nvme_vanishes(m):
    gone(m, Fat(), "nvme,serial=taken", "/dev/nvme0n1")


def scenario_a_mounted_ext4_volume_of_virtio_vanishes(m):
    gone(m, Ext4(), "virtio-blk-pci", "/dev/vda")


def scenario_a_mounted_ext4_volume_of_nvme_vanishes(m):
    gone(m, Ext4(), "nvme,serial=taken", "/dev/nvme0n1")
