/* tests/linux/proc.c: the parts of /proc that shells, libcs and ps read. */
#include "common.h"

#include <ctype.h>
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/statfs.h>

static char text[65536];

/* Read all of @path into text. Returns: its length, or -1 with a line printed. */
static ssize_t slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t got;

	if (fd < 0) {
		say("  open(%s) = -1 %s", path, errno_name(errno));
		text[0] = '\0';
		return -1;
	}
	while (len < sizeof(text) - 1 && (got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += got;
	close(fd);
	text[len] = '\0';
	return len;
}

/* The value behind `key:` in text, up to the end of its line; NULL if there is none. */
static char *value_of(const char *key)
{
	static char value[256];
	size_t len = strlen(key);

	for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, len) && line[len] == ':') {
			char *start = line + len + 1;

			while (*start == '\t' || *start == ' ')
				start++;
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(start, "\n"), start);
			return value;
		}
	return NULL;
}

static void say_keys(const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!value_of(keys[i]))
			say("  %s is missing", keys[i]);
}

TEST(self_is_a_link_to_the_pid)
{
	char target[32] = "", pid[32];

	report_ok("readlink(/proc/self)", readlink("/proc/self", target, sizeof(target) - 1));
	snprintf(pid, sizeof(pid), "%d", getpid());
	claim("it is my pid", !strcmp(target, pid));
	snprintf(pid, sizeof(pid), "%d/task/%d", getpid(), getpid());
	report_ok("readlink(/proc/thread-self)", readlink("/proc/thread-self", target, sizeof(target) - 1));
	claim("it is my thread", !strcmp(target, pid));
}

TEST(stat_has_52_fields)
{
	char *paren;
	int fields = 2, ppid, pgrp, session;
	char state;

	need(prctl(PR_SET_NAME, "odd )( name"));
	if (slurp("/proc/self/stat") < 0)
		return;
	paren = strrchr(text, ')');
	claim("starts with my pid", atoi(text) == getpid());
	claim("name is in parentheses", paren && !strncmp(strchr(text, '('), "(odd )( name)", 13));
	if (!paren)
		return;
	need(sscanf(paren + 1, " %c %d %d %d", &state, &ppid, &pgrp, &session) == 4 ? 0 : -1);
	say("  state %c", state);
	claim("parent, group and session", ppid == getppid() && pgrp == getpgrp() && session == getsid(0));
	for (char *at = paren + 1; *at; at++)
		fields += *at == ' ' && at[1] != '\n' && at[1];
	report("fields", fields);
	claim("ends with a newline", text[strlen(text) - 1] == '\n');
}

TEST(status_has_its_lines)
{
	static const char *const keys[] = {
		"Name", "Umask", "State", "Tgid", "Pid", "PPid", "TracerPid", "Uid", "Gid", "FDSize", "Groups", "VmPeak",
		"VmSize", "VmLck", "VmHWM", "VmRSS", "VmData", "VmStk", "VmExe", "Threads", "SigQ", "SigPnd", "ShdPnd",
		"SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Cpus_allowed",
	};
	char ids[64];

	need(prctl(PR_SET_NAME, "status-test"));
	umask(027);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, do_nothing);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGTERM);
	if (slurp("/proc/self/status") < 0)
		return;
	say_keys(keys, COUNT_OF(keys));
	say("  Name %s", value_of("Name"));
	say("  Umask %s", value_of("Umask"));
	say("  State %s", value_of("State"));
	say("  Threads %s", value_of("Threads"));
	say("  SigBlk %s", value_of("SigBlk"));
	say("  SigIgn %s", value_of("SigIgn"));
	say("  SigCgt %s", value_of("SigCgt"));
	say("  SigPnd %s", value_of("SigPnd"));
	snprintf(ids, sizeof(ids), "%d\t%d\t%d\t%d", getuid(), geteuid(), getuid(), geteuid());
	claim("Uid", value_of("Uid") && !strcmp(value_of("Uid"), ids));
	claim("Pid", value_of("Pid") && atoi(value_of("Pid")) == getpid());
	claim("VmSize is in kB", value_of("VmSize") && strstr(value_of("VmSize"), " kB"));
}

TEST(states_of_a_child_show)
{
	char path[64];
	int status;
	pid_t child = need(fork());

	while (child == 0)
		pause();
	snprintf(path, sizeof(path), "/proc/%d/status", child);
	do
		slurp(path);
	while (value_of("State") && value_of("State")[0] == 'R');
	say("  waiting: %s", value_of("State"));
	need(kill(child, SIGSTOP));
	waitpid(child, &status, WUNTRACED);
	slurp(path);
	say("  stopped: %s", value_of("State"));
	need(kill(child, SIGKILL));
	waitid(P_PID, child, NULL, WEXITED | WNOWAIT);
	slurp(path);
	say("  dead: %s", value_of("State"));
	claim("zombie has no VmSize", !value_of("VmSize"));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
	report("zombie's cmdline", slurp(path));
	waitpid(child, NULL, 0);
	snprintf(path, sizeof(path), "/proc/%d", child);
	report("access when reaped", access(path, F_OK));
}

