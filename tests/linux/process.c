/* tests/linux/process.c: fork, waiting, groups, sessions and what a process is told about itself. */
#include "common.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Fork a child that exits with @code at once. */
static pid_t fork_exiting(int code)
{
	pid_t child = need(fork());

	if (child == 0)
		_exit(code);
	return child;
}

/* Fork a child that waits to be killed. */
static pid_t fork_pausing(void)
{
	pid_t child = need(fork());

	while (child == 0)
		pause();
	return child;
}

static void kill_and_reap(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST(exit_codes_keep_eight_bits)
{
	static const int codes[] = { 0, 1, 42, 127, 128, 255, 256, 257, -1, 0x1234 };

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		report_exit("child", fork_exiting(codes[i]));
}

TEST(death_by_signal_is_told)
{
	static const int sigs[] = { SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGABRT, SIGSEGV };
	int status;

	for (size_t i = 0; i < COUNT_OF(sigs); i++) {
		pid_t child = fork_pausing();

		report("kill", kill(child, sigs[i]));
		waitpid(child, &status, 0);
		say("  low seven bits %d, high byte %d", status & 0x7f, status >> 8);
	}
}

TEST(child_has_a_copy_of_memory_and_descriptors)
{
	static int value = 1;
	int on_stack = 2, fd;
	char *heap = strdup("heap"), byte;
	pid_t child;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDONLY));
	child = need(fork());
	if (child == 0) {
		value = 10;
		on_stack = 20;
		strcpy(heap, "CHLD");
		read(fd, &byte, 1);
		close(0);
		chdir("/");
		umask(0777);
		_exit(value + on_stack);
	}
	report_exit("child", child);
	say("  value %d, on stack %d, heap %s", value, on_stack, heap);
	report("shared offset", lseek(fd, 0, SEEK_CUR));
	report("own descriptor 0", fcntl(0, F_GETFD));
	report("own folder", access("f", F_OK));
	report("own umask", umask(022));
}

TEST(vfork_child_runs_first_in_the_parents_memory)
{
	static volatile int value = 1;
	pid_t child = vfork();

	if (child == 0) {
		value = 2;
		_exit(3);
	}
	say("  value %d", value);
	report_exit("child", child);
}

TEST(pids_relate_as_they_should)
{
	pid_t parent = getpid(), child;

	child = need(fork());
	if (child == 0) {
		claim("getppid is the parent", getppid() == parent);
		claim("own pid differs", getpid() != parent);
		claim("tid is pid", syscall(SYS_gettid) == getpid());
		claim("group is the parent's", getpgrp() == getpgid(parent));
		claim("session is the parent's", getsid(0) == getsid(parent));
		_exit(0);
	}
	report_exit("child", child);
	claim("fork gave a positive pid", child > 0);
}

TEST(wait_without_children_gives_echild)
{
	siginfo_t info;
	int status;

	report("wait", wait(&status));
	report("waitpid(1)", waitpid(1, &status, 0));
	report("waitpid(self)", waitpid(getpid(), &status, 0));
	report("waitpid(0)", waitpid(0, &status, 0));
	report("waitpid(-no such group)", waitpid(-NO_SUCH_PID, &status, 0));
	report("waitpid(WNOHANG)", waitpid(-1, &status, WNOHANG));
	report("waitid(P_ALL)", waitid(P_ALL, 0, &info, WEXITED));
	report("waitpid(bad options)", waitpid(-1, &status, 0x100));
	report("waitid(no options)", waitid(P_ALL, 0, &info, 0));
	report("waitid(bad idtype)", waitid(77, 0, &info, WEXITED));
}

TEST(wait_chooses_by_pid)
{
	pid_t first = fork_exiting(1), second = fork_exiting(2), third = fork_exiting(3);
	int status;

	report_exit("second", second);
	report_exit("third", third);
	report_exit("first", first);
	report("second again", waitpid(second, &status, 0));
}

TEST(wait_chooses_by_group)
{
	pid_t a = fork_pausing(), b = fork_pausing();
	int status;

	need(setpgid(a, a));
	need(setpgid(b, b));
	need(kill(a, SIGTERM));
	need(kill(b, SIGTERM));
	claim("group of b", waitpid(-b, &status, 0) == b);
	report("own group", waitpid(0, &status, 0));
	claim("any", wait(&status) == a);
}

