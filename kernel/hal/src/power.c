/* kernel/hal/src/power.c: the machine's end: off by ACPI's state S5, and reset.
 *
 * S5 is entered by writing the sleep type that the firmware's AML names to the power management registers
 * (ACPI 6.4, 4.8.3.2 and 7.4.1). AML is not interpreted: \_S5 is a package of constants, and is found by its name.
 */
#include <lowlevel/cpu.h>
#include <string.h>
#include "internal.h"

#define FADT_DSDT 40
#define FADT_SMI_COMMAND 48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_FLAGS 112
#define FADT_X_DSDT 140
#define FADT_SLEEP_CONTROL 244	/* a generic address: space, width, offset, access, 8 bytes of address */
#define FADT_HW_REDUCED (1u << 20)

#define SPACE_MEMORY 0
#define SPACE_IO 1

#define SCI_ENABLED 1u
#define SLEEP_TYPE_SHIFT 10
#define SLEEP_ENABLE (1u << 13)
#define REDUCED_TYPE_SHIFT 2
#define REDUCED_ENABLE (1u << 5)

#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_PACKAGE 0x12
#define AML_ROOT '\\'

#define ACPI_MODE_TRIES 3000000u
#define OFF_TRIES 1000000u

#define KEYBOARD_CONTROLLER 0x64
#define KEYBOARD_RESET 0xfe

static struct {
	bool is_known;		/* the firmware told how to go off */
	uint8_t types[2];	/* of PM1a and PM1b */
	uint16_t control[2];
	uint16_t smi_command;
	uint8_t acpi_enable;
	uint8_t sleep_space;	/* of sleep_control; of hardware-reduced machines */
	uint64_t sleep_control;	/* 0: this machine has PM1 */
} off;

static uint64_t field(const uint8_t *table, uint32_t len, uint32_t at, uint32_t size)
{
	uint64_t value = 0;

	if (at + size <= len)
		memcpy(&value, table + at, size);
	return value;
}

/* One constant of a package. Returns: where the next begins; NULL what is no constant of a byte. */
static const uint8_t *read_constant(const uint8_t *p, const uint8_t *end, uint8_t *out)
{
	if (p < end && (*p == AML_ZERO || *p == AML_ONE)) {
		*out = *p;
		return p + 1;
	}
	if (p + 1 < end && *p == AML_BYTE) {
		*out = p[1];
		return p + 2;
	}
	return NULL;
}

/* @p: behind the name _S5_. */
static bool read_sleep_types(const uint8_t *p, const uint8_t *end)
{
	if (end - p < 4 || *p++ != AML_PACKAGE)
		return false;
	/* Of the package's length only its own length counts, in two bits; then the number of elements. */
	p += (*p >> 6) + 2;
	p = read_constant(p, end, &off.types[0]);
	return p && read_constant(p, end, &off.types[1]);
}

static bool find_sleep_types(const uint8_t *aml, uint32_t len)
{
	for (uint32_t i = 2; i + 4 < len; i++) {
		bool is_name = aml[i - 1] == AML_NAME || (aml[i - 1] == AML_ROOT && aml[i - 2] == AML_NAME);

		if (is_name && !memcmp(aml + i, "_S5_", 4))
			return read_sleep_types(aml + i + 4, aml + len);
	}
	return false;
}

void hal_power_init(const uint8_t *fadt, uint32_t len, uint32_t max_table)
{
	uint64_t dsdt = field(fadt, len, FADT_X_DSDT, 8);
	const uint8_t *aml;
	uint32_t aml_len;

	if (!dsdt)
		dsdt = field(fadt, len, FADT_DSDT, 4);
	if (!dsdt)
		return;
	aml = hal_direct(dsdt);
	memcpy(&aml_len, aml + 4, sizeof(aml_len));
	if (!find_sleep_types(aml, MIN(aml_len, max_table)))
		return;
	if (field(fadt, len, FADT_FLAGS, 4) & FADT_HW_REDUCED) {
		off.sleep_space = (uint8_t)field(fadt, len, FADT_SLEEP_CONTROL, 1);
		off.sleep_control = field(fadt, len, FADT_SLEEP_CONTROL + 4, 8);
	}
	off.control[0] = (uint16_t)field(fadt, len, FADT_PM1A_CONTROL, 4);
	off.control[1] = (uint16_t)field(fadt, len, FADT_PM1B_CONTROL, 4);
	off.smi_command = (uint16_t)field(fadt, len, FADT_SMI_COMMAND, 4);
	off.acpi_enable = (uint8_t)field(fadt, len, FADT_ACPI_ENABLE, 1);
	off.is_known = off.sleep_control || off.control[0];
}

/* Firmware may keep the registers to itself until it is told that somebody knows ACPI. */
static void enter_acpi_mode(void)
{
	if (!off.smi_command || !off.acpi_enable)
		return;
	outb(off.smi_command, off.acpi_enable);
	for (uint32_t i = 0; i < ACPI_MODE_TRIES && !(inw(off.control[0]) & SCI_ENABLED); i++)
		cpu_pause();
}

static void sleep_by_pm1(void)
{
	if (!(inw(off.control[0]) & SCI_ENABLED))
		enter_acpi_mode();
	for (int i = 0; i < 2; i++)
		if (off.control[i])
			outw(off.control[i], (uint16_t)((unsigned int)off.types[i] << SLEEP_TYPE_SHIFT | SLEEP_ENABLE));
}

static void sleep_reduced(void)
{
	uint8_t value = (uint8_t)((unsigned int)off.types[0] << REDUCED_TYPE_SHIFT | REDUCED_ENABLE);

	if (off.sleep_space == SPACE_IO)
		outb((uint16_t)off.sleep_control, value);
	else if (off.sleep_space == SPACE_MEMORY)
		*(volatile uint8_t *)hal_direct(off.sleep_control) = value;
}

void hal_power_off(void)
{
	if (!off.is_known)
		return;
	interrupts_disable();
	if (off.sleep_control)
		sleep_reduced();
	else
		sleep_by_pm1();
	for (uint32_t i = 0; i < OFF_TRIES; i++)
		cpu_pause();
}

void hal_reset(void)
{
	const struct __packed { uint16_t limit; uint64_t base; } no_idt = { 0 };

	interrupts_disable();
	outb(KEYBOARD_CONTROLLER, KEYBOARD_RESET);
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
	__builtin_unreachable();
}

void hal_halt(void)
{
	interrupts_disable();
	for (;;)
		__asm__ volatile("hlt");
}
