/* tests/linux/futex.c: futexes, raw threads and what their ends tell. */
#include "common.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define STACK_BYTES 65536

static long futex(volatile void *word, int op, unsigned value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

static long futex2(volatile void *word, int op, unsigned value, long value2, volatile void *word2, unsigned value3)
{
	return syscall(SYS_futex, word, op, value, value2, word2, value3);
}

/* Wake one waiter of @word, however long it takes until it waits. */
static void wake_for_sure(volatile void *word)
{
	while (futex(word, FUTEX_WAKE, 1, NULL) == 0)
		sched_yield();
}

TEST(wait_checks_the_value_first)
{
	uint32_t word = 5;
	struct timespec none = { 0, 0 }, past = { 1, 0 };

	report("wrong value", futex(&word, FUTEX_WAIT, 4, NULL));
	report("right value, no time", futex(&word, FUTEX_WAIT, 5, &none));
	report("wake nobody", futex(&word, FUTEX_WAKE, 1, NULL));
	report("absolute, in the past", syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 5, &past, NULL, 0xffffffff));
	report("absolute realtime, in the past",
		syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &past, NULL, 0xffffffff));
	report("empty bitset", syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 5, &past, NULL, 0));
	report("odd address", futex((char *)&word + 1, FUTEX_WAIT, 5, &none));
	report("bad address", futex(unmapped_address(), FUTEX_WAIT, 5, &none));
	report("kernel address", futex(KERNEL_ADDRESS, FUTEX_WAIT, 5, &none));
	report("bad timeout", futex(&word, FUTEX_WAIT, 5, &(struct timespec){ 0, 1000000000 }));
	report("negative timeout", futex(&word, FUTEX_WAIT, 5, &(struct timespec){ -1, 0 }));
	report("timeout at a bad address", futex(&word, FUTEX_WAIT, 5, unmapped_address()));
	report("unknown operation", futex(&word, 99, 5, NULL));
	report("wake at a bad address", futex(unmapped_address(), FUTEX_WAKE, 1, NULL));
	report("private wake at a bad address", futex(unmapped_address(), FUTEX_WAKE_PRIVATE, 1, NULL));
}

TEST(wait_takes_at_least_its_timeout)
{
	uint32_t word = 0;
	int64_t start = now_ns();

	report("30 ms", futex(&word, FUTEX_WAIT_PRIVATE, 0, &(struct timespec){ 0, 30000000 }));
	claim("waited", now_ns() - start >= 30000000);
}

TEST(processes_meet_on_shared_memory)
{
	volatile uint32_t *word = shared_memory(4096);
	pid_t child = need(fork());

	if (child == 0) {
		long result = futex(word, FUTEX_WAIT, 0, NULL);

		_exit(result ? 1 : 40);
	}
	wake_for_sure(word);
	report_exit("waiter", child);
}

TEST(processes_meet_on_a_mapped_file)
{
	volatile uint32_t *here, *there;
	int fd = need(open("f", O_RDWR | O_CREAT, 0644));
	pid_t child;

	need(ftruncate(fd, 4096));
	here = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	child = need(fork());
	if (child == 0) {
		there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		_exit(futex(there + 3, FUTEX_WAIT, 0, NULL) ? 1 : 41);
	}
	wake_for_sure(here + 3);
	report_exit("waiter", child);
}

TEST(private_memory_is_not_shared_after_fork)
{
	static volatile uint32_t word;
	pid_t child = need(fork());

	if (child == 0)
		_exit(futex(&word, FUTEX_WAIT, 0, &(struct timespec){ 0, 50000000 }) ? 42 : 1);
	for (int i = 0; i < 5; i++)
		futex(&word, FUTEX_WAKE, 100, NULL);
	report_exit("waiter times out", child);
}

TEST(waiting_is_interrupted_by_signals)
{
	uint32_t word = 0;

	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(20);
	report("wait", futex(&word, FUTEX_WAIT, 0, NULL));
	report("wait with a timeout", futex(&word, FUTEX_WAIT, 0, &(struct timespec){ 1000, 0 }));
	tick_every_ms(0);
}

