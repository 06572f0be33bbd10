"""Devices that are put into a running machine, and taken out of it."""
import hashlib
import os

from x.qmp import Qmp

DISK_BYTES = 16 << 20
SLOT = "-device pcie-root-port,id=rp0,chassis=1 -drive if=none,id=disk,file={path},format=raw -device {device},id=taken,drive=disk,bus=rp0"

# One reader works until the disk is gone; the other one has it open and reads again then. QEMU tells
# of the removal only when it has let go of the last request itself, which can take it long.
WORK = """exec 3<DISK
dd bs=64k count=1 of=/dev/null <&3 2>/dev/null && echo first read
while dd if=DISK of=/dev/null bs=64k iflag=direct 2>/dev/null; do :; done &
echo ready
wait
dd bs=64k count=1 of=/dev/null <&3
while test -e DISK; do :; done
echo alive
"""


def take_out(m, device, name):
    path = os.path.join(m.folder, "disk.img")
    with open(path, "wb") as f:
        f.truncate(DISK_BYTES)
    qmp = Qmp()
    session = m.start("/bin/busybox", "sh", "-c", "exec 2>&1\n" + WORK.replace("DISK", name), timeout=60,
                      options=("--machine", "q35", "--qemu-args", f"{SLOT.format(path=path, device=device)} {qmp.arguments}"))
    session.expect("first read\nready\n")
    qmp.connect()
    qmp.ask("device_del", id="taken")
    session.expect(rb"^dd: [^\n]*Input/output error\nalive\n")
    m.equal(session.wait(), 0, "exit code")


def scenario_a_virtio_disk_is_taken_out_under_work(m):
    take_out(m, "virtio-blk-pci", "/dev/vda")


def scenario_an_nvme_disk_is_taken_out_under_work(m):
    take_out(m, "nvme,serial=taken", "/dev/nvme0n1")


EMPTY_SLOT = ("-device pcie-root-port,id=rp0,chassis=1 "
              "-blockdev driver=raw,node-name=disk,file.driver=file,file.filename={path}")

# A line of input each time: wait until the disk is there, write it and read it back, and wait until it is gone.
USE = """exec 2>&1
echo ready
while read turn; do
until test -b DISK; do :; done
dd if=/dev/urandom of=DISK bs=64k count=16 conv=fsync 2>/dev/null
echo "$turn: $(sha256sum <DISK | cut -c1-64)"
while test -e DISK; do :; done
echo "$turn: gone"
done
"""


# The one that comes is the last; who reads it is told when it goes.
KEYBOARD = """exec 2>&1
cd /dev/input
set -- event*
new=event$#
echo ready
echo $new is next
until test -c $new; do :; done
exec 3<$new
echo $new came
cat <&3
while test -e $new; do :; done
echo went
"""


def start_with_empty_slot(m, name, before="", program=None):
    path = os.path.join(m.folder, "disk.img")
    with open(path, "wb") as f:
        f.truncate(1 << 20)
    qmp = Qmp()
    script = program or before + "\n" + USE.replace("DISK", name)
    session = m.start("/bin/busybox", "sh", "-c", script, timeout=120,
                      options=("--machine", "q35", "--qemu-args", f"{EMPTY_SLOT.format(path=path)} {qmp.arguments}"))
    session.expect("ready\n")
    qmp.connect()
    return session, qmp, path


def plug_use_and_take_out(m, session, qmp, path, turn, **device):
    session.send(f"{turn}\n")
    qmp.ask("device_add", id="plugged", bus="rp0", drive="disk", **device)
    told = session.expect(turn.encode() + rb": (\w{64})\n").group(1).decode()
    qmp.ask("device_del", id="plugged")
    session.expect(f"{turn}: gone\n")
    qmp.wait_for("DEVICE_DELETED", device="plugged")
    with open(path, "rb") as f:
        m.equal(hashlib.sha256(f.read()).hexdigest(), told, "what the host finds on the disk")


def plug_twice(m, name, **device):
    session, qmp, path = start_with_empty_slot(m, name)
    for turn in ("first", "second"):
        plug_use_and_take_out(m, session, qmp, path, turn, **device)
    session.close_input()
    m.equal(session.wait(), 0, "exit code")


def scenario_a_virtio_disk_is_put_in_used_and_taken_out_twice(m):
    plug_twice(m, "/dev/vda", driver="virtio-blk-pci")


def scenario_an_nvme_disk_is_put_in_used_and_taken_out_twice(m):
    plug_twice(m, "/dev/nvme0n1", driver="nvme", serial="plugged")


def scenario_devmgrd_dies_and_a_disk_is_put_in(m):
    session, qmp, path = start_with_empty_slot(m, "/dev/nvme0n1", before="kill -9 109; until kill -0 109 2>/dev/null; do :; done")
    plug_use_and_take_out(m, session, qmp, path, "only", driver="nvme", serial="plugged")


def scenario_a_keyboard_is_put_in_and_taken_out(m):
    session, qmp, _ = start_with_empty_slot(m, "", program=KEYBOARD)
    name = session.expect(rb"(\w+) is next\n").group(1).decode()
    qmp.ask("device_add", id="plugged", bus="rp0", driver="virtio-keyboard-pci")
    session.expect(f"{name} came\n")
    qmp.ask("device_del", id="plugged")
    session.expect(rb"No such device\n(.*\n)?went\n")
    m.equal(session.wait(), 0, "exit code")
