/* tests/linux/threads.c: what belongs to a thread, what to its process, and how each ends. */
#include "common.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define STACK_BYTES 65536

static pid_t my_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static long tgkill_of(pid_t tgid, pid_t tid, int sig)
{
	return syscall(SYS_tgkill, tgid, tid, sig);
}

static pthread_t start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	need(-pthread_create(&thread, NULL, body, argument));
	return thread;
}

static int nothing(void *unused)
{
	return 0;
}

/* ---- how threads are made ---- */

static long try_clone(unsigned long flags)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));

	return clone(nothing, stack + STACK_BYTES, flags, NULL);
}

TEST(clone_refuses_flags_that_contradict)
{
	report("thread without shared handlers", try_clone(CLONE_VM | CLONE_THREAD));
	report("thread without shared memory", try_clone(CLONE_SIGHAND | CLONE_THREAD));
	report("handlers without memory", try_clone(CLONE_SIGHAND | SIGCHLD));
	report("pidfd and parent's tid", try_clone(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD));
	report("own mounts and shared folder", try_clone(CLONE_NEWNS | CLONE_FS | SIGCHLD));
	report("own users and shared folder", try_clone(CLONE_NEWUSER | CLONE_FS | SIGCHLD));
	report("thread in a new pid namespace",
		try_clone(CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM));
}

static long try_clone3(struct clone_args *args, size_t size)
{
	long pid = syscall(SYS_clone3, args, size);

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid > 0 ? 1 : pid;
}

TEST(clone3_checks_each_field)
{
	static char stack[STACK_BYTES];
	pid_t tids[40] = { 0 };
	struct clone_args args;

#define TRY(label, ...) \
	do { \
		args = (struct clone_args){ __VA_ARGS__ }; \
		report(label, try_clone3(&args, sizeof(args))); \
	} while (0)
	TRY("fork", .exit_signal = SIGCHLD);
	TRY("no exit signal at all", .exit_signal = 0, .flags = CLONE_VFORK);
	TRY("exit signal 65", .exit_signal = 65);
	TRY("exit signal 256", .exit_signal = 256);
	TRY("exit signal in the flags", .flags = SIGCHLD);
	TRY("detached", .flags = CLONE_DETACHED, .exit_signal = SIGCHLD);
	TRY("cleared and shared handlers", .flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
	TRY("parent with exit signal", .flags = CLONE_PARENT, .exit_signal = SIGCHLD);
	TRY("thread with exit signal", .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
	TRY("stack without size", .stack = (uintptr_t)stack, .exit_signal = SIGCHLD);
	TRY("size without stack", .stack_size = sizeof(stack), .exit_signal = SIGCHLD);
	TRY("stack in the kernel", .stack = (uintptr_t)KERNEL_ADDRESS, .stack_size = 4096, .exit_signal = SIGCHLD);
	TRY("unknown flag", .flags = 1ull << 40, .exit_signal = SIGCHLD);
	TRY("into cgroup of a bad descriptor", .flags = CLONE_INTO_CGROUP, .cgroup = 1000, .exit_signal = SIGCHLD);
	TRY("into cgroup of a huge descriptor", .flags = CLONE_INTO_CGROUP, .cgroup = 1ull << 40, .exit_signal = SIGCHLD);
	TRY("tids without a count", .set_tid = (uintptr_t)tids, .exit_signal = SIGCHLD);
	TRY("count without tids", .set_tid_size = 1, .exit_signal = SIGCHLD);
	TRY("more tids than there are levels", .set_tid = (uintptr_t)tids, .set_tid_size = 33, .exit_signal = SIGCHLD);
	TRY("tids at a bad address", .set_tid = (uintptr_t)unmapped_address(), .set_tid_size = 1, .exit_signal = SIGCHLD);
#undef TRY
	args = (struct clone_args){ .exit_signal = SIGCHLD };
	report("size of version 0", try_clone3(&args, CLONE_ARGS_SIZE_VER0));
	report("size below version 0", try_clone3(&args, CLONE_ARGS_SIZE_VER0 - 1));
	report("size of two pages", try_clone3(&args, 8192));
	struct { struct clone_args args; uint64_t more; } longer = { .args = args };
	report("longer, rest zero", try_clone3(&longer.args, sizeof(longer)));
	longer.more = 1;
	report("longer, rest not zero", try_clone3(&longer.args, sizeof(longer)));
}

TEST(clone3_gives_a_wanted_tid)
{
	pid_t tid = 0;
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&tid, .set_tid_size = 1 };
	pid_t child = need(fork());

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	report("zero", try_clone3(&args, sizeof(args)));
	tid = -5;
	report("negative", try_clone3(&args, sizeof(args)));
	tid = getpid();
	report("taken", try_clone3(&args, sizeof(args)));
	tid = NO_SUCH_PID;
	report("above the limit", try_clone3(&args, sizeof(args)));
	tid = child;
	report("free", try_clone3(&args, sizeof(args)));
}

static void want_a_tid(void)
{
	pid_t tid = 3000;
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&tid, .set_tid_size = 1 };

	report("as nobody", try_clone3(&args, sizeof(args)));
}

