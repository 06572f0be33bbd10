"""Filesystems on disks: what the machine writes is what the host's own tools find, and the other way round."""
import os
import subprocess

from x.testing.volumes import TOOLS, fat_check, host

VFSD = "102"    # services have fixed pids


def fat_image(m, bits, kib, *options):
    image = os.path.join(m.folder, f"fat{bits}.img")
    host("mkfs.fat", "-F", str(bits), *options, "-C", image, str(kib))
    return image


def on_disk(m, image, script, **keywords):
    script = f"mkdir -p /tmp/mnt && mount -t vfat -o utf8 /dev/vda /tmp/mnt && cd /tmp/mnt || exit 90\n{script}\n" \
             "cd / && umount /tmp/mnt || exit 91"
    return m.shell(script, options=["--disk", image], **keywords)


WRITE_WORK = """
set -e
mkdir /tmp/src && cd /tmp/src && mkdir -p 'Folder One/deep/er' Two
for i in $(seq 1 40); do
	seq 1 $((i * i * 3)) > "Folder One/deep/A file with number $i.text"; echo $i > "Two/short$i"
done
cp /bin/busybox Two/program
cd /tmp/mnt && cp -r /tmp/src tree && cmp tree/Two/program /bin/busybox
exec 3< tree/Two/short1; rm tree/Two/short1; read line <&3; [ "$line" = 1 ]; exec 3<&-
echo new > tree/Two/new; mv tree/Two/new tree/Two/SHORT2; [ "$(cat tree/two/short2)" = new ]
mv tree/Two/program 'tree/Folder One/moved program'
mv 'tree/Folder One/deep' tree/deeper; [ "$(ls tree/deeper/er/.. | wc -l)" = 41 ]
printf x | dd of=hole bs=1 seek=100000 conv=notrunc 2>/dev/null; [ "$(wc -c < hole)" = 100001 ]
[ -z "$(head -c 100000 hole | tr -d '\\0')" ]
rmdir tree/Two 2>/dev/null && exit 1
ln -s a b 2>/dev/null && exit 2
touch -d '2020-02-02 12:34:56' hole; grep -q '/tmp/mnt vfat rw' /proc/mounts; sync
mount -o remount,ro /tmp/mnt; touch no 2>/dev/null && exit 3
mount -o remount,rw /tmp/mnt; touch yes; [ "$(stat -f -c %t /tmp/mnt)" = 4d44 ]
"""


def scenario_files_written_to_a_fat_disk_are_what_the_host_finds(m):
    image = fat_image(m, 32, 65536)
    on_disk(m, image, WRITE_WORK)
    fat_check(m, image)
    got = os.path.join(m.folder, "got")
    os.mkdir(got)
    host("mcopy", "-s", "-i", image, "::/", got)
    names = sorted(os.path.relpath(os.path.join(folder, name), got) for folder, _, files in os.walk(got) for name in files)
    m.equal(len(names), 40 + 39 + 1 + 2, f"files on the disk: {names}")
    for i in range(1, 41):
        with open(os.path.join(got, "tree", "deeper", f"A file with number {i}.text"), "rb") as f:
            m.equal(f.read(), b"".join(b"%d\n" % n for n in range(1, i * i * 3 + 1)), f"contents of file {i}")
    with open(os.path.join(got, "tree", "Folder One", "moved program"), "rb") as f, open("/bin/busybox", "rb") as original:
        m.true(f.read() == original.read(), "the program is what it was")


def scenario_files_of_the_host_are_read_from_a_fat_disk(m):
    image = fat_image(m, 16, 16384, "-s", "1", "-n", "HOST")
    source = os.path.join(m.folder, "Tree of files")
    os.mkdir(source)
    for i in range(60):
        with open(os.path.join(source, f"Ümlaut and number {i}"), "w", encoding="utf-8") as f:
            f.write(f"{i}\n" * (i + 1) * 40)
    host("mcopy", "-s", "-i", image, source, "::/")
    total = sum(os.path.getsize(os.path.join(source, name)) for name in os.listdir(source))
    result = on_disk(m, image, "ls 'tree OF files' | wc -l; cat Tree*/* | wc -c; cat 'Tree of files/üMLAUT and number 9' | uniq -c")
    m.equal(result.out.decode().split(), ["60", str(total), "400", "9"], "what the machine reads", result)
    fat_check(m, image)


FULL_WORK = """
dd if=/dev/zero of=first bs=64k count=100 2>/tmp/said && exit 1
grep -q 'No space left' /tmp/said || exit 2
[ "$(df -k . | awk 'END { print $4 }')" = 0 ] || exit 3
echo more > second 2>/dev/null && exit 4
rm first
# Its room comes back after the fact.
until echo more > second 2>/dev/null; do :; done
[ "$(cat second)" = more ] || exit 5
"""


def scenario_a_full_fat_disk_says_so_at_the_write(m):
    image = fat_image(m, 12, 1440)
    on_disk(m, image, FULL_WORK)
    fat_check(m, image)
    m.equal(host("mtype", "-i", image, "::/second"), b"more\n", "contents of the file that found room")


KILL_WORK = """
(for k in 1 2 3; do until [ -e /tmp/round$k ]; do usleep 20000; done; kill -SEGV %s; done) &
for i in $(seq 1 45); do
	[ $((i %% 12)) = 5 ] && touch /tmp/round$((i / 12 + 1))
	d="folder $((i %% 3))"
	mkdir -p "$d" && echo "content $i" > "$d/new" && mv "$d/new" "$d/File number $i" || exit 1
	[ "$(cat "$d/File number $i")" = "content $i" ] || exit 2
	[ $((i %% 5)) = 0 ] && { rm "$d/File number $i" || exit 3; }
done
wait
find . -type f | wc -l
""" % VFSD


def scenario_vfsd_dies_while_a_fat_disk_is_written(m):
    image = fat_image(m, 16, 16384, "-s", "1")
    result = on_disk(m, image, KILL_WORK)
    m.equal(result.out.decode().strip(), "36", "files that are left", result)
    m.equal(m.log_text(result).count("vfsd was killed by signal 11"), 3, "deaths that the log tells", result)
    found = subprocess.run(["fsck.fat", "-n", image], env=TOOLS, capture_output=True, text=True, check=False)
    # A death within a write may leave clusters that nobody has, and nothing worse.
    m.true(found.returncode == 0 or "Reclaimed" in found.stdout and "share" not in found.stdout, f"fsck.fat -n says: {found.stdout}")
