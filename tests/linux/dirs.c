/* tests/linux/dirs.c: folders, links and names. */
#include "common.h"

#include <linux/fs.h>

struct linux_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static long get_entries(int fd, void *buf, size_t len)
{
	return syscall(SYS_getdents64, fd, buf, len);
}

static int rename2(const char *from, const char *to, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static nlink_t links_of(const char *path)
{
	struct stat st;

	need(lstat(path, &st));
	return st.st_nlink;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Print the names in @path in order of their bytes. */
static void list(const char *path)
{
	static char buf[65536];
	char *names[512];
	size_t count = 0;
	int fd = need(open(path, O_RDONLY | O_DIRECTORY));
	long len = need(get_entries(fd, buf, sizeof(buf)));

	for (long at = 0; at < len && count < COUNT_OF(names); ) {
		struct linux_dirent *entry = (void *)(buf + at);

		names[count++] = entry->name;
		at += entry->reclen;
	}
	close(fd);
	qsort(names, count, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < count; i++)
		say("  %s: %s", path, names[i]);
}

TEST(mkdir_makes_a_folder_once)
{
	struct stat st;

	report("mkdir", mkdir("d", 0755));
	report("mkdir again", mkdir("d", 0755));
	report("mkdir over file", (make_file("f", ""), mkdir("f", 0755)));
	report("mkdir(f/x)", mkdir("f/x", 0755));
	report("mkdir(missing/x)", mkdir("missing/x", 0755));
	report("mkdir(\"\")", mkdir("", 0755));
	report("mkdir(.)", mkdir(".", 0755));
	report("mkdir(..)", mkdir("..", 0755));
	report("mkdir(/)", mkdir("/", 0755));
	report("mkdir(d/.)", mkdir("d/.", 0755));
	report("mkdir(slash/)", mkdir("slash/", 0755));
	need(symlink("nowhere", "dangling"));
	report("mkdir(dangling link)", mkdir("dangling", 0755));
	report("mkdirat(-1)", mkdirat(-1, "x", 0755));
	umask(027);
	report("mkdir(07777)", mkdir("m", 07777));
	need(stat("m", &st));
	say("  mode %o", st.st_mode & 07777);
}

TEST(rmdir_removes_empty_folders_only)
{
	need(mkdir("empty", 0755));
	need(mkdir("full", 0755));
	need(mkdir("full/sub", 0755));
	make_file("f", "");
	need(symlink("empty", "link"));
	report("rmdir(full)", rmdir("full"));
	report("rmdir(f)", rmdir("f"));
	report("rmdir(link)", rmdir("link"));
	report("rmdir(link/)", rmdir("link/"));
	report("rmdir(missing)", rmdir("missing"));
	report("rmdir(\"\")", rmdir(""));
	report("rmdir(empty/.)", rmdir("empty/."));
	report("rmdir(full/..)", rmdir("full/.."));
	report("rmdir(full/sub/..)", rmdir("full/sub/.."));
	report("rmdir(empty/)", rmdir("empty/"));
	report("rmdir(empty) again", rmdir("empty"));
	report("unlinkat(full/sub, 0)", unlinkat(AT_FDCWD, "full/sub", 0));
	report("unlinkat(f, AT_REMOVEDIR)", unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	report("unlinkat(full/sub, AT_REMOVEDIR)", unlinkat(AT_FDCWD, "full/sub", AT_REMOVEDIR));
	report("unlinkat(bad flags)", unlinkat(AT_FDCWD, "f", 0x1));
	report("rmdir(full)", rmdir("full"));
}

TEST(unlink_removes_names_but_not_folders)
{
	need(mkdir("d", 0755));
	make_file("f", "x");
	need(symlink("f", "link"));
	report("unlink(d)", unlink("d"));
	report("unlink(f/)", unlink("f/"));
	report("unlink(link)", unlink("link"));
	claim("f exists", exists("f"));
	report("unlink(f)", unlink("f"));
	report("unlink(f) again", unlink("f"));
	report("unlink(\"\")", unlink(""));
	report("unlink(d/.)", unlink("d/."));
	report("unlink(missing/f)", unlink("missing/f"));
}

TEST(folder_links_count_subfolders)
{
	need(mkdir("d", 0755));
	report("empty", links_of("d"));
	need(mkdir("d/a", 0755));
	need(mkdir("d/b", 0755));
	make_file("d/f", "");
	report("two subfolders", links_of("d"));
	need(rename("d/a", "a"));
	report("one moved out", links_of("d"));
	need(rmdir("d/b"));
	report("the other removed", links_of("d"));
}

TEST(getdents_lists_each_name_once_with_its_type)
{
	char buf[4096];
	int fd;
	long len;

	need(mkdir("d", 0755));
	need(mkdir("d/dir", 0755));
	make_file("d/file", "");
	need(symlink("x", "d/link"));
	need(mkfifo("d/fifo", 0644));
	list("d");
	fd = need(open("d", O_RDONLY));
	len = need(get_entries(fd, buf, sizeof(buf)));
	for (long at = 0; at < len; ) {
		struct linux_dirent *entry = (void *)(buf + at);
		struct stat st;
		bool same_ino;

		need(fstatat(fd, entry->name, &st, AT_SYMLINK_NOFOLLOW));
		same_ino = st.st_ino == entry->ino;
		if (!same_ino || entry->type != (st.st_mode & S_IFMT) >> 12 || entry->reclen % 8)
			say("  %s: type %d, same inode %d", entry->name, entry->type, same_ino);
		at += entry->reclen;
	}
	report("at the end", get_entries(fd, buf, sizeof(buf)));
	report("lseek to 0", lseek(fd, 0, SEEK_SET));
	report("again as long", get_entries(fd, buf, sizeof(buf)) == len);
	report("lseek to 0", lseek(fd, 0, SEEK_SET));
	report("buffer of 8 bytes", get_entries(fd, buf, 8));
	report("bad buffer", get_entries(fd, unmapped_address(), 4096));
	report("of a file", get_entries(need(open("d/file", O_RDONLY)), buf, sizeof(buf)));
	report("of -1", get_entries(-1, buf, sizeof(buf)));
	need(chdir("d"));
	report_ok("fd still reads", get_entries(fd, buf, sizeof(buf)));
}

TEST(getdents_of_removed_folder_gives_enoent)
{
	char buf[1024];
	int fd;

	need(mkdir("d", 0755));
	fd = need(open("d", O_RDONLY));
	need(rmdir("d"));
	report("getdents64", get_entries(fd, buf, sizeof(buf)));
	report("openat(f, O_CREAT)", openat(fd, "f", O_RDWR | O_CREAT, 0644));
	report("mkdirat", mkdirat(fd, "x", 0755));
	report_ok("openat(.)", openat(fd, ".", O_RDONLY));
}

/* Count how often each of the names e0…e999 shows in what is read with @len bytes a call. */
static void walk_thousand(const char *label, size_t len)
{
	static char buf[32768];
	unsigned char seen[1000] = { 0 };
	size_t wrong = 0, others = 0;
	int fd = need(open("d", O_RDONLY));
	long got;

	while ((got = get_entries(fd, buf, len)) > 0)
		for (long at = 0; at < got; ) {
			struct linux_dirent *entry = (void *)(buf + at);
			int n;

			if (sscanf(entry->name, "e%d", &n) == 1 && n >= 0 && n < 1000)
				seen[n]++;
			else
				others++;
			at += entry->reclen;
		}
	for (size_t i = 0; i < 1000; i++)
		wrong += seen[i] != 1;
	say("  %s: %zu names not seen once, %zu others, ended with %ld", label, wrong, others, got);
	close(fd);
}

TEST(thousand_entries_are_listed_and_can_be_sought)
{
	static char buf[32768];
	char name[32], at_half[256];
	struct linux_dirent *entry;
	int fd;
	int64_t half;

	need(mkdir("d", 0755));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "d/e%d", i);
		close(need(open(name, O_WRONLY | O_CREAT, 0644)));
	}
	walk_thousand("32 KiB", 32768);
	walk_thousand("256 bytes", 256);
	fd = need(open("d", O_RDONLY));
	need(get_entries(fd, buf, 4096));
	entry = (void *)buf;
	for (int i = 0; i < 20; i++)
		entry = (void *)((char *)entry + entry->reclen);
	half = entry->off;
	entry = (void *)((char *)entry + entry->reclen);
	snprintf(at_half, sizeof(at_half), "%s", entry->name);
	need(lseek(fd, half, SEEK_SET));
	need(get_entries(fd, buf, 4096));
	entry = (void *)buf;
	claim("lseek to d_off goes on there", !strcmp(entry->name, at_half));
}

TEST(names_removed_while_listing_do_not_hide_others)
{
	static char buf[32768];
	char name[32];
	unsigned char seen[200] = { 0 };
	size_t missed = 0;
	int fd;
	long got;

	need(mkdir("d", 0755));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "d/e%d", i);
		close(need(open(name, O_WRONLY | O_CREAT, 0644)));
	}
	fd = need(open("d", O_RDONLY));
	while ((got = get_entries(fd, buf, 512)) > 0)
		for (long at = 0; at < got; ) {
			struct linux_dirent *entry = (void *)(buf + at);
			int n;

			if (sscanf(entry->name, "e%d", &n) == 1 && n < 200) {
				seen[n] = 1;
				need(unlinkat(fd, entry->name, 0));
			}
			at += entry->reclen;
		}
	for (size_t i = 0; i < 200; i++)
		missed += !seen[i];
	report("missed", missed);
	report("rmdir", rmdir("d"));
}

