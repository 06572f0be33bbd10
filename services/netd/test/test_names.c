#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "names.h"

#define STATE_BYTES (1u << 20)
#define STREAMS (~(uint64_t)1)
#define SOCKETS 64

extern void (*state_store_hook)(void);

/* What a predecessor and its successor share: the state, and what the kernel knows. */
static char *memory;
static struct shared { bool is_dead[SOCKETS]; unsigned int revokes, stores, kill_at; } *shared;
static struct state st;
static const struct hash_key seed = { 1, 2 };

static bool lives(uint64_t socket)
{
	return !shared->is_dead[socket];
}

static void note_revoke(uint64_t subject, const char *name, size_t len, uint64_t seq)
{
	shared->revokes++;
}

static const struct names_kernel kernel = { lives, note_revoke };

static int start(void)
{
	if (state_open(&st, memory, STATE_BYTES) < 0)
		return -EINVAL;
	return names_open(&st, &kernel, &seed);
}

static int setup(void **unused)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_ANONYMOUS;

	memory = mmap(NULL, STATE_BYTES, prot, flags, -1, 0);
	shared = mmap(NULL, sizeof(*shared), prot, flags, -1, 0);
	return memory == MAP_FAILED || shared == MAP_FAILED ? -1 : start();
}

static int teardown(void **unused)
{
	state_store_hook = NULL;
	munmap(memory, STATE_BYTES);
	munmap(shared, sizeof(*shared));
	return 0;
}

static uint64_t holder(uint64_t subject, const char *name)
{
	uint64_t socket = 0, seq;

	return names_find(subject, name, strlen(name), &socket, &seq) ? 0 : socket;
}

static void name_belongs_to_who_bound_it(void **unused)
{
	assert_int_equal(names_bind(1, STREAMS, "a\0b", 3), 0);
	assert_int_equal(names_bind(2, STREAMS, "a\0b", 3), -EADDRINUSE);
	assert_int_equal(names_bind(2, STREAMS, "a", 1), 0);
	assert_int_equal(names_bind(3, STREAMS - 1, "a", 1), 0);
	assert_int_equal(holder(STREAMS, "a"), 2);
	assert_int_equal(holder(STREAMS - 1, "a"), 3);
	assert_int_equal(holder(STREAMS, "b"), 0);
}

static void node_is_a_name_without_bytes(void **unused)
{
	assert_int_equal(names_bind(1, 77, "", 0), 0);
	assert_int_equal(holder(77, ""), 1);
	assert_int_equal(holder(78, ""), 0);
}

static void second_request_gets_the_first_ones_answer(void **unused)
{
	char first[NAMES_ANY_BYTES], second[NAMES_ANY_BYTES];

	assert_int_equal(names_bind(1, STREAMS, "a", 1), 0);
	assert_int_equal(names_bind(1, STREAMS, "a", 1), 0);
	assert_int_equal(names_bind(1, STREAMS, "b", 1), -EINVAL);
	assert_int_equal(names_bind_any(2, STREAMS, first), 0);
	assert_int_equal(names_bind_any(2, STREAMS, second), 0);
	assert_memory_equal(first, second, sizeof(first));
	assert_int_equal(names_bind_any(3, STREAMS, second), 0);
	assert_memory_not_equal(first, second, sizeof(first));
}

static void released_name_is_free_and_revoked(void **unused)
{
	assert_int_equal(names_bind(1, STREAMS, "a", 1), 0);
	names_release(1);
	assert_int_equal(shared->revokes, 1);
	assert_int_equal(holder(STREAMS, "a"), 0);
	assert_int_equal(names_bind(2, STREAMS, "a", 1), 0);
	/* The word of a socket that has lost its name already changes nothing. */
	names_release(1);
	assert_int_equal(holder(STREAMS, "a"), 2);
}

static void closed_socket_gives_way_before_the_word_of_it_comes(void **unused)
{
	assert_int_equal(names_bind(1, STREAMS, "a", 1), 0);
	shared->is_dead[1] = true;
	assert_int_equal(names_bind(2, STREAMS, "a", 1), 0);
	assert_int_equal(holder(STREAMS, "a"), 2);
}

static void answers_are_numbered_upwards(void **unused)
{
	uint64_t socket, seq, later;

	assert_int_equal(names_bind(1, STREAMS, "a", 1), 0);
	assert_int_equal(names_find(STREAMS, "a", 1, &socket, &seq), 0);
	names_release(2);
	assert_int_equal(names_find(STREAMS, "a", 1, &socket, &later), 0);
	assert_true(later > seq);
}

static void successor_knows_the_names_of_the_living(void **unused)
{
	struct names_status s;

	assert_int_equal(names_bind(1, STREAMS, "a", 1), 0);
	assert_int_equal(names_bind(2, STREAMS, "b", 1), 0);
	shared->is_dead[2] = true;
	assert_int_equal(start(), 0);
	assert_int_equal(holder(STREAMS, "a"), 1);
	assert_int_equal(holder(STREAMS, "b"), 0);
	names_status(&s);
	assert_true(s.names == 1 && s.starts == 2);
}

static void full_table_says_so(void **unused)
{
	char name[100];
	int err = 0;

	memset(name, 'x', sizeof(name));
	for (unsigned int i = 0; !err && i < STATE_BYTES; i++) {
		memcpy(name, &i, sizeof(i));
		err = names_bind(1000 + i, STREAMS, name, sizeof(name));
	}
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(state_check(&st), 0);
}

/* ---- death at every store ---- */

static void die_at_store(void)
{
	if (++shared->stores == shared->kill_at)
		_exit(9);
}

/* Everything that changes the table. */
static void work(void)
{
	char any[NAMES_ANY_BYTES];

	names_bind(1, STREAMS, "a", 1);
	names_bind_any(2, STREAMS, any);
	names_bind(3, STREAMS, "b", 1);
	names_release(3);
	shared->is_dead[1] = true;
	names_bind(4, STREAMS, "a", 1);
	names_release(2);
}

/* Returns: whether it died. */
static bool work_and_die(unsigned int at)
{
	pid_t child;
	int status;

	shared->stores = 0;
	shared->kill_at = at;
	child = fork();
	if (!child) {
		state_store_hook = die_at_store;
		work();
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status) == 9;
}

static void death_at_any_store_leaves_a_table_that_goes_on(void **unused)
{
	struct names_status s;
	unsigned int at = 1;
	bool died;

	do {
		memset(memory, 0, STATE_BYTES);
		memset(shared, 0, sizeof(*shared));
		assert_int_equal(start(), 0);
		died = work_and_die(at++);
		assert_int_equal(start(), 0);
		assert_int_equal(state_check(&st), 0);
		work();
		assert_int_equal(holder(STREAMS, "a"), 4);
		assert_int_equal(holder(STREAMS, "b"), 0);
		names_status(&s);
		assert_true(s.names == 1);
	} while (died);
	assert_true(at > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(name_belongs_to_who_bound_it, setup, teardown),
		cmocka_unit_test_setup_teardown(node_is_a_name_without_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(second_request_gets_the_first_ones_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(released_name_is_free_and_revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_socket_gives_way_before_the_word_of_it_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_are_numbered_upwards, setup, teardown),
		cmocka_unit_test_setup_teardown(successor_knows_the_names_of_the_living, setup, teardown),
		cmocka_unit_test_setup_teardown(full_table_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(death_at_any_store_leaves_a_table_that_goes_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
