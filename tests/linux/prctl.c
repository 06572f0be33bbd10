/* tests/linux/prctl.c: settings of threads and processes, and what a fault tells its handler. */
#include "common.h"

#include <linux/capability.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ucontext.h>

static long ask(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return syscall(SYS_prctl, option, a, b, c, d);
}

static void report_int(const char *label, int option)
{
	int value = -77;

	report(label, ask(option, (unsigned long)&value, 0, 0, 0));
	say("  value %d", value);
}

TEST(settings_of_a_process_are_kept)
{
	report("dumpable", ask(PR_GET_DUMPABLE, 0, 0, 0, 0));
	report("set 0", ask(PR_SET_DUMPABLE, 0, 0, 0, 0));
	report("dumpable", ask(PR_GET_DUMPABLE, 0, 0, 0, 0));
	report("set 2", ask(PR_SET_DUMPABLE, 2, 0, 0, 0));
	report("death signal 65", ask(PR_SET_PDEATHSIG, 65, 0, 0, 0));
	report("death signal", ask(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0));
	report_int("death signal", PR_GET_PDEATHSIG);
	report("death signal at a bad address", ask(PR_GET_PDEATHSIG, (unsigned long)unmapped_address(), 0, 0, 0));
	report("subreaper", ask(PR_SET_CHILD_SUBREAPER, 5, 0, 0, 0));
	report_int("subreaper", PR_GET_CHILD_SUBREAPER);
	report("huge pages", ask(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	report("no huge pages", ask(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	report("huge pages", ask(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	report("with more arguments", ask(PR_GET_THP_DISABLE, 1, 0, 0, 0));
}

TEST(settings_of_credentials_check_their_arguments)
{
	report("no new privileges", ask(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	report("with more arguments", ask(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
	report("set to 0", ask(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	report("set to 1 with more", ask(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
	report("set to 1", ask(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	report("no new privileges", ask(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	report("keep capabilities", ask(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	report("set to 2", ask(PR_SET_KEEPCAPS, 2, 0, 0, 0));
	report("set to 1", ask(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	report("keep capabilities", ask(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	report("bounding set of CHOWN", ask(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0));
	report("of no capability", ask(PR_CAPBSET_READ, 99, 0, 0, 0));
	report("ambient CHOWN", ask(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
	report("ambient of none", ask(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 99, 0, 0));
	report("ambient with more", ask(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 1, 0));
	report("unknown ambient", ask(PR_CAP_AMBIENT, 77, CAP_CHOWN, 0, 0));
	report("clear ambient", ask(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

static long write_oom_score(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	long n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int error = errno;

	close(fd);
	errno = error;
	return n;
}

static void say_oom_score(void)
{
	char text[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDONLY);

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	text[strcspn(text, "\n")] = 0;
	say("  oom_score_adj %s", text);
}

TEST(oom_score_goes_up_for_everybody)
{
	report("300", write_oom_score("300\n"));
	say_oom_score();
	report("1000", write_oom_score("1000"));
	report("1001", write_oom_score("1001"));
	report("-1001", write_oom_score("-1001"));
	report("junk", write_oom_score("much"));
	say_oom_score();
}

static void *look_at_slack(void *unused)
{
	report("slack of a new thread", ask(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	return NULL;
}

TEST(settings_of_a_thread_are_kept)
{
	pthread_t thread;
	char name[16];

	report("slack", ask(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	report("set", ask(PR_SET_TIMERSLACK, 1234, 0, 0, 0));
	report("slack", ask(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	pthread_create(&thread, NULL, look_at_slack, NULL);
	pthread_join(thread, NULL);
	report("set a name", ask(PR_SET_NAME, (unsigned long)"0123456789abcdefgh", 0, 0, 0));
	report("name", ask(PR_GET_NAME, (unsigned long)name, 0, 0, 0));
	say("%s", name);
	report("name at a bad address", ask(PR_SET_NAME, (unsigned long)unmapped_address(), 0, 0, 0));
	report("get at a bad address", ask(PR_GET_NAME, (unsigned long)unmapped_address(), 0, 0, 0));
	report_int("time stamp counter", PR_GET_TSC);
	report("enable it", ask(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0));
	report("some other mode", ask(PR_SET_TSC, 7, 0, 0, 0));
	report("timing", ask(PR_GET_TIMING, 0, 0, 0, 0));
	report("set it", ask(PR_SET_TIMING, PR_TIMING_STATISTICAL, 0, 0, 0));
	report("exact timing", ask(PR_SET_TIMING, PR_TIMING_TIMESTAMP, 0, 0, 0));
	report("machine checks", ask(PR_MCE_KILL_GET, 0, 0, 0, 0));
	report("with more arguments", ask(PR_MCE_KILL_GET, 1, 0, 0, 0));
	report("default", ask(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
	report("what there is not", ask(PR_MCE_KILL, 7, 0, 0, 0));
	report("unknown", ask(12345, 0, 0, 0, 0));
	report("of another machine", ask(PR_GET_FPEMU, (unsigned long)name, 0, 0, 0));
}

/* ---- faults ---- */

static volatile uintptr_t fault_at;
static volatile int step;

static void tell_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;

	say("%s: code %d, trap %lld, error %lld, address %s, cr2 %s", signal_name(sig), info->si_code, r[REG_TRAPNO], r[REG_ERR],
		(uintptr_t)info->si_addr == fault_at ? "of the access" :
		(uintptr_t)info->si_addr == (uintptr_t)r[REG_RIP] ? "of the instruction" : info->si_addr ? "another" : "none",
		(uintptr_t)r[REG_CR2] == fault_at ? "of the access" : "another");
	/* Each test leaves by the address it put in r15, with the stack as it was. */
	r[REG_RIP] = r[REG_R15];
	r[REG_RSP] = r[REG_R14];
	if (step++ > 20)
		_exit(1);
	r[REG_RAX] = 4711;
	r[REG_EFL] &= ~0x100ll;
}

/* Run an instruction that faults; the handler goes on at 1: and leaves its mark in rax. */
#define FAULT(instruction, ...) \
	({ \
		unsigned long result_; \
		__asm__ volatile("lea 1f(%%rip), %%r15\n\tmov %%rsp, %%r14\n\t" instruction "\n1:" : "=a"(result_) : __VA_ARGS__ \
			: "r14", "r15", "rdx", "memory", "cc"); \
		result_; \
	})

static void catch_faults(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	struct sigaction action = { .sa_sigaction = tell_fault, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaction(signals[i], &action, NULL);
}

TEST(page_faults_tell_all)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = need(open("short", O_RDWR | O_CREAT, 0644));
	char *beyond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	catch_faults();
	fault_at = (uintptr_t)unmapped_address();
	report("read nothing", FAULT("mov (%1), %%rax", "r"(fault_at)));
	report("write nothing", FAULT("movl $1, (%1)", "r"(fault_at)));
	fault_at = (uintptr_t)page;
	claim("page reads as zero", *(volatile char *)page == 0);
	report("write read-only", FAULT("movl $1, (%1)", "r"(fault_at)));
	fault_at = (uintptr_t)beyond;
	report("beyond the end of a file", FAULT("mov (%1), %%rax", "r"(fault_at)));
	*code = (char)0xc3;
	fault_at = (uintptr_t)code;
	report("execute data", FAULT("sub $256, %%rsp\n\tcall *%1", "r"(fault_at)));
	fault_at = 1;
	report("address that is none", FAULT("mov (%1), %%rax", "r"(0x8000000000000000ul)));
	report("privileged instruction", FAULT("hlt", "a"(0)));
	report("kernel memory", (fault_at = (uintptr_t)KERNEL_ADDRESS, FAULT("mov (%1), %%rax", "r"(fault_at))));
}

TEST(exceptions_tell_all)
{
	catch_faults();
	fault_at = 1;
	report("division by zero", FAULT("xor %%edx, %%edx\n\txor %%ecx, %%ecx\n\tdiv %%ecx", "a"(1), "c"(0)));
	report("undefined instruction", FAULT("ud2", "a"(0)));
	report("breakpoint", FAULT("int3", "a"(0)));
	report("single step", FAULT("sub $256, %%rsp\n\tpushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tnop\n\tnop", "a"(0)));
}

static void disarm(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	stack_t now;

	sigaltstack(NULL, &now);
	say("in the handler: flags %x, size %s", (unsigned)now.ss_flags, now.ss_size ? "kept" : "0");
	say("saved: flags %x, size %s", (unsigned)uc->uc_stack.ss_flags, uc->uc_stack.ss_size ? "kept" : "0");
	if (step++ == 0)
		raise(sig);
}

TEST(autodisarm_frees_the_stack_in_a_handler)
{
	static char stack[65536];
	stack_t mine = { .ss_sp = stack, .ss_size = sizeof(stack), .ss_flags = (int)(1u << 31) }, after;
	struct sigaction action = { .sa_sigaction = disarm, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaction(SIGUSR1, &action, NULL);
	report("set", sigaltstack(&mine, NULL));
	raise(SIGUSR1);
	sigaltstack(NULL, &after);
	say("afterwards: flags %x, size %s", (unsigned)after.ss_flags, after.ss_size ? "kept" : "0");
}
