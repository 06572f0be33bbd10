/* sessiond: the loop, and who has the focus. */
#define _GNU_SOURCE	/* ppoll, O_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vterm.h>

#include "sessiond.h"

static const char usage[] =
	"usage: sessiond [OPTIONS] [PROGRAM [WORD...]]\n"
	"  --login              a login that starts again after each logout; without it, PROGRAM or /bin/login once\n"
	"  --sessions N         1 to 12 of them, Alt with a function key moves between them (default 6)\n"
	"  --layout NAME        the keyboard's, as us (default), gb, de, fr\n"
	"  --framebuffer PATH   default /dev/fb0\n"
	"  --geometry WxH       the frame buffer is a plain file of that size\n"
	"  --font PATH          a PSF font\n"
	"  --input PATH         an evdev device; may repeat; without one all below /dev/input\n";

static struct {
	const char *framebuffer, *font;
	unsigned int width, height, nsessions;
	bool has_inputs, is_login;
	char **argv;
} options = { "/dev/fb0", "/system/share/console.psf", 0, 0, 6, false, false, NULL };

static char *default_argv[] = { "/bin/login", NULL };

static struct display display;
static struct session sessions[MAX_SESSIONS];
static unsigned int focus;
static sigset_t wait_mask;
static volatile sig_atomic_t is_asked_to_end;

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_signal(int signal)
{
	if (signal != SIGCHLD)
		is_asked_to_end = 1;
}

/* ---- beginning ---- */

static bool parse_option(const char *name, const char *value)
{
	if (!strcmp(name, "--framebuffer"))
		options.framebuffer = value;
	else if (!strcmp(name, "--font"))
		options.font = value;
	else if (!strcmp(name, "--input"))
		input_add(value);
	else if (!strcmp(name, "--layout"))
		return input_choose_layout(value);
	else if (!strcmp(name, "--geometry"))
		return sscanf(value, "%ux%u", &options.width, &options.height) == 2 && options.width && options.height;
	else if (!strcmp(name, "--sessions"))
		return sscanf(value, "%u", &options.nsessions) == 1 && options.nsessions && options.nsessions <= MAX_SESSIONS;
	else
		return false;
	return true;
}

static bool parse_options(int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-') {
		if (!strcmp(argv[i], "--login")) {
			options.is_login = true;
			i++;
			continue;
		}
		if (i + 1 == argc || !parse_option(argv[i], argv[i + 1]))
			return false;
		options.has_inputs |= !strcmp(argv[i], "--input");
		i += 2;
	}
	options.argv = i < argc ? argv + i : default_argv;
	return true;
}

static void take_signals(void)
{
	static const int handled[] = { SIGCHLD, SIGTERM, SIGINT };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
		sigaction(handled[i], &action, NULL);
		sigaddset(&blocked, handled[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &wait_mask);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- focus ---- */

static void start(unsigned int index)
{
	int err = session_start(&sessions[index], &display, options.argv);

	if (err)
		fprintf(stderr, "sessiond: session %u: %s\n", index + 1, strerror(-err));
}

static void move_focus(unsigned int index)
{
	if (index >= options.nsessions)
		return;
	if (sessions[focus].screen)
		screen_show(sessions[focus].screen, NULL);
	focus = index;
	if (sessions[focus].master < 0)
		start(focus);
	if (sessions[focus].screen)
		screen_show(sessions[focus].screen, &display.framebuffer);
}

static void take_key(const struct key_meaning *meaning)
{
	struct session *session = &sessions[focus];
	bool is_enter = meaning->kind == KEY_MEANS_SPECIAL && meaning->value == VTERM_KEY_ENTER;

	if (meaning->kind == KEY_MEANS_SWITCH)
		move_focus(meaning->value);
	else if (session->master < 0 && is_enter)
		move_focus(focus);
	else if (session->screen)
		session_press(session, meaning);
}

/* ---- the loop ---- */

/* A program's session ends when its terminal does, with all that was written to it read. */
static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (unsigned int i = 0; i < options.nsessions; i++)
			if (sessions[i].pid == pid)
				session_reaped(&sessions[i]);
}

static void restart_those_due(void)
{
	for (unsigned int i = 0; i < options.nsessions; i++)
		if (sessions[i].restart_ms && sessions[i].restart_ms <= now_ms())
			start(i);
}

/* How long nothing happens unless a descriptor says so. */
static struct timespec *time_left(struct timespec *left)
{
	uint64_t until = input_wake_ms(), now = now_ms(), ms;

	for (unsigned int i = 0; i < options.nsessions; i++)
		if (sessions[i].restart_ms && sessions[i].restart_ms < until)
			until = sessions[i].restart_ms;
	if (until == UINT64_MAX)
		return NULL;
	ms = until > now ? until - now : 0;
	*left = (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
	return left;
}

static void wait_and_serve(void)
{
	struct pollfd polls[MAX_SESSIONS + INPUT_MAX_POLLS], *input_polls = polls + options.nsessions;
	struct timespec left;
	unsigned int ninput_polls;

	for (unsigned int i = 0; i < options.nsessions; i++)
		polls[i] = (struct pollfd){ .fd = sessions[i].master, .events = POLLIN };
	ninput_polls = input_poll(input_polls);
	if (ppoll(polls, options.nsessions + ninput_polls, time_left(&left), &wait_mask) < 0)
		return;
	for (unsigned int i = 0; i < options.nsessions; i++)
		if (polls[i].revents && !session_take_output(&sessions[i]))
			session_end(&sessions[i]);
	input_serve(input_polls, ninput_polls, take_key);
}

/* runtimed waits for a line where it says. */
static void tell_ready(void)
{
	const char *fd = getenv("READY_FD");

	if (fd && write(atoi(fd), "ready\n", 6) == 6)
		close(atoi(fd));
	unsetenv("READY_FD");
}

static int begin(void)
{
	int err = display_load_font(&display, options.font);

	if (err) {
		fprintf(stderr, "sessiond: %s: %s\n", options.font, strerror(-err));
		return err;
	}
	err = display_open(&display, options.framebuffer, options.width, options.height);
	if (err) {
		fprintf(stderr, "sessiond: %s: %s\n", options.framebuffer, strerror(-err));
		return err;
	}
	if (!options.has_inputs)
		input_add_all();
	for (unsigned int i = 0; i < MAX_SESSIONS; i++)
		sessions[i] = (struct session){ .number = i + 1, .is_login = options.is_login, .master = -1 };
	take_signals();
	return 0;
}

int main(int argc, char **argv)
{
	if (!parse_options(argc, argv)) {
		fputs(usage, stderr);
		return EXIT_FAILURE;
	}
	if (begin())
		return EXIT_FAILURE;
	move_focus(0);
	tell_ready();
	while (!is_asked_to_end) {
		wait_and_serve();
		reap();
		restart_those_due();
	}
	for (unsigned int i = 0; i < options.nsessions; i++)
		if (sessions[i].pid)
			kill(-sessions[i].pid, SIGHUP);
	return EXIT_SUCCESS;
}
