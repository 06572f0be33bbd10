/* tests/linux/pidfds.c: processes by descriptor, and reaching into them. */
#include "common.h"

#include <linux/kcmp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int pidfd_open_(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static int send_signal(int fd, int sig, siginfo_t *info, unsigned flags)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, sig, info, flags);
}

static pid_t waiting_child(void)
{
	pid_t child = need(fork());

	if (!child)
		for (;;)
			pause();
	return child;
}

TEST(pidfd_is_readable_when_its_process_ends)
{
	pid_t child = waiting_child();
	int fd = need(pidfd_open_(child, 0));
	struct pollfd p = { .fd = fd, .events = POLLIN };

	report("F_GETFD", fcntl(fd, F_GETFD));
	report("alive", poll(&p, 1, 0));
	report("kill", send_signal(fd, SIGTERM, NULL, 0));
	report("ended", poll(&p, 1, -1));
	claim("IN", p.revents & POLLIN);
	report("signal a zombie", send_signal(fd, 0, NULL, 0));
	report_exit("child", child);
	report("signal one that is gone", send_signal(fd, 0, NULL, 0));
	report("poll", poll(&p, 1, 0));
	claim("IN", p.revents & POLLIN);
}

TEST(pidfd_in_an_epoll_set)
{
	pid_t child = waiting_child();
	int fd = need(pidfd_open_(child, 0)), epoll = need(epoll_create1(0));
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 5 };

	need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	report("alive", epoll_wait(epoll, &event, 1, 0));
	need(kill(child, SIGKILL));
	report("ended", epoll_wait(epoll, &event, 1, -1));
	say("  data %u", event.data.u32);
	report_exit("child", child);
}

TEST(pidfd_open_checks_what_it_is_given)
{
	char c;
	int fd = need(pidfd_open_(getpid(), 0)), event = need(eventfd(0, 0));
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_USER };

	report("flags", pidfd_open_(getpid(), 1));
	report("zero", pidfd_open_(0, 0));
	report("negative", pidfd_open_(-1, 0));
	report("nobody", pidfd_open_(NO_SUCH_PID, 0));
	report("nobody, flags", pidfd_open_(NO_SUCH_PID, 1));
	report("read", read(fd, &c, 1));
	report("write", write(fd, "x", 1));
	report("signal by a counter", send_signal(event, 0, NULL, 0));
	report("signal closed", send_signal(77, 0, NULL, 0));
	report("signal flags", send_signal(fd, 0, NULL, 0x1000));
	report("signal number", send_signal(fd, 999, NULL, 0));
	report("signal bad info", send_signal(fd, SIGUSR1, unmapped_address(), 0));
	report("signal other number", send_signal(fd, SIGUSR2, &info, 0));
	on_signal(SIGUSR1, count_signal, 0);
	report("to itself, as if by kill", send_signal(fd, SIGUSR1, &info, 0));
	say("  caught %d", caught);
}

static void signal_init(void)
{
	report("another's process", send_signal(need(pidfd_open_(getppid(), 0)), 0, NULL, 0));
}

TEST(pidfd_signals_obey_kills_rule)
{
	pid_t child = waiting_child();
	int fd = need(pidfd_open_(child, 0));
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_USER };

	report("forged", send_signal(fd, SIGUSR1, &info, 0));
	info.si_code = SI_QUEUE;
	info.si_signo = SIGTERM;
	report("queued", send_signal(fd, SIGTERM, &info, 0));
	report_exit("child", child);
	if (is_root())
		as_unprivileged(signal_init);
}

static int open_of_process(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d%s", pid, name);
	return open(path, flags);
}

