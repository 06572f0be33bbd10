/* tests/linux/sysv_sem.c: System V semaphores. */
#include "common.h"

#include <sys/ipc.h>
#include <sys/sem.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static int make(int nsems)
{
	return (int)need(semget(IPC_PRIVATE, nsems, IPC_CREAT | 0600));
}

static int control(int id, int index, int command, int value)
{
	return semctl(id, index, command, (union semun){ .val = value });
}

/* libc makes one call of both; the kernel has two. */
static int by_semop(int id, struct sembuf *ops, size_t nops)
{
	return (int)syscall(SYS_semop, id, ops, nops);
}

static int by_semtimedop(int id, struct sembuf *ops, size_t nops)
{
	struct timespec long_time = { .tv_sec = 1000 };

	return (int)syscall(SYS_semtimedop, id, ops, nops, &long_time);
}

static int (*operate_all)(int id, struct sembuf *ops, size_t nops) = by_semop;

static void in_both_ways(void (*body)(void))
{
	say("semop");
	body();
	operate_all = by_semtimedop;
	say("semtimedop");
	body();
	operate_all = by_semop;
}

static int operate(int id, int index, int by, int flags)
{
	struct sembuf op = { .sem_num = (unsigned short)index, .sem_op = (short)by, .sem_flg = (short)flags };

	return operate_all(id, &op, 1);
}

static void say_values(const char *label, int id, int nsems)
{
	unsigned short values[8];
	int i;

	need(semctl(id, 0, GETALL, (union semun){ .array = values }));
	for (i = 0; i < nsems; i++)
		say("  %s: %d: %d", label, i, values[i]);
}

/* Wait until @n processes wait at a semaphore. */
static void until_waiting(int id, int index, int command, int n)
{
	while (control(id, index, command, 0) != n)
		usleep(1000);
}

TEST(semaphores_count)
{
	int id = make(3);

	say_values("new", id, 3);
	report("set", control(id, 1, SETVAL, 5));
	report("take 3", operate(id, 1, -3, 0));
	report("value", control(id, 1, GETVAL, 0));
	claim("by me", control(id, 1, GETPID, 0) == getpid());
	report("nobody used", control(id, 0, GETPID, 0));
	report("too much at once", operate(id, 1, -3, IPC_NOWAIT));
	report("zero", operate(id, 0, 0, 0));
	report("not zero", operate(id, 1, 0, IPC_NOWAIT));
	report("more", operate(id, 2, 7, 0));
	say_values("now", id, 3);
	report("remove", control(id, 0, IPC_RMID, 0));
	report("removed", control(id, 0, GETVAL, 0));
}

static void do_all_or_none(void)
{
	int id = make(3);
	struct sembuf ops[] = {
		{ .sem_num = 0, .sem_op = 4 }, { .sem_num = 1, .sem_op = 2 }, { .sem_num = 2, .sem_op = -1, .sem_flg = IPC_NOWAIT },
	};
	struct sembuf same[] = { { .sem_num = 1, .sem_op = 0 }, { .sem_num = 1, .sem_op = 2 }, { .sem_num = 1, .sem_op = -1 } };

	report("third fails", operate_all(id, ops, 3));
	say_values("untouched", id, 3);
	report("one semaphore three times", operate_all(id, same, 3));
	say_values("after", id, 3);
	report("too large", operate(id, 1, 32767, 0));
	need(control(id, 2, SETVAL, 1));
	report("now", operate_all(id, ops, 3));
	say_values("after", id, 3);
	need(control(id, 0, IPC_RMID, 0));
}

TEST(operations_are_done_all_or_not)
{
	in_both_ways(do_all_or_none);
}

