/* tests/linux/watches.c: inotify. */
#include "common.h"

#include <dirent.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static const struct {
	uint32_t bit;
	const char *name;
} bits[] = {
	{ IN_ACCESS, "ACCESS" }, { IN_MODIFY, "MODIFY" }, { IN_ATTRIB, "ATTRIB" }, { IN_CLOSE_WRITE, "CLOSE_WRITE" },
	{ IN_CLOSE_NOWRITE, "CLOSE_NOWRITE" }, { IN_OPEN, "OPEN" }, { IN_MOVED_FROM, "MOVED_FROM" },
	{ IN_MOVED_TO, "MOVED_TO" }, { IN_CREATE, "CREATE" }, { IN_DELETE, "DELETE" }, { IN_DELETE_SELF, "DELETE_SELF" },
	{ IN_MOVE_SELF, "MOVE_SELF" }, { IN_UNMOUNT, "UNMOUNT" }, { IN_Q_OVERFLOW, "Q_OVERFLOW" },
	{ IN_IGNORED, "IGNORED" }, { IN_ISDIR, "ISDIR" },
};

/* The how-manieth of those that were shown: the host counts the moves of other programs too. */
static unsigned number_of_cookie(uint32_t cookie)
{
	static uint32_t shown[64];
	static unsigned nshown;
	unsigned i = 0;

	while (i < nshown && shown[i] != cookie)
		i++;
	if (i == nshown && i < COUNT_OF(shown))
		shown[nshown++] = cookie;
	return i;
}

static void say_event(const struct inotify_event *e)
{
	char text[256] = "";

	for (unsigned i = 0; i < COUNT_OF(bits); i++)
		if (e->mask & bits[i].bit)
			sprintf(text + strlen(text), " %s", bits[i].name);
	if (e->cookie)
		sprintf(text + strlen(text), " cookie %u", number_of_cookie(e->cookie));
	say("    wd %d:%s len %u %s", e->wd, text, e->len, e->len ? e->name : "");
}

/* Show everything that waits. */
static void say_events(const char *label, int fd)
{
	char buf[8192] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0) {
		say("  %s: -1 %s", label, errno_name(errno));
		return;
	}
	say("  %s:", label);
	for (ssize_t at = 0; at < n; ) {
		const struct inotify_event *e = (void *)(buf + at);

		say_event(e);
		at += (ssize_t)sizeof(*e) + e->len;
	}
}

static int new_queue(void)
{
	return (int)need(inotify_init1(IN_NONBLOCK));
}

TEST(watch_of_a_folder_tells_of_its_files)
{
	int q = new_queue(), fd;
	char c;

	need(mkdir("d", 0755));
	report("watch", inotify_add_watch(q, "d", IN_ALL_EVENTS));
	fd = need(open("d/file", O_CREAT | O_RDWR, 0644));
	say_events("created", q);
	need(write(fd, "text", 4));
	need(write(fd, "more", 4));
	say_events("written twice", q);
	need(pread(fd, &c, 1, 0));
	say_events("read", q);
	need(pread(fd, &c, 1, 100));
	say_events("read at the end", q);
	need(ftruncate(fd, 2));
	say_events("ftruncate", q);
	need(fchmod(fd, 0600));
	say_events("fchmod", q);
	close(fd);
	say_events("closed", q);
	need(chmod("d/file", 0644));
	say_events("chmod", q);
	need(truncate("d/file", 1));
	say_events("truncate", q);
	fd = need(open("d/file", O_RDONLY));
	close(fd);
	say_events("open and close", q);
	need(open("d/file", O_WRONLY | O_TRUNC));
	say_events("open with O_TRUNC", q);
	need(link("d/file", "d/link"));
	say_events("link", q);
	need(symlink("file", "d/sym"));
	say_events("symlink", q);
	need(unlink("d/link"));
	say_events("unlink a link", q);
	need(unlink("d/sym"));
	say_events("unlink a symlink", q);
}

TEST(watch_of_a_folder_tells_of_folders)
{
	int q = new_queue();
	DIR *dir;

	need(mkdir("d", 0755));
	need(inotify_add_watch(q, "d", IN_ALL_EVENTS));
	need(mkdir("d/sub", 0755));
	say_events("mkdir", q);
	dir = opendir("d/sub");
	closedir(dir);
	say_events("opendir of the sub-folder", q);
	dir = opendir("d");
	while (readdir(dir))
		;
	closedir(dir);
	say_events("list of the folder", q);
	need(rmdir("d/sub"));
	say_events("rmdir", q);
	need(rmdir("d"));
	say_events("rmdir of the folder", q);
	report("it is gone", inotify_rm_watch(q, 1));
}

