#define _GNU_SOURCE	/* posix_openpt */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "sessiond.h"

#define CHUNK_BYTES 4096
#define LAST_CHUNKS 16
/* A login that ends sooner, and before anybody typed, has failed; it is not tried all the time. */
#define SHORT_LIFE_MS 2000
#define PAUSE_MS 5000

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

/* What stands above the question for a name, as /etc/issue does elsewhere. */
static void greet(const struct session *session)
{
	char text[256];
	struct utsname system;
	int len;

	if (uname(&system))
		return;
	len = snprintf(text, sizeof(text), "Albireo %.32s, console %u\r\n\r\n", system.release, session->number);
	screen_write(session->screen, text, (size_t)len);
}

/* Erasing takes whole characters off a line. */
static void edit_in_utf8(int master)
{
	struct termios termios;

	if (tcgetattr(master, &termios))
		return;
	termios.c_iflag |= IUTF8;
	tcsetattr(master, TCSANOW, &termios);
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
	edit_in_utf8(master);
	return master;
}

/* Run @argv on a terminal of its own. Returns: 0; negative errno: there is neither. */
static int run_program(struct session *session, char **argv)
{
	char terminal[64];
	int err, master = open_terminal(session->screen, terminal, sizeof(terminal));
	pid_t pid;

	if (master < 0)
		return master;
	pid = fork();
	if (!pid)
		run_child(terminal, argv);
	if (pid < 0) {
		err = -errno;
		close(master);
		return err;
	}
	session->pid = pid;
	session->master = master;
	return 0;
}

int session_start(struct session *session, const struct display *display, char **argv)
{
	int err;

	if (!session->screen) {
		err = screen_create(display->font, display->framebuffer.width, display->framebuffer.height, send_bytes, session,
				    &session->screen);
		if (err)
			return err;
	}
	session->restart_ms = 0;
	session->started_ms = now_ms();
	session->is_used = false;
	if (session->is_login)
		greet(session);
	err = run_program(session, argv);
	if (err && session->is_login)
		session->restart_ms = now_ms() + PAUSE_MS;
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

/* A login's user goes with its last word, whoever else has the terminal open still. */
void session_reaped(struct session *session)
{
	char bytes[CHUNK_BYTES];
	ssize_t len;

	session->pid = 0;
	if (!session->is_login || session->master < 0)
		return;
	/* What it wrote itself fits into the terminal's buffer. */
	for (unsigned int i = 0; i < LAST_CHUNKS; i++) {
		len = read(session->master, bytes, sizeof(bytes));
		if (len <= 0)
			break;
		screen_write(session->screen, bytes, (size_t)len);
	}
	session_end(session);
}

void session_end(struct session *session)
{
	static const char text[] = "\r\n[ended; press Enter to start it again]\r\n";
	uint64_t now = now_ms();

	if (session->master < 0)
		return;
	close(session->master);
	session->master = -1;
	if (!session->is_login) {
		screen_write(session->screen, text, sizeof(text) - 1);
	} else if (!session->is_used && now - session->started_ms < SHORT_LIFE_MS) {
		session->restart_ms = now + PAUSE_MS;
	} else {
		screen_forget(session->screen);
		session->restart_ms = now;
	}
}

void session_press(struct session *session, const struct key_meaning *meaning)
{
	session->is_used = true;
	if (meaning->kind == KEY_MEANS_CHARACTER)
		screen_type(session->screen, meaning->value, meaning->modifiers);
	else if (meaning->kind == KEY_MEANS_SPECIAL)
		screen_press(session->screen, meaning->value, meaning->modifiers);
	else if (meaning->kind == KEY_MEANS_LOOK_BACK)
		screen_look_back(session->screen, (int)screen_rows(session->screen) / 2);
	else if (meaning->kind == KEY_MEANS_LOOK_AHEAD)
		screen_look_back(session->screen, -(int)screen_rows(session->screen) / 2);
}
