/* Standard input to standard output, its small letters made capitals. */
#include <windows.h>

int main(void)
{
	HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
	static char buf[8192];
	DWORD n, done, i;

	while (ReadFile(in, buf, sizeof(buf), &n, NULL) && n) {
		for (i = 0; i < n; i++)
			if (buf[i] >= 'a' && buf[i] <= 'z')
				buf[i] -= 'a' - 'A';
		if (!WriteFile(out, buf, n, &done, NULL) || done != n)
			return 1;
	}
	return 0;
}
