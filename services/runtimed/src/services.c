#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtimed.h"

struct schedule schedule;
struct runtime_registry launch_registry, env_registry;

static struct runtime_registry startup_registry;

/* ---- the registries ---- */

static void load(const char *name, int (*parse)(const char *, size_t, struct runtime_registry *),
		 struct runtime_registry *registry)
{
	char path[256];
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", options.registry_dir, name) >= (int)sizeof(path))
		err = -ENAMETOOLONG;
	else
		err = runtime_registry_load(path, parse, registry);
	if (err)
		report("cannot read %s: %s", name, strerror(-err));
	if (registry->nskipped)
		report("%s: %u lines cannot be used, line %u is the first", name, registry->nskipped,
		       registry->first_skipped);
}

static void report_given_up(void)
{
	static uint64_t told;

	for (unsigned int i = 0; i < schedule.n; i++) {
		const struct unit *unit = &schedule.units[i];

		if (unit->state != UNIT_GIVEN_UP || told & 1ull << i)
			continue;
		told |= 1ull << i;
		report("%s: given up: %s", unit->program->id, unit->reason);
	}
}

void services_begin(void)
{
	load("startup-programs.tsv", runtime_startup_parse, &startup_registry);
	load("runtime-launch-programs.tsv", runtime_launch_parse, &launch_registry);
	load("runtime-env.tsv", runtime_env_parse, &env_registry);
	if (schedule_build(&schedule, startup_registry.startup, startup_registry.n))
		report("only the first %d of %zu startup programs are taken", SCHEDULE_MAX_UNITS, startup_registry.n);
	report_given_up();
}

/* ---- what happens to one ---- */

static void report_pause(const struct unit *unit, const char *what, int number)
{
	const char *id = unit->program->id;

	switch (unit->state) {
	case UNIT_PAUSING:
		report("%s: %s %d, starting it again in %llu ms", id, what, number,
		       (unsigned long long)(unit->pause_ns / 1000000));
		break;
	case UNIT_GIVEN_UP:
	case UNIT_ENDED:
		report("%s: %s %d", id, what, number);
		break;
	default:
		break;
	}
}

static void note_end(unsigned int index, enum unit_end end, const char *what, int number)
{
	schedule_ended(&schedule, index, end, now_ns());
	report_pause(&schedule.units[index], what, number);
	report_given_up();
}

void services_ended(struct program *program)
{
	unsigned int index = (unsigned int)program->unit;
	bool was_late = schedule.units[index].state == UNIT_STOPPING && !schedule.units[index].is_unwanted;

	if (program->exec_error)
		note_end(index, UNIT_CRASHED, "cannot be executed: error", -program->exec_error);
	else if (!program->is_status_known)
		note_end(index, UNIT_CRASHED, "ended unseen, pid", program->pid);
	else if (WIFSIGNALED(program->status))
		note_end(index, UNIT_CRASHED, "was killed by signal", WTERMSIG(program->status));
	else
		note_end(index, WEXITSTATUS(program->status) || was_late ? UNIT_CRASHED : UNIT_ENDED_WELL,
			 "exited with", WEXITSTATUS(program->status));
}

void services_executed(struct program *program)
{
	schedule_executed(&schedule, (unsigned int)program->unit);
}

void services_ready(struct program *program)
{
	schedule_ready(&schedule, (unsigned int)program->unit);
}

void services_stop(struct program *program)
{
	schedule_stopping(&schedule, (unsigned int)program->unit, true);
	program_stop(program);
}

void services_ui_ready(void)
{
	schedule.is_ui_ready = true;
	state_save();
}

/* ---- starting ---- */

static void start(unsigned int index)
{
	const struct runtime_startup_program *program = schedule.units[index].program;
	struct launch launch = {
		.kind = RUNTIME_SERVICE, .unit = (int)index, .desktop_id = program->id, .name = program->id,
		.exec = program->exec, .args = &program->args, .env = &program->env, .uid = geteuid(), .gid = getegid(),
		.wants_ready = program->ready == RUNTIME_READY_NOTIFY, .stop_seconds = program->stop_seconds,
		.client = NO_CLIENT,
	};
	int err;

	schedule_starting(&schedule, index, now_ns());
	if (!program_start(&launch, &err))
		note_end(index, UNIT_CRASHED, "cannot be started: error", -err);
}

static struct program *program_of_unit(unsigned int index)
{
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used && programs[i].unit == (int)index && programs[i].kind == RUNTIME_SERVICE)
			return &programs[i];
	return NULL;
}

static void end_overdue(uint64_t now)
{
	int index;

	while ((index = schedule_overdue(&schedule, now)) >= 0) {
		struct program *program = program_of_unit((unsigned int)index);

		report("%s: not ready after %u s", schedule.units[index].program->id,
		       schedule.units[index].program->ready_seconds);
		schedule_stopping(&schedule, (unsigned int)index, false);
		if (program)
			program_stop(program);
	}
}

/* ---- closing ---- */

void services_close(void)
{
	schedule_close(&schedule);
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used && programs[i].kind == RUNTIME_SESSION)
			program_stop(&programs[i]);
}

/* Sessions are over: end what nothing that runs depends on any more. */
static void stop_unneeded(void)
{
	uint8_t order[SCHEDULE_MAX_UNITS];
	unsigned int n = schedule_stop_order(&schedule, order);

	for (unsigned int i = 0; i < n; i++) {
		struct program *program = program_of_unit(order[i]);

		if (!program || program->phase == PROGRAM_STOPPING || schedule_is_needed(&schedule, order[i]))
			continue;
		report("%s: stopping", program->name);
		schedule_stopping(&schedule, order[i], true);
		program_stop(program);
	}
}

bool services_are_over(void)
{
	return schedule.is_closing && !program_count(RUNTIME_SERVICE) && !program_count(RUNTIME_SESSION);
}

uint64_t services_tick(uint64_t now)
{
	int index;

	end_overdue(now);
	while ((index = schedule_next(&schedule, now)) >= 0)
		start((unsigned int)index);
	report_given_up();
	if (schedule.is_closing && !program_count(RUNTIME_SESSION))
		stop_unneeded();
	return schedule_deadline(&schedule);
}