static pid_t fork_waiter(volatile uint32_t *word, unsigned bits, int code)
{
	pid_t child = need(fork());

	if (child == 0) {
		long result = bits ? futex2(word, FUTEX_WAIT_BITSET, 0, 0, NULL, bits) : futex(word, FUTEX_WAIT, 0, NULL);

		_exit(result ? 99 : code);
	}
	return child;
}

TEST(requeue_moves_waiters_to_another_word)
{
	volatile uint32_t *words = shared_memory(4096);
	long moved = 0;
	pid_t child = fork_waiter(words, 0, 43);

	report("compare fails", futex2(words, FUTEX_CMP_REQUEUE, 0, 1, words + 1, 7));
	while (moved == 0) {
		moved = futex2(words, FUTEX_CMP_REQUEUE, 0, 1, words + 1, 0);
		sched_yield();
	}
	report("moved", moved);
	report("wake at the old word", futex(words, FUTEX_WAKE, 1, NULL));
	report("wake at the new word", futex(words + 1, FUTEX_WAKE, 1, NULL));
	report_exit("waiter", child);
}

TEST(wake_counts_are_honoured)
{
	volatile uint32_t *words = shared_memory(4096);
	pid_t children[4];
	long moved = 0;

	for (int i = 0; i < 4; i++)
		children[i] = fork_waiter(words, 0, 44);
	/* Gather all four at the second word, where they surely wait. */
	while (moved < 4) {
		long more = futex2(words, FUTEX_REQUEUE, 0, 4, words + 1, 0);

		moved += more > 0 ? more : 0;
		sched_yield();
	}
	report("wake 0", futex(words + 1, FUTEX_WAKE, 0, NULL));
	report("wake 1", futex(words + 1, FUTEX_WAKE, 1, NULL));
	report("wake 2", futex(words + 1, FUTEX_WAKE, 2, NULL));
	report("wake 100", futex(words + 1, FUTEX_WAKE, 100, NULL));
	for (int i = 0; i < 4; i++)
		report_exit("waiter", children[i]);
}

TEST(bitsets_choose_whom_to_wake)
{
	volatile uint32_t *word = shared_memory(4096);
	pid_t low = fork_waiter(word, 0x1, 45), high = fork_waiter(word, 0x80000000, 46);

	while (futex2(word, FUTEX_WAKE_BITSET, 10, 0, NULL, 0x80000000) == 0)
		sched_yield();
	report_exit("high", high);
	report("nobody has this bit", futex2(word, FUTEX_WAKE_BITSET, 10, 0, NULL, 0x40));
	while (futex2(word, FUTEX_WAKE_BITSET, 10, 0, NULL, 0x1) == 0)
		sched_yield();
	report_exit("low", low);
}

TEST(wake_op_changes_the_second_word)
{
	volatile uint32_t *words = shared_memory(4096);
	pid_t child;

	words[1] = 3;
	report("add 4 if it was 3, nobody waits",
		futex2(words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(FUTEX_OP_ADD, 4, FUTEX_OP_CMP_EQ, 3)));
	report("second word", words[1]);
	report("or 8 if it was above 100",
		futex2(words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(FUTEX_OP_OR, 8, FUTEX_OP_CMP_GT, 100)));
	report("second word", words[1]);
	words[1] = 0;
	child = fork_waiter(words + 1, 0, 47);
	while (futex2(words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0)) == 0)
		sched_yield();
	report_exit("waiter at the second word", child);
}

static volatile int from_thread;

static int thread_body(void *argument)
{
	from_thread = *(int *)argument;
	return 0;
}

/* Start a raw thread with the flags that make it one. */
static long start_thread(int (*body)(void *), void *argument, pid_t *parent_tid, pid_t *child_tid)
{
	char *stack = malloc(STACK_BYTES);

	return clone(body, stack + STACK_BYTES, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID,
		argument, parent_tid, NULL, child_tid);
}

/* Wait until the kernel clears and wakes @tid. */
static void join_thread(volatile pid_t *tid)
{
	pid_t now;

	while ((now = *tid) != 0)
		futex(tid, FUTEX_WAIT, now, NULL);
}

