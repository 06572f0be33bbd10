/* kernel/nucleus-core/include/nucleus/fault.h: fault injection at real boundaries.
 *
 *   if (fault_should_fail(FAULT_ALLOC_FRAME))
 *           return NULL;
 *
 * Rules come from fw_cfg opt/albireo/fault-injection. Context: any; a delay-ms
 * rule busy-waits in interrupt context and with a spinlock held.
 */
#ifndef NUCLEUS_FAULT_H
#define NUCLEUS_FAULT_H

#include <nucleus/compiler.h>

enum fault_point {
#define FAULT_POINT(upper, name, what) FAULT_##upper,
#include "fault_points.def"
#undef FAULT_POINT
	FAULT_POINT_COUNT
};

extern uint32_t fault_armed;	/* bit per point; 0 in every ordinary run */
bool fault_evaluate(enum fault_point point);
static inline bool fault_should_fail(enum fault_point point)
{
	return unlikely(fault_armed & (1u << point)) && fault_evaluate(point);
}
/* How delay-ms waits; the scheduler lends it at boot. */
void fault_set_delay(void (*delay)(uint64_t ns));
/* Parse rules, one a line; bad ones are logged and skipped. */
void fault_configure(const char *rules, size_t len);

#endif
