/* tests/linux/misc.c: identity, limits, system information and bad pointers. */
#include "common.h"

#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>

TEST(uname_names_a_linux)
{
	struct utsname name;
	int major = 0, minor = -1;

	report("uname", uname(&name));
	say("  sysname %s, machine %s", name.sysname, name.machine);
	claim("release is major.minor…", sscanf(name.release, "%d.%d", &major, &minor) == 2 && major >= 5);
	claim("version is not empty", name.version[0]);
	claim("nodename is not empty", name.nodename[0]);
	report("bad pointer", syscall(SYS_uname, unmapped_address()));
}

static void change_the_name(void)
{
	report("sethostname", sethostname("x", 1));
	report("setdomainname", setdomainname("x", 1));
}

TEST(nobody_cannot_change_the_name)
{
	as_unprivileged(change_the_name);
}

TEST(getrandom_fills_and_differs)
{
	unsigned char a[64] = { 0 }, b[64] = { 0 };

	report("getrandom", getrandom(a, sizeof(a), 0));
	report("GRND_NONBLOCK", getrandom(b, sizeof(b), GRND_NONBLOCK));
	claim("the two differ", memcmp(a, b, sizeof(a)));
	report("GRND_RANDOM", getrandom(a, 16, GRND_RANDOM));
	report("0 bytes", getrandom(a, 0, 0));
	report("bad flags", getrandom(a, 1, 0x80));
	report("bad pointer", syscall(SYS_getrandom, unmapped_address(), 1, 0));
	int fd = need(open("/dev/urandom", O_RDONLY));
	report("read(/dev/urandom)", read(fd, a, sizeof(a)));
	claim("it differs", memcmp(a, b, sizeof(a)));
}

TEST(device_files_behave)
{
	char buf[64];
	int null = need(open("/dev/null", O_RDWR)), zero = need(open("/dev/zero", O_RDWR)), full;

	report("read(/dev/null)", read(null, buf, 64));
	report("write(/dev/null)", write(null, buf, 64));
	report("lseek(/dev/null)", lseek(null, 10, SEEK_SET));
	memset(buf, 1, sizeof(buf));
	report("read(/dev/zero)", read(zero, buf, 64));
	claim("zeroes", !buf[0] && !memcmp(buf, buf + 1, 63));
	report("write(/dev/zero)", write(zero, buf, 64));
	full = report_ok("open(/dev/full)", open("/dev/full", O_RDWR));
	report("read(/dev/full)", read(full, buf, 64));
	report("write(/dev/full)", write(full, buf, 64));
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	claim("mmap(/dev/zero)", memory != MAP_FAILED && memory[5] == 0);
}

TEST(limits_can_be_read_and_lowered)
{
	static const int resources[] = {
		RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC,
		RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE,
		RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME,
	};
	struct rlimit limit, old;

	for (size_t i = 0; i < COUNT_OF(resources); i++) {
		report("getrlimit", getrlimit(resources[i], &limit));
		claim("soft is at most hard", limit.rlim_cur <= limit.rlim_max);
	}
	need(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 100;
	report("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
	report("prlimit64 reads and sets", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &(struct rlimit){ 50, 200 }, &old));
	say("  old soft %lu", (unsigned long)old.rlim_cur);
	need(getrlimit(RLIMIT_NOFILE, &limit));
	say("  now %lu %lu", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
	report("soft above hard", setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 300, 200 }));
	report("getrlimit(99)", getrlimit(99, &limit));
	report("setrlimit(99)", setrlimit(99, &limit));
	report("prlimit64(99)", syscall(SYS_prlimit64, 0, 99, NULL, &limit));
	report("prlimit64(no such process)", syscall(SYS_prlimit64, NO_SUCH_PID, RLIMIT_CPU, NULL, &limit));
	report("getrlimit(bad pointer)", syscall(SYS_getrlimit, RLIMIT_CPU, unmapped_address()));
	report("setrlimit(bad pointer)", syscall(SYS_setrlimit, RLIMIT_CPU, unmapped_address()));
}

