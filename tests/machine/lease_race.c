/* tests/machine/lease_race.c SECONDS FOLDER: one thread changes names while others look at them.
 *
 * Each subject is a thing of FOLDER with states in a known order. Its generation is odd
 * while the changing thread is at it, so a look between two equal even generations was at
 * a state that is known exactly; any other look must be one that some moment explains.
 * What is seen otherwise, Linux could not have shown. The first such look ends the program.
 */
#include "counters.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOOKERS 6
#define VERSIONS 4096u
#define LIST_BYTES 8192

enum subject { MOVED, REPLACED, EXCHANGED, CREATED, FOLDER_MOVED, LINKED, SWITCHED, RESIZED, SUBJECTS };

static unsigned int generation[SUBJECTS];
static ino_t inode_of_version[VERSIONS];
static unsigned int lock_holders;
static bool is_over, can_exchange;
static unsigned long changes, looks, exact_looks, exclusives;

static unsigned int now(enum subject s)
{
	return __atomic_load_n(&generation[s], __ATOMIC_SEQ_CST);
}

static void step(enum subject s)
{
	__atomic_add_fetch(&generation[s], 1, __ATOMIC_SEQ_CST);
}

static void wrong(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
static void wrong(const char *what, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", what);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	_exit(2);
}

/* ---- changing ---- */

static void write_file(const char *path, int flags, const char *text)
{
	int fd = (int)need(open(path, O_WRONLY | O_CREAT | flags, 0644));

	need(write(fd, text, strlen(text)));
	close(fd);
}

/* The contents of version @v of the replaced file: its number, filled up to a length of its own. */
static size_t version_text(unsigned int v, char *text)
{
	size_t len = 16 + v % 300;

	memset(text, '.', len);
	text[snprintf(text, len, "%u", v)] = ' ';
	return len;
}

static void change_moved(unsigned int state)
{
	need(rename(state % 2 ? "b" : "a", state % 2 ? "a" : "b"));
}

static void change_replaced(unsigned int state)
{
	char text[512];
	struct stat st;
	int fd = (int)need(open("new", O_WRONLY | O_CREAT | O_EXCL, 0644));

	need(write(fd, text, version_text(state + 1, text)));
	need(fstat(fd, &st));
	close(fd);
	inode_of_version[(state + 1) % VERSIONS] = st.st_ino;
	need(rename("new", "replaced"));
}

static void change_exchanged(unsigned int state)
{
	need(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", RENAME_EXCHANGE));
}

static void change_created(unsigned int state)
{
	if (state % 2)
		write_file("created", O_EXCL, "there");
	else
		need(unlink("created"));
}

static void change_folder(unsigned int state)
{
	need(rename(state % 2 ? "d2" : "d1", state % 2 ? "d1" : "d2"));
}

static void change_linked(unsigned int state)
{
	if (state % 2)
		need(unlink("second"));
	else
		need(link("first", "second"));
}

static void change_switched(unsigned int state)
{
	need(symlink(state % 2 ? "v0" : "v1", "switch"));
	need(rename("switch", "current"));
}

static void change_resized(unsigned int state)
{
	need(truncate("resized", state % 2 ? 10 : 5000));
	need(chmod("resized", state % 2 ? 0644 : 0600));
}

static void (*const change[SUBJECTS])(unsigned int state) = {
	change_moved, change_replaced, change_exchanged, change_created, change_folder, change_linked, change_switched,
	change_resized,
};

/* A server of 9p has no way to say it. */
static bool try_exchange(void)
{
	if (!syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", RENAME_EXCHANGE)) {
		change_exchanged(0);
		return true;
	}
	if (errno != EINVAL)
		die("exchange");
	return false;
}

static void make_things(void)
{
	char text[512];
	struct stat st;
	int fd;

	write_file("a", 0, "moved");
	fd = (int)need(open("replaced", O_WRONLY | O_CREAT, 0644));
	need(write(fd, text, version_text(0, text)));
	need(fstat(fd, &st));
	close(fd);
	inode_of_version[0] = st.st_ino;
	write_file("x", 0, "x");
	write_file("y", 0, "y");
	can_exchange = try_exchange();
	write_file("created", 0, "there");
	need(mkdir("d1", 0755));
	write_file("d1/file", 0, "inside");
	write_file("first", 0, "linked");
	write_file("v0", 0, "v0");
	write_file("v1", 0, "v1");
	need(symlink("v0", "current"));
	write_file("resized", 0, "0123456789");
}

/* ---- looking: each returns whether the look was at one state ---- */

/* The file's contents, NUL-terminated, or -1 with errno. */
static ssize_t contents(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = need(read(fd, buf, cap - 1));
	buf[n] = '\0';
	close(fd);
	return n;
}

static bool exists(const char *what, const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		return true;
	if (errno != ENOENT)
		wrong(what, "stat of %s: %s", path, strerror(errno));
	return false;
}

/* One of two names leads to the thing; which one is known between changes. */
static bool look_at_pair(enum subject s, const char *what, const char *even, const char *odd)
{
	unsigned int before = now(s);
	bool is_even = exists(what, even), is_odd = exists(what, odd);
	bool is_exact = now(s) == before && before % 2 == 0;

	if (is_exact && (is_even != (before / 2 % 2 == 0) || is_odd == is_even))
		wrong(what, "state %u: %s is %s, %s is %s", before / 2, even, is_even ? "there" : "missing", odd,
		      is_odd ? "there" : "missing");
	return is_exact;
}

static bool look_at_moved(void)
{
	return look_at_pair(MOVED, "moved file", "a", "b");
}

static bool look_at_folder(void)
{
	return look_at_pair(FOLDER_MOVED, "moved folder", "d1/file", "d2/file");
}

/* All in one call: the directory at one moment. */
static bool look_at_list(void)
{
	unsigned int before = now(MOVED), names = 0;
	bool has_a = false, has_b = false, has_x = false, is_exact;
	char buf[LIST_BYTES] __attribute__((aligned(8)));
	int fd = (int)need(open(".", O_RDONLY | O_DIRECTORY));
	long len = need(syscall(SYS_getdents64, fd, buf, sizeof(buf)));

	is_exact = now(MOVED) == before && before % 2 == 0;
	for (long at = 0; at < len; names++) {
		const struct dirent64 *d = (const struct dirent64 *)(buf + at);

		has_a |= !strcmp(d->d_name, "a");
		has_b |= !strcmp(d->d_name, "b");
		has_x |= !strcmp(d->d_name, "x");
		at += d->d_reclen;
	}
	close(fd);
	if (!has_x || has_a == has_b)
		wrong("list", "%u names, x %d, a %d, b %d", names, has_x, has_a, has_b);
	if (is_exact && has_a != (before / 2 % 2 == 0))
		wrong("list", "state %u shows %s", before / 2, has_a ? "a" : "b");
	return is_exact;
}

static bool look_at_replaced(void)
{
	unsigned int before = now(REPLACED), after, version;
	char text[512], expected[512];
	ssize_t n = contents("replaced", text, sizeof(text));

	after = now(REPLACED);
	if (n < 0)
		wrong("replaced file", "open in generation %u to %u: %s", before, after, strerror(errno));
	version = (unsigned int)strtoul(text, NULL, 10);
	if ((size_t)n != version_text(version, expected) || memcmp(text, expected, (size_t)n))
		wrong("replaced file", "%zd bytes that no version has: %.20s", n, text);
	if (version < before / 2 || version > (after + 1) / 2)
		wrong("replaced file", "version %u in generation %u to %u", version, before, after);
	return before == after && before % 2 == 0;
}

static bool look_at_replaced_inode(void)
{
	unsigned int before = now(REPLACED), after;
	char text[512];
	struct stat st;

	if (stat("replaced", &st))
		wrong("replaced file", "stat: %s", strerror(errno));
	after = now(REPLACED);
	for (unsigned int v = before / 2; v <= (after + 1) / 2; v++) {
		if (st.st_ino == inode_of_version[v % VERSIONS] && (size_t)st.st_size == version_text(v, text))
			return before == after && before % 2 == 0;
	}
	wrong("replaced file", "inode %lu, size %ld in generation %u to %u", (unsigned long)st.st_ino,
	      (long)st.st_size, before, after);
}

static bool look_at_exchanged(void)
{
	unsigned int before = now(EXCHANGED);
	char x[8], y[8];
	bool is_exact;

	if (contents("x", x, sizeof(x)) != 1 || contents("y", y, sizeof(y)) != 1)
		wrong("exchanged files", "one is missing or has other contents");
	is_exact = now(EXCHANGED) == before && before % 2 == 0;
	if (is_exact && (x[0] != (before / 2 % 2 ? 'y' : 'x') || x[0] == y[0]))
		wrong("exchanged files", "state %u: x holds %s, y holds %s", before / 2, x, y);
	return is_exact;
}

static bool look_at_created(void)
{
	unsigned int before = now(CREATED);
	char text[16];
	ssize_t n = contents("created", text, sizeof(text));
	bool is_exact;

	if (n < 0 && errno != ENOENT)
		wrong("created file", "open: %s", strerror(errno));
	is_exact = now(CREATED) == before && before % 2 == 0;
	if (n > 0 && strcmp(text, "there"))
		wrong("created file", "holds %s", text);
	if (is_exact && n != (before / 2 % 2 ? -1 : 5))
		wrong("created file", "state %u: %zd bytes", before / 2, n);
	return is_exact;
}

static bool look_at_linked(void)
{
	unsigned int before = now(LINKED);
	struct stat first, second;
	bool is_exact, has_second;

	if (stat("first", &first))
		wrong("linked file", "stat: %s", strerror(errno));
	has_second = !stat("second", &second);
	is_exact = now(LINKED) == before && before % 2 == 0;
	if (has_second && second.st_ino != first.st_ino)
		wrong("linked file", "two inodes");
	if (first.st_nlink != 1 && first.st_nlink != 2)
		wrong("linked file", "%lu links", (unsigned long)first.st_nlink);
	if (is_exact && (first.st_nlink != 1 + before / 2 % 2 || has_second != before / 2 % 2))
		wrong("linked file", "state %u: %lu links, second name %s", before / 2, (unsigned long)first.st_nlink,
		      has_second ? "there" : "missing");
	return is_exact;
}

static bool look_at_switched(void)
{
	unsigned int before = now(SWITCHED);
	char text[8], target[8] = { 0 };
	bool is_exact;

	if (contents("current", text, sizeof(text)) != 2)
		wrong("switched link", "leads nowhere: %s", strerror(errno));
	if (readlink("current", target, sizeof(target) - 1) != 2)
		wrong("switched link", "readlink: %s", strerror(errno));
	is_exact = now(SWITCHED) == before && before % 2 == 0;
	if (is_exact && (text[1] != '0' + (char)(before / 2 % 2) || target[1] != text[1]))
		wrong("switched link", "state %u: target %s, contents %s", before / 2, target, text);
	return is_exact;
}

static bool look_at_resized(void)
{
	unsigned int before = now(RESIZED);
	bool is_exact, is_long;
	struct stat st;

	if (stat("resized", &st))
		wrong("resized file", "stat: %s", strerror(errno));
	is_exact = now(RESIZED) == before && before % 2 == 0;
	is_long = st.st_size == 5000;
	if (!is_long && st.st_size != 10)
		wrong("resized file", "size %ld", (long)st.st_size);
	if (is_exact && (is_long != before / 2 % 2 || (st.st_mode & 07777) != (is_long ? 0600 : 0644)))
		wrong("resized file", "state %u: size %ld, mode %o", before / 2, (long)st.st_size, st.st_mode & 07777);
	return is_exact;
}

/* A lock file: only one at a time made it. */
static bool take_lock_file(void)
{
	int fd = open("lock", O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0) {
		if (errno != EEXIST)
			wrong("lock file", "%s", strerror(errno));
		return false;
	}
	if (__atomic_add_fetch(&lock_holders, 1, __ATOMIC_SEQ_CST) != 1)
		wrong("lock file", "two made it");
	__atomic_add_fetch(&exclusives, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&lock_holders, 1, __ATOMIC_SEQ_CST);
	if (unlink("lock"))
		wrong("lock file", "unlink: %s", strerror(errno));
	close(fd);
	return false;
}

static bool (*const look[])(void) = {
	look_at_moved, look_at_folder, look_at_list, look_at_replaced, look_at_replaced_inode, look_at_exchanged,
	look_at_created, look_at_linked, look_at_switched, look_at_resized, take_lock_file,
};

static void *looker(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		bool is_exact = look[(unsigned int)rand_r(&seed) % (sizeof(look) / sizeof(look[0]))]();

		__atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&exact_looks, is_exact, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[LOOKERS];
	unsigned int seed = 1;
	uint64_t end;

	if (argc != 3)
		die("usage: %s SECONDS FOLDER", argv[0]);
	need(mkdir(argv[2], 0755));
	need(chdir(argv[2]));
	make_things();
	for (uintptr_t i = 0; i < LOOKERS; i++) {
		if (pthread_create(&thread[i], NULL, looker, (void *)(i + 1)))
			die("no thread");
	}
	end = now_ns() + strtoull(argv[1], NULL, 10) * 1000000000u;
	while (now_ns() < end) {
		enum subject s = (enum subject)((unsigned int)rand_r(&seed) % SUBJECTS);

		if (s == EXCHANGED && !can_exchange)
			continue;
		step(s);
		change[s](now(s) / 2);
		step(s);
		changes++;
	}
	is_over = true;
	for (int i = 0; i < LOOKERS; i++)
		pthread_join(thread[i], NULL);
	printf("%lu changes, %lu looks, %lu of them exact, %lu lock files\n", changes, looks, exact_looks, exclusives);
	return 0;
}
