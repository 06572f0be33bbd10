#include <errno.h>
#include <string.h>

#include <state/result.h>
#include <state/table.h>

#include "internal.h"

struct result {
	struct state_table_node node; /* key: the request's id */
	uint64_t len;
	char data[];
};

static state_off_t find(const struct state *st, uint64_t request_id)
{
	state_off_t results = st->header->results;

	return results ? state_table_find(st, results, request_id, NULL, 0) : 0;
}

static state_off_t get_table(struct state *st)
{
	/* The kernel numbers the requests: nobody picks ids that collide. */
	static const struct hash_key seed = { 0, 0 };

	if (!st->header->results)
		STATE_SET(st, &st->header->results, state_table_create(st, &seed));
	return st->header->results;
}

int state_result_put(struct state *st, uint64_t request_id, const void *data, size_t len)
{
	state_off_t table = get_table(st);
	struct result *result;
	state_off_t off;

	if (!table)
		return -ENOSPC;
	if (find(st, request_id))
		return -EEXIST;
	if (len > SIZE_MAX - sizeof(*result))
		return -ENOSPC;
	off = state_alloc(st, sizeof(*result) + len);
	if (!off)
		return -ENOSPC;
	result = STATE_PTR(st, off, struct result);
	result->node.key = request_id;
	result->len = len;
	if (len)
		memcpy(result->data, data, len);
	return state_table_insert(st, table, off);
}

const void *state_result_get(const struct state *st, uint64_t request_id, size_t *len)
{
	const struct result *result = STATE_PTR(st, find(st, request_id), struct result);

	if (!result)
		return NULL;
	*len = result->len;
	return result->data;
}

void state_result_drop(struct state *st, uint64_t request_id)
{
	state_off_t off = find(st, request_id);

	if (!off)
		return;
	state_table_remove(st, st->header->results, off);
	state_free(st, off);
}

bool state_result_first(const struct state *st, uint64_t *request_id)
{
	state_off_t results = st->header->results;
	state_off_t off = results ? state_table_next(st, results, 0) : 0;

	if (!off)
		return false;
	*request_id = STATE_PTR(st, off, struct state_table_node)->key;
	return true;
}

uint64_t state_result_count(const struct state *st)
{
	return st->header->results ? state_table_count(st, st->header->results) : 0;
}
