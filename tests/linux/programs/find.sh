# Searching trees and acting on what is found.
. "${0%/*}/common.sh"

mkdir -p tree/a/deep/deeper tree/b tree/empty
echo 12345 > tree/a/five.txt
: > tree/a/zero.txt
head -c 5000 /dev/zero > tree/b/big.bin
echo x > tree/a/deep/x.c
echo y > tree/a/deep/deeper/y.c
ln -s ../a/five.txt tree/b/link
ln -s nowhere tree/b/dangling
mkfifo tree/b/fifo
touch -d @1000 tree/b/big.bin
chmod 600 tree/a/five.txt

try 'find tree | sort'
try 'find tree -type f | sort; find tree -type d | sort; find tree -type l | sort; find tree -type p'
try 'find tree -name "*.c" | sort; find tree -iname "*.TXT" | sort; find tree -path "*deep*" | sort; find tree -regex ".*/[xy].c" | sort'
try 'find tree -maxdepth 1 | sort; find tree -mindepth 3 | sort; find tree -maxdepth 0'
try 'find tree -type f -size +1k; find tree -size -2 -type f | sort; find tree -size 5000c; find tree -type f -empty; find tree -type d -empty'
try 'find tree -newer tree/b/big.bin -name "*.txt" | sort; find tree -mtime +1000; find tree -perm 600; find tree -links 4'
try 'find tree -name "*.c" -o -name "*.txt" | sort; find tree ! -type d ! -name "*.c" | sort; find tree \( -name a -o -name b \) -type d | sort'
try 'find tree -name deep -prune -o -type f -print | sort'
try 'find tree -name "*.c" -exec cat {} \; | sort; find tree -name "*.c" -exec echo {} + | wc -w; find tree -name x.c -exec false \; -print'
try 'find tree -type f -print0 | tr "\0" "\n" | sort; find tree -type f -print0 | xargs -0 ls | sort'
try 'find tree -follow -name "link"; find -L tree -type f -name link; find tree -user "$(id -u)" | wc -l'
try 'find missing; find tree/a/five.txt; find tree tree/b -maxdepth 0'
try 'find tree -depth | tail -1; find tree -name zero.txt -exec rm {} \;; find tree -name "zero*"; rmdir tree/e*; ls tree'
try 'find tree -name "*.c" | xargs wc -c | tail -1; find tree -type f | sort | xargs -n1 basename'
try 'find tree -type f | sort | xargs -I{} cp {} . ; ls *.c *.txt; find . -maxdepth 1 -name "*.c" | xargs rm; ls *.c'
try 'find tree -xdev -type d | wc -l; find tree -inum 1 | wc -l; find tree -quit; find tree -type f -exec stat -c "%s %n" {} + | sort'
try 'mkdir wide; i=0; while [ $i -lt 400 ]; do mkdir -p wide/$((i % 20)); echo $i > wide/$((i % 20))/$i; i=$((i + 1)); done; find wide -type f | wc -l; cat $(find wide -type f) | sort -n | md5sum'
try 'find wide -type f -name "*7" -exec rm {} +; find wide -type f | wc -l; rm -r wide; find wide'
try 'echo a b c | xargs -t -n1 echo 2>&1 | sort; echo | xargs echo none; xargs -r echo < /dev/null; echo "q1 \"a b\" c" | xargs -n1 echo; seq 1 5000 | xargs echo | wc -w; echo x | xargs false; echo x | xargs no-such'
try 'du -a tree/a | cut -f2 | sort; du -s tree missing | cut -f2; ls -R tree | wc -l'
