/* Files and folders through the C library. */
#include <direct.h>
#include <errno.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utime.h>

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "wb");

	if (!file) {
		printf("%s: errno %d\n", name, errno);
		return;
	}
	fputs(text, file);
	fclose(file);
}

static void show_error(const char *what, int result)
{
	printf("%s: %d", what, result);
	if (result)
		printf(" errno %d (%s)", errno, strerror(errno));
	printf("\n");
}

static void test_streams(void)
{
	FILE *file = fopen("stream.tmp", "w+b");
	char buf[32] = "";
	fpos_t place;
	int i;

	for (i = 0; i < 1000; i++)
		fprintf(file, "line %03d\n", i);
	fseek(file, 9 * 500, SEEK_SET);
	fgetpos(file, &place);
	fgets(buf, sizeof(buf), file);
	printf("line at 500: %s", buf);
	fseek(file, -9, SEEK_END);
	fgets(buf, sizeof(buf), file);
	printf("the last: %s", buf);
	fsetpos(file, &place);
	printf("told: %ld\n", ftell(file));
	fputs("LINE", file);
	rewind(file);
	printf("first letter: %c\n", fgetc(file));
	ungetc('?', file);
	printf("put back: %c\n", fgetc(file));
	fclose(file);
	file = fopen("stream.tmp", "ab");
	fputs("end", file);
	printf("appended at: %ld\n", ftell(file));
	fclose(file);
	show_error("remove", remove("stream.tmp"));
	show_error("remove again", remove("stream.tmp"));
	printf("not there: %d errno %d\n", fopen("stream.tmp", "r") == NULL, errno);
}

static void test_large(void)
{
	FILE *file = fopen("large.tmp", "w+b");
	struct _stat64 status;

	_fseeki64(file, 5000000000ll, SEEK_SET);
	fputc('x', file);
	fflush(file);
	printf("told: %lld\n", _ftelli64(file));
	fclose(file);
	_stat64("large.tmp", &status);
	printf("size: %lld\n", (long long)status.st_size);
	remove("large.tmp");
}

static void test_status(void)
{
	struct _utimbuf times = { 1000000000, 1000000001 };
	struct _stat64 status;

	put("status.tmp", "12345");
	show_error("set times", _utime("status.tmp", &times));
	show_error("stat", _stat64("status.tmp", &status));
	printf("size %lld mode %o written %lld\n", (long long)status.st_size, status.st_mode, (long long)status.st_mtime);
	show_error("read-only", _chmod("status.tmp", _S_IREAD));
	_stat64("status.tmp", &status);
	printf("mode %o\n", status.st_mode);
	show_error("access for writes", _access("status.tmp", 2));
	show_error("remove", remove("status.tmp"));
	_chmod("status.tmp", _S_IREAD | _S_IWRITE);
	show_error("remove", remove("status.tmp"));
	show_error("stat", _stat64("status.tmp", &status));
	show_error("stat of the folder", _stat64(".", &status));
	printf("is a folder: %d\n", !!(status.st_mode & _S_IFDIR));
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void test_folders(void)
{
	char names[8][16], here[260];
	struct __finddata64_t found;
	intptr_t search;
	int count = 0, i;

	show_error("make", _mkdir("folder.tmp"));
	show_error("make again", _mkdir("folder.tmp"));
	show_error("enter", _chdir("folder.tmp"));
	printf("here: %s\n", strrchr(_getcwd(here, sizeof(here)), '\\') + 1);
	put("one.txt", "1");
	put("Two.TXT", "22");
	put("three.c", "333");
	_mkdir("sub");
	put("sub/four.txt", "4444");
	put("sub\\five.txt", "55555");
	search = _findfirst64("*.txt", &found);
	do {
		snprintf(names[count++], 16, "%.10s %d", found.name, (int)found.size);
	} while (!_findnext64(search, &found));
	_findclose(search);
	qsort(names, count, sizeof(names[0]), compare);
	for (i = 0; i < count; i++)
		printf("found: %s\n", names[i]);
	printf("nothing found: %d errno %d\n", _findfirst64("*.none", &found) == -1, errno);
	show_error("rename", rename("one.txt", "uno.txt"));
	show_error("rename onto", rename("uno.txt", "Two.TXT"));
	show_error("rename a folder", rename("sub", "bus"));
	show_error("remove a full folder", _rmdir("bus"));
	remove("uno.txt");
	remove("two.txt");
	remove("THREE.C");
	remove("bus/four.txt");
	remove("bus/five.txt");
	show_error("remove", _rmdir("bus"));
	_chdir("..");
	show_error("remove", _rmdir("folder.tmp"));
	show_error("enter what is not there", _chdir("folder.tmp"));
}

static void test_names(void)
{
	char path[260], drive[8], folder[64], name[32], ending[16];

	_splitpath("c:\\some\\folder\\name.ext", drive, folder, name, ending);
	printf("split: %s %s %s %s\n", drive, folder, name, ending);
	_makepath(path, "d", "\\x", "y", "z");
	printf("made: %s\n", path);
	printf("full: %s\n", _fullpath(path, "c:\\a\\..\\b\\.\\c", sizeof(path)));
	put("con-not-a-device.tmp", "x");
	show_error("remove", remove("con-not-a-device.tmp"));
	printf("nul: %d\n", fputs("x", fopen("nul", "w")) >= 0);
}

int main(void)
{
	test_streams();
	test_large();
	test_status();
	test_folders();
	test_names();
	return 0;
}
