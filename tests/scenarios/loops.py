"""Files as disks: loop devices on every kind of filesystem, mounted, written to and judged by the host's tools."""
import os

from x.testing import volumes
from x.testing.volumes import MIB, fat_check, host

# Mounts the image $1 of type $2 at /tmp/m, writes, and looks whether all is gone after umount.
USE = """
set -e
PATH=$PATH:/usr/sbin:/sbin
use() {
    mkdir -p /tmp/m
    mount -o loop -t $2 $1 /tmp/m
    losetup -a | grep -c "$1" >/dev/null
    df /tmp/m | grep -c ^/dev/loop >/dev/null
    mkdir /tmp/m/folder
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "file $i" > /tmp/m/folder/$i; done
    head -c 1500000 /dev/urandom > /tmp/data
    cp /tmp/data /tmp/m/big
    rm /tmp/m/folder/3
    mv /tmp/m/folder/4 /tmp/m/four
    sync /tmp/m/big
    umount /tmp/m
    test -z "$(losetup -a | grep "$1")"
    mount -o loop,ro -t $2 $1 /tmp/m
    cmp /tmp/data /tmp/m/big
    cat /tmp/m/folder/12 /tmp/m/four
    ls /tmp/m/folder | wc -l
    ! touch /tmp/m/new 2>/dev/null
    umount /tmp/m
}
"""
USED = "file 12\nfile 4\n10\n"


LOSETUP = """/dev/loop0
/dev/loop0
/dev/loop1
/dev/loop0 0 0 0 0 /tmp/a
/dev/loop1 1048576 4096 0 1 /tmp/a
/tmp/a
16384
2048
4096
1
hello
12582912
/dev/loop0 1
/dev/loop0
loop0 7:0 20M loop
loop0p1 259:3 19M part
a
"""


def fat_image(m, name, mib):
    path = os.path.join(m.folder, name + ".img")
    host("mkfs.fat", "-C", path, str(mib * 1024))
    return path


def run(m, script, options=(), expected=None):
    result = m.exec("/bin/bash", "-c", USE + script, options=options, cwd=m.folder, timeout=240)
    m.equal(result.code, 0, "exit code", result)
    if expected is not None:
        m.equal(result.out.decode(), expected, "output", result)
    return result


def scenario_images_in_the_hosts_folder_are_mounted(m):
    ext4, fat = volumes.ext4_image(m, "ext4", 16), fat_image(m, "fat", 16)
    run(m, "use $PWD/ext4.img ext4; use $PWD/fat.img vfat", expected=USED * 2)
    volumes.ext4_check(m, ext4)
    fat_check(m, fat)


def scenario_images_on_an_ext4_disk_are_mounted(m):
    """The disk's own files are the loops' pages: who waits for one has the other's lock."""
    disk = volumes.ext4_image(m, "disk", 96)
    volumes.ext4_image(m, "inner", 16)
    fat_image(m, "fat", 16)
    run(m, """
mkdir /tmp/disk
mount /dev/vda /tmp/disk
cp --sparse=always inner.img fat.img /tmp/disk
umount /tmp/disk
mount /dev/vda /tmp/disk
use /tmp/disk/inner.img ext4
use /tmp/disk/fat.img vfat
cp /tmp/disk/inner.img /tmp/disk/fat.img .
umount /tmp/disk
""", ["--disk", disk], USED * 2)
    volumes.ext4_check(m, disk)
    volumes.ext4_check(m, os.path.join(m.folder, "inner.img"))
    fat_check(m, os.path.join(m.folder, "fat.img"))


def scenario_an_image_lies_in_an_image(m):
    outer = volumes.ext4_image(m, "outer", 48)
    run(m, """
mkdir /tmp/outer
mount -o loop outer.img /tmp/outer
truncate -s 16M /tmp/outer/inner.img
mkfs.ext4 -q -F /tmp/outer/inner.img
umount /tmp/outer
mount -o loop outer.img /tmp/outer
use /tmp/outer/inner.img ext4
umount /tmp/outer
losetup -a
""", expected=USED)
    volumes.ext4_check(m, outer)
    host("debugfs", "-R", f"dump /inner.img {m.folder}/inner.img", outer)
    volumes.ext4_check(m, os.path.join(m.folder, "inner.img"))


