/* kernel/hal/include/hal/hal.h: processor, interrupt controllers, clocks, firmware.
 *
 * Context: boot unless said.
 */
#ifndef HAL_HAL_H
#define HAL_HAL_H

#include <hal/boot_info.h>
#include <lowlevel/trap.h>

/* ACPI: the MADT's CPUs and IOAPICs; PCI config from MCFG. */
void hal_acpi_init(uint64_t rsdp);
void hal_apic_init(void);	/* this CPU's local APIC */
void hal_clock_init(void);	/* calibrates the TSC and the APIC timer */
/* Start every CPU but this one, one after the other; each runs @entry on a stack of its own with
 * the kernel half of @kernel_pml4 mapped, and counts itself in percpu_count. */
void hal_start_cpus(uint64_t (*alloc_stack)(void), void *(*alloc_exception_stacks)(void), uint64_t kernel_pml4,
		    void (*entry)(void));

uint64_t hal_clock_ns(void);		/* monotonic; any context */
uint64_t hal_tsc_hz(void);
/* How hal_clock_ns() comes from the TSC: (TSC - *@tsc_start) * *@ns_per_tsc >> 32. */
void hal_clock_scale(uint64_t *tsc_start, uint64_t *ns_per_tsc);
uint64_t hal_rtc_seconds(void);		/* UNIX time from the RTC; 0 without one */
void hal_timer_arm(uint64_t deadline_ns);	/* this CPU; 0: off */
void hal_send_ipi(uint32_t cpu, uint8_t vector);	/* any context */
void hal_send_ipi_others(uint8_t vector);
void hal_eoi(void);

/* Device interrupts: a vector with a handler. Level-triggered IOAPIC lines (microvm's
 * virtio-mmio), and MSI for PCI. Handlers run with interrupts off. */
typedef void (*irq_handler)(void *context);
int hal_irq_request_gsi(uint32_t gsi, bool level, bool active_low, irq_handler fn, void *context);	/* 0, -ENOSPC, -ENODEV */
int hal_irq_alloc_msi(irq_handler fn, void *context, uint64_t *address, uint32_t *data);
void hal_irq_dispatch(uint32_t vector);

uint32_t hal_ioapic_count(void);

/* PCI configuration space. @bdf: bus << 8 | device << 3 | function. */
uint32_t hal_pci_read(uint16_t bdf, uint16_t offset, unsigned bytes);
void hal_pci_write(uint16_t bdf, uint16_t offset, unsigned bytes, uint32_t value);
bool hal_pci_present(void);
/* Call @fn for every function there is, behind bridges too, in ascending order of their buses' discovery. */
void hal_pci_for_each(void (*fn)(uint16_t bdf, void *context), void *context);

/* QEMU firmware configuration: bytes read, or -ENOENT. A NULL @buf: the file's size. */
int64_t hal_fw_cfg_read(const char *name, void *buf, size_t cap, size_t offset);

/* The machine's end; interrupts are off from here on. */
void hal_power_off(void);		/* returns where the firmware named no way */
void hal_reset(void) __noreturn;	/* QEMU with -no-reboot ends then */
void hal_halt(void) __noreturn;	/* this processor stands still, and the machine stays on */

void hal_debug_exit(uint8_t code);	/* isa-debug-exit; returns if there is none */
bool hal_random64(uint64_t *out);	/* RDRAND */

#endif