TEST(waiters_are_woken)
{
	int id = make(2);
	pid_t taker = need(fork()), zero;

	if (!taker)
		_exit(operate(id, 0, -2, 0) ? 1 : 7);
	until_waiting(id, 0, GETNCNT, 1);
	report("not enough", operate(id, 0, 1, 0));
	until_waiting(id, 0, GETNCNT, 1);
	report("enough", operate(id, 0, 1, 0));
	report_exit("taker", taker);
	report("left", control(id, 0, GETVAL, 0));
	need(control(id, 1, SETVAL, 1));
	zero = need(fork());
	if (!zero)
		_exit(operate(id, 1, 0, 0) ? 1 : 8);
	until_waiting(id, 1, GETZCNT, 1);
	report("to zero", operate(id, 1, -1, 0));
	report_exit("zero", zero);
	report("nobody waits", control(id, 1, GETZCNT, 0) + control(id, 0, GETNCNT, 0));
	need(control(id, 0, IPC_RMID, 0));
}

static void remove_while_waiting(void)
{
	int id = make(1);
	pid_t child = need(fork());

	if (!child)
		_exit(operate(id, 0, -1, 0) ? errno : 0);
	until_waiting(id, 0, GETNCNT, 1);
	report("remove", control(id, 0, IPC_RMID, 0));
	report_exit("waiter, EIDRM is 43", child);
}

TEST(removal_ends_waits)
{
	in_both_ways(remove_while_waiting);
}

static void on_alarm(int sig)
{
	(void)sig;
}

TEST(signals_and_time_end_waits)
{
	struct timespec short_time = { .tv_nsec = 20000000 }, wrong = { .tv_nsec = 2000000000 };
	struct sembuf op = { .sem_op = -1 };
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	int id = make(1);

	report("time", semtimedop(id, &op, 1, &short_time));
	report("no such time", semtimedop(id, &op, 1, &wrong));
	report("time at nowhere", semtimedop(id, &op, 1, unmapped_address()));
	need(sigaction(SIGALRM, &action, NULL));
	ualarm(20000, 20000);
	report("signal, restarting or not", by_semop(id, &op, 1));
	report("signal, with a time", by_semtimedop(id, &op, 1));
	ualarm(0, 0);
	need(control(id, 0, SETVAL, 1));
	report("without a wait", semtimedop(id, &op, 1, &short_time));
	need(control(id, 0, IPC_RMID, 0));
	report("gone", semtimedop(id, &op, 1, &short_time));
}

TEST(undo_gives_back_at_the_end)
{
	int id = make(2);
	pid_t child;

	need(control(id, 0, SETVAL, 5));
	child = need(fork());
	if (!child) {
		need(operate(id, 0, -3, SEM_UNDO));
		need(operate(id, 1, 4, SEM_UNDO));
		need(operate(id, 1, 1, 0));
		say_values("in the child", id, 2);
		_exit(0);
	}
	report_exit("child", child);
	say_values("given back", id, 2);
	child = need(fork());
	if (!child) {
		need(operate(id, 0, -3, SEM_UNDO));
		need(control(id, 0, SETVAL, 9));
		_exit(0);
	}
	report_exit("child", child);
	say_values("what was set stays", id, 2);
	child = need(fork());
	if (!child) {
		need(operate(id, 0, -2, SEM_UNDO));
		kill(getpid(), SIGKILL);
	}
	report_exit("child", child);
	say_values("killed", id, 2);
	need(control(id, 0, IPC_RMID, 0));
}

