/* tests/linux/memfd.c: files in memory, seals, and files that have no name yet. */
#include "common.h"

#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/uio.h>

static int make(unsigned flags)
{
	return (int)need(memfd_create("test", flags));
}

static void say_map(const char *label, int prot, int flags, int fd)
{
	void *at = mmap(NULL, 4096, prot, flags, fd, 0);

	report(label, at == MAP_FAILED ? -1 : 0);
	if (at != MAP_FAILED)
		munmap(at, 4096);
}

TEST(memfd_is_a_file_without_a_name)
{
	int fd = make(MFD_CLOEXEC);
	char text[64] = "", path[64];
	struct stat st;

	report("F_GETFD", fcntl(fd, F_GETFD));
	report("F_GETFL", fcntl(fd, F_GETFL));
	need(fstat(fd, &st));
	say("  mode %o links %u size %ld uid %s", st.st_mode, (unsigned)st.st_nlink, (long)st.st_size,
		st.st_uid == geteuid() ? "mine" : "another's");
	report("write", write(fd, "hello", 5));
	report("pread", pread(fd, text, 64, 1));
	say("  %s", text);
	report("ftruncate", ftruncate(fd, 10000));
	need(fstat(fd, &st));
	say("  size %ld", (long)st.st_size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(text, 0, sizeof(text));
	report("readlink", readlink(path, text, sizeof(text) - 1));
	say("  %s", text);
	report("fchmod", fchmod(fd, 0640));
	need(fstat(fd, &st));
	say("  mode %o", st.st_mode);
}

TEST(memfd_checks_what_it_is_given)
{
	static char name[300];

	memset(name, 'x', 249);
	report_ok("249 bytes", memfd_create(name, 0));
	name[249] = 'x';
	report("250 bytes", memfd_create(name, 0));
	report("flags", memfd_create("x", 0x100));
	report("bad name", memfd_create(unmapped_address(), 0));
	report("bad name and flags", memfd_create(unmapped_address(), 0x100));
	report_ok("empty name", memfd_create("", 0));
	report_ok("name with slashes", memfd_create("a/b", 0));
}

TEST(memfd_can_be_opened_again)
{
	int fd = make(0), other;
	char path[64], c = 0;

	need(write(fd, "abc", 3));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = need(open(path, O_RDONLY));
	report("read", read(other, &c, 1));
	say("  %c", c);
	report("write to the read-only one", write(other, "x", 1));
	report("shared map of it", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0) == MAP_FAILED ? -1 : 0);
}

TEST(memfd_is_shared_by_mappings_and_forks)
{
	int fd = make(0);
	volatile char *at;
	pid_t child;
	char c;

	need(ftruncate(fd, 4096));
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	child = need(fork());
	if (!child) {
		at[7] = 'c';
		_exit(0);
	}
	report_exit("child", child);
	say("  %c", at[7]);
	need(pread(fd, &c, 1, 7));
	say("  %c", c);
}

