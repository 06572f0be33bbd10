import fcntl
import mmap
import os
import struct
import tempfile
import unittest
import zlib

from x import disk
from x.common import Failure

HEADER = "<8sIIIIQQQQ16sQIII"
AT, OTHER, TABLE_AT, TABLE_LENGTH, ENTRY_LENGTH, TABLE_SUM = 5, 6, 10, 11, 12, 13


class Disk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.partition, self.volume = self.put("esp", b"loader".ljust(4096, b"\0")), self.put("volume", b"files" * 100000)
        self.path = self.file("disk.img")
        disk.write(self.path, self.partition, self.volume)

    def tearDown(self):
        self.folder.cleanup()

    def file(self, name):
        return os.path.join(self.folder.name, name)

    def put(self, name, data):
        with open(self.file(name), "wb") as f:
            f.write(data)
        return self.file(name)

    def read(self, offset, length):
        with open(self.path, "rb") as f:
            return os.pread(f.fileno(), length, offset)

    def header_at(self, sector):
        raw = self.read(sector * disk.SECTOR, 92)
        fields = struct.unpack(HEADER, raw)
        self.assertEqual(fields[0], b"EFI PART")
        self.assertEqual(fields[3], zlib.crc32(raw[:16] + b"\0\0\0\0" + raw[20:]))
        table = self.read(fields[TABLE_AT] * disk.SECTOR, fields[TABLE_LENGTH] * fields[ENTRY_LENGTH])
        self.assertEqual(fields[TABLE_SUM], zlib.crc32(table))
        return fields, table

    def test_both_headers_tell_the_same_partitions(self):
        last = os.path.getsize(self.path) // disk.SECTOR - 1
        first_header, first_table = self.header_at(1)
        last_header, last_table = self.header_at(last)
        self.assertEqual(first_table, last_table)
        self.assertEqual((first_header[AT], first_header[OTHER]), (1, last))
        self.assertEqual((last_header[AT], last_header[OTHER]), (last, 1))

    def test_a_disk_without_a_volume_has_one_partition(self):
        disk.write(self.path, self.partition, None)
        self.assertLess(os.path.getsize(self.path), disk.VOLUME_BYTES)
        table = self.header_at(1)[1]
        self.assertNotEqual(table[:16], bytes(16))
        self.assertEqual(table[disk.ENTRY_BYTES:], bytes(len(table) - disk.ENTRY_BYTES))

    def test_a_partition_begins_with_its_content(self):
        for at, name in ((disk.FIRST_PARTITION, "esp"), (disk.VOLUME_AT, "volume")):
            with open(self.file(name), "rb") as f:
                data = f.read()
            self.assertEqual(self.read(at, len(data)), data)

    def test_the_same_contents_give_the_same_bytes(self):
        again = self.file("again.img")
        disk.write(again, self.partition, self.volume)
        with open(again, "rb") as a, open(self.path, "rb") as b, \
                mmap.mmap(a.fileno(), 2 * disk.VOLUME_AT, prot=mmap.PROT_READ) as x, \
                mmap.mmap(b.fileno(), 2 * disk.VOLUME_AT, prot=mmap.PROT_READ) as y:
            self.assertEqual(x[:], y[:])

    def test_a_disk_that_a_machine_writes_is_in_use(self):
        disk.demand_unused(self.path)
        with open(self.path, "r+b") as f:
            # As QEMU does for an image that it may write.
            fcntl.fcntl(f, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 101, 1, 0))
            with self.assertRaisesRegex(Failure, "another machine uses"):
                disk.demand_unused(self.path)

    def test_another_system_partition_leaves_the_volume_alone(self):
        other = self.put("other", b"another loader")
        disk.refresh(self.path, other)
        self.assertEqual(self.read(disk.FIRST_PARTITION, 14), b"another loader")
        self.assertEqual(self.read(disk.VOLUME_AT, 10), b"filesfiles")