TEST(only_root_chooses_tids)
{
	as_unprivileged(want_a_tid);
}

TEST(parent_learns_of_the_end_by_the_exit_signal)
{
	static const int signals[] = { 0, SIGUSR1, 64, 200 };

	on_signal(SIGUSR1, count_signal, 0);
	on_signal(SIGRTMAX, count_signal, 0);
	on_signal(SIGCHLD, count_signal, 0);
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		long child = (caught = 0, syscall(SYS_clone, (long)signals[i], NULL, NULL, NULL, 0));

		if (!child)
			_exit(9);
		claim("child is there", child > 0);
		report("waitpid", waitpid((pid_t)child, NULL, 0));
		claim("waitpid with __WCLONE", waitpid((pid_t)child, NULL, __WCLONE) == child);
		report("signals", caught);
	}
}

TEST(child_cleartid_wakes_only_while_memory_is_shared)
{
	static volatile pid_t tid = 77;
	long child = syscall(SYS_clone, CLONE_CHILD_CLEARTID | SIGCHLD, NULL, NULL, &tid, 0);

	if (!child)
		_exit(0);
	waitpid((pid_t)child, NULL, 0);
	report("copied memory", tid);
	child = syscall(SYS_clone, CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD, NULL, NULL, &tid, 0);
	if (!child)
		_exit(0);
	waitpid((pid_t)child, NULL, 0);
	report("shared memory", tid);
}

static _Thread_local int mine = 5;

static void *look_at_tls(void *unused)
{
	return (void *)(intptr_t)(mine++ + errno);
}

TEST(each_thread_has_its_own_variables)
{
	void *result;

	mine = 50;
	errno = 3;
	pthread_join(start(look_at_tls, NULL), &result);
	report("in a thread", (intptr_t)result);
	report("here", mine);
}

/* ---- the leader's end ---- */

static pid_t leader_pid;

static char state_of(pid_t pid, pid_t tid)
{
	char path[64], text[512], *end;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return '-';
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return '?';
	text[n] = 0;
	end = strrchr(text, ')');
	return end ? end[2] : '!';
}

static void await_state(pid_t pid, pid_t tid, char state)
{
	while (state_of(pid, tid) != state)
		sched_yield();
}

static void *live_without_leader(void *unused)
{
	int status = 0;

	await_state(leader_pid, leader_pid, 'Z');
	claim("pid stays", getpid() == leader_pid);
	report("kill the process with 0", kill(leader_pid, 0));
	report("tgkill the leader with 0", tgkill_of(leader_pid, leader_pid, 0));
	report("tgkill the leader", tgkill_of(leader_pid, leader_pid, SIGUSR1));
	report("tkill the leader", syscall(SYS_tkill, leader_pid, SIGUSR1));
	claim("own state", state_of(leader_pid, my_tid()) == 'R');
	report("fork", (errno = 0, status = fork()) > 0 ? 0 : status == 0 ? (_exit(3), 0) : -1);
	report("wait", wait(&status) > 0 ? WEXITSTATUS(status) : -1);
	report("process signal", kill(leader_pid, SIGUSR2));
	while (!caught)
		sched_yield();
	report("caught", caught);
	syscall(SYS_exit, 44);
	return NULL;
}

