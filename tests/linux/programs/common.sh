# tests/linux/programs/common.sh: read by each script here first.
#
# A script works in a fresh folder under the current one that is removed at the
# end, and finds nothing but busybox's applets. What it prints must be the same
# on Linux and on Albireo: no pid, no time, no inode, no size of a folder.

applets='ar ash awk base64 basename bc bunzip2 bzcat bzip2 cal cat chgrp chmod chown clear cmp cp cpio crc32 cut date
dc dd df diff dirname dos2unix du echo ed egrep env expand expr factor false fgrep find fold grep gunzip
gzip head hexdump id kill killall last ln ls lzcat md5sum mkdir mkfifo mktemp more mv nl nproc od paste
patch pidof printf ps pwd readlink realpath rev rm rmdir sed seq sh sha1sum sha256sum sha3sum sha512sum shuf
sleep sort stat strings sync tac tail tar tee test time timeout touch tr true truncate tty uname uncompress
unexpand uniq unix2dos unxz unzip usleep uudecode uuencode vi wc which who whoami xargs xxd xz xzcat yes
zcat setsid start-stop-daemon'

folder=$(/bin/busybox mktemp -d "$PWD/script-XXXXXX") || exit 98
trap 'cd /; /bin/busybox chmod -R u+rwX "$folder"; /bin/busybox rm -rf "$folder"' EXIT
/bin/busybox mkdir "$folder/bin" "$folder/work"
for applet in $applets; do
	/bin/busybox ln -s /bin/busybox "$folder/bin/$applet"
done
PATH=$folder/bin
LC_ALL=C
TZ=UTC
export PATH LC_ALL TZ
umask 022
cd "$folder/work" || exit 98

# Run one line of shell, showing it, what it prints and how it ends.
try() {
	echo "\$ $1"
	eval "$1" 2>&1
	echo "= $?"
}

# Hide the folder's own name, which differs from run to run.
hide_folder() {
	sed "s|$folder|FOLDER|g"
}
