/* tests/linux/errors_arguments.c: the errors that calls give for their other arguments, call by call. */
#include "common.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#define PAGE 4096UL
#define BAD unmapped_address()

static char buffer[8192];
static const struct timespec odd_time = { 0, 2000000000 }, no_time;

TEST(pointers_outside_of_memory)
{
	struct iovec bad_vector = { BAD, 1 };
	int pair[2], file, folder, epoll;
	timer_t timer;

	need(pipe2(pair, O_NONBLOCK));
	need(write(pair[1], "x", 1));
	make_file("file", "xyz");
	file = need(open("file", O_RDWR));
	folder = need(open(".", O_RDONLY));
	epoll = need(epoll_create1(0));
	report("writev", syscall(SYS_writev, file, &bad_vector, 1));
	report("readv", syscall(SYS_readv, file, &bad_vector, 1));
	report("preadv", syscall(SYS_preadv, file, BAD, 1, 0));
	report("pwritev", syscall(SYS_pwritev, file, BAD, 1, 0));
	report("preadv2", syscall(SYS_preadv2, file, BAD, 1, 0, 0, 0));
	report("pwritev2", syscall(SYS_pwritev2, file, BAD, 1, 0, 0, 0));
	report("copy_file_range", syscall(SYS_copy_file_range, file, BAD, file, 0, 1, 0));
	report("sendfile", syscall(SYS_sendfile, pair[1], file, BAD, 1));
	report("getdents", syscall(SYS_getdents, folder, BAD, 4096));
	report("fstatfs", syscall(SYS_fstatfs, folder, BAD));
	report("nanosleep", syscall(SYS_nanosleep, BAD, 0));
	report("clock_nanosleep", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, 0));
	report("clock_settime", syscall(SYS_clock_settime, CLOCK_REALTIME, BAD));
	report("settimeofday", syscall(SYS_settimeofday, BAD, 0));
	report("pselect6", syscall(SYS_pselect6, 5, BAD, 0, 0, &no_time, 0));
	report("pselect6, mask", syscall(SYS_pselect6, 0, 0, 0, 0, &no_time, BAD));
	report("ppoll", syscall(SYS_ppoll, BAD, 1, &no_time, 0, 8));
	report("epoll_pwait", syscall(SYS_epoll_pwait, epoll, buffer, 1, 0, BAD, 8));
	report("epoll_pwait2", syscall(SYS_epoll_pwait2, epoll, buffer, 1, BAD, 0, 8));
	report("prlimit64", syscall(SYS_prlimit64, 0, RLIMIT_CORE, BAD, 0));
	report("setrlimit", syscall(SYS_setrlimit, RLIMIT_CORE, BAD));
	report("getresuid", syscall(SYS_getresuid, BAD, BAD, BAD));
	report("getresgid", syscall(SYS_getresgid, BAD, BAD, BAD));
	report("sched_setparam", syscall(SYS_sched_setparam, 0, BAD));
	report("sched_setscheduler", syscall(SYS_sched_setscheduler, 0, SCHED_NORMAL, BAD));
	report("sched_setaffinity", syscall(SYS_sched_setaffinity, 0, 8, BAD));
	report("get_robust_list", syscall(SYS_get_robust_list, 0, BAD, BAD));
	report("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, BAD));
	report("sethostname", syscall(SYS_sethostname, BAD, 5));
	report("setdomainname", syscall(SYS_setdomainname, BAD, 5));
	report("capset", syscall(SYS_capset, BAD, BAD));
	report("clone3", syscall(SYS_clone3, BAD, CLONE_ARGS_SIZE_VER0));
	report("mount", syscall(SYS_mount, 0, BAD, "tmpfs", 0, 0));
	report("umount2", syscall(SYS_umount2, BAD, 0));
	need(timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = SIGEV_NONE }, &timer));
	report("timer_settime", syscall(SYS_timer_settime, timer, 0, BAD, 0));
	report("timer_gettime", syscall(SYS_timer_gettime, timer, BAD));
	report("timerfd_settime", syscall(SYS_timerfd_settime, need(timerfd_create(CLOCK_MONOTONIC, 0)), 0, BAD, 0));
	report("timerfd_gettime", syscall(SYS_timerfd_gettime, need(timerfd_create(CLOCK_MONOTONIC, 0)), BAD));
	report("signalfd4", syscall(SYS_signalfd4, -1, BAD, 8, 0));
	report("signalfd", syscall(SYS_signalfd, -1, BAD, 8));
	report("fgetxattr, name", syscall(SYS_fgetxattr, file, BAD, buffer, 10));
	report("fsetxattr, name", syscall(SYS_fsetxattr, file, BAD, buffer, 10, 0));
	report("fremovexattr, name", syscall(SYS_fremovexattr, file, BAD));
	report("utimes", syscall(SYS_utimes, "file", BAD));
	report("utimensat", syscall(SYS_utimensat, AT_FDCWD, "file", BAD, 0));
	report("readlink", syscall(SYS_readlink, "/proc/self/exe", BAD, 10));
	report("statx", syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, BAD));
	report("newfstatat", syscall(SYS_newfstatat, AT_FDCWD, "file", BAD, 0));
	report("getcpu", syscall(SYS_getcpu, BAD, 0, 0));
}

