/* Standard streams that are no console, and what the C library makes of them. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static void show_handle(const char *what, DWORD which)
{
	HANDLE handle = GetStdHandle(which);
	DWORD mode = 0;
	BOOL is_console = GetConsoleMode(handle, &mode);
	DWORD error = GetLastError();

	printf("%s: console %d", what, is_console);
	if (!is_console)
		printf(" error %lu", error);
	printf("\n");
}

static void read_input(void)
{
	char line[128];
	int number = 0, sum = 0, value;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		printf("line %d: [%s]\n", ++number, line);
		if (sscanf(line, "add %d", &value) == 1)
			sum += value;
	}
	printf("end of input: %d, error %d, sum %d\n", !!feof(stdin), !!ferror(stdin), sum);
}

static void print_formats(void)
{
	printf("[%5d] [%-5d] [%05d] [%+d] [%x] [%#o]\n", 42, 42, 42, 42, 255, 8);
	printf("[%8.3f] [%e] [%g] [%g]\n", 3.14159, 12345.678, 0.0001, 1e20);
	printf("[%s] [%.3s] [%10s] [%-10s] [%c]\n", "text", "text", "text", "text", 'c');
	printf("[%I64d] [%lld] [%I64x]\n", 123456789012345ll, -5ll, 0xabcdef0123ull);
	printf("[%ls] [%S]\n", L"wide", L"wide");
}

static void use_modes(void)
{
	FILE *file = fopen("modes.tmp", "w");
	char buf[64];
	size_t len, i;

	fprintf(file, "one\ntwo\n");
	fclose(file);
	file = fopen("modes.tmp", "rb");
	len = fread(buf, 1, sizeof(buf), file);
	printf("text on disk:");
	for (i = 0; i < len; i++)
		printf(" %02x", buf[i]);
	printf("\n");
	fclose(file);
	file = fopen("modes.tmp", "wb");
	fwrite("a\r\nb\x1a" "c\n", 1, 7, file);
	fclose(file);
	file = fopen("modes.tmp", "r");
	len = fread(buf, 1, sizeof(buf), file);
	printf("text up to control-Z: %d bytes\n", (int)len);
	fclose(file);
	remove("modes.tmp");
}

static void use_descriptors(void)
{
	int saved = _dup(1), file = _open("descriptor.tmp", _O_CREAT | _O_RDWR | _O_TRUNC | _O_BINARY, 0600);
	char buf[64] = "";

	fflush(stdout);
	_dup2(file, 1);
	printf("into the file\n");
	fflush(stdout);
	_dup2(saved, 1);
	_close(saved);
	_lseek(file, 0, SEEK_SET);
	_read(file, buf, sizeof(buf) - 1);
	buf[strcspn(buf, "\r\n")] = '\0';
	printf("it went: %s\n", buf);
	printf("is a terminal: %d\n", !!_isatty(file));
	_close(file);
	_unlink("descriptor.tmp");
	printf("close again: %d\n", _close(-1));
}

int main(void)
{
	setvbuf(stderr, NULL, _IONBF, 0);
	show_handle("input", STD_INPUT_HANDLE);
	show_handle("output", STD_OUTPUT_HANDLE);
	show_handle("error", STD_ERROR_HANDLE);
	read_input();
	print_formats();
	fflush(stdout);
	fprintf(stderr, "unbuffered\n");
	use_modes();
	use_descriptors();
	puts("last");
	exit(3);
}
