import io
import os
import tarfile
import tempfile
import unittest
from unittest import mock

from x import debian


def member(name, **fields):
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


class Unpack(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.tree = os.path.join(self.folder.name, "tree")
        os.makedirs(self.tree)

    def tearDown(self):
        self.folder.cleanup()

    def unpack(self, *members):
        archive = os.path.join(self.folder.name, "fs.tar")
        with tarfile.open(archive, "w") as tar:
            for info, data in members:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        with open(archive, "rb") as f, mock.patch.object(debian.subprocess, "Popen") as popen:
            popen.return_value.__enter__.return_value.stdout = f
            popen.return_value.__enter__.return_value.returncode = 0
            return list(debian.unpack("x.deb", self.tree))

    def path(self, name):
        return os.path.join(self.tree, name)

    def test_what_debian_has_in_bin_lies_in_usr_bin(self):
        self.unpack((member("./bin/tool", mode=0o755), b"text"), (member("./usr/bin/other", mode=0o644), b""))
        self.assertEqual(sorted(os.listdir(self.path("usr/bin"))), ["other", "tool"])
        self.assertTrue(os.access(self.path("usr/bin/tool"), os.X_OK))
        self.assertFalse(os.path.exists(self.path("bin")))

    def test_documents_stay_out(self):
        self.unpack((member("./usr/share/doc/tool/copyright"), b"text"), (member("./usr/share/man/man1/tool.1"), b""))
        self.assertEqual(os.listdir(self.tree), [])

    def test_set_id_programs_and_other_owners_are_told(self):
        special = self.unpack((member("./usr/bin/su", mode=0o4755), b""), (member("./usr/bin/wall", mode=0o2755, gid=5), b""),
                              (member("./usr/bin/plain", mode=0o755), b""))
        self.assertEqual([(s.path, s.mode, s.uid, s.gid) for s in special],
                         [("usr/bin/su", 0o4755, 0, 0), ("usr/bin/wall", 0o2755, 0, 5)])

    def test_links_of_both_kinds_come_along(self):
        self.unpack((member("./bin/a", mode=0o755), b"text"),
                    (member("./bin/b", type=tarfile.LNKTYPE, linkname="./bin/a"), b""),
                    (member("./bin/c", type=tarfile.SYMTYPE, linkname="a"), b""))
        self.assertTrue(os.path.samefile(self.path("usr/bin/a"), self.path("usr/bin/b")))
        self.assertEqual(os.readlink(self.path("usr/bin/c")), "a")