static void raise_a_hard_limit(void)
{
	struct rlimit limit = { 100, 200 };

	need(setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_max = 300;
	report("raise hard", setrlimit(RLIMIT_NOFILE, &limit));
	limit = (struct rlimit){ 200, 200 };
	report("raise soft to hard", setrlimit(RLIMIT_NOFILE, &limit));
}

TEST(nobody_cannot_raise_a_hard_limit)
{
	as_unprivileged(raise_a_hard_limit);
}

TEST(descriptor_limit_is_enforced)
{
	int fds[2], count = 0;

	make_file("f", "");
	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 20, 100 }));
	while (open("f", O_RDONLY) >= 0)
		count++;
	say("  opened %d, then %s", count, errno_name(errno));
	report("dup", dup(0));
	report("dup2 to 20", dup2(0, 20));
	report("dup2 to 19", dup2(0, 19));
	report("F_DUPFD 5", fcntl(0, F_DUPFD, 5));
	report("F_DUPFD 20", fcntl(0, F_DUPFD, 20));
	report("pipe", pipe(fds));
	close(10);
	report("pipe with one free", pipe(fds));
	report("open", open("f", O_RDONLY));
	report("O_CREAT of a new file when full", open("new", O_RDWR | O_CREAT, 0644));
	report("was it made?", access("new", F_OK));
	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 5, 100 }));
	report("descriptors above a lowered limit go on", fcntl(15, F_GETFD));
}

TEST(file_size_limit_is_enforced)
{
	int fd = need(open("f", O_RDWR | O_CREAT, 0644)), out[2];
	char block[200] = { 0 };
	pid_t child;

	need(pipe(out));
	child = need(fork());
	if (child == 0) {
		/* What is printed could itself be too large: so tell the parent. */
		long results[6];
		on_signal(SIGXFSZ, count_signal, 0);
		need(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 100, 1000 }));
		results[0] = write(fd, block, sizeof(block));
		results[1] = write(fd, block, 1) == -1 ? -errno : 0;
		results[2] = caught;
		results[3] = ftruncate(fd, 101) == -1 ? -errno : 0;
		results[4] = caught;
		results[5] = ftruncate(fd, 50);
		need(write(out[1], results, sizeof(results)));
		_exit(0);
	}
	report_exit("child", child);
	long results[6];
	need(read(out[0], results, sizeof(results)));
	report("write of 200 at limit 100", results[0]);
	say("  write of one more: %s", errno_name(-results[1]));
	report("SIGXFSZ caught", results[2]);
	say("  ftruncate to 101: %s", errno_name(-results[3]));
	report("SIGXFSZ caught", results[4]);
	report("ftruncate to 50", results[5]);
	child = need(fork());
	if (child == 0) {
		need(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, 10 }));
		pwrite(fd, block, 1, 10);
		_exit(0);
	}
	report_exit("writing without a handler", child);
}

static void make_too_many(void)
{
	pid_t children[16];
	int count = 0;

	need(setrlimit(RLIMIT_NPROC, &(struct rlimit){ 1, 1 }));
	while (count < 16 && (children[count] = fork()) > 0)
		count++;
	if (count < 16 && children[count] == 0)
		_exit(0);
	say("  stopped by %s", count < 16 ? errno_name(errno) : "nothing");
}

TEST(process_limit_is_enforced)
{
	as_unprivileged(make_too_many);
}

static void show_ids(const char *label)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	need(getresuid(&r, &e, &s));
	need(getresgid(&rg, &eg, &sg));
	say("  %s: uids %d %d %d, gids %d %d %d", label, r, e, s, rg, eg, sg);
}

/* Run @body in a child, so that each test of identity starts as root. */
static void in_child(void (*body)(void))
{
	pid_t child = need(fork());

	if (child == 0) {
		body();
		_exit(0);
	}
	report_exit("child", child);
}

static void setuid_from_root(void)
{
	report("setuid(1000)", syscall(SYS_setuid, 1000));
	show_ids("after");
	report("setuid(0)", syscall(SYS_setuid, 0));
	report("setuid(1000)", syscall(SYS_setuid, 1000));
	report("setreuid(-1, 0)", syscall(SYS_setreuid, -1, 0));
	report("setresuid(-1, -1, -1)", syscall(SYS_setresuid, -1, -1, -1));
	report("setgid(5)", syscall(SYS_setgid, 5));
	report("setgroups", syscall(SYS_setgroups, 0, NULL));
}

