/* tests/linux/splice.c: splice, tee, vmsplice, sendfile, copy_file_range, and holes. */
#include "common.h"

#include <linux/falloc.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static void drain(const char *label, int fd)
{
	char text[64];
	ssize_t n;

	need(fcntl(fd, F_SETFL, O_NONBLOCK));
	n = read(fd, text, sizeof(text));
	if (n < 0)
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say_bytes(label, text, (size_t)n);
	need(fcntl(fd, F_SETFL, 0));
}

TEST(splice_moves_from_a_file_into_a_pipe)
{
	int fds[2], file;
	loff_t offset = 3;

	need(pipe(fds));
	make_file("f", "0123456789");
	file = need(open("f", O_RDONLY));
	report("at the position", splice(file, NULL, fds[1], NULL, 4, 0));
	drain("got", fds[0]);
	report("position", lseek(file, 0, SEEK_CUR));
	report("at an offset", splice(file, &offset, fds[1], NULL, 100, SPLICE_F_MOVE | SPLICE_F_MORE));
	say("  offset %ld", (long)offset);
	drain("got", fds[0]);
	report("position", lseek(file, 0, SEEK_CUR));
	report("at the end", splice(file, &offset, fds[1], NULL, 100, 0));
}

TEST(splice_moves_from_a_pipe_into_a_file)
{
	int fds[2], file;
	loff_t offset = 2;

	need(pipe(fds));
	make_file("f", "..........");
	file = need(open("f", O_RDWR));
	need(write(fds[1], "abcdefgh", 8));
	report("at the position", splice(fds[0], NULL, file, NULL, 2, 0));
	report("at an offset", splice(fds[0], NULL, file, &offset, 3, 0));
	say("  offset %ld", (long)offset);
	report("position", lseek(file, 0, SEEK_CUR));
	report_contents("f", "f");
	report("the rest", splice(fds[0], NULL, file, NULL, 100, 0));
	report_contents("f", "f");
	report("nonblock, empty", splice(fds[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK));
	close(fds[1]);
	report("hung up", splice(fds[0], NULL, file, NULL, 1, 0));
}

TEST(splice_moves_between_pipes)
{
	int a[2], b[2];

	need(pipe(a));
	need(pipe(b));
	need(write(a[1], "abcdefgh", 8));
	report("part", splice(a[0], NULL, b[1], NULL, 3, 0));
	report("rest", splice(a[0], NULL, b[1], NULL, 100, 0));
	drain("b", b[0]);
	report("empty", splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK));
	close(a[1]);
	report("hung up", splice(a[0], NULL, b[1], NULL, 1, 0));
}

TEST(tee_copies_without_taking)
{
	int a[2], b[2];

	need(pipe(a));
	need(pipe(b));
	need(write(a[1], "abcdef", 6));
	report("four", tee(a[0], b[1], 4, 0));
	drain("b", b[0]);
	drain("a", a[0]);
	need(write(a[1], "gh", 2));
	report("all", tee(a[0], b[1], 100, 0));
	need(write(a[1], "ij", 2));
	need(write(b[1], "kl", 2));
	drain("b", b[0]);
	drain("a", a[0]);
	report("empty", tee(a[0], b[1], 1, SPLICE_F_NONBLOCK));
	report("same pipe", tee(a[0], a[1], 1, 0));
	close(a[1]);
	report("hung up", tee(a[0], b[1], 1, 0));
}

TEST(splice_stops_when_the_pipe_is_full)
{
	static char big[100000];
	int fds[2], file = need(open("f", O_CREAT | O_RDWR, 0644));

	need(pipe(fds));
	need(write(file, big, sizeof(big)));
	need(lseek(file, 0, SEEK_SET));
	report("fill", splice(file, NULL, fds[1], NULL, sizeof(big), 0));
	report("full", splice(file, NULL, fds[1], NULL, sizeof(big), SPLICE_F_NONBLOCK));
	report("position", lseek(file, 0, SEEK_CUR));
}

static void *read_all(void *fd)
{
	char buf[5000];
	long sum = 0;
	ssize_t n;

	while ((n = read(*(int *)fd, buf, sizeof(buf))) > 0)
		sum += n;
	return (void *)sum;
}

