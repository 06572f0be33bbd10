/* tests/linux/nameless.c: paths that lead by /proc/self/fd to what has no name: calls that take a path, told so. */
#include "common.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/xattr.h>

static void attributes(const char *path)
{
	struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	struct stat st;
	char text[64];

	report("stat", stat(path, &st));
	report("lstat", lstat(path, &st));
	say("  a link: %d", S_ISLNK(st.st_mode));
	report("access", access(path, R_OK));
	report("truncate", truncate(path, 0));
	/* Linux has owners, modes and times of some of them, Albireo of none: that they are asked for is all. */
	access(path, X_OK);
	chmod(path, 0600);
	chown(path, getuid(), getgid());
	utimensat(AT_FDCWD, path, times, 0);
	getxattr(path, "user.none", text, sizeof(text));
	setxattr(path, "trusted.none", "x", 1, XATTR_REPLACE);
	listxattr(path, NULL, 0);
}

static void names(const char *path)
{
	char *words[] = { "program", NULL };
	struct sockaddr_un address = { AF_UNIX, "" };
	struct statfs fs;
	int fd = inotify_init1(IN_CLOEXEC), s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	statfs(path, &fs);
	report("chdir", chdir(path));
	report("execve", execve(path, words, words));
	report("mkdir below", mkdirat(AT_FDCWD, path, 0755));
	report("unlink", unlink(path));
	report("rmdir", rmdir(path));
	report("symlink", symlink("x", path));
	report("rename", rename(path, "moved"));
	inotify_add_watch(fd, path, IN_MODIFY);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	report("connect", connect(s, (struct sockaddr *)&address, sizeof(address)));
	report("bind", bind(s, (struct sockaddr *)&address, sizeof(address)));
	close(s);
	close(fd);
}

static void opens(const char *path, const char *below)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	report("open as a path", fd < 0 ? -1 : 0);
	if (fd >= 0) {
		struct stat st;
		char *words[] = { "program", NULL };

		report("fstat", fstat(fd, &st));
		report("fchdir", fchdir(fd));
		report("fexecve", fexecve(fd, words, words));
		close(fd);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	report("open as a folder", fd < 0 ? -1 : 0);
	report("open below", open(below, O_RDONLY));
	report("create below", open(below, O_RDWR | O_CREAT, 0644));
}

static void try_all(const char *what, int fd)
{
	char path[64], below[80];

	snprintf(path, sizeof(path), "/proc/self/fd/%ld", need(fd));
	snprintf(below, sizeof(below), "%s/name", path);
	say("%s", what);
	attributes(path);
	names(path);
	opens(path, below);
	close(fd);
}

TEST(pipes_and_sockets)
{
	int ends[2];

	need(pipe2(ends, O_CLOEXEC));
	try_all("a pipe", ends[0]);
	close(ends[1]);
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	try_all("a socket", ends[0]);
	close(ends[1]);
}

TEST(files_of_events)
{
	sigset_t none;

	sigemptyset(&none);
	try_all("an eventfd", eventfd(0, EFD_CLOEXEC));
	try_all("a timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	try_all("an epoll set", epoll_create1(EPOLL_CLOEXEC));
	try_all("a signalfd", signalfd(-1, &none, SFD_CLOEXEC));
	try_all("an inotify set", inotify_init1(IN_CLOEXEC));
}

TEST(memory)
{
	try_all("a memfd", memfd_create("memory", MFD_CLOEXEC));
}
