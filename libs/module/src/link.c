/* Copying a module's sections and relocating them (System V ABI, AMD64 supplement, 4.4). */
#include <errno.h>

#include "internal.h"

enum relocation {
	R_NONE = 0, R_64 = 1, R_PC32 = 2, R_PLT32 = 4, R_32 = 10, R_32S = 11, R_PC64 = 24,
};

struct linker {
	struct module *m;
	uint8_t *memory;
	uint64_t address;
	module_resolve_fn resolve;
	void *ctx;
};

static void copy_sections(const struct linker *l)
{
	struct elf_section_header s;

	for (uint32_t i = 1; i < l->m->nsections; i++) {
		if (!module_is_loaded(l->m, i))
			continue;
		module_section_header(l->m, i, &s);
		if (s.type != ELF_SHT_NOBITS)
			memcpy(l->memory + l->m->sections[i].range.offset, l->m->file + s.offset, s.size);
	}
}

static void note_symbol(struct module *m, const char *name)
{
	size_t len = strnlen(name, sizeof(m->symbol) - 1);

	memcpy(m->symbol, name, len);
	m->symbol[len] = '\0';
}

static int undefined_value(const struct linker *l, const struct elf_symbol *symbol, uint64_t *value)
{
	const char *name = module_string(l->m, l->m->strtab, symbol->name);

	if (!name || !*name)
		return module_refuse(l->m, -ENOEXEC, "an undefined symbol without a name");
	if (l->resolve(l->ctx, name, value))
		return 0;
	if (symbol->info >> 4 == ELF_STB_WEAK) {
		*value = 0;
		return 0;
	}
	note_symbol(l->m, name);
	return module_refuse(l->m, -ENOENT, "unknown symbol");
}

static int symbol_value(const struct linker *l, uint64_t index, uint64_t *value)
{
	struct elf_symbol symbol;

	*value = 0;
	if (!index)
		return 0;
	if (!module_symbol(l->m, index, &symbol))
		return module_refuse(l->m, -ENOEXEC, "a relocation against a symbol that is not there");
	if (symbol.shndx == ELF_SHN_UNDEF)
		return undefined_value(l, &symbol, value);
	if (symbol.shndx == ELF_SHN_ABS) {
		*value = symbol.value;
		return 0;
	}
	if (!module_is_loaded(l->m, symbol.shndx) || symbol.value > l->m->sections[symbol.shndx].range.bytes)
		return module_refuse(l->m, -ENOEXEC, "a symbol outside what is loaded");
	*value = l->address + l->m->sections[symbol.shndx].range.offset + symbol.value;
	return 0;
}

static bool fits(uint32_t type, uint64_t value)
{
	if (type == R_32)
		return value == (uint32_t)value;
	return (int64_t)value == (int32_t)value;
}

static unsigned int width_of(uint32_t type)
{
	switch (type) {
	case R_64:
	case R_PC64:
		return 8;
	case R_PC32:
	case R_PLT32:
	case R_32:
	case R_32S:
		return 4;
	}
	return 0;
}

static bool is_relative(uint32_t type)
{
	return type == R_PC32 || type == R_PLT32 || type == R_PC64;
}

static int relocate(const struct linker *l, const struct module_range *target, const struct elf_rela *rela)
{
	uint32_t type = (uint32_t)rela->info;
	unsigned int width = width_of(type);
	uint64_t value;
	int err;

	if (type == R_NONE)
		return 0;
	if (!width)
		return module_refuse(l->m, -ENOEXEC, "a relocation of an unknown kind");
	if (width > target->bytes || rela->offset > target->bytes - width)
		return module_refuse(l->m, -ENOEXEC, "a relocation outside its section");
	err = symbol_value(l, rela->info >> 32, &value);
	if (err)
		return err;
	value += (uint64_t)rela->addend;
	if (is_relative(type))
		value -= l->address + target->offset + rela->offset;
	if (width == 4 && !fits(type, value))
		return module_refuse(l->m, -ERANGE, "a relocation's value does not fit");
	memcpy(l->memory + target->offset + rela->offset, &value, width);
	return 0;
}

static int relocate_section(const struct linker *l, const struct elf_section_header *s)
{
	const uint8_t *table = l->m->file + s->offset;
	struct elf_rela rela;
	int err = 0;

	if (!module_is_loaded(l->m, s->info))
		return 0;
	if (s->type == ELF_SHT_REL)
		return module_refuse(l->m, -ENOEXEC, "relocations without addends");
	if (s->link != l->m->symtab)
		return module_refuse(l->m, -ENOEXEC, "relocations with a symbol table of their own");
	for (uint64_t i = 0; !err && i < s->size / sizeof(rela); i++) {
		memcpy(&rela, table + i * sizeof(rela), sizeof(rela));
		err = relocate(l, &l->m->sections[s->info].range, &rela);
	}
	return err;
}

/* Sections may overlap in the file; without this, 255 of them could each hold all of it. */
static int check_amount(struct module *m)
{
	struct elf_section_header s;
	uint64_t bytes = 0;

	for (uint32_t i = 1; i < m->nsections; i++) {
		module_section_header(m, i, &s);
		if (s.type == ELF_SHT_RELA || s.type == ELF_SHT_REL)
			bytes += s.size;
	}
	return bytes <= m->file_len ? 0 : module_refuse(m, -ENOEXEC, "more relocations than the file holds");
}

int module_link(struct module *m, void *memory, uint64_t address, module_resolve_fn resolve, void *ctx)
{
	const struct linker l = { m, memory, address, resolve, ctx };
	struct elf_section_header s;
	int err;

	module_clear_reason(m);
	err = check_amount(m);
	if (!err)
		copy_sections(&l);
	for (uint32_t i = 1; !err && i < m->nsections; i++) {
		module_section_header(m, i, &s);
		if (s.type == ELF_SHT_RELA || s.type == ELF_SHT_REL)
			err = relocate_section(&l, &s);
	}
	return err;
}