TEST(four_processes_exclude_each_other)
{
	int id = make(2), i, round;
	pid_t children[4];

	need(control(id, 0, SETVAL, 1));
	for (i = 0; i < 4; i++) {
		children[i] = need(fork());
		if (children[i])
			continue;
		for (round = 0; round < 200; round++) {
			need(operate(id, 0, -1, SEM_UNDO));
			need(operate(id, 1, 1, 0));
			if (control(id, 1, GETVAL, 0) != 1)
				_exit(1);
			need(operate(id, 1, -1, 0));
			need(operate(id, 0, 1, SEM_UNDO));
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++)
		report_exit("one", children[i]);
	say_values("in the end", id, 2);
	need(control(id, 0, IPC_RMID, 0));
}

TEST(keys_lead_to_sets)
{
	key_t key = 0x5b000000 + getpid();
	int id = (int)need(semget(key, 3, IPC_CREAT | IPC_EXCL | 0640));

	claim("found", semget(key, 3, 0) == id);
	claim("found, fewer", semget(key, 1, 0) == id);
	claim("found, none", semget(key, 0, 0) == id);
	report("more", semget(key, 4, 0));
	report("exclusive", semget(key, 3, IPC_CREAT | IPC_EXCL));
	report("another key", semget(key + 0x1000000, 1, 0));
	report("none", semget(key + 0x1000000, 0, IPC_CREAT));
	report("negative", semget(IPC_PRIVATE, -1, IPC_CREAT));
	report("too many", semget(IPC_PRIVATE, 40000, IPC_CREAT));
	need(control(id, 0, IPC_RMID, 0));
}

static int shared_id;

static void take_and_look(void)
{
	report("take", operate(shared_id, 0, -1, IPC_NOWAIT));
	report("look for zero", operate(shared_id, 0, 0, IPC_NOWAIT));
}

static void use_as_nobody(void)
{
	struct semid_ds s;

	in_both_ways(take_and_look);
	report("value", control(shared_id, 0, GETVAL, 0));
	report("set value", control(shared_id, 0, SETVAL, 1));
	report("stat", semctl(shared_id, 0, IPC_STAT, (union semun){ .buf = &s }));
	report("remove", control(shared_id, 0, IPC_RMID, 0));
}

TEST(sets_obey_their_mode)
{
	key_t key = 0x5d000000 + getpid();
	struct semid_ds s;

	if (!is_root())
		return;
	shared_id = (int)need(semget(key, 1, IPC_CREAT | 0600));
	as_unprivileged(use_as_nobody);
	need(semctl(shared_id, 0, IPC_STAT, (union semun){ .buf = &s }));
	s.sem_perm.mode = 0644;
	report("set", semctl(shared_id, 0, IPC_SET, (union semun){ .buf = &s }));
	as_unprivileged(use_as_nobody);
	need(control(shared_id, 0, IPC_RMID, 0));
}

static key_t closed_key;

static void ask_as_nobody(void)
{
	report("its key", semget(closed_key, 1, 0600));
}

TEST(keys_obey_the_mode)
{
	int id;

	if (!is_root())
		return;
	closed_key = 0x5e000000 + getpid();
	id = (int)need(semget(closed_key, 1, IPC_CREAT | 0600));
	as_unprivileged(ask_as_nobody);
	need(control(id, 0, IPC_RMID, 0));
}

static void give_wrong_things(void)
{
	static struct sembuf many[501];
	unsigned short values[] = { 1, 40000 };
	int id = make(2);

	report("no operations", operate_all(id, many, 0));
	report("too many", operate_all(id, many, 501));
	report("from nowhere", operate_all(id, unmapped_address(), 1));
	report("no such semaphore", operate(id, 2, 1, 0));
	report("no such set", operate(-1, 0, 1, 0));
	report("unknown set", operate(0x7ffffff0, 0, 1, 0));
	report("value of no semaphore", control(id, 2, GETVAL, 0));
	report("set no semaphore", control(id, 2, SETVAL, 0));
	report("negative", control(id, 0, SETVAL, -1));
	report("too large", control(id, 0, SETVAL, 32768));
	report("one of all too large", semctl(id, 0, SETALL, (union semun){ .array = values }));
	report("all from nowhere", semctl(id, 0, SETALL, (union semun){ .array = unmapped_address() }));
	report("all to nowhere", semctl(id, 0, GETALL, (union semun){ .array = unmapped_address() }));
	report("command", control(id, 0, 99, 0));
	need(control(id, 0, IPC_RMID, 0));
}

TEST(sem_calls_check_what_they_are_given)
{
	in_both_ways(give_wrong_things);
}

TEST(ids_do_not_come_again)
{
	struct timespec short_time = { .tv_nsec = 1000000 };
	struct sembuf op = { .sem_op = 1 };
	int former = make(1), id;

	need(control(former, 0, IPC_RMID, 0));
	id = make(1);
	claim("another", id != former);
	claim("operation fails", operate_all(former, &op, 1) < 0);
	claim("with time too", semtimedop(former, &op, 1, &short_time) < 0);
	claim("value fails", control(former, 0, GETVAL, 0) < 0);
	say_values("untouched", id, 1);
	need(control(id, 0, IPC_RMID, 0));
}
