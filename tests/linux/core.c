/* tests/linux/core.c: core dumps: when there is one, what it is called and what is in it (man 5 core). */
#include "common.h"

#include <dirent.h>
#include <elf.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/user.h>

static void allow_cores(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = bytes;
	if (limit.rlim_max < bytes)
		limit.rlim_max = bytes;
	need(setrlimit(RLIMIT_CORE, &limit));
}

/* The name of the only core in the folder. */
static const char *find_core(void)
{
	static char name[256];
	DIR *d = opendir(".");
	struct dirent *e;

	name[0] = 0;
	while ((e = readdir(d))) {
		if (!strncmp(e->d_name, "core", 4))
			snprintf(name, sizeof(name), "%s", e->d_name);
	}
	closedir(d);
	return name;
}

/* Run @body in a child and tell how it ended. */
static void crash_in_child(const char *label, void (*body)(void))
{
	pid_t child = need(fork());
	int status;
	char text[100];

	if (!child) {
		body();
		_exit(0);
	}
	need(waitpid(child, &status, 0));
	snprintf(text, sizeof(text), "%s: %s%s", label, WIFSIGNALED(status) ? signal_name(WTERMSIG(status)) : "exited",
		WIFSIGNALED(status) && WCOREDUMP(status) ? ", core" : "");
	say("%s; file: %s", text, *find_core() ? "yes" : "no");
	if (*find_core())
		unlink(find_core());
}

static int signal_to_raise;

static void raise_it(void)
{
	raise(signal_to_raise);
}

static void write_to_nowhere(void)
{
	*(volatile int *)unmapped_address() = 1;
}

TEST(some_signals_dump_core)
{
	static const int signals[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS,
		SIGTERM, SIGKILL, SIGUSR1, SIGALRM, SIGHUP };

	allow_cores(RLIM_INFINITY);
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		signal_to_raise = signals[i];
		crash_in_child("raised", raise_it);
	}
	crash_in_child("fault", write_to_nowhere);
}

static void be_private(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	abort();
}

TEST(core_needs_limit_and_permission)
{
	allow_cores(0);
	crash_in_child("limit 0", abort);
	allow_cores(RLIM_INFINITY);
	crash_in_child("not dumpable", be_private);
	need(mkdir("core", 0755));
	signal_to_raise = SIGABRT;
	pid_t child = need(fork());
	if (!child)
		abort();
	report_exit("a folder has the name", child);
	need(rmdir("core"));
}

TEST(waitid_tells_of_the_core)
{
	siginfo_t info = { 0 };
	pid_t child;

	allow_cores(RLIM_INFINITY);
	child = need(fork());
	if (!child)
		abort();
	report("waitid", waitid(P_PID, (id_t)child, &info, WEXITED));
	claim("dumped", info.si_code == CLD_DUMPED);
	report("status", info.si_status);
}

/* ---- contents ---- */

static unsigned char *core_bytes;
static size_t core_len;