static void swap_ids(void)
{
	report("setresuid(1000, 2000, 3000)", syscall(SYS_setresuid, 1000, 2000, 3000));
	show_ids("after");
	report("setresuid(2000, 3000, 1000)", syscall(SYS_setresuid, 2000, 3000, 1000));
	show_ids("after");
	report("setresuid(-1, 4000, -1)", syscall(SYS_setresuid, -1, 4000, -1));
	report("setreuid(3000, 2000)", syscall(SYS_setreuid, 3000, 2000));
	show_ids("after");
	report("setuid(3000)", syscall(SYS_setuid, 3000));
	show_ids("after");
}

static void drop_for_a_while(void)
{
	report("seteuid(1000)", syscall(SYS_setresuid, -1, 1000, -1));
	show_ids("after");
	report("chown", chown(".", 5, 5));
	report("seteuid(0)", syscall(SYS_setresuid, -1, 0, -1));
	report("chown", chown(".", 5, 5));
}

static void change_groups(void)
{
	gid_t list[4] = { 7, 3, 5, 7 }, back[8] = { 0 };

	report("setgroups", syscall(SYS_setgroups, 4, list));
	report("getgroups(0)", getgroups(0, NULL));
	report("getgroups(8)", getgroups(8, back));
	say("  %d %d %d %d", back[0], back[1], back[2], back[3]);
	report("getgroups(2)", getgroups(2, back));
	report("getgroups(-1)", getgroups(-1, back));
	report("getgroups(bad pointer)", syscall(SYS_getgroups, 8, unmapped_address()));
	report("setgroups(bad pointer)", syscall(SYS_setgroups, 2, unmapped_address()));
	report("setgroups(100000)", syscall(SYS_setgroups, 100000, list));
	report("setregid(10, 20)", syscall(SYS_setregid, 10, 20));
	show_ids("after");
	report("setfsuid(9)", syscall(SYS_setfsuid, 9));
	report("setfsuid(-1)", syscall(SYS_setfsuid, -1));
	report("setfsgid(8)", syscall(SYS_setfsgid, 8));
}

TEST(ids_change_by_the_rules)
{
	if (!is_root()) {
		say("  needs root");
		return;
	}
	in_child(setuid_from_root);
	in_child(swap_ids);
	in_child(drop_for_a_while);
	in_child(change_groups);
	report("getresuid(bad pointer)", syscall(SYS_getresuid, unmapped_address(), NULL, NULL));
}

static void inherit_nothing_more(void)
{
	report("getpriority", getpriority(PRIO_PROCESS, 0));
	report("setpriority", setpriority(PRIO_PROCESS, 0, -5));
	report("mlock limit 0", (need(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, 0 })), mlock("", 1)));
	report("mount", syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL));
	report("umount2", syscall(SYS_umount2, "/", 0));
	report("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL));
}

TEST(nobody_lacks_the_capabilities_of_root)
{
	as_unprivileged(inherit_nothing_more);
}

TEST(sysinfo_is_plausible)
{
	struct sysinfo info;

	report("sysinfo", sysinfo(&info));
	claim("memory", info.totalram * info.mem_unit > 16 << 20 && info.freeram <= info.totalram);
	claim("processes", info.procs > 0);
	claim("uptime", info.uptime >= 0);
	report("bad pointer", syscall(SYS_sysinfo, unmapped_address()));
	claim("CPUs", sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_NPROCESSORS_CONF) >= 1);
	report("page size", sysconf(_SC_PAGESIZE));
	report("clock ticks", sysconf(_SC_CLK_TCK));
	claim("getcpu", !syscall(SYS_getcpu, &(unsigned){ 0 }, &(unsigned){ 0 }, NULL));
	report("getcpu(bad pointer)", syscall(SYS_getcpu, unmapped_address(), NULL, NULL));
}

TEST(unknown_calls_give_enosys)
{
	report("call 500", syscall(500));
	report("call 400", syscall(400));
	report("call -1", syscall(-1));
	report("call 0x40000000", syscall(0x40000000));
	report("nfsservctl", syscall(SYS_nfsservctl));
	report("create_module", syscall(SYS_create_module));
}

/* Pass a bad pointer as the argument with this index; the others are harmless. */
static void bad_pointer(const char *name, long number, int index, long a, long b, long c, long d)
{
	long args[4] = { a, b, c, d };
	char label[64];

	args[index] = (long)unmapped_address();
	snprintf(label, sizeof(label), "%s, argument %d unmapped", name, index);
	report(label, syscall(number, args[0], args[1], args[2], args[3], 0, 0));
	args[index] = (long)KERNEL_ADDRESS;
	snprintf(label, sizeof(label), "%s, argument %d in the kernel", name, index);
	report(label, syscall(number, args[0], args[1], args[2], args[3], 0, 0));
}