TEST(processes_that_do_not_exist)
{
	struct sched_param param = { 0 };
	char info[128] = { 0 };

	report("wait4 for the least group", syscall(SYS_wait4, INT_MIN, 0, 0, 0));
	report("setpriority", syscall(SYS_setpriority, PRIO_PROCESS, NO_SUCH_PID, 0));
	report("sched_setparam", syscall(SYS_sched_setparam, NO_SUCH_PID, &param));
	report("sched_getparam", syscall(SYS_sched_getparam, NO_SUCH_PID, &param));
	report("sched_setscheduler", syscall(SYS_sched_setscheduler, NO_SUCH_PID, SCHED_NORMAL, &param));
	report("sched_setaffinity", syscall(SYS_sched_setaffinity, NO_SUCH_PID, 8, buffer));
	report("sched_getaffinity", syscall(SYS_sched_getaffinity, NO_SUCH_PID, 1024, buffer));
	((int *)info)[2] = -1;	/* si_code: SI_QUEUE */
	report("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, NO_SUCH_PID, NO_SUCH_PID, SIGUSR1, info));
	report("rt_tgsigqueueinfo to 0", syscall(SYS_rt_tgsigqueueinfo, 0, 0, SIGUSR1, info));
	((int *)info)[2] = 0;
	report("rt_tgsigqueueinfo as if killed", syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), SIGUSR1, info));
	report("tkill 0", syscall(SYS_tkill, 0, SIGUSR1));
	report("tkill with no signal", syscall(SYS_tkill, getpid(), 99));
	report("capget of one", syscall(SYS_capget, &(struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, NO_SUCH_PID }, buffer));
}

