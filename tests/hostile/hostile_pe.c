/* tests/hostile/hostile_pe.c: execute mutants of a Windows program. Offsets are those of Microsoft's "PE Format". */
#include "mutants.h"

#define NEW_HEADER_AT 0x3c	/* of the DOS header: where the signature is */
#define SIGNATURE_SIZE 4
#define FILE_HEADER_SIZE 20
#define OPTIONAL_HEADER (SIGNATURE_SIZE + FILE_HEADER_SIZE)
#define DIRECTORIES (OPTIONAL_HEADER + 112)
#define DIRECTORY_COUNT 16
#define SECTION_SIZE 40
#define HEADERS_SIZE 1024

struct field {
	uint8_t offset, size;
};

static uint64_t new_header(const struct image *image)
{
	return get(image, NEW_HEADER_AT, 4);
}

static uint64_t section_count(const struct image *image)
{
	return get(image, new_header(image) + SIGNATURE_SIZE + 2, 2);
}

static uint64_t sections_at(const struct image *image)
{
	return new_header(image) + OPTIONAL_HEADER + get(image, new_header(image) + SIGNATURE_SIZE + 16, 2);
}

static void change_file_header(struct image *image)
{
	static const struct field fields[] = {
		{ 0, 4 }, { 4, 2 }, { 6, 2 }, { 8, 4 }, { 12, 4 }, { 16, 4 }, { 20, 2 }, { 22, 2 },
	};
	const struct field *f = &fields[pick(sizeof(fields) / sizeof(fields[0]))];

	if (pick(8) == 0)
		put(image, NEW_HEADER_AT, odd_value(image), 4);
	else
		put(image, new_header(image) + f->offset, odd_value(image), f->size);
}

/* Magic, entry, base, alignments, sizes, subsystem, characteristics, stack and heap, count of directories. */
static void change_optional_header(struct image *image)
{
	static const struct field fields[] = {
		{ 0, 2 }, { 4, 4 }, { 16, 4 }, { 20, 4 }, { 24, 8 }, { 32, 4 }, { 36, 4 }, { 40, 2 }, { 48, 2 }, { 56, 4 },
		{ 60, 4 }, { 64, 4 }, { 68, 2 }, { 70, 2 }, { 72, 8 }, { 80, 8 }, { 88, 8 }, { 96, 8 }, { 108, 4 },
	};
	const struct field *f = &fields[pick(sizeof(fields) / sizeof(fields[0]))];

	put(image, new_header(image) + OPTIONAL_HEADER + f->offset, odd_value(image), f->size);
}

/* Where exports, imports, exceptions, relocations, thread-local storage and others lie. */
static void change_directory(struct image *image)
{
	uint64_t at = new_header(image) + DIRECTORIES + pick(DIRECTORY_COUNT) * 8 + pick(2) * 4;

	put(image, at, pick(4) ? get(image, at, 4) + pick(64) - 32 : odd_value(image), 4);
}

static void change_section(struct image *image)
{
	static const struct field fields[] = { { 8, 4 }, { 12, 4 }, { 16, 4 }, { 20, 4 }, { 24, 4 }, { 32, 2 }, { 36, 4 } };
	const struct field *f = &fields[pick(sizeof(fields) / sizeof(fields[0]))];

	if (section_count(image))
		put(image, sections_at(image) + pick(section_count(image)) * SECTION_SIZE + f->offset, odd_value(image), f->size);
}

/* Change what one of the directories' sections holds: import names, relocation blocks, unwind data. */
static void change_directory_content(struct image *image)
{
	uint64_t section, at, len;

	if (!section_count(image))
		return;
	section = sections_at(image) + pick(section_count(image)) * SECTION_SIZE;
	len = get(image, section + 16, 4);
	at = get(image, section + 20, 4);
	for (uint64_t i = 1 + pick(8); i > 0 && len; i--)
		put(image, at + pick(len < 256 ? len : 256), odd_value(image), 4);
}

static void mutate(struct image *image)
{
	switch (pick(10)) {
	case 0: change_file_header(image); break;
	case 1: case 2: change_optional_header(image); break;
	case 3: case 4: change_section(image); break;
	case 5: change_directory_content(image); break;
	case 6: flip_bits(image, HEADERS_SIZE); break;
	case 7: flip_bits(image, image->len); break;
	case 8: cut(image); break;
	default: change_directory(image); break;
	}
}

int main(int argc, char **argv)
{
	/* A mutant whose handlers fault nests exceptions down its whole stack; ntdll walks all of it at each, which takes
	 * many seconds on an interpreted processor. */
	static const struct format pe = { .mutate = mutate, .least_len = NEW_HEADER_AT + 4, .limit_ms = 3000 };

	return run_mutants(argc, argv, &pe);
}
