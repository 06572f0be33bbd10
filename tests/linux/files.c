/* tests/linux/files.c: opening, reading, writing and sharing plain files. */
#include "common.h"

#include <sys/uio.h>

#define GIB (1024L * 1024 * 1024)

static mode_t mode_of(const char *path)
{
	struct stat st;

	need(lstat(path, &st));
	return st.st_mode & 07777;
}

static long size_of(const char *path)
{
	struct stat st;

	need(stat(path, &st));
	return st.st_size;
}

static void report_open(const char *label, const char *path, int flags)
{
	int fd = report_ok(label, open(path, flags, 0644));

	if (fd >= 0)
		close(fd);
}

TEST(open_creates_only_when_asked)
{
	report_open("open(missing)", "missing", O_RDONLY);
	report_open("open(missing, O_WRONLY)", "missing", O_WRONLY);
	report_open("open(O_CREAT new)", "new", O_WRONLY | O_CREAT);
	report_open("open(O_CREAT existing)", "new", O_WRONLY | O_CREAT);
	report_open("open(O_CREAT|O_EXCL existing)", "new", O_WRONLY | O_CREAT | O_EXCL);
	report_open("open(O_CREAT|O_EXCL new)", "other", O_WRONLY | O_CREAT | O_EXCL);
	report_open("open(O_EXCL alone existing)", "new", O_RDONLY | O_EXCL);
	report_open("open(empty path)", "", O_RDONLY);
	report_open("open(O_CREAT empty path)", "", O_RDWR | O_CREAT);
	report_open("open(O_CREAT in missing folder)", "no/where", O_RDWR | O_CREAT);
}

TEST(open_gives_the_lowest_free_descriptor)
{
	int fds[4];

	make_file("f", "x");
	for (int i = 0; i < 4; i++)
		fds[i] = report("open", open("f", O_RDONLY));
	report("close second", close(fds[1]));
	report("close first", close(fds[0]));
	report("open", open("f", O_RDONLY));
	report("open", open("f", O_RDONLY));
	report("open", open("f", O_RDONLY));
	report("close twice", close(fds[3]));
	report("close twice", close(fds[3]));
	report("close(-1)", close(-1));
	report("close(100000)", close(100000));
}

TEST(creation_mode_is_cut_by_umask)
{
	static const mode_t masks[] = { 0, 022, 077, 0777, 0111 };
	static const mode_t modes[] = { 0777, 0666, 0600, 04755, 01777, 0 };
	char name[32];

	for (size_t i = 0; i < COUNT_OF(masks); i++)
		for (size_t k = 0; k < COUNT_OF(modes); k++) {
			umask(masks[i]);
			snprintf(name, sizeof(name), "f%zu-%zu", i, k);
			close(need(open(name, O_WRONLY | O_CREAT, modes[k])));
			say("  umask %04o, mode %05o gives %05o", masks[i], modes[k], mode_of(name));
		}
}

TEST(created_file_is_usable_whatever_its_mode)
{
	int fd = report_ok("open(O_RDWR|O_CREAT, 0)", open("f", O_RDWR | O_CREAT, 0));

	report("write", write(fd, "abc", 3));
	report("lseek", lseek(fd, 0, SEEK_SET));
	char buf[3];
	report("read", read(fd, buf, 3));
}

TEST(truncating_open_empties_the_file)
{
	make_file("f", "some bytes");
	report_open("open(O_TRUNC|O_WRONLY)", "f", O_WRONLY | O_TRUNC);
	report("size", size_of("f"));
	make_file("f", "some bytes");
	report_open("open(O_WRONLY)", "f", O_WRONLY);
	report("size", size_of("f"));
	report_open("open(O_TRUNC missing)", "missing", O_WRONLY | O_TRUNC);
	report_open("open(O_CREAT|O_TRUNC new)", "new", O_WRONLY | O_CREAT | O_TRUNC);
}

