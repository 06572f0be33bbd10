#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "runtimed.h"

static const struct runtime_words no_words;

static void answer(uint64_t client, uint32_t operation, int status)
{
	struct runtime_response response = {
		.magic = RUNTIME_RESPONSE_MAGIC, .version = RUNTIME_PROTOCOL_VERSION, .operation = operation, .status = status,
	};

	server_answer(client, &response, NULL);
}

/* ---- snapshot ---- */

static uint32_t state_of(const struct program *program)
{
	if (program->phase == PROGRAM_STOPPING)
		return RUNTIME_STOPPING;
	return program->phase == PROGRAM_RUNNING && program->is_ready ? RUNTIME_RUNNING : RUNTIME_STARTING;
}

static uint32_t state_of_unit(const struct unit *unit)
{
	switch (unit->state) {
	case UNIT_PAUSING:
		return RUNTIME_PAUSING;
	case UNIT_GIVEN_UP:
	case UNIT_ENDED:
		return RUNTIME_GIVEN_UP;
	default:
		return RUNTIME_WAITING;
	}
}

static void record_program(struct runtime_running_program *record, const struct program *program)
{
	record->session = program->session;
	record->start_time_ns = program->start_ns;
	record->pid = (uint32_t)program->pid;
	record->uid = program->uid;
	record->state = state_of(program);
	record->kind = program->kind;
	if (program->kind == RUNTIME_SERVICE)
		record->restarts = schedule.units[program->unit].restarts;
	memcpy(record->desktop_id, program->desktop_id, sizeof(record->desktop_id));
	memcpy(record->name, program->name, sizeof(record->name));
}

static bool has_program(unsigned int unit)
{
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used && programs[i].kind == RUNTIME_SERVICE && programs[i].unit == (int)unit)
			return true;
	return false;
}

static void record_unit(struct runtime_running_program *record, const struct unit *unit)
{
	record->uid = geteuid();
	record->state = state_of_unit(unit);
	record->kind = RUNTIME_SERVICE;
	record->restarts = unit->restarts;
	strcpy(record->desktop_id, unit->program->id);
	strcpy(record->name, unit->program->id);
}

static void serve_snapshot(uint64_t client)
{
	static struct runtime_running_program records[RUNTIME_MAX_PROGRAMS];
	struct runtime_response response = {
		.magic = RUNTIME_RESPONSE_MAGIC, .version = RUNTIME_PROTOCOL_VERSION, .operation = RUNTIME_SNAPSHOT,
	};
	uint32_t n = 0;

	memset(records, 0, sizeof(records));
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used)
			record_program(&records[n++], &programs[i]);
	for (unsigned int i = 0; i < schedule.n && n < RUNTIME_MAX_PROGRAMS; i++)
		if (schedule.units[i].state != UNIT_FOREIGN && !has_program(i))
			record_unit(&records[n++], &schedule.units[i]);
	response.nprograms = n;
	server_answer(client, &response, records);
}

/* ---- launch ---- */

static int begin_launch(uint64_t client, const struct peer *peer, struct launch *launch)
{
	int err = -EAGAIN;

	if (program_count(RUNTIME_SESSION) >= MAX_SESSIONS ||
	    (peer->uid && program_count_of(peer->uid) >= MAX_SESSIONS_OF_USER))
		return -EAGAIN;
	launch->kind = RUNTIME_SESSION;
	launch->unit = NO_UNIT;
	launch->uid = peer->uid;
	launch->gid = peer->gid;
	launch->stop_seconds = STOP_SECONDS;
	launch->client = client;
	return program_start(launch, &err) ? 0 : err;
}

static int launch_program(uint64_t client, const struct peer *peer, const char *id)
{
	const struct runtime_launch_program *program = runtime_launch_find(&launch_registry, id);
	struct policy_object object = { .kind = RUNTIME_SESSION };
	struct launch launch;
	int err;

	if (!program)
		return -ENOENT;
	object.is_admin = program->logical_admin;
	err = policy_check(peer, RUNTIME_LAUNCH_PROGRAM, &object, geteuid());
	if (err)
		return err;
	launch = (struct launch){ .desktop_id = program->id, .name = program->id, .exec = program->exec,
		.args = &program->args, .env = &program->env };
	return begin_launch(client, peer, &launch);
}

static int launch_path(uint64_t client, const struct peer *peer, const char *path)
{
	const char *name = strrchr(path, '/');
	struct launch launch = { .desktop_id = "", .exec = path, .args = &no_words, .env = &no_words };
	int err = policy_check(peer, RUNTIME_LAUNCH_PATH, NULL, geteuid());

	if (err)
		return err;
	if (*path != '/' || !name[1])
		return -EINVAL;
	launch.name = name + 1;
	return begin_launch(client, peer, &launch);
}

void request_launched(uint64_t client, const struct program *program, int status)
{
	struct runtime_response response = {
		.magic = RUNTIME_RESPONSE_MAGIC, .version = RUNTIME_PROTOCOL_VERSION, .status = status,
		.operation = *program->desktop_id ? RUNTIME_LAUNCH_PROGRAM : RUNTIME_LAUNCH_PATH,
	};

	if (!status) {
		response.session = program->session;
		response.pid = (uint32_t)program->pid;
	}
	server_answer(client, &response, NULL);
}

/* ---- terminate ---- */

static int terminate(const struct peer *peer, const struct runtime_request *request)
{
	bool is_pid = request->operation == RUNTIME_TERMINATE_PID;
	struct program *program;
	struct policy_object object;
	int err;

	if (is_pid && request->argument > INT32_MAX)
		return -ESRCH;
	program = is_pid ? program_of_pid((pid_t)request->argument) : program_of_session(request->argument);
	if (!program)
		return -ESRCH;
	object = (struct policy_object){ .kind = program->kind, .uid = program->uid };
	err = policy_check(peer, (enum runtime_operation)request->operation, &object, geteuid());
	if (err)
		return err;
	return program_stop_process(program, is_pid ? (pid_t)request->argument : program->pid);
}

static int ui_ready(const struct peer *peer)
{
	int err = policy_check(peer, RUNTIME_UI_READY, NULL, geteuid());

	if (!err)
		services_ui_ready();
	return err;
}

void request_serve(uint64_t client, const struct peer *peer, const struct runtime_request *request)
{
	int status = -EPROTO;

	switch (request->operation) {
	case RUNTIME_SNAPSHOT:
		serve_snapshot(client);
		return;
	case RUNTIME_LAUNCH_PROGRAM:
	case RUNTIME_LAUNCH_PATH:
		if (schedule.is_closing)
			status = -ESHUTDOWN;
		else if (request->operation == RUNTIME_LAUNCH_PROGRAM)
			status = launch_program(client, peer, request->text);
		else
			status = launch_path(client, peer, request->text);
		if (!status)
			return;
		break;
	case RUNTIME_TERMINATE_SESSION:
	case RUNTIME_TERMINATE_PID:
		status = terminate(peer, request);
		break;
	case RUNTIME_UI_READY:
		status = ui_ready(peer);
		break;
	}
	answer(client, request->operation, status);
}