TEST(a_process_folder_takes_signals)
{
	pid_t child = waiting_child();
	int folder = need(open_of_process(child, "", O_RDONLY | O_DIRECTORY));
	siginfo_t info = { 0 };

	report("nothing", send_signal(folder, 0, NULL, 0));
	report("by the path only", send_signal(need(open_of_process(child, "", O_PATH)), 0, NULL, 0));
	report("by a folder below", send_signal(need(open_of_process(child, "/fd", O_RDONLY)), 0, NULL, 0));
	report("by a thread's", send_signal(need(open_of_process(child, "/task", O_RDONLY)), 0, NULL, 0));
	report("by a file", send_signal(need(open_of_process(child, "/stat", O_RDONLY)), 0, NULL, 0));
	report("by /proc", send_signal(need(open("/proc", O_RDONLY)), 0, NULL, 0));
	report("number", send_signal(folder, 999, NULL, 0));
	report("waitid", waitid(P_PIDFD, (id_t)folder, &info, WEXITED));
	report("kill", send_signal(folder, SIGTERM, NULL, 0));
	need(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
	report("a zombie", send_signal(folder, 0, NULL, 0));
	report_exit("child", child);
	report("one that is gone", send_signal(folder, 0, NULL, 0));
}

TEST(waitid_by_pidfd)
{
	pid_t child = waiting_child();
	int fd = need(pidfd_open_(child, 0)), event = need(eventfd(0, 0));
	siginfo_t info = { 0 };

	report("alive, WNOHANG", waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG));
	say("  pid %d", info.si_pid);
	need(send_signal(fd, SIGKILL, NULL, 0));
	report("wait, leave it", waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOWAIT));
	say("  it: %s, code %d, status %d", info.si_pid == child ? "yes" : "no", info.si_code, info.si_status);
	report("wait", waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	report("again", waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	report("no pidfd", waitid(P_PIDFD, (id_t)event, &info, WEXITED));
	report("closed", waitid(P_PIDFD, 77, &info, WEXITED));
	report("negative", waitid(P_PIDFD, (id_t)-1, &info, WEXITED));
	report("no child", waitid(P_PIDFD, (id_t)need(pidfd_open_(getpid(), 0)), &info, WEXITED));
}

TEST(waitid_by_nonblocking_pidfd)
{
	pid_t child = waiting_child();
	int fd = need(pidfd_open_(child, O_NONBLOCK));
	siginfo_t info = { 0 };

	report("F_GETFL", fcntl(fd, F_GETFL) & O_NONBLOCK ? 1 : 0);
	report("alive", waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	report("alive, WNOHANG", waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG));
	need(kill(child, SIGKILL));
	report_exit("child", child);
}

TEST(clone3_gives_a_pidfd)
{
	int fd = -1;
	struct clone_args args = { .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD };
	pid_t child = (pid_t)need(syscall(SYS_clone3, &args, sizeof(args)));
	siginfo_t info = { 0 };

	if (!child)
		_exit(5);
	claim("it has a descriptor", fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	report("wait", waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	say("  status %d", info.si_status);
}

TEST(clone_gives_a_pidfd)
{
	int fd = -1;
	pid_t child = (pid_t)need(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, NULL));

	if (!child)
		_exit(6);
	claim("it has a descriptor", fd >= 0);
	report_exit("child", child);
	report("with SETTID", syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, NULL, &fd, NULL, NULL));
	report("with DETACHED", syscall(SYS_clone, CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, NULL, &fd, NULL, NULL));
}

TEST(pidfd_getfd_takes_a_descriptor)
{
	int pipe_fds[2], event = need(eventfd(0, 0)), fd, copy;
	uint64_t value = 0;
	pid_t child;

	need(pipe(pipe_fds));
	child = need(fork());
	if (!child) {
		int inner = eventfd(33, 0);

		need(dup2(inner, 60));
		need(write(pipe_fds[1], "x", 1));
		for (;;)
			pause();
	}
	need(read(pipe_fds[0], &value, 1));
	fd = need(pidfd_open_(child, 0));
	copy = need(syscall(SYS_pidfd_getfd, fd, 60, 0));
	report("F_GETFD", fcntl(copy, F_GETFD));
	need(read(copy, &value, 8));
	say("  value %lu", (unsigned long)value);
	report("not open there", syscall(SYS_pidfd_getfd, fd, 61, 0));
	report("flags", syscall(SYS_pidfd_getfd, fd, 60, 1));
	report("no pidfd", syscall(SYS_pidfd_getfd, event, 60, 0));
	need(kill(child, SIGKILL));
	report_exit("child", child);
	report("of one that is gone", syscall(SYS_pidfd_getfd, fd, 60, 0));
}

TEST(process_vm_reads_and_writes)
{
	char mine[64] = "";
	static char theirs[64] = "original text";
	struct iovec local[2] = { { mine, 4 }, { mine + 10, 20 } }, remote[2] = { { theirs, 8 }, { theirs + 8, 5 } };
	pid_t child;

	child = need(fork());
	if (!child) {
		while (strcmp(theirs, "written!!text"))
			__asm__ volatile("" : : : "memory");	/* nobody in this process writes it */
		_exit(0);
	}
	report("read", process_vm_readv(child, local, 2, remote, 2, 0));
	say("  '%.4s' '%s'", mine, mine + 10);
	strcpy(mine, "written!!");
	local[0] = (struct iovec){ mine, 9 };
	remote[0] = (struct iovec){ theirs, 20 };
	report("write", process_vm_writev(child, local, 1, remote, 1, 0));
	report_exit("child", child);
	report("gone", process_vm_readv(child, local, 1, remote, 1, 0));
}

TEST(process_vm_checks_what_it_is_given)
{
	char a[8192] = "abcdefgh", b[8192];
	char *end = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec local = { b, 8 }, remote = { a, 8 }, bad = { unmapped_address(), 8 }, none = { b, 0 }, part;
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec readonly = { ro, 8 };

	need(munmap(end + 4096, 4096));
	part = (struct iovec){ end + 4090, 100 };
	report("itself", process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	report("flags", process_vm_readv(getpid(), &local, 1, &remote, 1, 1));
	report("nobody", process_vm_readv(NO_SUCH_PID, &local, 1, &remote, 1, 0));
	report("nothing of nobody", process_vm_readv(NO_SUCH_PID, &none, 1, &remote, 1, 0));
	report("bad remote", process_vm_readv(getpid(), &local, 1, &bad, 1, 0));
	report("bad local", process_vm_readv(getpid(), &bad, 1, &remote, 1, 0));
	report("bad vector", process_vm_readv(getpid(), unmapped_address(), 1, &remote, 1, 0));
	report("bad remote vector", process_vm_readv(getpid(), &local, 1, unmapped_address(), 1, 0));
	report("too many", process_vm_readv(getpid(), &local, 2000, &remote, 1, 0));
	local.iov_len = 100;
	report("up to the end", process_vm_readv(getpid(), &local, 1, &part, 1, 0));
	report("write read-only", process_vm_writev(getpid(), &local, 1, &readonly, 1, 0));
}

static void read_parent(void)
{
	char c;
	struct iovec local = { &c, 1 }, remote = { &c, 1 };

	report("read", process_vm_readv(getppid(), &local, 1, &remote, 1, 0));
	report("kcmp", syscall(SYS_kcmp, getpid(), getppid(), KCMP_VM, 0, 0));
	report("getfd", syscall(SYS_pidfd_getfd, need(pidfd_open_(getppid(), 0)), 0, 0));
}

TEST(other_users_processes_are_out_of_reach)
{
	if (is_root())
		as_unprivileged(read_parent);
}

TEST(kcmp_compares_identities)
{
	int fd = need(eventfd(0, 0)), copy = need(dup(fd)), other = need(eventfd(0, 0));
	pid_t me = getpid(), child = waiting_child();

	report("same file", syscall(SYS_kcmp, me, me, KCMP_FILE, fd, copy));
	claim("other file", syscall(SYS_kcmp, me, me, KCMP_FILE, fd, other) > 0);
	report("the child's copy", syscall(SYS_kcmp, me, child, KCMP_FILE, fd, fd));
	report("own memory", syscall(SYS_kcmp, me, me, KCMP_VM, 0, 0));
	claim("the child's memory", syscall(SYS_kcmp, me, child, KCMP_VM, 0, 0) > 0);
	claim("the child's table", syscall(SYS_kcmp, me, child, KCMP_FILES, 0, 0) > 0);
	report("closed", syscall(SYS_kcmp, me, me, KCMP_FILE, fd, 99));
	report("type", syscall(SYS_kcmp, me, me, 99, 0, 0));
	report("nobody", syscall(SYS_kcmp, me, NO_SUCH_PID, KCMP_VM, 0, 0));
	need(kill(child, SIGKILL));
	report_exit("child", child);
}

TEST(process_madvise_takes_few_advices)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child = waiting_child();
	int fd = need(pidfd_open_(child, 0)), event = need(eventfd(0, 0));
	struct iovec iov = { page, 4096 };

	report("cold", syscall(SYS_process_madvise, fd, &iov, 1, MADV_COLD, 0));
	report("dontneed", syscall(SYS_process_madvise, fd, &iov, 1, MADV_DONTNEED, 0));
	report("flags", syscall(SYS_process_madvise, fd, &iov, 1, MADV_COLD, 1));
	report("no pidfd", syscall(SYS_process_madvise, event, &iov, 1, MADV_COLD, 0));
	need(kill(child, SIGKILL));
	report_exit("child", child);
}
