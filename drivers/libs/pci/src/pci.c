/* drivers/libs/pci/src/pci.c: see pci/pci.h. */
#include <errno.h>
#include <pci/pci.h>

#define REG_COMMAND 0x04
#define REG_CLASS 0x08
#define REG_BAR 0x10
#define REG_CAPABILITIES 0x34
#define COMMAND_MEMORY_MASTER 6u
#define COMMAND_NO_INTX 0x400u
#define CAP_MSI 5
#define CAP_MSIX 17
#define MAX_CAPABILITIES 48
#define NBARS 6
#define MSI_ENABLE 1u
#define MSI_64_BIT 0x80u
#define MSIX_ENABLE 0x8000u
#define MSIX_ENTRY_BYTES 16u

uint32_t pci_class(uint16_t bdf)
{
	return drv_pci_read(bdf, REG_CLASS, 4) >> 8;
}

void pci_enable(uint16_t bdf)
{
	uint32_t command = drv_pci_read(bdf, REG_COMMAND, 2);

	drv_pci_write(bdf, REG_COMMAND, 2, command | COMMAND_MEMORY_MASTER | COMMAND_NO_INTX);
}

static uint64_t bar_address(uint16_t bdf, unsigned i)
{
	uint16_t at = (uint16_t)(REG_BAR + i * 4);
	uint32_t low = i < NBARS ? drv_pci_read(bdf, at, 4) : 1;
	uint64_t base = low & ~15u;

	if (low & 1)
		return 0;
	if ((low & 6) == 4)
		base |= (uint64_t)drv_pci_read(bdf, (uint16_t)(at + 4), 4) << 32;
	return base;
}

volatile void *pci_map_bar(uint16_t bdf, unsigned i, size_t bytes)
{
	uint64_t base = bar_address(bdf, i);

	return base ? drv_map(base, bytes) : NULL;
}

uint8_t pci_find_capability(uint16_t bdf, uint8_t id, uint8_t after)
{
	uint8_t at = (uint8_t)drv_pci_read(bdf, after ? (uint16_t)(after + 1) : REG_CAPABILITIES, 1);

	for (int i = 0; at && i < MAX_CAPABILITIES; i++, at = (uint8_t)drv_pci_read(bdf, (uint16_t)(at + 1), 1)) {
		if (drv_pci_read(bdf, at, 1) == id)
			return at;
	}
	return 0;
}

static int set_msix(uint16_t bdf, uint16_t cap, uint64_t address, uint32_t data)
{
	uint32_t table = drv_pci_read(bdf, (uint16_t)(cap + 4), 4);
	uint64_t base = bar_address(bdf, table & 7);
	volatile uint32_t *entry = base ? drv_map(base + (table & ~7u), MSIX_ENTRY_BYTES) : NULL;

	if (!entry)
		return -ENODEV;
	entry[0] = (uint32_t)address;
	entry[1] = (uint32_t)(address >> 32);
	entry[2] = data;
	entry[3] = 0;
	drv_pci_write(bdf, (uint16_t)(cap + 2), 2, drv_pci_read(bdf, (uint16_t)(cap + 2), 2) | MSIX_ENABLE);
	return 0;
}

static int set_msi(uint16_t bdf, uint16_t cap, uint64_t address, uint32_t data)
{
	uint32_t control = drv_pci_read(bdf, (uint16_t)(cap + 2), 2);
	bool is_wide = control & MSI_64_BIT;

	drv_pci_write(bdf, (uint16_t)(cap + 4), 4, (uint32_t)address);
	if (is_wide)
		drv_pci_write(bdf, (uint16_t)(cap + 8), 4, (uint32_t)(address >> 32));
	drv_pci_write(bdf, (uint16_t)(cap + (is_wide ? 12 : 8)), 2, data);
	/* One message, whatever it could send. */
	drv_pci_write(bdf, (uint16_t)(cap + 2), 2, (control & ~0x70u) | MSI_ENABLE);
	return 0;
}

/* A place's vector, which those that are plugged in there one after the other use. */
struct message {
	struct message *next;
	uint16_t bdf;
	void (*handler)(void *context);
	void *context;
	uint64_t address;
	uint32_t data;
};
static struct message *messages;

static void interrupt(void *context)
{
	const struct message *m = context;

	m->handler(m->context);
}

static struct message *create_message(uint16_t bdf)
{
	struct message *m = drv_alloc(sizeof(*m));

	if (!m)
		return NULL;
	m->bdf = bdf;
	if (drv_irq_msi(interrupt, m, &m->address, &m->data)) {
		drv_free(m);
		return NULL;
	}
	m->next = messages;
	messages = m;
	return m;
}

int pci_request_interrupt(uint16_t bdf, void (*handler)(void *), void *context)
{
	uint16_t msix = pci_find_capability(bdf, CAP_MSIX, 0), msi = pci_find_capability(bdf, CAP_MSI, 0);
	struct message *m;

	if (!msix && !msi)
		return -ENODEV;
	for (m = messages; m && m->bdf != bdf; m = m->next)
		;
	if (!m)
		m = create_message(bdf);
	if (!m)
		return -ENOSPC;
	m->handler = handler;
	m->context = context;
	return msix ? set_msix(bdf, msix, m->address, m->data) : set_msi(bdf, msi, m->address, m->data);
}
