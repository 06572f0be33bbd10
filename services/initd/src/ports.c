/* The streams between the machine and its host: virtio-serial ports under /dev/albireo. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <albireo/exec_request.h>
#include <nucleus/nucleus.h>

#include "initd.h"

int control_fd = -1;

static int open_port(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

void ports_open_control(void)
{
	int fd = open_port("/dev/albireo/control", O_RDWR | O_NONBLOCK);

	if (fd < 0)
		initd_log(NUCLEUS_LOG_WARN, "no control port: error %d", -fd);
	else
		control_fd = fd;
}

static int open_tty(struct streams *streams)
{
	int fd = open_port("/dev/albireo/tty", O_RDWR);

	if (fd < 0)
		return fd;
	streams->has_tty = true;
	streams->in = streams->out = fd;
	/* The host offers a port of its own when its standard error is not the terminal. */
	fd = open_port("/dev/albireo/stderr", O_WRONLY);
	streams->err = fd < 0 ? streams->in : fd;
	return 0;
}

static int open_plain(struct streams *streams)
{
	streams->in = open_port("/dev/albireo/stdin", O_RDONLY);
	streams->out = open_port("/dev/albireo/stdout", O_WRONLY);
	streams->err = open_port("/dev/albireo/stderr", O_WRONLY);
	if (streams->in < 0)
		return streams->in;
	if (streams->out < 0)
		return streams->out;
	return streams->err < 0 ? streams->err : 0;
}

int ports_open_streams(const struct exec_request *request, struct streams *streams)
{
	int err;

	*streams = (struct streams){ -1, -1, -1, false };
	err = request->has_tty ? open_tty(streams) : open_plain(streams);
	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "cannot open the program's streams: error %d", -err);
	else if (request->has_tty && request->rows && request->cols)
		ports_set_size(streams, request->rows, request->cols);
	return err;
}

void ports_set_size(const struct streams *streams, uint16_t rows, uint16_t cols)
{
	struct winsize size = { .ws_row = rows, .ws_col = cols };

	if (streams->has_tty && ioctl(streams->in, TIOCSWINSZ, &size))
		initd_log(NUCLEUS_LOG_WARN, "cannot size the terminal: error %d", errno);
}

static const char *out_port(const struct streams *streams)
{
	return streams->has_tty ? EXEC_PORT_TTY : EXEC_PORT_STDOUT;
}

void ports_end_input(const struct streams *streams, uint64_t bytes)
{
	struct port_eof eof = { .bytes = bytes };
	long err;

	snprintf(eof.port, sizeof(eof.port), "%s", streams->has_tty ? EXEC_PORT_TTY : EXEC_PORT_STDIN);
	err = nucleus_launch(LAUNCH_PORT_EOF, (uintptr_t)&eof);
	if (err)
		initd_log(NUCLEUS_LOG_WARN, "cannot end %s: error %ld", eof.port, -err);
}

void ports_break(const struct streams *streams, bool is_stderr)
{
	const char *port = is_stderr ? EXEC_PORT_STDERR : out_port(streams);
	long err = nucleus_launch(LAUNCH_PORT_BROKEN, (uintptr_t)port);

	if (err)
		initd_log(NUCLEUS_LOG_WARN, "cannot break %s: error %ld", port, -err);
}

static uint64_t count(const char *port)
{
	struct port_eof written = { 0 };
	long err;

	snprintf(written.port, sizeof(written.port), "%s", port);
	err = nucleus_launch(LAUNCH_PORT_COUNT, (uintptr_t)&written);
	if (err)
		initd_log(NUCLEUS_LOG_WARN, "cannot drain %s: error %ld", port, -err);
	return err ? 0 : written.bytes;
}

void ports_count(const struct streams *streams, struct end_record *end)
{
	if (control_fd < 0) {
		tcdrain(streams->out);	/* nobody counts, but what was said is to be seen */
		return;
	}
	end->out_bytes = streams->out >= 0 ? count(out_port(streams)) : 0;
	end->err_bytes = streams->err >= 0 && streams->err != streams->in ? count(EXEC_PORT_STDERR) : 0;
}

/* Lines are short and the host reads them at once: waiting here is short. */
void ports_tell(const char *line, size_t len)
{
	while (control_fd >= 0 && len) {
		ssize_t written = write(control_fd, line, len);

		if (written > 0) {
			line += written;
			len -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) {
			usleep(1000);
		} else {
			initd_log(NUCLEUS_LOG_ERROR, "cannot write to the control port: error %d", errno);
			return;
		}
	}
}

void ports_note(const char *fmt, ...)
{
	char line[512] = "note ";
	size_t len = strlen(line);
	va_list args;
	int more;

	va_start(args, fmt);
	more = vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	va_end(args);
	len += (size_t)more < sizeof(line) - len - 1 ? (size_t)more : sizeof(line) - len - 2;
	line[len++] = '\n';
	ports_tell(line, len);
}
