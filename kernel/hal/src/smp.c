/* kernel/hal/src/smp.c: the other CPUs (SDM 3A 8.4.4.1), and how the machine stops. */
#include <lowlevel/cpu.h>
#include <nucleus/log.h>
#include <string.h>
#include "internal.h"

#define TRAMPOLINE 0x8000ull
#define IPI_INIT 0x4500u
#define IPI_STARTUP 0x4600u
#define START_TIMEOUT_NS (2 * NSEC_PER_SEC)
#define DEBUG_EXIT_PORT 0xf4

struct percpu boot_percpu;
static struct percpu blocks[MAX_CPUS];

extern const char smp_trampoline[], smp_trampoline_end[], smp_trampoline_data[];
extern uint64_t boot_pml4[512];
void hal_send_raw_ipi(uint32_t apic_id, uint32_t low);

static void delay(uint64_t ns)
{
	uint64_t until = hal_clock_ns() + ns;

	while (hal_clock_ns() < until)
		cpu_pause();
}

static void start_cpu(uint32_t index, uint32_t apic_id, uint64_t stack, void *exception_stacks, void (*entry)(void))
{
	uint64_t *data = hal_direct(TRAMPOLINE + (uint64_t)(smp_trampoline_data - smp_trampoline));
	struct percpu *cpu = &blocks[index];
	uint64_t until;

	cpu->self = cpu;
	cpu->cpu = index;
	cpu->apic_id = apic_id;
	cpu->stack_canary = this_cpu()->stack_canary;
	cpu->kernel_stack = stack;
	cpu->exception_stacks = exception_stacks;
	data[0] = (uint64_t)(uintptr_t)boot_pml4 - BOOT_KERNEL_BASE;
	data[1] = stack - 8;
	data[2] = (uint64_t)(uintptr_t)cpu;
	data[3] = (uint64_t)(uintptr_t)entry;

	hal_send_raw_ipi(apic_id, IPI_INIT);
	delay(200 * NSEC_PER_USEC);
	hal_send_raw_ipi(apic_id, IPI_STARTUP | (uint32_t)(TRAMPOLINE >> 12));
	until = hal_clock_ns() + START_TIMEOUT_NS;
	while (READ_ONCE(percpu_count) <= index && hal_clock_ns() < until)
		cpu_pause();
	if (READ_ONCE(percpu_count) <= index)
		log_error(BOOT, "CPU %u (APIC %u) did not start", index, apic_id);
}

void hal_start_cpus(uint64_t (*alloc_stack)(void), void *(*alloc_exception_stacks)(void), uint64_t kernel_pml4,
		    void (*entry)(void))
{
	memcpy(hal_direct(TRAMPOLINE), smp_trampoline, (size_t)(smp_trampoline_end - smp_trampoline));
	memcpy(boot_pml4 + 256, (uint64_t *)hal_direct(kernel_pml4) + 256, 2048);
	for (uint32_t i = 0; i < hal_ncpus; i++) {
		void *exception_stacks;
		uint64_t stack;

		if (hal_apic_ids[i] == this_cpu()->apic_id)
			continue;
		stack = alloc_stack();
		exception_stacks = alloc_exception_stacks();
		if (!stack || !exception_stacks) {
			log_error(BOOT, "no memory for the stacks of APIC %u", hal_apic_ids[i]);
			return;
		}
		start_cpu(percpu_count, hal_apic_ids[i], stack, exception_stacks, entry);
	}
}

void hal_debug_exit(uint8_t code)
{
	outb(DEBUG_EXIT_PORT, code);
}

bool hal_random64(uint64_t *out)
{
	uint32_t a, b, c, d;
	uint8_t ok;

	cpuid(1, 0, &a, &b, &c, &d);
	if (!(c & (1u << 30)))
		return false;
	__asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=q"(ok));
	return ok;
}
