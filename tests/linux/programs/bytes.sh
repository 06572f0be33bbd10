# Checksums, dumps, comparing, patching and raw copying.
. "${0%/*}/common.sh"

printf 'line one\nline two\nline three\nline four\nline five\n' > old
sed -e 's/two/2/' -e '4d' -e '$a line six' old > new
i=0
while [ $i -lt 256 ]; do printf "\\$(printf %03o $i)"; i=$((i + 1)); done > all

try 'md5sum old all; sha1sum all; sha256sum all; sha512sum all; sha3sum all; crc32 all; md5sum < /dev/null'
try 'md5sum old new > sums; md5sum -c sums; echo x >> new; md5sum -c sums; sed -i \$d new; md5sum -sc sums; md5sum missing'
try 'wc -c all; od -c all | head -5; od -An -tx1 all | head -3; od -An -td2 all | head -2; od -tx4 -N8 all; od -j 250 -An -tu1 all'
try 'hexdump -C all | tail -3; hexdump all | head -2; xxd all | head -2; xxd -p all | head -1; echo 414243 | xxd -r -p; hexdump -e "4/1 \"%02x \" \"\n\"" -n 8 all'
try 'cmp old new; cmp -s old new; cmp old old; cmp -l old new 2>/dev/null | head -2; cmp old missing; head -c 9 old > part; cmp old part'
try 'diff old new; diff old old; diff -q old new; diff -u old new | sed "1,2s/\t.*//"; diff old missing'
try 'diff -u old new > p; cp old t; patch t < p; cmp t new; patch -R t < p; cmp t old; patch -p0 < /dev/null'
try 'mkdir d1 d2; cp old d1/f; cp new d2/f; touch d1/only1 d2/only2; diff -r d1 d2; diff -rq d1 d2; diff -ruN d1 d2 | grep -c "^[+-]"'
try 'diff -b old new > /dev/null; printf "a  b\n" > s1; printf "a b\n" > s2; diff s1 s2; diff -b s1 s2; diff -w s1 s2; diff -i old old; printf "x" > nn; diff nn s1'
try 'dd if=all of=copy 2>/dev/null; cmp all copy; dd if=all bs=16 count=2 2>/dev/null | od -An -tx1; dd if=all bs=16 skip=15 2>/dev/null | od -An -tu1'
try 'dd if=/dev/zero of=z bs=1k count=100 2>&1 | head -2; stat -c %s z; dd if=all of=z bs=1 seek=10 conv=notrunc 2>/dev/null; stat -c %s z; od -An -tu1 -j10 -N4 z'
try 'dd if=/dev/zero of=sparse bs=1 count=1 seek=1M 2>/dev/null; stat -c %s sparse; md5sum sparse; dd if=missing; dd if=all of=/dev/full 2>&1 | head -1'
try 'head -c 65537 /dev/zero | md5sum; head -c 10 /dev/urandom | wc -c; head -c 3000000 /dev/zero > big; md5sum big; wc -c big; rm big'
try 'printf "\x41\102C\n"; printf "\303\244\n" | od -An -tx1; printf "a\0b" | od -c; tr -d "\0" < all | wc -c; strings -n 20 all'
try 'printf "1,3p\nq\n" | ed old; printf "2s/two/TWO/\nw\nq\n" | ed old; cat old; printf "\$a\nappended\n.\n1d\nw\nq\n" | ed old; cat old'
try 'printf "/three/d\n,s/line/LINE/g\nw out\nq\n" | ed old; cat out; printf "99p\nq\n" | ed old; printf "q\n" | ed missing'
try 'seq 1 3000 > a; sed 1500d a > b; diff a b; echo 0 >> b; diff a b | tail -2; diff -u a b | grep -c .'
try 'cp all v; while read b; do :; done < all; tail -c 3 all | od -An -tu1; rev all > /dev/null 2>&1; sort all | wc -c; cut -b 1-2 all | wc -l'
