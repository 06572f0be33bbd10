/* tests/linux/rseq.c: restartable sequences, membarrier, the vDSO and where programs lie. */
#include "common.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/time.h>

#define SIGNATURE 0x53053053

/* One register of our own: glibc's is taken away first. */
struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t rseq_cs;
	uint32_t flags, node_id, mm_cid, padding;
} __attribute__((aligned(32)));

static struct area area;

static long rseq(void *address, unsigned bytes, int flags, unsigned signature)
{
	return syscall(SYS_rseq, address, bytes, flags, signature);
}

/* In a child without glibc's registration: threads made by clone() alone have none. */
static void in_plain_thread(void (*body)(void))
{
	static char stack[65536] __attribute__((aligned(16)));
	int status;
	pid_t child = clone((int (*)(void *))(void *)body, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	waitpid(child, &status, 0);
	say_status("thread", status);
}

static void register_badly(void)
{
	report("odd address", rseq((char *)&area + 4, 32, 0, SIGNATURE));
	report("short", rseq(&area, 16, 0, SIGNATURE));
	report("flags", rseq(&area, 32, 2, SIGNATURE));
	report("kernel memory", rseq((void *)0xffff800000000000, 32, 0, SIGNATURE));
	report("unregister before", rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
	report("register", rseq(&area, 32, 0, SIGNATURE));
	claim("cpu is shown", area.cpu_id == area.cpu_id_start && area.cpu_id < 1024);
	report("again", rseq(&area, 32, 0, SIGNATURE));
	report("again, another signature", rseq(&area, 32, 0, SIGNATURE + 1));
	report("again, another address", rseq(&area + 1, 32, 0, SIGNATURE));
	report("unregister, another signature", rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE + 1));
	report("unregister and more", rseq(&area, 32, RSEQ_FLAG_UNREGISTER | 2, SIGNATURE));
	report("unregister", rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
	claim("no cpu is shown", area.cpu_id == (uint32_t)RSEQ_CPU_ID_UNINITIALIZED && !area.cpu_id_start);
	_exit(0);
}

TEST(registering_checks_everything)
{
	in_plain_thread(register_badly);
}

/* Spin in a critical section until something sends us out. Returns how often we were sent. */
static uint64_t spin_in_section(void)
{
	uint64_t aborted = 0;

	__asm__ volatile(
		".pushsection __rseq_cs, \"aw\"\n\t"
		".balign 32\n"
		"3:\t.long 0, 0\n\t.quad 1f, 2f - 1f, 4f\n\t"
		".popsection\n\t"
		"leaq 3b(%%rip), %%rax\n\t"
		"movq %%rax, %1\n"
		"1:\tpause\n\t"
		"jmp 1b\n"
		"2:\n\t"
		".long 0x53053053\n"
		"4:\tincq %0\n\t"
		: "+r"(aborted), "=m"(area.rseq_cs) : : "rax", "memory");
	return aborted;
}

static volatile sig_atomic_t handled;

static void on_alarm(int sig)
{
	handled = 1;
	say("  handler: the section is left: %s", area.rseq_cs ? "no" : "yes");
}

static void abort_by_signal(void)
{
	struct itimerval soon = { .it_value.tv_usec = 20000 };

	rseq(&area, 32, 0, SIGNATURE);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &soon, NULL);
	/* Somebody else may have needed the processor before. */
	while (!handled)
		spin_in_section();
	claim("the section is forgotten", !area.rseq_cs);
	_exit(0);
}

TEST(a_signal_aborts_the_section)
{
	in_plain_thread(abort_by_signal);
}

static void abort_by_preemption(void)
{
	cpu_set_t one;
	pid_t rival;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	rival = fork();
	if (!rival)
		for (;;)
			;
	rseq(&area, 32, 0, SIGNATURE);
	report("aborted", (long)spin_in_section());
	kill(rival, SIGKILL);
	waitpid(rival, NULL, 0);
	_exit(0);
}

TEST(losing_the_processor_aborts_the_section)
{
	in_plain_thread(abort_by_preemption);
}

static struct rseq_cs section;

static void run_bad_section(void)
{
	rseq(&area, 32, 0, SIGNATURE);
	area.rseq_cs = (uint64_t)(uintptr_t)&section;
	for (volatile int i = 0; i < 10000; i++)
		sched_yield();
	raise(SIGUSR1);
	_exit(0);
}

static void try_bad_section(const char *what, struct rseq_cs cs)
{
	say("%s", what);
	section = cs;
	signal(SIGUSR1, on_alarm);
	in_plain_thread(run_bad_section);
}

TEST(a_section_that_makes_no_sense_is_sigsegv)
{
	uint64_t here = (uint64_t)(uintptr_t)run_bad_section;

	try_bad_section("version", (struct rseq_cs){ .version = 1 });
	try_bad_section("abort inside", (struct rseq_cs){ .start_ip = here, .post_commit_offset = 16, .abort_ip = here + 8 });
	try_bad_section("no signature", (struct rseq_cs){ .start_ip = here, .post_commit_offset = 1, .abort_ip = here + 64 });
	try_bad_section("abort in the kernel", (struct rseq_cs){ .start_ip = here, .post_commit_offset = 1, .abort_ip = ~0ull });
}

static void *registered_cpu(void *unused)
{
	return (void *)(long)(sched_getcpu() >= 0);
}

TEST(glibc_registers_every_thread)
{
	pthread_t thread;
	void *result;

	report("rseq is taken", rseq(&area, 32, 0, SIGNATURE));
	pthread_create(&thread, NULL, registered_cpu, NULL);
	pthread_join(thread, &result);
	claim("a thread knows its cpu", result);
}

TEST(a_forked_child_keeps_the_registration)
{
	pid_t child = fork();

	if (!child) {
		claim("cpu", sched_getcpu() >= 0);
		report("still taken", rseq(&area, 32, 0, SIGNATURE));
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static long membarrier(int command, unsigned flags, int cpu)
{
	return syscall(SYS_membarrier, command, flags, cpu);
}

TEST(membarrier_wants_to_be_enlisted_for)
{
	long commands = membarrier(MEMBARRIER_CMD_QUERY, 0, 0);

	report("the first nine commands", commands & 511);
	report("query with flags", membarrier(MEMBARRIER_CMD_QUERY, 1, 0));
	report("nonsense", membarrier(3, 0, 0));
	report("global", membarrier(MEMBARRIER_CMD_GLOBAL, 0, 0));
	report("global expedited", membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0));
	report("private, not enlisted", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	report("core, not enlisted", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
	report("rseq, not enlisted", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0));
	report("enlist", membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	report("private", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	report("private with flags", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0));
	report("core, still not", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
	report("enlist core", membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
	report("core", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
	report("enlist rseq", membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0));
	report("rseq", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0));
	report("rseq on a cpu", membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 1, 0));
	report("enlist global", membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0));
}

/* ---- the vDSO ---- */

struct vdso {
	uintptr_t base;
	const Elf64_Sym *symbols;
	const char *names;
	const uint16_t *versions;
	const uint32_t *hash;
};

static void read_dynamic(struct vdso *v, const Elf64_Dyn *dynamic)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		void *at = (void *)(v->base + dynamic->d_un.d_ptr);

		if (dynamic->d_tag == DT_SYMTAB)
			v->symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			v->names = at;
		else if (dynamic->d_tag == DT_VERSYM)
			v->versions = at;
		else if (dynamic->d_tag == DT_HASH)
			v->hash = at;
	}
}

static void vdso_open(struct vdso *v)
{
	const Elf64_Ehdr *header = (void *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Phdr *ph;

	need(header ? 0 : -1);
	need(memcmp(header->e_ident, ELFMAG, SELFMAG) ? -1 : 0);
	v->base = (uintptr_t)header;
	ph = (void *)(v->base + header->e_phoff);
	for (int i = 0; i < header->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			read_dynamic(v, (void *)(v->base + ph[i].p_vaddr));
}

static void *vdso_find(const struct vdso *v, const char *name)
{
	for (uint32_t i = 0; i < v->hash[1]; i++)
		if (v->symbols[i].st_shndx && !strcmp(v->names + v->symbols[i].st_name, name))
			return (void *)(v->base + v->symbols[i].st_value);
	return NULL;
}

static int64_t nanoseconds(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static void compare_clock(int (*get)(int, struct timespec *), int clock)
{
	struct timespec before, inside, after;
	int err;

	syscall(SYS_clock_gettime, clock, &before);
	err = get(clock, &inside);
	syscall(SYS_clock_gettime, clock, &after);
	say("  clock %d: %d, in order: %s", clock, err,
		nanoseconds(&before) <= nanoseconds(&inside) && nanoseconds(&inside) <= nanoseconds(&after) ? "yes" : "no");
}

TEST(the_vdso_tells_what_the_kernel_tells)
{
	static const char *const names[] = { "clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu" };
	int (*get)(int, struct timespec *), (*resolution)(int, struct timespec *);
	struct vdso v = { 0 };
	struct timespec t;
	char full[32];

	vdso_open(&v);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(full, sizeof(full), "__vdso_%s", names[i]);
		say("  %s: %s", names[i], vdso_find(&v, full) && vdso_find(&v, full) == vdso_find(&v, names[i]) ? "both" : "no");
	}
	get = vdso_find(&v, "__vdso_clock_gettime");
	resolution = vdso_find(&v, "__vdso_clock_getres");
	for (int clock = 0; clock < 8; clock++)
		compare_clock(get, clock);
	report("no such clock", get(77, &t));
	report("resolution", resolution(CLOCK_MONOTONIC, &t) + t.tv_nsec);
	report("resolution to nobody", resolution(CLOCK_MONOTONIC, NULL));
	report("resolution of no clock", resolution(77, &t));
}

TEST(the_clock_page_is_not_for_writing)
{
	char *page = (char *)getauxval(AT_SYSINFO_EHDR);
	int found = 0;
	char line[256];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), maps))
		found += strstr(line, "[vdso]") && strstr(line, "r-xp");
	fclose(maps);
	report("[vdso] in maps", found);
	report_ok("the page below may not be made writable", mprotect(page - 4096, 4096, PROT_READ | PROT_WRITE) < 0);
}

