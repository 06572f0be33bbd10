/* reader FD: what a Linux parent's descriptor FD gives, to its end, and how that is told. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int main(int argc, char **argv)
{
	HANDLE in = (HANDLE)(ULONG_PTR)(4 * (atoi(argv[1]) + 1));
	DWORD n, left = 0, total = 0, last = 0;
	char buf[100];

	(void)argc;
	while (ReadFile(in, buf, sizeof(buf), &n, NULL) && n) {
		total += n;
		last = (unsigned char)buf[n - 1];
	}
	printf("read %lu, the last is %lu, error %lu\n", total, last, GetLastError());
	printf("peek %d", PeekNamedPipe(in, NULL, 0, NULL, &left, NULL));
	printf(", error %lu, left %lu\n", GetLastError(), left);
	return 0;
}