TEST(leader_that_ended_stays_until_its_threads_end)
{
	pid_t child = need(fork());

	if (!child) {
		on_signal(SIGUSR2, count_signal, 0);
		on_signal(SIGUSR1, count_signal, 0);
		leader_pid = getpid();
		start(live_without_leader, NULL);
		syscall(SYS_exit, 43);
	}
	report_exit("code is the last thread's", child);
}

static void *exit_group_later(void *unused)
{
	await_state(leader_pid, leader_pid, 'Z');
	_exit(45);
}

TEST(exit_group_after_the_leaders_end_gives_its_own_code)
{
	pid_t child = need(fork());

	if (!child) {
		leader_pid = getpid();
		start(exit_group_later, NULL);
		syscall(SYS_exit, 43);
	}
	report_exit("child", child);
}

TEST(process_without_leader_can_be_killed_stopped_and_continued)
{
	pid_t child = need(fork());
	int status;

	if (!child) {
		start(wait_for_ever, NULL);
		syscall(SYS_exit, 43);
	}
	await_state(child, child, 'Z');
	report("waitpid does not see it end", waitpid(child, &status, WNOHANG));
	report("stop", kill(child, SIGSTOP));
	claim("stopped is told", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	report("continue", kill(child, SIGCONT));
	claim("continued is told", waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
	report("kill", kill(child, SIGTERM));
	report_exit("child", child);
}

/* ---- execve with threads ---- */

int probe(int argc, char **argv)
{
	char text[256];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = 0, got;
	char *all = calloc(1, 8192), *line;

	while ((got = read(fd, all + n, 8191 - n)) > 0)
		n += got;
	line = strstr(all, "\nThreads:");
	snprintf(text, sizeof(text), "%.*s", line ? (int)strcspn(line + 1, "\n") : 0, line ? line + 1 : "");
	say("new program: %s, pid is %s, tid is the pid: %s", text, atoi(argv[1]) == getpid() ? "kept" : "new",
		my_tid() == getpid() ? "yes" : "no");
	return 21;
}

static void become_probe(void)
{
	char pid[16], *argv[] = { "probe", pid, NULL };

	snprintf(pid, sizeof(pid), "%d", getpid());
	execv(program_path, argv);
	_exit(99);
}

static void *exec_here(void *unused)
{
	become_probe();
	return NULL;
}

TEST(exec_in_a_thread_takes_the_leaders_place)
{
	pid_t child = need(fork());

	if (!child) {
		start(wait_for_ever, NULL);
		start(exec_here, NULL);
		wait_for_ever(NULL);
	}
	report_exit("child", child);
}

static void *exec_without_leader(void *unused)
{
	await_state(leader_pid, leader_pid, 'Z');
	become_probe();
	return NULL;
}

TEST(exec_in_a_thread_revives_a_process_whose_leader_ended)
{
	pid_t child = need(fork());

	if (!child) {
		leader_pid = getpid();
		start(exec_without_leader, NULL);
		syscall(SYS_exit, 43);
	}
	report_exit("child", child);
}

TEST(exec_of_the_leader_ends_the_other_threads)
{
	pid_t child = need(fork());

	if (!child) {
		for (int i = 0; i < 5; i++)
			start(wait_for_ever, NULL);
		become_probe();
	}
	report_exit("child", child);
}

static void *fail_to_exec(void *unused)
{
	char *argv[] = { "x", NULL };

	report("no such program", execv("/nonexistent", argv));
	report("no program", execv("/", argv));
	return NULL;
}

TEST(failed_exec_leaves_the_threads_alone)
{
	pthread_t other;

	caught = 0;
	on_signal(SIGUSR1, count_signal, 0);
	other = start(wait_for_ever, NULL);
	pthread_join(start(fail_to_exec, NULL), NULL);
	pthread_kill(other, SIGUSR1);
	while (!caught)
		sched_yield();
	report("the other thread still takes signals", caught);
}

TEST(many_threads_exec_at_once_and_one_wins)
{
	pid_t child = need(fork());

	if (!child) {
		for (int i = 0; i < 8; i++)
			start(exec_here, NULL);
		wait_for_ever(NULL);
	}
	report_exit("child", child);
}

static void *race_to_exit(void *code)
{
	_exit((int)(intptr_t)code);
}

TEST(threads_that_race_to_exit_end_the_process_once)
{
	for (int round = 0; round < 20; round++) {
		pid_t child = need(fork());
		int status;

		if (!child) {
			for (int i = 0; i < 8; i++)
				start(race_to_exit, (void *)5);
			race_to_exit((void *)5);
		}
		if (waitpid(child, &status, 0) != child || status != 5 << 8)
			say("round %d: status %x", round, status);
	}
}

static void *race_to_fork(void *unused)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	_exit(6);
}

TEST(fork_and_exit_group_may_race)
{
	for (int round = 0; round < 20; round++) {
		pid_t child = need(fork());
		int status;

		if (!child) {
			for (int i = 0; i < 4; i++)
				start(race_to_fork, NULL);
			race_to_fork(NULL);
		}
		if (waitpid(child, &status, 0) != child || status != 6 << 8)
			say("round %d: status %x", round, status);
	}
}

/* ---- signals to threads ---- */

static volatile pid_t target_tid, handler_tid;
static volatile int handler_code, handler_value;

static void note(int sig, siginfo_t *info, void *context)
{
	handler_code = info->si_code;
	handler_value = info->si_value.sival_int;
	handler_tid = my_tid();
}

static void note_signal(int sig)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };

	handler_tid = 0;
	sigaction(sig, &action, NULL);
}

