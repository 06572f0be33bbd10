"""Devices that are taken out of a running machine."""
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
