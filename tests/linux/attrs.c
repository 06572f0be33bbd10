/* tests/linux/attrs.c: modes, owners, times and what changes them. */
#include "common.h"

#include <grp.h>
#include <sys/time.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

static struct stat attributes(const char *path)
{
	struct stat st;

	need(lstat(path, &st));
	return st;
}

static void say_mode(const char *label, const char *path)
{
	say("  %s: mode %o", label, attributes(path).st_mode);
}

/* Give @path times that lie far back, so that a change can be told without waiting. */
static void age(const char *path)
{
	struct timespec times[2] = { { 1000, 1 }, { 2000, 2 } };

	need(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static void say_which_times_moved(const char *label, const char *path)
{
	struct stat st = attributes(path);

	say("  %s: atime %s, mtime %s", label,
		st.st_atime == 1000 ? "kept" : "moved", st.st_mtime == 2000 ? "kept" : "moved");
}

TEST(chmod_sets_all_twelve_bits)
{
	static const mode_t modes[] = { 0, 0777, 0644, 04755, 02755, 01777, 07777, 0100644 };
	int fd;

	make_file("f", "");
	need(mkdir("d", 0755));
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		report("chmod", chmod("f", modes[i]));
		say_mode("file", "f");
		need(chmod("d", modes[i] & 0777 ? modes[i] : 0700));
		say_mode("folder", "d");
	}
	fd = need(open("d", O_RDONLY));
	report("fchmod", fchmod(fd, 0711));
	say_mode("folder", "d");
	report("fchmod(-1)", fchmod(-1, 0));
	report("chmod(missing)", chmod("missing", 0644));
	report("chmod(\"\")", chmod("", 0644));
	report("chmod(f/x)", chmod("f/x", 0644));
	report("fchmodat(fd, missing)", fchmodat(fd, "missing", 0644, 0));
}

TEST(chmod_follows_links)
{
	make_file("f", "");
	need(symlink("f", "link"));
	report("chmod(link)", chmod("link", 0600));
	say_mode("file", "f");
	say_mode("link", "link");
}

static void change_what_is_not_mine(void)
{
	report("chmod", chmod("theirs", 0777));
	report("chown to self", chown("theirs", geteuid(), getegid()));
	report("chown(-1, -1)", chown("theirs", -1, -1));
	report("utimensat(explicit)", utimensat(AT_FDCWD, "theirs", (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0));
	report("utimensat(now)", utimensat(AT_FDCWD, "theirs", NULL, 0));
	report("utimensat(now) if writable", utimensat(AT_FDCWD, "writable", NULL, 0));
	report("utimensat(explicit) if writable",
		utimensat(AT_FDCWD, "writable", (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0));
	make_file("open/mine", "");
	report("chown own file away", chown("open/mine", 1, -1));
	report("chgrp own file to foreign group", chown("open/mine", -1, 1));
	report("chown own file to self", chown("open/mine", geteuid(), -1));
	report("chmod own file", chmod("open/mine", 04711));
	say_mode("own file", "open/mine");
}

TEST(only_the_owner_changes_attributes)
{
	if (!is_root()) {
		say("  needs two users");
		return;
	}
	need(mkdir("open", 0755));
	need(chmod("open", 0777));
	make_file("theirs", "");
	make_file("writable", "");
	need(chmod("writable", 0666));
	as_unprivileged(change_what_is_not_mine);
}

TEST(chown_sets_owner_and_group)
{
	struct stat st;
	int fd;

	if (!is_root()) {
		say("  needs root");
		return;
	}
	make_file("f", "");
	need(symlink("f", "link"));
	report("chown(1, 2)", chown("f", 1, 2));
	st = attributes("f");
	say("  owner %d, group %d", st.st_uid, st.st_gid);
	report("chown(-1, 3)", chown("f", -1, 3));
	report("chown(4, -1)", chown("f", 4, -1));
	st = attributes("f");
	say("  owner %d, group %d", st.st_uid, st.st_gid);
	report("lchown(link)", lchown("link", 7, 8));
	st = attributes("link");
	say("  link: owner %d, group %d", st.st_uid, st.st_gid);
	report("chown(link)", chown("link", 9, 10));
	st = attributes("f");
	say("  owner %d, group %d", st.st_uid, st.st_gid);
	fd = need(open("f", O_RDONLY));
	report("fchown", fchown(fd, 0, 0));
	report("fchownat(fd, \"\", AT_EMPTY_PATH)", fchownat(fd, "", 11, 12, AT_EMPTY_PATH));
	st = attributes("f");
	say("  owner %d, group %d", st.st_uid, st.st_gid);
	report("fchownat(link, NOFOLLOW)", fchownat(AT_FDCWD, "link", 13, 14, AT_SYMLINK_NOFOLLOW));
	st = attributes("link");
	say("  link: owner %d, group %d", st.st_uid, st.st_gid);
	report("fchownat(bad flags)", fchownat(AT_FDCWD, "f", 0, 0, 0x1));
	report("fchown(-1)", fchown(-1, 0, 0));
	report("chown(missing)", chown("missing", 0, 0));
}

TEST(chown_clears_set_id_bits_of_files)
{
	if (!is_root()) {
		say("  needs root");
		return;
	}
	make_file("f", "");
	need(mkdir("d", 0755));
	need(chmod("f", 06755));
	report("chown", chown("f", 1, 1));
	say_mode("executable", "f");
	need(chmod("f", 06644));
	report("chown", chown("f", 1, 1));
	say_mode("without group execute", "f");
	need(chmod("d", 06755));
	report("chown", chown("d", 1, 1));
	say_mode("folder", "d");
}

static void write_to_set_id_file(void)
{
	int fd;

	need(chdir("open"));
	make_file("f", "x");
	need(chmod("f", 06777));
	fd = need(open("f", O_RDWR));
	report("write", write(fd, "y", 1));
	say_mode("after write", "f");
	need(chmod("f", 06777));
	report("ftruncate", ftruncate(fd, 0));
	say_mode("after ftruncate", "f");
	need(chmod("f", 06777));
	report("truncate", truncate("f", 10));
	say_mode("after truncate", "f");
	need(chmod("f", 06767));
	report("write", write(fd, "y", 1));
	say_mode("after write, not group-executable", "f");
}

TEST(writing_clears_set_id_bits)
{
	need(mkdir("open", 0755));
	need(chmod("open", 0777));
	as_unprivileged(write_to_set_id_file);
}

TEST(utimensat_sets_times_to_the_nanosecond)
{
	struct timespec times[2] = { { 1234567890, 123456789 }, { 987654321, 987654321 } };
	struct stat st;
	int fd;

	make_file("f", "");
	report("utimensat", utimensat(AT_FDCWD, "f", times, 0));
	st = attributes("f");
	say("  atime %ld.%09ld, mtime %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		(long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	times[0].tv_nsec = UTIME_OMIT;
	times[1] = (struct timespec){ 5, 6 };
	report("utimensat(OMIT atime)", utimensat(AT_FDCWD, "f", times, 0));
	st = attributes("f");
	say("  atime %ld.%09ld, mtime %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		(long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	times[1].tv_nsec = UTIME_NOW;
	report("utimensat(OMIT atime, NOW mtime)", utimensat(AT_FDCWD, "f", times, 0));
	st = attributes("f");
	claim("mtime is recent", st.st_mtime > 1600000000);
	say("  atime %ld", (long)st.st_atime);
	times[1].tv_nsec = 1000000000;
	report("utimensat(tv_nsec too large)", utimensat(AT_FDCWD, "f", times, 0));
	times[1].tv_nsec = -1;
	report("utimensat(tv_nsec negative)", utimensat(AT_FDCWD, "f", times, 0));
	fd = need(open("f", O_RDONLY));
	times[0] = times[1] = (struct timespec){ 77, 88 };
	report("futimens", futimens(fd, times));
	say("  mtime %ld", (long)attributes("f").st_mtime);
	report("utimensat(missing)", utimensat(AT_FDCWD, "missing", NULL, 0));
	report("utimensat(bad flags)", utimensat(AT_FDCWD, "f", NULL, 0x1));
	report("utimensat(bad times)", syscall(SYS_utimensat, AT_FDCWD, "f", unmapped_address(), 0));
	report("futimens(-1)", syscall(SYS_utimensat, -1, NULL, NULL, 0));
	need(symlink("f", "link"));
	times[0] = times[1] = (struct timespec){ 11, 12 };
	report("utimensat(link, NOFOLLOW)", utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
	say("  link %ld, file %ld", (long)attributes("link").st_mtime, (long)attributes("f").st_mtime);
	report("utimes", utimes("f", (struct timeval[2]){ { 100, 5 }, { 200, 6 } }));
	st = attributes("f");
	say("  atime %ld.%09ld, mtime %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		(long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

TEST(times_move_with_what_is_done)
{
	char byte;
	int fd;

	need(mkdir("d", 0755));
	make_file("d/f", "x");
	fd = need(open("d/f", O_RDWR));
	age("d/f");
	age("d");
	need(write(fd, "y", 1));
	say_which_times_moved("write", "d/f");
	say_which_times_moved("its folder", "d");
	age("d/f");
	need(write(fd, "", 0));
	say_which_times_moved("write of nothing", "d/f");
	age("d/f");
	need(ftruncate(fd, 2));
	say_which_times_moved("ftruncate to the same size", "d/f");
	age("d/f");
	need(truncate("d/f", 2));
	say_which_times_moved("truncate to the same size", "d/f");
	age("d/f");
	need(ftruncate(fd, 1));
	say_which_times_moved("ftruncate", "d/f");
	age("d/f");
	close(need(open("d/f", O_WRONLY | O_TRUNC)));
	say_which_times_moved("open(O_TRUNC)", "d/f");
	age("d/f");
	close(need(open("d/f", O_RDWR)));
	say_which_times_moved("open", "d/f");
	need(pwrite(fd, "z", 1, 0));
	age("d/f");
	int quiet = need(open("d/f", O_RDONLY | O_NOATIME));
	need(read(quiet, &byte, 1));
	say_which_times_moved("read with O_NOATIME", "d/f");
	age("d/f");
	need(chmod("d/f", 0600));
	say_which_times_moved("chmod", "d/f");
	age("d/f");
	need(link("d/f", "other"));
	say_which_times_moved("link", "d/f");
}

TEST(folder_times_move_with_their_names)
{
	need(mkdir("d", 0755));
	need(mkdir("e", 0755));
	age("d");
	make_file("d/f", "");
	say_which_times_moved("create", "d");
	age("d");
	make_file("d/f", "more");
	say_which_times_moved("write to a file in it", "d");
	age("d");
	need(mkdir("d/sub", 0755));
	say_which_times_moved("mkdir", "d");
	age("d");
	age("e");
	need(rename("d/f", "e/f"));
	say_which_times_moved("rename out of", "d");
	say_which_times_moved("rename into", "e");
	age("e");
	need(unlink("e/f"));
	say_which_times_moved("unlink", "e");
	age("d");
	need(rmdir("d/sub"));
	say_which_times_moved("rmdir", "d");
	age("d");
	need(symlink("x", "d/l"));
	say_which_times_moved("symlink", "d");
	age("d");
	report("rmdir of missing", rmdir("d/none"));
	say_which_times_moved("a failed call", "d");
}

TEST(ctime_cannot_be_set_and_moves_with_attributes)
{
	struct stat before, after;

	make_file("f", "");
	age("f");
	before = attributes("f");
	claim("ctime is recent", before.st_ctime > 1600000000);
	need(chmod("f", 0600));
	after = attributes("f");
	claim("ctime never goes back", after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
		(after.st_ctim.tv_sec == before.st_ctim.tv_sec && after.st_ctim.tv_nsec >= before.st_ctim.tv_nsec));
}

TEST(stat_tells_kind_size_and_blocks)
{
	struct stat st;
	int fds[2];

	make_file("f", "0123456789");
	need(symlink("f", "link"));
	report("stat(link)", stat("link", &st));
	say("  mode %o, size %ld, nlink %ld", st.st_mode, (long)st.st_size, (long)st.st_nlink);
	report("lstat(link)", lstat("link", &st));
	say("  mode %o, size %ld, nlink %ld", st.st_mode, (long)st.st_size, (long)st.st_nlink);
	report("stat(link/)", stat("link/", &st));
	report("stat(.)", stat(".", &st));
	claim("is a folder", S_ISDIR(st.st_mode));
	report("stat(missing)", stat("missing", &st));
	report("stat(\"\")", stat("", &st));
	report("stat(f/)", stat("f/", &st));
	report("stat(bad pointer)", syscall(SYS_stat, "f", unmapped_address()));
	report("stat(bad path)", syscall(SYS_stat, unmapped_address(), &st));
	report("fstat(-1)", syscall(SYS_fstat, -1, &st));
	report("fstatat(fd, \"\", AT_EMPTY_PATH)", fstatat(need(open("f", O_RDONLY)), "", &st, AT_EMPTY_PATH));
	say("  size %ld", (long)st.st_size);
	report("fstatat(AT_FDCWD, \"\", AT_EMPTY_PATH)", fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
	claim("is a folder", S_ISDIR(st.st_mode));
	report("fstatat(bad flags)", fstatat(AT_FDCWD, "f", &st, 0x8000));
	need(pipe(fds));
	report("fstat(pipe)", fstat(fds[0], &st));
	say("  mode %o, size %ld", st.st_mode, (long)st.st_size);
	report("stat(/dev/null)", stat("/dev/null", &st));
	say("  kind %o, device %d:%d", st.st_mode & S_IFMT, major(st.st_rdev), minor(st.st_rdev));
	report("stat(/dev/zero)", stat("/dev/zero", &st));
	say("  kind %o, device %d:%d", st.st_mode & S_IFMT, major(st.st_rdev), minor(st.st_rdev));
}

TEST(statx_fills_what_is_asked_for)
{
	struct statx sx;
	struct stat st;

	make_file("f", "0123456789");
	need(symlink("f", "link"));
	need(stat("f", &st));
	report("statx", statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx));
	claim("basic fields are filled", (sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	say("  mode %o, size %lld, nlink %u", sx.stx_mode, sx.stx_size, sx.stx_nlink);
	claim("same inode as stat", sx.stx_ino == st.st_ino);
	claim("same owner as stat", sx.stx_uid == st.st_uid && sx.stx_gid == st.st_gid);
	claim("same mtime as stat", sx.stx_mtime.tv_sec == st.st_mtim.tv_sec && sx.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
	claim("same device as stat", makedev(sx.stx_dev_major, sx.stx_dev_minor) == st.st_dev);
	report("statx(link, NOFOLLOW)", statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx));
	say("  mode %o, size %lld", sx.stx_mode, sx.stx_size);
	report("statx(missing)", statx(AT_FDCWD, "missing", 0, STATX_BASIC_STATS, &sx));
	report("statx(fd, EMPTY_PATH)", statx(need(open("f", O_RDONLY)), "", AT_EMPTY_PATH, STATX_SIZE, &sx));
	say("  size %lld", sx.stx_size);
	report("statx(\"\")", statx(AT_FDCWD, "", 0, STATX_BASIC_STATS, &sx));
	report("statx(bad flags)", statx(AT_FDCWD, "f", 0x1, STATX_BASIC_STATS, &sx));
	report("statx(reserved mask)", statx(AT_FDCWD, "f", 0, 0x80000000, &sx));
	report("statx(both sync flags)", statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &sx));
	report("statx(bad buffer)", syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_SIZE, unmapped_address()));
}

static void ask_for_access(void)
{
	static const mode_t modes[] = { 0, 0100, 0200, 0400, 0500, 0600, 0700, 0077 };

	need(chdir("open"));
	make_file("f", "");
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		need(chmod("f", modes[i]));
		say("  mode %04o: r %d, w %d, x %d, exists %d", modes[i], access("f", R_OK),
			access("f", W_OK), access("f", X_OK), access("f", F_OK));
	}
	report("access(bad mode)", access("f", 8));
	report("access(missing)", access("missing", R_OK));
	report("faccessat2(AT_EACCESS)", syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	need(symlink("nowhere", "dangling"));
	report("access(dangling)", access("dangling", F_OK));
	report("faccessat2(dangling, NOFOLLOW)",
		syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	report("faccessat2(bad flags)", syscall(SYS_faccessat2, AT_FDCWD, "f", F_OK, 0x1));
}

TEST(access_answers_by_mode_bits)
{
	need(mkdir("open", 0755));
	need(chmod("open", 0777));
	as_unprivileged(ask_for_access);
}

TEST(root_may_all_but_execute_what_nobody_may)
{
	if (!is_root()) {
		say("  needs root");
		return;
	}
	make_file("f", "");
	need(chmod("f", 0));
	report("access(R_OK)", access("f", R_OK));
	report("access(W_OK)", access("f", W_OK));
	report("access(X_OK)", access("f", X_OK));
	need(chmod("f", 0001));
	report("access(X_OK)", access("f", X_OK));
	need(mkdir("d", 0));
	report("access(d, X_OK)", access("d", X_OK));
}

TEST(access_uses_the_real_ids)
{
	if (!is_root()) {
		say("  needs root");
		return;
	}
	make_file("f", "");
	need(chmod("f", 0600));
	need(setresuid(1000, 0, 0));
	report("access", access("f", R_OK));
	report("faccessat2(AT_EACCESS)", syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	report_ok("open", open("f", O_RDONLY));
}

static void be_in_the_group(void)
{
	static const gid_t groups[] = { 100, 200 };

	need(setgroups(2, groups));
	need(setresgid(300, 300, 300));
	need(setresuid(1000, 1000, 1000));
	report_ok("open as group 300", open("own-group", O_RDONLY));
	report_ok("open as group 200", open("second-group", O_RDONLY));
	report_ok("open as group 400", open("foreign-group", O_RDONLY));
	report_ok("owner's bits come first", open("owned", O_RDONLY));
	report_ok("group's bits come before others'", open("others", O_RDONLY));
	_exit(0);
}

static void make_owned(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	make_file(path, "x");
	need(chown(path, uid, gid));
	need(chmod(path, mode));
}

TEST(groups_give_their_bits)
{
	pid_t child;

	if (!is_root()) {
		say("  needs root");
		return;
	}
	make_owned("own-group", 0, 300, 0640);
	make_owned("second-group", 0, 200, 0640);
	make_owned("foreign-group", 0, 400, 0640);
	make_owned("owned", 1000, 300, 0044);
	make_owned("others", 0, 300, 0604);
	child = need(fork());
	if (child == 0)
		be_in_the_group();
	report_exit("child", child);
}

TEST(umask_gives_the_old_mask)
{
	report("umask(077)", umask(077));
	report("umask(07777)", umask(07777));
	report("umask(022)", umask(022));
}

TEST(statfs_answers_for_files_and_descriptors)
{
	struct statfs fs;

	make_file("f", "");
	report("statfs(f)", statfs("f", &fs));
	report("name length", fs.f_namelen);
	claim("has a block size", fs.f_bsize > 0);
	report("statfs(missing)", statfs("missing", &fs));
	report("fstatfs", fstatfs(need(open("f", O_RDONLY)), &fs));
	report("fstatfs(-1)", fstatfs(-1, &fs));
	report("statfs(bad buffer)", syscall(SYS_statfs, "f", unmapped_address()));
}
