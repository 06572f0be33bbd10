#define _GNU_SOURCE	/* posix_openpt */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "sessiond.h"

#define CHUNK_BYTES 4096

/* What the terminal sends is short; a program that does not read while its terminal is full loses it,
 * as keys are lost on any terminal whose queue is full. */
static void send_bytes(const char *bytes, size_t len, void *user)
{
	struct session *session = user;

	while (len && session->master >= 0) {
		ssize_t done = write(session->master, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		bytes += done;
		len -= (size_t)done;
	}
}

static void run_child(const char *terminal, char **argv) __attribute__((noreturn));
static void run_child(const char *terminal, char **argv)
{
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	fd = open(terminal, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	if (fd > 2)
		close(fd);
	setenv("TERM", "xterm-256color", 1);
	execvp(argv[0], argv);
	fprintf(stderr, "sessiond: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int open_terminal(const struct screen *screen, char *name, size_t size)
{
	struct winsize winsize = {
		.ws_row = (unsigned short)screen_rows(screen), .ws_col = (unsigned short)screen_columns(screen),
	};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (master < 0)
		return -errno;
	if (grantpt(master) || unlockpt(master) || ptsname_r(master, name, size) || ioctl(master, TIOCSWINSZ, &winsize)) {
		err = errno ? -errno : -EIO;
		close(master);
		return err;
	}
	return master;
}

int session_start(struct session *session, const struct display *display, char **argv)
{
	char terminal[64];
	int err;

	if (!session->screen) {
		err = screen_create(display->font, display->framebuffer.width, display->framebuffer.height, send_bytes, session,
				    &session->screen);
		if (err)
			return err;
	}
	session->master = open_terminal(session->screen, terminal, sizeof(terminal));
	if (session->master < 0)
		return session->master;
	session->pid = fork();
	if (!session->pid)
		run_child(terminal, argv);
	if (session->pid > 0)
		return 0;
	err = -errno;
	session->pid = 0;
	close(session->master);
	session->master = -1;
	return err;
}

bool session_take_output(struct session *session)
{
	char bytes[CHUNK_BYTES];
	ssize_t len = read(session->master, bytes, sizeof(bytes));

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	if (len)
		screen_write(session->screen, bytes, (size_t)len);
	return len > 0;
}

void session_end(struct session *session)
{
	static const char text[] = "\r\n[ended; press Enter to start it again]\r\n";

	if (session->master < 0)
		return;
	close(session->master);
	session->master = -1;
	screen_write(session->screen, text, sizeof(text) - 1);
}

void session_press(struct session *session, const struct key_meaning *meaning)
{
	if (meaning->kind == KEY_MEANS_CHARACTER)
		screen_type(session->screen, meaning->value, meaning->modifiers);
	else if (meaning->kind == KEY_MEANS_SPECIAL)
		screen_press(session->screen, meaning->value, meaning->modifiers);
}
