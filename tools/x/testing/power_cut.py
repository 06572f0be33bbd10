"""Power cuts: tests/machine/power_cut.c works on a disk whose writes are logged; what the disk may hold after a cut
at any entry of the log is checked against what had been acknowledged by then.

A model follows the program's marks. It keeps, of every name and of every block of every file, the states since the
last acknowledged fsync: each of them may be found, and nothing else. A file that was there at an fsync must be found
by one of the names that it has had since, and by no two.
"""
import os
import random
import re
import struct
import subprocess

from x.common import BUILD
from x.testing import Mismatch
from x.testing.volumes import TOOLS, host
from x.testing.write_log import Disk, disk_arguments, read_log

MIB = 1 << 20
BLOCK = 512
PART_START, MARKS_BYTES = MIB, MIB


class Broken(Exception):
    """What must hold does not."""


def run(*command):
    """(exit code, output) of a program of the host."""
    done = subprocess.run(command, env=TOOLS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


# ---- the model ----

class File:
    """A file's bytes since they were last synced: sizes it had, and writes that each block may be of; 0: zeroes."""

    def __init__(self, number):
        self.number = number
        self.size, self.sizes = 0, [0, 0]
        self.now, self.since = [], []
        self.synced = 0
        self.must_be = False
        self.is_wild = False

    def note_size(self, size):
        self.size = size
        self.sizes = [min(self.sizes[0], size), max(self.sizes[1], size)]

    def write(self, version, start, end):
        self.reach(max(end, self.size))
        for block in range(start // BLOCK, (end + BLOCK - 1) // BLOCK):
            self.now[block] = version
            self.since[block].add(version)
        self.note_size(max(end, self.size))

    def reach(self, end):
        while len(self.now) * BLOCK < end:
            self.now.append(0)
            self.since.append({0})

    def resize(self, size):
        self.reach(size)
        for block in range(size // BLOCK, len(self.now)):
            self.now[block] = 0
            self.since[block].add(0)
        self.note_size(size)

    def sync(self):
        self.sizes = [self.size, self.size]
        self.since = [{version} for version in self.now]
        self.synced = self.size

    def complaint(self, data):
        """Why the bytes cannot be this file's, or None."""
        if not self.sizes[0] <= len(data) <= self.sizes[1]:
            return f"size {len(data)}, not {self.sizes[0]} to {self.sizes[1]}"
        for at in range(0, len(data), BLOCK):
            piece, allowed = data[at:at + BLOCK], self.since[at // BLOCK]
            if not any(piece) and (0 in allowed or at >= self.synced):
                continue
            if not any(piece == block_bytes(self.number, version, at // BLOCK)[:len(piece)] for version in allowed if version):
                return f"block {at // BLOCK} is {described(piece)}, not of a write in {sorted(allowed)}"
        return None


def block_bytes(number, version, block):
    return struct.pack("<IIII", number, version, block, block ^ 0xffffffff) * (BLOCK // 16)


def described(piece):
    number, version, block, check = struct.unpack("<IIII", piece[:16].ljust(16, b"\0"))
    if check != block ^ 0xffffffff:
        return f"no block of any file ({piece[:16].hex()})"
    return f"block {block} of write {version} of file {number}"


class Model:
    """What the program's marks say."""

    def __init__(self):
        self.files = {}
        self.names = {}     # (folder's number, leaf): [file's number or None since the last sync]
        self.folders = {0: [0]}     # number: [its name's generation, or None, since the last sync]
        self.wild, self.wild_folders = set(), set()
        self.wild_since = set()     # names that others may have by now, until the next sync
        self.doing = None
        self.nmarks = self.nsyncs = self.nfailed = 0

    def key(self, path):
        folder, leaf = path.split("/")
        return (0 if folder == "." else int(folder.split("-")[1])), leaf

    def bind(self, path, number):
        self.names.setdefault(self.key(path), [None]).append(number)

    def holder(self, path):
        return self.names.get(self.key(path), [None])[-1]

    def mark(self, text):
        words = text.split()
        self.nmarks += 1
        if words[0] == "B":
            self.doing = words[2:]
            self.begin(*words[2:])
        elif words[0] == "E" and words[2] == "0":
            self.end(*self.doing)
        elif words[0] == "E":
            self.fail(*self.doing)

    def begin(self, what, *words):
        if what == "create":
            self.files[int(words[1])] = File(int(words[1]))
            self.bind(words[0], int(words[1]))
        elif what == "write":
            number, version, start, end = map(int, words)
            self.files[number].write(version, start, end)
        elif what == "size":
            self.files[int(words[0])].resize(int(words[1]))
        elif what == "unlink":
            self.drop(self.holder(words[0]))
            self.bind(words[0], None)
        elif what == "rename":
            moved = self.holder(words[0])
            self.drop(self.holder(words[1]))
            self.bind(words[0], None)
            self.bind(words[1], moved)
        elif what in ("mkdir", "move-folder"):
            _, number, generation = words[-1].split("-")
            self.folders.setdefault(int(number), [None]).append(int(generation))

    def drop(self, number):
        if number is not None:
            self.files[number].must_be = False

    def end(self, what, *words):
        if what == "fsync":
            self.files[int(words[0])].sync()
        if what in ("fsync", "sync"):
            self.nsyncs += 1
            self.sync_names()

    def sync_names(self):
        for held in (*self.names.values(), *self.folders.values()):
            del held[:-1]
        self.wild_since.clear()
        for held in self.names.values():
            if held[-1] is not None:
                self.files[held[-1]].must_be = True

    def fail(self, what, *words):
        """Nobody knows what became of it."""
        self.nfailed += 1
        if what in ("mkdir", "move-folder"):
            number = int(words[-1].split("-")[1])
            self.wild_folders.add(number)
            self.wild |= {key for key in self.names if key[0] == number}
        elif what in ("create", "unlink", "rename"):
            paths = words if what == "rename" else words[:1]
            self.wild |= {self.key(path) for path in paths}
        elif what != "sync":
            number = int(words[0])
            self.wild |= {key for key, held in self.names.items() if held[-1] == number}
            self.wild_since |= {key for key, held in self.names.items() if number in held[:-1]}
        for key in self.wild | self.wild_since:
            for number in self.names.get(key, ()):
                if number is not None:
                    self.files[number].is_wild = True

    # What is found: {folder's name: {leaf: bytes}}.

    def check(self, found):
        places = self.check_folders(found)
        where = {}
        for number, leaves in places.items():
            for leaf, data in leaves.items():
                for file in self.check_file((number, leaf), data):
                    where.setdefault(file, []).append((number, leaf, len(data)))
        self.check_missing(places)
        self.check_files(where)

    def check_folders(self, found):
        places = {}
        for name, leaves in found.items():
            if name == ".":
                places[0] = leaves
                continue
            _, number, generation = name.split("-")
            if int(number) in self.wild_folders:
                continue
            if int(generation) not in self.folders.get(int(number), ()):
                raise Broken(f"{name} was not there since the last fsync: {self.folders.get(int(number))}")
            if int(number) in places:
                raise Broken(f"{name} is there twice")
            places[int(number)] = leaves
        for number, held in self.folders.items():
            if None not in held and number not in places and number not in self.wild_folders:
                raise Broken(f"folder {number} of an fsync is gone; its names: {held}")
        return places

    def is_unsure(self, key):
        """May the name lead to what a failed operation left?"""
        return key in self.wild or key in self.wild_since

    def check_file(self, key, data):
        """The files that may be the one with that name."""
        if self.is_unsure(key):
            return []
        held = self.names.get(key, [None])
        complaints = {number: self.files[number].complaint(data) for number in held if number is not None}
        fitting = [number for number, complaint in complaints.items() if not complaint]
        if not fitting:
            raise Broken(f"{key}, {len(data)} bytes, is none of {complaints or 'any file'}")
        return fitting

    def check_missing(self, places):
        for key, held in self.names.items():
            if None not in held and not self.is_unsure(key) and key[0] not in self.wild_folders and \
                    key[1] not in places.get(key[0], ()):
                raise Broken(f"{key} of an fsync is gone; it was of the files {held}")

    def check_files(self, where):
        for number, file in self.files.items():
            if file.is_wild:
                continue
            if file.must_be and number not in where:
                raise Broken(f"file {number} of an fsync has none of its names")
            if len([place for place in where.get(number, ()) if place[2]]) > 1:
                raise Broken(f"file {number} is there twice: {where[number]}")


# ---- cutting ----

class Case:
    """A filesystem to cut: its image, and how one that was cut is judged."""

    unit = BLOCK    # what the disk writes at once

    def __init__(self, folder, name, mib):
        self.folder, self.name, self.mib = folder, name, mib
        self.image = os.path.join(folder, "disk.img")
        self.part = os.path.join(folder, "part.img")
        self.found = os.path.join(folder, "found")

    def make_disk(self):
        """An MBR disk: the filesystem, and a partition for the marks."""
        with open(self.image, "wb") as f:
            f.truncate(PART_START + self.mib * MIB + MARKS_BYTES)
        table = f"label: dos\nstart={PART_START // BLOCK}, size={self.mib * MIB // BLOCK}, type=c\n" \
                f"start={(PART_START + self.mib * MIB) // BLOCK}, size={MARKS_BYTES // BLOCK}, type=da\n"
        subprocess.run(["/sbin/sfdisk", "-q", self.image], input=table.encode(), check=True, capture_output=True)
        with open(self.part, "wb") as f:
            f.truncate(self.mib * MIB)
        self.format()
        with open(self.part, "rb") as part, open(self.image, "r+b") as f:
            f.seek(PART_START)
            f.write(part.read())

    def format(self):
        raise NotImplementedError

    def judge(self):
        """Raise Broken if the cut left more amiss in `part` than it may; then leave its files in `found`."""
        raise NotImplementedError

    def read_found(self):
        """{folder's name: {leaf: bytes}} of what judge() left in `found`."""
        tree = {}
        for place, folders, leaves in os.walk(self.found):
            name = os.path.relpath(place, self.found)
            folders[:] = [folder for folder in folders if folder != "lost+found"]
            tree[name] = {}
            for leaf in leaves:
                with open(os.path.join(place, leaf), "rb") as f:
                    tree[name][leaf] = f.read()
        return tree

    def empty_found(self):
        subprocess.run(["rm", "-rf", self.found], check=True)
        os.mkdir(self.found)


def work(m, case, seed, count, options):
    """Run the program on the case's disk; returns the log of what was written."""
    log = os.path.join(m.folder, "writes.log")
    with open(log, "wb"):
        pass
    subprocess.run(["cp", "--sparse=always", case.image, case.image + ".worn"], check=True)
    script = f"mkdir -p /tmp/mnt && mount -t {case.kind} /dev/vda1 /tmp/mnt && exec {m.program('power-cut')} /tmp/mnt /dev/vda2 {seed} {count}"
    result = m.exec("/bin/busybox", "sh", "-c", script, options=["--qemu-args", disk_arguments(case.image + ".worn", log), *options])
    m.equal((result.code, result.out), (0, b"done\n"), "the program on the disk that is cut", result)
    return read_log(log)


def cut_once(case, model, disk, draw):
    left = disk.cut(draw)
    with open(case.part, "wb") as f:
        f.write(memoryview(left)[PART_START:PART_START + case.mib * MIB])
    case.empty_found()
    case.judge()
    model.check(case.read_found())


def keep(m, case):
    """Where what was found broken can be looked at."""
    place = f"{m.folder}.broken"
    subprocess.run(["cp", "--sparse=always", case.part, place], check=False)
    return place


def cut_power(m, case, seed, count, cuts, options=()):
    """Let the program do `count` operations, then cut the power at `cuts` random entries of the log."""
    print(f"{case.name}: seed {seed}, {count} operations, {cuts} cuts{' '.join(('', *options))}")
    case.make_disk()
    entries = work(m, case, seed, count, options)
    draw, model, disk = random.Random(seed), Model(), Disk(case.image, case.unit)
    marks_start = PART_START + case.mib * MIB
    at = 0
    first = next(i for i, entry in enumerate(entries) if entry.offset >= marks_start and entry.data)
    for position in sorted(draw.randrange(first, len(entries)) for _ in range(cuts)):
        for entry in entries[at:position + 1]:
            if entry.offset >= marks_start and entry.data:
                model.mark(entry.data.split(b"\0", 1)[0].decode())
            disk.take(entry)
        at = position + 1
        try:
            cut_once(case, model, disk, draw)
        except Broken as broken:
            raise Mismatch(f"{case.name}, seed {seed}, cut after entry {position} of {len(entries)}, during "
                           f"{' '.join(model.doing)}: {broken}\nthe filesystem: {keep(m, case)}") from None
    print(f"  {len(entries)} entries, {model.nmarks} marks, {model.nsyncs} syncs acknowledged, {model.nfailed} operations failed")


# ---- FAT ----

FAT_ORDERLY = re.compile("|".join((
    r"fsck\.fat \d", r".*/part\.img: \d+ files", r"There are differences between boot sector and its backup\.", r"This is mostly harmless\.",
    r"  65:01/00", r"  Not automatically fixing this\.", r"  Auto-?correcting", r"Dirty bit is set\.", r" Automatically removing dirty bit\.",
    r"FATs differ but appear to be intact\.", r"  Using first FAT\.", r"Reclaimed \d+ unused clusters?", r"Free cluster summary",
    r"  Auto-correcting\.", r"Leaving filesystem unchanged\.", r"\s*$",
    # A file that was about to grow has its clusters already.
    r"/\S+$", r"  File size is \d+ bytes, cluster chain length is > \d+ bytes\.", r"  Truncating file to \d+ bytes\.")))


class FatCase(Case):
    """A FAT volume: fsck.fat may find lost clusters, also before a mount of ours has made good what it can."""

    kind = "vfat"

    def __init__(self, folder, bits, mib):
        super().__init__(folder, f"FAT{bits}", mib)
        self.bits = bits

    def format(self):
        host("mkfs.fat", "-F", str(self.bits), "-s", "1", self.part)

    def fsck(self, when):
        _, said = run("fsck.fat", "-n", self.part)
        amiss = [line for line in said.split("\n") if not FAT_ORDERLY.match(line)]
        if amiss:
            raise Broken(f"fsck.fat -n {when} says:\n{said}")

    def judge(self):
        self.fsck("at once")
        code, said = run(os.path.join(BUILD, "host", "tests", "power", "power-fat-recover"), self.part)
        if code:
            raise Broken(f"the volume cannot be mounted: {said}")
        self.fsck("after a mount")
        code, said = run("mcopy", "-s", "-n", "-i", self.part, "::/", self.found)
        if code:
            raise Broken(f"mcopy: {said}")


# ---- ext4 ----

EXT4_ORDERLY = re.compile("|".join((
    r"\s*$", r".*: \d+/\d+ files \(.*\), \d+/\d+ blocks", r".*: Clearing orphaned inode \d+ ", r".*: Truncating orphaned inode \d+ ",
    # The superblock's sums are made anew at each mount.
    r".*: Free (blocks|inodes) count wrong \(", r"FIXED\.")))


class Ext4Case(Case):
    """An ext4 volume: when its journal is replayed nothing is amiss but files that were open and had no name."""

    kind = "ext4"

    def __init__(self, folder, block_bytes, mib):
        super().__init__(folder, f"ext4 of blocks of {block_bytes}", mib)
        # A superblock of two sectors of which one was written cannot be opened, by whomever.
        self.block_bytes = self.unit = block_bytes

    def format(self):
        host("mkfs.ext4", "-q", "-F", "-b", str(self.block_bytes), self.part)

    def judge(self):
        code, said = run("e2fsck", "-E", "journal_only", "-p", self.part)
        if code > 1:
            raise Broken(f"the journal cannot be replayed: {said}")
        code, said = run("e2fsck", "-fp", self.part)
        if code > 1 or any(not EXT4_ORDERLY.match(line) for line in said.split("\n")):
            raise Broken(f"e2fsck -p after the journal says: {said}")
        code, said = run("e2fsck", "-fn", self.part)
        if code:
            raise Broken(f"e2fsck -fn says: {said}")
        host("debugfs", "-R", f"rdump / {self.found}", self.part)