TEST(cmdline_and_environ_are_nul_separated)
{
	ssize_t len = slurp("/proc/self/cmdline");

	claim("ends with NUL", len > 0 && text[len - 1] == '\0');
	claim("first is the program's path", strstr(text, strrchr(program_path, '/') + 1));
	claim("environ can be read", slurp("/proc/self/environ") >= 0);
}

TEST(exe_and_cwd_are_links)
{
	char target[4096] = "", cwd[4096] = "", real[4096] = "";

	report_ok("readlink(exe)", readlink("/proc/self/exe", target, sizeof(target) - 1));
	claim("exe is this program", realpath(program_path, real) && !strcmp(target, real));
	memset(target, 0, sizeof(target));
	report_ok("readlink(cwd)", readlink("/proc/self/cwd", target, sizeof(target) - 1));
	claim("cwd is getcwd", getcwd(cwd, sizeof(cwd)) && !strcmp(target, cwd));
	report("readlink(root)", readlink("/proc/self/root", target, sizeof(target)));
	make_file("f", "x");
	report("access(cwd/f)", access("/proc/self/cwd/f", F_OK));
	report_ok("open(exe)", open("/proc/self/exe", O_RDONLY));
	report("readlink(/proc/1/exe) of no such process", readlink("/proc/1073741823/exe", target, 10));
}

TEST(fd_folder_lists_open_descriptors)
{
	char path[64], target[4096], cwd[4096];
	struct dirent *entry;
	unsigned long seen = 0;
	int fd, fds[2];
	DIR *dir;
	ssize_t len;

	make_file("f", "contents");
	fd = need(open("f", O_RDONLY));
	need(pipe(fds));
	dir = opendir("/proc/self/fd");
	while (dir && (entry = readdir(dir)))
		if (isdigit(entry->d_name[0]))
			seen |= 1UL << atoi(entry->d_name);
	claim("my descriptors are listed", (seen & 0x3f) == 0x3f);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	need(getcwd(cwd, sizeof(cwd)) ? 0 : -1);
	claim("link of a file is its path", !strncmp(target, cwd, strlen(cwd)) && !strcmp(target + strlen(cwd), "/f"));
	need(lseek(fd, 3, SEEK_SET));
	report("reopened at the start", lseek(need(open(path, O_RDONLY)), 0, SEEK_CUR));
	need(unlink("f"));
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	claim("link of an unlinked file tells its last name",
	      !strncmp(target, cwd, strlen(cwd)) && !strcmp(target + strlen(cwd), "/f (deleted)"));
	report_ok("it can still be opened", open(path, O_RDONLY));
	make_file("new", "contents");
	make_file("newer", "contents");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)need(open("new", O_RDONLY)));
	need(rename("newer", "new"));
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	claim("so does that of a replaced one", !strcmp(target + strlen(cwd), "/new (deleted)"));
	need(unlink("new"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	len = readlink(path, target, sizeof(target) - 1);
	claim("link of a pipe", len > 6 && !strncmp(target, "pipe:[", 6));
	report("missing descriptor", open("/proc/self/fd/77", O_RDONLY));
	struct stat st;
	report("lstat", lstat(path, &st));
	claim("is a link", S_ISLNK(st.st_mode));
	report("/dev/fd", access("/dev/fd/0", F_OK));
	report("/dev/stdin", access("/dev/stdin", F_OK));
}

TEST(comm_is_the_name_and_can_be_set)
{
	char name[17] = "";
	int fd;

	need(prctl(PR_SET_NAME, "first"));
	slurp("/proc/self/comm");
	say_bytes("comm", text, strlen(text));
	fd = report_ok("open(O_WRONLY)", open("/proc/self/comm", O_WRONLY));
	report("write", write(fd, "second", 6));
	need(prctl(PR_GET_NAME, name));
	say("  name %s", name);
}

TEST(maps_lines_have_their_form)
{
	unsigned long last_end = 0;
	int lines = 0, odd = 0;

	if (slurp("/proc/self/maps") < 0)
		return;
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		unsigned long start, end, offset, inode;
		char prot[5];
		unsigned major, minor;

		lines++;
		if (sscanf(line, "%lx-%lx %4[rwxps-] %lx %x:%x %lu", &start, &end, prot, &offset, &major, &minor, &inode) != 7)
			odd++;
		else if (start < last_end || end <= start || start % 4096 || end % 4096 || strlen(prot) != 4)
			odd++;
		last_end = end;
	}
	claim("several lines", lines > 4);
	report("lines that are odd", odd);
}

TEST(statm_has_seven_numbers)
{
	unsigned long size, resident;

	if (slurp("/proc/self/statm") < 0)
		return;
	claim("size is at least what is resident", sscanf(text, "%lu %lu", &size, &resident) == 2 && size >= resident && resident);
	int spaces = 0;
	for (char *at = text; *at; at++)
		spaces += *at == ' ';
	report("spaces", spaces);
}

