/* tests/linux/signals.c: delivery, masks, actions, frames and faults. */
#include "common.h"

#include <poll.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

static volatile sig_atomic_t last_signal;

static void note_signal(int sig)
{
	caught++;
	last_signal = sig;
}

static sigset_t set_of(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sig)
		sigaddset(&set, sig);
	return set;
}

static void block(int sig)
{
	sigset_t set = set_of(sig);

	need(sigprocmask(SIG_BLOCK, &set, NULL));
}

static void unblock(int sig)
{
	sigset_t set = set_of(sig);

	need(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static bool is_blocked(int sig)
{
	sigset_t set;

	need(sigprocmask(SIG_BLOCK, NULL, &set));
	return sigismember(&set, sig);
}

static bool is_pending(int sig)
{
	sigset_t set;

	need(sigpending(&set));
	return sigismember(&set, sig);
}

TEST(each_signal_has_its_default_action)
{
	int status;

	for (int sig = 1; sig <= 64; sig++) {
		struct gate sent;
		pid_t child;

		if (sig == 32 || sig == 33)
			continue;
		gate_make(&sent);
		child = need(fork());
		if (child == 0) {
			gate_pass(&sent);
			syscall(SYS_tgkill, getpid(), getpid(), sig);
			_exit(0);
		}
		/* Job control does not stop members of orphaned groups. */
		need(setpgid(child, child));
		gate_open(&sent);
		waitpid(child, &status, WUNTRACED);
		say_status(signal_name(sig), status);
		if (WIFSTOPPED(status)) {
			kill(child, SIGCONT);
			report_exit("then", child);
		}
		close(sent.fds[0]);
		close(sent.fds[1]);
	}
}

TEST(every_signal_but_two_can_be_caught_and_ignored)
{
	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction action = { .sa_handler = note_signal };

		if (sig == 32 || sig == 33)
			continue;
		if (sigaction(sig, &action, NULL)) {
			say("  %s: cannot be caught: %s", signal_name(sig), errno_name(errno));
			report("ignoring", sigaction(sig, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL));
			report("default", sigaction(sig, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL));
			report("asking", sigaction(sig, NULL, &action));
			continue;
		}
		caught = last_signal = 0;
		raise(sig);
		if (caught != 1 || last_signal != sig)
			say("  %s: caught %d times, last %d", signal_name(sig), caught, last_signal);
		signal(sig, SIG_IGN);
		raise(sig);
		if (caught != 1)
			say("  %s: was not ignored", signal_name(sig));
	}
	report("sigaction(0)", syscall(SYS_rt_sigaction, 0, NULL, NULL, 8));
	report("sigaction(65)", syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
	report("sigaction(size 4)", syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
	report("sigaction(bad pointer)", syscall(SYS_rt_sigaction, SIGUSR1, unmapped_address(), NULL, 8));
}

TEST(sigaction_gives_the_old_action)
{
	struct sigaction action = { .sa_handler = note_signal, .sa_flags = SA_RESTART | SA_NODEFER }, old;

	sigaddset(&action.sa_mask, SIGUSR2);
	need(sigaction(SIGUSR1, &action, &old));
	claim("first was default", old.sa_handler == SIG_DFL);
	need(sigaction(SIGUSR1, NULL, &old));
	claim("now the handler", old.sa_handler == note_signal);
	say("  flags %#x", old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO | SA_RESETHAND | SA_ONSTACK));
	claim("mask has SIGUSR2", sigismember(&old.sa_mask, SIGUSR2));
}

TEST(blocked_signals_wait)
{
	on_signal(SIGUSR1, note_signal, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	report("caught while blocked", caught);
	claim("pending", is_pending(SIGUSR1));
	unblock(SIGUSR1);
	report("caught after", caught);
	claim("pending", is_pending(SIGUSR1));
}

TEST(ignored_signals_do_not_stay_pending)
{
	block(SIGUSR1);
	block(SIGCHLD);
	raise(SIGUSR1);
	claim("pending", is_pending(SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	claim("pending after ignoring", is_pending(SIGUSR1));
	raise(SIGUSR1);
	claim("raised while blocked and ignored", is_pending(SIGUSR1));
	raise(SIGCHLD);
	claim("SIGCHLD by default", is_pending(SIGCHLD));
}

TEST(masks_follow_how_they_are_changed)
{
	sigset_t set = set_of(SIGUSR1), old;

	report("SIG_BLOCK", sigprocmask(SIG_BLOCK, &set, &old));
	claim("old had it", sigismember(&old, SIGUSR1));
	claim("blocked", is_blocked(SIGUSR1));
	set = set_of(SIGUSR2);
	report("SIG_SETMASK", sigprocmask(SIG_SETMASK, &set, NULL));
	say("  SIGUSR1 %d, SIGUSR2 %d", is_blocked(SIGUSR1), is_blocked(SIGUSR2));
	report("SIG_UNBLOCK", sigprocmask(SIG_UNBLOCK, &set, NULL));
	say("  SIGUSR1 %d, SIGUSR2 %d", is_blocked(SIGUSR1), is_blocked(SIGUSR2));
	report("how 9", sigprocmask(9, &set, NULL));
	report("how 9 without a set", sigprocmask(9, NULL, &old));
	sigfillset(&set);
	need(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
	say("  all: SIGKILL %d, SIGSTOP %d, SIGTERM %d", is_blocked(SIGKILL), is_blocked(SIGSTOP), is_blocked(SIGTERM));
	report("bad size", syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 4));
	report("bad pointer", syscall(SYS_rt_sigprocmask, SIG_SETMASK, unmapped_address(), NULL, 8));
}

static int order[16];
static volatile sig_atomic_t order_count;

static void note_order(int sig)
{
	if (order_count < (int)COUNT_OF(order))
		order[order_count++] = sig;
}

TEST(realtime_signals_queue_in_order)
{
	sigset_t set;

	sigfillset(&set);
	for (int i = 0; i < 3; i++)
		on_signal(SIGRTMIN + i, note_order, 0);
	on_signal(SIGUSR1, note_order, 0);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGRTMIN + 2);
	raise(SIGRTMIN);
	raise(SIGUSR1);
	raise(SIGRTMIN + 2);
	raise(SIGUSR1);
	raise(SIGRTMIN + 1);
	raise(SIGRTMIN);
	/* One by one, since handlers nest when several become deliverable at once. */
	for (int got, i = 0; i < 8; i++) {
		struct timespec none = { 0, 0 };

		got = sigtimedwait(&set, NULL, &none);
		say("  taken: %s", got < 0 ? errno_name(errno) : signal_name(got));
	}
}

static void note_nesting(int sig)
{
	static volatile int depth, calls;

	depth++;
	calls++;
	say("  in %s at depth %d: SIGUSR1 blocked %d, SIGUSR2 blocked %d", signal_name(sig), depth,
		is_blocked(SIGUSR1), is_blocked(SIGUSR2));
	if (calls % 2)
		raise(SIGUSR1);
	depth--;
}

/* The handler sends its own signal once: it nests only where that is allowed. */
TEST(handler_runs_with_its_signal_and_mask_blocked)
{
	struct sigaction action = { .sa_handler = note_nesting };

	sigaddset(&action.sa_mask, SIGUSR2);
	need(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	say("  after: SIGUSR1 blocked %d, SIGUSR2 blocked %d", is_blocked(SIGUSR1), is_blocked(SIGUSR2));
	action.sa_flags = SA_NODEFER;
	sigemptyset(&action.sa_mask);
	need(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
}

TEST(resethand_catches_once)
{
	struct sigaction now;
	pid_t child;

	child = need(fork());
	if (child == 0) {
		on_signal(SIGUSR1, note_signal, SA_RESETHAND);
		raise(SIGUSR1);
		report("caught", caught);
		need(sigaction(SIGUSR1, NULL, &now));
		claim("action is default", now.sa_handler == SIG_DFL);
		raise(SIGUSR1);
		_exit(0);
	}
	report_exit("child", child);
}

static siginfo_t last_info;
static ucontext_t *last_context;

static void note_info(int sig, siginfo_t *info, void *context)
{
	caught++;
	last_info = *info;
	last_context = context;
}

static void on_siginfo(int sig, int flags)
{
	struct sigaction action = { .sa_sigaction = note_info, .sa_flags = SA_SIGINFO | flags };

	need(sigaction(sig, &action, NULL));
}

static void say_sender(const char *label)
{
	say("  %s: signo %s, code %d, errno %d, from me %d, uid is mine %d", label, signal_name(last_info.si_signo),
		last_info.si_code, last_info.si_errno, last_info.si_pid == getpid(), last_info.si_uid == getuid());
}

TEST(siginfo_tells_the_sender)
{
	union sigval value = { .sival_int = 4242 };

	on_siginfo(SIGUSR1, 0);
	on_siginfo(SIGRTMIN, 0);
	kill(getpid(), SIGUSR1);
	say_sender("kill");
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	say_sender("tgkill");
	report("sigqueue", sigqueue(getpid(), SIGRTMIN, value));
	say_sender("sigqueue");
	report("value", last_info.si_value.sival_int);
	report("sigqueue(65)", sigqueue(getpid(), 65, value));
	report("sigqueue(no such process)", sigqueue(NO_SUCH_PID, 0, value));
}

TEST(rt_sigqueueinfo_refuses_forged_codes)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE, .si_value.sival_int = 7 };
	pid_t parent = getpid(), child;

	on_siginfo(SIGUSR1, 0);
	report("SI_QUEUE to self", syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	say("  code %d, value %d", last_info.si_code, last_info.si_value.sival_int);
	report("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &info));
	say("  code %d, value %d", last_info.si_code, last_info.si_value.sival_int);
	child = need(fork());
	if (child == 0) {
		info.si_code = SI_USER;
		report("SI_USER to another", syscall(SYS_rt_sigqueueinfo, parent, SIGUSR1, &info));
		info.si_code = SI_TKILL;
		report("SI_TKILL to another", syscall(SYS_rt_sigqueueinfo, parent, SIGUSR1, &info));
		info.si_code = SI_KERNEL;
		report("SI_KERNEL to another", syscall(SYS_rt_sigqueueinfo, parent, SIGUSR1, &info));
		_exit(0);
	}
	report_exit("child", child);
	report("bad pointer", syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, unmapped_address()));
}

TEST(sigsuspend_waits_with_another_mask)
{
	sigset_t none = set_of(0);

	on_signal(SIGUSR1, note_signal, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	report("sigsuspend", sigsuspend(&none));
	report("caught", caught);
	claim("blocked again", is_blocked(SIGUSR1));
	report("bad size", syscall(SYS_rt_sigsuspend, &none, 4));
	report("bad pointer", syscall(SYS_rt_sigsuspend, unmapped_address(), 8));
}

TEST(sigtimedwait_takes_a_pending_signal)
{
	struct timespec none = { 0, 0 }, some = { 0, 30000000 }, bad = { 0, -1 };
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info;
	int64_t start;

	block(SIGUSR1);
	report("nothing pending", sigtimedwait(&set, &info, &none));
	raise(SIGUSR1);
	report("pending", sigtimedwait(&set, &info, &none));
	say("  signo %s, code %d", signal_name(info.si_signo), info.si_code);
	start = now_ns();
	report("30 ms", sigtimedwait(&set, &info, &some));
	claim("waited", now_ns() - start >= 30000000);
	report("bad timeout", sigtimedwait(&set, &info, &bad));
	report("bad pointer", syscall(SYS_rt_sigtimedwait, unmapped_address(), NULL, &none, 8));
	on_signal(SIGALRM, note_signal, 0);
	tick_every_ms(20);
	report("another signal", sigwaitinfo(&set, &info));
	tick_every_ms(0);
}

TEST(pause_returns_after_a_handler_only)
{
	on_signal(SIGALRM, note_signal, SA_RESTART);
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	tick_every_ms(20);
	report("pause", pause());
	tick_every_ms(0);
	claim("caught", caught >= 1);
}

static int interrupted_pipe[2];

static void write_at_third_tick(int sig)
{
	if (++caught == 3)
		write(interrupted_pipe[1], "x", 1);
}

TEST(slow_calls_are_interrupted_or_restarted)
{
	struct pollfd entry;
	char byte;

	need(pipe(interrupted_pipe));
	on_signal(SIGALRM, write_at_third_tick, 0);
	tick_every_ms(20);
	report("read", read(interrupted_pipe[0], &byte, 1));
	tick_every_ms(0);
	caught = 0;
	on_signal(SIGALRM, write_at_third_tick, SA_RESTART);
	tick_every_ms(20);
	report("read with SA_RESTART", read(interrupted_pipe[0], &byte, 1));
	tick_every_ms(0);
	claim("three ticks or more before it returned", caught >= 3);
	entry = (struct pollfd){ .fd = interrupted_pipe[0], .events = POLLIN };
	caught = 10;
	tick_every_ms(20);
	report("poll with SA_RESTART", poll(&entry, 1, -1));
	report("nanosleep with SA_RESTART", nanosleep(&(struct timespec){ 1000, 0 }, NULL));
	tick_every_ms(0);
}

TEST(interrupted_write_is_partial)
{
	static char block[200000];
	int fds[2];

	need(pipe(fds));
	on_signal(SIGALRM, note_signal, 0);
	tick_every_ms(20);
	report("write", write(fds[1], block, sizeof(block)));
	report("write when full", write(fds[1], block, 1));
	tick_every_ms(0);
}

TEST(nanosleep_tells_what_remains)
{
	struct timespec left = { -1, -1 };

	on_signal(SIGALRM, note_signal, 0);
	tick_every_ms(20);
	report("nanosleep(1000 s)", nanosleep(&(struct timespec){ 1000, 0 }, &left));
	tick_every_ms(0);
	claim("between 900 and 1000 s remain", left.tv_sec >= 900 && left.tv_sec < 1000);
}

TEST(stopping_and_continuing_restarts_a_sleep)
{
	struct gate ready;
	int status;
	pid_t child;

	gate_make(&ready);
	child = need(fork());
	if (child == 0) {
		gate_open(&ready);
		_exit(nanosleep(&(struct timespec){ 0, 100000000 }, NULL) ? 1 : 0);
	}
	gate_pass(&ready);
	need(kill(child, SIGSTOP));
	waitpid(child, &status, WUNTRACED);
	say_status("child", status);
	need(kill(child, SIGCONT));
	report_exit("child", child);
}

static char *alternate_stack;
static volatile bool on_alternate;

static void look_where_the_stack_is(int sig)
{
	char here;
	stack_t now;

	on_alternate = &here >= alternate_stack && &here < alternate_stack + 65536;
	need(sigaltstack(NULL, &now));
	say("  in %s: on it %d, flags %d", signal_name(sig), on_alternate, now.ss_flags);
	report("changing it in use", sigaltstack(&(stack_t){ .ss_sp = alternate_stack, .ss_size = 65536 }, NULL));
}

TEST(alternate_stack_is_used_when_asked)
{
	stack_t stack = { .ss_size = 65536 }, old;

	alternate_stack = malloc(65536);
	stack.ss_sp = alternate_stack;
	report("sigaltstack", sigaltstack(&stack, &old));
	say("  old flags %d", old.ss_flags);
	on_signal(SIGUSR1, look_where_the_stack_is, SA_ONSTACK);
	on_signal(SIGUSR2, look_where_the_stack_is, 0);
	raise(SIGUSR1);
	raise(SIGUSR2);
	stack.ss_size = 100;
	report("too small", sigaltstack(&stack, NULL));
	stack.ss_size = 65536;
	stack.ss_flags = 99;
	report("bad flags", sigaltstack(&stack, NULL));
	stack.ss_flags = SS_DISABLE;
	report("SS_DISABLE", sigaltstack(&stack, NULL));
	raise(SIGUSR1);
	report("bad pointer", syscall(SYS_sigaltstack, unmapped_address(), NULL));
}

static volatile bool grow = true;

static void grow_stack_for_ever(volatile char *outer)
{
	volatile char block[4096];

	block[0] = outer ? *outer : 1;
	if (grow)
		grow_stack_for_ever(block);
	block[1] = block[0];
}

static void survive_overflow(int sig)
{
	say("  caught %s on the alternate stack", signal_name(sig));
	_exit(5);
}

TEST(stack_overflow_is_caught_on_the_alternate_stack)
{
	struct rlimit limit = { 256 * 1024, 256 * 1024 };
	stack_t stack = { .ss_size = 65536 };
	pid_t child = need(fork());

	if (child == 0) {
		need(setrlimit(RLIMIT_STACK, &limit));
		stack.ss_sp = malloc(stack.ss_size);
		need(sigaltstack(&stack, NULL));
		on_signal(SIGSEGV, survive_overflow, SA_ONSTACK);
		grow_stack_for_ever(NULL);
	}
	report_exit("with alternate stack", child);
	child = need(fork());
	if (child == 0) {
		need(setrlimit(RLIMIT_STACK, &limit));
		on_signal(SIGSEGV, survive_overflow, 0);
		grow_stack_for_ever(NULL);
	}
	report_exit("without", child);
}

static void spoil_fpu(int sig)
{
	static const double junk[2] = { 1e300, -1e300 };
	static const unsigned csr = 0x7f80;

	__asm__ volatile("movupd %0, %%xmm0; movupd %0, %%xmm7; movupd %0, %%xmm15; ldmxcsr %1; fninit; fldpi; fldpi"
		: : "m"(junk), "m"(csr) : "xmm0", "xmm7", "xmm15");
	caught++;
}

TEST(floating_point_state_survives_a_handler)
{
	double in[2] = { 1.25, -2.5 }, out[3][2];
	unsigned csr = 0x3fa0, csr_out;
	unsigned short control = 0x0f7f, control_out;
	double on_fpu_stack = 0;
	long pid = getpid(), sig = SIGUSR1, result;

	on_signal(SIGUSR1, spoil_fpu, 0);
	__asm__ volatile(
		"ldmxcsr %[csr]; fninit; fldcw %[control]; fldl %[in];"
		"movupd %[in], %%xmm0; movupd %[in], %%xmm7; movupd %[in], %%xmm15;"
		"syscall;"
		"movupd %%xmm0, %[a]; movupd %%xmm7, %[b]; movupd %%xmm15, %[c];"
		"fstpl %[st]; fnstcw %[control_out]; stmxcsr %[csr_out]; fninit"
		: [a] "=m"(out[0]), [b] "=m"(out[1]), [c] "=m"(out[2]), [st] "=m"(on_fpu_stack),
		  [control_out] "=m"(control_out), [csr_out] "=m"(csr_out), "=a"(result)
		: "a"(SYS_kill), "D"(pid), "S"(sig), [in] "m"(in), [csr] "m"(csr), [control] "m"(control)
		: "rcx", "r11", "memory", "xmm0", "xmm7", "xmm15");
	report("kill", result);
	report("caught", caught);
	for (int i = 0; i < 3; i++)
		say("  register: %g %g", out[i][0], out[i][1]);
	say("  x87 %g, control word %#x, mxcsr %#x", on_fpu_stack, control_out, csr_out);
	csr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(csr));
}

TEST(registers_survive_a_handler)
{
	unsigned long regs[8];
	long pid = getpid(), sig = SIGUSR1, result;

	on_signal(SIGUSR1, spoil_fpu, 0);
	__asm__ volatile(
		"mov $0x1111111111111111, %%rbx; mov $0x2222222222222222, %%r8; mov $0x3333333333333333, %%r9;"
		"mov $0x4444444444444444, %%r10; mov $0x5555555555555555, %%r12; mov $0x6666666666666666, %%r13;"
		"mov $0x7777777777777777, %%r14; mov $0x888, %%rdx; stc; syscall;"
		"mov %%rbx, %[b]; mov %%r8, %[c]; mov %%r9, %[d]; mov %%r10, %[e];"
		"mov %%r12, %[f]; mov %%r13, %[g]; mov %%r14, %[h]; mov %%rdx, %[i]"
		: [b] "=m"(regs[0]), [c] "=m"(regs[1]), [d] "=m"(regs[2]), [e] "=m"(regs[3]),
		  [f] "=m"(regs[4]), [g] "=m"(regs[5]), [h] "=m"(regs[6]), [i] "=m"(regs[7]), "=a"(result)
		: "a"(SYS_kill), "D"(pid), "S"(sig)
		: "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "memory", "cc");
	report("kill", result);
	for (int i = 0; i < 8; i++)
		say("  %lx", regs[i]);
}

static void return_elsewhere(int sig, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;

	/* Step over the two-byte ud2 and hand a value back in rax. */
	frame->uc_mcontext.gregs[REG_RIP] += 2;
	frame->uc_mcontext.gregs[REG_RAX] = 777;
}

TEST(handler_may_edit_the_registers_it_returns_to)
{
	struct sigaction action = { .sa_sigaction = return_elsewhere, .sa_flags = SA_SIGINFO };
	long value = 1;

	need(sigaction(SIGILL, &action, NULL));
	__asm__ volatile("ud2" : "+a"(value));
	report("rax", value);
}

static void edit_mask(int sig, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;

	sigaddset(&frame->uc_sigmask, SIGUSR2);
}

TEST(handler_may_edit_the_mask_it_returns_to)
{
	struct sigaction action = { .sa_sigaction = edit_mask, .sa_flags = SA_SIGINFO };

	need(sigaction(SIGUSR1, &action, NULL));
	claim("before", is_blocked(SIGUSR2));
	raise(SIGUSR1);
	claim("after", is_blocked(SIGUSR2));
}

static sigjmp_buf escape;
static char *fault_address;

static void leave_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;

	say("    %s, code %d, address is right %d, trap %lld", signal_name(sig), info->si_code,
		info->si_addr == fault_address, (long long)frame->uc_mcontext.gregs[REG_TRAPNO]);
	siglongjmp(escape, 1);
}

static void catch_faults(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	struct sigaction action = { .sa_sigaction = leave_fault, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < COUNT_OF(sigs); i++)
		need(sigaction(sigs[i], &action, NULL));
}

static void fault_reading(const char *label, void *address)
{
	say("  %s", label);
	fault_address = address;
	if (!sigsetjmp(escape, 1))
		(void)*(volatile char *)address;
	else
		return;
	say("    no fault");
}

static void fault_writing(const char *label, void *address)
{
	say("  %s", label);
	fault_address = address;
	if (!sigsetjmp(escape, 1))
		*(volatile char *)address = 1;
	else
		return;
	say("    no fault");
}

TEST(faults_tell_address_and_reason)
{
	char *readonly = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *closed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *past_end;
	int fd = need(open("f", O_RDWR | O_CREAT, 0644));

	need(ftruncate(fd, 100));
	past_end = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	catch_faults();
	fault_reading("read of nothing mapped", unmapped_address());
	fault_writing("write to nothing mapped", unmapped_address());
	fault_reading("read of NULL", NULL);
	fault_writing("write to read-only memory", readonly + 123);
	fault_reading("read of PROT_NONE memory", closed + 5);
	fault_reading("read past the end of a file", past_end + 4096);
	fault_writing("write past the end of a file", past_end + 5000);
	fault_address = NULL;
	fault_reading("read of a non-canonical address", (void *)0x8000000000000000UL);
	fault_reading("read of a kernel address", KERNEL_ADDRESS);
}

static void say_and_leave(int sig, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;

	say("    %s, code %d, address is the instruction %d, trap %lld", signal_name(sig), info->si_code,
		info->si_addr == (void *)frame->uc_mcontext.gregs[REG_RIP],
		(long long)frame->uc_mcontext.gregs[REG_TRAPNO]);
	siglongjmp(escape, 1);
}

/* Unmasked SSE exceptions are left out: QEMU's TCG raises none. */
TEST(exceptions_become_signals)
{
	struct sigaction action = { .sa_sigaction = say_and_leave, .sa_flags = SA_SIGINFO };
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

	for (size_t i = 0; i < COUNT_OF(sigs); i++)
		need(sigaction(sigs[i], &action, NULL));
	say("  integer division by zero");
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idivl %%ecx" : : : "eax", "ecx", "edx");
	say("  integer overflow in division");
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("mov $-1, %%ecx; mov $0x80000000, %%eax; cltd; idivl %%ecx" : : : "eax", "ecx", "edx");
	say("  undefined instruction");
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("ud2");
	say("  privileged instruction");
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("hlt");
	say("  breakpoint");
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("int3");
	say("  software interrupt that is not offered");
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("int $0x40");
	say("  single step");
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" : : : "cc", "memory");
	say("  executing data");
	if (!sigsetjmp(escape, 1))
		((void (*)(void))mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))();
}

TEST(fault_while_blocked_or_ignored_kills)
{
	pid_t child = need(fork());

	if (child == 0) {
		on_signal(SIGSEGV, note_signal, 0);
		block(SIGSEGV);
		*(volatile char *)unmapped_address() = 1;
		_exit(0);
	}
	report_exit("blocked", child);
	child = need(fork());
	if (child == 0) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile char *)unmapped_address() = 1;
		_exit(0);
	}
	report_exit("ignored", child);
	child = need(fork());
	if (child == 0) {
		signal(SIGSEGV, SIG_IGN);
		raise(SIGSEGV);
		_exit(9);
	}
	report_exit("ignored and sent", child);
}

TEST(bad_frame_kills)
{
	pid_t child = need(fork());

	if (child == 0) {
		on_signal(SIGUSR1, note_signal, 0);
		__asm__ volatile(
			"mov %0, %%rsp; mov %1, %%edi; mov %2, %%esi; mov %3, %%eax; syscall"
			: : "r"((char *)unmapped_address() + 4096), "r"(getpid()), "r"(SIGUSR1), "r"((int)SYS_kill)
			: "rax", "rdi", "rsi", "rcx", "r11", "memory");
		_exit(0);
	}
	report_exit("no room for the frame", child);
	child = need(fork());
	if (child == 0) {
		static char zeroes[4096] __attribute__((aligned(64)));

		__asm__ volatile("mov %0, %%rsp; mov %1, %%eax; syscall"
			: : "r"(zeroes + 2048), "r"((int)SYS_rt_sigreturn) : "rax", "rcx", "r11", "memory");
		_exit(0);
	}
	report_exit("sigreturn from zeroes", child);
}

static void forge_context(int sig, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;

	if (sig == SIGUSR1)
		frame->uc_mcontext.gregs[REG_RIP] = 0x800000000000;
	else
		frame->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x20000;
}

TEST(sigreturn_cannot_gain_privilege)
{
	struct sigaction action = { .sa_sigaction = forge_context, .sa_flags = SA_SIGINFO };
	pid_t child = need(fork());
	unsigned long flags;

	need(sigaction(SIGUSR1, &action, NULL));
	need(sigaction(SIGUSR2, &action, NULL));
	if (child == 0) {
		need(sigaction(SIGUSR1, &action, NULL));
		raise(SIGUSR1);
		_exit(0);
	}
	report_exit("non-canonical rip", child);
	raise(SIGUSR2);
	__asm__ volatile("pushfq; pop %0" : "=r"(flags));
	say("  IOPL and VM bits after return: %#lx", flags & 0x23000);
}

TEST(sigkill_wins_over_everything)
{
	struct gate ready;
	pid_t child;

	gate_make(&ready);
	child = need(fork());
	if (child == 0) {
		sigset_t all;

		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		gate_open(&ready);
		for (;;)
			;
	}
	gate_pass(&ready);
	report("kill", kill(child, SIGKILL));
	report_exit("spinning child", child);
}

TEST(sigcont_clears_pending_stops_and_wakes_even_if_blocked)
{
	pid_t child;
	int status;

	child = need(fork());
	if (child == 0) {
		block(SIGTSTP);
		block(SIGCONT);
		raise(SIGTSTP);
		claim("SIGTSTP pending", is_pending(SIGTSTP));
		raise(SIGCONT);
		claim("SIGTSTP pending after SIGCONT", is_pending(SIGTSTP));
		claim("SIGCONT pending", is_pending(SIGCONT));
		raise(SIGTSTP);
		claim("SIGCONT pending after SIGTSTP", is_pending(SIGCONT));
		raise(SIGSTOP);
		_exit(4);
	}
	waitpid(child, &status, WUNTRACED);
	say_status("child", status);
	kill(child, SIGCONT);
	report_exit("child", child);
}

TEST(stop_signals_are_harmless_to_orphaned_groups)
{
	pid_t child = need(fork());

	if (child == 0) {
		setsid();
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		_exit(6);
	}
	report_exit("member of an orphaned group", child);
}

TEST(masks_and_pending_signals_over_fork)
{
	pid_t child;

	on_signal(SIGUSR1, note_signal, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	child = need(fork());
	if (child == 0) {
		claim("child: blocked", is_blocked(SIGUSR1));
		claim("child: pending", is_pending(SIGUSR1));
		unblock(SIGUSR1);
		report("child: caught", caught);
		raise(SIGUSR1);
		report("child: caught after raise", caught);
		_exit(0);
	}
	report_exit("child", child);
	claim("parent: pending", is_pending(SIGUSR1));
}

TEST(abort_kills_even_when_blocked_or_ignored)
{
	pid_t child = need(fork());

	if (child == 0) {
		signal(SIGABRT, SIG_IGN);
		block(SIGABRT);
		abort();
	}
	report_exit("child", child);
}

TEST(queue_of_realtime_signals_is_limited)
{
	struct rlimit limit = { 5, 5 };
	pid_t child = need(fork());
	int sent = 0;

	if (child == 0) {
		block(SIGRTMIN);
		need(setrlimit(RLIMIT_SIGPENDING, &limit));
		while (sent < 100 && !sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }))
			sent++;
		say("  stopped by %s", errno_name(errno));
		claim("at most the limit", sent <= 5);
		_exit(0);
	}
	report_exit("child", child);
}
