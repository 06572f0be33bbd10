#include <errno.h>
#include <string.h>

#include "schedule.h"

#define SECOND_NS 1000000000ull

static void give_up(struct unit *unit, const char *reason)
{
	unit->state = UNIT_GIVEN_UP;
	unit->reason = reason;
}

static bool is_running(const struct unit *unit)
{
	return unit->state == UNIT_STARTING || unit->state == UNIT_READY || unit->state == UNIT_STOPPING;
}

/* ---- building ---- */

int schedule_find(const struct schedule *schedule, const char *id)
{
	for (unsigned int i = 0; i < schedule->n; i++)
		if (!strcmp(schedule->units[i].program->id, id))
			return (int)i;
	return -1;
}

static void link_deps(struct schedule *schedule, struct unit *unit)
{
	for (unsigned int i = 0; i < unit->program->deps.n; i++) {
		int dep = schedule_find(schedule, unit->program->deps.word[i]);

		if (dep < 0) {
			give_up(unit, "depends on a program that is not there");
			return;
		}
		unit->deps[unit->ndeps++] = (uint8_t)dep;
	}
}

/* Which units @from reaches along dependencies, itself only by a circle. */
static uint64_t reach(const struct schedule *schedule, unsigned int from)
{
	uint64_t seen = 0, todo = 1ull << from;

	while (todo) {
		unsigned int at = (unsigned int)__builtin_ctzll(todo);
		const struct unit *unit = &schedule->units[at];

		todo &= todo - 1;
		for (unsigned int i = 0; i < unit->ndeps; i++) {
			uint64_t dep = 1ull << unit->deps[i];

			if (!(seen & dep))
				todo |= dep;
			seen |= dep;
		}
	}
	return seen;
}

static void refuse_circles(struct schedule *schedule)
{
	for (unsigned int i = 0; i < schedule->n; i++)
		if (schedule->units[i].state == UNIT_WAITING && reach(schedule, i) & 1ull << i)
			give_up(&schedule->units[i], "depends on itself");
}

int schedule_build(struct schedule *schedule, const struct runtime_startup_program *programs, size_t count)
{
	int err = count > SCHEDULE_MAX_UNITS ? -E2BIG : 0;

	memset(schedule, 0, sizeof(*schedule));
	for (size_t i = 0; i < count && i < SCHEDULE_MAX_UNITS; i++) {
		struct unit *unit = &schedule->units[schedule->n];

		unit->program = &programs[i];
		if (schedule_find(schedule, programs[i].id) >= 0)
			give_up(unit, "its id is taken");
		else if (programs[i].started_by != RUNTIME_BY_RUNTIMED)
			unit->state = UNIT_FOREIGN;
		schedule->n++;
	}
	for (unsigned int i = 0; i < schedule->n; i++)
		if (schedule->units[i].state == UNIT_WAITING)
			link_deps(schedule, &schedule->units[i]);
	refuse_circles(schedule);
	return err;
}

/* ---- what starts ---- */

static bool is_on_its_way(const struct unit *unit)
{
	return unit->state == UNIT_WAITING || unit->state == UNIT_STARTING;
}

/* Is an init unit still on its way up for the first time? */
static bool has_init_pending(const struct schedule *schedule)
{
	for (unsigned int i = 0; i < schedule->n; i++)
		if (schedule->units[i].program->startup == RUNTIME_STARTUP_INIT && is_on_its_way(&schedule->units[i]))
			return true;
	return false;
}

static bool is_class_open(const struct schedule *schedule, enum runtime_startup startup)
{
	if (startup == RUNTIME_STARTUP_DESKTOP && !schedule->is_ui_ready)
		return false;
	return startup == RUNTIME_STARTUP_INIT || !has_init_pending(schedule);
}

enum deps { DEPS_READY, DEPS_PENDING, DEPS_LOST };

static enum deps look_at_deps(const struct schedule *schedule, const struct unit *unit)
{
	enum deps deps = DEPS_READY;

