/* tests/linux/pipes.c: pipes and FIFOs. */
#include "common.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

/* Fill a non-blocking pipe with single bytes. Returns: how many it took. */
static long fill(int fd)
{
	static char block[4096];
	long total = 0;
	ssize_t len;

	while ((len = write(fd, block, sizeof(block))) > 0)
		total += len;
	return total;
}

static void report_poll(const char *label, int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };
	int ready = poll(&entry, 1, 0);

	say("  %s: poll = %d%s%s%s%s%s", label, ready, entry.revents & POLLIN ? " IN" : "",
		entry.revents & POLLOUT ? " OUT" : "", entry.revents & POLLHUP ? " HUP" : "",
		entry.revents & POLLERR ? " ERR" : "", entry.revents & POLLNVAL ? " NVAL" : "");
}

TEST(pipe_carries_bytes_in_order)
{
	char buf[16];
	int fds[2];

	report("pipe", pipe(fds));
	say("  fds %d %d", fds[0], fds[1]);
	report("write", write(fds[1], "hello ", 6));
	report("write", write(fds[1], "world", 5));
	report("read 4", read(fds[0], buf, 4));
	say_bytes("got", buf, 4);
	report("read 16", read(fds[0], buf, 16));
	say_bytes("got", buf, 7);
	report("read 0", read(fds[0], buf, 0));
	report("write 0", write(fds[1], buf, 0));
	report("read from the writer", read(fds[1], buf, 1));
	report("write to the reader", write(fds[0], buf, 1));
	report("pread", pread(fds[0], buf, 1, 0));
	report("pwrite", pwrite(fds[1], buf, 1, 0));
	report("ftruncate", ftruncate(fds[1], 0));
}