static void read_core(void)
{
	struct stat st;
	int fd = need(open(find_core(), O_RDONLY));

	need(fstat(fd, &st));
	say("mode %o, owner is %s", st.st_mode & 07777, st.st_uid == geteuid() ? "the user" : "another");
	core_len = (size_t)st.st_size;
	core_bytes = mmap(NULL, core_len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
}

static const Elf64_Phdr *headers(int *n)
{
	const Elf64_Ehdr *e = (const void *)core_bytes;

	*n = e->e_phnum;
	return (const void *)(core_bytes + e->e_phoff);
}

/* Call @fn for each note. */
static void for_each_note(void (*fn)(const char *owner, unsigned type, const void *data, size_t len))
{
	const Elf64_Phdr *ph;
	int n;

	ph = headers(&n);
	for (int i = 0; i < n; i++) {
		const unsigned char *at = core_bytes + ph[i].p_offset, *end = at + ph[i].p_filesz;

		while (ph[i].p_type == PT_NOTE && at < end) {
			const Elf64_Nhdr *nh = (const void *)at;
			const char *owner = (const char *)(nh + 1);
			const char *data = owner + ((nh->n_namesz + 3) & ~3u);

			fn(owner, nh->n_type, data, nh->n_descsz);
			at = (const unsigned char *)data + ((nh->n_descsz + 3) & ~3u);
		}
	}
}

/* The byte of the core at a program's address, or NULL. */
static const void *in_core(const volatile void *address, size_t len)
{
	uintptr_t a = (uintptr_t)address;
	const Elf64_Phdr *ph;
	int n;

	ph = headers(&n);
	for (int i = 0; i < n; i++) {
		if (ph[i].p_type == PT_LOAD && a >= ph[i].p_vaddr && a + len <= ph[i].p_vaddr + ph[i].p_filesz)
			return core_bytes + ph[i].p_offset + (a - ph[i].p_vaddr);
	}
	return NULL;
}

static volatile struct {
	char text[32];
	uint64_t numbers[4096];
} known = { "found in the core", { 0 } };
static char *heap_text, *shared_text;
static volatile unsigned *untouched;
static int nstatus;

static void show_note(const char *owner, unsigned type, const void *data, size_t len)
{
	const struct elf_prstatus *st = data;
	const struct elf_prpsinfo *ps = data;
	const struct user_regs_struct *regs;
	const siginfo_t *info = data;
	const uint64_t *words = data;
	const char *names;
	int found = 0;

	switch (type) {
	case NT_PRSTATUS:
		regs = (const void *)st->pr_reg;
		say("%s PRSTATUS %zu: signal %d, code %d, cursig %d, rbx %llx, cs %llx, ss %llx", owner, len, st->pr_info.si_signo,
			st->pr_info.si_code, st->pr_cursig, nstatus ? 0 : regs->rbx, regs->cs, regs->ss);
		claim("stack is in the core", in_core((void *)regs->rsp, 8) != NULL);
		claim("an address is in a program's range", regs->rip < 1ull << 47 && regs->rip > 4096);
		claim("thread pointer", regs->fs_base != 0);
		nstatus++;
		break;
	case NT_PRPSINFO:
		say("%s PRPSINFO %zu: state %c, name %s, group %s", owner, len, ps->pr_sname, ps->pr_fname,
			ps->pr_uid == getuid() ? "ok" : "wrong");
		break;
	case NT_SIGINFO:
		say("%s SIGINFO %zu: %s, code %d, address %s", owner, len, signal_name(info->si_signo), info->si_code,
			info->si_addr == unmapped_address() ? "ok" : "wrong");
		break;
	case NT_AUXV:
		for (size_t i = 0; i + 1 < len / 8; i += 2)
			found += words[i] == AT_PHDR || words[i] == AT_ENTRY || words[i] == AT_PAGESZ;
		say("%s AUXV: %d known", owner, found);
		break;
	case NT_FILE:
		names = (const char *)(words + 2 + 3 * words[0]);
		for (uint64_t i = 0; i < words[0]; i++, names += strlen(names) + 1)
			found += !strcmp(names, program_path);
		say("%s FILE: page %d, program is there: %s", owner, (int)words[1], found ? "yes" : "no");
		break;
	case NT_FPREGSET:
		say("%s FPREGSET %zu: mxcsr %x", owner, len, ((const struct user_fpregs_struct *)data)->mxcsr);
		break;
	case NT_X86_XSTATE:
		claim("XSTATE has room for its header", len >= 576);
		claim("XCR0 is told", *(const uint64_t *)((const char *)data + 464) & 3);
		break;
	default:
		break;
	}
}

static void prepare_memory(void)
{
	heap_text = malloc(100000);
	strcpy(heap_text + 90000, "on the heap");
	shared_text = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(shared_text, "shared");
	untouched = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	known.numbers[4095] = 0x1234567890abcdefull;
}

TEST(core_holds_registers_memory_and_notes)
{
	const Elf64_Ehdr *e;
	pid_t child;

	allow_cores(RLIM_INFINITY);
	prepare_memory();
	prctl(PR_SET_NAME, "dumper");
	child = need(fork());
	if (!child)
		__asm__ volatile("mov $0x1122334455667788, %%rbx; movl $1, (%0)" : : "r"(unmapped_address()) : "rbx");
	report_exit("child", child);
	read_core();
	e = (const void *)core_bytes;
	say("%.3s class %d type %d machine %d", e->e_ident + 1, e->e_ident[EI_CLASS], e->e_type, e->e_machine);
	for_each_note(show_note);
	say("text: %s", (const char *)in_core(&known, 32));
	claim("number", *(const uint64_t *)in_core(&known.numbers[4095], 8) == 0x1234567890abcdefull);
	say("heap: %s", (const char *)in_core(heap_text + 90000, 12));
	say("shared: %s", (const char *)in_core(shared_text, 7));
	claim("untouched memory is left out", !in_core(untouched + 1000, 4));
}

static void *wait_in_kernel(void *ready)
{
	gate_open(ready);
	pause();
	return NULL;
}

static void count_note(const char *owner, unsigned type, const void *data, size_t len)
{
	const struct elf_prstatus *st = data;

	if (type != NT_PRSTATUS)
		return;
	claim("first is the one that crashed", nstatus++ || st->pr_pid == *(pid_t *)shared_text);
	claim("its stack is there", in_core((void *)((const struct user_regs_struct *)st->pr_reg)->rsp, 8));
}

static void *crash_here(void *unused)
{
	*(pid_t *)shared_text = (pid_t)syscall(SYS_gettid);
	write_to_nowhere();
	return NULL;
}

TEST(core_holds_every_thread)
{
	struct gate ready;
	pthread_t thread;
	pid_t child;

	allow_cores(RLIM_INFINITY);
	prepare_memory();
	gate_make(&ready);
	child = need(fork());
	if (!child) {
		for (int i = 0; i < 3; i++) {
			pthread_create(&thread, NULL, wait_in_kernel, &ready);
			gate_pass(&ready);
		}
		pthread_create(&thread, NULL, crash_here, NULL);
		wait_for_ever(NULL);
	}
	report_exit("child", child);
	read_core();
	for_each_note(count_note);
	report("threads", nstatus);
}

static void write_filter(const char *text)
{
	int fd = need(open("/proc/self/coredump_filter", O_WRONLY));

	report("write the filter", write(fd, text, strlen(text)));
	close(fd);
}

static void say_filter(void)
{
	char text[32] = "";
	int fd = need(open("/proc/self/coredump_filter", O_RDONLY));

	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	say("filter: %.8s", text);
}

TEST(filter_chooses_memory)
{
	pid_t child;

	allow_cores(RLIM_INFINITY);
	prepare_memory();
	say_filter();
	write_filter("0x10\n");
	say_filter();
	child = need(fork());
	if (!child) {
		say_filter();
		write_to_nowhere();
	}
	report_exit("child", child);
	read_core();
	claim("heap is left out", !in_core(heap_text + 90000, 1));
	claim("shared memory is left out", !in_core(shared_text, 1));
	unlink(find_core());
	write_filter("2");
	child = need(fork());
	if (!child)
		write_to_nowhere();
	report_exit("child", child);
	read_core();
	claim("heap is left out", !in_core(heap_text + 90000, 1));
	claim("shared memory is there", in_core(shared_text, 1) != NULL);
	write_filter("junk");
}

TEST(core_is_cut_at_its_limit)
{
	struct stat st;

	allow_cores(16384);
	prepare_memory();
	pid_t child = need(fork());
	int status;

	if (!child)
		write_to_nowhere();
	need(waitpid(child, &status, 0));
	claim("core bit", WCOREDUMP(status));
	need(stat(find_core(), &st));
	claim("no longer than allowed", st.st_size <= 16384);
}
