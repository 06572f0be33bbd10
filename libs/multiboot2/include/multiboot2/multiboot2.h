/* libs/multiboot2: what a Multiboot2 loader tells the kernel (Multiboot2 specification 3.6).
 *
 * No length in it is trusted: a tag that is too short for its kind, or reaches past the end, is
 * not taken. What is taken points into the information, which is the loader's memory.
 */
#ifndef MULTIBOOT2_MULTIBOOT2_H
#define MULTIBOOT2_MULTIBOOT2_H

#include <stddef.h>
#include <stdint.h>

#define MULTIBOOT2_INFO_MAX (1u << 20)	/* bytes that are looked at */

struct multiboot2_framebuffer {
	uint64_t address;
	/* pitch >= 4 * width; width 0: there is none of 32-bit pixels, or not of a sensible size */
	uint32_t pitch, width, height;
	uint8_t red_at, green_at, blue_at;	/* 8 bits each, within 32 */
};

struct multiboot2_info {
	const char *command_line;	/* without its NUL */
	size_t command_line_bytes;
	uint32_t module_start, module_end;	/* of the first module; both 0: there is none */
	const void *rsdp;		/* ACPI's anchor, of ACPI 2 if there is one; NULL: none */
	size_t rsdp_bytes;
	struct multiboot2_framebuffer framebuffer;
};

/* Read the information at @at, of which @cap bytes can be read. @memory is told of each range of
 * available memory, in the loader's order; ranges may overlap or wrap.
 * Returns: 0 and *@out; -EINVAL when it has no proper head or is not aligned to 8 bytes. */
int multiboot2_parse(const void *at, size_t cap, void (*memory)(void *context, uint64_t start, uint64_t bytes),
		     void *context, struct multiboot2_info *out);

#endif