def scenario_many_folders_come_and_go_on_a_loop(m):
    """Each that goes is released with a flush that nobody waits for: they must leave vfsd threads for the image."""
    fat = fat_image(m, "fat", 16)
    run(m, """
mkdir /tmp/m
mount -o loop fat.img /tmp/m
mkdir /tmp/m/{1..100}
rmdir /tmp/m/{1..100}
ls /tmp/m | wc -l
umount /tmp/m
""", ["--fault", "pager.out=delay-ms:20"], "0\n")
    fat_check(m, fat)


def scenario_vfsd_dies_while_it_writes_to_a_loop_on_its_own_disk(m):
    disk = volumes.ext4_image(m, "disk", 64)
    run(m, """
mkdir /tmp/disk /tmp/m
mount /dev/vda /tmp/disk
truncate -s 16M /tmp/disk/inner.img
mkfs.ext4 -q -F /tmp/disk/inner.img
mount -o loop /tmp/disk/inner.img /tmp/m
for i in {1..60}; do echo $i > /tmp/m/$i; sync /tmp/m/$i; test $i != 10 || : > /tmp/begun; done &
until test -e /tmp/begun; do :; done
kill -9 $(pgrep -x vfsd)
wait $!
cat /tmp/m/60
ls /tmp/m | wc -l
umount /tmp/m /tmp/disk
""", ["--disk", disk], "60\n61\n")
    volumes.ext4_check(m, disk)
    host("debugfs", "-R", f"dump /inner.img {m.folder}/inner.img", disk)
    volumes.ext4_check(m, os.path.join(m.folder, "inner.img"))


def scenario_loops_are_made_and_changed_with_losetup(m):
    disk = os.path.join(m.folder, "disk.img")
    with open(disk, "wb") as f:
        f.truncate(20 * MIB)
    run(m, """
truncate -s 8M /tmp/a
losetup -f
losetup --show -f /tmp/a
losetup --show -o 4096 --sizelimit 1M -r -f /tmp/a
losetup -l -n -O NAME,SIZELIMIT,OFFSET,AUTOCLEAR,RO,BACK-FILE | tr -s ' '
cat /sys/block/loop0/loop/backing_file /sys/block/loop0/size /sys/block/loop1/size /sys/block/loop1/loop/offset /sys/block/loop1/ro
echo hello | dd of=/dev/loop0 bs=512 seek=8 conv=sync status=none
sync /dev/loop0
head -c 5 /dev/loop1
echo
! dd if=/dev/zero of=/dev/loop1 count=1 status=none 2>/dev/null
! losetup /dev/loop0 /tmp/a 2>/dev/null
losetup -d /dev/loop1
test ! -e /sys/block/loop1/loop
truncate -s 12M /tmp/a
losetup -c /dev/loop0
blockdev --getsize64 /dev/loop0
mkfs.ext4 -q -b 1024 /dev/loop0
e2fsck -fn /dev/loop0 >/dev/null 2>&1
mkdir /tmp/m
mount /dev/loop0 /tmp/m
! mkfs.ext4 -q /dev/loop0 2>/dev/null
losetup -d /dev/loop0
losetup -n -O NAME,AUTOCLEAR | tr -s ' '
umount /tmp/m
losetup -a
losetup -P --show -f disk.img
echo 2048 | sfdisk -q /dev/loop0
lsblk -n -l -o NAME,MAJ:MIN,SIZE,TYPE | tr -s ' '
mkfs.fat /dev/loop0p1 >/dev/null
mount /dev/loop0p1 /tmp/m
echo first > /tmp/m/a
ls /tmp/m
umount /tmp/m
losetup -D
test ! -e /dev/loop0p1
""", expected=LOSETUP)
