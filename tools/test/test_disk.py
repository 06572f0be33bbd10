import os
import struct
import tempfile
import unittest
import zlib

from x import disk

HEADER = "<8sIIIIQQQQ16sQIII"


class Disk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.tree = os.path.join(self.folder.name, "tree")
        os.makedirs(os.path.join(self.tree, "EFI", "BOOT"))
        with open(os.path.join(self.tree, "EFI", "BOOT", "BOOTX64.EFI"), "wb") as f:
            f.write(b"loader")
        self.path = os.path.join(self.folder.name, "disk.img")
        disk.write(self.path, self.tree)
        with open(self.path, "rb") as f:
            self.data = f.read()

    def tearDown(self):
        self.folder.cleanup()

    def header_at(self, sector):
        raw = self.data[sector * disk.SECTOR:][:92]
        fields = struct.unpack(HEADER, raw)
        self.assertEqual(fields[0], b"EFI PART")
        self.assertEqual(fields[3], zlib.crc32(raw[:16] + b"\0\0\0\0" + raw[20:]))
        table = self.data[fields[10] * disk.SECTOR:][:fields[11] * fields[12]]
        self.assertEqual(fields[13], zlib.crc32(table))
        return fields, table

    def test_both_headers_tell_the_same_partition(self):
        last = len(self.data) // disk.SECTOR - 1
        first_header, first_table = self.header_at(1)
        last_header, last_table = self.header_at(last)
        self.assertEqual(first_table, last_table)
        self.assertEqual((first_header[5], first_header[6]), (1, last))
        self.assertEqual((last_header[5], last_header[6]), (last, 1))

    def test_the_same_files_give_the_same_bytes(self):
        again = os.path.join(self.folder.name, "again.img")
        disk.write(again, self.tree)
        with open(again, "rb") as f:
            self.assertEqual(f.read(), self.data)
