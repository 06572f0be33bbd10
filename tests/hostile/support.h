/* hostile/support.h: what the programs that start hostile ones have in common. */
#ifndef HOSTILE_SUPPORT_H
#define HOSTILE_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

int64_t now_ms(void);

/* Give up this process's identity for @uid's; ends the program if that is refused. */
void become(uid_t uid);

/* Make a folder in the current one and put its whole path into @home. Ends the program on failure. */
void make_home(char *home, size_t size);

/* Remove @home with all that is in it, whatever its modes are. */
void remove_home(const char *home);

/* Wait for @child at most @limit_ms, then kill it. Returns: whether it ended by itself. */
bool wait_at_most(pid_t child, int *status, int limit_ms);

#endif