TEST(moves_have_cookies)
{
	int q = new_queue();

	need(mkdir("a", 0755));
	need(mkdir("b", 0755));
	make_file("a/one", "1");
	make_file("a/two", "2");
	need(mkdir("a/sub", 0755));
	need(inotify_add_watch(q, "a", IN_MOVE | IN_DELETE | IN_CREATE));
	need(inotify_add_watch(q, "b", IN_MOVE | IN_DELETE | IN_CREATE));
	need(rename("a/one", "a/uno"));
	say_events("within", q);
	need(rename("a/uno", "b/uno"));
	say_events("across", q);
	need(rename("a/two", "b/uno"));
	say_events("over another", q);
	need(rename("a/sub", "b/sub"));
	say_events("a folder", q);
	make_file("x", "");
	need(rename("x", "a/x"));
	say_events("in from outside", q);
	need(rename("a/x", "x"));
	say_events("out", q);
	make_file("a/p", "");
	make_file("b/q", "");
	say_events("made", q);
	if (!syscall(SYS_renameat2, AT_FDCWD, "a/p", AT_FDCWD, "b/q", 2))
		say_events("exchanged", q);
}

TEST(watch_of_a_file_tells_of_itself)
{
	int q = new_queue(), fd;

	make_file("f", "text");
	need(inotify_add_watch(q, "f", IN_ALL_EVENTS));
	fd = need(open("f", O_RDWR));
	need(write(fd, "x", 1));
	close(fd);
	say_events("open, write, close", q);
	need(rename("f", "g"));
	say_events("renamed", q);
	need(link("g", "h"));
	say_events("linked", q);
	need(unlink("h"));
	say_events("one name less", q);
	need(unlink("g"));
	say_events("deleted", q);
}

TEST(deleted_file_that_is_open_ends_when_it_is_closed)
{
	int q = new_queue(), fd;

	make_file("f", "text");
	fd = need(open("f", O_RDONLY));
	need(inotify_add_watch(q, "f", IN_ALL_EVENTS));
	need(unlink("f"));
	say_events("unlinked", q);
	close(fd);
	say_events("closed", q);
}

TEST(replaced_file_is_deleted)
{
	int q = new_queue();

	make_file("f", "old");
	make_file("g", "new");
	need(inotify_add_watch(q, "f", IN_ALL_EVENTS));
	need(inotify_add_watch(q, "g", IN_ALL_EVENTS));
	need(rename("g", "f"));
	say_events("replaced", q);
}

TEST(folder_and_file_both_watched)
{
	int q = new_queue();

	need(mkdir("d", 0755));
	make_file("d/f", "text");
	need(inotify_add_watch(q, "d", IN_OPEN | IN_CLOSE));
	need(inotify_add_watch(q, "d/f", IN_OPEN | IN_CLOSE));
	close(need(open("d/f", O_RDONLY)));
	say_events("open and close", q);
}

TEST(mask_selects_and_oneshot_ends)
{
	int q = new_queue();

	make_file("f", "text");
	report("only open", inotify_add_watch(q, "f", IN_OPEN));
	close(need(open("f", O_RDONLY)));
	say_events("open and close", q);
	report("add close", inotify_add_watch(q, "f", IN_CLOSE_NOWRITE | IN_MASK_ADD));
	close(need(open("f", O_RDONLY)));
	say_events("open and close", q);
	report("replace", inotify_add_watch(q, "f", IN_CLOSE_NOWRITE));
	close(need(open("f", O_RDONLY)));
	say_events("open and close", q);
	report("create only", inotify_add_watch(q, "f", IN_OPEN | IN_MASK_CREATE));
	report("once", inotify_add_watch(q, "f", IN_OPEN | IN_ONESHOT));
	close(need(open("f", O_RDONLY)));
	close(need(open("f", O_RDONLY)));
	say_events("once", q);
	report("remove what is gone", inotify_rm_watch(q, 1));
	report("a new number", inotify_add_watch(q, "f", IN_OPEN));
	report("remove", inotify_rm_watch(q, 2));
	say_events("removed", q);
}

TEST(excl_unlink_leaves_unlinked_files_out)
{
	int q = new_queue(), fd;

	need(mkdir("d", 0755));
	need(inotify_add_watch(q, "d", IN_MODIFY));
	fd = need(open("d/f", O_CREAT | O_RDWR, 0644));
	need(unlink("d/f"));
	need(write(fd, "x", 1));
	say_events("unlinked", q);
	need(inotify_add_watch(q, "d", IN_MODIFY | IN_EXCL_UNLINK));
	need(write(fd, "x", 1));
	say_events("excluded", q);
}

TEST(equal_events_in_a_row_are_one)
{
	int q = new_queue(), fd, bytes = -1;

	make_file("f", "text");
	need(inotify_add_watch(q, "f", IN_MODIFY | IN_ATTRIB));
	fd = need(open("f", O_RDWR));
	for (int i = 0; i < 5; i++)
		need(write(fd, "x", 1));
	need(fchmod(fd, 0600));
	need(write(fd, "x", 1));
	report("FIONREAD", ioctl(q, FIONREAD, &bytes));
	say("  %d bytes", bytes);
	say_events("three", q);
	report("FIONREAD", ioctl(q, FIONREAD, &bytes));
	say("  %d bytes", bytes);
}