TEST(wnohang_does_not_wait)
{
	struct gate go;
	pid_t child;
	int status = 77;
	siginfo_t info;

	gate_make(&go);
	child = need(fork());
	if (child == 0) {
		gate_pass(&go);
		_exit(9);
	}
	report("waitpid", waitpid(child, &status, WNOHANG));
	report("status untouched", status);
	memset(&info, 0x55, sizeof(info));
	report("waitid", waitid(P_PID, child, &info, WEXITED | WNOHANG));
	say("  si_pid %d, si_signo %d", info.si_pid, info.si_signo);
	gate_open(&go);
	report_exit("child", child);
}

TEST(stopped_and_continued_children_are_told)
{
	pid_t child = fork_pausing();
	int status;

	/* In a group of its own it is not orphaned, so that SIGTSTP stops it. */
	need(setpgid(child, child));
	need(kill(child, SIGSTOP));
	claim("WUNTRACED", waitpid(child, &status, WUNTRACED) == child);
	say_status("child", status);
	say("  status %#x", status);
	report("told once", waitpid(child, &status, WUNTRACED | WNOHANG));
	need(kill(child, SIGCONT));
	claim("WCONTINUED", waitpid(child, &status, WCONTINUED) == child);
	say_status("child", status);
	say("  status %#x", status);
	report("told once", waitpid(child, &status, WCONTINUED | WNOHANG));
	need(kill(child, SIGTSTP));
	claim("WUNTRACED", waitpid(child, &status, WUNTRACED) == child);
	say_status("child", status);
	need(kill(child, SIGKILL));
	report_exit("killed while stopped", child);
}

static void say_info(const char *label, pid_t child, const siginfo_t *info)
{
	say("  %s: signo %s, code %d, status %d, pid is child's %d, uid is mine %d", label,
		signal_name(info->si_signo), info->si_code, info->si_status,
		info->si_pid == child, info->si_uid == getuid());
}

TEST(waitid_fills_siginfo)
{
	siginfo_t info = { 0 };
	pid_t child = fork_exiting(300);

	report("WNOWAIT", waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	say_info("left as zombie", child, &info);
	report("WEXITED", waitid(P_PID, child, &info, WEXITED));
	say_info("exited", child, &info);
	report("again", waitid(P_PID, child, &info, WEXITED));
	child = fork_pausing();
	need(kill(child, SIGSTOP));
	report("WSTOPPED", waitid(P_PID, child, &info, WSTOPPED));
	say_info("stopped", child, &info);
	need(kill(child, SIGCONT));
	report("WCONTINUED", waitid(P_PID, child, &info, WCONTINUED));
	say_info("continued", child, &info);
	need(kill(child, SIGTERM));
	report("WEXITED", waitid(P_PID, child, &info, WEXITED));
	say_info("killed", child, &info);
	child = fork_exiting(4);
	report("P_PGID 0", waitid(P_PGID, getpgrp(), &info, WEXITED));
	say_info("by group", child, &info);
	child = fork_exiting(5);
	report("NULL info", waitid(P_ALL, 0, NULL, WEXITED));
}

TEST(wait4_gives_resource_usage)
{
	struct rusage usage;
	int status;
	pid_t child;

	memset(&usage, 0x55, sizeof(usage));
	child = fork_exiting(1);
	claim("wait4", wait4(child, &status, 0, &usage) == child);
	claim("user time is plausible", usage.ru_utime.tv_sec < 5 && usage.ru_utime.tv_usec < 1000000);
	child = fork_exiting(2);
	report("bad status pointer", syscall(SYS_wait4, child, unmapped_address(), 0, NULL));
	report("NULL status", syscall(SYS_wait4, -1, NULL, 0, NULL));
}

TEST(sigchld_tells_who_and_how)
{
	siginfo_t info;
	sigset_t set;
	pid_t child;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	child = fork_exiting(6);
	report("sigwaitinfo", sigwaitinfo(&set, &info));
	say_info("exit", child, &info);
	report_exit("child", child);
	child = fork_pausing();
	need(kill(child, SIGSTOP));
	need(sigwaitinfo(&set, &info));
	say_info("stop", child, &info);
	need(kill(child, SIGCONT));
	need(sigwaitinfo(&set, &info));
	say_info("continue", child, &info);
	need(kill(child, SIGINT));
	need(sigwaitinfo(&set, &info));
	say_info("kill", child, &info);
	report_exit("child", child);
}

TEST(nocldstop_hides_stops_from_sigchld)
{
	struct timespec none = { 0, 0 };
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_NOCLDSTOP };
	sigset_t set;
	pid_t child;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	need(sigaction(SIGCHLD, &action, NULL));
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	child = fork_pausing();
	need(kill(child, SIGSTOP));
	waitpid(child, NULL, WUNTRACED);
	report("after the stop", sigtimedwait(&set, NULL, &none));
	need(kill(child, SIGKILL));
	waitpid(child, NULL, 0);
	report("after the death", sigtimedwait(&set, NULL, &none));
}

