/* services/initd/src/keeper.h: a child that is to be there: it is started again when it ends.
 *
 * One that ends too often within a while is given up, with a line in the log.
 */
#ifndef INITD_KEEPER_H
#define INITD_KEEPER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct keeper {
	const char *name;
	/* In the child, which leads a session of its own: become the program. What returns has failed. */
	void (*run)(void);
	bool is_session;	/* that one ends which has lived for a while is as it should be: its user left */
	pid_t pid;		/* 0: it does not run */
	unsigned int ndeaths;
	uint64_t started_ns, window_began_ns;
};

/* Start it. @signal_mask: what is blocked in programs; it outlives the keeper. */
void keeper_start(struct keeper *keeper, const sigset_t *signal_mask);

/* @pid has ended; if it was this one, start it again unless @is_ending. */
void keeper_reaped(struct keeper *keeper, pid_t pid, bool is_ending);

/* Reap children, with a word to @reaped of each, until @is_done (which may be NULL) says so, none is left, or @seconds are over. SIGCHLD is
 * blocked. */
void keeper_wait(bool (*is_done)(void), unsigned int seconds, void (*reaped)(pid_t pid));

#endif