TEST(append_writes_at_the_end_wherever_the_offset_is)
{
	int fd, other;

	make_file("f", "start");
	fd = need(open("f", O_RDWR | O_APPEND));
	other = need(open("f", O_WRONLY));
	report("offset after open", lseek(fd, 0, SEEK_CUR));
	report("write", write(fd, "-one", 4));
	report("offset after write", lseek(fd, 0, SEEK_CUR));
	report("lseek to 0", lseek(fd, 0, SEEK_SET));
	report("write", write(fd, "-two", 4));
	report("pwrite at 0 appends too", pwrite(fd, "-three", 6, 0));
	report_contents("file", "f");
	report("offset", lseek(fd, 0, SEEK_CUR));
	need(lseek(other, 0, SEEK_END));
	need(write(other, "!", 1));
	need(write(fd, "?", 1));
	report_contents("file", "f");
	report("fcntl(F_SETFL, 0)", fcntl(fd, F_SETFL, 0));
	report("pwrite at 0", pwrite(fd, "S", 1, 0));
	report_contents("file", "f");
}

TEST(access_mode_limits_reading_and_writing)
{
	char byte = 'x';
	int reader, writer, bad;

	make_file("f", "abc");
	reader = need(open("f", O_RDONLY));
	writer = need(open("f", O_WRONLY));
	report("write to reader", write(reader, &byte, 1));
	report("read from writer", read(writer, &byte, 1));
	report("pwrite to reader", pwrite(reader, &byte, 1, 0));
	report("pread from writer", pread(writer, &byte, 1, 0));
	report("ftruncate reader", ftruncate(reader, 0));
	report("ftruncate writer", ftruncate(writer, 2));
	report("write 0 bytes to reader", write(reader, &byte, 0));
	report("read 0 bytes from reader", read(reader, &byte, 0));
	bad = report_ok("open(accmode 3)", open("f", 3));
	report("read with accmode 3", read(bad, &byte, 1));
	report("write with accmode 3", write(bad, &byte, 1));
	report("read(-1)", read(-1, &byte, 1));
	report("write(99)", write(99, &byte, 1));
}

TEST(folders_and_files_are_not_confused)
{
	make_file("file", "x");
	need(mkdir("dir", 0755));
	report_open("open(dir, O_RDONLY)", "dir", O_RDONLY);
	report_open("open(dir, O_WRONLY)", "dir", O_WRONLY);
	report_open("open(dir, O_RDWR)", "dir", O_RDWR);
	report_open("open(dir, O_RDONLY|O_CREAT)", "dir", O_RDONLY | O_CREAT);
	report_open("open(dir, O_RDONLY|O_TRUNC)", "dir", O_RDONLY | O_TRUNC);
	report_open("open(dir, O_CREAT|O_EXCL)", "dir", O_RDONLY | O_CREAT | O_EXCL);
	report_open("open(dir, O_DIRECTORY)", "dir", O_RDONLY | O_DIRECTORY);
	report_open("open(file, O_DIRECTORY)", "file", O_RDONLY | O_DIRECTORY);
	report_open("open(missing, O_DIRECTORY)", "missing", O_RDONLY | O_DIRECTORY);
	report_open("open(file/)", "file/", O_RDONLY);
	report_open("open(file/.)", "file/.", O_RDONLY);
	report_open("open(file/..)", "file/..", O_RDONLY);
	report_open("open(file/x)", "file/x", O_RDONLY);
	report_open("open(dir/)", "dir/", O_RDONLY);
	report_open("open(dir//)", "dir//", O_RDONLY);
	report_open("open(dir/., O_CREAT)", "dir/.", O_RDONLY | O_CREAT);
	report_open("open(./dir/../file)", "./dir/../file", O_RDONLY);
	report_open("open(new/, O_CREAT)", "new/", O_RDWR | O_CREAT);
	report_open("open(file/, O_CREAT)", "file/", O_RDWR | O_CREAT);
	report_open("open(missing/../file)", "missing/../file", O_RDONLY);
	report_open("open(.)", ".", O_RDONLY);
	report_open("open(/)", "/", O_RDONLY);
	report_open("open(///)", "///", O_RDONLY);
	report_open("open(/..)", "/..", O_RDONLY);
}

TEST(reading_a_folder_as_a_file_gives_eisdir)
{
	char buf[16];
	int fd;

	need(mkdir("dir", 0755));
	fd = need(open("dir", O_RDONLY));
	report("read", read(fd, buf, sizeof(buf)));
	report("pread", pread(fd, buf, sizeof(buf), 0));
	report("write", write(fd, buf, 1));
	report("ftruncate", ftruncate(fd, 0));
	report("truncate", truncate("dir", 0));
}