TEST(numbers_that_mean_nothing)
{
	struct sched_param param = { 0 };
	struct rlimit inverse = { 2, 1 };

	report("getrlimit", syscall(SYS_getrlimit, 99, buffer));
	report("setrlimit", syscall(SYS_setrlimit, 99, &inverse));
	report("setrlimit of less than there is", syscall(SYS_setrlimit, RLIMIT_CORE, &inverse));
	report("prlimit64 of less than there is", syscall(SYS_prlimit64, 0, RLIMIT_CORE, &(struct rlimit){ 2, 1 }, 0));
	report("setuid", syscall(SYS_setuid, -1));
	report("setgid", syscall(SYS_setgid, -1));
	report("rt_sigpending", syscall(SYS_rt_sigpending, buffer, 99));
	report("sched_setscheduler", syscall(SYS_sched_setscheduler, 0, 99, &param));
	report("sched_getparam", syscall(SYS_sched_getparam, -1, &param));
	report("sched_get_priority_min", syscall(SYS_sched_get_priority_min, 99));
	report("sched_rr_get_interval", syscall(SYS_sched_rr_get_interval, -1, buffer));
	report("mlock past the end", syscall(SYS_mlock, -PAGE, 2 * PAGE));
	report("munlock past the end", syscall(SYS_munlock, -PAGE, 2 * PAGE));
	report("munlock of a hole", syscall(SYS_munlock, BAD, PAGE));
	report("mlock2 of a hole", syscall(SYS_mlock2, BAD, PAGE, 0));
	report("mlock2 flags", syscall(SYS_mlock2, buffer, 1, 99));
	report("fadvise64", syscall(SYS_fadvise64, need(open(".", O_RDONLY)), 0, 0, 99));
	report("timer_getoverrun", syscall(SYS_timer_getoverrun, 12345));
	report("clone3, too long", syscall(SYS_clone3, buffer, PAGE + 1));
	report("clone3, too short", syscall(SYS_clone3, buffer, 8));
	report("epoll_pwait2", syscall(SYS_epoll_pwait2, need(epoll_create1(0)), buffer, 0, 0, 0, 8));
	report("epoll_pwait, size of the mask", syscall(SYS_epoll_pwait, need(epoll_create1(0)), buffer, 1, 0, buffer, 3));
	report("pselect6, negative", syscall(SYS_pselect6, -1, 0, 0, 0, 0, 0));
	report("select, negative", syscall(SYS_select, -1, 0, 0, 0, 0));
	report("select, odd time", syscall(SYS_select, 0, 0, 0, 0, &(struct timeval){ -1, 0 }));
	report("ppoll, odd time", syscall(SYS_ppoll, 0, 0, &odd_time, 0, 8));
	report("nanosleep", syscall(SYS_nanosleep, &odd_time, 0));
	report("clock_nanosleep", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &odd_time, 0));
	report("clock_nanosleep on no clock", syscall(SYS_clock_nanosleep, 99, 0, &no_time, 0));
	report("clock_settime", syscall(SYS_clock_settime, CLOCK_REALTIME, &odd_time));
	report("settimeofday", syscall(SYS_settimeofday, &(struct timeval){ 0, 2000000 }, 0));
	report("sync_file_range", syscall(SYS_sync_file_range, need(open(".", O_RDONLY)), 0, 0, 99));
	report("personality", syscall(SYS_personality, 0xffffffff) >= 0 ? 0 : -1);
	report("reboot", syscall(SYS_reboot, 1, 2, 3, 0));
	report("sethostname", syscall(SYS_sethostname, buffer, 65));
	report("setdomainname", syscall(SYS_setdomainname, buffer, 65));
	report("syslog", syscall(SYS_syslog, 99, 0, 0));
	report("syslog to nowhere", syscall(SYS_syslog, 3, 0, 10));
	report("capset", syscall(SYS_capset, &(struct __user_cap_header_struct){ 1, 0 }, buffer));
	report("futimesat", syscall(SYS_futimesat, AT_FDCWD, ".", (struct timeval[]){ { 0, -1 }, { 0, 0 } }));
	report("utimes", syscall(SYS_utimes, ".", (struct timeval[]){ { 0, -1 }, { 0, 0 } }));
	report("utimensat", syscall(SYS_utimensat, AT_FDCWD, ".", (struct timespec[]){ { 0, -1 }, { 0, 0 } }, 0));
	report("setpriority", syscall(SYS_setpriority, 99, 0, 0));
	report("getpriority", syscall(SYS_getpriority, 99, 0));
	report("timerfd_create", syscall(SYS_timerfd_create, 99, 0));
	report("timerfd_create flags", syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0x40000000));
	report("eventfd2", syscall(SYS_eventfd2, 0, 0x40000000));
	report("signalfd4 flags", syscall(SYS_signalfd4, -1, buffer, 8, 0x40000000));
	report("signalfd4 size", syscall(SYS_signalfd4, -1, buffer, 4, 0));
	report("signalfd size", syscall(SYS_signalfd, -1, buffer, 4));
	report("timerfd_settime flags", syscall(SYS_timerfd_settime, need(timerfd_create(CLOCK_MONOTONIC, 0)), 0x40000000, buffer, 0));
	report("prctl", syscall(SYS_prctl, PR_SET_PDEATHSIG, 99));
	report("waitid", syscall(SYS_waitid, 99, 0, 0, 0, 0));
	report("waitid without a kind", syscall(SYS_waitid, P_ALL, 0, 0, 0, 0));
	report("close_range", syscall(SYS_close_range, 9, 8, 0));
}

static void ask_for_what_is_not_ones_own(void)
{
	struct rlimit more = { RLIM_INFINITY, RLIM_INFINITY };
	gid_t group = 0;

	report("setuid", syscall(SYS_setuid, 0));
	report("setgid", syscall(SYS_setgid, 0));
	report("setreuid", syscall(SYS_setreuid, 0, 0));
	report("setregid", syscall(SYS_setregid, 0, 0));
	report("setresuid", syscall(SYS_setresuid, 0, 0, 0));
	report("setresgid", syscall(SYS_setresgid, 0, 0, 0));
	report("setgroups", syscall(SYS_setgroups, 1, &group));
	report("setpriority", syscall(SYS_setpriority, PRIO_PROCESS, 0, -20));
	report("setpriority of another's", syscall(SYS_setpriority, PRIO_PROCESS, 1, 0));
	report("sched_setscheduler", syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &(struct sched_param){ 1 }));
	report("sched_setparam of another's", syscall(SYS_sched_setparam, 1, &(struct sched_param){ 0 }));
	memset(buffer, 255, 128);
	report("sched_setaffinity of another's", syscall(SYS_sched_setaffinity, 1, 128, buffer));
	report("setrlimit", syscall(SYS_setrlimit, RLIMIT_NOFILE, &more));
	report("prlimit64", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, 0));
	report("prlimit64 of another's", syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, 0, buffer));
	report("get_robust_list of another's", syscall(SYS_get_robust_list, 1, buffer, buffer));
	report("kill", syscall(SYS_kill, 1, SIGTERM));
	report("tkill", syscall(SYS_tkill, 1, SIGTERM));
	report("tgkill", syscall(SYS_tgkill, 1, 1, SIGTERM));
	report("clock_settime", syscall(SYS_clock_settime, CLOCK_REALTIME, &no_time));
	report("settimeofday", syscall(SYS_settimeofday, &(struct timeval){ 0, 0 }, 0));
	report("sethostname", syscall(SYS_sethostname, "x", 1));
	report("setdomainname", syscall(SYS_setdomainname, "x", 1));
	report("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0));
	report("mount", syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, 0));
	report("umount2", syscall(SYS_umount2, "/tmp", 0));
	report("vhangup", syscall(SYS_vhangup));
	report("syslog, clear", syscall(SYS_syslog, 5, 0, 0));
	report("capset", syscall(SYS_capset, &(struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 0 },
		(struct __user_cap_data_struct[]){ { 1, 1, 1 }, { 0, 0, 0 } }));
	report("prctl drop", syscall(SYS_prctl, PR_CAPBSET_DROP, 0));
	report("chroot", syscall(SYS_chroot, "/"));
	report("mlock2", (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, 0 }), syscall(SYS_mlock2, buffer, 1, 0)));
	report("mlock", syscall(SYS_mlock, buffer, 1));
	report("mlockall", syscall(SYS_mlockall, MCL_CURRENT));
}

