/* initd: one program, from the host's request to the end record. */
#define _GNU_SOURCE	/* ppoll */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <albireo/exec_request.h>
#include <nucleus/nucleus.h>

#include "initd.h"
#include "runtime.h"
#include "search.h"
#include "system.h"

#define ACK_TIMEOUT_MS 30000

/* Most requests fit here; a larger one gets memory of its own. */
static char request_bytes[128 << 10];

static struct exec_request request;
static struct streams streams = { -1, -1, -1, false };
static struct control_input input;
static sigset_t wait_mask;		/* what is blocked while waiting, and in the program: nothing of ours */
static pid_t program;
static bool is_acknowledged;

static bool has_system;			/* the root is the system volume */

static volatile sig_atomic_t asked_end = -1;	/* MACHINE_*, once a signal asked for it */

/* What reboot(2) and the programs poweroff, halt and reboot send to pid 1. */
static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		asked_end = MACHINE_HALT;
	else if (signal == SIGUSR2)
		asked_end = MACHINE_POWEROFF;
	else if (signal == SIGTERM || signal == SIGINT)
		asked_end = MACHINE_RESET;
}

static void take_signals(void)
{
	static const int handled[] = { SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
		sigaction(handled[i], &action, NULL);
		sigaddset(&blocked, handled[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &wait_mask);
}

/* ---- the request ---- */

/* Returns: its bytes, and the length in *@len; NULL without one. */
static char *read_request(size_t *len)
{
	long size = nucleus_fw_cfg(EXEC_REQUEST_FILE, request_bytes, sizeof(request_bytes), 0);
	char *bytes;

	if (size <= 0)
		return NULL;
	*len = (size_t)size;
	if ((size_t)size <= sizeof(request_bytes))
		return request_bytes;
	bytes = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED || nucleus_fw_cfg(EXEC_REQUEST_FILE, bytes, *len, 0) != size) {
		initd_log(NUCLEUS_LOG_FATAL, "cannot read a request of %ld bytes", size);
		machine_poweroff();
	}
	return bytes;
}

/* A boot without ./x: a shell from the bundle on the serial port. */
static void make_bare_request(void)
{
	static char *argv[] = { "/system/bin/busybox", "sh", NULL };
	static char *envp[] = { "PATH=/system/bin:/usr/bin:/bin", "HOME=/", "TERM=vt220", "USER=root", "LOGNAME=root",
		"PS1=\\w \\$ ", NULL };

	request.argv = argv;
	request.envp = envp;
	request.cwd = "/";
	request.id = "";
	request.umask = 022;
	request.is_run = true;
}

/* ---- the end ---- */

static void obey(const struct control_command *command)
{
	switch (command->kind) {
	case CONTROL_WINSIZE:
		ports_set_size(&streams, command->rows, command->cols);
		break;
	case CONTROL_SIGNAL:
		if (program > 0)
			kill(-program, (int)command->number);
		else if (has_system)
			asked_end = MACHINE_POWEROFF;
		break;
	case CONTROL_EOF:
		ports_end_input(&streams, command->number);
		break;
	case CONTROL_CLOSED_STDOUT:
		ports_break(&streams, false);
		break;
	case CONTROL_CLOSED_STDERR:
		ports_break(&streams, true);
		break;
	case CONTROL_ACK:
		is_acknowledged = true;
		break;
	case CONTROL_BAD:
		initd_log(NUCLEUS_LOG_WARN, "the host sent a line that this machine does not know");
		break;
	}
}

/* Returns: false when the port is gone. */
static bool read_control(void)
{
	struct control_command command;
	size_t room;
	char *space = control_input_space(&input, &room);
	ssize_t len = read(control_fd, space, room);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!len)
		return false;
	control_input_add(&input, (size_t)len);
	while (control_next(&input, &command))
		obey(&command);
	return true;
}

/* Wait for control lines or signals. Returns: what ppoll() does. */
static int wait_for_news(int timeout_ms)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000l };
	struct pollfd poll = { .fd = control_fd, .events = POLLIN };
	int ready = ppoll(&poll, 1, timeout_ms < 0 ? NULL : &timeout, &wait_mask);

	if (ready > 0 && !read_control()) {
		initd_log(NUCLEUS_LOG_WARN, "the control port is gone");
		close(control_fd);
		control_fd = -1;
	}
	return ready;
}

static void wait_for_ack(void)
{
	while (control_fd >= 0 && !is_acknowledged)
		if (!wait_for_news(ACK_TIMEOUT_MS))
			return;
}

static void end_machine(struct end_record *end, uint64_t op) __attribute__((noreturn));
static void end_machine(struct end_record *end, uint64_t op)
{
	char line[END_LINE_BYTES];
	size_t len;

	program = 0;
	runtime_end();
	system_end();
	machine_settle();
	ports_count(&streams, end);
	len = end_record_format(end, line);
	initd_log(NUCLEUS_LOG_INFO, "%.*s", (int)len - 1, line);
	ports_tell(line, len);
	wait_for_ack();
	machine_end(op);
}

