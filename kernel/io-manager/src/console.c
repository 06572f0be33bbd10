/* kernel/io-manager/src/console.c: /dev/console, and the numbers beside it: /dev/tty, /dev/ptmx, /dev/ttyS0. */
#include <asm/fcntl.h>
#include <errno.h>

#include <nucleus/log.h>

#include "tty.h"

#define LINE_BYTES 256u

/* A machine without a terminal: what is written to the console is logged, line by line. */
static int64_t log_lines(struct io_request *rq)
{
	uint64_t before = rq->vector.left;
	char line[LINE_BYTES];
	int err = 0;

	while (rq->vector.left) {
		size_t n = io_copy_from(&rq->vector, line, sizeof(line) - 1, &err), from = 0;

		if (!n)
			break;
		for (size_t i = 0; i <= n; i++) {
			if (i < n && line[i] != '\n')
				continue;
			if (i > from)
				log_info(CONSOLE, "%.*s", (int)(i - from), line + from);
			from = i + 1;
		}
	}
	return rq->vector.left < before ? (int64_t)(before - rq->vector.left) : err;
}

static int64_t nothing_to_read(struct io_request *rq)
{
	return 0;
}

static const struct file_ops log_console_ops = {
	.name = "console", .read = nothing_to_read, .write = log_lines,
};

int console_open(uint32_t flags, struct file **out)
{
	int err = tty_port_open(TERMINAL_HOST, flags | O_NOCTTY, out);

	if (err == -ENXIO)
		err = tty_port_open(TERMINAL_SERIAL, flags | O_NOCTTY, out);
	return err == -ENXIO ? file_create(&log_console_ops, flags, NULL, out) : err;
}

int tty_serial_open(uint32_t minor, uint32_t flags, struct file **out)
{
	return minor == MINOR_SERIAL ? tty_port_open(TERMINAL_SERIAL, flags, out) : -ENXIO;
}

static int open_controlling(uint32_t flags, struct file **out)
{
	struct tty *t = tty_controlling();
	int err;

	if (!t)
		return -ENXIO;
	err = tty_open_file(t, flags | O_NOCTTY, out);
	tty_put(t);
	return err;
}

int tty_aux_open(uint32_t minor, uint32_t flags, struct file **out)
{
	switch (minor) {
	case MINOR_TTY:
		return open_controlling(flags, out);
	case MINOR_CONSOLE:
		return console_open(flags, out);
	case MINOR_PTMX:
		return ptmx_open(flags, out);
	default:
		return -ENXIO;
	}
}

void tty_init(void)
{
	tty_session_init();
	tty_port_init();
}
