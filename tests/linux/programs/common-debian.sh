# tests/linux/programs/common-debian.sh: read by each script for /bin/bash here first.
#
# The programs are Debian's own, dynamically linked ones. As in common.sh a script
# works in a fresh folder, which whoever runs it removes, and what it prints must be the same on Linux and on
# Albireo: no pid, no time, no inode, no size of a folder.

folder=$(/usr/bin/mktemp -d "$PWD/script-XXXXXX") || exit 98
mkdir "$folder/work"
PATH=/usr/bin:/bin
LC_ALL=C
TZ=UTC
export PATH LC_ALL TZ
unset LANG LANGUAGE PERL5LIB PYTHONPATH GREP_COLORS LS_COLORS TAR_OPTIONS XZ_OPT GZIP
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