	for (unsigned int i = 0; i < unit->ndeps; i++) {
		switch (schedule->units[unit->deps[i]].state) {
		case UNIT_READY:
		case UNIT_FOREIGN:
		case UNIT_ENDED:
			break;
		case UNIT_GIVEN_UP:
			return DEPS_LOST;
		default:
			deps = DEPS_PENDING;
		}
	}
	return deps;
}

/* An end that was wanted satisfies those that wait; a unit that somebody took down does not. */
static bool has_unwanted_dep(const struct schedule *schedule, const struct unit *unit)
{
	for (unsigned int i = 0; i < unit->ndeps; i++)
		if (schedule->units[unit->deps[i]].is_unwanted)
			return true;
	return false;
}

static bool may_start(struct schedule *schedule, struct unit *unit, uint64_t now_ns)
{
	if (unit->state == UNIT_PAUSING)
		return now_ns >= unit->next_start_ns;
	if (unit->state != UNIT_WAITING)
		return false;
	if (has_unwanted_dep(schedule, unit)) {
		give_up(unit, "depends on a program that was terminated");
		return false;
	}
	switch (look_at_deps(schedule, unit)) {
	case DEPS_LOST:
		give_up(unit, "depends on a program that was given up");
		return false;
	case DEPS_PENDING:
		return false;
	case DEPS_READY:
		break;
	}
	return is_class_open(schedule, unit->program->startup);
}

/* Giving one up can open a class or give up another that was looked at before: look again then. */
static bool pass_over(struct schedule *schedule, uint64_t now_ns, int *found)
{
	bool has_changed = false;

	for (unsigned int i = 0; i < schedule->n; i++) {
		enum unit_state before = schedule->units[i].state;

		if (may_start(schedule, &schedule->units[i], now_ns)) {
			*found = (int)i;
			return false;
		}
		has_changed |= schedule->units[i].state != before;
	}
	return has_changed;
}

int schedule_next(struct schedule *schedule, uint64_t now_ns)
{
	int found = -1;

	if (schedule->is_closing)
		return -1;
	while (pass_over(schedule, now_ns, &found))
		;
	return found;
}

void schedule_starting(struct schedule *schedule, unsigned int index, uint64_t now_ns)
{
	struct unit *unit = &schedule->units[index];

	if (unit->state == UNIT_PAUSING)
		unit->restarts++;
	unit->state = UNIT_STARTING;
	unit->ready_by_ns = now_ns + unit->program->ready_seconds * SECOND_NS;
}

void schedule_executed(struct schedule *schedule, unsigned int index)
{
	if (schedule->units[index].program->ready == RUNTIME_READY_STARTED)
		schedule_ready(schedule, index);
}

void schedule_ready(struct schedule *schedule, unsigned int index)
{
	if (schedule->units[index].state == UNIT_STARTING)
		schedule->units[index].state = UNIT_READY;
}

void schedule_restore(struct schedule *schedule, unsigned int index, enum unit_state state, bool is_unwanted,
		      uint32_t restarts, uint64_t pause_ns)
{
	struct unit *unit = &schedule->units[index];

	if (unit->state != UNIT_WAITING)
		return;
	unit->is_unwanted = is_unwanted;
	unit->restarts = restarts;
	unit->pause_ns = pause_ns;
	if (state == UNIT_GIVEN_UP)
		give_up(unit, "was given up before");
	else if (state == UNIT_ENDED)
		unit->state = UNIT_ENDED;
}

void schedule_restore_death(struct schedule *schedule, unsigned int index, uint64_t at_ns)
{
	struct unit *unit = &schedule->units[index];

	unit->deaths_ns[unit->ndeaths++ % SCHEDULE_MAX_DEATHS] = at_ns;
}

void schedule_stopping(struct schedule *schedule, unsigned int index, bool is_unwanted)
{
	schedule->units[index].state = UNIT_STOPPING;
	schedule->units[index].is_unwanted |= is_unwanted;
}

/* ---- ends ---- */

