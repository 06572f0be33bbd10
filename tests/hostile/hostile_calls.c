/* tests/hostile/hostile_calls.c: every system call with arguments that nobody means.
 *
 *   hostile-calls [-s SEED] [-t SECONDS] [-w WORKERS] [-n CALLS] [-u UID]
 *
 * Workers make calls until the time is up and CALLS (if given) are made. Each is a
 * process in a session of its own with a monkey as child that makes the calls; a
 * monkey that dies, stops or hangs is replaced. The first round of each worker
 * goes through all numbers in order, so that none is left to chance. A quarter of the monkeys has
 * a thread that meddles with memory and descriptors meanwhile. With -u all of
 * them give up their identity for UID. Ends with 0 if every number was
 * reached and no worker is stuck in the end. The order of calls depends on the seed
 * alone, their effects on what ran beside them.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <albireo/native.h>

#include "linux_arguments.h"
#include "random.h"
#include "support.h"

/* A few numbers beyond the last native call must be refused too. */
#define NATIVE_NUMBERS (SYS_NUCLEUS_END - SYS_NUCLEUS_BASE + 6)
#define NUMBERS (LINUX_NUMBERS + NATIVE_NUMBERS)
#define MAX_WORKERS 16
#define PAGE 4096UL
#define MONKEY_CALLS 2000
#define FIRST_DESCRIPTOR 3
#define DESCRIPTORS 32		/* that a monkey begins with, or about that */
#define HANG_MS 300
#define INTERRUPT_MS 20

/* What monkeys leave behind; shared by all processes. */
struct progress {
	uint64_t counts[NUMBERS];
	uint64_t hung_in[NUMBERS];
	uint64_t calls;
	uint64_t monkeys, died, hung;
	/* One word per worker, changed by its monkey before each call. */
	volatile uint64_t beat[MAX_WORKERS];
	volatile uint32_t index[MAX_WORKERS];	/* of the number being called */
};

static struct progress *progress;
static __thread uint64_t random_state;

/* Pieces of memory that pointers are made from. */
static char *writable, *readonly, *closed, *page_end;

static uint64_t next_random(void)
{
	return random_next(&random_state);
}

static uint64_t pick(uint64_t count)
{
	return next_random() % count;
}

static long number_of(size_t index)
{
	return index < LINUX_NUMBERS ? (long)index : SYS_NUCLEUS_BASE + (long)(index - LINUX_NUMBERS);
}

/* ---- Arguments ---- */

static uint64_t odd_pointer(void)
{
	switch (pick(16)) {
	case 0: return 0;
	case 1: return (uint64_t)page_end - pick(64);		/* crosses into nothing */
	case 2: return (uint64_t)readonly + pick(PAGE);
	case 3: return (uint64_t)closed;
	case 4: return 0xffffffff80000000UL + pick(1 << 24);	/* the kernel's image */
	case 5: return 0xffff800000000000UL + pick(1UL << 30);	/* its direct map */
	case 6: return 0x0000800000000000UL - pick(16);		/* the end of user space */
	case 7: return 0x0000800000000000UL + pick(1 << 20);	/* not canonical */
	case 8: return ~0UL - pick(64);
	case 9: return pick(PAGE);
	case 10: return (uint64_t)writable + 1 + 2 * pick(PAGE / 4);
	default: return (uint64_t)writable + (pick(4 * PAGE) & ~7UL);
	}
}

static uint64_t odd_size(void)
{
	return random_size(&random_state);
}

static uint64_t odd_descriptor(void)
{
	switch (pick(8)) {
	case 0: return (uint64_t)-1;
	case 1: return (uint64_t)AT_FDCWD;
	case 2: return pick(1 << 20);
	case 3: return 0x7fffffff;
	default: return pick(FIRST_DESCRIPTOR + DESCRIPTORS);
	}
}

static const char *const paths[] = {
	"", ".", "..", "/", "f", "d", "d/f", "link", "loop", "fifo", "socket", "missing", "missing/x", "d/../f", "//", "f/",
	"/proc/self/stat", "/proc/self/fd/0", "/proc/self/maps", "/proc/self/mem", "/proc/1/status", "/dev/null", "/dev/zero",
	"/dev/tty", "/dev/ptmx", "/proc/self/exe", "/proc/self/task", "/proc/sys/kernel/pid_max", "/dev/shm/x",
};