TEST(reads_take_whole_events)
{
	int q = new_queue();
	char buf[64];

	need(mkdir("d", 0755));
	need(inotify_add_watch(q, "d", IN_CREATE));
	make_file("d/a", "");
	make_file("d/name-of-sixteen", "");
	report("no room", read(q, buf, 16));
	report("no room for the name", read(q, buf, 31));
	report("one", read(q, buf, 40));
	report("two needs more", read(q, buf, 40));
	report("two", read(q, buf, 64));
	report("none", read(q, buf, 64));
	report("none, no room", read(q, buf, 1));
}

TEST(inotify_wakes_who_waits)
{
	int q = (int)need(inotify_init1(0));
	struct pollfd p = { .fd = q, .events = POLLIN };
	pid_t child;

	need(mkdir("d", 0755));
	need(inotify_add_watch(q, "d", IN_CREATE));
	report("poll", poll(&p, 1, 0));
	child = need(fork());
	if (!child) {
		make_file("d/by-the-child", "");
		_exit(0);
	}
	report("poll", poll(&p, 1, -1));
	say_events("from the child", q);
	report_exit("child", child);
}

static void watch_secret(void)
{
	report("unreadable", inotify_add_watch((int)need(inotify_init1(0)), "secret", IN_OPEN));
}

TEST(inotify_checks_what_it_is_given)
{
	int q = (int)need(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), file;
	char c;

	make_file("f", "");
	file = need(open("f", O_RDONLY));
	need(symlink("f", "s"));
	report("F_GETFD", fcntl(q, F_GETFD));
	report("F_GETFL", fcntl(q, F_GETFL));
	report("flags", inotify_init1(1));
	report_ok("inotify_init", inotify_init());
	report("no mask", inotify_add_watch(q, "f", 0));
	report("unknown bits alone", inotify_add_watch(q, "f", 0x00800000));
	report("add and create", inotify_add_watch(q, "f", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
	report("only a folder", inotify_add_watch(q, "f", IN_OPEN | IN_ONLYDIR));
	report("missing", inotify_add_watch(q, "none", IN_OPEN));
	report("bad path", inotify_add_watch(q, unmapped_address(), IN_OPEN));
	report("not inotify", inotify_add_watch(file, "f", IN_OPEN));
	report("closed", inotify_add_watch(99, "f", IN_OPEN));
	report("link", inotify_add_watch(q, "s", IN_OPEN));
	report("the same file", inotify_add_watch(q, "f", IN_OPEN));
	report("the link itself", inotify_add_watch(q, "s", IN_OPEN | IN_DONT_FOLLOW));
	report("remove unknown", inotify_rm_watch(q, 99));
	report("remove zero", inotify_rm_watch(q, 0));
	report("remove negative", inotify_rm_watch(q, -1));
	report("remove not inotify", inotify_rm_watch(file, 1));
	report("remove closed", inotify_rm_watch(99, 1));
	report("write", write(q, "x", 1));
	report("lseek", lseek(q, 0, SEEK_SET));
	report("read empty", read(q, &c, 1));
	make_file("secret", "");
	need(chmod("secret", 0300));
	as_unprivileged(watch_secret);
}

TEST(inotify_queue_overflows)
{
	int q = new_queue(), most = 16384, total = 0, lost = 0;
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	static char buf[1 << 16] __attribute__((aligned(8)));
	ssize_t n;

	if (limit && fscanf(limit, "%d", &most) != 1)
		most = 16384;
	make_file("f", "x");
	need(inotify_add_watch(q, "f", IN_OPEN | IN_CLOSE));
	for (int i = 0; i < most / 2 + 10; i++)
		close(need(open("f", O_RDONLY)));
	while ((n = read(q, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n; at += (ssize_t)sizeof(struct inotify_event)) {
			const struct inotify_event *e = (void *)(buf + at);

			total++;
			lost += e->mask == IN_Q_OVERFLOW && e->wd == -1;
		}
	}
	claim("all that fits and one more", total == most + 1);
	say("  overflows %d", lost);
	close(need(open("f", O_RDONLY)));
	say_events("goes on", q);
}

TEST(times_are_told_as_they_are_set)
{
	int q = new_queue();
	struct timespec both[2] = { { 1, 0 }, { 2, 0 } }, first[2] = { { 1, 0 }, { 0, UTIME_OMIT } };
	struct timespec second[2] = { { 0, UTIME_OMIT }, { 2, 0 } };

	make_file("f", "");
	need(inotify_add_watch(q, "f", IN_ALL_EVENTS));
	need(utimensat(AT_FDCWD, "f", both, 0));
	say_events("both", q);
	need(utimensat(AT_FDCWD, "f", first, 0));
	say_events("atime", q);
	need(utimensat(AT_FDCWD, "f", second, 0));
	say_events("mtime", q);
}
