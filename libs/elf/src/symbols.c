/* Symbols of an ELF file. */
#include <errno.h>
#include <string.h>

#include <elf/elf.h>
#include <elf/format.h>

#define SYMBOL_BATCH 16u
#define UNSIZED_BYTES 256u	/* taken for the size of what assembly gave none */
#define MAX_SYMBOLS (1u << 20)

struct section_table {
	uint64_t offset;
	uint16_t count;
};

static int read_at(const struct elf_source *src, uint64_t offset, void *buf, size_t len)
{
	if (offset > src->file_size || len > src->file_size - offset)
		return -ENOENT;
	return src->read(src->ctx, offset, buf, len);
}

static int find_sections(const struct elf_source *src, struct section_table *table)
{
	uint8_t header[64];
	int err = read_at(src, 0, header, sizeof(header));

	if (err)
		return err;
	if (memcmp(header, "\177ELF\2\1", 6))
		return -ENOEXEC;
	memcpy(&table->offset, header + 40, sizeof(table->offset));
	memcpy(&table->count, header + 60, sizeof(table->count));
	return 0;
}

static int read_section(const struct elf_source *src, const struct section_table *table, uint32_t index,
			struct elf_section_header *out)
{
	if (index >= table->count || table->offset > src->file_size)
		return -ENOENT;
	return read_at(src, table->offset + index * sizeof(*out), out, sizeof(*out));
}

static int find_symtab(const struct elf_source *src, const struct section_table *table, struct elf_section_header *symtab,
		       struct elf_section_header *strtab)
{
	for (uint32_t i = 0; i < table->count; i++) {
		int err = read_section(src, table, i, symtab);

		if (err)
			return err;
		if (symtab->type == ELF_SHT_SYMTAB)
			return read_section(src, table, symtab->link, strtab);
	}
	return -ENOENT;
}

/* The function that @address lies in. */
static int find_function(const struct elf_source *src, const struct elf_section_header *symtab, uint64_t address,
			 struct elf_symbol *best)
{
	struct elf_symbol batch[SYMBOL_BATCH];
	uint64_t left = symtab->size / sizeof(batch[0]), at = symtab->offset;

	best->value = 0;
	for (left = left < MAX_SYMBOLS ? left : MAX_SYMBOLS; left; ) {
		uint64_t n = left < SYMBOL_BATCH ? left : SYMBOL_BATCH;
		int err = read_at(src, at, batch, n * sizeof(batch[0]));

		if (err)
			return err;
		for (uint64_t i = 0; i < n; i++) {
			const struct elf_symbol *s = &batch[i];

			if ((s->info & 0xf) == ELF_STT_FUNC && s->value <= address && s->value > best->value)
				*best = *s;
		}
		at += n * sizeof(batch[0]);
		left -= n;
	}
	if (!best->value || address - best->value >= (best->size ? best->size : UNSIZED_BYTES))
		return -ENOENT;
	return 0;
}

int elf_function_at(const struct elf_source *src, uint64_t address, char *name, size_t cap, uint64_t *offset)
{
	struct elf_section_header symtab, strtab;
	struct section_table table;
	struct elf_symbol found;
	int err = find_sections(src, &table);

	if (!err)
		err = find_symtab(src, &table, &symtab, &strtab);
	if (!err)
		err = find_function(src, &symtab, address, &found);
	if (!err && found.name >= strtab.size)
		err = -ENOENT;
	if (err)
		return err;
	if (cap > strtab.size - found.name)
		cap = strtab.size - found.name;
	err = read_at(src, strtab.offset + found.name, name, cap);
	if (err)
		return err;
	name[cap - 1] = '\0';
	*offset = address - found.value;
	return 0;
}