/* Bytes that some call may take for a structure. */
static void fill_memory(void)
{
	uint64_t *words = (uint64_t *)writable;

	for (size_t i = 0; i < 4 * PAGE / sizeof(*words); i++)
		switch (pick(6)) {
		case 0: words[i] = odd_pointer(); break;
		case 1: words[i] = odd_size(); break;
		case 2: words[i] = next_random(); break;
		case 3: words[i] = odd_descriptor(); break;
		default: words[i] = pick(256); break;
		}
}

static uint64_t odd_argument(void)
{
	switch (pick(12)) {
	case 0: case 1: case 2: return odd_pointer();
	case 3: case 4: return odd_descriptor();
	case 5: return odd_size();
	case 6: return (uint64_t)paths[pick(sizeof(paths) / sizeof(paths[0]))];
	case 7: return next_random();
	case 8: return 1UL << pick(64);
	case 9: return (uint64_t)-(int64_t)pick(300);
	default: return pick(64);
	}
}

/* ---- What must not happen ---- */

/* Calls that would end, stop or cut off the monkey itself at once are made in a
 * child of it, and those that reach beyond it get a harmless target. */
static bool is_for_a_child(long number)
{
	switch (number) {
	case SYS_exit: case SYS_exit_group: case SYS_execve: case SYS_execveat: case SYS_rt_sigreturn:
	case SYS_munmap: case SYS_mremap: case SYS_mprotect: case SYS_brk: case SYS_pause: case SYS_vfork:
	case SYS_fork: case SYS_clone: case SYS_clone3: case SYS_arch_prctl: case SYS_shmdt: case SYS_kill:
	case SYS_tkill: case SYS_rt_sigsuspend: case SYS_rt_sigtimedwait: case SYS_chroot: case SYS_setrlimit:
	case SYS_prlimit64: case SYS_close_range: case SYS_mmap: case SYS_pkey_mprotect: case SYS_madvise:
	case SYS_set_robust_list: case SYS_rseq: case SYS_nanosleep: case SYS_clock_nanosleep: case SYS_select:
	case SYS_poll: case SYS_epoll_wait: case SYS_ptrace: case SYS_seccomp: case SYS_prctl: case SYS_setuid:
	case SYS_setresuid: case SYS_setreuid: case SYS_remap_file_pages:
		return true;
	default:
		return false;
	}
}

/* Signals may only go to processes that this program made: -1 means everyone,
 * and a random pid may be the worker's or a service's. */
static void tame(long number, uint64_t *args)
{
	switch (number) {
	case SYS_kill: case SYS_tkill: case SYS_rt_sigqueueinfo:
		args[0] = pick(4) ? (uint64_t)getpid() : 0x40000000 + pick(1000);
		break;
	case SYS_tgkill: case SYS_rt_tgsigqueueinfo:
		args[0] = getpid();
		args[1] = pick(4) ? (uint64_t)getpid() : 0x40000000 + pick(1000);
		break;
	case SYS_pidfd_send_signal: case SYS_process_mrelease:
		args[0] = (uint64_t)-1;
		break;
	case SYS_setpriority: case SYS_ioprio_set: case SYS_sched_setscheduler: case SYS_sched_setparam:
	case SYS_sched_setattr: case SYS_sched_setaffinity: case SYS_prlimit64: case SYS_migrate_pages: case SYS_move_pages:
		/* A worker at idle priority or on one CPU would only be slow. */
		args[number == SYS_setpriority || number == SYS_ioprio_set] = 0x40000000;
		break;
	case SYS_reboot:
		args[0] = 0;
		break;
	case SYS_fcntl:
		/* F_SETOWN and F_SETSIG could aim a signal at another process. */
		if (args[1] == F_SETOWN || args[1] == F_SETOWN_EX || args[1] == F_SETSIG)
			args[1] = F_GETFL;
		break;
	case SYS_ptrace:
		args[1] = getpid();
		break;
	case SYS_process_vm_writev: case SYS_process_vm_readv:
		/* Root may write to pid 1 and the services. */
		args[0] = getpid();
		break;
	case SYS_mknod: case SYS_mknodat: {
		/* A device made by chance could be the console that the totals go to. */
		uint64_t *mode = &args[number == SYS_mknod ? 1 : 2];

		if (S_ISCHR(*mode) || S_ISBLK(*mode))
			*mode &= ~(uint64_t)S_IFMT;
		break;
	}
	}
}

