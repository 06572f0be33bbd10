/* kernel/lowlevel/src/dump.c: registers and backtraces for people. */
#include <lowlevel/cpu.h>
#include <lowlevel/trap.h>
#include <nucleus/log.h>

#define MAX_FRAMES 24
#define KERNEL_HALF 0xffff800000000000ull

static void print_address(const char *what, uint64_t rip)
{
	uint64_t offset = 0;
	const char *name = rip >= KERNEL_HALF ? ksym_lookup(rip, &offset) : NULL;

	log_raw("%s %016llx %s+%llxh\n", what, (unsigned long long)rip, name ? name : "?", (unsigned long long)offset);
}

void backtrace_dump(uint64_t rbp, uint64_t rip)
{
	log_raw("--- backtrace\n");
	print_address("  ", rip);
	for (int i = 0; i < MAX_FRAMES && rbp >= KERNEL_HALF && !(rbp & 7); i++) {
		const uint64_t *frame = (const uint64_t *)(uintptr_t)rbp;

		if (frame[1] < KERNEL_HALF)
			break;
		print_address("  ", frame[1]);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

void trap_dump(const struct trap_frame *f)
{
	log_raw("--- registers, CPU %u\n", cpu_index());
	log_raw("rip %016llx rsp %016llx rflags %08llx cs %02llx ss %02llx\n", (unsigned long long)f->rip,
		(unsigned long long)f->rsp, (unsigned long long)f->rflags, (unsigned long long)f->cs, (unsigned long long)f->ss);
	log_raw("rax %016llx rbx %016llx rcx %016llx rdx %016llx\n", (unsigned long long)f->rax,
		(unsigned long long)f->rbx, (unsigned long long)f->rcx, (unsigned long long)f->rdx);
	log_raw("rsi %016llx rdi %016llx rbp %016llx r8  %016llx\n", (unsigned long long)f->rsi,
		(unsigned long long)f->rdi, (unsigned long long)f->rbp, (unsigned long long)f->r8);
	log_raw("r9  %016llx r10 %016llx r11 %016llx r12 %016llx\n", (unsigned long long)f->r9,
		(unsigned long long)f->r10, (unsigned long long)f->r11, (unsigned long long)f->r12);
	log_raw("r13 %016llx r14 %016llx r15 %016llx\n", (unsigned long long)f->r13,
		(unsigned long long)f->r14, (unsigned long long)f->r15);
	log_raw("cr2 %016llx cr3 %016llx vector %llu error %llxh\n", (unsigned long long)read_cr2(),
		(unsigned long long)read_cr3(), (unsigned long long)f->vector, (unsigned long long)f->error);
}