TEST(rename_replaces_files)
{
	make_file("a", "content of a");
	make_file("b", "content of b");
	report("rename(a, b)", rename("a", "b"));
	report_contents("b", "b");
	claim("a exists", exists("a"));
	report("rename(missing, b)", rename("missing", "b"));
	report("rename(b, b)", rename("b", "b"));
	report("rename(b, missing/x)", rename("b", "missing/x"));
	report("rename(b, \"\")", rename("b", ""));
	report("rename(\"\", b)", rename("", "b"));
	report("rename(b, c/)", rename("b", "c/"));
	report("rename(b/, c)", rename("b/", "c"));
	report("rename(., x)", rename(".", "x"));
	report("rename(b, .)", rename("b", "."));
	report("rename(b, ..)", rename("b", ".."));
	need(link("b", "hard"));
	report("rename(b, its own link)", rename("b", "hard"));
	claim("both names stay", exists("b") && exists("hard"));
}

TEST(rename_over_folders_keeps_kinds_apart)
{
	need(mkdir("d", 0755));
	need(mkdir("empty", 0755));
	need(mkdir("full", 0755));
	make_file("full/f", "");
	make_file("f", "");
	report("rename(f, d)", rename("f", "d"));
	report("rename(d, f)", rename("d", "f"));
	report("rename(d, full)", rename("d", "full"));
	report("rename(full, empty)", rename("full", "empty"));
	list("empty");
	report("rename(d, new/)", rename("d", "new/"));
	claim("new exists", exists("new"));
	report("rename(f, new/)", rename("f", "new/"));
	report("rename(empty/f, empty)", rename("empty/f", "empty"));
}