TEST(meminfo_has_its_lines)
{
	static const char *const keys[] = {
		"MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapCached", "Active", "Inactive", "SwapTotal",
		"SwapFree", "Dirty", "Writeback", "AnonPages", "Mapped", "Shmem", "Slab", "PageTables", "CommitLimit",
		"Committed_AS",
	};

	if (slurp("/proc/meminfo") < 0)
		return;
	say_keys(keys, COUNT_OF(keys));
	long total = value_of("MemTotal") ? atol(value_of("MemTotal")) : 0;
	long unused = value_of("MemFree") ? atol(value_of("MemFree")) : 0;
	claim("some memory, some of it free", total > 16384 && unused > 0 && unused < total);
	claim("in kB", value_of("MemTotal") && strstr(value_of("MemTotal"), " kB"));
}

/* Print text with each run of digits as N. */
static void say_form(const char *label)
{
	char form[256];
	size_t at = 0;

	for (char *from = text; *from && at + 2 < sizeof(form); ) {
		if (isdigit(*from)) {
			form[at++] = 'N';
			while (isdigit(*from))
				from++;
		} else {
			form[at++] = *from++;
		}
	}
	say_bytes(label, form, at);
}

TEST(system_files_have_their_form)
{
	if (slurp("/proc/uptime") >= 0)
		say_form("uptime");
	if (slurp("/proc/loadavg") >= 0)
		say_form("loadavg");
	if (slurp("/proc/sys/kernel/pid_max") >= 0)
		say_form("pid_max");
	if (slurp("/proc/sys/kernel/ostype") >= 0)
		say_bytes("ostype", text, strlen(text));
	if (slurp("/proc/version") >= 0)
		claim("version", !strncmp(text, "Linux version ", 14));
	if (slurp("/proc/filesystems") >= 0)
		claim("filesystems has tmpfs and proc", strstr(text, "nodev\ttmpfs\n") && strstr(text, "nodev\tproc\n"));
	if (slurp("/proc/mounts") >= 0)
		claim("mounts has /proc", strstr(text, " /proc proc "));
	if (slurp("/proc/self/mountinfo") >= 0)
		claim("mountinfo has /proc", strstr(text, " /proc "));
	if (slurp("/proc/cpuinfo") >= 0)
		claim("cpuinfo", strstr(text, "processor\t: 0\n") && strstr(text, "flags\t\t: "));
}

TEST(proc_stat_has_its_lines)
{
	if (slurp("/proc/stat") < 0)
		return;
	claim("cpu", !strncmp(text, "cpu  ", 5));
	claim("cpu0", strstr(text, "\ncpu0 "));
	claim("ctxt", strstr(text, "\nctxt "));
	claim("btime", strstr(text, "\nbtime "));
	claim("processes", strstr(text, "\nprocesses "));
	claim("procs_running", strstr(text, "\nprocs_running "));
}

TEST(proc_folder_lists_processes)
{
	struct dirent *entry;
	bool self = false, first = false, meminfo = false, me = false;
	DIR *dir = opendir("/proc");

	while (dir && (entry = readdir(dir))) {
		self |= !strcmp(entry->d_name, "self");
		first |= !strcmp(entry->d_name, "1");
		meminfo |= !strcmp(entry->d_name, "meminfo");
		me |= atoi(entry->d_name) == getpid();
	}
	say("  self %d, 1 %d, meminfo %d, my pid %d", self, first, meminfo, me);
}

TEST(task_folder_lists_threads)
{
	struct dirent *entry;
	int tasks = 0;
	DIR *dir = opendir("/proc/self/task");

	while (dir && (entry = readdir(dir)))
		tasks += isdigit(entry->d_name[0]) != 0;
	report("tasks", tasks);
}

TEST(proc_refuses_changes)
{
	struct statfs fs;

	report("mkdir", mkdir("/proc/x", 0755));
	report("open(O_CREAT)", open("/proc/x", O_RDWR | O_CREAT, 0644));
	report("unlink(meminfo)", unlink("/proc/meminfo"));
	report("rmdir(self/fd)", rmdir("/proc/self/fd"));
	report("rename", rename("/proc/meminfo", "/proc/y"));
	report("open(uptime, O_WRONLY)", open("/proc/uptime", O_WRONLY));
	report("statfs", statfs("/proc", &fs));
	say("  type %#lx", (unsigned long)fs.f_type);
	report("open(/proc/missing)", open("/proc/missing", O_RDONLY));
	report("open(/proc/meminfo/x)", open("/proc/meminfo/x", O_RDONLY));
}

TEST(proc_files_can_be_read_in_pieces)
{
	char whole[4096], pieces[4096];
	ssize_t len, got;
	size_t at = 0;
	int fd = need(open("/proc/self/status", O_RDONLY));

	len = need(read(fd, whole, sizeof(whole)));
	need(lseek(fd, 0, SEEK_SET));
	while ((got = read(fd, pieces + at, 10)) > 0 && at < sizeof(pieces) - 10)
		at += got;
	claim("begins the same", at > 100 && len > 100 && !memcmp(whole, pieces, 100));
	struct stat st;
	need(fstat(fd, &st));
	report("size", st.st_size);
	report("pread at 6", pread(fd, pieces, 5, 6));
}