TEST(rights_that_nobody_has)
{
	as_unprivileged(ask_for_what_is_not_ones_own);
}

TEST(interrupted)
{
	struct timespec second = { 5, 0 };
	int pair[2], epoll = need(epoll_create1(0));
	struct iovec vector = { buffer, sizeof(buffer) };
	sigset_t none;

	sigemptyset(&none);
	on_signal(SIGALRM, do_nothing, 0);
	need(pipe(pair));
	tick_every_ms(5);
	report("nanosleep", syscall(SYS_nanosleep, &second, 0));
	report("clock_nanosleep", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &second, 0));
	report("readv", syscall(SYS_readv, pair[0], &vector, 1));
	report("select", syscall(SYS_select, 0, 0, 0, 0, 0));
	report("pselect6", syscall(SYS_pselect6, 0, 0, 0, 0, 0, 0));
	report("poll", syscall(SYS_poll, 0, 0, -1));
	report("ppoll", syscall(SYS_ppoll, 0, 0, 0, 0, 8));
	report("epoll_wait", syscall(SYS_epoll_wait, epoll, buffer, 1, -1));
	report("epoll_pwait", syscall(SYS_epoll_pwait, epoll, buffer, 1, -1, 0, 8));
	report("epoll_pwait2", syscall(SYS_epoll_pwait2, epoll, buffer, 1, 0, 0, 8));
	report("pause", syscall(SYS_pause));
	report("rt_sigsuspend", syscall(SYS_rt_sigsuspend, &none, 8));
	need(mkfifo("fifo", 0644));
	report("open of a fifo", syscall(SYS_open, "fifo", O_RDONLY));
	report("creat of a fifo", syscall(SYS_creat, "fifo", 0644));
	report("openat of a fifo", syscall(SYS_openat, AT_FDCWD, "fifo", O_RDONLY));
	report("openat of a fifo nobody reads", syscall(SYS_openat, AT_FDCWD, "fifo", O_WRONLY | O_NONBLOCK));
	report("open of a fifo nobody reads", syscall(SYS_open, "fifo", O_WRONLY | O_NONBLOCK));
	tick_every_ms(0);
}

TEST(waitid_interrupted_and_into_nothing)
{
	pid_t child = need(fork());

	if (child == 0)
		for (;;)
			pause();
	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(5);
	report("waitid", syscall(SYS_waitid, P_ALL, 0, buffer, WEXITED, 0));
	tick_every_ms(0);
	need(kill(child, SIGKILL));
	report("waitid, nowhere", syscall(SYS_waitid, P_ALL, 0, BAD, WEXITED, 0));
}

