/* tests/machine/eat_memory.c: ask for memory until it is refused or this program is killed. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES (1ul << 20)

int main(void)
{
	unsigned long n;

	for (n = 0;; n++) {
		char *p = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		memset(p, 1, CHUNK_BYTES);
	}
	printf("refused after %lu MiB\n", n);
	return 0;
}
