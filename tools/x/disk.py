"""A GPT disk image with one EFI system partition (UEFI 2.10, 5.3), without root or loop devices.

The same files give the same bytes: ids come from names, times stand still.
"""
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
ENTRIES = 128
ENTRY_BYTES = 128
TABLE_SECTORS = ENTRIES * ENTRY_BYTES // SECTOR
SYSTEM_TYPE = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
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


def write_table(file, sectors):
    first = FIRST_PARTITION // SECTOR
    entry = struct.pack("<16s16sQQQ72s", SYSTEM_TYPE.bytes_le, guid("system"), first,
                        first + SYSTEM_BYTES // SECTOR - 1, 0, "EFI system partition".encode("utf-16-le"))
    table = entry.ljust(ENTRIES * ENTRY_BYTES, b"\0")
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


def write(path, folder):
    """Make `path` a disk whose system partition holds what `folder` holds."""
    fresh = f"{path}.new"
    sectors = (FIRST_PARTITION + SYSTEM_BYTES + MIB) // SECTOR
    with open(fresh, "wb") as file:
        file.truncate(sectors * SECTOR)
        write_table(file, sectors)
    tool("mkfs.fat", "-F", "32", "-s", "1", "-n", "ALBIREO", "-i", VOLUME_ID, "--invariant", "--offset",
         str(FIRST_PARTITION // SECTOR), fresh, str(SYSTEM_BYTES // 1024))
    entries = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    tool("mcopy", "-s", "-Q", "-i", f"{fresh}@@{FIRST_PARTITION}", *entries, "::/")
    os.replace(fresh, path)