TEST(memfd_without_permission_cannot_be_sealed)
{
	int fd = make(0);

	report("get", fcntl(fd, F_GET_SEALS));
	report("add", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
}

TEST(seals_are_for_memory_only)
{
	int fds[2], fd = make(MFD_ALLOW_SEALING), ro;
	char path[64];

	need(pipe(fds));
	report("get of a pipe", fcntl(fds[0], F_GET_SEALS));
	report("add to a pipe", fcntl(fds[1], F_ADD_SEALS, F_SEAL_GROW));
	report("get", fcntl(fd, F_GET_SEALS));
	report("unknown", fcntl(fd, F_ADD_SEALS, 0x1000));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = need(open(path, O_RDONLY));
	report("by a reader", fcntl(ro, F_ADD_SEALS, F_SEAL_GROW));
	report("closed", fcntl(99, F_GET_SEALS));
}

TEST(seal_shrink_and_grow_hold_the_size)
{
	int fd = make(MFD_ALLOW_SEALING);
	static char big[8192];

	need(ftruncate(fd, 4096));
	report("seal shrink", fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	report("shrink", ftruncate(fd, 100));
	report("grow", ftruncate(fd, 6000));
	report("seal grow", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	report("grow", ftruncate(fd, 7000));
	report("same", ftruncate(fd, 6000));
	report("write within", pwrite(fd, big, 100, 5900));
	report("write across", pwrite(fd, big, 101, 5900));
	report("write across pages", pwrite(fd, big, 8192, 0));
	report("write beyond", pwrite(fd, big, 10, 6000));
	report("fallocate beyond", fallocate(fd, 0, 0, 7000));
	report("fallocate beyond, keep size", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 7000));
	report("fallocate within", fallocate(fd, 0, 0, 6000));
	report("get", fcntl(fd, F_GET_SEALS));
}

TEST(seal_write_needs_that_nobody_maps_it)
{
	int fd = make(MFD_ALLOW_SEALING);
	char *at, *second;

	need(ftruncate(fd, 4096));
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	report("mapped", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	need(mprotect(at, 4096, PROT_READ));
	report("mapped, but now read-only", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(at, 4096);
	second = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	report("mapped privately", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	second[0] = 1;
	report("write", write(fd, "x", 1));
	report("pwrite", pwrite(fd, "x", 1, 0));
	report("write nothing", write(fd, "", 0));
	report("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	say_map("shared writable", PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	say_map("shared readable", PROT_READ, MAP_SHARED, fd);
	say_map("private writable", PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	report("grow", ftruncate(fd, 8192));
	report("get", fcntl(fd, F_GET_SEALS));
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		report("mprotect", mprotect(at, 4096, PROT_READ | PROT_WRITE));
}

TEST(seal_future_write_leaves_old_mappings)
{
	int fd = make(MFD_ALLOW_SEALING);
	char *at;

	need(ftruncate(fd, 4096));
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	report("seal", fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	at[0] = 'w';
	report("write", write(fd, "x", 1));
	say_map("shared writable", PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	say_map("shared readable", PROT_READ, MAP_SHARED, fd);
	report("get", fcntl(fd, F_GET_SEALS));
}

TEST(seal_seal_is_the_last)
{
	int fd = make(MFD_ALLOW_SEALING);

	report("seal", fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	report("another", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	report("none", fcntl(fd, F_ADD_SEALS, 0));
	report("get", fcntl(fd, F_GET_SEALS));
}

TEST(memfd_is_run_by_its_descriptor)
{
	static const char script[] = "#!/bin/sh\nexit 7\n";
	int fd = make(0);
	pid_t child;

	need(write(fd, script, sizeof(script) - 1));
	child = need(fork());
	if (!child) {
		char *argv[] = { "script", NULL }, *envp[] = { NULL };

		syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
		_exit(errno == ETXTBSY ? 100 : 101);
	}
	report_exit("open for writing", child);
}

/* ---- O_TMPFILE ---- */

static void count_names(const char *label)
{
	report(label, access("named", F_OK));
}

TEST(tmpfile_has_no_name_until_it_is_linked)
{
	char path[64], text[8] = "";
	struct stat st;
	int fd;

	need(chdir("/tmp"));
	unlink("/tmp/named");
	fd = need(open("/tmp", O_TMPFILE | O_RDWR, 0640));
	need(write(fd, "data", 4));
	need(fstat(fd, &st));
	say("  mode %o links %u size %ld", st.st_mode, (unsigned)st.st_nlink, (long)st.st_size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	report("linkat without following", linkat(AT_FDCWD, path, AT_FDCWD, "named", 0));
	report("linkat", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	count_names("named");
	need(fstat(fd, &st));
	say("  links %u", (unsigned)st.st_nlink);
	report("linkat again", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	report("another name", linkat(AT_FDCWD, path, AT_FDCWD, "named2", AT_SYMLINK_FOLLOW));
	close(fd);
	fd = need(open("named", O_RDONLY));
	need(read(fd, text, 4));
	say("  %s", text);
	need(unlink("named"));
	need(unlink("named2"));
	if (is_root())
		report("linkat after the last unlink", linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH));
}

TEST(tmpfile_by_empty_path)
{
	int fd;

	need(chdir("/tmp"));
	unlink("/tmp/named");
	fd = need(open("/tmp", O_TMPFILE | O_WRONLY, 0600));
	if (is_root())
		report("linkat", linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH));
	unlink("/tmp/named");
	report("without the flag", linkat(fd, "", AT_FDCWD, "named", 0));
}

TEST(tmpfile_with_excl_never_gets_a_name)
{
	char path[64];
	int fd = need(open("/tmp", O_TMPFILE | O_EXCL | O_RDWR, 0600));

	need(chdir("/tmp"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	report("linkat", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
}

TEST(tmpfile_checks_what_it_is_given)
{
	need(chdir("/tmp"));
	report("reader", open("/tmp", O_TMPFILE | O_RDONLY, 0600));
	report("with O_CREAT", open("/tmp", O_TMPFILE | O_RDWR | O_CREAT, 0600));
	report("without O_DIRECTORY", open("/tmp", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600));
	report("of a file", open("/dev/null", O_TMPFILE | O_RDWR, 0600));
	report("of nothing", open("/tmp/none/such", O_TMPFILE | O_RDWR, 0600));
}

TEST(tmpfile_obeys_the_umask)
{
	struct stat st;
	int fd;

	umask(027);
	fd = need(open("/tmp", O_TMPFILE | O_RDWR, 0666));
	need(fstat(fd, &st));
	say("  mode %o", st.st_mode);
}

static void open_in_locked(void)
{
	report("as nobody", open("/tmp/locked", O_TMPFILE | O_RDWR, 0600));
}

TEST(tmpfile_needs_a_writable_folder)
{
	mkdir("/tmp/locked", 0755);
	as_unprivileged(open_in_locked);
	rmdir("/tmp/locked");
}