/* Deaths within the window that ends now, this one among them. */
static uint32_t count_deaths(struct unit *unit, uint64_t now_ns)
{
	uint64_t window_ns = unit->program->window_seconds * SECOND_NS;
	uint32_t n = 0;

	unit->deaths_ns[unit->ndeaths++ % SCHEDULE_MAX_DEATHS] = now_ns;
	for (uint32_t i = 0; i < SCHEDULE_MAX_DEATHS && i < unit->ndeaths; i++)
		n += now_ns - unit->deaths_ns[i] < window_ns;
	return n;
}

static uint32_t limit_of(const struct unit *unit)
{
	return unit->program->limit < SCHEDULE_MAX_DEATHS ? unit->program->limit : SCHEDULE_MAX_DEATHS - 1;
}

static void plan_restart(struct unit *unit, uint64_t now_ns)
{
	uint32_t recent = count_deaths(unit, now_ns);

	if (recent > limit_of(unit)) {
		give_up(unit, "ended too often");
		return;
	}
	unit->pause_ns = recent > 1 ? unit->pause_ns * 2 : SCHEDULE_FIRST_PAUSE_NS;
	if (unit->pause_ns > SCHEDULE_LONGEST_PAUSE_NS)
		unit->pause_ns = SCHEDULE_LONGEST_PAUSE_NS;
	unit->state = UNIT_PAUSING;
	unit->next_start_ns = now_ns + unit->pause_ns;
}

void schedule_ended(struct schedule *schedule, unsigned int index, enum unit_end end, uint64_t now_ns)
{
	struct unit *unit = &schedule->units[index];
	enum runtime_restart restart = unit->program->restart;

	if (unit->is_unwanted || schedule->is_closing)
		unit->state = UNIT_ENDED;
	else if (restart == RUNTIME_RESTART_ALWAYS || (restart == RUNTIME_RESTART_ON_FAILURE && end == UNIT_CRASHED))
		plan_restart(unit, now_ns);
	else if (end == UNIT_CRASHED)
		give_up(unit, "failed, and is not to be started again");
	else
		unit->state = UNIT_ENDED;
}

/* ---- time ---- */

int schedule_overdue(const struct schedule *schedule, uint64_t now_ns)
{
	for (unsigned int i = 0; i < schedule->n; i++)
		if (schedule->units[i].state == UNIT_STARTING && now_ns >= schedule->units[i].ready_by_ns)
			return (int)i;
	return -1;
}

uint64_t schedule_deadline(const struct schedule *schedule)
{
	uint64_t deadline = SCHEDULE_NEVER;

	for (unsigned int i = 0; i < schedule->n; i++) {
		const struct unit *unit = &schedule->units[i];
		uint64_t at = unit->state == UNIT_STARTING ? unit->ready_by_ns :
			      unit->state == UNIT_PAUSING && !schedule->is_closing ? unit->next_start_ns : SCHEDULE_NEVER;

		if (at < deadline)
			deadline = at;
	}
	return deadline;
}

/* ---- closing ---- */

void schedule_close(struct schedule *schedule)
{
	schedule->is_closing = true;
}

bool schedule_is_needed(const struct schedule *schedule, unsigned int index)
{
	for (unsigned int i = 0; i < schedule->n; i++)
		if (is_running(&schedule->units[i]) && i != index && reach(schedule, i) & 1ull << index)
			return true;
	return false;
}

/* Units are put last that were started first: by how many others they reach. A unit reaches more than
 * any unit that it depends on, because there are no circles among those that run. */
unsigned int schedule_stop_order(const struct schedule *schedule, uint8_t order[SCHEDULE_MAX_UNITS])
{
	int depths[SCHEDULE_MAX_UNITS];
	unsigned int n = 0;

	for (unsigned int i = 0; i < schedule->n; i++) {
		unsigned int at = n;

		if (!is_running(&schedule->units[i]))
			continue;
		depths[i] = __builtin_popcountll(reach(schedule, i));
		for (; at && depths[order[at - 1]] < depths[i]; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
		n++;
	}
	return n;
}
