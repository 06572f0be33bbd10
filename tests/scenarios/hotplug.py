"""Devices that are taken out of a running machine."""
import os

from x.testing.qmp import Qmp

DISK_BYTES = 16 << 20
SLOT = "-device pcie-root-port,id=rp0,chassis=1 -drive if=none,id=disk,file={path},format=raw -device virtio-blk-pci,id=taken,drive=disk,bus=rp0"

# One reader works all the time; the other one has the disk open and reads again when it is gone.
WORK = """exec 3</dev/vda
dd bs=64k count=1 of=/dev/null <&3 2>/dev/null && echo first read
while dd if=/dev/vda of=/dev/null bs=64k iflag=direct 2>/dev/null; do :; done &
echo ready
read line
wait
dd bs=64k count=1 of=/dev/null <&3
test -e /dev/vda && echo still there
echo alive
"""


def scenario_a_disk_is_taken_out_under_work(m):
    path = os.path.join(m.folder, "disk.img")
    with open(path, "wb") as f:
        f.truncate(DISK_BYTES)
    qmp = Qmp(m)
    session = m.start("/bin/busybox", "sh", "-c", "exec 2>&1\n" + WORK, timeout=60,
                      options=("--machine", "q35", "--qemu-args", f"{SLOT.format(path=path)} {qmp.arguments}"))
    session.expect("first read\nready\n")
    qmp.connect()
    qmp.ask("device_del", id="taken")
    qmp.wait_for("DEVICE_DELETED")
    session.send("go\n")
    session.expect(rb"^dd: [^\n]*Input/output error\nalive\n")
    m.equal(session.wait(), 0, "exit code")
