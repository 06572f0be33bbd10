/* tests/bench/hello.c: the smallest program that does something; built static and dynamic. */
#include <stdio.h>

int main(void)
{
	puts("hello, world");
	return 0;
}