TEST(symlinks_are_followed_unless_refused)
{
	make_file("file", "target");
	need(mkdir("dir", 0755));
	need(symlink("file", "link"));
	need(symlink("dir", "dirlink"));
	need(symlink("nowhere", "dangling"));
	need(symlink("loop-b", "loop-a"));
	need(symlink("loop-a", "loop-b"));
	need(symlink("self", "self"));
	report_open("open(link)", "link", O_RDONLY);
	report_open("open(link, O_NOFOLLOW)", "link", O_RDONLY | O_NOFOLLOW);
	report_open("open(file, O_NOFOLLOW)", "file", O_RDONLY | O_NOFOLLOW);
	report_open("open(dirlink, O_DIRECTORY)", "dirlink", O_RDONLY | O_DIRECTORY);
	report_open("open(dirlink, O_DIRECTORY|O_NOFOLLOW)", "dirlink", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	report_open("open(dirlink/, O_NOFOLLOW)", "dirlink/", O_RDONLY | O_NOFOLLOW);
	report_open("open(dangling)", "dangling", O_RDONLY);
	report_open("open(dangling, O_CREAT|O_EXCL)", "dangling", O_RDWR | O_CREAT | O_EXCL);
	report_open("open(loop)", "loop-a", O_RDONLY);
	report_open("open(loop, O_CREAT)", "loop-a", O_RDWR | O_CREAT);
	report_open("open(self)", "self", O_RDONLY);
	report_open("open(self/x)", "self/x", O_RDONLY);
	report_open("open(link, O_CREAT|O_EXCL)", "link", O_RDWR | O_CREAT | O_EXCL);
	report_open("open(dangling, O_CREAT)", "dangling", O_RDWR | O_CREAT);
	report_contents("what the dangling link named", "nowhere");
}

TEST(forty_links_are_followed_and_forty_one_are_not)
{
	char from[16], to[16];

	make_file("l0", "end");
	for (int i = 1; i <= 41; i++) {
		snprintf(from, sizeof(from), "l%d", i);
		snprintf(to, sizeof(to), "l%d", i - 1);
		need(symlink(to, from));
	}
	report_open("open(40 links)", "l40", O_RDONLY);
	report_open("open(41 links)", "l41", O_RDONLY);
}

TEST(path_descriptors_only_name_a_file)
{
	struct stat st;
	char byte;
	int fd;

	make_file("f", "abc");
	need(symlink("f", "link"));
	fd = report_ok("open(O_PATH)", open("f", O_PATH));
	report("read", read(fd, &byte, 1));
	report("write", write(fd, "x", 1));
	report("lseek", lseek(fd, 0, SEEK_SET));
	report("fchmod", fchmod(fd, 0600));
	report("ftruncate", ftruncate(fd, 0));
	report("fsync", fsync(fd));
	report("fstat", fstat(fd, &st));
	report("size", st.st_size);
	say("  F_GETFL is O_PATH: %s", fcntl(fd, F_GETFL) & O_PATH ? "yes" : "no");
	report_ok("dup", dup(fd));
	fd = report_ok("open(link, O_PATH|O_NOFOLLOW)", open("link", O_PATH | O_NOFOLLOW));
	need(fstat(fd, &st));
	claim("is a symlink", S_ISLNK(st.st_mode));
	char target[8] = "";
	report("readlinkat(fd, \"\")", readlinkat(fd, "", target, sizeof(target)));
	report("openat(O_PATH file, x)", openat(fd, "x", O_RDONLY));
}

TEST(path_descriptor_of_a_folder_serves_as_dirfd)
{
	int fd;

	need(mkdir("dir", 0755));
	make_file("dir/f", "abc");
	fd = need(open("dir", O_PATH | O_DIRECTORY));
	report_ok("openat(O_PATH dir, f)", openat(fd, "f", O_RDONLY));
	report("fchdir", fchdir(fd));
	report("access", access("f", F_OK));
}

TEST(openat_starts_at_its_folder)
{
	int dir, file;

	need(mkdir("dir", 0755));
	make_file("dir/f", "inside");
	make_file("f", "outside");
	dir = need(open("dir", O_RDONLY));
	file = need(open("f", O_RDONLY));
	report_ok("openat(dir, f)", openat(dir, "f", O_RDONLY));
	report_ok("openat(dir, ../f)", openat(dir, "../f", O_RDONLY));
	report("openat(dir, missing)", openat(dir, "missing", O_RDONLY));
	report("openat(file, f)", openat(file, "f", O_RDONLY));
	report("openat(-1, f)", openat(-1, "f", O_RDONLY));
	report("openat(77, f)", openat(77, "f", O_RDONLY));
	report_ok("openat(AT_FDCWD, f)", openat(AT_FDCWD, "f", O_RDONLY));
	report_ok("openat(-1, /)", openat(-1, "/", O_RDONLY));
	report("openat(dir, \"\")", openat(dir, "", O_RDONLY));
}

TEST(names_are_255_bytes_and_paths_4095)
{
	char name[300], path[5000];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	report_open("open(255 bytes, O_CREAT)", name, O_WRONLY | O_CREAT);
	name[255] = 'n';
	name[256] = '\0';
	report_open("open(256 bytes)", name, O_RDONLY);
	report_open("open(256 bytes, O_CREAT)", name, O_WRONLY | O_CREAT);
	make_file("f", "");
	for (size_t i = 0; i < 4096; i += 2)
		memcpy(path + i, "./", 2);
	memcpy(path + 4094, "f", 2);
	report_open("open(4095 bytes)", path, O_RDONLY);
	memcpy(path + 4094, "/f", 3);
	report_open("open(4096 bytes)", path, O_RDONLY);
	report("mkdir(256 bytes)", mkdir(name, 0755));
	report("symlink(256 bytes)", symlink("x", name));
	report("stat(256 bytes/x)", access(strcat(name, "/x"), F_OK));
}

static void meet_permission_bits(void)
{
	need(chdir("open"));
	make_file("none", "x");
	make_file("read", "x");
	make_file("write", "x");
	need(mkdir("closed", 0700));
	make_file("closed/f", "x");
	need(mkdir("noread", 0700));
	need(chmod("none", 0));
	need(chmod("read", 0444));
	need(chmod("write", 0222));
	need(chmod("closed", 0600));
	need(chmod("noread", 0300));
	report_open("open(none, O_RDONLY)", "none", O_RDONLY);
	report_open("open(none, O_PATH)", "none", O_PATH);
	report_open("open(read, O_RDONLY)", "read", O_RDONLY);
	report_open("open(read, O_RDWR)", "read", O_RDWR);
	report_open("open(read, O_TRUNC)", "read", O_RDONLY | O_TRUNC);
	report_open("open(write, O_WRONLY)", "write", O_WRONLY);
	report_open("open(write, O_RDONLY)", "write", O_RDONLY);
	report_open("open(closed/f)", "closed/f", O_RDONLY);
	report_open("open(closed/missing)", "closed/missing", O_RDONLY);
	report_open("open(closed)", "closed", O_RDONLY);
	report_open("open(noread)", "noread", O_RDONLY);
	report_open("open(noread/f, O_CREAT)", "noread/f", O_RDWR | O_CREAT);
	report_open("open(noread/f)", "noread/f", O_RDONLY);
	report("chdir(closed)", chdir("closed"));
	report("unlink(closed/f)", unlink("closed/f"));
	need(chmod("closed", 0500));
	report_open("open(read-only folder/new, O_CREAT)", "closed/new", O_RDWR | O_CREAT);
	report("unlink in read-only folder", unlink("closed/f"));
}

TEST(permission_bits_are_checked_for_others_than_root)
{
	need(mkdir("open", 0777));
	need(chmod("open", 0777));
	as_unprivileged(meet_permission_bits);
}

TEST(read_advances_and_stops_at_the_end)
{
	char buf[8];
	int fd;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDONLY));
	report("read 4", read(fd, buf, 4));
	say_bytes("got", buf, 4);
	report("read 8", read(fd, buf, 8));
	say_bytes("got", buf, 6);
	report("read 8 at the end", read(fd, buf, 8));
	report("lseek beyond", lseek(fd, 100, SEEK_SET));
	report("read beyond", read(fd, buf, 8));
	report("read(NULL, 0)", read(fd, NULL, 0));
}

