/* kernel/hal/src/irq.c: IOAPIC lines and MSI vectors to handlers.
 *
 * Locking: irq_lock guards the table when it grows; dispatch reads it without.
 */
#include <lowlevel/cpu.h>
#include <lowlevel/spinlock.h>
#include <nucleus/log.h>
#include "internal.h"

#define FIRST_VECTOR 0x30
#define LAST_VECTOR 0xef
#define IOAPIC_VERSION 1
#define IOAPIC_TABLE 0x10
#define REDIRECT_LEVEL (1u << 15)
#define REDIRECT_LOW (1u << 13)
#define MSI_BASE 0xfee00000ull

static struct spinlock irq_lock = SPINLOCK_INIT(IRQ_TABLE);
static struct { irq_handler fn; void *context; } handlers[256];
static uint32_t next_vector = FIRST_VECTOR;

static void ioapic_write(const struct ioapic *io, uint32_t reg, uint32_t v)
{
	volatile uint32_t *base = hal_direct(io->address);

	base[0] = reg;
	base[4] = v;
}

static uint32_t ioapic_read(const struct ioapic *io, uint32_t reg)
{
	volatile uint32_t *base = hal_direct(io->address);

	base[0] = reg;
	return base[4];
}

static struct ioapic *ioapic_of(uint32_t gsi)
{
	for (uint32_t i = 0; i < hal_nioapics; i++) {
		struct ioapic *io = &hal_ioapics[i];

		if (!io->nentries)
			io->nentries = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		if (gsi >= io->gsi_base && gsi < io->gsi_base + io->nentries)
			return io;
	}
	return NULL;
}

static int allocate(irq_handler fn, void *context)
{
	uint64_t flags = spin_lock_irqsave(&irq_lock);
	int vector = -1;

	if (next_vector <= LAST_VECTOR) {
		vector = (int)next_vector++;
		handlers[vector].context = context;
		__atomic_store_n(&handlers[vector].fn, fn, __ATOMIC_RELEASE);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return vector;
}

int hal_irq_request_gsi(uint32_t gsi, bool level, bool active_low, irq_handler fn, void *context)
{
	struct ioapic *io = ioapic_of(gsi);
	uint32_t entry;
	int vector;

	if (!io)
		return -19;	/* ENODEV */
	vector = allocate(fn, context);
	if (vector < 0)
		return -28;	/* ENOSPC */
	entry = IOAPIC_TABLE + (gsi - io->gsi_base) * 2;
	ioapic_write(io, entry + 1, percpu_blocks[0]->apic_id << 24);
	ioapic_write(io, entry, (uint32_t)vector | (level ? REDIRECT_LEVEL : 0) | (active_low ? REDIRECT_LOW : 0));
	return 0;
}

int hal_irq_alloc_msi(irq_handler fn, void *context, uint64_t *address, uint32_t *data)
{
	int vector = allocate(fn, context);

	if (vector < 0)
		return -28;	/* ENOSPC */
	*address = MSI_BASE | (uint64_t)percpu_blocks[0]->apic_id << 12;
	*data = (uint32_t)vector;
	return 0;
}

void hal_irq_dispatch(uint32_t vector)
{
	irq_handler fn = __atomic_load_n(&handlers[vector & 0xff].fn, __ATOMIC_ACQUIRE);

	if (fn)
		fn(handlers[vector & 0xff].context);
	else if (vector != TRAP_SPURIOUS)
		log_ratelimited(LOG_WARN, DRIVER, "interrupt %u has no handler", vector);
	if (vector != TRAP_SPURIOUS)
		hal_eoi();
}

uint32_t hal_ioapic_count(void)
{
	return hal_nioapics;
}