/* ---- The monkey ---- */

static void make_memory(void)
{
	writable = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page_end = writable + 4 * PAGE;
	munmap(page_end, PAGE);
	readonly = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	closed = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_sockets(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int pair[2], listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		socketpair(AF_UNIX, types[i] | SOCK_NONBLOCK, 0, pair);
	unlink(address.sun_path);
	bind(listener, (struct sockaddr *)&address, sizeof(address));
	listen(listener, 2);
	connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&address, sizeof(address));
}

static void make_event_sources(void)
{
	struct itimerspec often = { { 0, 10000000 }, { 0, 10000000 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	sigset_t all;

	sigfillset(&all);
	timerfd_settime(timer, 0, &often, NULL);
	for (int fd = FIRST_DESCRIPTOR; fd < timer; fd++)
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	eventfd(0, EFD_NONBLOCK);
	signalfd(-1, &all, SFD_NONBLOCK);
	inotify_add_watch(inotify_init1(IN_NONBLOCK), ".", IN_ALL_EVENTS);
}

/* Descriptors of each kind from 3 on; 0 to 2 lead to /dev/null, so that nothing
 * that is written shows. */
static void make_descriptors(void)
{
	int pair[2], null = open("/dev/null", O_RDWR);

	/* Root's monkeys may have removed it. */
	if (null < 0)
		null = open("null", O_RDWR | O_CREAT, 0600);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	open("f", O_RDWR);
	open(".", O_RDONLY | O_DIRECTORY);
	open("f", O_RDONLY);
	open("f", O_PATH);
	open("fifo", O_RDWR | O_NONBLOCK);
	open("/dev/zero", O_RDWR);
	open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (pipe2(pair, O_NONBLOCK) == 0)
		fcntl(pair[1], F_SETPIPE_SZ, 4096);
	make_sockets();
	make_event_sources();
	ftruncate(memfd_create("m", MFD_ALLOW_SEALING), 2 * PAGE);
	open("/proc/self/status", O_RDONLY);
	syscall(SYS_NUCLEUS_IPC_CREATE);
}

static void return_from_signal(int sig)
{
}

/* Interrupt calls that would wait for ever. Calls may undo this, so it is repeated. */
static void keep_interrupting(void)
{
	struct sigaction action = { .sa_handler = return_from_signal };
	struct itimerval timer = { { 0, INTERRUPT_MS * 1000 }, { 0, INTERRUPT_MS * 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* What arrives by chance must not end the monkey; its own faults do. */
static void take_care_of_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < 65; sig++)
		if (sig != SIGSEGV && sig != SIGBUS && sig != SIGILL && sig != SIGFPE && sig != SIGTRAP && sig != SIGSYS)
			signal(sig, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	keep_interrupting();
}

static void limit_resources(void)
{
	setrlimit(RLIMIT_AS, &(struct rlimit){ 512UL << 20, 512UL << 20 });
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4 << 20, 4 << 20 });
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 256, 256 });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	setrlimit(RLIMIT_CPU, &(struct rlimit){ 20, 20 });
}

/* The call itself; a fork that succeeds leaves its child at once. */
static void make_call(long number, const uint64_t *args)
{
	pid_t before = getpid();
	long result;

	if (number == SYS_vfork)
		/* The wrapper returns on the parent's stack, so vfork's child may only exit. */
		number = SYS_fork;
	result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (getpid() != before)
		_exit(0);
	if (result >= 0 && number < LINUX_NUMBERS)
		linux_arguments_learn((unsigned int)number, result);
}