TEST(ignored_sigchld_reaps_by_itself)
{
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };

	signal(SIGCHLD, SIG_IGN);
	fork_exiting(1);
	fork_exiting(2);
	report("wait", wait(NULL));
	need(sigaction(SIGCHLD, &action, NULL));
	fork_exiting(3);
	report("wait with SA_NOCLDWAIT", wait(NULL));
}

TEST(wait_is_interrupted_or_restarted)
{
	pid_t child = fork_pausing();

	on_signal(SIGALRM, count_signal, 0);
	tick_every_ms(20);
	report("waitpid", waitpid(child, NULL, 0));
	tick_every_ms(0);
	kill_and_reap(child);
}

TEST(orphans_are_adopted)
{
	struct gate orphaned, seen;
	pid_t child;
	char verdict;
	int fds[2];

	gate_make(&orphaned);
	gate_make(&seen);
	need(pipe(fds));
	child = need(fork());
	if (child == 0) {
		pid_t parent = getpid();

		if (need(fork()) == 0) {
			gate_pass(&orphaned);
			verdict = getppid() != parent && getppid() > 0 ? 'y' : 'n';
			write(fds[1], &verdict, 1);
			_exit(0);
		}
		_exit(0);
	}
	report_exit("child", child);
	gate_open(&orphaned);
	need(read(fds[0], &verdict, 1));
	claim("the grandchild has a new parent", verdict == 'y');
	report("the grandchild is not mine", wait(NULL));
}

TEST(subreaper_adopts_its_descendants)
{
	int status;
	pid_t child;

	report("PR_SET_CHILD_SUBREAPER", prctl(PR_SET_CHILD_SUBREAPER, 1));
	child = need(fork());
	if (child == 0) {
		if (need(fork()) == 0) {
			/* Exit only when adopted, so that both deaths are seen apart. */
			while (getppid() != getpgrp())
				sched_yield();
			_exit(8);
		}
		_exit(7);
	}
	report_exit("child", child);
	claim("wait finds the grandchild", wait(&status) > 0);
	say_status("grandchild", status);
	report("wait", wait(NULL));
}

TEST(death_of_the_parent_can_be_a_signal)
{
	struct gate ready;
	int fds[2];
	char byte;
	pid_t child;

	gate_make(&ready);
	need(pipe(fds));
	child = need(fork());
	if (child == 0) {
		if (need(fork()) == 0) {
			need(prctl(PR_SET_PDEATHSIG, SIGKILL));
			close(fds[0]);
			gate_open(&ready);
			for (;;)
				pause();
		}
		gate_pass(&ready);
		_exit(0);
	}
	close(fds[1]);
	report_exit("child", child);
	report("the grandchild's pipe ends", read(fds[0], &byte, 1));
}

TEST(setpgid_obeys_its_rules)
{
	pid_t child, other;

	child = fork_pausing();
	other = fork_pausing();
	report("child into own group", setpgid(child, 0));
	claim("is in it", getpgid(child) == child);
	report("other into child's group", setpgid(other, child));
	claim("is in it", getpgid(other) == child);
	report("into a group that does not exist", setpgid(other, NO_SUCH_PID));
	report("negative group", setpgid(other, -1));
	report("not my child", setpgid(1, 0));
	report("no such process", setpgid(NO_SUCH_PID, 0));
	report("self, a session leader", setpgid(0, 0));
	report("back into mine", setpgid(child, getpgrp()));
	report("getpgid(no such process)", getpgid(NO_SUCH_PID));
	report("getsid(no such process)", getsid(NO_SUCH_PID));
	kill_and_reap(child);
	kill_and_reap(other);
}

