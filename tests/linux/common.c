/* tests/linux/common.c: the runner and helpers of the differential tests. */
#include "common.h"

#include <ftw.h>
#include <grp.h>
#include <stdarg.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

#define MAX_TESTS 200
#define TEST_SECONDS 60
#define NOBODY 65534
#define MAX_LINES 3000

struct test {
	const char *name;
	void (*body)(void);
};

static struct test tests[MAX_TESTS];
static size_t test_count;
static volatile pid_t running;
static volatile sig_atomic_t timed_out;
char program_path[8192];

void test_register(const char *name, void (*body)(void))
{
	if (test_count == MAX_TESTS)
		abort();
	tests[test_count++] = (struct test){ name, body };
}

void say(const char *format, ...)
{
	static int lines;
	char line[4096];
	va_list args;
	int len;

	if (++lines > MAX_LINES)
		_exit(97);
	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, len) != len)
		_exit(99);
}

const char *errno_name(int error)
{
	static char number[24];
	const char *name = strerrorname_np(error);

	if (name)
		return name;
	snprintf(number, sizeof(number), "errno %d", error);
	return number;
}

const char *signal_name(int sig)
{
	static char texts[4][24];
	static unsigned next;
	char *text = texts[next++ % COUNT_OF(texts)];
	const char *name = sigabbrev_np(sig);

	if (name)
		snprintf(text, sizeof(texts[0]), "SIG%s", name);
	else if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		snprintf(text, sizeof(texts[0]), "SIGRTMIN+%d", sig - SIGRTMIN);
	else
		snprintf(text, sizeof(texts[0]), "signal %d", sig);
	return text;
}

long report_value(const char *label, long value)
{
	int error = errno;

	if (value == -1 && error)
		say("  %s = -1 %s", label, errno_name(error));
	else
		say("  %s = %ld", label, value);
	errno = error;
	return value;
}

long report_success(const char *label, long value)
{
	int error = errno;

	if (value == -1 && error)
		say("  %s = -1 %s", label, errno_name(error));
	else
		say("  %s = ok", label);
	errno = error;
	return value;
}

void claim(const char *label, bool holds)
{
	say("  %s = %s", label, holds ? "yes" : "no");
}

long need_success(const char *what, long value)
{
	if (value != -1)
		return value;
	say("  cannot go on: %s: %s", what, errno_name(errno));
	_exit(98);
}

