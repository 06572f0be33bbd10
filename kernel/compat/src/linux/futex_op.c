#include "futex_op.h"

#include <errno.h>
#include <linux/futex.h>

static int32_t sign_extend_12(uint32_t v)
{
	return (int32_t)(v << 20) >> 20;
}

int futex_op_compute(uint32_t op, uint32_t old, uint32_t *new)
{
	uint32_t what = op >> 28 & 15, arg = (uint32_t)sign_extend_12(op >> 12 & 0xfff);

	if (what & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	switch (what & 7) {
	case FUTEX_OP_SET:
		*new = arg;
		return 0;
	case FUTEX_OP_ADD:
		*new = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*new = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*new = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*new = old ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

bool futex_op_holds(uint32_t op, uint32_t old)
{
	int32_t value = (int32_t)old, arg = sign_extend_12(op & 0xfff);

	switch (op >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return value == arg;
	case FUTEX_OP_CMP_NE:
		return value != arg;
	case FUTEX_OP_CMP_LT:
		return value < arg;
	case FUTEX_OP_CMP_LE:
		return value <= arg;
	case FUTEX_OP_CMP_GT:
		return value > arg;
	case FUTEX_OP_CMP_GE:
		return value >= arg;
	default:
		return false;
	}
}