/* ---- addresses ---- */

static void print_stack_and_heap(char *const argv[])
{
	fflush(stdout);
	execv("/proc/self/exe", argv);
}

static void probe_addresses(int argc, char **argv)
{
	int local;

	dprintf(1, "%p %p %p\n", (void *)&local, sbrk(0), mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	_exit(0);
}

static void addresses(char *out, size_t bytes)
{
	char *argv[] = { "addresses", NULL };
	int pipe_fds[2];
	ssize_t got;

	need(pipe(pipe_fds));
	if (!fork()) {
		dup2(pipe_fds[1], 1);
		print_stack_and_heap(argv);
		_exit(1);
	}
	close(pipe_fds[1]);
	got = read(pipe_fds[0], out, bytes - 1);
	out[got > 0 ? got : 0] = '\0';
	close(pipe_fds[0]);
	wait(NULL);
}

__attribute__((constructor(101))) static void probe_if_asked(int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "addresses"))
		probe_addresses(argc, argv);
}

TEST(addresses_are_random_unless_the_personality_says_otherwise)
{
	char one[128], two[128];

	report("personality", personality(0xffffffff));
	addresses(one, sizeof(one));
	addresses(two, sizeof(two));
	claim("two runs differ", strcmp(one, two));
	report("set", personality(ADDR_NO_RANDOMIZE));
	report("get", personality(0xffffffff));
	addresses(one, sizeof(one));
	addresses(two, sizeof(two));
	claim("two runs are alike", !strcmp(one, two));
	claim("the stack lies at the top", !strncmp(one, "0x7ffffff", 9));
	report("back", personality(0));
}