TEST(setsid_makes_session_and_group)
{
	pid_t child, parent_session = getsid(0);

	report("setsid of a leader", setsid());
	child = need(fork());
	if (child == 0) {
		claim("setsid gives own pid", setsid() == getpid());
		claim("group is own pid", getpgrp() == getpid());
		claim("session is own pid", getsid(0) == getpid());
		claim("not the parent's", getsid(0) != parent_session);
		report("setsid again", setsid());
		report("open(/dev/tty)", open("/dev/tty", O_RDWR));
		_exit(0);
	}
	report_exit("child", child);
	child = need(fork());
	if (child == 0) {
		need(setpgid(0, 0));
		report("setsid of a group leader", setsid());
		_exit(0);
	}
	report_exit("child", child);
}

TEST(group_signal_reaches_all_members)
{
	pid_t children[3];

	for (int i = 0; i < 3; i++) {
		children[i] = fork_pausing();
		need(setpgid(children[i], children[0]));
	}
	report("kill(-group)", kill(-children[0], SIGTERM));
	for (int i = 0; i < 3; i++)
		report_exit("member", children[i]);
	report("kill(-group) of the dead", kill(-children[0], SIGTERM));
}

TEST(zombie_can_be_signalled_until_reaped)
{
	pid_t child = fork_exiting(1);

	waitid(P_PID, child, NULL, WEXITED | WNOWAIT);
	report("kill(zombie, 0)", kill(child, 0));
	report("kill(zombie, SIGKILL)", kill(child, SIGKILL));
	claim("its group is known", getpgid(child) == getpgrp());
	report_exit("zombie", child);
	report("kill(reaped)", kill(child, 0));
}

TEST(kill_checks_its_arguments)
{
	report("kill(self, 0)", kill(getpid(), 0));
	report("kill(self, 65)", kill(getpid(), 65));
	report("kill(self, -1)", kill(getpid(), -1));
	report("kill(no such process)", kill(NO_SUCH_PID, 0));
	report("kill(no such group)", kill(-NO_SUCH_PID, SIGTERM));
	report("kill(INT_MIN)", kill(INT_MIN, SIGTERM));
	report("tgkill(-1)", syscall(SYS_tgkill, -1, getpid(), 0));
	report("tgkill(0)", syscall(SYS_tgkill, getpid(), 0, 0));
	report("tgkill(self)", syscall(SYS_tgkill, getpid(), getpid(), 0));
	report("tgkill(other group)", syscall(SYS_tgkill, getppid(), getpid(), 0));
	report("tkill(self)", syscall(SYS_tkill, getpid(), 0));
	report("tkill(no such thread)", syscall(SYS_tkill, NO_SUCH_PID, 0));
}

static void signal_root(void)
{
	report("kill(parent, 0)", kill(getppid(), 0));
	report("kill(parent, SIGTERM)", kill(getppid(), SIGTERM));
	report("kill(1, 0)", kill(1, 0));
	report("kill(self, 0)", kill(getpid(), 0));
	report("tgkill(parent)", syscall(SYS_tgkill, getppid(), getppid(), 0));
}

TEST(others_processes_cannot_be_signalled)
{
	if (!is_root()) {
		say("  needs two users");
		return;
	}
	as_unprivileged(signal_root);
}

TEST(priority_goes_up_only_for_root)
{
	errno = 0;
	report("getpriority", getpriority(PRIO_PROCESS, 0));
	report("setpriority(5)", setpriority(PRIO_PROCESS, 0, 5));
	report("getpriority", getpriority(PRIO_PROCESS, 0));
	report("raw getpriority", syscall(SYS_getpriority, PRIO_PROCESS, 0));
	report("setpriority(100)", setpriority(PRIO_PROCESS, 0, 100));
	report("getpriority", getpriority(PRIO_PROCESS, 0));
	report("getpriority(bad which)", getpriority(9, 0));
	report("getpriority(no such process)", getpriority(PRIO_PROCESS, NO_SUCH_PID));
	report("setpriority(bad which)", setpriority(9, 0, 0));
	report("getpriority(PRIO_PGRP)", getpriority(PRIO_PGRP, 0));
	pid_t child = need(fork());
	if (child == 0) {
		report("child inherits", getpriority(PRIO_PROCESS, 0));
		_exit(0);
	}
	report_exit("child", child);
}

static void lower_own_nice_value(void)
{
	report("setpriority(0)", setpriority(PRIO_PROCESS, 0, 0));
	report("setpriority(3)", setpriority(PRIO_PROCESS, 0, 3));
	report("setpriority(1)", setpriority(PRIO_PROCESS, 0, 1));
}