static void make_one_process_too_many(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	need(setrlimit(RLIMIT_NPROC, &(struct rlimit){ 0, 0 }));
	report("fork", syscall(SYS_fork));
	report("vfork", syscall(SYS_vfork));
	report("clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	report("clone3", syscall(SYS_clone3, &args, sizeof(args)));
}

TEST(limit_of_processes)
{
	as_unprivileged(make_one_process_too_many);
}

static void enter_a_folder_without_leave(void)
{
	need(mkdir("mine", 0400));
	report("fchdir", syscall(SYS_fchdir, need(open("mine", O_RDONLY))));
}

TEST(folder_that_may_not_be_entered)
{
	need(chmod(".", 0777));
	as_unprivileged(enter_a_folder_without_leave);
}

TEST(programs_that_do_not_start)
{
	char *huge = malloc(300000), *argv[] = { "x", huge, NULL };

	memset(huge, 'a', 299999);
	huge[299999] = 0;
	make_file("text", "neither one nor the other");
	need(chmod("text", 0755));
	make_file("open", "");
	need(chmod("open", 0755));
	need(open("open", O_WRONLY));
	report("execve of text", syscall(SYS_execve, "text", argv + 2, argv + 2));
	report("execveat of text", syscall(SYS_execveat, AT_FDCWD, "text", argv + 2, argv + 2, 0));
	report("execve of what is written", syscall(SYS_execve, "open", argv + 2, argv + 2));
	report("execveat of what is written", syscall(SYS_execveat, AT_FDCWD, "open", argv + 2, argv + 2, 0));
	report("execve of too much", syscall(SYS_execve, "text", argv, argv + 2));
	report("execveat of too much", syscall(SYS_execveat, AT_FDCWD, "text", argv, argv + 2, 0));
}

TEST(names_of_attributes)
{
	static char longer[300];
	int fd;

	make_file("file", "x");
	fd = need(open("file", O_RDWR));
	memset(longer, 'a', sizeof(longer) - 1);
	memcpy(longer, "user.", 5);
	for (int i = 0; i < 3; i++) {
		const char *name = (const char *[]){ "", longer, "nowhere.x" }[i];

		report("setxattr", syscall(SYS_setxattr, "file", name, "v", 1, 0));
		report("lsetxattr", syscall(SYS_lsetxattr, "file", name, "v", 1, 0));
		report("fsetxattr", syscall(SYS_fsetxattr, fd, name, "v", 1, 0));
		report("getxattr", syscall(SYS_getxattr, "file", name, buffer, 10));
		report("lgetxattr", syscall(SYS_lgetxattr, "file", name, buffer, 10));
		report("fgetxattr", syscall(SYS_fgetxattr, fd, name, buffer, 10));
		report("removexattr", syscall(SYS_removexattr, "file", name));
		report("lremovexattr", syscall(SYS_lremovexattr, "file", name));
		report("fremovexattr", syscall(SYS_fremovexattr, fd, name));
	}
	report("fsetxattr of nothing open", syscall(SYS_fsetxattr, 99, "user.x", "v", 1, 0));
	report("fgetxattr of nothing open", syscall(SYS_fgetxattr, 99, "user.x", buffer, 10));
	report("fremovexattr of nothing open", syscall(SYS_fremovexattr, 99, "user.x"));
	report("flistxattr of nothing open", syscall(SYS_flistxattr, 99, buffer, 10));
}

static void lock_and_grow(void)
{
	void *memory;

	need(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ PAGE, PAGE }));
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(mlock(memory, PAGE));
	report("mmap of more", syscall(SYS_mmap, 0, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
	report("mremap of locked memory", syscall(SYS_mremap, memory, PAGE, 4 * PAGE, MREMAP_MAYMOVE));
}

TEST(limit_of_locked_memory)
{
	as_unprivileged(lock_and_grow);
}

TEST(clocks_without_timers)
{
	timer_t timer;

	need(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){ 0, 0 }));
	report("timer_create at the limit", syscall(SYS_timer_create, CLOCK_MONOTONIC, 0, &timer));
	report("timer_create", syscall(SYS_timer_create, CLOCK_MONOTONIC_COARSE, 0, buffer));
}

TEST(select_of_what_is_not_open)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(50, &set);
	report("select", syscall(SYS_select, 51, &set, 0, 0, 0));
	report("pselect6", syscall(SYS_pselect6, 51, &set, 0, 0, 0, 0));
}

TEST(events_nowhere)
{
	int epoll = need(epoll_create1(0)), fds[2];
	struct epoll_event event = { .events = EPOLLOUT };

	need(pipe(fds));
	need(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[1], &event));
	report("epoll_wait", syscall(SYS_epoll_wait, epoll, BAD, 1, -1));
	report("epoll_pwait", syscall(SYS_epoll_pwait, epoll, BAD, 1, -1, 0, 8));
	report("epoll_pwait2", syscall(SYS_epoll_pwait2, epoll, BAD, 1, 0, 0, 8));
}

TEST(stopped_and_continued)
{
	struct timespec short_time = { 0, 200000000 };
	pid_t child = need(fork());

	/* restart_syscall(2) goes on where a stop left a sleep; a handler then ends it. */
	if (child == 0) {
		struct timespec long_time = { 20, 0 };

		on_signal(SIGUSR1, do_nothing, 0);
		report("nanosleep", nanosleep(&long_time, NULL));
		_exit(0);
	}
	nanosleep(&short_time, NULL);
	need(kill(child, SIGSTOP));
	need(waitpid(child, NULL, WUNTRACED));
	need(kill(child, SIGCONT));
	nanosleep(&short_time, NULL);
	need(kill(child, SIGUSR1));
	report_exit("child", child);
}