TEST(pipe2_checks_flags_and_pointer)
{
	int fds[2];

	report("pipe2(O_CLOEXEC|O_NONBLOCK)", pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	report("F_GETFD", fcntl(fds[0], F_GETFD));
	say("  F_GETFL %#o %#o", fcntl(fds[0], F_GETFL), fcntl(fds[1], F_GETFL));
	report("pipe2(bad flags)", pipe2(fds, O_APPEND));
	report("pipe2(bad pointer)", syscall(SYS_pipe2, unmapped_address(), 0));
	report("next descriptor", dup(0));
}

TEST(closed_writer_gives_end_of_file)
{
	char buf[4];
	int fds[2];

	need(pipe(fds));
	need(write(fds[1], "xy", 2));
	close(fds[1]);
	report("read", read(fds[0], buf, 4));
	report("read", read(fds[0], buf, 4));
	report("read", read(fds[0], buf, 4));
	report_poll("reader", fds[0]);
}

TEST(closed_reader_gives_epipe_and_sigpipe)
{
	int fds[2];
	pid_t child;

	need(pipe(fds));
	close(fds[0]);
	report_poll("writer", fds[1]);
	on_signal(SIGPIPE, count_signal, 0);
	report("write", write(fds[1], "x", 1));
	report("SIGPIPE caught", caught);
	report("write of nothing", write(fds[1], "x", 0));
	report("SIGPIPE caught", caught);
	signal(SIGPIPE, SIG_IGN);
	report("write, ignoring it", write(fds[1], "x", 1));
	signal(SIGPIPE, SIG_DFL);
	child = need(fork());
	if (child == 0) {
		write(fds[1], "x", 1);
		_exit(0);
	}
	report_exit("child writing", child);
}

TEST(nonblocking_pipe_says_eagain)
{
	char buf[5000];
	int fds[2];
	long capacity;

	need(pipe2(fds, O_NONBLOCK));
	report("read empty", read(fds[0], buf, 1));
	report("capacity", capacity = fill(fds[1]));
	report("write one more", write(fds[1], "x", 1));
	report("read 4095", read(fds[0], buf, 4095));
	report("write 4096 does not fit", write(fds[1], buf, 4096));
	report("read 1", read(fds[0], buf, 1));
	report("write 4096", write(fds[1], buf, 4096));
	report("F_GETPIPE_SZ", fcntl(fds[1], F_GETPIPE_SZ));
}

TEST(large_nonblocking_write_is_partial)
{
	static char block[200000];
	int fds[2];

	need(pipe2(fds, O_NONBLOCK));
	report("write 200000", write(fds[1], block, sizeof(block)));
	report("write 200000 again", write(fds[1], block, sizeof(block)));
	report("read 4096", read(fds[0], block, 4096));
	report("write 8192", write(fds[1], block, 8192));
}

TEST(pipe_size_can_be_set)
{
	int fds[2];

	need(pipe2(fds, O_NONBLOCK));
	report("F_GETPIPE_SZ", fcntl(fds[0], F_GETPIPE_SZ));
	report("F_SETPIPE_SZ 5000", fcntl(fds[0], F_SETPIPE_SZ, 5000));
	report("capacity", fill(fds[1]));
	report("F_SETPIPE_SZ 4096 while full", fcntl(fds[0], F_SETPIPE_SZ, 4096));
	report("F_SETPIPE_SZ 131072", fcntl(fds[0], F_SETPIPE_SZ, 131072));
	report("more room", fill(fds[1]));
	report("F_SETPIPE_SZ 0", fcntl(fds[0], F_SETPIPE_SZ, 0));
	make_file("f", "");
	report("F_GETPIPE_SZ of a file", fcntl(need(open("f", O_RDONLY)), F_GETPIPE_SZ));
}

TEST(fionread_counts_waiting_bytes)
{
	int fds[2], count = -1;

	need(pipe(fds));
	report("FIONREAD", ioctl(fds[0], FIONREAD, &count));
	say("  %d", count);
	need(write(fds[1], "12345", 5));
	report("FIONREAD", ioctl(fds[0], FIONREAD, &count));
	say("  %d", count);
	report("TCGETS", ioctl(fds[0], 0x5401, &count));
	report("unknown", ioctl(fds[0], 0x12345, &count));
	report("FIONBIO", ioctl(fds[0], FIONBIO, &(int){ 1 }));
	say("  F_GETFL %#o", fcntl(fds[0], F_GETFL));
}

TEST(poll_shows_the_state_of_each_end)
{
	static char page[4096];
	int fds[2];

	need(pipe2(fds, O_NONBLOCK));
	report_poll("empty, reader", fds[0]);
	report_poll("empty, writer", fds[1]);
	need(write(fds[1], "x", 1));
	report_poll("one byte, reader", fds[0]);
	report_poll("one byte, writer", fds[1]);
	fill(fds[1]);
	report_poll("full, reader", fds[0]);
	report_poll("full, writer", fds[1]);
	need(read(fds[0], page, 4096));
	need(read(fds[0], page, 4096));
	report_poll("two pages read, writer", fds[1]);
	close(fds[1]);
	report_poll("writer closed, bytes left", fds[0]);
	while (read(fds[0], page, 4096) > 0)
		;
	report_poll("writer closed, empty", fds[0]);
}

TEST(full_reader_closing_shows_error)
{
	int fds[2];

	need(pipe2(fds, O_NONBLOCK));
	fill(fds[1]);
	close(fds[0]);
	report_poll("full and no reader", fds[1]);
}

/* Each record is one letter PIPE_BUF times; a mixed record would show. */
static void write_records(int fd, char letter, int count)
{
	char record[PIPE_BUF];

	memset(record, letter, sizeof(record));
	for (int i = 0; i < count; i++)
		need(write(fd, record, sizeof(record)));
	_exit(0);
}

TEST(writes_up_to_pipe_buf_are_atomic)
{
	char record[PIPE_BUF];
	size_t mixed = 0, records = 0, have = 0;
	pid_t children[4];
	int fds[2];
	ssize_t len;

	need(pipe(fds));
	for (int i = 0; i < 4; i++)
		if (!(children[i] = need(fork())))
			write_records(fds[1], 'a' + i, 50);
	close(fds[1]);
	while ((len = read(fds[0], record + have, sizeof(record) - have)) > 0) {
		have += len;
		if (have < sizeof(record))
			continue;
		for (size_t i = 1; i < sizeof(record); i++)
			if (record[i] != record[0]) {
				mixed++;
				break;
			}
		records++;
		have = 0;
	}
	for (int i = 0; i < 4; i++)
		report_exit("writer", children[i]);
	report("records", records);
	report("mixed", mixed);
}

TEST(blocked_writer_goes_on_when_read)
{
	static char block[300000], back[300000];
	size_t total = 0;
	pid_t child;
	int fds[2];
	ssize_t len;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = i * 31 + i / 1000;
	need(pipe(fds));
	child = need(fork());
	if (child == 0) {
		close(fds[0]);
		_exit(write(fds[1], block, sizeof(block)) == sizeof(block) ? 5 : 6);
	}
	close(fds[1]);
	while (total < sizeof(back) && (len = read(fds[0], back + total, sizeof(back) - total)) > 0)
		total += len;
	report_exit("writer", child);
	report("total", total);
	claim("same bytes", !memcmp(block, back, sizeof(block)));
}

TEST(blocked_reader_gets_end_of_file_when_writer_dies)
{
	char byte;
	int fds[2];
	pid_t child;

	need(pipe(fds));
	child = need(fork());
	if (child == 0) {
		close(fds[0]);
		write(fds[1], "x", 1);
		raise(SIGKILL);
	}
	close(fds[1]);
	report("read", read(fds[0], &byte, 1));
	report("read", read(fds[0], &byte, 1));
	report_exit("child", child);
}

TEST(vectored_write_into_a_pipe_is_one_stream)
{
	struct iovec parts[] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
	char buf[8];
	int fds[2];

	need(pipe(fds));
	report("writev", writev(fds[1], parts, 3));
	report("read", read(fds[0], buf, 8));
	say_bytes("got", buf, 5);
	parts[1] = (struct iovec){ unmapped_address(), 5 };
	report("write(bad pointer)", write(fds[1], unmapped_address(), 5));
	report("read(bad pointer)", (need(write(fds[1], "z", 1)), read(fds[0], unmapped_address(), 1)));
}

TEST(descriptors_keep_a_pipe_open_across_fork)
{
	char byte;
	int fds[2];
	struct gate go;
	pid_t child;

	gate_make(&go);
	need(pipe2(fds, O_NONBLOCK));
	child = need(fork());
	if (child == 0) {
		close(fds[0]);
		gate_pass(&go);
		_exit(0);
	}
	close(fds[1]);
	report("child holds the writer: read", read(fds[0], &byte, 1));
	gate_open(&go);
	report_exit("child", child);
	report("child is gone: read", read(fds[0], &byte, 1));
}

TEST(fifo_open_without_waiting)
{
	char byte;
	int reader, writer;

	need(mkfifo("p", 0644));
	report("open(O_WRONLY|O_NONBLOCK), no reader", open("p", O_WRONLY | O_NONBLOCK));
	reader = report_ok("open(O_RDONLY|O_NONBLOCK)", open("p", O_RDONLY | O_NONBLOCK));
	report("read, no writer yet", read(reader, &byte, 1));
	report_poll("reader, no writer yet", reader);
	writer = report_ok("open(O_WRONLY|O_NONBLOCK)", open("p", O_WRONLY | O_NONBLOCK));
	report("read, writer silent", read(reader, &byte, 1));
	report("write", write(writer, "x", 1));
	report("read", read(reader, &byte, 1));
	close(writer);
	report("read, writer gone", read(reader, &byte, 1));
	report_poll("reader, writer gone", reader);
	writer = need(open("p", O_WRONLY));
	report_poll("reader, new writer", reader);
	close(reader);
	signal(SIGPIPE, SIG_IGN);
	report("write, reader gone", write(writer, "x", 1));
	report_ok("open(O_RDWR)", open("p", O_RDWR));
	report("lseek", lseek(writer, 0, SEEK_SET));
}

TEST(fifo_opens_wait_for_each_other)
{
	char buf[8];
	pid_t child;
	int fd;

	need(mkfifo("p", 0644));
	child = need(fork());
	if (child == 0) {
		fd = need(open("p", O_WRONLY));
		_exit(write(fd, "met", 3));
	}
	fd = report_ok("open(O_RDONLY)", open("p", O_RDONLY));
	report("read", read(fd, buf, 8));
	report_exit("writer", child);
	report("read", read(fd, buf, 8));
	close(fd);
	child = need(fork());
	if (child == 0) {
		fd = need(open("p", O_RDONLY));
		_exit(read(fd, buf, 8));
	}
	fd = report_ok("open(O_WRONLY)", open("p", O_WRONLY));
	report("write", write(fd, "four", 4));
	report_exit("reader", child);
}

TEST(waiting_fifo_open_is_interrupted)
{
	need(mkfifo("p", 0644));
	on_signal(SIGALRM, count_signal, 0);
	tick_every_ms(20);
	report("open(O_RDONLY)", open("p", O_RDONLY));
	report("open(O_WRONLY)", open("p", O_WRONLY));
	tick_every_ms(0);
	report("lowest descriptor is free", dup(0));
}

TEST(unlinked_fifo_goes_on)
{
	char byte = '?';
	int fd;

	need(mkfifo("p", 0644));
	fd = need(open("p", O_RDWR));
	report("unlink", unlink("p"));
	report("write", write(fd, "x", 1));
	report("read", read(fd, &byte, 1));
	say_bytes("got", &byte, 1);
}

TEST(proc_fd_reopens_a_pipe)
{
	char path[64], buf[4];
	int fds[2], again;

	need(pipe(fds));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	need(write(fds[1], "abc", 3));
	again = report_ok("open(/proc/self/fd/reader)", open(path, O_RDONLY));
	report("read", read(again, buf, 4));
}

TEST(sendfile_goes_into_a_pipe)
{
	char buf[16];
	int fds[2], fd;

	make_file("f", "0123456789");
	need(pipe(fds));
	fd = need(open("f", O_RDONLY));
	report("sendfile", syscall(SYS_sendfile, fds[1], fd, NULL, 100));
	report("read", read(fds[0], buf, 16));
	say_bytes("got", buf, 10);
}
