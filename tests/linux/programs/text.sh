# Filters of text.
. "${0%/*}/common.sh"

printf 'pear 3\napple 10\nfig 2\napple 9\nbanana 10\n' > fruit
printf 'one\n\ntwo\n\n\nthree\n' > gaps
printf 'a:b:c\nd:e:f\n' > fields

try 'sort fruit; sort -r fruit; sort -k2n fruit; sort -k2,2nr -k1,1 fruit'
try 'sort -u -k1,1 fruit; sort -c fruit; sort -t: -k2 fields'
try 'seq 20 -3 1 | sort -n | head -4; printf "10\n9\n1e1\n-2\n" | sort -g; printf "b\nA\na\nB\n" | sort -f'
try 'printf "b 2\na 2\n" | sort -s -k2'
try 'cut -d" " -f1 fruit | sort | uniq; cut -d" " -f1 fruit | sort | uniq -c; cut -d" " -f1 fruit | sort | uniq -d; cut -d" " -f1 fruit | sort | uniq -u'
try 'cut -d: -f2- fields; cut -d: -f1,3 fields; cut -c2-3 fields; cut -b1 fields; cut -s -d: -f2 fruit'
try 'tr a-z A-Z < fruit; tr -d aeiou < fruit; tr -s p < fruit; tr -c "a-z\n" . < fruit; echo abc | tr abc xy'
try 'tr "[:lower:]" "[:upper:]" < fields; echo "a  b" | tr -s " " "\n"'
try 'wc fruit; wc -l fruit gaps; wc -c < gaps; wc -w -L fruit; printf "no newline" | wc'
try 'head -2 fruit; head -n -3 fruit; head -c 5 fruit; echo; head -1 fruit gaps'
try 'tail -2 fruit; tail -n +4 fruit; tail -c 5 fruit; seq 1 100000 | tail -1'
try 'cat -n gaps; cat -b gaps; cat -e fields; cat -A fields; cat fields - < fruit; cat missing fruit'
try 'nl fruit; nl -ba gaps'
try 'paste fruit fields; paste -d, fruit fields; paste -s fruit; paste - - < fruit'
try 'fold -w 4 fruit; echo "the quick brown fox" | fold -s -w 10'
try 'rev fruit; tac fruit; tac gaps | head -1'
try 'printf "a\tb\n" | expand; printf "a\tb\n" | expand -t 4; echo "        x" | unexpand'
try 'grep app fruit; grep -n app fruit; grep -c app fruit; grep -v app fruit; grep -l app fruit gaps; grep -L app fruit gaps'
try 'grep -i APPLE fruit; grep -w fig fruit; grep -x "fig 2" fruit; grep -o "[0-9]*$" fruit; grep zzz fruit'
try 'grep -E "^(fig|pear)" fruit; grep "a\{1\}p" fruit; grep -F . fields; grep -q fig fruit && echo quiet; grep -h a fruit fields; grep -H a fields'
try 'grep -A1 fig fruit; grep -B1 fig fruit; grep -C1 fig fruit; grep -m1 apple fruit; grep -e fig -e pear fruit'
try 'mkdir d; echo needle > d/x; echo hay > d/y; grep -r needle d; grep needle missing'
try 'printf "fig\npear\n" > list; grep -f list fruit; printf "aXbXc" | grep -o X | wc -l'
try 'seq 1 3; seq 5 1; seq 1 2 9; seq -w 8 11; seq -s, 1 5; seq 0.5 0.5 2'
try 'strings -n 4 /dev/null; printf "ab\0longer\001text" | strings'
try 'expr 1 + 2 \* 3; expr length hello; expr substr hello 2 3; expr index hello l; expr abc : "a\(.\)c"; expr 1 = 2; expr 5 / 0'
try 'printf "%d %o %X %e\n" 100 100 100 100; printf "%b\n" "a\\tb"; printf "%s-%s\n" a b c; printf "%q\n" x'
try 'echo one two | tee t1 | wc -w; tee -a t1 < fields > /dev/null; cat t1'
try 'shuf -e a b c | sort; shuf -i 1-5 | sort | tr "\n" " "; shuf -n 2 fruit | wc -l'
try 'printf "l1\r\nl2\r\n" > dos; dos2unix dos; cat -A dos; unix2dos dos; cat -A dos'
try 'yes no | head -2; cal 2 2024; factor 360 97 1; basename a/b/; dirname a'
