"""Disks that let a request lie: it ends with EIO after 30 s, and the disk works on."""
import os

TIMEOUT = 300
READS, EVERY = 60, 40
WORK = f"""good=0; bad=0; after=0
for i in $(seq 1 {READS}); do
	if dd if=DISK of=/dev/null bs=4096 count=1 skip=$((i * 64)) 2>/tmp/said; then
		good=$((good + 1)); after=$((after + 1))
	else
		grep -q 'I/O error\\|Input/output error' /tmp/said || exit 1
		bad=$((bad + 1)); after=0
	fi
done
[ $((good + bad)) = {READS} ] && [ $bad -ge 1 ] && [ $bad -le $(({READS} / 10)) ] && [ $after -ge 1 ] || echo "$good good, $bad bad, $after after"
"""


def silent(m, bus, name):
    path = os.path.join(m.folder, "disk.img")
    with open(path, "wb") as f:
        f.truncate(32 << 20)
    result = m.shell(WORK.replace("DISK", name), timeout=TIMEOUT,
                     options=["--disk", f"{path},bus={bus}", "--fault", f"block.answer=drop-every:{EVERY}"])
    m.equal(result.out, b"", "what is wrong", result)
    m.matches(m.log_text(result), "a disk has not answered for 30 s", "the log")


def scenario_a_silent_virtio_disk_is_an_error_at_last(m):
    silent(m, "virtio", "/dev/vda")


def scenario_a_silent_nvme_disk_is_reset_and_works_on(m):
    silent(m, "nvme", "/dev/nvme0n1")


def scenario_a_silent_sata_disk_is_reset_and_works_on(m):
    silent(m, "ahci", "/dev/sda")