TEST(not_now)
{
	struct iovec vector = { buffer, 1 };
	int pair[2];

	need(pipe2(pair, O_NONBLOCK));
	report("readv", syscall(SYS_readv, pair[0], &vector, 1));
	report("preadv2 of a pipe", syscall(SYS_preadv2, pair[0], &vector, 1, -1L, 0, 0));
	report("preadv2 flags", syscall(SYS_preadv2, pair[0], &vector, 1, -1L, 0, 0x40000000));
	report("pwritev2 flags", syscall(SYS_pwritev2, pair[1], &vector, 1, -1L, 0, 0x40000000));
	report("preadv2 at an offset", syscall(SYS_preadv2, pair[0], &vector, 1, 0, 0, 0));
	make_file("file", "x");
	report("preadv2 of too many", syscall(SYS_preadv2, need(open("file", O_RDWR)), &vector, 2000, 0, 0, 0));
	report("pwritev2 of too many", syscall(SYS_pwritev2, need(open("file", O_RDWR)), &vector, 2000, 0, 0, 0));
	report("readv of too many", syscall(SYS_readv, need(open("file", O_RDWR)), &vector, 2000));
	report("writev to a full pipe", (write(pair[1], calloc(1, 1 << 20), 1 << 20), syscall(SYS_writev, pair[1], &vector, 1)));
	on_signal(SIGPIPE, do_nothing, 0);
	close(pair[0]);
	report("writev to a pipe nobody reads", syscall(SYS_writev, pair[1], &vector, 1));
}

TEST(sizes_and_limits)
{
	int file, pair[2];
	struct iovec vector = { buffer, sizeof(buffer) };

	make_file("file", "x");
	file = need(open("file", O_RDWR));
	need(pipe(pair));
	signal(SIGXFSZ, SIG_IGN);
	need(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4, 4 }));
	report("truncate", syscall(SYS_truncate, "file", 100));
	report("ftruncate", syscall(SYS_ftruncate, file, 100));
	report("fallocate", syscall(SYS_fallocate, file, 0, 0, 100));
	report("pwrite64", syscall(SYS_pwrite64, file, buffer, 1, 100));
	report("pwritev", syscall(SYS_pwritev, file, &vector, 1, 100, 0));
	report("pwritev2", syscall(SYS_pwritev2, file, &vector, 1, 100, 0, 0));
	need(lseek(file, 100, SEEK_SET));
	report("write", syscall(SYS_write, file, buffer, 1));
	report("writev", syscall(SYS_writev, file, &vector, 1));
	report("copy_file_range", syscall(SYS_copy_file_range, file, &(off_t){ 0 }, file, &(off_t){ 100 }, 1, 0));
	report("sendfile", syscall(SYS_sendfile, file, file, &(off_t){ 0 }, 1));
	report("sendfile at an offset from a pipe", syscall(SYS_sendfile, file, pair[0], &(off_t){ 0 }, 1));
	report("copy_file_range onto itself", syscall(SYS_copy_file_range, file, &(off_t){ 0 }, file, &(off_t){ 1 }, 10, 0));
	report("copy_file_range flags", syscall(SYS_copy_file_range, file, 0, file, 0, 1, 99));
	report("copy_file_range past the end", syscall(SYS_copy_file_range, file, &(off_t){ 0x7ffffffffffffff0 }, file, &(off_t){ 0 }, 100, 0));
	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, 3 }));
	for (int fd = 3; fd < 50; fd++)
		close(fd);
	report("dup", syscall(SYS_dup, 1));
	report("dup2", syscall(SYS_dup2, 1, 5));
	report("dup3", syscall(SYS_dup3, 1, 5, 0));
	report("fcntl", syscall(SYS_fcntl, 1, F_DUPFD, 0));
	report("open", syscall(SYS_open, "file", O_RDONLY));
	report("openat", syscall(SYS_openat, AT_FDCWD, "file", O_RDONLY));
	report("openat2", syscall(SYS_openat2, AT_FDCWD, "file", (uint64_t[3]){ 0 }, 24));
	report("creat", syscall(SYS_creat, "file", 0644));
	report("pipe", syscall(SYS_pipe, buffer));
	report("pipe2", syscall(SYS_pipe2, buffer, 0));
	report("socketpair", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, buffer));
	report("epoll_create", syscall(SYS_epoll_create, 1));
	report("epoll_create1", syscall(SYS_epoll_create1, 0));
	report("eventfd", syscall(SYS_eventfd, 0));
	report("eventfd2", syscall(SYS_eventfd2, 0, 0));
	report("timerfd_create", syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0));
	report("signalfd4", syscall(SYS_signalfd4, -1, buffer, 8, 0));
	report("signalfd", syscall(SYS_signalfd, -1, buffer, 8));
	report("memfd_create", syscall(SYS_memfd_create, "x", 0));
	report("pidfd_open", syscall(SYS_pidfd_open, getpid(), 0));
	report("socket", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
	report("inotify_init", syscall(SYS_inotify_init));
	report("inotify_init1", syscall(SYS_inotify_init1, 0));
}

