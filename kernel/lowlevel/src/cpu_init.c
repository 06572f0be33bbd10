/* kernel/lowlevel/src/cpu_init.c: descriptor tables, syscall registers and protection bits of one CPU. */
#include <lowlevel/cpu.h>
#include <lowlevel/trap.h>
#include <nucleus/log.h>
#include <string.h>

#define NIST 4	/* NMI, #DF, #MC, #DB */
#define IST_BYTES 8192	/* as in entry.S */

#define CR0_WP (1u << 16)
#define CR0_MP (1u << 1)
#define CR0_EM (1u << 2)
#define CR0_TS (1u << 3)
#define CR0_NE (1u << 5)
#define CR4_OSFXSR (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_UMIP (1u << 11)
#define CR4_FSGSBASE (1u << 16)
#define CR4_PGE (1u << 7)
#define CR4_SMEP (1u << 20)
#define EFER_SCE 1u
#define EFER_NXE (1u << 11)
/* Power-on's table (SDM 3A, table 11-12), but entry 1, write-through, is write-combining. */
#define PAT_WITH_WRITE_COMBINING 0x0007040600070106ull
#define RFLAGS_SYSCALL_MASK 0x257fd5u	/* everything but the reserved bit: IF, DF, TF, AC, NT, IOPL … */

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __packed;

struct gate { uint16_t low; uint16_t selector; uint8_t ist; uint8_t type; uint16_t middle; uint32_t high; uint32_t zero; } __packed;
struct table_pointer { uint16_t limit; uint64_t base; } __packed;

/* An IST stack: the entry code finds its CPU at the bottom and trusts no GS base. */
union ist_stack {
	struct percpu *cpu;
	uint8_t bytes[IST_BYTES];
} __aligned(IST_BYTES);

struct cpu_tables {
	uint64_t gdt[16] __aligned(16);
	struct tss tss __aligned(16);
};
_Static_assert(NIST * sizeof(union ist_stack) == EXCEPTION_STACKS_BYTES, "what a CPU is started with");

extern uint8_t cpu_has_smap;
uint8_t cpu_has_smap;	/* for the entry code: clac exists */
uint8_t cpu_has_fsgsbase;
static struct gate idt[256] __aligned(16);
static struct cpu_tables tables[MAX_CPUS];
static union ist_stack boot_stacks[NIST];	/* the boot CPU needs them before there is memory */
extern char trap_stubs[];	/* 16 bytes a vector */
extern char syscall_entry[];

void fpu_cpu_init(void);

static void set_gate(unsigned vector, unsigned ist, unsigned dpl)
{
	uint64_t at = (uint64_t)(uintptr_t)trap_stubs + vector * 16;

	idt[vector] = (struct gate){
		.low = (uint16_t)at, .selector = SEL_KERNEL_CODE, .ist = (uint8_t)ist,
		.type = (uint8_t)(0x8e | dpl << 5), .middle = (uint16_t)(at >> 16), .high = (uint32_t)(at >> 32),
	};
}

static void init_idt(void)
{
	for (unsigned v = 0; v < 256; v++)
		set_gate(v, 0, 0);
	set_gate(TRAP_BP, 0, 3);
	set_gate(TRAP_OF, 0, 3);
	set_gate(TRAP_NMI, 1, 0);
	set_gate(TRAP_DF, 2, 0);
	set_gate(TRAP_MC, 3, 0);
	set_gate(TRAP_DB, 4, 0);
}

static void init_gdt(struct percpu *cpu, struct cpu_tables *t)
{
	union ist_stack *stacks = cpu->exception_stacks;
	uint64_t base = (uint64_t)(uintptr_t)&t->tss;
	struct table_pointer p = { sizeof(t->gdt) - 1, (uint64_t)(uintptr_t)t->gdt };

	t->gdt[2] = 0x00af9b000000ffffull;	/* ring 0 code, 64 bit */
	t->gdt[3] = 0x00cf93000000ffffull;	/* ring 0 data */
	t->gdt[4] = 0x00cffb000000ffffull;	/* ring 3 code, 32 bit */
	t->gdt[5] = 0x00cff3000000ffffull;	/* ring 3 data */
	t->gdt[6] = 0x00affb000000ffffull;	/* ring 3 code, 64 bit */
	t->gdt[8] = (sizeof(t->tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	t->gdt[9] = base >> 32;
	t->gdt[15] = 0x0040f10000000000ull | cpu->cpu;	/* ring 3 data, read-only; SEL_CPU_NUMBER */
	for (int i = 0; i < NIST; i++) {
		stacks[i].cpu = cpu;
		t->tss.ist[i] = (uint64_t)(uintptr_t)(&stacks[i] + 1);
	}
	t->tss.io_map = sizeof(t->tss);
	__asm__ volatile("lgdt %0" : : "m"(p));
	__asm__ volatile(
		"pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:\n\t"
		"movl %1, %%ds\n\tmovl %1, %%es\n\tmovl %1, %%ss\n\t"
		"movl %2, %%fs\n\tmovl %2, %%gs"
		: : "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA), "r"(0) : "rax", "memory");
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

static void set_control_bits(void)
{
	uint32_t a, b, c, d;
	uint64_t cr0, cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PGE;

	cpuid(7, 0, &a, &b, &c, &d);
	if (b & 1) {
		cr4 |= CR4_FSGSBASE;
		cpu_has_fsgsbase = 1;
	}
	if (b & (1u << 7))
		cr4 |= CR4_SMEP;
	if (b & (1u << 20)) {
		cr4 |= CR4_SMAP;
		cpu_has_smap = 1;
	}
	if (c & (1u << 2))
		cr4 |= CR4_UMIP;
	write_cr4(cr4);
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	cr0 = (cr0 & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_WP | CR0_MP | CR0_NE;
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0));
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_PAT, PAT_WITH_WRITE_COMBINING);
}

void lowlevel_cpu_init(struct percpu *cpu)
{
	static bool idt_is_ready;
	struct table_pointer p = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };
	struct cpu_tables *t = &tables[cpu->cpu];

	if (!idt_is_ready) {
		init_idt();
		idt_is_ready = true;
	}
	if (!cpu->exception_stacks)
		cpu->exception_stacks = boot_stacks;
	init_gdt(cpu, t);
	__asm__ volatile("lidt %0" : : "m"(p));
	wrmsr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	cpu->self = cpu;
	cpu->arch = t;
	percpu_blocks[cpu->cpu] = cpu;
	set_control_bits();
	wrmsr(MSR_STAR, (uint64_t)SEL_USER_CODE32 << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
	wrmsr(MSR_LSTAR, (uint64_t)(uintptr_t)syscall_entry);
	wrmsr(MSR_SFMASK, RFLAGS_SYSCALL_MASK);
	fpu_cpu_init();
}

void lowlevel_set_kernel_stack(uint64_t top)
{
	struct percpu *cpu = this_cpu();

	cpu->kernel_stack = top;
	((struct cpu_tables *)cpu->arch)->tss.rsp[0] = top;
}
