"""Disks of each bus: what the host writes the machine reads, and the other way round; and how disks fail."""
import hashlib
import json
import os
import random
import shlex
import subprocess

MIB = 1 << 20
DISK_BYTES = 24 * MIB
FIRST, SECOND = 1 * MIB, 10 * MIB  # where the partitions start
PART_BYTES = 8 * MIB
TABLES = {
    "gpt": f"label: gpt\nstart={FIRST // 512}, size={PART_BYTES // 512}, name=first\n"
           f"start={SECOND // 512}, size={PART_BYTES // 512}, name=second\n",
    "mbr": f"label: dos\nstart={FIRST // 512}, size={PART_BYTES // 512}, type=83\n"
           f"start={SECOND // 512 - 2048}, size={PART_BYTES // 512 + 4096}, type=5\n"
           f"start={SECOND // 512}, size={PART_BYTES // 512}, type=83\n",
}


def make_image(m, name, table=None):
    """An image whose first partition (or whole) is of bytes that its name gives. Returns (path, the bytes)."""
    path = os.path.join(m.folder, name + ".img")
    data = random.Random(name).randbytes(PART_BYTES)
    with open(path, "wb") as f:
        f.truncate(DISK_BYTES)
    if table:
        subprocess.run(["/sbin/sfdisk", "-q", path], input=TABLES[table].encode(), check=True, capture_output=True)
    with open(path, "r+b") as f:
        f.seek(FIRST if table else 0)
        f.write(data)
    return path, data


def read_image(path, start, count):
    with open(path, "rb") as f:
        f.seek(start)
        return f.read(count)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def both_ways(m, bus, names):
    """names: of the first partition and the second one of a GPT and an MBR disk."""
    images = [(*make_image(m, table, table), table) for table in TABLES]
    written = random.Random(bus).randbytes(PART_BYTES - 12345)
    with open(os.path.join(m.folder, "written"), "wb") as f:
        f.write(written)
    script = "".join(f"sha256sum /dev/{first} | cut -c1-64; dd if=written of=/dev/{second} bs=100000 conv=fsync 2>/dev/null\n"
                     for first, second in names)
    options = [text for path, _, _ in images for text in ("--disk", f"{path},bus={bus}")]
    result = m.shell(script, options=options)
    m.equal(result.out.decode().split(), [digest(data) for _, data, _ in images], "what the machine read", result)
    for path, data, table in images:
        m.true(read_image(path, SECOND, len(written)) == written, f"{table}: what the machine wrote is on the host")
        m.true(read_image(path, FIRST, PART_BYTES) == data, f"{table}: what it did not write is as it was")


def scenario_virtio_disks_carry_bytes_both_ways(m):
    both_ways(m, "virtio", [("vda1", "vda2"), ("vdb1", "vdb5")])


def scenario_nvme_disks_carry_bytes_both_ways(m):
    both_ways(m, "nvme", [("nvme0n1p1", "nvme0n1p2"), ("nvme1n1p1", "nvme1n1p5")])


def scenario_sata_disks_carry_bytes_both_ways(m):
    both_ways(m, "ahci", [("sda1", "sda2"), ("sdb1", "sdb5")])


def scenario_a_new_partition_table_is_read_also_by_a_new_storaged(m):
    path, _ = make_image(m, "changing", "gpt")
    table = shlex.quote("label: dos\nsize=1MiB\nsize=2MiB\nsize=3MiB\n")
    result = m.shell(f"cd /dev; echo vda*; printf %s {table} | /sbin/sfdisk -q /dev/vda; echo vda*; kill -9 108\n"
                     "printf 'label: gpt\\nsize=4MiB\\n' | /sbin/sfdisk -q /dev/vda; echo vda*; blockdev --getsize64 /dev/vda1\n"
                     "[ $(stat -c %u:%g vda1) = $(stat -c %u:%g vda) ] || echo whose is it",
                     options=["--disk", path])
    m.equal(result.out.decode(), f"vda vda1 vda2\nvda vda1 vda2 vda3\nvda vda1\n{4 * MIB}\n", "names", result)


def scenario_a_filesystem_made_in_the_machine_is_sound_on_the_host(m):
    path, _ = make_image(m, "mkfs")
    m.succeeds("/sbin/mkfs.ext4", "-q", "-F", "/dev/vda", options=["--disk", path])
    done = subprocess.run(["/sbin/e2fsck", "-fn", path], capture_output=True, text=True, check=False)
    m.equal(done.returncode, 0, f"e2fsck: {done.stdout}{done.stderr}")