TEST(ending_thread_clears_its_tid)
{
	static pid_t parent_tid, child_tid;
	int value = 77;
	long tid;

	child_tid = 1;
	tid = start_thread(thread_body, &value, &parent_tid, &child_tid);
	claim("clone gave a tid", tid > 0);
	claim("parent's word has it", parent_tid == tid);
	join_thread(&child_tid);
	report("thread ran", from_thread);
	report("word", child_tid);
	/* The word is cleared shortly before the tid is gone. */
	while (syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		sched_yield();
	report("kill the ended thread", syscall(SYS_tgkill, getpid(), tid, 0));
}

static int look_at_ids(void *argument)
{
	claim("pid is the process's", getpid() == *(pid_t *)argument);
	claim("tid differs", syscall(SYS_gettid) != *(pid_t *)argument);
	claim("parent is the same", getppid() > 0);
	return 0;
}

TEST(threads_share_a_pid)
{
	static pid_t parent_tid, child_tid;
	pid_t pid = getpid();

	child_tid = 1;
	start_thread(look_at_ids, &pid, &parent_tid, &child_tid);
	join_thread(&child_tid);
}

static int change_surroundings(void *unused)
{
	umask(077);
	mkdir("sub", 0700);
	chdir("sub");
	close(0);
	return 0;
}

TEST(threads_share_folder_umask_and_descriptors)
{
	static pid_t parent_tid, child_tid;

	child_tid = 1;
	start_thread(change_surroundings, NULL, &parent_tid, &child_tid);
	join_thread(&child_tid);
	report("umask", umask(022));
	report("access(../sub)", access("../sub", F_OK));
	report("descriptor 0", fcntl(0, F_GETFD));
}

TEST(clone_checks_its_flags)
{
	char *stack = malloc(STACK_BYTES);

	report("THREAD without SIGHAND", clone(thread_body, stack + STACK_BYTES, CLONE_VM | CLONE_THREAD, NULL));
	report("SIGHAND without VM", clone(thread_body, stack + STACK_BYTES, CLONE_SIGHAND, NULL));
	report("FS with NEWNS", clone(thread_body, stack + STACK_BYTES, CLONE_FS | CLONE_NEWNS, NULL));
}

static int exit_with_nine(void *argument)
{
	*(volatile int *)argument = 9;
	return 9;
}

TEST(clone_can_share_memory_without_being_a_thread)
{
	char *stack = malloc(STACK_BYTES);
	volatile int value = 0;
	pid_t child;
	int status;

	child = clone(exit_with_nine, stack + STACK_BYTES, CLONE_VM | SIGCHLD, (void *)&value);
	report_exit("child", child);
	report("value", value);
	signal(SIGUSR1, SIG_IGN);
	child = clone(exit_with_nine, stack + STACK_BYTES, SIGUSR1, (void *)&value);
	report("waitpid without __WALL", waitpid(child, &status, 0));
	claim("waitpid with __WALL", waitpid(child, &status, __WALL) == child);
	say_status("child", status);
}

TEST(clone3_does_what_fork_does)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0)
		_exit(55);
	claim("clone3", child > 0);
	report_exit("child", child);
	report("size too small", syscall(SYS_clone3, &args, 8));
	report("bad pointer", syscall(SYS_clone3, unmapped_address(), sizeof(args)));
	args.flags = 1UL << 63;
	report("unknown flag", syscall(SYS_clone3, &args, sizeof(args)));
	args.flags = CLONE_VM;
	args.stack = 0;
	args.stack_size = 4096;
	report("stack size without stack", syscall(SYS_clone3, &args, sizeof(args)));
}

TEST(child_settid_and_cleartid_work_for_processes)
{
	static volatile pid_t tid;
	long child;

	tid = 0;
	child = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, &tid, 0);
	if (child == 0)
		_exit(tid == getpid() ? 3 : 4);
	report_exit("child", child);
	report("parent's copy", tid);
	report_ok("set_tid_address", syscall(SYS_set_tid_address, &tid));
}

static void *count_up(void *argument)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	long *counter = argument;

	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&lock);
		++*counter;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

TEST(mutexes_exclude)
{
	pthread_t threads[4];
	long counter = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count_up, &counter);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	report("counter", counter);
}

static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *me)
{
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&turn_lock);
		while (turn % 2 != *(int *)me)
			pthread_cond_wait(&turn_changed, &turn_lock);
		turn++;
		pthread_cond_broadcast(&turn_changed);
		pthread_mutex_unlock(&turn_lock);
	}
	return NULL;
}

