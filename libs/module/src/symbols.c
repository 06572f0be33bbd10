/* Names and symbols of a module. */
#include "internal.h"

const char *module_string(const struct module *m, uint32_t table, uint64_t offset)
{
	struct elf_section_header s;
	const char *text;

	module_section_header(m, table, &s);
	if (s.type != ELF_SHT_STRTAB || offset >= s.size)
		return NULL;
	text = (const char *)m->file + s.offset + offset;
	/* One look at the table's last byte tells that every string in it ends. */
	return m->file[s.offset + s.size - 1] ? NULL : text;
}

bool module_symbol(const struct module *m, uint64_t index, struct elf_symbol *out)
{
	struct elf_section_header s;

	if (!m->symtab)
		return false;
	module_section_header(m, m->symtab, &s);
	if (index >= s.size / sizeof(*out))
		return false;
	memcpy(out, m->file + s.offset + index * sizeof(*out), sizeof(*out));
	return true;
}

bool module_next_function(const struct module *m, uint32_t *at, const char **name, uint32_t *offset)
{
	struct elf_symbol symbol;

	while (module_symbol(m, (*at)++, &symbol)) {
		if ((symbol.info & 0xf) != ELF_STT_FUNC || !module_is_loaded(m, symbol.shndx) ||
		    m->sections[symbol.shndx].part != MODULE_TEXT ||
		    symbol.value >= m->sections[symbol.shndx].range.bytes)
			continue;
		*name = module_string(m, m->strtab, symbol.name);
		*offset = m->sections[symbol.shndx].range.offset + (uint32_t)symbol.value;
		if (*name)
			return true;
	}
	return false;
}