TEST(splice_waits_for_room)
{
	static char big[300000];
	int fds[2], file = need(open("f", O_CREAT | O_RDWR, 0644));
	long left = sizeof(big);
	pthread_t t;
	void *sum;

	need(pipe(fds));
	need(write(file, big, sizeof(big)));
	need(lseek(file, 0, SEEK_SET));
	pthread_create(&t, NULL, read_all, &fds[0]);
	while (left > 0)
		left -= need(splice(file, NULL, fds[1], NULL, (size_t)left, 0));
	close(fds[1]);
	pthread_join(t, &sum);
	say("  %ld bytes", (long)sum);
}

TEST(splice_to_a_closed_reader_is_epipe)
{
	int fds[2], file;

	make_file("f", "x");
	file = need(open("f", O_RDONLY));
	need(pipe(fds));
	close(fds[0]);
	on_signal(SIGPIPE, count_signal, 0);
	report("splice", splice(file, NULL, fds[1], NULL, 1, 0));
	say("  caught %d", caught);
}

TEST(splice_through_a_socket)
{
	int fds[2], pair[2];

	need(pipe(fds));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(write(pair[0], "through", 7));
	report("socket to pipe", splice(pair[1], NULL, fds[1], NULL, 100, 0));
	report("pipe to socket", splice(fds[0], NULL, pair[1], NULL, 100, 0));
	drain("got", pair[0]);
	need(fcntl(pair[1], F_SETFL, O_NONBLOCK));
	report("nothing there", splice(pair[1], NULL, fds[1], NULL, 100, 0));
}

TEST(splice_checks_what_it_is_given)
{
	int fds[2], file, event = need(eventfd(0, 0)), append, ro;
	loff_t offset = 0, negative = -1;

	need(pipe(fds));
	make_file("f", "text");
	file = need(open("f", O_RDWR));
	append = need(open("f", O_WRONLY | O_APPEND));
	ro = need(open("f", O_RDONLY));
	need(write(fds[1], "abc", 3));
	report("flags", splice(file, NULL, fds[1], NULL, 1, 0x100));
	report("nothing, bad flags", splice(file, NULL, fds[1], NULL, 0, 0x100));
	report("nothing, closed", splice(99, NULL, fds[1], NULL, 0, 0));
	report("in closed", splice(99, NULL, fds[1], NULL, 1, 0));
	report("out closed", splice(file, NULL, 99, NULL, 1, 0));
	report("no pipe", splice(file, NULL, file, NULL, 1, 0));
	report("pipe offset in", splice(fds[0], &offset, file, NULL, 1, 0));
	report("pipe offset out", splice(file, NULL, fds[1], &offset, 1, 0));
	report("bad offset", splice(file, unmapped_address(), fds[1], NULL, 1, 0));
	report("negative offset", splice(file, &negative, fds[1], NULL, 1, 0));
	report("negative offset out", splice(fds[0], NULL, file, &negative, 1, 0));
	report("append", splice(fds[0], NULL, append, NULL, 1, 0));
	report("not for writing", splice(fds[0], NULL, ro, NULL, 1, 0));
	report("not for reading", splice(append, NULL, fds[1], NULL, 1, 0));
	report("wrong end", splice(fds[1], NULL, file, NULL, 1, 0));
	report("same pipe", splice(fds[0], NULL, fds[1], NULL, 1, 0));
	report("eventfd", splice(fds[0], NULL, event, NULL, 1, 0));
	report("folder", splice(need(open(".", O_RDONLY)), NULL, fds[1], NULL, 1, 0));
	report("tee flags", tee(fds[0], fds[1], 1, 0x100));
	report("tee file", tee(file, fds[1], 1, 0));
	report("tee wrong ends", tee(fds[1], fds[0], 1, 0));
	report("tee nothing", tee(99, 98, 0, 0));
}

TEST(vmsplice_fills_and_empties)
{
	int fds[2], file;
	char first[] = "first", second[] = "second", out[16] = "";
	struct iovec in[2] = { { first, 5 }, { second, 6 } }, back = { out, 11 };
	static char big[200000] __attribute__((aligned(4096)));
	struct iovec large = { big, sizeof(big) }, bad = { unmapped_address(), 10 };

	need(pipe(fds));
	make_file("f", "text");
	file = need(open("f", O_RDWR));
	report("in", vmsplice(fds[1], in, 2, 0));
	report("out", vmsplice(fds[0], &back, 1, 0));
	say("  %s", out);
	report("large", vmsplice(fds[1], &large, 1, 0));
	report("full", vmsplice(fds[1], &large, 1, SPLICE_F_NONBLOCK));
	report("flags", vmsplice(fds[1], in, 2, 0x100));
	report("file", vmsplice(file, in, 2, 0));
	report("closed", vmsplice(99, in, 2, 0));
	report("too many", vmsplice(fds[1], in, 2000, 0));
	report("none", vmsplice(fds[1], in, 0, 0));
	need(pipe(fds));
	report("bad memory", vmsplice(fds[1], &bad, 1, 0));
	report("bad vector", vmsplice(fds[1], unmapped_address(), 1, 0));
	report("empty", vmsplice(fds[0], &back, 1, SPLICE_F_NONBLOCK));
}

