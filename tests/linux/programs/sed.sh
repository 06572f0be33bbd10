# The stream editor.
. "${0%/*}/common.sh"

seq 1 10 > ten
printf 'alpha beta\ngamma delta\nepsilon\n' > greek

try 'sed s/a/A/ greek; sed s/a/A/g greek; sed s/a/A/2 greek; sed "s/[aeiou]/<&>/g" greek'
try 'sed -n 3p ten; sed -n "2,4p" ten; sed -n "\$p" ten; sed -n "2~3p" ten; sed -n "/5/,/7/p" ten; sed -n "8,+1p" ten'
try 'sed 2,9d ten; sed "/[13579]/d" ten; sed "/^1/!d" ten'
try 'sed "s/\(.*\) \(.*\)/\2 \1/" greek; sed -E "s/(\w+) (\w+)/\2-\1/" greek; sed "s/ /\n/" greek'
try 'sed "2i\\
inserted" greek; sed "2a appended" greek; sed "2c changed" greek'
try 'sed y/abc/xyz/ greek; sed = greek; sed -n l greek'
try 'sed 3q ten; sed -n "4{p;q}" ten; sed "2q5" ten'
try 'sed "N;s/\n/+/" ten; sed -n "\$!{h;d};H;x;p" ten; sed "G" greek; sed -n "1!G;h;\$p" greek'
try 'sed ":a;N;\$!ba;s/\n/,/g" ten; sed -e :a -e "s/^\(-*\)[0-9]/\1-/;ta" ten | head -1'
try 'sed "/beta/b;s/^/no: /" greek; sed "s/e/E/;T;s/\$/ !/" greek; sed "n;d" ten'
try 'sed "s|/|:|g" /dev/null; echo /a/b | sed "s|/|:|g"; echo aaa | sed "s/a*/x/g"; echo abc | sed "s/b*/x/g"'
try 'sed -i s/alpha/ALPHA/ greek; cat greek; sed -i.bak 1d greek; cat greek greek.bak; ls'
try 'sed "w copy" greek > /dev/null; cat copy; sed -n "/ALPHA/w found" greek.bak; cat found'
try 'sed "r ten" greek | head -3; echo "s/1/one/;s/2/two/" > script; sed -f script ten | head -2'
try 'sed s/x/y; sed missing; sed p missing-file; echo x | sed "s/x/a\tb/"'
try 'printf "no newline" | sed s/no/with/; printf "A\n" | sed "s/A/\L&/;s/a/\u&b/"; echo I | sed s/i/J/I'
try 'echo hello | sed "s/l\+/L/"; echo hello | sed "s/\(l\)\1/<\1>/"; echo "a.b" | sed "s/\./-/"; echo "[x]" | sed "s/[][]//g"'
try 'seq 1 20000 | sed -n "/99\$/p" | wc -l; seq 1 20000 | sed "s/.*/line &/" | md5sum'
