/* services/inputd/src/seat.h: who may open an input device.
 *
 * Root, who could load a driver that reads the keyboard; and the user whose session has it: the seat's.
 * The seat lies in the service's state, so that a successor goes on with it. The caller's lock covers each call.
 */
#ifndef INPUTD_SEAT_H
#define INPUTD_SEAT_H

#include <stdbool.h>
#include <stdint.h>

#include <state/state.h>

#define SEAT_NOBODY UINT32_MAX

/* Take up the seat in @arena, nobody's if there is none yet. Returns: 0; -ENOSPC. */
int seat_open(struct state *arena);

/* Give the seat to @uid, or to SEAT_NOBODY. Returns: 0; -ENOSPC. */
int seat_give(uint32_t uid);

bool seat_may_open(uint32_t euid);

#endif
