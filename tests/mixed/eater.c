/* Ask for more memory than there is, at once and then piece by piece, until this program is killed. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define TOO_MUCH ((SIZE_T)1 << 40)
#define CHUNK_BYTES ((SIZE_T)1 << 20)

int main(void)
{
	char *reserved = VirtualAlloc(NULL, TOO_MUCH, MEM_RESERVE, PAGE_READWRITE);
	void *committed = VirtualAlloc(NULL, TOO_MUCH, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	unsigned n = 0;

	printf("reserved %d\n", reserved != NULL);
	printf("committed %d, error %lu\n", committed != NULL, GetLastError());
	committed = VirtualAlloc(reserved, TOO_MUCH, MEM_COMMIT, PAGE_READWRITE);
	printf("committed %d, error %lu\n", committed != NULL, GetLastError());
	fflush(stdout);
	while (VirtualAlloc(reserved + n * CHUNK_BYTES, CHUNK_BYTES, MEM_COMMIT, PAGE_READWRITE)) {
		memset(reserved + n * CHUNK_BYTES, 1, CHUNK_BYTES);
		n++;
	}
	printf("refused after %u MiB\n", n);
	return 0;
}
