/* Files written, renamed over each other and read back: files.exe ROUNDS. Prints what it checked. */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES 12
#define BYTES 20000

static DWORD fail(const char *what, int round)
{
	DWORD code = GetLastError();

	printf("%s, round %d: error %lu\n", what, round, code);
	exit(1);
}

static void fill(char *bytes, int round, int i)
{
	for (int at = 0; at < BYTES; at++)
		bytes[at] = (char)(at * 31 + round * 7 + i);
}

static void write_one(const char *name, int round, int i)
{
	static char bytes[BYTES];
	HANDLE file = CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
	DWORD done;

	fill(bytes, round, i);
	if (file == INVALID_HANDLE_VALUE)
		fail("CreateFile", round);
	if (!WriteFile(file, bytes, BYTES / 2, &done, NULL) || done != BYTES / 2 ||
	    !WriteFile(file, bytes + BYTES / 2, BYTES - BYTES / 2, &done, NULL))
		fail("WriteFile", round);
	if (i % 4 == 0 && !FlushFileBuffers(file))
		fail("FlushFileBuffers", round);
	if (!CloseHandle(file))
		fail("CloseHandle", round);
}

static void check_one(const char *name, int round, int i)
{
	static char wanted[BYTES], bytes[BYTES + 1];
	HANDLE file = CreateFileA(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
	DWORD done;

	fill(wanted, round, i);
	if (file == INVALID_HANDLE_VALUE)
		fail("open again", round);
	if (!ReadFile(file, bytes, sizeof(bytes), &done, NULL))
		fail("ReadFile", round);
	if (done != BYTES || memcmp(bytes, wanted, BYTES)) {
		printf("%s of round %d holds other bytes\n", name, round);
		exit(1);
	}
	CloseHandle(file);
}

static int count_names(void)
{
	WIN32_FIND_DATAA found;
	HANDLE find = FindFirstFileA("written-*", &found);
	int n = 0;

	if (find == INVALID_HANDLE_VALUE)
		return 0;
	do {
		n++;
	} while (FindNextFileA(find, &found));
	FindClose(find);
	return n;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;
	char fresh[40], name[40];

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < FILES; i++) {
			sprintf(fresh, "fresh-%d", i);
			sprintf(name, "written-%d", i);
			write_one(fresh, round, i);
			if (!MoveFileExA(fresh, name, MOVEFILE_REPLACE_EXISTING))
				fail("MoveFileEx", round);
		}
		for (int i = 0; i < FILES; i++) {
			sprintf(name, "written-%d", i);
			check_one(name, round, i);
		}
		if (count_names() != FILES) {
			printf("%d names, round %d\n", count_names(), round);
			return 1;
		}
	}
	for (int i = 0; i < FILES; i++) {
		sprintf(name, "written-%d", i);
		if (!DeleteFileA(name))
			fail("DeleteFile", i);
	}
	printf("%d files, %d names left\n", rounds * FILES, count_names());
	return 0;
}
