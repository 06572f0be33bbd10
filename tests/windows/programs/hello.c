/* The smallest thing that is a Windows program: arguments, environment, exit code. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	const char *root = getenv("SystemRoot");
	int i;

	printf("hello, world\n");
	for (i = 1; i < argc; i++)
		printf("argument %d: [%s]\n", i, argv[i]);
	printf("SystemRoot: %s\n", root ? root : "not set");
	fprintf(stderr, "to standard error\n");
	return argc > 1 ? 40 + argc : 0;
}
