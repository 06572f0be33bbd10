# Archives and compression, there and back.
. "${0%/*}/common.sh"

mkdir -p src/sub/deep src/empty
echo hello > src/hello.txt
seq 1 20000 > src/sub/numbers
head -c 100000 /dev/zero > src/sub/zeroes
: > src/sub/deep/nothing
ln -s ../hello.txt src/sub/link
ln src/hello.txt src/hard
chmod 751 src/sub/numbers
chmod 640 src/hello.txt
touch -d "2021-05-06 07:08:09" src/hello.txt src/sub/numbers src/sub/zeroes src/sub/deep/nothing
i=0
while [ $i -lt 50 ]; do echo file $i > src/empty/f$i; i=$((i + 1)); done

list() {
	(cd "$1" && find . ! -type l -exec stat -c '%n %a %F %h' {} \; | sort; find . -type f -exec md5sum {} \; | sort -k2; find . -type l -exec readlink {} \;) | md5sum
}

try 'list src; find src | wc -l'
try 'tar cf a.tar src; tar tf a.tar | sort | head -5; tar tf a.tar | wc -l'
try 'mkdir x; tar xf a.tar -C x; list x/src; cmp src/sub/numbers x/src/sub/numbers; stat -c "%a %Y %h" x/src/hello.txt'
try 'tar tvf a.tar src/sub/numbers | cut -c1-10; tar xOf a.tar src/sub/numbers | md5sum; tar xf a.tar no/such/file; tar xf missing.tar'
try 'tar czf a.tgz src; mkdir y; tar xzf a.tgz -C y; list y/src; tar tzf a.tgz | wc -l'
try 'tar cjf a.tbz src; mkdir z; tar xjf a.tbz -C z; list z/src'
try 'tar cf - src | (mkdir w; cd w; tar xf -); list w/src; tar cf - -C src sub | tar tf - | sort'
try 'tar cf e.tar src/sub/deep; tar tf e.tar; echo junk > junk.tar; tar tf junk.tar'
try 'gzip -c src/sub/numbers | wc -c | grep -c "^[0-9]*$"; gzip -c src/sub/numbers | gunzip | cmp - src/sub/numbers'
try 'cp src/sub/numbers n; gzip n; ls n n.gz; gunzip n.gz; cmp n src/sub/numbers; gzip -k n; ls n n.gz; zcat n.gz | md5sum; gzip n'
try 'gzip -1c n > n1.gz; gzip -9c n > n9.gz; [ $(stat -c %s n9.gz) -le $(stat -c %s n1.gz) ] && echo smaller; gunzip -t n9.gz'
try 'echo not gzip > bad.gz; gunzip bad.gz; head -c 1000 n9.gz > cut.gz; gunzip -c cut.gz 2>/dev/null | wc -c | grep -c "^[0-9]*$"'
try 'bzip2 -c n | bunzip2 | cmp - n; bzip2 -k n; bzcat n.bz2 | md5sum; ls n n.bz2; printf BZh9junk | bunzip2'
try 'printf "\3757zXZ\0\0\4\346\326\264F\0\0\0\0\34\337D!\37\266\363}\1\0\0\0\0\4YZ" | unxz | wc -c; echo junk | unxz'
try '(cd src; find . | sort | cpio -o -H newc 2>/dev/null) > a.cpio; mkdir c; (cd c; cpio -id < ../a.cpio 2>/dev/null); list c; cpio -t < a.cpio 2>/dev/null | wc -l'
try "ar t lib.a"
try 'uuencode src/hello.txt out.txt > u; cat u; uudecode u; cmp out.txt src/hello.txt; uuencode -m src/hello.txt out2 | uudecode -o o2; cmp o2 src/hello.txt'
try 'base64 src/hello.txt; base64 -d < /dev/null; base64 src/sub/numbers | base64 -d | cmp - src/sub/numbers; echo "bad!" | base64 -d'
try 'unzip -l missing.zip 2>&1 | head -1 | cut -c1-10; cp -a src copy; list copy; rm -r copy x y z w c; ls'