TEST(positioned_calls_leave_the_offset_alone)
{
	char buf[8];
	int fd;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	need(lseek(fd, 2, SEEK_SET));
	report("pread at 5", pread(fd, buf, 3, 5));
	say_bytes("got", buf, 3);
	report("pread at 8", pread(fd, buf, 8, 8));
	report("pread at 10", pread(fd, buf, 8, 10));
	report("pread at -1", pread(fd, buf, 1, -1));
	report("pwrite at 12", pwrite(fd, "xy", 2, 12));
	report("pwrite at -1", pwrite(fd, "xy", 2, -1));
	report("offset", lseek(fd, 0, SEEK_CUR));
	report_contents("file", "f");
}

TEST(vectored_calls_gather_and_scatter)
{
	char a[4] = "", b[4] = "", c[4] = "";
	struct iovec out[] = { { "one", 3 }, { "", 0 }, { "two", 3 }, { "three", 5 } };
	struct iovec in[] = { { a, 2 }, { b, 4 }, { c, 3 } };
	struct iovec negative[2] = { { a, 1 }, { b, (size_t)-1 } };
	int fd = need(open("f", O_RDWR | O_CREAT, 0644));

	report("writev", writev(fd, out, 4));
	report("lseek", lseek(fd, 0, SEEK_SET));
	report("readv", readv(fd, in, 3));
	say_bytes("first", a, 2);
	say_bytes("second", b, 4);
	say_bytes("third", c, 3);
	report("readv short", readv(fd, in, 3));
	report("readv at end", readv(fd, in, 3));
	report("preadv at 3", preadv(fd, in, 2, 3));
	say_bytes("second", b, 4);
	report("pwritev at 8", pwritev(fd, out, 3, 8));
	report_contents("file", "f");
	report("readv(0 vectors)", readv(fd, in, 0));
	report("readv(-1 vectors)", readv(fd, in, -1));
	report("readv(1025 vectors)", syscall(SYS_readv, fd, in, 1025));
	report("writev(negative length)", syscall(SYS_writev, fd, negative, 2));
	report("readv(bad array)", syscall(SYS_readv, fd, unmapped_address(), 1));
	report("writev(99)", writev(99, out, 1));
}

