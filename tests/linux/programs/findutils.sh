#!/bin/bash
# GNU find, xargs and locate's friends.
. "${0%/*}/common-debian.sh"

mkdir -p src/lib src/bin src/empty
for i in 1 2 3 4 5; do echo "line $i" > src/lib/f$i.c; echo data > src/bin/b$i; done
chmod 755 src/bin/b1 src/bin/b2
ln -s lib/f1.c src/link
ln -s nowhere src/broken
truncate -s 100k src/large
touch -d 2001-01-01 src/lib/f1.c

try 'find src | sort'
try 'find src -type f -name "*.c" | sort'
try 'find src -type d -empty'
try 'find src -type l | sort; find -L src -type l'
try 'find src -xtype l'
try 'find src -size +50k'
try 'find src -size -2 -type f | wc -l'
try 'find src -perm -111 -type f | sort; find src -perm /111 -type f | wc -l'
try 'find src -newer src/lib/f1.c -name "f*" | sort'
try 'find src -mtime +1000'
try 'find src -maxdepth 1 -mindepth 1 | sort'
try 'find src -path "*/lib/*" -not -name "f[12]*" | sort'
try 'find src -regex ".*/b[1-3]" | sort; find src -regextype posix-extended -regex ".*(c|h)$" | wc -l'
try 'find src -name "*.c" -exec grep -l "line 3" {} \;'
try 'find src -name "*.c" -exec wc -l {} + | tail -1'
try 'find src -name "b*" -execdir echo {} \; | sort'
try 'find src -name lib -prune -o -type f -print | sort'
try 'find src -printf "%d %y %f %m\n" | sort'
try 'find src -type f -print0 | sort -z | xargs -0 -n 3 echo'
try 'find src -name "b5" -delete; find src -name b5'
try 'find src -samefile src/lib/f1.c; ln src/lib/f1.c src/again; find src -samefile src/again | sort; find src -links 2 | sort'
try 'find src -user $(id -u) -name "f1.c"; find src -nogroup -name x'
try 'find missing; find src -badtest'
try 'find src -depth -name "l*" | sort; find src -quit; find src -name f1.c -o -name f2.c | sort'
try 'find src \( -name "*1*" -a -type f \) -ls | wc -l'
try 'seq 1 20 | xargs -n 6; seq 1 5 | xargs -I{} echo "<{}>"; seq 1 4 | xargs -P 4 -n 1 sh -c "exit 0"; echo $?'
try 'echo a b | xargs -t echo; xargs -r echo < /dev/null; echo "a  '"'"'b c'"'"' d" | xargs -n1'
try 'seq 1 3 | xargs sh -c "exit 3"; seq 1 3 | xargs -n1 sh -c "exit 255"; echo x | xargs nosuchcommand'
try 'seq 1 20000 | xargs -s 4096 echo | wc -l; seq 1 20000 | xargs echo | wc -w'
try 'find src -type f | xargs -d "\n" md5sum | sort -k2'