TEST(nobody_cannot_raise_its_priority)
{
	as_unprivileged(lower_own_nice_value);
}

TEST(prctl_names_a_thread)
{
	char name[17] = "";

	report("PR_SET_NAME", prctl(PR_SET_NAME, "a name that is far too long"));
	report("PR_GET_NAME", prctl(PR_GET_NAME, name));
	say("  \"%s\"", name);
	report("PR_SET_NAME(bad pointer)", prctl(PR_SET_NAME, unmapped_address()));
	pid_t child = need(fork());
	if (child == 0) {
		need(prctl(PR_GET_NAME, name));
		say("  child: \"%s\"", name);
		_exit(0);
	}
	report_exit("child", child);
}

TEST(prctl_keeps_simple_settings)
{
	int sig = -1;

	report("PR_SET_PDEATHSIG SIGUSR1", prctl(PR_SET_PDEATHSIG, SIGUSR1));
	report("PR_GET_PDEATHSIG", prctl(PR_GET_PDEATHSIG, &sig));
	say("  %s", signal_name(sig));
	report("PR_SET_PDEATHSIG 65", prctl(PR_SET_PDEATHSIG, 65));
	report("PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE));
	report("PR_SET_DUMPABLE 0", prctl(PR_SET_DUMPABLE, 0));
	report("PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE));
	report("PR_SET_DUMPABLE 5", prctl(PR_SET_DUMPABLE, 5));
	report("PR_GET_NO_NEW_PRIVS", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	report("PR_SET_NO_NEW_PRIVS 1", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	report("PR_GET_NO_NEW_PRIVS", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	report("PR_SET_NO_NEW_PRIVS 0", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	report("PR_GET_KEEPCAPS", prctl(PR_GET_KEEPCAPS));
	report("prctl(unknown)", prctl(0x12345));
}

TEST(many_children_are_all_reaped)
{
	int sum = 0, status, count = 0;

	for (int i = 0; i < 100; i++)
		fork_exiting(i);
	while (wait(&status) > 0) {
		sum += WEXITSTATUS(status);
		count++;
	}
	report("children", count);
	report("sum of their codes", sum);
}

TEST(exit_group_code_comes_from_the_first_caller)
{
	pid_t child = need(fork());

	if (child == 0) {
		if (vfork() == 0)
			_exit(1);
		syscall(SYS_exit_group, 33);
	}
	report_exit("child", child);
	child = need(fork());
	if (child == 0)
		syscall(SYS_exit, 34);
	report_exit("last thread's exit", child);
}

TEST(scheduling_calls_answer)
{
	struct sched_param param = { 0 };
	struct timespec slice;
	cpu_set_t set;

	report("sched_yield", sched_yield());
	report("sched_getscheduler", sched_getscheduler(0));
	report("sched_getparam", sched_getparam(0, &param));
	say("  priority %d", param.sched_priority);
	report("sched_get_priority_max(SCHED_FIFO)", sched_get_priority_max(SCHED_FIFO));
	report("sched_get_priority_min(SCHED_RR)", sched_get_priority_min(SCHED_RR));
	report("sched_get_priority_max(SCHED_OTHER)", sched_get_priority_max(SCHED_OTHER));
	report("sched_get_priority_max(99)", sched_get_priority_max(99));
	report("sched_setscheduler(SCHED_BATCH)", sched_setscheduler(0, SCHED_BATCH, &param));
	report("sched_getscheduler", sched_getscheduler(0));
	param.sched_priority = 5;
	report("sched_setparam(5) for SCHED_BATCH", sched_setparam(0, &param));
	report("sched_getscheduler(-1)", sched_getscheduler(-1));
	report("sched_getscheduler(no such process)", sched_getscheduler(NO_SUCH_PID));
	report("sched_rr_get_interval(no such process)", sched_rr_get_interval(NO_SUCH_PID, &slice));
	claim("sched_getaffinity fills the mask", syscall(SYS_sched_getaffinity, 0, sizeof(set), &set) > 0);
	report("sched_getaffinity(1 byte)", syscall(SYS_sched_getaffinity, 0, 1, &set));
	report("sched_setaffinity(same)", sched_setaffinity(0, sizeof(set), &set));
	CPU_ZERO(&set);
	report("sched_setaffinity(none)", sched_setaffinity(0, sizeof(set), &set));
}