TEST(partial_writes_happen_up_to_a_bad_page)
{
	struct iovec out[] = { { "good", 4 }, { unmapped_address(), 4 } };
	int fd = need(open("f", O_RDWR | O_CREAT, 0644));

	report("write(bad pointer)", write(fd, unmapped_address(), 4));
	report("read(bad pointer) at end", read(fd, unmapped_address(), 4));
	report("writev(good, bad)", writev(fd, out, 2));
	report_contents("file", "f");
	need(lseek(fd, 0, SEEK_SET));
	report("read(bad pointer)", read(fd, unmapped_address(), 4));
	report("read(kernel pointer)", read(fd, KERNEL_ADDRESS, 4));
	report("write(kernel pointer)", write(fd, KERNEL_ADDRESS, 4));
}

TEST(lseek_checks_where_it_goes)
{
	int fd, pipe_fds[2];

	make_file("f", "0123456789");
	fd = need(open("f", O_RDONLY));
	report("SEEK_SET 3", lseek(fd, 3, SEEK_SET));
	report("SEEK_CUR 4", lseek(fd, 4, SEEK_CUR));
	report("SEEK_CUR -7", lseek(fd, -7, SEEK_CUR));
	report("SEEK_CUR -1", lseek(fd, -1, SEEK_CUR));
	report("SEEK_END -2", lseek(fd, -2, SEEK_END));
	report("SEEK_END -11", lseek(fd, -11, SEEK_END));
	report("SEEK_END 100", lseek(fd, 100, SEEK_END));
	report("SEEK_SET -1", lseek(fd, -1, SEEK_SET));
	report("whence 9", lseek(fd, 0, 9));
	report("whence -1", lseek(fd, 0, -1));
	report("offset is unchanged", lseek(fd, 0, SEEK_CUR));
	need(pipe(pipe_fds));
	report("lseek(pipe)", lseek(pipe_fds[0], 0, SEEK_CUR));
	report("lseek(-1)", lseek(-1, 0, SEEK_SET));
}

TEST(seek_data_and_hole_know_the_end)
{
	int fd;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDONLY));
	report("SEEK_DATA 0", lseek(fd, 0, SEEK_DATA));
	report("SEEK_DATA 5", lseek(fd, 5, SEEK_DATA));
	report("SEEK_HOLE 0", lseek(fd, 0, SEEK_HOLE));
	report("SEEK_HOLE 9", lseek(fd, 9, SEEK_HOLE));
	report("SEEK_DATA 10", lseek(fd, 10, SEEK_DATA));
	report("SEEK_HOLE 10", lseek(fd, 10, SEEK_HOLE));
	report("SEEK_DATA 11", lseek(fd, 11, SEEK_DATA));
	report("SEEK_HOLE 11", lseek(fd, 11, SEEK_HOLE));
	report("SEEK_DATA -1", lseek(fd, -1, SEEK_DATA));
}

