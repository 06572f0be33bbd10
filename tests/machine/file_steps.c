/* tests/machine/file_steps.c: does with files what the lines of its input say, and tells what each call answered.
 *
 *	open F PATH MODE	MODE: read, write or new; F: a letter, by which the file is called from then on
 *	read F OFFSET LEN	write F OFFSET LEN	resize F SIZE	fsync F	close F
 *	map F LEN MODE		MODE: read or write; the mapping stays when the file is closed
 *	look F OFFSET		read from the mapping
 *	poke F OFFSET		write into it
 *	msync F LEN
 *	unmap F LEN
 *	fill F			until the disk is full, also when everything is written back
 *	stat PATH	unlink PATH	mkdir PATH	umount PATH [FLAGS]
 *	mount SOURCE PATH TYPE	remount PATH ro|rw	symlink TARGET PATH
 *	wait PATH		until nothing of that name is there
 *	churn FOLDER ROUNDS	fill the disk with a file, delete it and write another one at once, again and again
 */
#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)

static struct {
	int fd;
	volatile char *map;
} files[26];
static sigjmp_buf escape;

static void on_bus_error(int number)
{
	siglongjmp(escape, number);
}

static long touch_map(volatile char *at, bool is_write)
{
	int number = sigsetjmp(escape, 1);

	if (number) {
		printf("%s ", number == SIGBUS ? "SIGBUS" : "SIGSEGV");
		return 0;
	}
	if (is_write)
		*at = 'p';
	else
		(void)*at;
	return 0;
}

static long open_file(const char *path, const char *mode)
{
	if (!strcmp(mode, "new"))
		return open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	return open(path, !strcmp(mode, "read") ? O_RDONLY : O_RDWR);
}

static long map_file(int f, size_t len, const char *mode)
{
	void *at = mmap(NULL, len, !strcmp(mode, "read") ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, files[f].fd, 0);

	files[f].map = at;
	return at == MAP_FAILED ? -1 : 0;
}

static long wait_for_absence(const char *path)
{
	struct stat st;

	while (!stat(path, &st))
		;
	return errno == ENOENT ? 0 : -1;
}

static bool append(int fd)
{
	static const char bytes[65536];
	off_t end = lseek(fd, 0, SEEK_END);
	bool is_any = false;
	ssize_t n;

	for (; (n = pwrite(fd, bytes, sizeof(bytes), end)) > 0; end += n)
		is_any = true;
	return is_any;
}

/* What is kept for blocks of the tree is free again once they are written. */
static long fill(int fd)
{
	while (append(fd))
		if (fsync(fd))
			return -1;
	return errno == ENOSPC ? 0 : -1;
}

/* The file loses its last name before or after its last user. */
static int delete_full(const char *path, int fd, bool is_open)
{
	int err = fill(fd) ? -1 : 0;

	if (!err && !is_open)
		err = close(fd);
	if (!err)
		err = unlink(path);
	if (!err && is_open)
		err = close(fd);
	return err;
}

static int write_at_once(const char *path)
{
	static const char bytes[8192];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || close(fd))
		return -1;
	return unlink(path);
}

static long churn(const char *folder, long rounds)
{
	char full[256], small[256];
	long i;

	snprintf(full, sizeof(full), "%s/full", folder);
	snprintf(small, sizeof(small), "%s/small", folder);
	for (i = 0; i < rounds; i++) {
		int fd = open(full, O_RDWR | O_CREAT | O_TRUNC, 0644);

		if (fd < 0 || delete_full(full, fd, i % 2) || write_at_once(small)) {
			printf("round %ld: ", i);
			return -1;
		}
	}
	return i;
}

/* What is done with a file that has a letter. */
static long step_of_file(const char *what, int f, const char *one, const char *two)
{
	static char buffer[BUFFER_BYTES];
	long number = strtol(one, NULL, 0), len = strtol(two, NULL, 0);

	memset(buffer, 'w', sizeof(buffer));
	if (len > (long)sizeof(buffer))
		die("%s of %ld bytes", what, len);
	if (!strcmp(what, "open")) {
		files[f].fd = (int)open_file(one, two);
		return files[f].fd < 0 ? -1 : 0;
	}
	if (!strcmp(what, "read"))
		return pread(files[f].fd, buffer, (size_t)len, number);
	if (!strcmp(what, "write"))
		return pwrite(files[f].fd, buffer, (size_t)len, number);
	if (!strcmp(what, "fill"))
		return fill(files[f].fd);
	if (!strcmp(what, "resize"))
		return ftruncate(files[f].fd, number);
	if (!strcmp(what, "fsync"))
		return fsync(files[f].fd);
	if (!strcmp(what, "close"))
		return close(files[f].fd);
	if (!strcmp(what, "map"))
		return map_file(f, (size_t)number, two);
	if (!strcmp(what, "look") || !strcmp(what, "poke"))
		return touch_map(files[f].map + number, *what == 'p');
	if (!strcmp(what, "msync"))
		return msync((void *)files[f].map, (size_t)number, MS_SYNC);
	if (!strcmp(what, "unmap"))
		return munmap((void *)files[f].map, (size_t)number);
	die("no such step: %s", what);
}

static long step(const char *what, const char *first, const char *one, const char *two)
{
	struct stat st;

	if (!strcmp(what, "stat"))
		return stat(first, &st);
	if (!strcmp(what, "unlink"))
		return unlink(first);
	if (!strcmp(what, "mkdir"))
		return mkdir(first, 0755);
	if (!strcmp(what, "umount"))
		return umount2(first, (int)strtol(one, NULL, 0));
	if (!strcmp(what, "mount"))
		return mount(first, one, two, 0, NULL);
	if (!strcmp(what, "remount"))
		return mount(NULL, first, NULL, MS_REMOUNT | (strcmp(one, "ro") ? 0 : MS_RDONLY), NULL);
	if (!strcmp(what, "symlink"))
		return symlink(first, one);
	if (!strcmp(what, "wait"))
		return wait_for_absence(first);
	if (!strcmp(what, "churn"))
		return churn(first, strtol(one, NULL, 0));
	if (first[0] < 'a' || first[0] > 'z' || first[1])
		die("no letter of a file: %s", first);
	return step_of_file(what, first[0] - 'a', one, two);
}

int main(void)
{
	char line[256], what[16], first[128], one[128], two[32];

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGBUS, on_bus_error);
	signal(SIGSEGV, on_bus_error);
	while (fgets(line, sizeof(line), stdin)) {
		long result;

		what[0] = first[0] = one[0] = two[0] = '\0';
		sscanf(line, "%15s %127s %127s %31s", what, first, one, two);
		errno = 0;
		result = step(what, first, one, two);
		if (result < 0)
			printf("%s\n", strerrorname_np(errno));
		else
			printf("%ld\n", result);
	}
	return 0;
}