static void *be_a_target(void *unused)
{
	target_tid = my_tid();
	while (!handler_tid)
		sched_yield();
	return NULL;
}

static pthread_t start_target(void)
{
	pthread_t thread;

	target_tid = 0;
	thread = start(be_a_target, NULL);
	while (!target_tid)
		sched_yield();
	return thread;
}

static long queue_to(pid_t tgid, pid_t tid, int sig, int code, int value)
{
	siginfo_t info = { .si_signo = sig, .si_code = code };

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = value;
	return syscall(SYS_rt_tgsigqueueinfo, tgid, tid, sig, &info);
}

TEST(signals_to_a_thread_carry_how_they_were_sent)
{
	pthread_t thread;

	note_signal(SIGUSR1);
	thread = start_target();
	report("tgkill", tgkill_of(getpid(), target_tid, SIGUSR1));
	pthread_join(thread, NULL);
	claim("to that thread", handler_tid == target_tid);
	claim("SI_TKILL", handler_code == SI_TKILL);

	note_signal(SIGUSR1);
	thread = start_target();
	report("rt_tgsigqueueinfo", queue_to(getpid(), target_tid, SIGUSR1, SI_QUEUE, 1234));
	pthread_join(thread, NULL);
	claim("to that thread", handler_tid == target_tid);
	report("code", handler_code);
	report("value", handler_value);

	note_signal(SIGUSR1);
	thread = start_target();
	report("code of the kernel", queue_to(getpid(), target_tid, SIGUSR1, SI_KERNEL, 1));
	report("code of kill", queue_to(getpid(), target_tid, SIGUSR1, SI_USER, 1));
	report("code of tkill", queue_to(getpid(), target_tid, SIGUSR1, SI_TKILL, 1));
	report("code of a timer", queue_to(getpid(), target_tid, SIGUSR1, SI_TIMER, 77));
	pthread_join(thread, NULL);
	report("code", handler_code);

	note_signal(SIGUSR1);
	report("any code to itself", queue_to(getpid(), my_tid(), SIGUSR1, SI_USER, 7));
	report("code", handler_code);
}

