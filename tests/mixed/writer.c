/* writer FD CODE WORD...: each word as a line to the handle that the Linux parent's descriptor FD is, then end with CODE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

int main(int argc, char **argv)
{
	HANDLE out = (HANDLE)(ULONG_PTR)(4 * (atoi(argv[1]) + 1));
	DWORD done;
	int i;

	for (i = 3; i < argc; i++) {
		if (!WriteFile(out, argv[i], (DWORD)strlen(argv[i]), &done, NULL) || !WriteFile(out, "\n", 1, &done, NULL)) {
			printf("error %lu\n", GetLastError());
			return 1;
		}
	}
	ExitProcess((UINT)strtoul(argv[2], NULL, 0));
}
