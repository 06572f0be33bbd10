/* services/runtimed/src/schedule.h: which service starts when, and when again.
 *
 * A unit is a program of the startup registry. Units start side by side, each when those
 * that it depends on are ready. One that ends as its restart policy does not want is started
 * again after a pause that doubles; one that does so more often than its limit within its
 * window is given up, and so is what waits for it. One that is not ready in its time has
 * failed: who runs it ends it, and it counts as a crash.
 *
 * Classes: `init` units at once; `session` units when no init unit is on its way any more;
 * `desktop` units when, after that, the UI server has said that it is ready.
 *
 * Nothing here looks at a clock or starts anything: the caller says what happened and when.
 */
#ifndef RUNTIMED_SCHEDULE_H
#define RUNTIMED_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include <runtime-control/registries.h>

#define SCHEDULE_MAX_UNITS 64
#define SCHEDULE_MAX_DEATHS 32			/* what a limit can be */
#define SCHEDULE_FIRST_PAUSE_NS 100000000ull
#define SCHEDULE_LONGEST_PAUSE_NS 10000000000ull
#define SCHEDULE_NEVER UINT64_MAX

enum unit_state {
	UNIT_WAITING,		/* for others, or for its class */
	UNIT_STARTING,		/* runs, not ready */
	UNIT_READY,
	UNIT_STOPPING,		/* is being ended, because it was not ready in time or somebody wants it so */
	UNIT_PAUSING,		/* starts again at next_start_ns */
	UNIT_ENDED,		/* and need not run any more */
	UNIT_GIVEN_UP,
	UNIT_FOREIGN,		/* somebody else starts it; counts as ready */
};

enum unit_end { UNIT_ENDED_WELL, UNIT_CRASHED };

struct unit {
	const struct runtime_startup_program *program;
	enum unit_state state;
	const char *reason;		/* why it was given up */
	uint64_t next_start_ns;
	uint64_t ready_by_ns;		/* while UNIT_STARTING */
	uint64_t pause_ns;		/* the last one */
	uint64_t deaths_ns[SCHEDULE_MAX_DEATHS];	/* a ring; 0: none */
	uint32_t ndeaths;
	uint32_t restarts;
	bool is_unwanted;		/* somebody had it terminated: it stays down */
	uint8_t ndeps;
	uint8_t deps[RUNTIME_WORDS_MAX];
};

struct schedule {
	struct unit units[SCHEDULE_MAX_UNITS];
	unsigned int n;
	bool is_ui_ready;
	bool is_closing;		/* the machine goes down: nothing starts any more */
};

/* Make a unit of each of @count programs, which must live as long as the schedule. A unit
 * whose dependencies form a circle or name no program is given up at once, with a reason, as is one whose
 * id is there already. Returns: 0; -E2BIG if there are too many, with what fits made. */
int schedule_build(struct schedule *schedule, const struct runtime_startup_program *programs, size_t count);

/* A unit that is to be started now; -1 if there is none. The caller starts it and says so. It also gives up
 * what waits for one that was given up, so that call it until it gives -1. */
int schedule_next(struct schedule *schedule, uint64_t now_ns);

/* @unit is being started; its time to become ready begins. */
void schedule_starting(struct schedule *schedule, unsigned int unit, uint64_t now_ns);

/* @unit was executed, which is all that some are waited for. */
void schedule_executed(struct schedule *schedule, unsigned int unit);

/* @unit said that it is ready. Ignored unless it is starting. */
void schedule_ready(struct schedule *schedule, unsigned int unit);

/* What a successor is told of @unit, which does not run now. */
void schedule_restore(struct schedule *schedule, unsigned int unit, enum unit_state state, bool is_unwanted,
		      uint32_t restarts, uint64_t pause_ns);
void schedule_restore_death(struct schedule *schedule, unsigned int unit, uint64_t at_ns);

/* Returns: the unit whose program has @id; -1. */
int schedule_find(const struct schedule *schedule, const char *id);

/* @unit is being ended. With @is_unwanted it is not started again. */
void schedule_stopping(struct schedule *schedule, unsigned int unit, bool is_unwanted);

/* All of @unit has ended, or could not be started. Its state says what comes next. */
void schedule_ended(struct schedule *schedule, unsigned int unit, enum unit_end end, uint64_t now_ns);

/* A unit that was to be ready by now and is not; -1 if there is none. The caller ends it. */
int schedule_overdue(const struct schedule *schedule, uint64_t now_ns);

/* When schedule_next() or schedule_overdue() may have something to say again, if nothing
 * happens until then. */
uint64_t schedule_deadline(const struct schedule *schedule);

/* Have all units stay as they are but for those that end. */
void schedule_close(struct schedule *schedule);

/* Put into @order those units that run, each after all that depend on it; returns their number.
 * This is the order in which to stop them. */
unsigned int schedule_stop_order(const struct schedule *schedule, uint8_t order[SCHEDULE_MAX_UNITS]);

/* Does a running unit depend on @unit? */
bool schedule_is_needed(const struct schedule *schedule, unsigned int unit);

#endif
