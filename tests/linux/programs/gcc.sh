#!/bin/bash
# gcc, g++, as, ld and make: a project of 50 files, built, changed, built again, run; libraries; what is wrong in a source.
. "${0%/*}/common-debian.sh"

# A file for each of 48 numbers, one that sums them up and one that runs all.
mkdir project && cd project || exit 98
for i in $(seq 1 48); do
	cat > "part$i.c" <<X
#include "parts.h"
int part$i(int x)
{
	return x * $i + $((i % 7));
}
X
done
{
	echo '#ifndef PARTS_H'
	echo '#define PARTS_H'
	echo '#define COUNT 48'
	for i in $(seq 1 48); do echo "int part$i(int x);"; done
	echo 'int all_parts(int x);'
	echo '#endif'
} > parts.h
{
	echo '#include "parts.h"'
	echo 'int all_parts(int x) { return 0'
	for i in $(seq 1 48); do echo "+ part$i(x)"; done
	echo '; }'
} > all.c
cat > main.c <<'X'
#include <stdio.h>
#include <stdlib.h>
#include "parts.h"

int main(int argc, char **argv)
{
	int x = argc > 1 ? atoi(argv[1]) : 1;

	printf("%d parts of %d: %d\n", COUNT, x, all_parts(x));
	return x % 256;
}
X
cat > Makefile <<'X'
sources := $(wildcard *.c)
objects := $(sources:.c=.o)
CFLAGS := -O0 -pipe

program: $(objects)
	@echo linking $(words $^) objects
	@$(CC) -o $@ $^

%.o: %.c parts.h
	@$(CC) $(CFLAGS) -c -o $@ $<

.PHONY: clean
clean:
	rm -f program *.o
X

try 'ls *.c | wc -l; make -s -j2; ./program 3'
try 'make; make -n clean; make -q; touch part7.c; make -q; echo $?'
try 'sed -i "s/return x/return 1 + x/" part7.c; make; ./program 3'
try 'rm part9.o; make -n | sed "s/;.*//" | grep -c part; make; ./program 0'
try 'nm program | grep -c " T part"; size program | wc -l; readelf -h program | grep Type'
try 'ar rcs libparts.a part*.o; ar t libparts.a | wc -l; gcc -o again main.o all.o -L. -lparts; ./again 5; ranlib libparts.a'
try 'make clean; ls *.o program; make no-such-target'
cd ..

cat > hello.c <<'X'
#include <stdio.h>
#ifndef WORD
#define WORD "hello"
#endif
static int square(int x) { return x * x; }
int main(void)
{
	printf("%s %d\n", WORD, square(7));
	return 0;
}
X
try 'gcc hello.c && ./a.out; gcc -DWORD=\"defined\" -O2 -o two hello.c; ./two; strip two; ./two; nm two'
try 'gcc -static -o static hello.c; ./static; ldd ./static; ldd ./a.out | sed "s/ (.*//; s/^[[:space:]]*//" | grep -c libc.so.6'
try 'gcc -E hello.c | tail -6; gcc -S -o - hello.c | grep -c square; gcc -M hello.c | head -1 | cut -c1-18'
try 'gcc -c hello.c; objdump -d hello.o | grep -c "<square>:"; ld -r -o both.o hello.o; gcc both.o -o both; ./both'
try 'printf "int f(void) { return missing; }\n" > wrong.c; gcc -c wrong.c; ls wrong.o; printf "int main(void) { return f(); } int f(int);" | gcc -Wall -Werror -x c - ; echo $?'
try 'printf "int f(void); int main(void) { return f(); }\n" | gcc -x c - 2>&1 | sed "s|/tmp/cc[A-Za-z0-9]*|OBJECT|; s/.*: undefined/undefined/"; gcc missing.c'
try 'printf "int main(void) { int *p = 0; return *p; }\n" > crash.c; gcc -g -o crash crash.c; sh -c "ulimit -c 0; ./crash; echo \$?" 2>/dev/null'

cat > shared.c <<'X'
int counter;
__attribute__((constructor)) static void up(void) { counter = 40; }
int next(void) { return ++counter; }
X
cat > user.c <<'X'
#include <dlfcn.h>
#include <stdio.h>
int next(void);
int main(void)
{
	void *again = dlopen("./libshared.so", RTLD_NOW);
	int (*found)(void) = (int (*)(void))dlsym(again, "next");

	next();
	printf("%d %d %s\n", found(), found == next, dlopen("./none.so", RTLD_NOW) ? "loaded" : dlerror());
	return 0;
}
X
try 'gcc -shared -fPIC -o libshared.so shared.c; gcc -o user user.c -L. -lshared -Wl,-rpath,"\$ORIGIN"; ./user; readelf -d user | grep -c "libshared.so"'
try 'gcc -o user2 user.c -L. -lshared; ./user2; LD_LIBRARY_PATH=. ./user2; LD_PRELOAD=./libshared.so ./both; LD_BIND_NOW=1 ./user'
try 'printf "char *here(void) { static char own[3]; return own; }\nint main(void) { return here()[1]; }\n" > l.c; gcc -flto -O1 -o l l.c; ./l; gcc -no-pie -o l l.c; ./l; readelf -h l | grep -c EXEC'
try 'printf "#include <pthread.h>\n#include <stdio.h>\nstatic __thread int own;\nstatic void *run(void *p) { own = 5; *(int *)p = own; return 0; }\nint main(void) { int x; pthread_t t; pthread_create(&t, 0, run, &x); pthread_join(t, 0); printf(\"%%d %%d\\\\n\", x, own); }\n" > t.c; gcc -pthread -o t t.c; ./t'
try 'printf ".globl _start\n_start: mov \$60, %%eax\n mov \$9, %%edi\n syscall\n" | as -o s.o -; ld -o s s.o; ./s; size -A s | grep -c text; strings -n 4 s.o | grep -c _start'
try 'printf "int x = 1;\n" > "a b.c"; gcc -c "a b.c"; ls a*.o; gcc -o none -c hello.c shared.c; gcc --version | head -1 | cut -d" " -f1; gcc -print-prog-name=cc1 | grep -c cc1'
try 'mkdir sub; printf "all: a b\na b:\n\t@echo \$@ in \$(notdir \$(CURDIR)) \$(MAKELEVEL)\nfail:\n\t-false\n\t@exit 3\n" > sub/Makefile; make -C sub --no-print-directory; make -s -C sub fail; printf "x:\n\t@\$(MAKE) --no-print-directory -C sub a\n" | make -f -'
try 'printf "%%.up: %%.low\n\ttr a-z A-Z < \$< > \$@\n.SECONDARY:\n" > rules; echo text > f.low; make -f rules f.up; cat f.up; make -f rules f.up; make -f rules g.up; make -j4 -f rules f.up -B -s; printf "loop: loop2\nloop2: loop\n\t@echo once\n" | make -f - loop'
try 'printf "#include <thread>\n#include <cstdio>\nint main() { int x = 0; std::thread t([&] { try { throw 5; } catch (int y) { x = y; } }); t.join(); printf(\"%%d\\\\n\", x); }\n" > t.cpp; g++ -pthread -o tcpp t.cpp; ./tcpp'
