/* tests/machine/many_files.c: COUNT files open in one process, each of them usable. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0, good = 0, fd = -1;
	struct rlimit limit = { (rlim_t)count + 16, (rlim_t)count + 16 };
	char byte;

	if (count < 1 || setrlimit(RLIMIT_NOFILE, &limit))
		return 2;
	for (int i = 0; i < count; i++) {
		fd = open(argv[0], O_RDONLY);
		if (fd < 0)
			break;
	}
	for (int i = fd; i > fd - count; i--)
		good += pread(i, &byte, 1, 1) == 1 && byte == 'E';
	printf("%d files read\n", good);
	return 0;
}