static void call_in_child(long number, const uint64_t *args)
{
	struct timespec pause_ns = { 0, 1000000 };
	pid_t child = fork();
	int status;

	if (child == 0) {
		keep_interrupting();
		make_call(number, args);
		_exit(0);
	}
	if (child < 0)
		return;
	for (int waited = 0; waited < HANG_MS / 3; waited++) {
		if (waitpid(child, &status, WNOHANG) != 0)
			return;
		nanosleep(&pause_ns, NULL);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

static void try_number(size_t index, unsigned worker)
{
	bool is_fitting = index < LINUX_NUMBERS && pick(4);
	uint64_t args[6];
	long number = number_of(index);

	/* Most calls get what they want in most places, so as to come far. */
	for (int i = 0; i < 6; i++)
		args[i] = is_fitting && pick(12) ? linux_argument((unsigned int)index, (unsigned int)i) : odd_argument();
	tame(number, args);
	progress->index[worker] = index;
	progress->beat[worker]++;
	__atomic_fetch_add(&progress->counts[index], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&progress->calls, 1, __ATOMIC_RELAXED);
	if (is_for_a_child(number))
		call_in_child(number, args);
	else
		make_call(number, args);
}

/* Change memory and descriptors while calls look at them. */
static void *meddle(void *seed)
{
	uint64_t *words = (uint64_t *)writable;

	random_state = (uintptr_t)seed | 1;
	for (uint64_t i = 0;; i++) {
		words[pick(4 * PAGE / sizeof(*words))] = pick(2) ? odd_argument() : pick(64);
		if (i % 512 == 0)
			dup2(FIRST_DESCRIPTOR + pick(DESCRIPTORS), FIRST_DESCRIPTOR + pick(DESCRIPTORS));
		if (i % 4096 == 0)
			nanosleep(&(struct timespec){ 0, 500000 }, NULL);
	}
	return NULL;
}

/* The signals that interrupt calls are for the thread that makes them. */
static void start_meddling(void)
{
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pthread_create(&thread, NULL, meddle, (void *)next_random());
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Make up to MONKEY_CALLS calls, the first ones in order from @first. */
static void be_a_monkey(unsigned worker, uint64_t seed, size_t first)
{
	random_state = seed;
	linux_arguments_begin(&random_state, paths, sizeof(paths) / sizeof(paths[0]));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	make_memory();
	make_descriptors();
	take_care_of_signals();
	limit_resources();
	if (pick(4) == 0)
		start_meddling();
	for (size_t i = 0; i < MONKEY_CALLS; i++) {
		if (i % 50 == 0) {
			fill_memory();
			keep_interrupting();
		}
		try_number(first + i < NUMBERS ? first + i : pick(NUMBERS), worker);
	}
	_exit(0);
}

/* ---- The worker ---- */

static void make_files(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	if (fd >= 0) {
		if (write(fd, paths, sizeof(paths)) < 0)
			perror("hostile-calls: write");
		close(fd);
	}
	mkdir("d", 0755);
	fd = open("d/f", O_RDWR | O_CREAT, 0644);
	if (fd >= 0)
		close(fd);
	symlink("f", "link");
	symlink("loop", "loop");
	mkfifo("fifo", 0644);
}

/* Wait for the monkey as long as it makes calls. Returns: whether it ended itself. */
static bool watch(pid_t monkey, unsigned worker, int *status)
{
	struct timespec tick = { 0, 5000000 };
	uint64_t last = progress->beat[worker];
	int still = 0;

	for (;;) {
		if (waitpid(monkey, status, WNOHANG) == monkey)
			return true;
		nanosleep(&tick, NULL);
		if (progress->beat[worker] != last) {
			last = progress->beat[worker];
			still = 0;
		} else if (++still > HANG_MS / 5) {
			kill(monkey, SIGKILL);
			waitpid(monkey, status, 0);
			return false;
		}
	}
}

static void work(unsigned worker, uint64_t seed, const char *home)
{
	char folder[4200];
	size_t first = 0;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint64_t round = 0;; round++) {
		int status = 0;
		uint64_t before = progress->beat[worker];
		pid_t monkey;

		/* A fresh folder, as the last one may have been closed to its owner. */
		chmod(home, 0755);
		snprintf(folder, sizeof(folder), "%s/%d-%llu", home, getpid(), (unsigned long long)round);
		if (mkdir(folder, 0755) || chdir(folder))
			_exit(1);
		make_files();
		__atomic_fetch_add(&progress->monkeys, 1, __ATOMIC_RELAXED);
		monkey = fork();
		if (monkey == 0) {
			/* A group of its own, so that what it leaves behind can be ended. */
			setpgid(0, 0);
			be_a_monkey(worker, (seed + worker * 1000003 + round) * 0x9e3779b97f4a7c15UL | 1, first);
		}
		if (monkey < 0) {
			nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
			continue;
		}
		if (!watch(monkey, worker, &status)) {
			__atomic_fetch_add(&progress->hung, 1, __ATOMIC_RELAXED);
			__atomic_fetch_add(&progress->hung_in[progress->index[worker]], 1, __ATOMIC_RELAXED);
		} else if (WIFSIGNALED(status))
			__atomic_fetch_add(&progress->died, 1, __ATOMIC_RELAXED);
		kill(-monkey, SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		/* Go on behind the number that ended it until all were tried in order. */
		if (first < NUMBERS)
			first += progress->beat[worker] - before;
	}
}

/* ---- The supervisor ---- */

/* Name the workers that have stopped making calls. Returns: how many there are. */
static unsigned print_stuck(unsigned workers)
{
	uint64_t beats[MAX_WORKERS];
	unsigned stuck = 0;

	memcpy(beats, (const void *)progress->beat, sizeof(beats));
	nanosleep(&(struct timespec){ 3, 0 }, NULL);
	for (unsigned i = 0; i < workers; i++)
		if (progress->beat[i] == beats[i]) {
			printf("stuck in %ld: worker %u\n", number_of(progress->index[i]), i);
			stuck++;
		}
	return stuck;
}

static int print_totals(void)
{
	size_t missed = 0;
	uint64_t least = ~0UL;

	for (size_t i = 0; i < NUMBERS; i++) {
		if (progress->counts[i] < least)
			least = progress->counts[i];
		if (progress->hung_in[i])
			printf("hung in %ld: %llu times\n", number_of(i), (unsigned long long)progress->hung_in[i]);
		if (progress->counts[i])
			continue;
		printf("never reached: %ld\n", number_of(i));
		missed++;
	}
	printf("calls %llu\nnumbers %zu\nnever reached %zu\nleast calls of a number %llu\nmonkeys %llu\ndied %llu\nhung %llu\n",
		(unsigned long long)progress->calls, (size_t)NUMBERS, missed, (unsigned long long)least,
		(unsigned long long)progress->monkeys, (unsigned long long)progress->died, (unsigned long long)progress->hung);
	return missed ? 1 : 0;
}

static pid_t start_worker(unsigned worker, uint64_t seed, const char *home)
{
	pid_t pid = fork();

	if (pid == 0)
		work(worker, seed, home);
	return pid;
}

/* A process of /proc whose parent is this one? */
static bool is_child(const char *name)
{
	char path[300], text[512], *end;
	FILE *f;
	size_t n;
	int parent;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	f = *name >= '1' && *name <= '9' ? fopen(path, "r") : NULL;
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	/* A name may hold anything, the state and the parent come behind it. */
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %d", &parent) == 1 && parent == getpid();
}

/* End what workers and monkeys left behind: it has become this process's children. */
static void end_orphans(void)
{
	struct dirent *entry;
	DIR *dir;

	do {
		dir = opendir("/proc");
		while (dir && (entry = readdir(dir)))
			if (is_child(entry->d_name))
				kill(atoi(entry->d_name), SIGKILL);
		if (dir)
			closedir(dir);
		nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	} while (waitpid(-1, NULL, WNOHANG) >= 0);
}

int main(int argc, char **argv)
{
	struct options options;
	unsigned stuck;
	pid_t pids[MAX_WORKERS], ended;
	char home[4096];
	int64_t end;

	if (!read_options(argc, argv, MAX_WORKERS, &options) || optind != argc)
		return 2;
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED) {
		perror("hostile-calls");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	make_home(home, sizeof(home));
	for (unsigned i = 0; i < options.workers; i++)
		pids[i] = start_worker(i, options.seed, home);
	end = now_ms() + options.seconds * 1000L;
	while (now_ms() < end || progress->calls < options.least_calls) {
		nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
		/* A worker that fell victim to its monkeys is replaced too. */
		while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
			for (unsigned i = 0; i < options.workers; i++)
				if (pids[i] == ended)
					pids[i] = start_worker(i, options.seed + 7777, home);
	}
	stuck = print_stuck(options.workers);
	fflush(stdout);
	for (unsigned i = 0; i < options.workers; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < options.workers; i++)
		waitpid(pids[i], NULL, 0);
	end_orphans();
	remove_home(home);
	return print_totals() || stuck ? 1 : 0;
}
