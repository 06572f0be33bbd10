/* sessiond: the loop, and who has the focus. */
#define _GNU_SOURCE	/* ppoll, O_CLOEXEC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sessiond.h"

#define MAX_INPUTS 16
#define EVENTS_AT_ONCE 64
#define INPUT_FOLDER "/dev/input"

static const char usage[] =
	"usage: sessiond [--framebuffer PATH] [--geometry WxH] [--font PATH] [--input PATH]... [--sessions N] [PROGRAM [WORD...]]\n"
	"  --geometry   the frame buffer is a plain file of that size\n"
	"  --input      an evdev device; without one all below " INPUT_FOLDER "\n";

static struct {
	const char *framebuffer, *font;
	unsigned int width, height, nsessions;
	char **argv;
} options = { "/dev/fb0", "/system/share/console.psf", 0, 0, 6, NULL };

static char *default_argv[] = { "/bin/login", NULL };

static struct display display;
static struct session sessions[MAX_SESSIONS];
static unsigned int focus;
static struct keymap keymap;
static int inputs[MAX_INPUTS];
static unsigned int ninputs;
static sigset_t wait_mask;
static volatile sig_atomic_t is_asked_to_end;

static void on_signal(int signal)
{
	if (signal != SIGCHLD)
		is_asked_to_end = 1;
}

/* ---- beginning ---- */

static void add_input(const char *path)
{
	int fd = ninputs < MAX_INPUTS ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

	if (fd < 0)
		fprintf(stderr, "sessiond: %s: %s\n", path, ninputs < MAX_INPUTS ? strerror(errno) : "too many inputs");
	else
		inputs[ninputs++] = fd;
}

static void add_all_inputs(void)
{
	DIR *folder = opendir(INPUT_FOLDER);
	struct dirent *entry;
	char path[512];

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		if (strncmp(entry->d_name, "event", 5))
			continue;
		snprintf(path, sizeof(path), INPUT_FOLDER "/%s", entry->d_name);
		add_input(path);
	}
	closedir(folder);
}

static bool parse_option(const char *name, const char *value)
{
	if (!strcmp(name, "--framebuffer"))
		options.framebuffer = value;
	else if (!strcmp(name, "--font"))
		options.font = value;
	else if (!strcmp(name, "--input"))
		add_input(value);
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

	for (; i < argc && argv[i][0] == '-'; i += 2)
		if (i + 1 == argc || !parse_option(argv[i], argv[i + 1]))
			return false;
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

static void take_key(const struct input_event *event)
{
	struct session *session = &sessions[focus];
	struct key_meaning meaning;

	if (event->type != EV_KEY)
		return;
	meaning = keymap_take(&keymap, event->code, event->value);
	if (meaning.kind == KEY_MEANS_SWITCH)
		move_focus(meaning.value);
	else if (session->master >= 0)
		session_press(session, &meaning);
	else if (event->code == KEY_ENTER && event->value == 1)
		move_focus(focus);
}

/* Returns: false when the device is gone. */
static bool take_input(int fd)
{
	struct input_event events[EVENTS_AT_ONCE];
	ssize_t len = read(fd, events, sizeof(events));

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	for (size_t i = 0; i < (size_t)len / sizeof(events[0]); i++)
		take_key(&events[i]);
	return len > 0;
}

/* ---- the loop ---- */

/* The session ends when its terminal does, with all that was written to it read. */
static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (unsigned int i = 0; i < options.nsessions; i++)
			if (sessions[i].pid == pid)
				sessions[i].pid = 0;
}

static void wait_and_serve(void)
{
	struct pollfd polls[MAX_SESSIONS + MAX_INPUTS];

	for (unsigned int i = 0; i < options.nsessions; i++)
		polls[i] = (struct pollfd){ .fd = sessions[i].master, .events = POLLIN };
	for (unsigned int i = 0; i < ninputs; i++)
		polls[options.nsessions + i] = (struct pollfd){ .fd = inputs[i], .events = POLLIN };
	if (ppoll(polls, options.nsessions + ninputs, NULL, &wait_mask) <= 0)
		return;
	for (unsigned int i = 0; i < options.nsessions; i++)
		if (polls[i].revents && !session_take_output(&sessions[i]))
			session_end(&sessions[i]);
	for (unsigned int i = 0; i < ninputs; i++)
		if (polls[options.nsessions + i].revents && !take_input(inputs[i])) {
			close(inputs[i]);
			inputs[i] = -1;
		}
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
	if (!ninputs)
		add_all_inputs();
	for (unsigned int i = 0; i < MAX_SESSIONS; i++)
		sessions[i].master = -1;
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
	}
	for (unsigned int i = 0; i < options.nsessions; i++)
		if (sessions[i].pid)
			kill(-sessions[i].pid, SIGHUP);
	return EXIT_SUCCESS;
}
