/* kernel/hal/src/internal.h: what hal's files share. */
#ifndef HAL_INTERNAL_H
#define HAL_INTERNAL_H

#include <hal/hal.h>

#define MAX_IOAPICS 4

struct ioapic { uint64_t address; uint32_t gsi_base, nentries; };

extern struct ioapic hal_ioapics[MAX_IOAPICS];
extern uint32_t hal_nioapics;
extern uint32_t hal_apic_ids[MAX_CPUS];
extern uint32_t hal_ncpus;
extern uint64_t hal_lapic_address;

static inline void *hal_direct(uint64_t phys) { return (void *)(uintptr_t)(phys + BOOT_DIRECT_MAP_BASE); }

/* power.c: what the FADT says of going off; no table is longer than @max_table. */
void hal_power_init(const uint8_t *fadt, uint32_t len, uint32_t max_table);

#define LAPIC_ID 0x20
#define LAPIC_EOI 0xb0
#define LAPIC_SPURIOUS 0xf0
#define LAPIC_ICR_LOW 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0
#define LAPIC_MASKED 0x10000u

static inline uint32_t lapic_read(uint32_t reg) { return *(volatile uint32_t *)hal_direct(hal_lapic_address + reg); }
static inline void lapic_write(uint32_t reg, uint32_t v) { *(volatile uint32_t *)hal_direct(hal_lapic_address + reg) = v; }

#endif