TEST(sparse_files_reach_beyond_four_gib)
{
	char buf[8];
	struct stat st;
	int fd = need(open("f", O_RDWR | O_CREAT, 0644));

	report("pwrite at 4 GiB + 1", pwrite(fd, "far", 3, 4 * GIB + 1));
	report("size", size_of("f"));
	report("lseek to 4 GiB", lseek(fd, 4 * GIB, SEEK_SET));
	report("read", read(fd, buf, sizeof(buf)));
	say_bytes("got", buf, 4);
	report("pread in the hole", pread(fd, buf, 4, 2 * GIB));
	say_bytes("got", buf, 4);
	need(stat("f", &st));
	claim("takes less than 1 MiB", st.st_blocks < 2048);
	report("write crosses 2 GiB", pwrite(fd, "abcdef", 6, 2 * GIB - 3));
	report("pread back", pread(fd, buf, 6, 2 * GIB - 3));
	say_bytes("got", buf, 6);
	report("ftruncate to 5", ftruncate(fd, 5));
	report("size", size_of("f"));
	report("offset stays", lseek(fd, 0, SEEK_CUR));
}

TEST(truncate_cuts_and_extends_with_zeroes)
{
	int fd;

	make_file("f", "0123456789");
	report("truncate(4)", truncate("f", 4));
	report_contents("file", "f");
	report("truncate(8)", truncate("f", 8));
	report_contents("file", "f");
	report("truncate(-1)", truncate("f", -1));
	report("truncate(missing)", truncate("missing", 0));
	report("truncate(.)", truncate(".", 0));
	report("truncate(f/x)", truncate("f/x", 0));
	report("truncate(\"\")", truncate("", 0));
	fd = need(open("f", O_RDWR));
	report("ftruncate(6)", ftruncate(fd, 6));
	report("ftruncate(-1)", ftruncate(fd, -1));
	report("ftruncate(-1 fd)", ftruncate(-1, 0));
	report_contents("file", "f");
	report("write after cut keeps zeroes", pwrite(fd, "Z", 1, 9));
	report_contents("file", "f");
}

TEST(cut_bytes_do_not_come_back)
{
	char block[9000], back[9000];
	int fd = need(open("f", O_RDWR | O_CREAT, 0644));
	size_t nonzero = 0;

	memset(block, 'B', sizeof(block));
	report("write 9000", write(fd, block, sizeof(block)));
	report("ftruncate 100", ftruncate(fd, 100));
	report("ftruncate 9000", ftruncate(fd, 9000));
	report("pread 9000", pread(fd, back, sizeof(back), 0));
	for (size_t i = 0; i < sizeof(back); i++)
		nonzero += back[i] != 0;
	report("bytes that are not zero", nonzero);
}

TEST(duplicates_share_offset_and_flags)
{
	char buf[4];
	int fd, copy;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	copy = report("dup", dup(fd));
	need(read(fd, buf, 3));
	report("offset of copy", lseek(copy, 0, SEEK_CUR));
	report("F_SETFL O_APPEND on copy", fcntl(copy, F_SETFL, O_APPEND));
	claim("original appends", fcntl(fd, F_GETFL) & O_APPEND);
	report("close original", close(fd));
	report("read copy", read(copy, buf, 3));
	say_bytes("got", buf, 3);
	report("dup(-1)", dup(-1));
	report("dup(closed)", dup(fd));
}

TEST(dup2_and_dup3_replace_their_target)
{
	char buf[4];
	int fd, other;

	make_file("f", "file f");
	make_file("g", "file g");
	fd = need(open("f", O_RDONLY));
	other = need(open("g", O_RDONLY));
	report("dup2(f, g)", dup2(fd, other));
	report("read", read(other, buf, 4));
	report("dup2(f, f)", dup2(fd, fd));
	report("dup2(closed, closed)", dup2(50, 50));
	report("dup2(f, 30)", dup2(fd, 30));
	report("dup2(f, -1)", dup2(fd, -1));
	report("dup2(f, 1 << 30)", dup2(fd, 1 << 30));
	report("dup2(-1, f)", dup2(-1, fd));
	report("f still open", lseek(fd, 0, SEEK_CUR));
	report("dup3(f, f)", dup3(fd, fd, 0));
	report("dup3(f, 31, O_CLOEXEC)", dup3(fd, 31, O_CLOEXEC));
	report("F_GETFD of 31", fcntl(31, F_GETFD));
	report("F_GETFD of 30", fcntl(30, F_GETFD));
	report("dup3(f, 32, bad flags)", dup3(fd, 32, O_APPEND));
}

