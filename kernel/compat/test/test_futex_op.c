/* kernel/compat/test/test_futex_op.c: FUTEX_WAKE_OP's operation and comparison (man 2 futex). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/futex.h>

#include "futex_op.h"

static uint32_t computed(uint32_t op, uint32_t old)
{
	uint32_t new = 0xdead;

	assert_int_equal(futex_op_compute(op, old, &new), 0);
	return new;
}

static void each_operation_computes(void **state)
{
	assert_int_equal(computed(FUTEX_OP(FUTEX_OP_SET, 5, 0, 0), 9), 5);
	assert_int_equal(computed(FUTEX_OP(FUTEX_OP_ADD, 5, 0, 0), 9), 14);
	assert_int_equal(computed(FUTEX_OP(FUTEX_OP_OR, 6, 0, 0), 9), 15);
	assert_int_equal(computed(FUTEX_OP(FUTEX_OP_ANDN, 8, 0, 0), 9), 1);
	assert_int_equal(computed(FUTEX_OP(FUTEX_OP_XOR, 3, 0, 0), 9), 10);
}

static void arguments_are_signed_twelve_bits(void **state)
{
	assert_int_equal(computed(FUTEX_OP(FUTEX_OP_ADD, 0xfff, 0, 0), 9), 8);
	assert_true(futex_op_holds(FUTEX_OP(0, 0, FUTEX_OP_CMP_EQ, 0xfff), (uint32_t)-1));
}

static void a_shifted_argument_is_a_bit(void **state)
{
	const uint32_t shifted = (uint32_t)FUTEX_OP_OPARG_SHIFT << 28;

	assert_int_equal(computed(shifted | FUTEX_OP(FUTEX_OP_SET, 4, 0, 0), 0), 16);
	assert_int_equal(computed(shifted | FUTEX_OP(FUTEX_OP_SET, 33, 0, 0), 0), 2);
}

static void an_unknown_operation_is_not_there(void **state)
{
	uint32_t new;

	assert_int_equal(futex_op_compute(7u << 28, 0, &new), -ENOSYS);
}

static void comparisons_are_signed(void **state)
{
	assert_true(futex_op_holds(FUTEX_OP(0, 0, FUTEX_OP_CMP_LT, 0), (uint32_t)-5));
	assert_false(futex_op_holds(FUTEX_OP(0, 0, FUTEX_OP_CMP_GT, 0), (uint32_t)-5));
	assert_true(futex_op_holds(FUTEX_OP(0, 0, FUTEX_OP_CMP_GE, 5), 5));
	assert_true(futex_op_holds(FUTEX_OP(0, 0, FUTEX_OP_CMP_LE, 5), 5));
	assert_true(futex_op_holds(FUTEX_OP(0, 0, FUTEX_OP_CMP_NE, 5), 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_operation_computes),
		cmocka_unit_test(arguments_are_signed_twelve_bits),
		cmocka_unit_test(a_shifted_argument_is_a_bit),
		cmocka_unit_test(an_unknown_operation_is_not_there),
		cmocka_unit_test(comparisons_are_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