TEST(folder_cannot_move_into_itself)
{
	need(mkdir("a", 0755));
	need(mkdir("a/b", 0755));
	need(mkdir("a/b/c", 0755));
	report("rename(a, a/x)", rename("a", "a/x"));
	report("rename(a, a/b/c)", rename("a", "a/b/c"));
	report("rename(a, a/b)", rename("a", "a/b"));
	report("rename(a/b, a)", rename("a/b", "a"));
	report("rename(a/b/c, c)", rename("a/b/c", "c"));
	report("rename(a, c/a)", rename("a", "c/a"));
	report("rename(c, c/a/b/x)", rename("c", "c/a/b/x"));
	list("c/a");
}

TEST(moved_folder_knows_its_new_parent)
{
	struct stat parent, dotdot;

	need(mkdir("a", 0755));
	need(mkdir("b", 0755));
	need(mkdir("a/sub", 0755));
	need(rename("a/sub", "b/sub"));
	need(stat("b", &parent));
	need(stat("b/sub/..", &dotdot));
	claim("sub/.. is b", parent.st_ino == dotdot.st_ino);
	report("links of a", links_of("a"));
	report("links of b", links_of("b"));
}

TEST(renameat2_can_refuse_and_exchange)
{
	make_file("a", "A");
	make_file("b", "B");
	need(mkdir("d", 0755));
	make_file("d/inside", "");
	report("NOREPLACE onto existing", rename2("a", "b", RENAME_NOREPLACE));
	report("NOREPLACE onto new", rename2("a", "c", RENAME_NOREPLACE));
	report("EXCHANGE", rename2("b", "c", RENAME_EXCHANGE));
	report_contents("b", "b");
	report_contents("c", "c");
	report("EXCHANGE with missing", rename2("b", "missing", RENAME_EXCHANGE));
	report("EXCHANGE file and folder", rename2("b", "d", RENAME_EXCHANGE));
	claim("b/inside exists", exists("b/inside"));
	report_contents("d", "d");
	report("EXCHANGE folder with own child", rename2("b", "b/inside", RENAME_EXCHANGE));
	report("both flags", rename2("b", "c", RENAME_EXCHANGE | RENAME_NOREPLACE));
	report("unknown flag", rename2("b", "c", 1 << 10));
	report("NOREPLACE onto itself", rename2("c", "c", RENAME_NOREPLACE));
}

