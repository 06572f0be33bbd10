/* kernel/compat/src/linux/futex_op.h: the little program in FUTEX_WAKE_OP's val3 (man 2 futex). */
#ifndef COMPAT_FUTEX_OP_H
#define COMPAT_FUTEX_OP_H

#include <stdbool.h>
#include <stdint.h>

/* What the word becomes. 0; -ENOSYS: no such operation. */
int futex_op_compute(uint32_t op, uint32_t old, uint32_t *new);
/* Whether the comparison holds for the old value. */
bool futex_op_holds(uint32_t op, uint32_t old);

#endif
