#define _GNU_SOURCE	/* O_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nucleus/nucleus.h>

#include "runtimed.h"

#define TOLD_PER_SECOND 20	/* lines of one program in the kernel's log */
#define CHUNK_BYTES 4096
#define DRAIN_CHUNKS 32		/* more than a FIFO holds: one that goes on writing is not waited for */

static int log_fd = -1;		/* of --log; without it lines go to the kernel */

void output_begin(void)
{
	char path[256];

	if (options.log)
		log_fd = open(options.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	mkdir(run_path(path, sizeof(path), "log"), 0755);
	mkdir(run_path(path, sizeof(path), "runtimed"), 0700);
}

/* Nothing is to be done about a log that cannot be written. */
static void put(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t done = write(fd, text, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		len -= (size_t)done;
	}
}

static void tell_kernel(const char *name, const char *line, size_t len)
{
	char text[LINE_BYTES + RUNTIME_NAME_BYTES + 8];
	int n = snprintf(text, sizeof(text), "%s: %.*s\n", name, (int)len, line);
	size_t text_len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;

	/* /dev/kmsg takes one line a second, which is not enough; any Linux but ours has no such call. */
	if (log_fd < 0 && !nucleus_log(NUCLEUS_LOG_INFO, NUCLEUS_LOG_CATEGORY_SERVICE, text, text_len - 1))
		return;
	put(log_fd >= 0 ? log_fd : STDERR_FILENO, text, text_len);
}

/* The file of @name, with room; -1 without one. */
static int open_log(const char *name)
{
	char path[256], old[256];
	struct stat stat;
	int fd;

	run_path(path, sizeof(path), "log/%s", name);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || fstat(fd, &stat) || stat.st_size < LOG_FILE_BYTES)
		return fd;
	close(fd);
	rename(path, run_path(old, sizeof(old), "log/%s.old", name));
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
}

static void keep_line(const char *name, const char *line, size_t len)
{
	char text[LINE_BYTES + 1];
	int fd = open_log(name);

	if (fd < 0)
		return;
	memcpy(text, line, len);
	text[len] = '\n';
	put(fd, text, len + 1);
	close(fd);
}

void report(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	tell_kernel("runtimed", line, (size_t)len);
	keep_line("runtimed", line, (size_t)len);
}

/* One that writes without end must not wash everybody else's lines out of the kernel's log. */
static bool may_tell(struct output *output, const char *name)
{
	uint64_t second = now_ns() / 1000000000ull;
	char text[64];

	if (output->second != second) {
		if (output->nuntold)
			tell_kernel(name, text, (size_t)snprintf(text, sizeof(text), "(%u more lines in its log)",
								 output->nuntold));
		output->second = second;
		output->ntold = output->nuntold = 0;
	}
	if (output->ntold < TOLD_PER_SECOND) {
		output->ntold++;
		return true;
	}
	output->nuntold++;
	return false;
}

static void pass_line(struct output *output, const char *name)
{
	if (may_tell(output, name))
		tell_kernel(name, output->line, output->len);
	keep_line(name, output->line, output->len);
	output->len = 0;
}

static void add_bytes(struct output *output, const char *name, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			pass_line(output, name);
			continue;
		}
		if (output->len == sizeof(output->line))
			pass_line(output, name);
		output->line[output->len++] = (unsigned char)bytes[i] < 0x20 && bytes[i] != '\t' ? ' ' : bytes[i];
	}
}

int output_open(struct output *output, uint64_t session)
{
	char path[256];

	memset(output, 0, sizeof(*output));
	output->fd = -1;
	run_path(path, sizeof(path), "runtimed/%llu.out", (unsigned long long)session);
	if (mkfifo(path, 0600) && errno != EEXIST)
		return -errno;
	output->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	return output->fd < 0 ? -errno : 0;
}

void output_take(struct output *output, const char *name, bool is_last)
{
	int chunks = is_last ? DRAIN_CHUNKS : 1;
	char bytes[CHUNK_BYTES];
	ssize_t len;

	if (output->fd < 0)
		return;
	while (chunks-- && (len = read(output->fd, bytes, sizeof(bytes))) > 0)
		add_bytes(output, name, bytes, (size_t)len);
	if (is_last && output->len)
		pass_line(output, name);
}

void output_close(struct output *output, uint64_t session)
{
	char path[256];

	drop_fd(&output->fd);
	unlink(run_path(path, sizeof(path), "runtimed/%llu.out", (unsigned long long)session));
}
