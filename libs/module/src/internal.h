/* Reading the file of a module. Offsets are checked once, when it is parsed. */
#ifndef MODULE_INTERNAL_H
#define MODULE_INTERNAL_H

#include <string.h>

#include <elf/format.h>
#include <module/module.h>

/* Forget the last failure, or note one. */
void module_clear_reason(struct module *m);
int module_refuse(struct module *m, int err, const char *reason);

/* Section @index, which exists. Nothing in the file need be aligned. */
void module_section_header(const struct module *m, uint32_t index, struct elf_section_header *out);

/* The string at @offset of string table @table. Returns: NULL if it is not there or not terminated. */
const char *module_string(const struct module *m, uint32_t table, uint64_t offset);

/* Returns: false if symbol @index does not exist. */
bool module_symbol(const struct module *m, uint64_t index, struct elf_symbol *out);

/* Whether the defined symbol lies in a section that is loaded. */
static inline bool module_is_loaded(const struct module *m, uint32_t shndx)
{
	return shndx && shndx < m->nsections && m->sections[shndx].part < MODULE_NOT_LOADED;
}

#endif