/* A listening socket with a connection to take, and its client: the two lowest free descriptors. */
static int listen_with_a_connection(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int listener = need(socket(AF_UNIX, SOCK_STREAM, 0)), client = need(socket(AF_UNIX, SOCK_STREAM, 0));

	need(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	need(listen(listener, 2));
	need(connect(client, (struct sockaddr *)&address, sizeof(address)));
	return listener;
}

TEST(descriptors_of_connections_and_processes_at_the_limit)
{
	int listener = listen_with_a_connection();
	int process = need(syscall(SYS_pidfd_open, getpid(), 0));

	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, 3 }));
	report("accept", syscall(SYS_accept, listener, 0, 0));
	report("accept4", syscall(SYS_accept4, listener, 0, 0, 0));
	report("pidfd_getfd", syscall(SYS_pidfd_getfd, process, 1, 0));
}

/* A limit is one of numbers, not of how many there are: those above it were there before. */
TEST(descriptors_above_a_limit_take_no_room)
{
	int listener = listen_with_a_connection();

	for (int fd = 12; fd < 30; fd++)
		need(dup2(1, fd));
	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 9, 9 }));
	for (int fd = 5; fd < 12; fd++)
		close(fd);
	report("open", syscall(SYS_open, ".", O_RDONLY));
	report("accept4", syscall(SYS_accept4, listener, 0, 0, 0));
	report("dup", syscall(SYS_dup, 1));
	report("pidfd_open", syscall(SYS_pidfd_open, getpid(), 0));
	report("open, one too many", syscall(SYS_open, ".", O_RDONLY));
	report("dup, one too many", syscall(SYS_dup, 1));
	close(6);
	report("open in the gap", syscall(SYS_open, ".", O_RDONLY));
}

TEST(connections_that_do_not_come)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	struct sockaddr_un lost = { .sun_family = AF_UNIX, .sun_path = "loop/x" };
	int listener = need(socket(AF_UNIX, SOCK_STREAM, 0)), other = need(socket(AF_UNIX, SOCK_STREAM, 0));
	int datagrams = need(socket(AF_UNIX, SOCK_DGRAM, 0));

	need(symlink("loop", "loop"));
	report("bind through a loop", syscall(SYS_bind, other, &lost, sizeof(lost)));
	report("connect through a loop", syscall(SYS_connect, other, &lost, sizeof(lost)));
	need(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	report("accept before listen", syscall(SYS_accept, listener, 0, 0));
	report("accept4 before listen", syscall(SYS_accept4, listener, 0, 0, 0));
	report("accept4 of datagrams", syscall(SYS_accept4, datagrams, 0, 0, 0));
	need(listen(listener, 2));
	report("accept4 flags", syscall(SYS_accept4, listener, 0, 0, 0x40000000));
	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(5);
	report("accept", syscall(SYS_accept, listener, 0, 0));
	report("accept4", syscall(SYS_accept4, listener, 0, 0, 0));
	tick_every_ms(0);
	need(fcntl(listener, F_SETFL, O_NONBLOCK));
	report("accept4 of nobody", syscall(SYS_accept4, listener, 0, 0, 0));
	need(connect(other, (struct sockaddr *)&address, sizeof(address)));
	report("accept4 to nowhere", syscall(SYS_accept4, listener, BAD, BAD, 0));
}

static void reach_into_another(void)
{
	struct iovec local = { buffer, 1 }, remote = { buffer, 1 };
	int first = need(syscall(SYS_pidfd_open, 1, 0));
	pid_t child;

	report("process_vm_readv", syscall(SYS_process_vm_readv, 1, &local, 1, &remote, 1, 0));
	report("process_vm_writev", syscall(SYS_process_vm_writev, 1, &local, 1, &remote, 1, 0));
	report("process_madvise", syscall(SYS_process_madvise, first, &remote, 1, MADV_COLD, 0));
	need(prctl(PR_SET_DUMPABLE, 1));
	child = need(fork());
	if (child == 0)
		for (;;)
			pause();
	report("process_madvise of one's child", syscall(SYS_process_madvise, need(syscall(SYS_pidfd_open, child, 0)),
		&remote, 1, MADV_COLD, 0));
	kill(child, SIGKILL);
	report("pidfd_getfd", syscall(SYS_pidfd_getfd, first, 1, 0));
	report("kcmp", syscall(SYS_kcmp, 1, getpid(), 0, 0, 0));
}