TEST(rename_works_between_dirfds)
{
	int a, b;

	need(mkdir("a", 0755));
	need(mkdir("b", 0755));
	make_file("a/f", "moved");
	a = need(open("a", O_RDONLY));
	b = need(open("b", O_RDONLY));
	report("renameat", renameat(a, "f", b, "g"));
	report_contents("b/g", "b/g");
	report("renameat(-1)", renameat(-1, "f", b, "g"));
	report("renameat(file as dirfd)", renameat(need(open("b/g", O_RDONLY)), "f", b, "g"));
}

TEST(links_give_one_file_several_names)
{
	make_file("f", "x");
	need(mkdir("d", 0755));
	need(symlink("f", "sym"));
	report("link", link("f", "g"));
	report("links", links_of("f"));
	report("link to existing", link("f", "g"));
	report("link of missing", link("missing", "h"));
	report("link of folder", link("d", "e"));
	report("link(f, d/h)", link("f", "d/h"));
	report("link(f, h/)", link("f", "h/"));
	report("link(f/, h)", link("f/", "h"));
	report("link(f, missing/h)", link("f", "missing/h"));
	report("link(sym) links the link", link("sym", "sym2"));
	claim("sym2 is a symlink", !readlink("sym2", (char[8]){ 0 }, 8) || errno != EINVAL);
	report("links of f", links_of("f"));
	report("linkat(sym, AT_SYMLINK_FOLLOW)", linkat(AT_FDCWD, "sym", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
	report("links of f", links_of("f"));
	report("linkat(bad flags)", linkat(AT_FDCWD, "f", AT_FDCWD, "z", 0x1));
	report("unlink one", unlink("g"));
	report("links of f", links_of("f"));
	report("write through the other", (make_file("d/h", "same"), 0));
	report_contents("f", "f");
}

TEST(readlink_gives_the_target_untouched)
{
	char buf[64];

	report("symlink", symlink("some/where else", "s"));
	report("readlink", readlink("s", buf, sizeof(buf)));
	say_bytes("target", buf, 15);
	memset(buf, '#', sizeof(buf));
	report("readlink into 4 bytes", readlink("s", buf, 4));
	say_bytes("target", buf, 6);
	report("readlink into 0 bytes", readlink("s", buf, 0));
	report("readlink(missing)", readlink("missing", buf, 8));
	make_file("f", "");
	report("readlink(file)", readlink("f", buf, 8));
	report("readlink(.)", readlink(".", buf, 8));
	report("readlink(\"\")", readlink("", buf, 8));
	report("readlink(bad buffer)", readlink("s", unmapped_address(), 8));
	report("symlink over existing", symlink("x", "f"));
	report("symlink(\"\", e)", symlink("", "e"));
	report("symlink(x, \"\")", symlink("x", ""));
	report("symlink(x, missing/y)", symlink("x", "missing/y"));
	struct stat st;
	need(lstat("s", &st));
	say("  mode %o, size %ld", st.st_mode, (long)st.st_size);
}

TEST(cwd_follows_chdir_and_rename)
{
	char start[4096], cwd[4096];
	int fd;

	need(syscall(SYS_getcwd, start, sizeof(start)));
	need(mkdir("a", 0755));
	need(mkdir("a/b", 0755));
	make_file("f", "");
	report("chdir(a/b)", chdir("a/b"));
	need(syscall(SYS_getcwd, cwd, sizeof(cwd)));
	claim("getcwd ends in /a/b", !strcmp(cwd + strlen(start), "/a/b"));
	fd = need(open(".", O_RDONLY));
	report("chdir(..)", chdir(".."));
	report("rename(b, c)", rename("b", "c"));
	report("fchdir", fchdir(fd));
	need(syscall(SYS_getcwd, cwd, sizeof(cwd)));
	claim("getcwd ends in /a/c", !strcmp(cwd + strlen(start), "/a/c"));
	report("getcwd length matches", syscall(SYS_getcwd, cwd, sizeof(cwd)) == (long)strlen(cwd) + 1);
	report("getcwd into 2 bytes", syscall(SYS_getcwd, cwd, 2));
	report("getcwd into 0 bytes", syscall(SYS_getcwd, cwd, 0));
	report("getcwd(bad buffer)", syscall(SYS_getcwd, unmapped_address(), 4096));
	report("chdir(../../f)", chdir("../../f"));
	report("chdir(missing)", chdir("missing"));
	report("chdir(\"\")", chdir(""));
	report("fchdir(-1)", fchdir(-1));
	report("fchdir(file)", fchdir(need(open("../../f", O_RDONLY))));
	report("chdir(/)", chdir("/"));
	report("getcwd of root", syscall(SYS_getcwd, cwd, sizeof(cwd)));
}

TEST(removed_cwd_has_no_path)
{
	char cwd[4096];

	need(mkdir("d", 0755));
	need(chdir("d"));
	report("rmdir(../d)", rmdir("../d"));
	report("getcwd", syscall(SYS_getcwd, cwd, sizeof(cwd)));
	report_ok("open(.)", open(".", O_RDONLY));
	report("open(f, O_CREAT)", open("f", O_RDWR | O_CREAT, 0644));
	report("mkdir(x)", mkdir("x", 0755));
	report("access(..)", access("..", F_OK));
	report("chdir(..)", chdir(".."));
	claim("d exists", exists("d"));
}

static void meet_sticky_bit(void)
{
	report("unlink another's file", unlink("sticky/theirs"));
	report("rename another's file", rename("sticky/theirs", "sticky/x"));
	report("rename over another's file", (make_file("sticky/mine", ""), rename("sticky/mine", "sticky/theirs")));
	report("rmdir another's folder", rmdir("sticky/folder"));
	report("unlink own file", unlink("sticky/mine"));
	report("unlink another's file without sticky bit", unlink("open/theirs"));
}

TEST(sticky_folder_protects_others_files)
{
	if (!is_root()) {
		say("  needs two users");
		return;
	}
	need(mkdir("sticky", 0755));
	need(chmod("sticky", 01777));
	need(mkdir("open", 0755));
	need(chmod("open", 0777));
	make_file("sticky/theirs", "");
	make_file("open/theirs", "");
	need(mkdir("sticky/folder", 0777));
	as_unprivileged(meet_sticky_bit);
}

static void meet_closed_folders(void)
{
	need(chdir("d"));
	need(mkdir("closed", 0700));
	make_file("closed/f", "");
	make_file("g", "");
	need(chmod("closed", 0500));
	report("mkdir", mkdir("closed/x", 0755));
	report("rmdir", rmdir("closed/x"));
	report("link into", link("g", "closed/g"));
	report("symlink into", symlink("g", "closed/g"));
	report("rename out of", rename("closed/f", "f"));
	report("rename into", rename("g", "closed/g"));
	report("mkfifo", mkfifo("closed/fifo", 0644));
	report("mkdir existing", mkdir("closed/f", 0755));
	report("mknod of a device", mknod("device", S_IFCHR | 0600, 0x103));
	report("mknod of a file", mknod("plain", S_IFREG | 0600, 0));
	report("chroot", chroot("."));
}

TEST(changing_a_folder_needs_write_permission)
{
	need(mkdir("d", 0777));
	need(chmod("d", 0777));
	as_unprivileged(meet_closed_folders);
}

TEST(mknod_makes_files_and_fifos)
{
	struct stat st;

	report("mknod(S_IFREG)", mknod("f", S_IFREG | 0640, 0));
	need(lstat("f", &st));
	say("  mode %o", st.st_mode);
	report("mknod(0)", mknod("g", 0640, 0));
	need(lstat("g", &st));
	say("  mode %o", st.st_mode);
	report("mkfifo", mkfifo("p", 0666));
	need(lstat("p", &st));
	say("  mode %o", st.st_mode);
	report("mkfifo again", mkfifo("p", 0666));
	report("mknod(S_IFDIR)", mknod("d", S_IFDIR | 0755, 0));
	report("mknod(S_IFLNK)", mknod("l", S_IFLNK | 0755, 0));
	report("mknod(socket)", mknod("s", S_IFSOCK | 0600, 0));
	report("open(socket)", open("s", O_RDWR));
	report("mknod(\"\")", mknod("", S_IFREG | 0600, 0));
}

TEST(setgid_folder_hands_its_group_down)
{
	struct stat st;

	if (!is_root()) {
		say("  needs root");
		return;
	}
	need(mkdir("d", 0755));
	need(chown("d", 0, 1234));
	need(chmod("d", 02755));
	make_file("d/f", "");
	need(mkdir("d/sub", 0755));
	need(stat("d/f", &st));
	say("  file: mode %o, group %d", st.st_mode & 07777, st.st_gid);
	need(stat("d/sub", &st));
	say("  folder: mode %o, group %d", st.st_mode & 07777, st.st_gid);
}

TEST(deep_trees_can_be_walked)
{
	char cwd[8192];

	for (int i = 0; i < 30; i++) {
		need(mkdir("level", 0755));
		need(chdir("level"));
	}
	make_file("bottom", "deep");
	for (int i = 0; i < 30; i++)
		need(chdir(".."));
	cwd[0] = '\0';
	for (int i = 0; i < 30; i++)
		strcat(cwd, "level/");
	strcat(cwd, "bottom");
	report_contents("bottom", cwd);
}
