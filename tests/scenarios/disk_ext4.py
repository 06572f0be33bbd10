"""ext4 on disks: what the machine writes is sound and right for the host's own tools, and the other way round."""
import hashlib
import json
import os
import shlex

from x import programs
from x.testing import differential
from x.testing.volumes import Ext4, both_ways, ext4_check, ext4_extract, ext4_image, host

VFSD = "102"    # services have fixed pids
FILES = 300


def on_ext4(m, image, script, options="", ends="cd / && umount /tmp/mnt || exit 91", **keywords):
    mount = f"mount -t ext4 {options} /dev/vda /tmp/mnt"
    return m.shell(f"mkdir -p /tmp/mnt && {mount} && cd /tmp/mnt || exit 90\n{script}\n{ends}",
                   options=["--disk", image], **keywords)


def scenario_files_go_both_ways_on_ext4_of_virtio_disks(m):
    both_ways(m, Ext4, "virtio", FILES, 32)


def scenario_files_go_both_ways_on_ext4_of_nvme_disks(m):
    both_ways(m, Ext4, "nvme", FILES, 32)


def scenario_files_go_both_ways_on_ext4_of_sata_disks(m):
    both_ways(m, Ext4, "ahci", FILES, 32)


# ---- what a filesystem does ----

WORK = """
set -e
mkdir dir && echo one > dir/a && ln dir/a dir/b && [ "$(stat -c %h dir/a)" = 2 ] && [ "$(stat -c %h .)" = 4 ]
ln -s ../dir/a dir/link && [ "$(cat dir/link)" = one ] && mkfifo dir/fifo && mknod dir/null c 1 3 && echo x > dir/null
(echo through > dir/fifo &) && [ "$(cat dir/fifo)" = through ]
exec 3< dir/b; rm dir/a dir/b; read line <&3; [ "$line" = one ]; exec 3<&-
cp /bin/busybox program && cmp program /bin/busybox && chmod 4755 program && [ "$(stat -c %a program)" = 4755 ]
mkdir one two && echo 1 > one/f && mv one two/inner && [ "$(cat two/inner/f)" = 1 ] && cd two/inner/.. && cd ..
echo old > x; echo new > y; mv y x; [ "$(cat x)" = new ]
printf x | dd of=hole bs=1 seek=100000 2>/dev/null; [ "$(wc -c < hole)" = 100001 ]
[ -z "$(head -c 100000 hole | tr -d '\\0')" ] && [ "$(stat -c %b hole)" -lt 20 ]
seq 1 5000 > cut; truncate -s 10 cut; truncate -s 5000 cut; [ "$(tr -d '\\0' < cut | wc -c)" = 10 ]
rmdir two 2>/dev/null && exit 1
touch -d '2040-02-02 12:34:56' x; chown 5:6 x; [ "$(stat -c '%u %g %Y' x)" = "5 6 2211798896" ]
grep -q '/tmp/mnt ext4 rw' /proc/mounts; [ "$(stat -f -c %t .)" = ef53 ]; sync
mount -o remount,ro /tmp/mnt; touch no 2>/dev/null && exit 3; echo no > x 2>/dev/null && exit 4
mount -o remount,rw /tmp/mnt; touch yes
"""


def scenario_ext4_has_what_programs_expect_of_a_filesystem(m):
    image = ext4_image(m, "work", 32)
    on_ext4(m, image, WORK)
    ext4_check(m, image)
    result = on_ext4(m, image, "find . | sort; stat -c '%u %g %Y %s' x; stat -c '%F %t %T' dir/null; readlink dir/link")
    expected = [".", "./cut", "./dir", "./dir/fifo", "./dir/link", "./dir/null", "./hole", "./lost+found", "./program", "./two",
                "./two/inner", "./two/inner/f", "./x", "./yes", "5 6 2211798896 4", "character special file 1 3", "../dir/a"]
    m.equal(result.out.decode().split("\n")[:-1], expected, "what is there after a new mount", result)
    ext4_check(m, image)


SAME_AS_HERE = ("files", "files_random", "dirs", "attrs", "xattrs", "memory", "rights")


def scenario_programs_see_on_ext4_what_they_see_on_this_host(m):
    paths = dict(programs.in_group("linux"))
    image = ext4_image(m, "same", 64, options=["-b", "4096"])
    script = "chmod 777 .\n" + "".join(f"{paths['linux-' + name]} > {m.folder}/{name} 2>&1\n" for name in SAME_AS_HERE)
    result = on_ext4(m, image, script, timeout=300)
    for name in SAME_AS_HERE:
        expected = differential.run_on_host([paths["linux-" + name]], os.path.join(m.folder, "host"))[1]
        with open(os.path.join(m.folder, name), "rb") as f:
            differential.compare((0, expected), (0, f.read()), result.log)
    ext4_check(m, image)


