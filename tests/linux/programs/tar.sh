#!/bin/bash
# GNU tar with gzip, xz and bzip2's absence.
. "${0%/*}/common-debian.sh"

# The order in which a folder is read is the filesystem's own.
export TAR_OPTIONS=--sort=name

mkdir -p tree/sub/deep
seq 1 2000 > tree/numbers
head -c 300000 /dev/zero > tree/zeroes
echo small > tree/sub/small
chmod 640 tree/sub/small
ln -s ../numbers tree/sub/link
ln tree/numbers tree/hard
mkfifo tree/fifo
truncate -s 2M tree/sparse; echo end >> tree/sparse
touch -d '2020-02-02 02:02:02' tree/sub/deep tree/numbers tree/zeroes tree/sub/small tree/fifo tree/sparse
touch -h -d '2020-02-02 02:02:02' tree/sub/link

try 'tar cf a.tar --sort=name tree; tar tf a.tar'
try 'tar tvf a.tar --numeric-owner | grep -v "/$" | sed "s/ 0\/0 / /"'
try 'mkdir x; tar xf a.tar -C x; diff -r tree/sub x/tree/sub && cmp tree/numbers x/tree/numbers && echo same'
try 'stat -c "%n %a %Y %F" x/tree/sub/small x/tree/fifo x/tree/sub/link; readlink x/tree/sub/link; stat -c %h x/tree/hard'
try 'tar czf a.tgz --sort=name tree; gzip -t a.tgz; tar tzf a.tgz | wc -l; tar xzOf a.tgz tree/sub/small'
try 'tar cJf a.txz tree; xz -t a.txz; tar tJf a.txz | wc -l; tar xf a.txz -O tree/numbers | md5sum'
try 'tar cf - tree | tar xf - -C x; tar cf - -C tree sub | tar tf -'
try 'tar cSf sparse.tar tree/sparse; test $(stat -c %s sparse.tar) -lt 100000 && echo small; mkdir y; tar xSf sparse.tar -C y; cmp tree/sparse y/tree/sparse && echo equal; test $(stat -c %b y/tree/sparse) -lt 100 && echo sparse'
try 'tar rf a.tar a.tgz; tar tf a.tar | tail -1; tar --delete -f a.tar a.tgz; tar tf a.tar | tail -1; tar uf a.tar tree/numbers; tar tf a.tar | wc -l'
try 'tar df a.tar | wc -l; echo changed >> tree/sub/small; tar df a.tar tree/sub/small'
try 'tar cf b.tar --exclude="*.tar" --exclude=tree/zeroes tree; tar tf b.tar | sort; tar cf c.tar --transform="s/tree/leaf/" tree/sub; tar tf c.tar | sort'
try 'tar xf a.tar --strip-components=1 -C y tree/sub; ls y; tar xf a.tar -C y --wildcards "*/num*"; ls y/tree'
try 'echo tree/numbers > list; tar cf d.tar -T list; tar tf d.tar; tar cf d.tar --mtime=@0 tree/numbers; tar tvf d.tar | cut -d" " -f4- | grep -c 1970'
try 'tar tf missing.tar; head -c 1000 a.tar | tar tf - ; tar xf list; tar cf e.tar missing; echo | tar tf -'
try 'tar cf f.tar --owner=nobody --group=nogroup --mode=600 tree/numbers; tar tvf f.tar | cut -d" " -f1,2; tar --version | head -1'
try 'tar cf incr.tar -g snap tree; touch tree/new; tar cf incr2.tar -g snap tree; tar tf incr2.tar | grep new'
try 'tar c -M -L 200 -f m1.tar -f m2.tar -f m3.tar tree/zeroes tree/numbers </dev/null; ls m?.tar; tar cf - tree 2>/dev/null | head -c 100 | wc -c'
try 'for i in $(seq 1 300); do echo $i > tree/file$i; done; tar cf many.tar tree; mkdir z; tar xf many.tar -C z; ls z/tree | wc -l; cat z/tree/file300'
try 'mkdir -p long/$(printf "d%.0s" $(seq 1 90))/$(printf "e%.0s" $(seq 1 90)); touch long/d*/e*/file; tar cf l.tar long; tar tf l.tar | tail -1 | wc -c; tar --format=ustar -cf l2.tar long; tar --format=pax -cf l3.tar long; tar tf l3.tar | wc -l'
try 'gzip -k tree/numbers; gzip -l tree/numbers.gz; gunzip -c tree/numbers.gz | cmp - tree/numbers; zcat tree/numbers.gz | tail -1; gzip -9 < tree/zeroes | gzip -d | cmp - tree/zeroes && echo equal'
try 'gzip -n -c tree/numbers | md5sum; gzip tree/numbers; ls tree/numbers*; gzip -d tree/numbers.gz; gzip list list; gzip -t a.tar; echo x | gunzip; gzip missing'
try 'xz -k tree/sub/small; xz -dc tree/sub/small.xz; xz -l tree/sub/small.xz | tail -1 | cut -c1-13; xz -T2 -c tree/numbers | xzcat | cmp - tree/numbers && echo equal; xz -0 -c tree/numbers | md5sum; echo x | xz -d'
try 'seq 1 100000 | xz -6 | xz -d | md5sum; seq 1 100000 | gzip | zcat | md5sum; xz --format=lzma -c list | xz -dc; xzgrep tree <(xz -c list)'
