/* Say so and sleep, for longer than any test waits. */
#include <stdio.h>
#include <windows.h>

int main(void)
{
	printf("asleep\n");
	fflush(stdout);
	Sleep(INFINITE);
	return 0;
}
