/* tests/machine/nothing.c: a program that only ends. A C library's start would read /proc/self/exe,
 * which is asked of its owner every time. */
#include <nucleus/nucleus.h>
#include <sys/syscall.h>

void _start(void);

void _start(void)
{
	nucleus_syscall1(SYS_exit_group, 0);
	__builtin_trap();
}