TEST(bad_path_pointers_give_efault)
{
	char buf[256];

	bad_pointer("open", SYS_open, 0, 0, O_RDONLY, 0, 0);
	bad_pointer("openat", SYS_openat, 1, AT_FDCWD, 0, O_RDONLY, 0);
	bad_pointer("stat", SYS_stat, 0, 0, (long)buf, 0, 0);
	bad_pointer("lstat", SYS_lstat, 0, 0, (long)buf, 0, 0);
	bad_pointer("newfstatat", SYS_newfstatat, 1, AT_FDCWD, 0, (long)buf, 0);
	bad_pointer("access", SYS_access, 0, 0, R_OK, 0, 0);
	bad_pointer("mkdir", SYS_mkdir, 0, 0, 0755, 0, 0);
	bad_pointer("rmdir", SYS_rmdir, 0, 0, 0, 0, 0);
	bad_pointer("unlink", SYS_unlink, 0, 0, 0, 0, 0);
	bad_pointer("rename", SYS_rename, 0, 0, (long)"x", 0, 0);
	bad_pointer("rename", SYS_rename, 1, (long)".", 0, 0, 0);
	bad_pointer("link", SYS_link, 0, 0, (long)"x", 0, 0);
	bad_pointer("symlink", SYS_symlink, 0, 0, (long)"x", 0, 0);
	bad_pointer("symlink", SYS_symlink, 1, (long)"x", 0, 0, 0);
	bad_pointer("readlink", SYS_readlink, 0, 0, (long)buf, 10, 0);
	bad_pointer("chmod", SYS_chmod, 0, 0, 0644, 0, 0);
	bad_pointer("chown", SYS_chown, 0, 0, 0, 0, 0);
	bad_pointer("truncate", SYS_truncate, 0, 0, 0, 0, 0);
	bad_pointer("mknod", SYS_mknod, 0, 0, S_IFREG | 0644, 0, 0);
	bad_pointer("chdir", SYS_chdir, 0, 0, 0, 0, 0);
	bad_pointer("utimensat", SYS_utimensat, 1, AT_FDCWD, 0, 0, 0);
	bad_pointer("statfs", SYS_statfs, 0, 0, (long)buf, 0, 0);
	bad_pointer("execve", SYS_execve, 0, 0, 0, 0, 0);
}

TEST(bad_result_pointers_give_efault)
{
	bad_pointer("stat", SYS_stat, 1, (long)".", 0, 0, 0);
	bad_pointer("fstat", SYS_fstat, 1, 0, 0, 0, 0);
	bad_pointer("pipe", SYS_pipe, 0, 0, 0, 0, 0);
	bad_pointer("pipe2", SYS_pipe2, 0, 0, 0, 0, 0);
	bad_pointer("nanosleep", SYS_nanosleep, 0, 0, 0, 0, 0);
	bad_pointer("clock_gettime", SYS_clock_gettime, 1, 0, 0, 0, 0);
	bad_pointer("clock_getres", SYS_clock_getres, 1, 0, 0, 0, 0);
	bad_pointer("rt_sigaction act", SYS_rt_sigaction, 1, SIGUSR1, 0, 0, 8);
	bad_pointer("rt_sigaction oldact", SYS_rt_sigaction, 2, SIGUSR1, 0, 0, 8);
	bad_pointer("rt_sigprocmask", SYS_rt_sigprocmask, 2, SIG_BLOCK, 0, 0, 8);
	bad_pointer("rt_sigpending", SYS_rt_sigpending, 0, 0, 8, 0, 0);
	bad_pointer("sigaltstack", SYS_sigaltstack, 1, 0, 0, 0, 0);
	bad_pointer("getrlimit", SYS_getrlimit, 1, RLIMIT_CPU, 0, 0, 0);
	bad_pointer("getrusage", SYS_getrusage, 1, 0, 0, 0, 0);
	bad_pointer("times", SYS_times, 0, 0, 0, 0, 0);
	bad_pointer("sysinfo", SYS_sysinfo, 0, 0, 0, 0, 0);
	bad_pointer("uname", SYS_uname, 0, 0, 0, 0, 0);
	bad_pointer("getcwd", SYS_getcwd, 0, 0, 4096, 0, 0);
	bad_pointer("getresuid", SYS_getresuid, 0, 0, 0, 0, 0);
	bad_pointer("sched_getparam", SYS_sched_getparam, 1, 0, 0, 0, 0);
	bad_pointer("sched_getaffinity", SYS_sched_getaffinity, 2, 0, 1024, 0, 0);
	bad_pointer("sched_rr_get_interval", SYS_sched_rr_get_interval, 1, 0, 0, 0, 0);
	bad_pointer("capget header", SYS_capget, 0, 0, 0, 0, 0);
	bad_pointer("prctl(PR_GET_NAME)", SYS_prctl, 1, PR_GET_NAME, 0, 0, 0);
	bad_pointer("arch_prctl(ARCH_GET_FS)", SYS_arch_prctl, 1, 0x1003, 0, 0, 0);
	bad_pointer("getitimer", SYS_getitimer, 1, 0, 0, 0, 0);
	bad_pointer("timer_create", SYS_timer_create, 2, 0, 0, 0, 0);
	bad_pointer("poll", SYS_poll, 0, 0, 1, 0, 0);
	bad_pointer("getdents64", SYS_getdents64, 1, need(open(".", O_RDONLY)), 0, 4096, 0);
}

