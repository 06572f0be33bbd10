/* Each fault is made on purpose; the report ends it by a jump out of the allocator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <heap-check/heap_check.h>

#define FOUND 42

static const char *expected;

void *__real_malloc(size_t bytes)
{
	return malloc(bytes);
}

void __real_free(void *block)
{
	free(block);
}

void heap_check_report(const char *text)
{
	_exit(expected && strstr(text, expected) ? FOUND : 1);
}

/* A fault ends a process of its own, for the allocator is good for nothing afterwards. */
static void assert_found(void (*fault)(void), const char *text)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		expected = text;
		fault();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FOUND);
}

/* The compiler is not to know what these do. */
static void write_at(char *block, long at)
{
	__asm__ volatile("" : "+r"(block), "+r"(at));
	block[at] = 1;
}

static void wait_out(void)
{
	for (int i = 0; i < 600; i++)
		__wrap_free(__wrap_malloc(1));
}

static void blocks_are_aligned_and_disjoint(void **state)
{
	char *blocks[200];

	for (int i = 0; i < 200; i++) {
		blocks[i] = __wrap_malloc((size_t)i * 50);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], i, (size_t)i * 50);
	}
	for (int i = 0; i < 200; i++) {
		for (int at = 0; at < i * 50; at++)
			assert_int_equal((unsigned char)blocks[i][at], i);
		__wrap_free(blocks[i]);
	}
	heap_check_all();
	__wrap_free(NULL);
}

static void calloc_gives_zeroes_and_sees_overflow(void **state)
{
	volatile size_t many = SIZE_MAX / 2;
	char *block = __wrap_calloc(10, 100);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(block[i], 0);
	__wrap_free(block);
	assert_null(__wrap_calloc(many, 3));
	assert_null(__wrap_malloc(SIZE_MAX - many / SIZE_MAX));
}

static void realloc_keeps_what_fits(void **state)
{
	char *block = __wrap_realloc(NULL, 5);

	memcpy(block, "four", 5);
	block = __wrap_realloc(block, 100000);
	assert_string_equal(block, "four");
	block = __wrap_realloc(block, 2);
	assert_memory_equal(block, "fo", 2);
	__wrap_free(block);
}

static void fresh_memory_is_not_zero(void **state)
{
	unsigned char *block = __wrap_malloc(10);

	assert_int_equal(block[9], 0xa5);
	__wrap_free(block);
}

static void free_twice(void)
{
	void *block = __wrap_malloc(10);

	__wrap_free(block);
	__wrap_free(block);
}

static void freeing_twice_is_found(void **state)
{
	assert_found(free_twice, "a block of 10 bytes at ");
	assert_found(free_twice, "is freed twice");
}

static void write_after_free(void)
{
	char *block = __wrap_malloc(100);

	__wrap_free(block);
	write_at(block, 99);
	wait_out();
}

static void writing_after_free_is_found_when_the_block_is_let_go(void **state)
{
	assert_found(write_after_free, "was written after it was freed");
}

static void write_past_the_end(void)
{
	char *block = __wrap_malloc(100);

	write_at(block, 100);
	__wrap_free(block);
}

static void write_before_the_start(void)
{
	char *block = __wrap_malloc(100);

	write_at(block, -1);
	__wrap_free(block);
}

static void writing_past_the_ends_is_found_when_the_block_is_freed(void **state)
{
	assert_found(write_past_the_end, "was written past its end");
	assert_found(write_before_the_start, "was written before its start");
}

static void write_to_kept(void)
{
	write_at(__wrap_malloc(64), 64);
	heap_check_all();
}

static void write_and_go_on(void)
{
	write_at(__wrap_malloc(64), 64);
	for (int i = 0; i < 5000; i++)
		__wrap_malloc(1);
}

static void blocks_in_use_are_looked_at_now_and_then(void **state)
{
	assert_found(write_to_kept, "was written past its end");
	assert_found(write_and_go_on, "was written past its end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_aligned_and_disjoint),
		cmocka_unit_test(calloc_gives_zeroes_and_sees_overflow),
		cmocka_unit_test(realloc_keeps_what_fits),
		cmocka_unit_test(fresh_memory_is_not_zero),
		cmocka_unit_test(freeing_twice_is_found),
		cmocka_unit_test(writing_after_free_is_found_when_the_block_is_let_go),
		cmocka_unit_test(writing_past_the_ends_is_found_when_the_block_is_freed),
		cmocka_unit_test(blocks_in_use_are_looked_at_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