TEST(fcntl_duplicates_from_a_minimum)
{
	int fd;

	make_file("f", "x");
	fd = need(open("f", O_RDONLY | O_CLOEXEC));
	report("F_GETFD", fcntl(fd, F_GETFD));
	report("F_DUPFD 10", fcntl(fd, F_DUPFD, 10));
	report("F_GETFD of 10", fcntl(10, F_GETFD));
	report("F_DUPFD 10", fcntl(fd, F_DUPFD, 10));
	report("F_DUPFD_CLOEXEC 0", fcntl(fd, F_DUPFD_CLOEXEC, 0));
	report("F_GETFD of it", fcntl(4, F_GETFD));
	report("F_DUPFD -1", fcntl(fd, F_DUPFD, -1));
	report("F_DUPFD 1 << 30", fcntl(fd, F_DUPFD, 1 << 30));
	report("F_SETFD FD_CLOEXEC", fcntl(10, F_SETFD, FD_CLOEXEC));
	report("F_GETFD", fcntl(10, F_GETFD));
	report("F_SETFD 0", fcntl(10, F_SETFD, 0));
	report("F_GETFD", fcntl(10, F_GETFD));
	report("fcntl(-1)", fcntl(-1, F_GETFD));
	report("fcntl(unknown)", fcntl(fd, 9999, 0));
}

TEST(status_flags_show_how_a_file_was_opened)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND, O_RDONLY | O_NONBLOCK,
		O_RDWR | O_CREAT | O_TRUNC, O_RDONLY | O_CLOEXEC, O_RDWR | O_SYNC, O_RDWR | O_DSYNC,
		O_RDONLY | O_NOFOLLOW, O_RDONLY | O_NOATIME,
	};

	make_file("f", "x");
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		int fd = need(open("f", flags[i], 0644));

		say("  open(%#o): F_GETFL %#o, F_GETFD %d", flags[i],
			fcntl(fd, F_GETFL) & ~0100000, fcntl(fd, F_GETFD));
		close(fd);
	}
}

TEST(setfl_changes_only_what_may_change)
{
	int fd;

	make_file("f", "x");
	fd = need(open("f", O_RDONLY));
	report("F_SETFL all", fcntl(fd, F_SETFL, O_WRONLY | O_APPEND | O_NONBLOCK | O_CREAT | O_TRUNC | O_EXCL));
	say("  F_GETFL %#o", fcntl(fd, F_GETFL) & ~0100000);
	report("F_SETFL 0", fcntl(fd, F_SETFL, 0));
	say("  F_GETFL %#o", fcntl(fd, F_GETFL) & ~0100000);
}