static void end_refused(int code, const char *text) __attribute__((noreturn));
static void end_refused(int code, const char *text)
{
	struct end_record end = { .kind = END_REFUSED, .value = (uint32_t)code, .text = text };

	end_machine(&end, MACHINE_POWEROFF);
}

/* ---- the program's life ---- */

static struct end_record end_of(int status)
{
	if (WIFSIGNALED(status))
		return (struct end_record){ .kind = END_SIGNAL, .value = (uint32_t)WTERMSIG(status) };
	return (struct end_record){ .kind = END_CODE, .value = (uint32_t)WEXITSTATUS(status) };
}

/* Reap every child that has ended: ours, and the orphans of the machine.
 * Returns: whether the program was among them. */
static bool reap(struct end_record *end)
{
	bool is_over = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		runtime_reaped(pid);
		system_reaped(pid);
		if (pid != program)
			continue;
		*end = end_of(status);
		is_over = true;
	}
	return is_over;
}

static void supervise(void) __attribute__((noreturn));
static void supervise(void)
{
	struct end_record end = { 0 };

	for (;;) {
		if (reap(&end))
			end_machine(&end, MACHINE_POWEROFF);
		if (asked_end >= 0) {
			end.kind = asked_end == MACHINE_RESET ? END_REBOOT : END_POWEROFF;
			end_machine(&end, (uint64_t)asked_end);
		}
		wait_for_news(-1);
	}
}

static void trace(pid_t pid)
{
	long err = nucleus_launch(LAUNCH_STRACE, (unsigned long)pid);

	if (err)
		ports_note("x: cannot trace: error %ld", -err);
}

static const char *terminal_type(void)
{
	for (char **env = request.envp; *env; env++)
		if (!strncmp(*env, "TERM=", 5))
			return *env + 5;
	return "vt220";
}

/* @terminal: the name in /dev of what one sits at. */
static void run_program(const char *terminal) __attribute__((noreturn));
static void run_program(const char *terminal)
{
	struct refusal refusal;

	if (request.is_run)
		runtime_begin(&wait_mask);
	if (has_system)
		system_begin(streams.has_tty ? terminal : NULL, terminal_type(), &wait_mask);
	/* Who has a terminal to log in on needs no other program. */
	if (has_system && streams.has_tty)
		supervise();
	program = launch_program(&request, &streams, &wait_mask, request.has_strace ? trace : NULL, &refusal);
	if (program < 0)
		end_refused(refusal.code, refusal.text);
	supervise();
}

static void run_bare(void) __attribute__((noreturn));
static void run_bare(void)
{
	int fd;

	fd = open("/dev/ttyS0", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		initd_log(NUCLEUS_LOG_FATAL, "there is neither a request nor a serial port: error %d", errno);
		machine_poweroff();
	}
	streams = (struct streams){ fd, fd, fd, true };
	has_system = system_mount();
	run_program("ttyS0");
}

static bool has_host_root(void)
{
	for (unsigned int i = 0; i < request.nmounts; i++)
		if (!strcmp(request.mounts[i].target, "/"))
			return true;
	return false;
}

/* The child's dup2() onto 0, 1 and 2 must not meet a stream that lies there. */
static void keep_low_descriptors_busy(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd < 2);
	if (fd > 2)
		close(fd);
}

int main(void)
{
	char text[sizeof(request.why) + 64];
	size_t len;
	char *bytes;
	int err = 0;

	take_signals();
	bytes = read_request(&len);
	if (bytes)
		err = request_parse(bytes, len, &request);
	else
		make_bare_request();

	machine_publish(request.uid, request.gid);
	machine_settle_devices();
	machine_settle_disks(request.uid, request.gid);
	keep_low_descriptors_busy();
	if (!bytes)
		run_bare();
	ports_open_control();
	machine_hide_control();
	ports_tell("ready\n", 6);
	if (err) {
		snprintf(text, sizeof(text), "x: the machine refuses the request: %s",
			 err == -ENOMEM ? "no memory" : request.why);
		end_refused(REFUSED_NOT_EXECUTABLE, text);
	}

	machine_set_clock(&request);
	machine_set_name(&request);
	/* Without its folders or streams the program cannot be what was asked for: the host
	 * sees the machine end without a record, which is its failure and not the program's. */
	has_system = request.is_run && !has_host_root() && system_mount();
	if (machine_mount(&request) || ports_open_streams(&request, &streams))
		machine_poweroff();
	machine_load_file_drivers();
	machine_make_tmpdir(&request);
	if (!has_system)
		machine_make_profile(&request);
	run_program("albireo/tty");
}
