/* tests/hostile/hostile_elf.c: execute mutants of an ELF program, of itself unless told. */
#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "mutants.h"

static void change_header(struct image *image)
{
	static const struct { uint8_t offset, size; } fields[] = {
		{ offsetof(Elf64_Ehdr, e_ident) + EI_CLASS, 1 }, { offsetof(Elf64_Ehdr, e_ident) + EI_DATA, 1 },
		{ offsetof(Elf64_Ehdr, e_type), 2 }, { offsetof(Elf64_Ehdr, e_machine), 2 },
		{ offsetof(Elf64_Ehdr, e_version), 4 }, { offsetof(Elf64_Ehdr, e_entry), 8 },
		{ offsetof(Elf64_Ehdr, e_phoff), 8 }, { offsetof(Elf64_Ehdr, e_shoff), 8 },
		{ offsetof(Elf64_Ehdr, e_flags), 4 }, { offsetof(Elf64_Ehdr, e_ehsize), 2 },
		{ offsetof(Elf64_Ehdr, e_phentsize), 2 }, { offsetof(Elf64_Ehdr, e_phnum), 2 },
		{ offsetof(Elf64_Ehdr, e_shnum), 2 }, { offsetof(Elf64_Ehdr, e_shstrndx), 2 },
	};
	size_t which = pick(sizeof(fields) / sizeof(fields[0]));

	put(image, fields[which].offset, odd_value(image), fields[which].size);
}

/* Change one field of one program header, PT_INTERP among the types. */
static void change_program_header(struct image *image)
{
	static const struct { uint8_t offset, size; } fields[] = {
		{ offsetof(Elf64_Phdr, p_type), 4 }, { offsetof(Elf64_Phdr, p_flags), 4 },
		{ offsetof(Elf64_Phdr, p_offset), 8 }, { offsetof(Elf64_Phdr, p_vaddr), 8 },
		{ offsetof(Elf64_Phdr, p_paddr), 8 }, { offsetof(Elf64_Phdr, p_filesz), 8 },
		{ offsetof(Elf64_Phdr, p_memsz), 8 }, { offsetof(Elf64_Phdr, p_align), 8 },
	};
	const Elf64_Ehdr *header = (const void *)image->bytes;
	size_t which = pick(sizeof(fields) / sizeof(fields[0]));
	uint64_t value = odd_value(image);

	if (!header->e_phnum)
		return;
	if (fields[which].offset == offsetof(Elf64_Phdr, p_type))
		value = pick(2) ? pick(8) : 0x6474e550 + pick(4);
	put(image, header->e_phoff + pick(header->e_phnum) * sizeof(Elf64_Phdr) + fields[which].offset,
		value, fields[which].size);
}

static void swap_program_headers(struct image *image)
{
	const Elf64_Ehdr *header = (const void *)image->bytes;
	Elf64_Phdr keep, *headers;
	size_t a, b;

	if (!header->e_phnum || header->e_phoff > image->len ||
	    header->e_phnum * sizeof(Elf64_Phdr) > image->len - header->e_phoff || header->e_phoff % 8)
		return;
	headers = (void *)(image->bytes + header->e_phoff);
	a = pick(header->e_phnum);
	b = pick(header->e_phnum);
	keep = headers[a];
	headers[a] = headers[b];
	if (pick(2))
		headers[b] = keep;
}

static void mutate(struct image *image)
{
	switch (pick(8)) {
	case 0: change_header(image); break;
	case 1: swap_program_headers(image); break;
	case 2: flip_bits(image, 1024); break;
	case 3: flip_bits(image, image->len); break;
	case 4: cut(image); break;
	default: change_program_header(image); break;
	}
}

int main(int argc, char **argv)
{
	static const struct format elf = {
		.mutate = mutate, .least_len = sizeof(Elf64_Ehdr), .limit_ms = 500, .address_space = 256UL << 20,
	};

	/* An unharmed mutant of this program. */
	if (argc == 2 && !strcmp(argv[1], "exit"))
		return 42;
	return run_mutants(argc, argv, &elf);
}
