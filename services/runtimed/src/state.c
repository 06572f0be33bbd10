/* The state file: a registry's lines, replaced as a whole. It lies below /run, so that it ends
 * with the machine. */
#define _GNU_SOURCE	/* open_memstream */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <registry/registry.h>

#include "runtimed.h"

#define STATE_BYTES (256 << 10)

/* While what a predecessor wrote is being read, nothing less than all of it may replace it. */
static bool is_loading;

/* ---- saving ---- */

static void write_program(FILE *out, const struct program *program)
{
	fprintf(out, "kind=program\tsession=%llu\tpid=%d\tticks=%llu\tstart_ns=%llu\tuid=%u\tgid=%u\tservice=%s\t"
		"desktop_id=%s\tname=%s\tready=%s\tstopping=%s\tstop_seconds=%u\n",
		(unsigned long long)program->session, program->pid, (unsigned long long)program->start_ticks,
		(unsigned long long)program->start_ns, program->uid, program->gid,
		program->kind == RUNTIME_SERVICE ? "true" : "false", program->desktop_id, program->name,
		program->is_ready ? "true" : "false", program->phase == PROGRAM_STOPPING ? "true" : "false",
		program->stop_seconds);
}

static const char *state_word(const struct unit *unit)
{
	return unit->state == UNIT_GIVEN_UP ? "given-up" : unit->state == UNIT_ENDED ? "ended" : "up";
}

static void write_unit(FILE *out, const struct unit *unit)
{
	uint32_t n = unit->ndeaths < SCHEDULE_MAX_DEATHS ? unit->ndeaths : SCHEDULE_MAX_DEATHS;

	fprintf(out, "kind=unit\tid=%s\tstate=%s\tunwanted=%s\trestarts=%u\tpause_ns=%llu\tdeaths=", unit->program->id,
		state_word(unit), unit->is_unwanted ? "true" : "false", unit->restarts, (unsigned long long)unit->pause_ns);
	for (uint32_t i = unit->ndeaths - n; i < unit->ndeaths; i++)
		fprintf(out, "%llu,", (unsigned long long)unit->deaths_ns[i % SCHEDULE_MAX_DEATHS]);
	fputc('\n', out);
}

static void write_all(FILE *out)
{
	fprintf(out, "kind=runtimed\tnext_session=%llu\tui_ready=%s\n", (unsigned long long)next_session,
		schedule.is_ui_ready ? "true" : "false");
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used && programs[i].pid)
			write_program(out, &programs[i]);
	for (unsigned int i = 0; i < schedule.n; i++)
		if (schedule.units[i].state != UNIT_FOREIGN)
			write_unit(out, &schedule.units[i]);
}

int state_save(void)
{
	char path[256], new_path[256];
	FILE *out;
	int fd, err;

	if (is_loading)
		return 0;
	run_path(new_path, sizeof(new_path), "runtimed/state.new");
	fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		err = -errno;
		drop_fd(&fd);
		report("cannot write down what runs: error %d", -err);
		return err;
	}
	write_all(out);
	err = ferror(out) ? -EIO : 0;
	if (fclose(out))
		err = -errno;
	if (!err && rename(new_path, run_path(path, sizeof(path), "runtimed/state")))
		err = -errno;
	if (err)
		report("cannot write down what runs: error %d", -err);
	return err;
}

void state_remove(void)
{
	char path[256];

	unlink(run_path(path, sizeof(path), "runtimed/state"));
}

/* ---- loading ---- */

static bool number(const struct registry_record *record, const char *key, uint64_t *value)
{
	return !registry_field_u64(record, key, value);
}

static bool text(const struct registry_record *record, const char *key, char *buf, size_t size)
{
	struct registry_text found;

	return registry_field(record, key, &found) && !registry_text_copy(found, buf, size);
}