TEST(condition_variables_alternate_two_threads)
{
	pthread_t threads[2];
	int ids[2] = { 0, 1 };

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, take_turns, &ids[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	report("turns", turn);
}

TEST(robust_mutex_tells_that_its_owner_died)
{
	pthread_mutex_t *mutex = shared_memory(4096);
	pthread_mutexattr_t attributes;
	pid_t child;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex, &attributes);
	child = need(fork());
	if (child == 0) {
		pthread_mutex_lock(mutex);
		raise(SIGKILL);
	}
	report_exit("owner", child);
	say("  lock: %s", errno_name(pthread_mutex_lock(mutex)));
	report("make consistent", pthread_mutex_consistent(mutex));
	report("unlock", pthread_mutex_unlock(mutex));
	report("lock", pthread_mutex_lock(mutex));
}

TEST(robust_list_can_be_set_and_read)
{
	struct robust_list_head head = { .list.next = &head.list }, *seen = NULL;
	size_t len = 0;

	report("bad size", syscall(SYS_set_robust_list, &head, 8));
	report("set", syscall(SYS_set_robust_list, &head, sizeof(head)));
	report("get", syscall(SYS_get_robust_list, 0, &seen, &len));
	claim("the same", seen == &head);
	report("size", len);
	report("get of no such process", syscall(SYS_get_robust_list, NO_SUCH_PID, &seen, &len));
}

static volatile pid_t handler_tid;

static void note_tid(int sig)
{
	handler_tid = syscall(SYS_gettid);
}

static volatile pid_t sleeper_tid;

static void *sleep_until_signalled(void *unused)
{
	sleeper_tid = syscall(SYS_gettid);
	while (!handler_tid)
		sched_yield();
	return NULL;
}

TEST(tgkill_reaches_one_thread)
{
	pthread_t thread;

	on_signal(SIGUSR1, note_tid, 0);
	pthread_create(&thread, NULL, sleep_until_signalled, NULL);
	while (!sleeper_tid)
		sched_yield();
	report("tgkill", syscall(SYS_tgkill, getpid(), sleeper_tid, SIGUSR1));
	pthread_join(thread, NULL);
	claim("that thread ran the handler", handler_tid == sleeper_tid);
}

TEST(process_signal_goes_to_a_thread_that_takes_it)
{
	pthread_t thread;
	sigset_t set;

	on_signal(SIGUSR1, note_tid, 0);
	pthread_create(&thread, NULL, sleep_until_signalled, NULL);
	while (!sleeper_tid)
		sched_yield();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	report("kill", kill(getpid(), SIGUSR1));
	pthread_join(thread, NULL);
	claim("the other thread ran the handler", handler_tid == sleeper_tid);
}

static void *end_the_process(void *unused)
{
	_exit(66);
}

TEST(exit_group_ends_all_threads)
{
	pthread_t thread;
	pid_t child = need(fork());

	if (child == 0) {
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		pthread_create(&thread, NULL, end_the_process, NULL);
		wait_for_ever(NULL);
	}
	report_exit("child", child);
}

static void *crash(void *unused)
{
	*(volatile int *)unmapped_address() = 1;
	return NULL;
}

TEST(crash_of_a_thread_kills_the_process)
{
	pthread_t thread;
	pid_t child = need(fork());

	if (child == 0) {
		pthread_create(&thread, NULL, crash, NULL);
		wait_for_ever(NULL);
	}
	report_exit("child", child);
}

static void *outlive_the_leader(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	_exit(67);
}

TEST(process_lives_until_its_last_thread_ends)
{
	static pthread_t leader;
	pthread_t thread;
	pid_t child = need(fork());

	if (child == 0) {
		leader = pthread_self();
		pthread_create(&thread, NULL, outlive_the_leader, &leader);
		syscall(SYS_exit, 5);
	}
	report_exit("child", child);
}

TEST(fork_in_a_threaded_process_copies_the_caller_only)
{
	pthread_t thread;
	pid_t child;

	pthread_create(&thread, NULL, wait_for_ever, NULL);
	child = need(fork());
	if (child == 0) {
		/* With another thread left, this exit would not end the process. */
		syscall(SYS_exit, 68);
	}
	report_exit("child", child);
}
