#!/bin/bash
# gawk.
. "${0%/*}/common-debian.sh"

printf 'ann 30 berlin\nbob 25 paris\ncid 35 berlin\ndan 40 rome\n' > p
seq 1 100 > n

try 'gawk "{ print \$1, \$2 + 1 }" p'
try 'gawk "\$2 > 28 { n++; s += \$2 } END { print n, s / n }" p'
try 'gawk "{ c[\$3]++ } END { for (k in c) print k, c[k] }" p | sort'
try 'gawk -F: "NR <= 1 { print \$1, NF }" /etc/passwd; gawk -F"[ae]" "{ print NF }" p'
try 'gawk "BEGIN { printf \"%5.2f|%-5s|%05d|%x|%c|%e\n\", 3.14159, \"ab\", 42, 255, 65, 12345.678 }"'
try 'gawk "{ print toupper(substr(\$1, 1, 1)) substr(\$1, 2), length(\$3), index(\$3, \"r\") }" p'
try 'gawk "{ gsub(/[aeiou]/, \"<&>\"); print }" p; gawk "{ print gensub(/(.)(.)/, \"\\\\2\\\\1\", \"g\", \$1) }" p'
try 'gawk "match(\$0, /([a-z]+) ([0-9]+)/, m) { print m[2] \"-\" m[1] }" p'
try 'gawk "BEGIN { n = split(\"a,b,,c\", x, \",\"); for (i = 1; i <= n; i++) print i, x[i] }"'
try 'gawk "BEGIN { while ((getline line < \"p\") > 0) n++; close(\"p\"); print n; \"echo sub\" | getline r; print r }"'
try 'gawk "{ print \$2 | \"sort -n\" } END { close(\"sort -n\"); print \"end\" }" p'
try 'gawk "{ print > (\$3 \".txt\") }" p; cat berlin.txt paris.txt rome.txt'
try 'gawk "BEGIN { cmd = \"cat\"; print \"to coprocess\" |& cmd; close(cmd, \"to\"); cmd |& getline x; print x }"'
try 'gawk "BEGIN { RS = \"\" } { print NR, NF }" <<< "a b

c d e"; gawk -v RS="[0-9]+" "{ print \$1, RT }" <<< "a1b22c"'
try 'gawk "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } BEGIN { print fib(18) }"'
try 'gawk "BEGIN { PROCINFO[\"sorted_in\"] = \"@val_num_desc\"; a[\"x\"] = 1; a[\"y\"] = 9; a[\"z\"] = 5; for (k in a) print k }"'
try 'gawk "BEGIN { a[1][2] = 3; a[1][\"k\"] = 4; print isarray(a[1]), length(a[1]); delete a; print length(a) }"'
try 'gawk "BEGIN { print strftime(\"%F %T\", 86400, 1), mktime(\"1970 01 02 00 00 00\") }"; gawk "BEGIN { print and(12, 10), or(12, 10), xor(12, 10), lshift(1, 20) }"'
try 'gawk -M "BEGIN { print 2 ^ 200 }" 2>&1; gawk "BEGIN { print 2 ^ 53 + 1, int(-3.7), 7 % 3, 1e300 * 1e10, log(-1) }" 2>&1'
try 'gawk "NR == 2, NR == 4" n; gawk "/9\$/ && !/1/" n | tr "\n" " "; gawk "END { print \$0, NR }" n; gawk "NR % 25 == 0" n'
try 'gawk "BEGIN { exit 3 } END { print \"end runs\" }"; gawk "BEGIN { system(\"exit 4\") ; print system(\"exit 4\") }"'
try 'gawk "BEGIN { print ENVIRON[\"TZ\"], ARGC, ARGV[1] }" one; gawk -v x=5 "BEGIN { print x * 2 }"; gawk "{ print FILENAME, FNR }" p n | tail -1'
try 'gawk "BEGIN { print length(\"äö\") }"; LC_ALL=C.UTF-8 gawk "BEGIN { print length(\"äö\"), toupper(\"äö\") }"'
try 'gawk "BEGIN { FIELDWIDTHS = \"2 3 2\" } { print \$1, \$2, \$3 }" <<< abcdefg; gawk "BEGIN { FPAT = \"([^,]+)|(\\\"[^\\\"]+\\\")\" } { print \$2 }" <<< "a,\"b,c\",d"'
try 'gawk "BEGIN { print substr(\"hello\", 0, 3), substr(\"hello\", 4, 9), tolower(\"ABC\"), sprintf(\"%s\", 0.1 + 0.2), strtonum(\"0x1F\") }"'
try 'gawk "{"; gawk "BEGIN { getline < \"/nonexistent\"; print ERRNO }"; gawk "{ print }" missing'
try 'gawk "{ s += \$1 } END { print s }" <(seq 1 100000); seq 1 50000 | gawk "{ a[\$1 % 1000] += \$1 } END { n = asort(a); print n, a[1], a[n] }"'
try 'gawk -i inplace "{ print \$1 }" p; cat p; gawk "@include \"nothing\""; gawk --lint=fatal "BEGIN { print x }"'
try 'gawk "BEGIN { srand(1); a = rand(); srand(1); print a == rand() }"; gawk "BEGIN { switch (2) { case 2: print \"two\"; break; default: print \"no\" } }"'
try 'gawk -F, -v OFS=";" "{ \$1 = \$1; print }" <<< "a,b,c"; gawk "NF { \$3 = \"\"; print NF }" n | tail -1; gawk "{ \$5 = \"x\"; print }" <<< "a b"'
