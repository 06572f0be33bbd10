/* tests/linux/exec.c: what execve passes on, what it resets and what it refuses. */
#include "common.h"

#include <elf.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

extern char **environ;

static void probe_arguments(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		say_bytes("argument", argv[i], strlen(argv[i]));
	claim("argv ends with NULL", !argv[argc]);
}

static void probe_environment(void)
{
	for (char **entry = environ; *entry; entry++)
		say_bytes("environment", *entry, strlen(*entry));
}

static void probe_descriptors(void)
{
	for (int fd = 0; fd < 20; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say("  fd %d is open, flags %d", fd, fcntl(fd, F_GETFD));
}

static void probe_signals(void)
{
	sigset_t mask, pending;
	stack_t stack;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	for (int sig = 1; sig < 32; sig++) {
		struct sigaction action;

		sigaction(sig, NULL, &action);
		if (action.sa_handler != SIG_DFL)
			say("  %s: %s, flags %#x", signal_name(sig),
				action.sa_handler == SIG_IGN ? "ignored" : "handled", action.sa_flags);
		if (sigismember(&mask, sig))
			say("  %s: blocked", signal_name(sig));
		if (sigismember(&pending, sig))
			say("  %s: pending", signal_name(sig));
	}
	sigaltstack(NULL, &stack);
	say("  alternate stack flags %d", stack.ss_flags);
}

static void probe_auxv(char **argv)
{
	const char *random = (const char *)getauxval(AT_RANDOM);
	const Elf64_Phdr *headers = (const void *)getauxval(AT_PHDR);
	bool has_load = false;

	say("  AT_PAGESZ %lu, AT_CLKTCK %lu, AT_PHENT %lu", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_PHENT));
	claim("ids agree", getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid() &&
		getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
	report("AT_SECURE", getauxval(AT_SECURE));
	report("AT_FLAGS", getauxval(AT_FLAGS));
	report("AT_BASE", getauxval(AT_BASE));
	claim("AT_RANDOM points to bytes that are not all alike", random && memcmp(random, random + 8, 8));
	say("  AT_EXECFN %s", (const char *)getauxval(AT_EXECFN));
	say("  AT_PLATFORM %s", (const char *)getauxval(AT_PLATFORM));
	for (unsigned long i = 0; headers && i < getauxval(AT_PHNUM); i++)
		has_load |= headers[i].p_type == PT_LOAD;
	claim("AT_PHDR has a PT_LOAD", has_load);
	claim("AT_ENTRY is set", getauxval(AT_ENTRY) != 0);
	claim("argc lies on an aligned stack", ((uintptr_t)argv - 8) % 16 == 0);
}

static void probe_attributes(void)
{
	struct itimerval timer;
	char name[17] = "";
	int sig = -1;

	say("  umask %03o", umask(0));
	prctl(PR_GET_NAME, name);
	say("  name %s", name);
	getitimer(ITIMER_REAL, &timer);
	claim("real timer runs on", timer.it_value.tv_sec > 500);
	claim("group leader", getpgrp() == getpid());
	report("nice value", getpriority(PRIO_PROCESS, 0));
	prctl(PR_GET_PDEATHSIG, &sig);
	report("PR_GET_PDEATHSIG", sig);
	report("PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE));
	report("PR_GET_NO_NEW_PRIVS", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	report("access(marker in cwd)", access("marker", F_OK));
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	say("  RLIMIT_NOFILE %lu", (unsigned long)limit.rlim_cur);
}

int probe(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : getenv("PROBE");

	if (!what || !strcmp(what, "arguments") || strchr(what, '/') || strchr(what, '-') || strchr(what, ' '))
		probe_arguments(argc, argv);
	else if (!strcmp(what, "environment"))
		probe_environment();
	else if (!strcmp(what, "descriptors"))
		probe_descriptors();
	else if (!strcmp(what, "signals"))
		probe_signals();
	else if (!strcmp(what, "auxv"))
		probe_auxv(argv);
	else if (!strcmp(what, "attributes"))
		probe_attributes();
	else if (!strcmp(what, "pid"))
		claim("pid is the same", getpid() == atoi(argv[2]));
	else if (!strcmp(what, "exit"))
		return atoi(argv[2]);
	else if (!strcmp(what, "wait"))
		return read(STDIN_FILENO, &argc, 1);
	else
		say("  probe: what is %s?", what);
	return 0;
}

/* Execute the probe in a child with these arguments after "probe". */
#define run_probe(...) run_program("./probe", (char *[]){ "probe", ##__VA_ARGS__, NULL }, (char *[]){ NULL })

static pid_t start(const char *path, char **argv, char **envp)
{
	pid_t child = need(fork());

	if (child)
		return child;
	execve(path, argv, envp);
	say("  execve(%s) = -1 %s", path, errno_name(errno));
	_exit(126);
}

static void run_program(const char *path, char **argv, char **envp)
{
	report_exit(path, start(path, argv, envp));
}

static void place_probe(void)
{
	need(symlink(program_path, "probe"));
}

static void make_script(const char *path, const char *contents)
{
	make_file(path, contents);
	need(chmod(path, 0755));
}

static void run_script(const char *path)
{
	run_program(path, (char *[]){ "script-name", "first", "second arg", NULL }, (char *[]){ NULL });
}

static void copy_program(const char *path, mode_t mode)
{
	static char block[65536];
	int from = need(open(program_path, O_RDONLY)), to = need(open(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
	ssize_t len;

	while ((len = read(from, block, sizeof(block))) > 0)
		need(write(to, block, len));
	close(from);
	close(to);
}

TEST(arguments_arrive_byte_by_byte)
{
	char long_argument[5001];

	place_probe();
	run_probe("arguments", "", "two words", "tab\tnewline\n", "\xff\xfe\x01", "--option=value");
	memset(long_argument, 'L', 5000);
	long_argument[5000] = '\0';
	run_program("./probe", (char *[]){ "probe", "arguments", long_argument, NULL }, (char *[]){ NULL });
}

TEST(environment_arrives_in_order)
{
	char *envp[] = { "B=2", "A=1", "EMPTY=", "NOEQUALS", "B=again", "UTF=\xc3\xa4", NULL };

	place_probe();
	run_program("./probe", (char *[]){ "probe", "environment", NULL }, envp);
	run_program("./probe", (char *[]){ "probe", "environment", NULL }, NULL);
}

TEST(missing_argv_becomes_one_empty_argument)
{
	place_probe();
	run_program("./probe", NULL, (char *[]){ "PROBE=arguments", NULL });
	run_program("./probe", (char *[]){ NULL }, (char *[]){ "PROBE=arguments", NULL });
}

TEST(exit_code_and_pid_belong_to_the_same_process)
{
	char pid_text[16];
	pid_t child;

	place_probe();
	run_probe("exit", "77");
	child = need(fork());
	if (child == 0) {
		snprintf(pid_text, sizeof(pid_text), "%d", getpid());
		execl("./probe", "probe", "pid", pid_text, NULL);
		_exit(126);
	}
	report_exit("child", child);
}

TEST(close_on_exec_descriptors_are_closed)
{
	int fd;

	place_probe();
	make_file("f", "x");
	fd = need(open("f", O_RDONLY));
	need(open("f", O_RDONLY | O_CLOEXEC));
	need(dup3(fd, 10, O_CLOEXEC));
	need(dup2(10, 11));
	need(fcntl(fd, F_DUPFD_CLOEXEC, 15));
	need(fcntl(fd, F_DUPFD, 16));
	run_probe("descriptors");
}

TEST(signal_state_is_passed_on_in_part)
{
	stack_t stack = { .ss_size = 65536 };
	sigset_t set;

	place_probe();
	stack.ss_sp = malloc(stack.ss_size);
	need(sigaltstack(&stack, NULL));
	on_signal(SIGUSR1, do_nothing, SA_RESTART);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGQUIT);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	pid_t child = need(fork());
	if (child == 0) {
		raise(SIGTERM);
		execl("./probe", "probe", "signals", NULL);
		_exit(126);
	}
	signal(SIGCHLD, SIG_DFL);
	waitpid(child, NULL, 0);
}

TEST(other_attributes_are_passed_on)
{
	struct rlimit limit = { 123, 456 };
	struct itimerval timer = { .it_value.tv_sec = 1000 };

	place_probe();
	make_file("marker", "");
	pid_t child = need(fork());
	if (child == 0) {
		umask(051);
		need(setpgid(0, 0));
		need(setrlimit(RLIMIT_NOFILE, &limit));
		need(setitimer(ITIMER_REAL, &timer, NULL));
		need(setpriority(PRIO_PROCESS, 0, 7));
		need(prctl(PR_SET_NAME, "before"));
		need(prctl(PR_SET_PDEATHSIG, SIGUSR1));
		need(prctl(PR_SET_DUMPABLE, 0));
		need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		execle("./probe", "probe-name", "attributes", NULL, (char *[]){ NULL });
		_exit(126);
	}
	report_exit("child", child);
}

TEST(auxiliary_vector_is_sane)
{
	place_probe();
	run_probe("auxv");
}

TEST(script_runs_its_interpreter)
{
	place_probe();
	make_script("plain", "#!./probe\nrest is ignored\n");
	run_script("./plain");
	make_script("spaces", "#!   ./probe   \n");
	run_script("./spaces");
	make_script("argument", "#!./probe -x\n");
	run_script("./argument");
	make_script("arguments", "#! ./probe -x two  words\t \n");
	run_script("./arguments");
	make_script("tab", "#!\t./probe\t-y\n");
	run_script("./tab");
	make_script("no-newline", "#!./probe -z");
	run_script("./no-newline");
}

TEST(script_of_a_script_is_followed)
{
	char text[64];

	place_probe();
	make_script("level0", "#!./probe -bottom\n");
	for (int i = 1; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof(name), "level%d", i);
		snprintf(text, sizeof(text), "#!./level%d -l%d\n", i - 1, i);
		make_script(name, text);
	}
	run_script("./level1");
	run_script("./level3");
	run_script("./level4");
	run_script("./level5");
	run_script("./level6");
	make_script("self", "#!./self\n");
	run_script("./self");
}

TEST(bad_scripts_are_refused)
{
	char line[400];

	place_probe();
	make_script("empty-interpreter", "#!\n");
	run_script("./empty-interpreter");
	make_script("blank-interpreter", "#!   \n");
	run_script("./blank-interpreter");
	make_script("missing-interpreter", "#!./missing\n");
	run_script("./missing-interpreter");
	make_file("not-executable-interpreter", "#!./probe\n");
	make_script("closed-interpreter", "#!./not-executable-interpreter\n");
	run_script("./closed-interpreter");
	make_script("folder-interpreter", "#!.\n");
	run_script("./folder-interpreter");
	make_script("no-script", "echo hello\n");
	run_script("./no-script");
	make_script("empty", "");
	run_script("./empty");
	make_script("only-hash", "#");
	run_script("./only-hash");
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!./", 4);
	line[398] = '\n';
	line[399] = '\0';
	make_script("long-interpreter", line);
	run_script("./long-interpreter");
	memcpy(line, "#!./probe -", 11);
	make_script("long-argument", line);
	run_script("./long-argument");
}

TEST(what_is_not_a_program_is_refused)
{
	make_file("text", "hello");
	make_script("garbage", "\x7f""ELFgarbage that is no ELF header at all, though it starts like one.");
	make_script("short-elf", "\x7f""ELF");
	need(mkdir("folder", 0755));
	need(mkfifo("fifo", 0755));
	need(symlink("loop", "loop"));
	need(symlink("missing", "dangling"));
	run_script("./missing");
	run_script("./missing/x");
	run_script("./text");
	run_script("./text/x");
	run_script("./garbage");
	run_script("./short-elf");
	run_script("./folder");
	run_script("./fifo");
	run_script("./loop");
	run_script("./dangling");
	run_script("");
	run_script("/dev/null");
	report("execve(bad path)", syscall(SYS_execve, unmapped_address(), NULL, NULL));
	report("execve(bad argv)", syscall(SYS_execve, program_path, unmapped_address(), NULL));
	report("execve(bad argument)", syscall(SYS_execve, program_path, (char *[]){ unmapped_address(), NULL }, NULL));
	report("execve(bad envp)", syscall(SYS_execve, program_path, NULL, unmapped_address()));
}

/* A copy of this program that is damaged in one place. */
static void run_damaged(const char *label, size_t offset, uint64_t value, size_t len)
{
	int fd;

	copy_program("damaged", 0755);
	fd = need(open("damaged", O_WRONLY));
	need(pwrite(fd, &value, len, offset));
	close(fd);
	say("  %s", label);
	run_program("./damaged", (char *[]){ "probe", "exit", "5", NULL }, (char *[]){ NULL });
}

TEST(damaged_elf_headers_are_refused)
{
	run_damaged("undamaged", offsetof(Elf64_Ehdr, e_ident), 0x7f, 1);
	run_damaged("no magic", offsetof(Elf64_Ehdr, e_ident), 'X', 1);
	run_damaged("type ET_REL", offsetof(Elf64_Ehdr, e_type), ET_REL, 2);
	run_damaged("type ET_CORE", offsetof(Elf64_Ehdr, e_type), ET_CORE, 2);
	run_damaged("machine ARM", offsetof(Elf64_Ehdr, e_machine), EM_ARM, 2);
	run_damaged("no program headers", offsetof(Elf64_Ehdr, e_phnum), 0, 2);
	run_damaged("wrong size of program headers", offsetof(Elf64_Ehdr, e_phentsize), 55, 2);
	run_damaged("program headers beyond the end", offsetof(Elf64_Ehdr, e_phoff), 0x7fffffff, 4);
	run_damaged("entry at nothing", offsetof(Elf64_Ehdr, e_entry), 16, 4);
}

/* A copy whose @index-th program header of type PT_LOAD is damaged. */
static void run_damaged_segment(const char *label, int index, size_t offset, uint64_t value, size_t len)
{
	int fd = need(open(program_path, O_RDONLY));
	Elf64_Ehdr header;
	Elf64_Phdr ph;
	off_t at;

	need(pread(fd, &header, sizeof(header), 0));
	for (at = header.e_phoff; ; at += sizeof(ph)) {
		need(pread(fd, &ph, sizeof(ph), at));
		if (ph.p_type == PT_LOAD && !index--)
			break;
	}
	close(fd);
	run_damaged(label, at + offset, value, len);
}

#define DAMAGE(label, index, field, value) \
	run_damaged_segment(label, index, offsetof(Elf64_Phdr, field), value, sizeof(((Elf64_Phdr *)0)->field))

TEST(programs_that_cannot_be_mapped_are_ended)
{
	DAMAGE("larger in the file than in memory", 1, p_memsz, 1);
	DAMAGE("larger than memory", 1, p_memsz, 1ull << 47);
	DAMAGE("in kernel memory", 1, p_vaddr, 0xffff800000000000);
	DAMAGE("at the end of user memory", 1, p_vaddr, 0x7ffffffff000);
	DAMAGE("offset and address differ in the page", 1, p_offset, 0x1001);
	DAMAGE("an offset beyond any file", 1, p_offset, 1ull << 63);
	run_damaged("entry in kernel memory", offsetof(Elf64_Ehdr, e_entry), 0xffff800000000000, 8);
}

static void execute_with_little_memory(void)
{
	struct rlimit limit = { 64 << 10, 64 << 10 };

	need(setrlimit(RLIMIT_AS, &limit));
	execve("./probe", (char *[]){ "probe", "exit", "3", NULL }, (char *[]){ NULL });
	say("  execve = -1 %s", errno_name(errno));
}

TEST(program_larger_than_the_limit_is_ended)
{
	pid_t child;

	place_probe();
	child = need(fork());
	if (!child) {
		execute_with_little_memory();
		_exit(126);
	}
	report_exit("64 KiB", child);
}

static void execute_without_permission(void)
{
	need(chdir("open"));
	make_file("not-executable", "#!/bin/sh\n");
	run_script("./not-executable");
	need(mkdir("closed", 0755));
	make_script("closed/script", "#!/bin/sh\n");
	need(chmod("closed", 0600));
	run_script("./closed/script");
	need(chmod("closed", 0700));
	need(chmod("closed/script", 0001));
	run_script("./closed/script");
}

TEST(executing_needs_permission)
{
	need(mkdir("open", 0777));
	need(chmod("open", 0777));
	as_unprivileged(execute_without_permission);
	make_file("root-too", "#!/bin/sh\n");
	run_script("./root-too");
}

TEST(programs_need_execute_but_not_read_permission)
{
	int fd;

	copy_program("probe-copy", 0111);
	fd = open("probe-copy", O_RDONLY);
	if (fd >= 0)
		close(fd);
	run_program("./probe-copy", (char *[]){ "probe", "exit", "6", NULL }, (char *[]){ NULL });
}

TEST(file_being_written_cannot_be_executed)
{
	int fd;

	copy_program("busy", 0755);
	fd = need(open("busy", O_WRONLY | O_CLOEXEC));
	run_program("./busy", (char *[]){ "probe", "exit", "5", NULL }, (char *[]){ NULL });
	close(fd);
	run_program("./busy", (char *[]){ "probe", "exit", "5", NULL }, (char *[]){ NULL });
}

TEST(file_being_executed_cannot_be_written)
{
	int in[2];
	struct gate started;
	pid_t child;

	copy_program("busy", 0755);
	need(pipe(in));
	gate_make(&started);
	child = need(fork());
	if (child == 0) {
		close(in[1]);
		dup2(in[0], STDIN_FILENO);
		execl("./busy", "probe", "wait", NULL);
		_exit(126);
	}
	/* The gate's other end closes when the program is in place. */
	close(started.fds[1]);
	gate_pass(&started);
	report("open(O_WRONLY)", open("busy", O_WRONLY));
	report("open(O_TRUNC)", open("busy", O_RDONLY | O_TRUNC));
	report("truncate", truncate("busy", 0));
	report_ok("open(O_RDONLY)", open("busy", O_RDONLY));
	report("unlink", unlink("busy"));
	close(in[1]);
	report_exit("child", child);
}

TEST(argument_lists_have_limits)
{
	struct rlimit limit = { 1024 * 1024, RLIM_INFINITY };
	char *big = malloc(140000), *many[400];
	char thousand[1001];

	place_probe();
	memset(big, 'b', 140000);
	big[131071] = '\0';
	report_exit("131071 bytes", start("./probe", (char *[]){ "probe", "exit", "3", big, NULL }, (char *[]){ NULL }));
	big[131071] = 'b';
	big[131072] = '\0';
	report_exit("131072 bytes", start("./probe", (char *[]){ "probe", "exit", "3", big, NULL }, (char *[]){ NULL }));
	memset(thousand, 't', 1000);
	thousand[1000] = '\0';
	need(setrlimit(RLIMIT_STACK, &limit));
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = thousand;
	many[0] = "probe";
	many[1] = "exit";
	many[2] = "4";
	many[200] = NULL;
	report_exit("200 kB of a quarter of 1 MiB", start("./probe", many, (char *[]){ NULL }));
	many[200] = thousand;
	many[399] = NULL;
	report_exit("400 kB of a quarter of 1 MiB", start("./probe", many, (char *[]){ NULL }));
}

static void *execute_from_thread(void *pid_text)
{
	execl("./probe", "probe", "pid", pid_text, NULL);
	return NULL;
}

TEST(exec_ends_all_other_threads)
{
	pthread_t thread;
	char pid_text[16];
	pid_t child;

	place_probe();
	child = need(fork());
	if (child == 0) {
		snprintf(pid_text, sizeof(pid_text), "%d", getpid());
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		pthread_create(&thread, NULL, execute_from_thread, pid_text);
		wait_for_ever(NULL);
	}
	report_exit("exec in a thread", child);
	child = need(fork());
	if (child == 0) {
		snprintf(pid_text, sizeof(pid_text), "%d", getpid());
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		execute_from_thread(pid_text);
	}
	report_exit("exec in the first thread", child);
}

TEST(vfork_child_executes)
{
	pid_t child;

	place_probe();
	child = vfork();
	if (child == 0) {
		execl("./probe", "probe", "exit", "12", NULL);
		_exit(126);
	}
	report_exit("child", child);
	child = vfork();
	if (child == 0) {
		execl("./missing", "probe", NULL);
		_exit(127);
	}
	report_exit("child without a program", child);
}

static void try_at(const char *label, int fd, const char *path, int flags)
{
	char *argv[] = { "probe", "exit", "21", NULL }, *envp[] = { NULL };
	pid_t child = need(fork());

	if (child == 0) {
		report(label, syscall(SYS_execveat, fd, path, argv, envp, flags));
		_exit(126);
	}
	report_exit(label, child);
}

TEST(execveat_takes_descriptors)
{
	int dir, file, script;

	place_probe();
	make_script("script", "#!./probe\n");
	need(symlink("probe", "probe-link"));
	dir = need(open(".", O_RDONLY));
	file = need(open("probe", O_RDONLY | O_CLOEXEC));
	script = need(open("script", O_RDONLY | O_CLOEXEC));
	try_at("execveat(dir, probe)", dir, "probe", 0);
	try_at("execveat(file, \"\", EMPTY_PATH)", file, "", AT_EMPTY_PATH);
	try_at("execveat(file, \"\")", file, "", 0);
	try_at("execveat(script, \"\", EMPTY_PATH) with cloexec", script, "", AT_EMPTY_PATH);
	try_at("execveat(dir, script)", dir, "script", 0);
	try_at("execveat(dir, link, NOFOLLOW)", dir, "probe-link", AT_SYMLINK_NOFOLLOW);
	try_at("execveat(-1, probe)", -1, "probe", 0);
	try_at("execveat(file, probe)", file, "probe", 0);
	try_at("execveat(bad flags)", dir, "probe", 1);
}

TEST(failed_exec_changes_nothing)
{
	static int value = 5;
	char name[17] = "";

	on_signal(SIGUSR1, do_nothing, 0);
	need(prctl(PR_SET_NAME, "unchanged"));
	make_file("f", "");
	need(open("f", O_RDONLY | O_CLOEXEC));
	report("execve", execl("./f", "f", NULL));
	report("value", value);
	need(prctl(PR_GET_NAME, name));
	say("  name %s", name);
	report("raise", raise(SIGUSR1));
	report("F_GETFD", fcntl(3, F_GETFD));
}
