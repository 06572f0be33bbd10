/* kernel/hal/src/multiboot2.c: boot_info from what a Multiboot2 loader left (Multiboot2 specification 3.6).
 *
 * Everything is copied: the loader's memory is free afterwards. What the firmware keeps, its
 * runtime services and ACPI's tables, is not of type "available" and so never becomes ours.
 */
#include <nucleus/log.h>
#include <string.h>
#include "boot_info_private.h"

#define INFO_MAX (1u << 20)
#define TAG_END 0
#define TAG_COMMAND_LINE 1
#define TAG_MODULE 3
#define TAG_MEMORY_MAP 6
#define TAG_FRAMEBUFFER 8
#define TAG_ACPI_OLD 14
#define TAG_ACPI_NEW 15
#define MEMORY_AVAILABLE 1
#define FRAMEBUFFER_RGB 1
#define RSDP_MAX 64

struct tag { uint32_t type, size; };
struct module_tag { struct tag tag; uint32_t start, end; };
struct memory_tag { struct tag tag; uint32_t entry_size, version; };
struct memory_entry { uint64_t start, bytes; uint32_t type, reserved; };
struct framebuffer_tag {
	struct tag tag;
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t bpp, type;
	uint16_t reserved;
	uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
} __packed;

/* The tag's bytes go back to the allocator; ACPI's anchor stays here. */
static uint8_t rsdp_copy[RSDP_MAX] __aligned(16);

static void take_command_line(const struct tag *tag)
{
	size_t n = MIN(tag->size - sizeof(*tag), sizeof(boot_info.command_line) - 1);

	memcpy(boot_info.command_line, tag + 1, n);
	boot_info.command_line[n] = '\0';
}

/* The first module is the bundle. */
static void take_module(const struct tag *tag)
{
	const struct module_tag *m = (const struct module_tag *)tag;

	if (tag->size >= sizeof(*m) && boot_info.bundle.end == 0 && m->end > m->start && m->start % PAGE_SIZE == 0)
		boot_info.bundle = (struct boot_range){ m->start, m->end };
}

static void take_memory(const struct tag *tag)
{
	const struct memory_tag *m = (const struct memory_tag *)tag;
	const uint8_t *at = (const uint8_t *)(m + 1), *end = (const uint8_t *)tag + tag->size;

	if (tag->size < sizeof(*m) || m->entry_size < sizeof(struct memory_entry))
		return;
	for (; (size_t)(end - at) >= m->entry_size; at += m->entry_size) {
		struct memory_entry e;

		memcpy(&e, at, sizeof(e));
		if (e.type == MEMORY_AVAILABLE)
			boot_info_add_ram(e.start, e.bytes);
	}
}

static void take_framebuffer(const struct tag *tag)
{
	const struct framebuffer_tag *f = (const struct framebuffer_tag *)tag;

	if (tag->size < sizeof(*f) || f->type != FRAMEBUFFER_RGB || f->bpp != 32 || f->width > f->pitch / 4 || !f->height)
		return;
	if (f->red_bits != 8 || f->green_bits != 8 || f->blue_bits != 8 || f->red_at > 24 || f->green_at > 24 || f->blue_at > 24)
		return;
	boot_info.framebuffer = (struct boot_framebuffer){
		.phys = f->address, .pitch = f->pitch, .width = f->width, .height = f->height,
		.red_shift = f->red_at, .green_shift = f->green_at, .blue_shift = f->blue_at,
	};
}

/* ACPI 2's anchor wins over ACPI 1's, whichever comes first. */
static void take_rsdp(const struct tag *tag)
{
	if (boot_info.rsdp && tag->type == TAG_ACPI_OLD)
		return;
	memset(rsdp_copy, 0, sizeof(rsdp_copy));
	memcpy(rsdp_copy, tag + 1, MIN(tag->size - sizeof(*tag), sizeof(rsdp_copy)));
	boot_info.rsdp = (uint64_t)(uintptr_t)rsdp_copy - BOOT_KERNEL_BASE;
}

static void take(const struct tag *tag)
{
	switch (tag->type) {
	case TAG_COMMAND_LINE:
		take_command_line(tag);
		break;
	case TAG_MODULE:
		take_module(tag);
		break;
	case TAG_MEMORY_MAP:
		take_memory(tag);
		break;
	case TAG_FRAMEBUFFER:
		take_framebuffer(tag);
		break;
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		take_rsdp(tag);
		break;
	}
}

void multiboot2_fill_boot_info(uint64_t info)
{
	const uint8_t *at = hal_direct(info), *end = at + MIN(*(const uint32_t *)at, INFO_MAX);

	if (info % 8)
		panic("Multiboot2: the information at %llxh is not aligned", (unsigned long long)info);
	at += 8;
	while (at < end && (size_t)(end - at) >= sizeof(struct tag)) {
		const struct tag *tag = (const struct tag *)at;

		if (tag->type == TAG_END || tag->size < sizeof(*tag) || tag->size > (size_t)(end - at))
			break;
		take(tag);
		if (ALIGN_UP(tag->size, 8u) > (size_t)(end - at))
			break;
		at += ALIGN_UP(tag->size, 8u);
	}
}
