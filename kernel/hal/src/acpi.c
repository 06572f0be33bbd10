/* kernel/hal/src/acpi.c: what the static ACPI tables say of processors and interrupt controllers (ACPI 6.4, 5.2);
 * power.c reads what they say of going off.
 *
 * No AML is interpreted. Tables come from firmware that we trust, but lengths are
 * bounded all the same.
 */
#include <nucleus/log.h>
#include <string.h>
#include "internal.h"

#define BIOS_AREA 0xe0000
#define BIOS_AREA_END 0x100000
#define MADT_LOCAL_APIC 0
#define MADT_IO_APIC 1
#define MADT_ENABLED 1
#define MAX_TABLE (1u << 20)

struct rsdp { char signature[8]; uint8_t checksum; char oem[6]; uint8_t revision; uint32_t rsdt; uint32_t length; uint64_t xsdt; } __packed;
struct table { char signature[4]; uint32_t length; uint8_t revision, checksum; char oem[6], oem_table[8]; uint32_t a, b, c; } __packed;
struct madt { struct table header; uint32_t lapic; uint32_t flags; } __packed;
struct madt_lapic { uint8_t type, length, processor, apic_id; uint32_t flags; } __packed;
struct madt_ioapic { uint8_t type, length, id, reserved; uint32_t address, gsi_base; } __packed;

struct ioapic hal_ioapics[MAX_IOAPICS];
uint32_t hal_nioapics;
uint32_t hal_apic_ids[MAX_CPUS];
uint32_t hal_ncpus;
uint64_t hal_lapic_address = 0xfee00000;

static const struct rsdp *find_rsdp(uint64_t hint)
{
	if (hint && !memcmp(hal_direct(hint), "RSD PTR ", 8))
		return hal_direct(hint);
	for (uint64_t at = BIOS_AREA; at < BIOS_AREA_END; at += 16) {
		if (!memcmp(hal_direct(at), "RSD PTR ", 8))
			return hal_direct(at);
	}
	return NULL;
}

static void read_madt(const struct madt *m)
{
	const uint8_t *p = (const uint8_t *)(m + 1), *end = (const uint8_t *)m + MIN(m->header.length, MAX_TABLE);

	hal_lapic_address = m->lapic;
	while (p + 2 <= end && p[1] >= 2 && p + p[1] <= end) {
		if (p[0] == MADT_LOCAL_APIC) {
			const struct madt_lapic *l = (const struct madt_lapic *)p;

			if ((l->flags & MADT_ENABLED) && hal_ncpus < MAX_CPUS)
				hal_apic_ids[hal_ncpus++] = l->apic_id;
		} else if (p[0] == MADT_IO_APIC && hal_nioapics < MAX_IOAPICS) {
			const struct madt_ioapic *io = (const struct madt_ioapic *)p;

			hal_ioapics[hal_nioapics++] = (struct ioapic){ .address = io->address, .gsi_base = io->gsi_base };
		}
		p += p[1];
	}
}

static void read_table(uint64_t phys)
{
	const struct table *t = hal_direct(phys);

	if (!memcmp(t->signature, "APIC", 4))
		read_madt((const struct madt *)t);
	else if (!memcmp(t->signature, "FACP", 4))
		hal_power_init((const uint8_t *)t, MIN(t->length, MAX_TABLE), MAX_TABLE);
}

void hal_acpi_init(uint64_t hint)
{
	const struct rsdp *r = find_rsdp(hint);
	const struct table *root;
	uint32_t n;

	if (!r) {
		log_warn(BOOT, "no ACPI tables: one CPU, no IOAPIC");
		hal_apic_ids[0] = 0;
		hal_ncpus = 1;
		return;
	}
	if (r->revision >= 2 && r->xsdt) {
		root = hal_direct(r->xsdt);
		n = (MIN(root->length, MAX_TABLE) - sizeof(*root)) / 8;
		for (uint32_t i = 0; i < n; i++) {
			uint64_t entry;

			memcpy(&entry, (const char *)(root + 1) + i * 8, 8);
			read_table(entry);
		}
	} else {
		root = hal_direct(r->rsdt);
		n = (MIN(root->length, MAX_TABLE) - sizeof(*root)) / 4;
		for (uint32_t i = 0; i < n; i++)
			read_table(((const uint32_t *)(root + 1))[i]);
	}
	if (!hal_ncpus)
		hal_ncpus = 1;
	log_info(BOOT, "acpi: %u CPUs, %u IOAPICs", hal_ncpus, hal_nioapics);
}
