/* services/inputd/src/seat.h: who may open an input device.
 *
 * Root, who could load a driver that reads the keyboard; and the user whose session has it.
 */
#ifndef INPUTD_SEAT_H
#define INPUTD_SEAT_H

#include <stdbool.h>
#include <stdint.h>

#define SEAT_NOBODY UINT32_MAX

static inline bool seat_may_open(uint32_t seat_uid, uint32_t euid)
{
	return euid == 0 || (euid == seat_uid && seat_uid != SEAT_NOBODY);
}

#endif
