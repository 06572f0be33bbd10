/* A ticket lies at its id modulo the table's size, so ids find theirs at once, and a new
 * one meets the oldest. Processes are sought; execs that load are rare and slower anyway. */
#include <string.h>

#include "tickets.h"

void tickets_init(struct ticket_table *table, uint64_t first_id)
{
	memset(table, 0, sizeof(*table));
	table->next_id = first_id ? first_id : 1;
}

static struct ticket *slot_of(struct ticket_table *table, uint64_t id)
{
	return &table->tickets[id % TICKETS_MAX];
}

static void drop(struct ticket_table *table, struct ticket *ticket)
{
	if (!ticket->id)
		return;
	ticket->id = 0;
	table->nout--;
}

uint64_t tickets_issue(struct ticket_table *table, uint32_t pid, uint64_t node)
{
	uint64_t id = table->next_id++;
	struct ticket *ticket = slot_of(table, id);

	tickets_drop_pid(table, pid);
	drop(table, ticket);
	*ticket = (struct ticket){ .id = id, .node = node, .pid = pid };
	table->nout++;
	return id;
}

bool tickets_cancel(struct ticket_table *table, uint64_t id)
{
	struct ticket *ticket = slot_of(table, id);

	if (!id || ticket->id != id)
		return false;
	drop(table, ticket);
	return true;
}

void tickets_drop_pid(struct ticket_table *table, uint32_t pid)
{
	if (!table->nout)
		return;
	for (unsigned int i = 0; i < TICKETS_MAX; i++)
		if (table->tickets[i].pid == pid)
			drop(table, &table->tickets[i]);
}
