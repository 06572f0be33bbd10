/* services/procd/src/tickets.h: consent to one execve each.
 *
 * A ticket says that a process may become the program of a node. It is out from
 * the consent until the loading failed, the process asked again, or it ended. A
 * process has one at most. When the table is full the oldest gives way: its holder
 * has long loaded its program or will be told that the ticket is void.
 *
 * Locking: the caller's.
 */
#ifndef PROCD_TICKETS_H
#define PROCD_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

#define TICKETS_MAX 1024

struct ticket {
	uint64_t id;	/* 0: free */
	uint64_t node;
	uint32_t pid;
};

struct ticket_table {
	struct ticket tickets[TICKETS_MAX];
	uint64_t next_id;
	uint32_t nout;
};

/* Start empty; ids follow @first_id, so that a predecessor's are not given again. */
void tickets_init(struct ticket_table *table, uint64_t first_id);

/* Returns: the ticket's id, never 0. */
uint64_t tickets_issue(struct ticket_table *table, uint32_t pid, uint64_t node);

/* Returns: whether that ticket was out. */
bool tickets_cancel(struct ticket_table *table, uint64_t id);

/* The process is gone. */
void tickets_drop_pid(struct ticket_table *table, uint32_t pid);

#endif