TEST(memory_of_others)
{
	struct iovec local = { buffer, 1 }, remote = { buffer, 1 };
	int self = need(syscall(SYS_pidfd_open, getpid(), 0)), gone;
	pid_t child;

	report("process_vm_writev flags", syscall(SYS_process_vm_writev, getpid(), &local, 1, &remote, 1, 1));
	report("process_vm_writev of nobody", syscall(SYS_process_vm_writev, NO_SUCH_PID, &local, 1, &remote, 1, 0));
	report("process_vm_readv of nobody", syscall(SYS_process_vm_readv, NO_SUCH_PID, &local, 1, &remote, 1, 0));
	report("process_madvise, nowhere", syscall(SYS_process_madvise, self, BAD, 1, MADV_COLD, 0));
	child = need(fork());
	if (child == 0)
		_exit(0);
	gone = need(syscall(SYS_pidfd_open, child, 0));
	need(waitpid(child, NULL, 0));
	report("process_madvise of nobody", syscall(SYS_process_madvise, gone, &remote, 1, MADV_COLD, 0));
	as_unprivileged(reach_into_another);
}

TEST(sockets_that_do_not_fit)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct msghdr message = { .msg_iov = (struct iovec[]){ { buffer, 1 } }, .msg_iovlen = 1 };
	struct mmsghdr messages = { .msg_hdr = { .msg_iov = (struct iovec[]){ { buffer, 1 } }, .msg_iovlen = 1 } };
	int fds[2], length = -1;

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	report("getsockname, negative", syscall(SYS_getsockname, fds[0], &address, &length));
	report("getpeername, negative", syscall(SYS_getpeername, fds[0], &address, &length));
	report("getpeername, nowhere", syscall(SYS_getpeername, fds[0], &address, BAD));
	report("getsockname, nowhere", syscall(SYS_getsockname, fds[0], &address, BAD));
	length = 4;
	report("getsockopt of no level", syscall(SYS_getsockopt, fds[0], 99, 1, buffer, &length));
	report("setsockopt of no level", syscall(SYS_setsockopt, fds[0], 99, 1, buffer, 4));
	report("getsockopt of no name", syscall(SYS_getsockopt, fds[0], SOL_SOCKET, 9999, buffer, &length));
	report("setsockopt of no name", syscall(SYS_setsockopt, fds[0], SOL_SOCKET, 9999, buffer, 4));
	report("setsockopt, short", syscall(SYS_setsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO, buffer, 1));
	report("setsockopt, nowhere", syscall(SYS_setsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO, BAD, 16));
	report("getsockopt, nowhere", syscall(SYS_getsockopt, fds[0], SOL_SOCKET, SO_TYPE, BAD, &length));
	length = -1;
	report("getsockopt, negative", syscall(SYS_getsockopt, fds[0], SOL_SOCKET, SO_TYPE, buffer, &length));
	message.msg_iovlen = 2000;
	report("sendmsg of too many", syscall(SYS_sendmsg, fds[0], &message, 0));
	report("recvmsg of too many", syscall(SYS_recvmsg, fds[0], &message, 0));
	message.msg_iovlen = 1;
	report("recvmsg, nothing there", syscall(SYS_recvmsg, fds[0], &message, MSG_DONTWAIT));
	report("recvfrom, nothing there", syscall(SYS_recvfrom, fds[0], buffer, 1, MSG_DONTWAIT, 0, 0));
	on_signal(SIGPIPE, do_nothing, 0);
	close(fds[1]);
	report("sendto a closed one", syscall(SYS_sendto, fds[0], buffer, 1, 0, 0, 0));
	report("sendmsg to a closed one", syscall(SYS_sendmsg, fds[0], &message, 0));
	on_signal(SIGALRM, do_nothing, 0);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	tick_every_ms(5);
	report("recvfrom", syscall(SYS_recvfrom, fds[0], buffer, 1, 0, 0, 0));
	report("recvmsg", syscall(SYS_recvmsg, fds[0], &message, 0));
	report("sendto", (write(fds[0], calloc(1, 1 << 20), 1 << 20), syscall(SYS_sendto, fds[0], buffer, 1, 0, 0, 0)));
	report("sendmsg", syscall(SYS_sendmsg, fds[0], &message, 0));
	report("sendmsg, no room", syscall(SYS_sendmsg, fds[0], &message, MSG_DONTWAIT));
	report("sendmmsg, no room", syscall(SYS_sendmmsg, fds[0], &messages, 1, MSG_DONTWAIT));
	report("sendto, no room", syscall(SYS_sendto, fds[0], buffer, 1, MSG_DONTWAIT, 0, 0));
	tick_every_ms(0);
}