def scenario_a_read_only_disk_is_not_written(m):
    path, data = make_image(m, "constant")
    result = m.shell("blockdev --getro /dev/vda; dd if=/dev/vda bs=1M count=8 2>/dev/null | sha256sum | cut -c1-64\n"
                     "dd if=/dev/zero of=/dev/vda count=1 2>&1 | grep -o 'Operation not permitted'",
                     options=["--disk", f"{path},ro"])
    m.equal(result.out.decode().split("\n")[:3], ["1", digest(data), "Operation not permitted"], "what was told", result)
    m.true(read_image(path, 0, PART_BYTES) == data, "the image is as it was")


def scenario_a_disk_ends_with_no_space_left(m):
    path, _ = make_image(m, "small")
    result = m.exec("/bin/busybox", "dd", "if=/dev/zero", "of=/dev/vda", "bs=1M", "seek=20", options=["--disk", path])
    m.equal(result.code, 1, "exit code", result)
    m.matches(result.err, r"No space left on device", "dd's message")
    m.matches(result.err, r"\n4\+0 records out", "mebibytes that fitted")


def scenario_faults_of_a_disk_reach_the_call(m):
    path, data = make_image(m, "faulty")
    read = m.exec("/bin/busybox", "dd", "if=/dev/vda", "of=/dev/null", "count=1",
                  options=["--disk", path, "--fault", "block.read=fail"])
    m.equal(read.code, 1, "exit code of the reader", read)
    m.matches(read.err, r"I/O error|Input/output error", "what the reader is told")
    write = m.exec("/bin/busybox", "dd", "if=/dev/zero", "of=/dev/vda", "bs=4096", "count=1", "conv=fsync",
                   options=["--disk", path, "--fault", "block.write=fail"])
    m.equal(write.code, 1, "exit code of the writer", write)
    m.matches(write.err, r"I/O error|Input/output error", "what the writer is told")
    m.true(read_image(path, 0, PART_BYTES) == data, "the image is as it was")


def scenario_a_bad_sector_is_an_error_of_its_page_alone(m):
    path, data = make_image(m, "bad")
    node = {"driver": "raw", "node-name": "bad", "file": {
        "driver": "blkdebug", "image": {"driver": "file", "filename": path},
        "inject-error": [{"event": "none", "iotype": "read", "sector": MIB // 512, "errno": 5}]}}
    arguments = f"-blockdev {shlex.quote(json.dumps(node))} -device virtio-blk-device,drive=bad"
    result = m.shell("dd if=/dev/vda of=/tmp/before bs=4096 2>/dev/null || echo failed; sha256sum </tmp/before | cut -c1-64\n"
                     "dd if=/dev/vda bs=4096 skip=257 count=100 2>/dev/null | sha256sum | cut -c1-64",
                     options=["--qemu-args", arguments])
    after = data[257 * 4096:357 * 4096]
    m.equal(result.out.decode().split("\n")[:3], ["failed", digest(data[:MIB]), digest(after)], "what was read", result)


def scenario_lsblk_shows_disks_and_partitions(m):
    gpt, _ = make_image(m, "gpt", "gpt")
    plain, _ = make_image(m, "plain")
    result = m.shell("lsblk -rno NAME,SIZE,TYPE,RO; lsblk -rno NAME,MAJ:MIN,RM,PHY-SEC,LOG-SEC,ROTA /dev/vda\n"
                     "cd /sys/class/block/vda2; cat start size partition ro dev; readlink -f .; readlink -f subsystem; readlink -f /sys/dev/block/254:2",
                     options=["--disk", gpt, "--disk", f"{plain},ro"])
    m.equal(result.out.decode(),
            "vda 24M disk 0\nvda1 8M part 0\nvda2 8M part 0\nvdb 24M disk 1\n"
            "vda 254:0 0 512 512 1\nvda1 254:1 0 512 512 1\nvda2 254:2 0 512 512 1\n"
            f"{SECOND // 512}\n{PART_BYTES // 512}\n2\n0\n254:2\n"
            "/sys/devices/block/vda/vda2\n/sys/class/block\n/sys/devices/block/vda/vda2\n", "what is shown", result)


def scenario_partitions_come_and_go_in_sys(m):
    path, _ = make_image(m, "moving", "gpt")
    result = m.shell("cd /sys/block/vda; echo vda*; printf 'label: gpt\\nsize=4MiB\\n' | /sbin/sfdisk -q /dev/vda; echo vda*\n"
                     "cat vda1/size; lsblk -rno NAME",
                     options=["--disk", path])
    m.equal(result.out.decode(), f"vda1 vda2\nvda1\n{4 * MIB // 512}\nvda\nvda1\n", "what is listed", result)
