/* state/result.h: what was answered to which request: the memory of exactly-once.
 *
 * A service stores a request's result in the transaction that makes the change. When
 * the request comes again, marked as a retry, a result says that the change was made
 * and what to answer; none says that it was not. Results are dropped once their reply
 * has gone out; the next transaction is a good place.
 */
#ifndef STATE_RESULT_H
#define STATE_RESULT_H

#include <state/state.h>

/* Keep @len bytes as the result of @request_id, in the transaction.
 * Returns: 0; -EEXIST if it has one; -ENOSPC. */
int state_result_put(struct state *st, uint64_t request_id, const void *data, size_t len);

/* The result of @request_id and its length, or NULL; valid until it is dropped. */
const void *state_result_get(const struct state *st, uint64_t request_id, size_t *len);

/* Forget the result of @request_id, in the transaction; none is fine. */
void state_result_drop(struct state *st, uint64_t request_id);

/* Any request that has a result. Returns: false if none has. For a successor that
 * drops what no retry has asked for. */
bool state_result_first(const struct state *st, uint64_t *request_id);

uint64_t state_result_count(const struct state *st);

#endif