FULL_WORK = """
mkdir -m 777 open
su nobody -s /bin/sh -c 'dd if=/dev/zero of=open/file bs=64k' 2>/dev/null && exit 6
df -k . | awk 'END { exit ($2 - $3) * 100 / $2 < 4 }' || exit 7
rm open/file
dd if=/dev/zero of=first bs=64k 2>/tmp/said && exit 1
grep -q 'No space left' /tmp/said || exit 2
cmp -n $(wc -c < first) first /dev/zero || exit 3
[ "$(df -k . | awk 'END { print $4 }')" = 0 ] || exit 4
rm first; until echo more > second; do sleep 0.1; done 2>/dev/null; [ "$(cat second)" = more ] || exit 5
"""


def scenario_a_full_ext4_disk_says_so_at_the_write(m):
    image = ext4_image(m, "full", 8)
    on_ext4(m, image, FULL_WORK)
    ext4_check(m, image)


def scenario_a_bad_sector_of_a_folder_makes_ext4_read_only_if_it_shall(m):
    source = os.path.join(m.folder, "source")
    os.makedirs(os.path.join(source, "bad"))
    for name in ("bad/inside", "beside"):
        with open(os.path.join(source, name), "w", encoding="utf-8") as f:
            f.write("there\n")
    image = ext4_image(m, "bad", 16, options=["-d", source])
    block = int(host("debugfs", "-R", "blocks /bad", image).split()[0])
    node = {"driver": "raw", "node-name": "bad", "file": {
        "driver": "blkdebug", "image": {"driver": "file", "filename": image},
        "inject-error": [{"event": "none", "iotype": "read", "sector": block * 2, "errno": 5}]}}
    arguments = f"-blockdev {shlex.quote(json.dumps(node))} -device virtio-blk-device,drive=bad"
    m.shell("mkdir /tmp/mnt && mount -t ext4 -o errors=remount-ro /dev/vda /tmp/mnt && cd /tmp/mnt && touch before || exit 90\n"
            "cat bad/inside 2>&1 | grep -Eq 'Input/output|I/O' || exit 1\n[ $(cat beside) = there ] || exit 2\n"
            "touch no 2>&1 | grep -q 'Read-only file system' || exit 3\ngrep -q '/tmp/mnt ext4 ro' /proc/mounts || exit 4\n"
            "cd / && umount /tmp/mnt || exit 91", options=["--qemu-args", arguments])
    told = host("dumpe2fs", "-h", image).decode()
    m.matches(told, r"Filesystem state:\s+.*errors", "what the superblock says")


def scenario_a_read_only_disk_is_mounted_read_only(m):
    image = ext4_image(m, "constant", 8)
    on_ext4(m, image, "echo there > file")
    with open(image, "rb") as f:
        before = hashlib.sha256(f.read()).digest()
    on_ext4(m, image + ",ro", "[ $(cat file) = there ] || exit 1; touch no 2>&1 | grep -q 'Read-only file system'", options="-o ro")
    with open(image, "rb") as f:
        m.true(hashlib.sha256(f.read()).digest() == before, "the image is as it was")


KILL_WORK = """
echo kept > gone && exec 5< gone && rm gone
(for k in 1 2 3 4 5; do until [ -e /tmp/round$k ]; do sleep 0.05; done; kill -SEGV %s; done) &
for i in $(seq 1 80); do
	[ $((i %% 15)) = 5 ] && [ $i -lt 75 ] && touch /tmp/round$((i / 15 + 1))
	d="folder $((i %% 3))"
	mkdir -p "$d" && echo "content $i" > "$d/new" && mv "$d/new" "$d/File number $i" || exit 1
	[ "$(cat "$d/File number $i")" = "content $i" ] && ln "$d/File number $i" "$d/link $i" || exit 2
	[ $((i %% 7)) = 0 ] && sync
	[ $((i %% 5)) = 0 ] && { rm "$d/File number $i" || exit 3; }
done
wait
read line <&5 && [ "$line" = kept ] || exit 4
exec 5<&-
find . -type f | wc -l
""" % VFSD


def scenario_vfsd_dies_five_times_under_a_writer_on_ext4(m):
    image = ext4_image(m, "killed", 32)
    result = on_ext4(m, image, KILL_WORK)
    m.equal(result.out.decode().strip(), "144", "names that are left", result)
    m.equal(m.log_text(result).count("vfsd was killed by signal 11"), 5, "deaths that the log tells", result)
    ext4_check(m, image)
    got = ext4_extract(m, image)
    for i in range(1, 81):
        with open(os.path.join(got, f"folder {i % 3}", f"link {i}"), "rb") as f:
            m.equal(f.read(), b"content %d\n" % i, f"contents of file {i}")