void say_status(const char *label, int status)
{
	if (WIFEXITED(status))
		say("  %s: exited %d", label, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		say("  %s: killed by %s", label, signal_name(WTERMSIG(status)));
	else if (WIFSTOPPED(status))
		say("  %s: stopped by %s", label, signal_name(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		say("  %s: continued", label);
	else
		say("  %s: status %#x", label, status);
}

void report_exit(const char *label, pid_t child)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(child, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid != child)
		say("  %s: waitpid = -1 %s", label, errno_name(errno));
	else
		say_status(label, status);
}

void make_file(const char *path, const char *contents)
{
	size_t len = strlen(contents);
	int fd = need(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	if (write(fd, contents, len) != (ssize_t)len)
		say("  cannot write %s: %s", path, errno_name(errno));
	close(fd);
}

void say_bytes(const char *label, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;
	char text[1024];
	size_t at = 0;

	for (size_t i = 0; i < len && at + 5 < sizeof(text); i++) {
		if (byte[i] >= ' ' && byte[i] < 127 && byte[i] != '\\')
			text[at++] = byte[i];
		else
			at += snprintf(text + at, sizeof(text) - at, "\\x%02x", byte[i]);
	}
	text[at] = '\0';
	say("  %s: %zu bytes \"%s\"", label, len, text);
}

void report_contents(const char *label, const char *path)
{
	char buf[256];
	int fd = open(path, O_RDONLY);
	ssize_t len;

	if (fd < 0) {
		say("  %s: cannot open: %s", label, errno_name(errno));
		return;
	}
	len = read(fd, buf, sizeof(buf));
	if (len < 0)
		say("  %s: cannot read: %s", label, errno_name(errno));
	else
		say_bytes(label, buf, len);
	close(fd);
}

bool is_root(void)
{
	return geteuid() == 0;
}

void as_unprivileged(void (*body)(void))
{
	pid_t child = need(fork());

	if (child == 0) {
		if (is_root()) {
			need(setgroups(0, NULL));
			need(setresgid(NOBODY, NOBODY, NOBODY));
			need(setresuid(NOBODY, NOBODY, NOBODY));
		}
		body();
		_exit(0);
	}
	report_exit("unprivileged child", child);
}

void gate_make(struct gate *gate)
{
	need(pipe2(gate->fds, O_CLOEXEC));
}

void gate_open(const struct gate *gate)
{
	need(write(gate->fds[1], "g", 1));
}

void gate_pass(const struct gate *gate)
{
	char byte;

	while (read(gate->fds[0], &byte, 1) < 0 && errno == EINTR)
		;
}

void on_signal(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	need(sigaction(sig, &action, NULL));
}

volatile sig_atomic_t caught;

void do_nothing(int sig)
{
}

void count_signal(int sig)
{
	caught++;
}

void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

void tick_every_ms(long ms)
{
	struct timeval period = { ms / 1000, ms % 1000 * 1000 };
	struct itimerval timer = { period, period };

	need(setitimer(ITIMER_REAL, &timer, NULL));
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

void *shared_memory(size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		need_success("mmap", -1);
	return memory;
}

void *unmapped_address(void)
{
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		need_success("mmap", -1);
	munmap(page, 4096);
	return page;
}

static int make_removable(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, make_removable, 16, FTW_PHYS);
	nftw(path, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
}

static void give_up_on_test(int sig)
{
	timed_out = 1;
	kill(-running, SIGKILL);
	kill(running, SIGKILL);
}

static void run_in_child(const struct test *test)
{
	setsid();
	signal(SIGALRM, SIG_DFL);
	need(mkdir(test->name, 0755));
	need(chdir(test->name));
	test->body();
	_exit(0);
}

static void run(const struct test *test)
{
	int status;

	say("%s", test->name);
	timed_out = 0;
	running = need(fork());
	if (running == 0)
		run_in_child(test);
	alarm(TEST_SECONDS);
	while (waitpid(running, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	kill(-running, SIGKILL);
	if (timed_out)
		say("  timed out");
	else if (status)
		say_status("test", status);
}

static void settle_surroundings(void)
{
	struct rlimit core;
	sigset_t none;

	for (int fd = 3; fd < 256; fd++)
		close(fd);
	close(STDIN_FILENO);
	open("/dev/null", O_RDONLY);
	umask(022);
	getrlimit(RLIMIT_CORE, &core);
	core.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &core);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
}

static void find_program(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char cwd[4096] = "";

	if (!name)
		name = "";
	if (name[0] != '/')
		getcwd(cwd, sizeof(cwd) - 1);
	snprintf(program_path, sizeof(program_path), "%s%s%s", cwd, cwd[0] ? "/" : "", name);
}

static bool is_probe(int argc, char **argv)
{
	const char *name = argc ? argv[0] : "";
	const char *slash = strrchr(name, '/');

	return !strncmp(slash ? slash + 1 : name, "probe", 5) || getenv("PROBE");
}

__attribute__((weak)) int probe(int argc, char **argv)
{
	return 97;
}

/* With arguments, run only the tests that they name. */
int main(int argc, char **argv)
{
	char folder[] = "tests-XXXXXX";

	if (is_probe(argc, argv))
		return probe(argc, argv);
	find_program();
	settle_surroundings();
	if (!mkdtemp(folder))
		need_success("mkdtemp", -1);
	need(chmod(folder, 0755));
	need(chdir(folder));
	on_signal(SIGALRM, give_up_on_test, 0);
	for (size_t i = 0; i < test_count; i++) {
		bool chosen = argc < 2;

		for (int arg = 1; arg < argc; arg++)
			chosen |= !strcmp(argv[arg], tests[i].name);
		if (chosen)
			run(&tests[i]);
	}
	need(chdir(".."));
	remove_tree(folder);
	return 0;
}
