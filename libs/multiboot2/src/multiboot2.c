/* libs/multiboot2/src/multiboot2.c: the tags, one after the other. */
#include <errno.h>
#include <string.h>

#include <multiboot2/multiboot2.h>

#define TAG_END 0
#define TAG_COMMAND_LINE 1
#define TAG_MODULE 3
#define TAG_MEMORY_MAP 6
#define TAG_FRAMEBUFFER 8
#define TAG_ACPI_OLD 14
#define TAG_ACPI_NEW 15
#define TAG_ALIGN 8u
#define MEMORY_AVAILABLE 1
#define FRAMEBUFFER_RGB 1
#define SIDE_MAX 16384u			/* pixels */
#define ADDRESS_END (1ull << 46)	/* physical */

struct head { uint32_t total, reserved; };
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
} __attribute__((packed));

struct parse {
	struct multiboot2_info *out;
	void (*memory)(void *context, uint64_t start, uint64_t bytes);
	void *context;
};

static void take_command_line(struct parse *p, const struct tag *tag)
{
	const char *text = (const char *)(tag + 1);
	size_t n = 0, max = tag->size - sizeof(*tag);

	while (n < max && text[n])
		n++;
	p->out->command_line = text;
	p->out->command_line_bytes = n;
}

static void take_module(struct parse *p, const struct tag *tag)
{
	const struct module_tag *m = (const struct module_tag *)tag;

	if (tag->size < sizeof(*m) || m->end <= m->start || p->out->module_end)
		return;
	p->out->module_start = m->start;
	p->out->module_end = m->end;
}

static void take_memory(struct parse *p, const struct tag *tag)
{
	const struct memory_tag *m = (const struct memory_tag *)tag;
	const uint8_t *at = (const uint8_t *)(m + 1), *end = (const uint8_t *)tag + tag->size;

	if (tag->size < sizeof(*m) || m->entry_size < sizeof(struct memory_entry))
		return;
	for (; (size_t)(end - at) >= m->entry_size; at += m->entry_size) {
		struct memory_entry e;

		memcpy(&e, at, sizeof(e));
		if (e.type == MEMORY_AVAILABLE)
			p->memory(p->context, e.start, e.bytes);
	}
}

static int is_colour(uint8_t at, uint8_t bits)
{
	return bits == 8 && at <= 24;
}

static void take_framebuffer(struct parse *p, const struct tag *tag)
{
	const struct framebuffer_tag *f = (const struct framebuffer_tag *)tag;

	if (tag->size < sizeof(*f) || f->type != FRAMEBUFFER_RGB || f->bpp != 32 || !f->height || f->width > f->pitch / 4)
		return;
	if (f->height > SIDE_MAX || f->pitch > 2 * 4 * SIDE_MAX || f->address >= ADDRESS_END)
		return;
	if (!is_colour(f->red_at, f->red_bits) || !is_colour(f->green_at, f->green_bits) || !is_colour(f->blue_at, f->blue_bits))
		return;
	p->out->framebuffer = (struct multiboot2_framebuffer){
		.address = f->address, .pitch = f->pitch, .width = f->width, .height = f->height,
		.red_at = f->red_at, .green_at = f->green_at, .blue_at = f->blue_at,
	};
}

/* ACPI 2's anchor wins, whichever comes first. */
static void take_rsdp(struct parse *p, const struct tag *tag)
{
	if (p->out->rsdp && tag->type == TAG_ACPI_OLD)
		return;
	p->out->rsdp = tag + 1;
	p->out->rsdp_bytes = tag->size - sizeof(*tag);
}

static void take(struct parse *p, const struct tag *tag)
{
	switch (tag->type) {
	case TAG_COMMAND_LINE:
		take_command_line(p, tag);
		break;
	case TAG_MODULE:
		take_module(p, tag);
		break;
	case TAG_MEMORY_MAP:
		take_memory(p, tag);
		break;
	case TAG_FRAMEBUFFER:
		take_framebuffer(p, tag);
		break;
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		take_rsdp(p, tag);
		break;
	}
}

int multiboot2_parse(const void *at, size_t cap, void (*memory)(void *context, uint64_t start, uint64_t bytes),
		     void *context, struct multiboot2_info *out)
{
	struct parse p = { out, memory, context };
	const struct head *head = at;
	size_t offset = sizeof(*head), total;

	memset(out, 0, sizeof(*out));
	if ((uintptr_t)at % TAG_ALIGN || cap < sizeof(*head) || head->total < sizeof(*head))
		return -EINVAL;
	total = head->total < MULTIBOOT2_INFO_MAX ? head->total : MULTIBOOT2_INFO_MAX;
	total = total < cap ? total : cap;
	while (total - offset >= sizeof(struct tag)) {
		const struct tag *tag = (const struct tag *)((const uint8_t *)at + offset);
		size_t step;

		if (tag->type == TAG_END || tag->size < sizeof(*tag) || tag->size > total - offset)
			break;
		take(&p, tag);
		step = (tag->size + (size_t)TAG_ALIGN - 1) & ~(size_t)(TAG_ALIGN - 1);
		if (step > total - offset)
			break;
		offset += step;
	}
	return 0;
}
