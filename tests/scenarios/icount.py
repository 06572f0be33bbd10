"""./x exec --icount: time goes by instructions, not by how long the host takes."""
import os

MIB = 1 << 20
# One read a second of the host's.
SLOW_DISK = ("-object throttle-group,id=slow,x-iops-total=1 -blockdev driver=file,node-name=file,filename={path} "
             "-blockdev driver=throttle,node-name=disk,throttle-group=slow,file=file -device virtio-blk-device,drive=disk")
READ = """
start=$(date +%s%N)
for skip in 1 2 3 4; do dd if=/dev/vda of=/dev/null bs=4k count=1 skip=$skip iflag=direct 2> said || cat said; done
echo took $((($(date +%s%N) - start) / 1000000))
start=$(date +%s%N); sleep 100; echo slept $((($(date +%s%N) - start) / 1000000000))
"""


def scenario_icount_does_not_count_what_the_host_takes(m):
    path = os.path.join(m.folder, "slow.img")
    with open(path, "wb") as f:
        f.truncate(MIB)
    result = m.succeeds("/bin/bash", "-c", READ, options=["--icount", "--qemu-args", SLOW_DISK.format(path=path)])
    took, slept = (int(line.split()[1]) for line in result.out.decode().splitlines())
    m.true(took < 10000, f"expected four reads, of a second each on the host, to take less than ten seconds\ngot {took} ms")
    m.equal(slept, 100, "seconds of a sleep", result)
