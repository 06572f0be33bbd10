#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tickets.h"

static struct ticket_table table;

static int start(void **state)
{
	tickets_init(&table, 1000);
	return 0;
}

static void a_ticket_can_be_cancelled_once(void **state)
{
	uint64_t id = tickets_issue(&table, 7, 42);

	assert_true(id != 0);
	assert_true(tickets_cancel(&table, id));
	assert_false(tickets_cancel(&table, id));
	assert_int_equal(table.nout, 0);
}

static void a_process_has_one_ticket_at_most(void **state)
{
	uint64_t first = tickets_issue(&table, 7, 42);
	uint64_t second = tickets_issue(&table, 7, 43);

	assert_int_equal(table.nout, 1);
	assert_false(tickets_cancel(&table, first));
	assert_true(tickets_cancel(&table, second));
}

static void an_ended_process_gives_its_ticket_back(void **state)
{
	uint64_t other = tickets_issue(&table, 8, 1);

	tickets_issue(&table, 7, 42);
	tickets_drop_pid(&table, 7);
	tickets_drop_pid(&table, 9);
	assert_int_equal(table.nout, 1);
	assert_true(tickets_cancel(&table, other));
}

static void a_full_table_drops_the_oldest(void **state)
{
	uint64_t first = tickets_issue(&table, 1, 1), id = 0;

	for (uint32_t pid = 2; pid <= TICKETS_MAX + 1; pid++)
		id = tickets_issue(&table, pid, 1);
	assert_int_equal(table.nout, TICKETS_MAX);
	assert_false(tickets_cancel(&table, first));
	assert_true(tickets_cancel(&table, id));
}

static void ids_of_a_predecessor_are_void(void **state)
{
	tickets_issue(&table, 7, 42);
	assert_false(tickets_cancel(&table, 0));
	assert_false(tickets_cancel(&table, 5));
	assert_false(tickets_cancel(&table, 1000 + TICKETS_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_ticket_can_be_cancelled_once, start),
		cmocka_unit_test_setup(a_process_has_one_ticket_at_most, start),
		cmocka_unit_test_setup(an_ended_process_gives_its_ticket_back, start),
		cmocka_unit_test_setup(a_full_table_drops_the_oldest, start),
		cmocka_unit_test_setup(ids_of_a_predecessor_are_void, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
