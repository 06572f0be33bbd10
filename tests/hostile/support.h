/* hostile/support.h: what the programs that start hostile ones have in common. */
#ifndef HOSTILE_SUPPORT_H
#define HOSTILE_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

int64_t now_ms(void);

/* Of the programs that call everything: [-s SEED] [-t SECONDS] [-w WORKERS] [-n CALLS] [-u UID]. */
struct options {
	uint64_t seed, least_calls;
	unsigned workers, seconds;
};

/* Read the options into @out; optind is then past them. With -u this process gives up its identity for UID's at
 * once; ends the program if that is refused. Returns: whether they make sense. */
bool read_options(int argc, char **argv, unsigned most_workers, struct options *out);

/* Make a folder in the current one and put its whole path into @home. Ends the program on failure. */
void make_home(char *home, size_t size);

/* Remove @home with all that is in it, whatever its modes are. */
void remove_home(const char *home);

/* Wait for @child at most @limit_ms, then kill it. Returns: whether it ended by itself. */
bool wait_at_most(pid_t child, int *status, int limit_ms);

/* Kill @child and wait for that at most @limit_ms. Returns: whether it died. */
bool kill_at_most(pid_t child, int *status, int limit_ms);

#endif
