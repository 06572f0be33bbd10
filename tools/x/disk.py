"""A GPT disk image: an EFI system partition and Albireo's system volume (UEFI 2.10, 5.3), without root or loop devices.

The same files give the same bytes: ids come from names, times stand still.
"""
import fcntl
import os
import struct
import subprocess
import uuid
import zlib

from x.common import Failure

SECTOR = 512
MIB = 1 << 20
FIRST_PARTITION = MIB
SYSTEM_BYTES = 64 * MIB    # FAT32 needs 65,525 clusters
VOLUME_AT = FIRST_PARTITION + SYSTEM_BYTES
VOLUME_BYTES = 1024 * MIB
TAIL_BYTES = MIB           # the table's copy
ENTRIES = 128
ENTRY_BYTES = 128
TABLE_SECTORS = ENTRIES * ENTRY_BYTES // SECTOR
SYSTEM_TYPE = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
# STORAGE_SYSTEM_VOLUME of abi/include/albireo/block.h.
VOLUME_TYPE = uuid.UUID("a1b13e0d-5f0c-4b6e-9c1d-6e7d0f3a52c4")
VOLUME_ID = "a1b14e00"
# A FAT cannot tell a time before 1980; mtools and mkfs.fat take this one.
SOURCE_DATE_EPOCH = "1767225600"


def guid(name):
    return uuid.uuid5(uuid.NAMESPACE_URL, f"albireo:{name}").bytes_le


def header(at, other, table_at, sectors, table):
    fields = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, at, other, 2 + TABLE_SECTORS,
                         sectors - TABLE_SECTORS - 2, guid("disk"), table_at, ENTRIES, ENTRY_BYTES, zlib.crc32(table))
    fields = fields[:16] + struct.pack("<I", zlib.crc32(fields)) + fields[20:]
    return fields.ljust(SECTOR, b"\0")


def protective_mbr(sectors):
    entry = struct.pack("<B3sB3sII", 0, b"\x00\x02\x00", 0xee, b"\xff\xff\xff", 1, min(sectors - 1, 0xffffffff))
    return entry.rjust(446 + 16, b"\0").ljust(510, b"\0") + b"\x55\xaa"


def entry(kind, name, start, length, label):
    return struct.pack("<16s16sQQQ72s", kind.bytes_le, guid(name), start // SECTOR, (start + length) // SECTOR - 1, 0,
                       label.encode("utf-16-le"))


def write_table(file, disk_bytes, has_volume):
    table = entry(SYSTEM_TYPE, "system", FIRST_PARTITION, SYSTEM_BYTES, "albireo-efi")
    if has_volume:
        table += entry(VOLUME_TYPE, "volume", VOLUME_AT, VOLUME_BYTES, "albireo-system")
    table = table.ljust(ENTRIES * ENTRY_BYTES, b"\0")
    sectors = disk_bytes // SECTOR
    last = sectors - 1
    file.write(protective_mbr(sectors) + header(1, last, 2, sectors, table) + table)
    file.seek((last - TABLE_SECTORS) * SECTOR)
    file.write(table + header(last, 1, last - TABLE_SECTORS, sectors, table))


def tool(*command):
    env = dict(os.environ, SOURCE_DATE_EPOCH=SOURCE_DATE_EPOCH, MTOOLS_SKIP_CHECK="1", TZ="UTC",
               PATH=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    result = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        raise Failure(f"{command[0]} failed: {(result.stderr or result.stdout).strip()}")


def make_system_partition(path, folder):
    """Make `path` a FAT that holds what `folder` holds: the content of an EFI system partition."""
    fresh = f"{path}.new"
    with open(fresh, "wb") as file:
        file.truncate(SYSTEM_BYTES)
    tool("mkfs.fat", "-F", "32", "-s", "1", "-n", "ALBIREO", "-i", VOLUME_ID, "-h", str(FIRST_PARTITION // SECTOR),
         "--invariant", fresh)
    entries = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    tool("mcopy", "-s", "-Q", "-i", fresh, *entries, "::/")
    os.replace(fresh, path)


def data_ranges(fd):
    """Yield (offset, length) of what is no hole in a file."""
    size = os.fstat(fd).st_size
    at = 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(fd, at, os.SEEK_HOLE)
        yield at, end - at
        at = end


def copy_to(file, at, path):
    """Copy `path` to offset `at` of a file that has zeroes there; holes stay holes."""
    with open(path, "rb") as source:
        for offset, length in data_ranges(source.fileno()):
            while length:
                done = os.copy_file_range(source.fileno(), file.fileno(), min(length, 64 * MIB), offset, at + offset)
                if not done:
                    raise Failure(f"{path} became shorter while it was copied")
                offset += done
                length -= done


def write(path, system_partition, volume):
    """Make `path` a disk of the two partitions' contents, or of one when there is no volume (None)."""
    fresh = f"{path}.new"
    disk_bytes = VOLUME_AT + (VOLUME_BYTES if volume else 0) + TAIL_BYTES
    with open(fresh, "wb") as file:
        file.truncate(disk_bytes)
        write_table(file, disk_bytes, bool(volume))
        file.flush()
        copy_to(file, FIRST_PARTITION, system_partition)
        if volume:
            copy_to(file, VOLUME_AT, volume)
    os.replace(fresh, path)


def demand_unused(path):
    """Fail when a machine has the disk: QEMU locks bytes between 100 and 300 of an image that it writes."""
    with open(path, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 200, 100)
        except BlockingIOError:
            raise Failure(f"another machine uses {path}; --system FILE takes another disk") from None


def refresh(path, system_partition):
    """Give a disk that write() made another EFI system partition; the system volume stays what it is."""
    with open(system_partition, "rb") as source, open(path, "r+b") as file:
        wanted = source.read()
        file.seek(FIRST_PARTITION)
        if file.read(SYSTEM_BYTES) == wanted:
            return
        file.seek(FIRST_PARTITION)
        file.write(wanted)
