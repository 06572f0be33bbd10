/* service/state.h: the arena (state/state.h) in the memory that outlives this service's process. */
#ifndef SERVICE_STATE_H
#define SERVICE_STATE_H

#include <stddef.h>

#include <state/state.h>

/* Open the arena of this service in @st, made @first_bytes long if it is shorter; it grows when it is full. What a
 * predecessor left half done is undone. @first_bytes: sixteen times the largest undo log; untouched pages cost nothing.
 * Returns: 0 it is new; 1 a predecessor's; -ENOMEM; -EINVAL it holds something else. */
int service_state_open(struct state *st, size_t first_bytes);

#endif
