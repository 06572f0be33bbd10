#!/bin/bash
# GNU sed.
. "${0%/*}/common-debian.sh"

seq 1 10 > n
printf 'one two\nthree four\nfive six\n' > w

try 'sed -n 3p n; sed -n "2,4p" n; sed -n "\$p" n; sed -n "2~3p" n; sed -n "3,+2p" n'
try 'sed "s/o/0/" w; sed "s/o/0/g" w; sed "s/o/0/2" w; sed -n "s/five/5/p" w'
try 'sed -E "s/(\w+) (\w+)/\2 \1/" w; sed "s/.*/\U&/" w; sed "s/\b./\u&/g" w'
try 'sed "/three/d" w; sed "1!d" w; sed "/one/,/three/d" w; sed "0,/1/d" n | head -2'
try 'sed "2i\\before" w; sed "2a after" w; sed "2c changed" w'
try 'sed "y/abc/xyz/" <<< aabbcc; sed "s|/usr|/opt|" <<< /usr/bin; sed "s/x*/-/g" <<< abc'
try 'sed -n "H;\${x;s/\n/,/g;p}" n; sed ":a;N;\$!ba;s/\n/ /g" n'
try 'sed "1~2d" n; sed "\$!N;P;D" n | wc -l; sed "n;d" n; sed "G" w; sed = w | sed "N;s/\n/ /"'
try 'cp w e; sed -i "s/one/1/" e; cat e; sed -i.bak "s/1/uno/" e; cat e e.bak; ls e*'
try 'sed -n "/two/w out" w; cat out; sed "/three/r n" w | wc -l; sed "R w" n | head -4'
try 'sed -s -n "\$=" n w; sed -n "\$=" n w; sed -s "1F" n w | head -1'
try 'sed q n; sed 3q n; sed "3q5" n; sed "/2/Q7" n'
try 'sed -f - w <<< "s/o/O/
/three/{
s/t/T/
p
}"'
try 'sed --expression="s/a/b/" --expression="s/b/c/" <<< a; sed -e "s/one/1/;s/two/2/" w'
try 'sed "s/two/&&/;t;s/^/-/" w; sed "/x/b end;s/\$/!/;:end" w; sed "s/o/\n/" <<< foo'
try 'sed "l" <<< "a	b\\"; sed -n "l 5" <<< abcdefghij; sed "z;s/^\$/empty/" <<< x'
try 'sed "s/\(" w; sed "k" w; sed -n "/a/,p" w; sed "s/a/b" w; sed p missing'
try 'sed "e echo run" <<< x; sed "s/.*/echo &/e" <<< hello; sed --posix "s/a\|b/x/" <<< "a|b"'
try 'sed -z "s/\n/,/g" n; echo; sed -u 1q n; sed -E "s/^(.)(.*)$/\2\1/" w; sed "s/[[:upper:]]//g" <<< aBcD'
try 'sed "s/./x/3g" <<< abcdef; sed "s/e/E/I;s/E/[&]/gI" <<< eEe; sed "\,usr,d" <<< /usr; sed -n "/five/{=;p}" w'
try 'seq 1 200000 | sed -n "s/9\$/x/p" | wc -l; seq 1 2000 | sed "1!G;h;\$!d" | md5sum'
try 'sed "N;N;s/\n/+/g" n; sed "\$d" w; sed "1d;\$d" n | wc -l; sed "/^\$/d" <<< "a

b"'
