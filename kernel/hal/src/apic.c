/* kernel/hal/src/apic.c: the local APIC (SDM 3A, chapter 11). */
#include <lowlevel/cpu.h>
#include "internal.h"

#define PIC_FIRST_VECTOR 0x20	/* below hal_irq's */
#define SPURIOUS_ENABLE 0x100u
#define ICR_PENDING 0x1000u
#define ICR_ASSERT 0x4000u
#define ICR_ALL_BUT_SELF 0xc0000u

/* Firmware may have left the 8259s routing to the exceptions' vectors: move them away and
 * mask them (Intel 8259A data sheet, ICW1 to ICW4). */
static void silence_legacy_pic(void)
{
	static const struct { uint16_t port; uint8_t value; } words[] = {
		{ 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, PIC_FIRST_VECTOR }, { 0xa1, PIC_FIRST_VECTOR + 8 },
		{ 0x21, 4 }, { 0xa1, 2 }, { 0x21, 1 }, { 0xa1, 1 }, { 0x21, 0xff }, { 0xa1, 0xff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		outb(words[i].port, words[i].value);
}

void hal_apic_init(void)
{
	if (!cpu_index())
		silence_legacy_pic();
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x800);
	lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | TRAP_SPURIOUS);
	lapic_write(LAPIC_LVT_LINT0, LAPIC_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LAPIC_MASKED);
	lapic_write(LAPIC_LVT_TIMER, TRAP_TIMER);
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);	/* by one */
	this_cpu()->apic_id = lapic_read(LAPIC_ID) >> 24;
}

void hal_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

static void send(uint32_t high, uint32_t low)
{
	uint64_t flags = flags_save_disable();

	while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING)
		cpu_pause();
	lapic_write(LAPIC_ICR_HIGH, high);
	lapic_write(LAPIC_ICR_LOW, low);
	flags_restore(flags);
}

void hal_send_ipi(uint32_t cpu, uint8_t vector)
{
	send(percpu_blocks[cpu]->apic_id << 24, ICR_ASSERT | vector);
}

void hal_send_ipi_others(uint8_t vector)
{
	if (percpu_count > 1)
		send(0, ICR_ALL_BUT_SELF | ICR_ASSERT | vector);
}

void hal_send_raw_ipi(uint32_t apic_id, uint32_t low);
/* INIT and STARTUP, for smp.c. */
void hal_send_raw_ipi(uint32_t apic_id, uint32_t low)
{
	send(apic_id << 24, low);
}
