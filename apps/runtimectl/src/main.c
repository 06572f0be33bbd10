/* runtimectl: the command-line client of runtimed. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runtime-control/client.h>

#define EXIT_REFUSED 1		/* runtimed said no */
#define EXIT_USAGE 2
#define EXIT_UNREACHABLE 3	/* runtimed was not reached, or does not speak our language */

static const char usage[] =
	"usage: runtimectl [--socket PATH] COMMAND\n"
	"  list                    what runs: session, pid, state, kind, uid, restarts, desktop id, name\n"
	"  launch ID               a program by its desktop id, in a new session\n"
	"  launch-path PATH        the file at an absolute path, in a new session\n"
	"  terminate-session N     every process of a session\n"
	"  terminate PID           a process of a session\n"
	"  ui-ready                the UI server is ready\n"
	"Exit codes: 0 done, 1 refused, 2 wrong use, 3 runtimed not reached.\n";

static struct runtime_client *client;

static int list(const char *word)
{
	struct runtime_running_program *programs;
	size_t n;
	int err = snapshot_running_programs(client, &programs, &n);

	if (err)
		return err;
	printf("%-8s %-7s %-9s %-8s %-6s %-8s %-24s %s\n", "SESSION", "PID", "STATE", "KIND", "UID", "RESTARTS", "ID", "NAME");
	for (size_t i = 0; i < n; i++) {
		const struct runtime_running_program *p = &programs[i];

		printf("%-8llu %-7u %-9s %-8s %-6u %-8u %-24s %s\n", (unsigned long long)p->session, p->pid,
		       runtime_state_name(p->state), p->kind == RUNTIME_SERVICE ? "service" : "session", p->uid,
		       p->restarts, *p->desktop_id ? p->desktop_id : "-", p->name);
	}
	free(programs);
	return 0;
}

static int tell_launched(int err, const struct runtime_launched *launched)
{
	if (!err)
		printf("session %llu pid %u\n", (unsigned long long)launched->session, launched->pid);
	return err;
}

static int launch(const char *id)
{
	struct runtime_launched launched;
	int err = request_launch_program_new_session(client, id, &launched);

	return tell_launched(err, &launched);
}

static int launch_path(const char *path)
{
	struct runtime_launched launched;
	int err = request_launch_path_new_session(client, path, &launched);

	return tell_launched(err, &launched);
}

static bool parse_number(const char *text, unsigned long long max, unsigned long long *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end && *number && *number <= max;
}

static int terminate_session(const char *word)
{
	unsigned long long handle;

	return parse_number(word, UINT64_MAX, &handle) ? request_terminate_session(client, handle) : -EINVAL;
}

static int terminate(const char *word)
{
	unsigned long long pid;

	return parse_number(word, UINT32_MAX, &pid) ? request_terminate_pid(client, (uint32_t)pid) : -EINVAL;
}

static int ui_ready(const char *word)
{
	return notify_ui_ready(client);
}

static const struct command {
	const char *name;
	bool has_word;
	int (*run)(const char *word);
} commands[] = {
	{ "list", false, list }, { "launch", true, launch }, { "launch-path", true, launch_path },
	{ "terminate-session", true, terminate_session }, { "terminate", true, terminate }, { "ui-ready", false, ui_ready },
};

static const struct command *find_command(int argc, char **argv)
{
	for (size_t i = 0; argc && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, argv[0]))
			return argc == (commands[i].has_word ? 2 : 1) ? &commands[i] : NULL;
	return NULL;
}

static bool is_connection_lost(int err)
{
	return err == -EPROTO || err == -EPROTONOSUPPORT || err == -ETIMEDOUT || err == -EPIPE || err == -ECONNRESET;
}

int main(int argc, char **argv)
{
	const char *socket_path = NULL;
	const struct command *command;
	int err;

	argc--, argv++;
	if (argc >= 2 && !strcmp(argv[0], "--socket")) {
		socket_path = argv[1];
		argc -= 2, argv += 2;
	}
	command = find_command(argc, argv);
	if (!command) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	err = runtime_client_open(socket_path, &client);
	if (err) {
		fprintf(stderr, "runtimectl: %s: %s\n", socket_path ? socket_path : DEFAULT_RUNTIME_SOCKET_PATH, strerror(-err));
		return EXIT_UNREACHABLE;
	}
	err = command->run(command->has_word ? argv[1] : NULL);
	runtime_client_close(client);
	if (!err)
		return EXIT_SUCCESS;
	fprintf(stderr, "runtimectl: %s: %s\n", command->has_word ? argv[1] : command->name, strerror(-err));
	return is_connection_lost(err) ? EXIT_UNREACHABLE : EXIT_REFUSED;
}