TEST(close_range_closes_what_it_names)
{
	make_file("f", "x");
	for (int fd = 3; fd < 10; fd++)
		need(open("f", O_RDONLY));
	report("close_range(5, 7)", close_range(5, 7, 0));
	for (int fd = 3; fd < 10; fd++)
		say("  fd %d: %s", fd, fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
	report("close_range(7, 5)", close_range(7, 5, 0));
	report("close_range(8, ~0, CLOEXEC)", close_range(8, ~0U, CLOSE_RANGE_CLOEXEC));
	report("F_GETFD of 9", fcntl(9, F_GETFD));
	report("F_GETFD of 4", fcntl(4, F_GETFD));
	report("close_range(bad flags)", close_range(5, 7, 0x80));
}

TEST(unlinked_file_lives_until_it_is_closed)
{
	struct stat st;
	char buf[8];
	int fd;

	make_file("f", "still");
	fd = need(open("f", O_RDWR));
	report("unlink", unlink("f"));
	report("open again", open("f", O_RDONLY));
	report("read", read(fd, buf, 8));
	report("write", write(fd, " here", 5));
	report("fstat", fstat(fd, &st));
	report("nlink", st.st_nlink);
	report("size", st.st_size);
	make_file("f", "new");
	report("pread", pread(fd, buf, 8, 0));
	say_bytes("old file", buf, 8);
	report_contents("new file", "f");
}

TEST(two_opens_see_one_file)
{
	char buf[8];
	int writer = need(open("f", O_WRONLY | O_CREAT, 0644));
	int reader = need(open("f", O_RDONLY));

	report("read empty", read(reader, buf, 8));
	report("write", write(writer, "hello", 5));
	report("read", read(reader, buf, 8));
	say_bytes("got", buf, 5);
	report("ftruncate", ftruncate(writer, 0));
	report("read after cut", read(reader, buf, 8));
	report("offset of reader", lseek(reader, 0, SEEK_CUR));
	report("write beyond the cut", write(writer, "x", 1));
	report("size", size_of("f"));
	report_contents("file", "f");
}

TEST(sync_calls_accept_files_only)
{
	int fds[2], fd;

	make_file("f", "x");
	fd = need(open("f", O_RDONLY));
	need(pipe(fds));
	report("fsync(file)", fsync(fd));
	report("fdatasync(file)", fdatasync(fd));
	report("fsync(pipe)", fsync(fds[0]));
	report("fsync(-1)", fsync(-1));
	report("syncfs(-1)", syncfs(-1));
}

TEST(sendfile_copies_between_files)
{
	off_t offset = 2;
	int in, out;

	make_file("in", "0123456789");
	in = need(open("in", O_RDONLY));
	out = need(open("out", O_RDWR | O_CREAT, 0644));
	report("sendfile(offset 2, 4)", syscall(SYS_sendfile, out, in, &offset, 4));
	report("offset", offset);
	report("in's own offset", lseek(in, 0, SEEK_CUR));
	report("sendfile(NULL, 100)", syscall(SYS_sendfile, out, in, NULL, 100));
	report("in's own offset", lseek(in, 0, SEEK_CUR));
	report("sendfile at end", syscall(SYS_sendfile, out, in, NULL, 100));
	report_contents("out", "out");
	report("sendfile(out read-only)", syscall(SYS_sendfile, in, in, NULL, 1));
	report("sendfile(-1)", syscall(SYS_sendfile, -1, in, NULL, 1));
	report("sendfile(bad offset pointer)", syscall(SYS_sendfile, out, in, unmapped_address(), 1));
}

TEST(large_writes_and_reads_keep_every_byte)
{
	size_t len = 3 * 1024 * 1024 + 17, wrong = 0;
	unsigned char *block = malloc(len), *back = malloc(len);
	int fd = need(open("f", O_RDWR | O_CREAT, 0644));

	for (size_t i = 0; i < len; i++)
		block[i] = i * 7 + i / 4096;
	report("write", write(fd, block, len));
	report("pread", pread(fd, back, len, 0));
	claim("same", !memcmp(block, back, len));
	report("lseek", lseek(fd, 0, SEEK_SET));
	for (size_t at = 0; at < len; ) {
		ssize_t got = read(fd, back, 4097);

		if (got <= 0)
			break;
		wrong += memcmp(back, block + at, got) != 0;
		at += got;
	}
	report("odd-sized pieces that differ", wrong);
}

TEST(fallocate_reserves_and_extends)
{
	int fd, reader, fds[2];

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	reader = need(open("f", O_RDONLY));
	need(pipe(fds));
	report("within the file", fallocate(fd, 0, 0, 5));
	report("size", size_of("f"));
	report("beyond the end", fallocate(fd, 0, 8, 10));
	report("size", size_of("f"));
	report_contents("file", "f");
	report("FALLOC_FL_KEEP_SIZE", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100));
	report("size", size_of("f"));
	report("length 0", fallocate(fd, 0, 0, 0));
	report("offset -1", fallocate(fd, 0, -1, 5));
	report("too large", fallocate(fd, 0, LONG_MAX - 5, 10));
	report("unknown mode", fallocate(fd, 0x8000, 0, 5));
	report("reader", fallocate(reader, 0, 0, 5));
	report("pipe", fallocate(fds[1], 0, 0, 5));
	report("folder", fallocate(need(open(".", O_RDONLY)), 0, 0, 5));
	report("closed", fallocate(-1, 0, 0, 5));
}