static bool read_program(const struct registry_record *record, struct program *program, bool *is_stopping)
{
	uint64_t pid, uid, gid, stop;
	bool is_service;

	if (!number(record, "session", &program->session) || !number(record, "pid", &pid) ||
	    !number(record, "ticks", &program->start_ticks) || !number(record, "start_ns", &program->start_ns) ||
	    !number(record, "uid", &uid) || !number(record, "gid", &gid) || !number(record, "stop_seconds", &stop) ||
	    !text(record, "desktop_id", program->desktop_id, sizeof(program->desktop_id)) ||
	    !text(record, "name", program->name, sizeof(program->name)) ||
	    registry_field_bool(record, "service", &is_service) || registry_field_bool(record, "ready", &program->is_ready) ||
	    registry_field_bool(record, "stopping", is_stopping))
		return false;
	program->pid = (pid_t)pid;
	program->uid = (uid_t)uid;
	program->gid = (gid_t)gid;
	program->stop_seconds = (uint32_t)stop;
	program->kind = is_service ? RUNTIME_SERVICE : RUNTIME_SESSION;
	program->unit = is_service ? schedule_find(&schedule, program->desktop_id) : NO_UNIT;
	return program->pid > 0;
}

/* A service that the registry does not know any more is a session like others. */
static void adopt(const struct registry_record *record)
{
	struct program *program = program_slot();
	bool is_stopping;

	if (!program || !read_program(record, program, &is_stopping)) {
		report("cannot read of a program that runs");
		return;
	}
	program->is_used = true;
	program->phase = PROGRAM_RUNNING;
	if (program->kind == RUNTIME_SERVICE && program->unit < 0)
		program->kind = RUNTIME_SESSION;
	if (program->kind == RUNTIME_SERVICE) {
		schedule_starting(&schedule, (unsigned int)program->unit, now_ns());
		schedule_executed(&schedule, (unsigned int)program->unit);
		/* The pipe by which it would have said so is gone with the predecessor. */
		schedule_ready(&schedule, (unsigned int)program->unit);
	}
	program_adopt(program);
	if (!program->is_used)
		return;
	report("%s: runs already, as pid %d", program->name, program->pid);
	if (!is_stopping)
		return;
	if (program->kind == RUNTIME_SERVICE)
		schedule_stopping(&schedule, (unsigned int)program->unit, false);
	program_stop(program);
}

static void restore_unit(const struct registry_record *record)
{
	char id[RUNTIME_ID_BYTES], word[16];
	uint64_t restarts, pause_ns;
	struct registry_text deaths, item;
	bool is_unwanted;
	int unit;

	if (!text(record, "id", id, sizeof(id)) || (unit = schedule_find(&schedule, id)) < 0 ||
	    !text(record, "state", word, sizeof(word)) || registry_field_bool(record, "unwanted", &is_unwanted) ||
	    !number(record, "restarts", &restarts) || !number(record, "pause_ns", &pause_ns) ||
	    !registry_field(record, "deaths", &deaths))
		return;
	schedule_restore(&schedule, (unsigned int)unit,
			 !strcmp(word, "given-up") ? UNIT_GIVEN_UP : !strcmp(word, "ended") ? UNIT_ENDED : UNIT_WAITING,
			 is_unwanted, (uint32_t)restarts, pause_ns);
	while (registry_list_next(&deaths, &item))
		schedule_restore_death(&schedule, (unsigned int)unit, strtoull(item.start, NULL, 10));
}

static void read_self(const struct registry_record *record)
{
	uint64_t next;

	if (number(record, "next_session", &next) && next > next_session)
		next_session = next;
	if (registry_field_bool(record, "ui_ready", &schedule.is_ui_ready))
		schedule.is_ui_ready = false;
}

/* One pass for each kind: what runs is adopted by units that have their past. */
static void read_records(const char *bytes, size_t len, const char *kind, void (*take)(const struct registry_record *))
{
	struct registry_reader reader;
	struct registry_record record;
	struct registry_text found;
	int result;

	registry_open(&reader, bytes, len);
	while ((result = registry_next(&reader, &record)) != 0)
		if (result > 0 && registry_field(&record, "kind", &found) && registry_text_is(found, kind))
			take(&record);
}

void state_load(void)
{
	static char bytes[STATE_BYTES];
	char path[256];
	ssize_t len;
	int fd = open(run_path(path, sizeof(path), "runtimed/state"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	len = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (len <= 0)
		return;
	is_loading = true;
	read_records(bytes, (size_t)len, "runtimed", read_self);
	read_records(bytes, (size_t)len, "unit", restore_unit);
	read_records(bytes, (size_t)len, "program", adopt);
	is_loading = false;
	state_save();
}
