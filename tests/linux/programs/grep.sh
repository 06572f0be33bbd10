#!/bin/bash
# GNU grep.
. "${0%/*}/common-debian.sh"

printf '%s\n' 'alpha beta' 'Gamma delta' 'epsilon 42' 'zeta 4242' '' 'eta.theta' 'a+b=c' 'tab	here' > t
mkdir d; cp t d/one; echo 'alpha again' > d/two; printf 'bin\0ary alpha\n' > d/three

try 'grep alpha t'
try 'grep -i gamma t; grep -c a t; grep -vc a t'
try 'grep -n "e.a" t; grep -nF "e.a" t; grep -F "a+b" t'
try 'grep -E "^[a-z]+ [0-9]{2}$" t; grep -E "(42)\1" t; grep "\(42\)\1" t'
try 'grep -P "\d{4}" t; grep -P "(?<=zeta )\d+" -o t; grep -oP "\b\w{5}\b" t'
try 'grep -w eta t; grep -x "eta.theta" t; grep "^$" -n t'
try 'grep -o "[0-9]*" t | sort | uniq -c'
try 'grep -A1 -B1 epsilon t; grep -C1 -n zeta t'
try 'grep -m1 a t; grep -q beta t; grep -q nothing t; grep -s x missing'
try 'grep -r alpha d | sort; grep -rl alpha d | sort; grep -rL alpha d; grep -rh "alpha a" d'
try 'grep alpha d/three; grep -a alpha d/three | od -c | head -1; grep -c alpha d/three; grep -I alpha d/three'
try 'grep -e beta -e delta t; printf "beta\n42\n" | grep -f - t'
try 'grep "[[:digit:]]" t; grep "[[:space:]]" t | wc -l; grep "\bdelta\b" t; grep "\<eta" t'
try 'grep -b alpha t; grep -H -n alpha t; grep --label=in -H alpha < t; grep -T -n alpha t'
try 'grep --color=always beta t | od -c | head -3'
try 'grep -z -o "Gamma.*epsilon" t | tr "\0" "\n"; grep -rZl again d | tr "\0" "!"; echo'
try 'grep "[" t; grep -E "a{2,1}" t; grep -E "(" t; grep; grep -E "*a" t'
try 'grep --include="t*" -r alpha . | sort; grep --exclude-dir=d -r beta .; grep alpha nofile t'
try 'seq 1 100000 | grep -c 7; seq 1 100000 | grep -E "^(1|2)[0-9]*5$" | wc -l; seq 1 200000 | grep -m3 99999'
try 'yes "some text to look through" | head -200000 | grep -c through; head -c 3000000 /dev/zero | tr "\0" "x" | grep -c x'
try 'egrep "a|b" t 2>/dev/null | wc -l; fgrep "." t 2>/dev/null; zgrep alpha <(gzip -c t)'
try 'LC_ALL=C.UTF-8 grep -o "ä." <<< "xäöü"; LC_ALL=C.UTF-8 grep -ci "Ä" <<< "äÄ"; LC_ALL=C grep -c "ä" <<< "ä"'
try 'grep -L alpha t d/*; grep -l alpha t d/*; grep -y GAMMA t; grep --line-buffered a t | head -1'