TEST(bad_descriptors_give_ebadf)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{ "read", SYS_read }, { "write", SYS_write }, { "close", SYS_close }, { "fstat", SYS_fstat },
		{ "lseek", SYS_lseek }, { "pread64", SYS_pread64 }, { "pwrite64", SYS_pwrite64 }, { "readv", SYS_readv },
		{ "writev", SYS_writev }, { "dup", SYS_dup }, { "fcntl", SYS_fcntl }, { "fsync", SYS_fsync }, { "fdatasync", SYS_fdatasync }, { "ftruncate", SYS_ftruncate },
		{ "getdents64", SYS_getdents64 }, { "fchdir", SYS_fchdir }, { "fchmod", SYS_fchmod },
		{ "fchown", SYS_fchown }, { "fstatfs", SYS_fstatfs }, { "ioctl", SYS_ioctl }, { "sendto", SYS_sendto },
		{ "recvfrom", SYS_recvfrom }, { "shutdown", SYS_shutdown }, { "epoll_wait", SYS_epoll_wait },
		{ "syncfs", SYS_syncfs }, { "fadvise64", SYS_fadvise64 }, { "readahead", SYS_readahead },
	};
	static char buf[4096];

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		report(calls[i].name, syscall(calls[i].number, -1, buf, 1, 0, 0, 0));
		report(calls[i].name, syscall(calls[i].number, 4000, buf, 1, 0, 0, 0));
	}
}

TEST(capabilities_can_be_read)
{
	struct { uint32_t version; int pid; } header = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } data[2];

	report("capget", syscall(SYS_capget, &header, data));
	claim("root has all, others none", is_root() ? data[0].effective != 0 : data[0].effective == 0);
	header.version = 1;
	report("capget(bad version)", syscall(SYS_capget, &header, data));
	say("  version offered %#x", header.version);
	header.pid = NO_SUCH_PID;
	report("capget(no such process)", syscall(SYS_capget, &header, data));
}

TEST(personality_and_arch_prctl_answer)
{
	unsigned long base = 0;

	report("personality(query)", syscall(SYS_personality, 0xffffffff));
	report("ARCH_GET_FS", syscall(SYS_arch_prctl, 0x1003, &base));
	claim("FS base is set", base != 0);
	report("ARCH_SET_GS", syscall(SYS_arch_prctl, 0x1001, 0x123456789000));
	report("ARCH_GET_GS", syscall(SYS_arch_prctl, 0x1004, &base));
	say("  %#lx", base);
	report("ARCH_SET_GS to the kernel", syscall(SYS_arch_prctl, 0x1001, KERNEL_ADDRESS));
	report("arch_prctl(unknown)", syscall(SYS_arch_prctl, 0x9999, 0));
	pid_t child = need(fork());
	if (child == 0) {
		base = 0;
		need(syscall(SYS_arch_prctl, 0x1004, &base));
		say("  child: %#lx", base);
		_exit(0);
	}
	report_exit("child", child);
}