TEST(sendfile_copies_to_anything)
{
	int fds[2], file, other = need(open("g", O_CREAT | O_RDWR, 0644));
	off_t offset = 2;

	need(pipe(fds));
	make_file("f", "0123456789");
	file = need(open("f", O_RDONLY));
	report("to a pipe", sendfile(fds[1], file, NULL, 4));
	drain("got", fds[0]);
	report("to a file", sendfile(other, file, &offset, 100));
	say("  offset %ld", (long)offset);
	report("position", lseek(file, 0, SEEK_CUR));
	report_contents("g", "g");
	report("from a pipe", sendfile(other, fds[0], NULL, 1));
	report("to a reader", sendfile(file, other, NULL, 1));
	report("to append", sendfile(need(open("g", O_WRONLY | O_APPEND)), file, NULL, 1));
}

/* ---- holes ---- */

static void say_map(int fd, long size)
{
	for (long at = 0; at < size; ) {
		long data = lseek(fd, at, SEEK_DATA), hole;

		if (data < 0) {
			say("  hole %ld to the end", at);
			return;
		}
		hole = lseek(fd, data, SEEK_HOLE);
		say("  data %ld to %ld", data, hole);
		at = hole;
	}
}

TEST(holes_are_found_and_punched)
{
	static char page[4096];
	int fd;

	need(chdir("/dev/shm"));
	unlink("holes");
	fd = need(open("holes", O_CREAT | O_RDWR, 0644));
	memset(page, 'x', sizeof(page));
	need(ftruncate(fd, 40960));
	need(pwrite(fd, page, 4096, 8192));
	need(pwrite(fd, page, 4096, 12288));
	need(pwrite(fd, page, 100, 36864));
	say_map(fd, 40960);
	report("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 12288, 4096));
	say_map(fd, 40960);
	report("punch part", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8292, 100));
	need(pread(fd, page, 4096, 8192));
	say("  %d %d %d %d", page[99], page[100], page[199], page[200]);
	/* Whether allocated pages count as data is the filesystem's to say. */
	report("allocate", fallocate(fd, 0, 0, 4096));
	report("grow", fallocate(fd, 0, 40960, 4096));
	report("size", lseek(fd, 0, SEEK_END));
	report("keep size", fallocate(fd, FALLOC_FL_KEEP_SIZE, 45056, 4096));
	report("size", lseek(fd, 0, SEEK_END));
	report("data at the end", lseek(fd, 45056, SEEK_DATA));
	report("hole at the end", lseek(fd, 45056, SEEK_HOLE));
	report("negative", lseek(fd, -1, SEEK_DATA));
	unlink("holes");
}

TEST(fallocate_knows_its_modes)
{
	int fd, fds[2];

	need(chdir("/dev/shm"));
	unlink("modes");
	fd = need(open("modes", O_CREAT | O_RDWR, 0644));
	need(ftruncate(fd, 40960));
	report("punch without keep", fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096));
	report("punch and zero", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 1));
	report("collapse and keep", fallocate(fd, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	report("insert and keep", fallocate(fd, FALLOC_FL_INSERT_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	report("unshare and punch", fallocate(fd, FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
	report("unknown", fallocate(fd, 0x1000, 0, 4096));
	report("unknown and negative", fallocate(fd, 0x1000, -1, 4096));
	report("zero", fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096));
	report("collapse", fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
	report("insert", fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096));
	report("negative offset", fallocate(fd, 0, -1, 4096));
	report("no length", fallocate(fd, 0, 0, 0));
	report("negative length", fallocate(fd, 0, 0, -1));
	report("too far", fallocate(fd, 0, LONG_MAX, 2));
	need(pipe(fds));
	report("pipe", fallocate(fds[1], 0, 0, 1));
	report("reader", fallocate(fds[0], 0, 0, 1));
	report("reader, bad mode", fallocate(fds[0], 0x1000, 0, 1));
	report("device", fallocate(need(open("/dev/null", O_RDWR)), 0, 0, 1));
	unlink("modes");
}