TEST(thread_signals_check_their_arguments)
{
	pid_t pid = getpid();

	report("tgkill signal 65", tgkill_of(pid, pid, 65));
	report("tgkill signal -1", tgkill_of(pid, pid, -1));
	report("tgkill tid 0", tgkill_of(pid, 0, 0));
	report("tgkill tgid 0", tgkill_of(0, pid, 0));
	report("tgkill negative", tgkill_of(-1, -1, 0));
	report("tgkill nobody", tgkill_of(pid, NO_SUCH_PID, 0));
	report("tgkill of another process", tgkill_of(getppid(), pid, 0));
	report("tkill signal 65", syscall(SYS_tkill, pid, 65));
	report("tkill tid 0", syscall(SYS_tkill, 0, 0));
	report("tkill nobody", syscall(SYS_tkill, NO_SUCH_PID, 0));
	report("tkill itself with 0", syscall(SYS_tkill, pid, 0));
	report("queue with a bad address", syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGUSR1, unmapped_address()));
	report("queue tid 0", syscall(SYS_rt_tgsigqueueinfo, pid, 0, SIGUSR1, unmapped_address()));
	report("queue signal 65", queue_to(pid, pid, 65, SI_QUEUE, 0));
	report("queue to nobody", queue_to(pid, NO_SUCH_PID, SIGUSR1, SI_QUEUE, 0));
	report("queue 0", queue_to(pid, pid, 0, SI_QUEUE, 0));
}

static void *look_at_pending(void *unused)
{
	sigset_t set;

	sigpending(&set);
	claim("thread sees the process's", sigismember(&set, SIGUSR2));
	claim("thread sees another thread's", sigismember(&set, SIGUSR1));
	return NULL;
}

TEST(pending_signals_of_thread_and_process_are_apart)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	report("to the thread", tgkill_of(getpid(), my_tid(), SIGUSR1));
	report("to the process", kill(getpid(), SIGUSR2));
	pthread_join(start(look_at_pending, NULL), NULL);
	sigpending(&set);
	claim("here both", sigismember(&set, SIGUSR1) && sigismember(&set, SIGUSR2));
}

static void *take_by_wait(void *set)
{
	siginfo_t info;
	int sig = sigwaitinfo(set, &info);

	say("taken: %s, code %d", signal_name(sig), info.si_code);
	return NULL;
}

TEST(process_signal_goes_to_the_thread_that_waits_for_it)
{
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	thread = start(take_by_wait, &set);
	need(kill(getpid(), SIGUSR1));
	pthread_join(thread, NULL);
}

static volatile int counter;

static void *count_for_ever(void *unused)
{
	for (;;) {
		counter++;
		sched_yield();
	}
	return NULL;
}

TEST(stopping_stops_every_thread)
{
	volatile int *seen = shared_memory(4096);
	pid_t child = need(fork());
	int status, before;

	if (!child) {
		pthread_t threads[3];

		for (int i = 0; i < 3; i++)
			threads[i] = start(count_for_ever, NULL);
		for (;;)
			*seen = counter;
		pthread_join(threads[0], NULL);
	}
	while (*seen < 100)
		sched_yield();
	for (int i = 0; i < 5; i++) {
		report("stop", kill(child, SIGSTOP));
		claim("told", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
		before = *seen;
		usleep(20000);
		claim("stands still", *seen == before);
		report("continue", kill(child, SIGCONT));
		claim("told", waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
		while (*seen == before)
			sched_yield();
	}
	kill(child, SIGSTOP);
	kill(child, SIGKILL);
	report_exit("killed while stopped", child);
}

static void *have_an_altstack(void *unused)
{
	stack_t old, mine = { .ss_sp = malloc(SIGSTKSZ), .ss_size = SIGSTKSZ };

	sigaltstack(NULL, &old);
	report("a new thread's stack is disabled", old.ss_flags);
	report("set", sigaltstack(&mine, NULL));
	return NULL;
}

TEST(alternate_stacks_are_per_thread)
{
	stack_t old, mine_too = { .ss_sp = malloc(SIGSTKSZ), .ss_size = SIGSTKSZ };

	report("set", sigaltstack(&mine_too, NULL));
	pthread_join(start(have_an_altstack, NULL), NULL);
	sigaltstack(NULL, &old);
	claim("still the own", old.ss_sp == mine_too.ss_sp);
}

/* ---- names and /proc ---- */

static void read_comm(const char *label, pid_t tid)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	text[strcspn(text, "\n")] = 0;
	say("%s: '%s'", label, text);
}

static void read_status_line(const char *label, pid_t tid, const char *key)
{
	char path[64], *all = calloc(1, 8192), *line;
	ssize_t n = 0, got;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && (got = read(fd, all + n, 8191 - n)) > 0)
		n += got;
	close(fd);
	line = strstr(all, key);
	say("%s: %.*s", label, line ? (int)strcspn(line, "\n") : 0, line ? line : "");
	free(all);
}

