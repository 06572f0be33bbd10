"""What reached a disk, write by write, and what a power cut could have left of it.

The log is that of QEMU's blklogwrites, which is dm-log-writes' (Linux's
Documentation/admin-guide/device-mapper/log-writes.rst): a super block, then for each
request a header of one sector and the bytes written.
"""
import json
import struct

SECTOR = 512
MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD = 1, 2, 4


class Entry:
    """One request: bytes at an offset, all before it lasting (is_flush), or both."""

    def __init__(self, offset, data, flags):
        self.offset = offset
        self.data = data
        self.is_flush = bool(flags & FLUSH)
        self.is_durable = bool(flags & FUA)


def read_log(path):
    """The entries in the order in which the disk was given them; a torn one at the end does not count."""
    entries = []
    with open(path, "rb") as f:
        magic, version, _, sector = struct.unpack("<QQQI", f.read(28))
        if magic != MAGIC or version != 1 or sector != SECTOR:
            raise ValueError(f"{path} is no log of writes")
        at = SECTOR
        while True:
            f.seek(at)
            header = f.read(32)
            if len(header) < 32:
                return entries
            start, nsectors, flags, _ = struct.unpack("<QQQQ", header)
            at += SECTOR
            f.seek(at)
            data = b"" if flags & DISCARD else f.read(nsectors * SECTOR)
            if not flags & DISCARD:
                at += nsectors * SECTOR
                if len(data) < nsectors * SECTOR or (not data and not flags):
                    return entries
            entries.append(Entry(start * SECTOR, data, flags))


class Disk:
    """A disk to which a log's entries come one after another, and which may lose its power. Of a write the bytes of each
    `unit` come to the medium together."""

    def __init__(self, image, unit=SECTOR):
        with open(image, "rb") as f:
            self.durable = bytearray(f.read())
        self.unit = unit
        self.pending = []      # (offset, bytes in one unit), in order

    def take(self, entry):
        # A flush that has bytes comes before them.
        if entry.is_flush:
            self.settle()
        at, end = entry.offset, entry.offset + len(entry.data)
        while at < end:
            last = min(end, (at // self.unit + 1) * self.unit)
            self.pending.append((at, entry.data[at - entry.offset:last - entry.offset]))
            at = last
        # Nothing else of what waits is durable by that.
        if entry.is_durable:
            self.durable[entry.offset:end] = entry.data

    def settle(self):
        for offset, data in self.pending:
            self.durable[offset:offset + len(data)] = data
        self.pending.clear()

    def cut(self, draw):
        """The bytes after a power cut now: of what was not flushed each unit is there or not, and where one was
        written twice either may be. The draw also says how much is lost; at times it is all, or nothing."""
        left = bytearray(self.durable)
        kept = draw.choice((0, 0.1, 0.5, 0.5, 0.9, 1))
        for offset, data in self.pending:
            if draw.random() < kept:
                left[offset:offset + len(data)] = data
        return left


def disk_arguments(image, log):
    """QEMU's arguments for a disk whose writes are logged; the host's own disks need not be flushed for it."""
    def plain(path):
        return {"driver": "file", "filename": path, "cache": {"no-flush": True}}
    node = {"driver": "raw", "node-name": "logged", "file": {
        "driver": "blklogwrites", "file": plain(image), "log": plain(log), "log-sector-size": SECTOR}}
    return f"-blockdev '{json.dumps(node)}' -device virtio-blk-device,drive=logged"