static struct gate named, looked_at;

static void *have_a_name(void *unused)
{
	sigset_t set;

	prctl(PR_SET_NAME, "a-thread-with-a-long-name");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	target_tid = my_tid();
	tgkill_of(getpid(), target_tid, SIGUSR1);
	gate_open(&named);
	gate_pass(&looked_at);
	return NULL;
}

static void write_comm(const char *label, pid_t tid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	fd = open(path, O_WRONLY);
	report(label, fd < 0 ? -1 : write(fd, name, strlen(name)));
	close(fd);
}

TEST(proc_shows_each_thread)
{
	pthread_t thread;
	char link[64];
	ssize_t n;

	gate_make(&named);
	gate_make(&looked_at);
	prctl(PR_SET_NAME, "leader");
	thread = start(have_a_name, NULL);
	gate_pass(&named);
	read_comm("leader", getpid());
	read_comm("thread", target_tid);
	read_status_line("name in status", target_tid, "Name:");
	read_status_line("blocked", target_tid, "SigBlk:");
	read_status_line("pending", target_tid, "SigPnd:");
	read_status_line("shared pending", target_tid, "ShdPnd:");
	read_status_line("leader's pending", getpid(), "SigPnd:");
	read_status_line("threads", target_tid, "Threads:");
	write_comm("rename it", target_tid, "renamed");
	read_comm("thread", target_tid);
	read_comm("leader", getpid());
	write_comm("rename it with a newline", target_tid, "line\n");
	read_comm("thread", target_tid);
	n = readlink("/proc/thread-self", link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = 0;
	claim("thread-self ends in the tid", n > 0 && atoi(strrchr(link, '/') + 1) == my_tid());
	claim("/proc/TID is there", access((snprintf(link, sizeof(link), "/proc/%d", target_tid), link), F_OK) == 0);
	report("/proc/PID/task/PID of another", access("/proc/self/task/1", F_OK));
	gate_open(&looked_at);
	pthread_join(thread, NULL);
	/* Its number is gone a little after its stack. */
	while (tgkill_of(getpid(), target_tid, 0) == 0)
		sched_yield();
	read_comm("ended thread", target_tid);
}

static long used_ms(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void *use_cpu(void *unused)
{
	volatile unsigned n = 0;

	do {
		for (int i = 0; i < 100000; i++)
			n += i;
	} while (used_ms(RUSAGE_THREAD) < 50);
	return NULL;
}

TEST(usage_of_a_thread_is_its_own)
{
	pthread_join(start(use_cpu, NULL), NULL);
	claim("thread used little", used_ms(RUSAGE_THREAD) < 50);
	claim("process used what its threads did", used_ms(RUSAGE_SELF) >= 49);
}

static void *renice(void *unused)
{
	report("setpriority of this thread", setpriority(PRIO_PROCESS, 0, 7));
	report("its priority", getpriority(PRIO_PROCESS, 0));
	report("the leader's", getpriority(PRIO_PROCESS, (id_t)getpid()));
	report("by tid", getpriority(PRIO_PROCESS, (id_t)my_tid()));
	return NULL;
}

TEST(nice_belongs_to_a_thread)
{
	pthread_join(start(renice, NULL), NULL);
	report("here", getpriority(PRIO_PROCESS, 0));
	report("of the group: the best", getpriority(PRIO_PGRP, 0));
}
