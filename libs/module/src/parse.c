/* The headers of a module: what is loaded, where it goes, and who it is. */
#include <errno.h>

#include "internal.h"

#define IDENT_BYTES 7
#define MAX_ALIGN MODULE_PAGE_BYTES

void module_clear_reason(struct module *m)
{
	m->reason = "";
	m->symbol[0] = '\0';
}

int module_refuse(struct module *m, int err, const char *reason)
{
	m->reason = reason;
	return err;
}

void module_section_header(const struct module *m, uint32_t index, struct elf_section_header *out)
{
	uint64_t table;

	memcpy(&table, m->file + offsetof(struct elf_file_header, shoff), sizeof(table));
	memcpy(out, m->file + table + (uint64_t)index * sizeof(*out), sizeof(*out));
}

static int check_file_header(struct module *m)
{
	struct elf_file_header h;

	if (m->file_len > MODULE_MAX_FILE_BYTES)
		return module_refuse(m, -E2BIG, "larger than any module may be");
	if (m->file_len < sizeof(h))
		return module_refuse(m, -ENOEXEC, "shorter than an ELF header");
	memcpy(&h, m->file, sizeof(h));
	if (memcmp(h.ident, "\177ELF\2\1\1", IDENT_BYTES))
		return module_refuse(m, -ENOEXEC, "not a 64-bit ELF file");
	if (h.type != ELF_ET_REL || h.machine != ELF_EM_X86_64)
		return module_refuse(m, -ENOEXEC, "not a relocatable file for x86_64");
	if (h.shentsize != sizeof(struct elf_section_header))
		return module_refuse(m, -ENOEXEC, "section headers of the wrong size");
	if (!h.shnum || h.shnum > MODULE_MAX_SECTIONS || h.shstrndx >= h.shnum)
		return module_refuse(m, -ENOEXEC, "too many sections, or too few");
	if (h.shoff > m->file_len || (uint64_t)h.shnum * h.shentsize > m->file_len - h.shoff)
		return module_refuse(m, -ENOEXEC, "section headers beyond the file's end");
	m->nsections = h.shnum;
	return 0;
}

static int check_section(struct module *m, const struct elf_section_header *s)
{
	if (s->addralign & (s->addralign - 1))
		return module_refuse(m, -ENOEXEC, "a section's alignment is no power of two");
	if (s->type != ELF_SHT_NOBITS && (s->offset > m->file_len || s->size > m->file_len - s->offset))
		return module_refuse(m, -ENOEXEC, "a section beyond the file's end");
	if (!(s->flags & ELF_SHF_ALLOC))
		return 0;
	if (s->addralign > MAX_ALIGN)
		return module_refuse(m, -ENOEXEC, "a section aligned to more than a page");
	if (s->size > MODULE_MAX_IMAGE_BYTES)
		return module_refuse(m, -E2BIG, "larger than any module may be");
	if (s->flags & ELF_SHF_TLS)
		return module_refuse(m, -ENOEXEC, "thread-local data");
	if ((s->flags & ELF_SHF_WRITE) && (s->flags & ELF_SHF_EXECINSTR))
		return module_refuse(m, -ENOEXEC, "a section that is writable and executable");
	return 0;
}

static enum module_part part_of(const struct elf_section_header *s)
{
	if (!(s->flags & ELF_SHF_ALLOC))
		return MODULE_NOT_LOADED;
	if (s->flags & ELF_SHF_EXECINSTR)
		return MODULE_TEXT;
	return s->flags & ELF_SHF_WRITE ? MODULE_DATA : MODULE_RODATA;
}

static int check_sections(struct module *m)
{
	struct elf_section_header s;
	int err = 0;

	for (uint32_t i = 0; !err && i < m->nsections; i++) {
		module_section_header(m, i, &s);
		err = check_section(m, &s);
		m->sections[i].part = i ? (uint8_t)part_of(&s) : MODULE_NOT_LOADED;
		if (err || s.type != ELF_SHT_SYMTAB)
			continue;
		if (m->symtab || !s.link || s.link >= m->nsections)
			return module_refuse(m, -ENOEXEC, "two symbol tables, or one without names");
		m->symtab = i;
		m->strtab = s.link;
	}
	return err;
}

/* Place the sections of one part. Sums stay far below 2^32: each section is bounded, and so is the image. */
static int lay_out_part(struct module *m, enum module_part part)
{
	uint64_t at = m->image_bytes;
	struct elf_section_header s;

	m->parts[part].offset = (uint32_t)at;
	for (uint32_t i = 0; i < m->nsections; i++) {
		uint64_t align;

		if (m->sections[i].part != part)
			continue;
		module_section_header(m, i, &s);
		align = s.addralign ? s.addralign : 1;
		at = (at + align - 1) & ~(align - 1);
		m->sections[i].range = (struct module_range){ (uint32_t)at, (uint32_t)s.size };
		at += s.size;
		if (at > MODULE_MAX_IMAGE_BYTES)
			return module_refuse(m, -E2BIG, "larger than any module may be");
	}
	at = (at + MODULE_PAGE_BYTES - 1) & ~(uint64_t)(MODULE_PAGE_BYTES - 1);
	m->parts[part].bytes = (uint32_t)at - m->parts[part].offset;
	m->image_bytes = (uint32_t)at;
	return 0;
}

/* ---- .modinfo ---- */

/* Returns: whether @text is `key=value`, and the value. */
static bool has_key(const char *text, const char *key, const char **value)
{
	size_t len = strlen(key);

	if (strncmp(text, key, len) || text[len] != '=')
		return false;
	*value = text + len + 1;
	return true;
}

static bool copy_name(char out[MODULE_NAME_BYTES], const char *value)
{
	size_t len = strlen(value);

	if (!len || len >= MODULE_NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if (value[i] < ' ' || value[i] > '~')
			return false;
	memcpy(out, value, len + 1);
	return true;
}

static bool read_number(const char *value, uint32_t *out)
{
	uint32_t n = 0;

	if (!*value)
		return false;
	for (; *value; value++) {
		if (*value < '0' || *value > '9' || n > 99999)
			return false;
		n = n * 10 + (uint32_t)(*value - '0');
	}
	*out = n;
	return true;
}

static bool take_info(struct module *m, const char *text)
{
	const char *value;

	if (has_key(text, "name", &value))
		return copy_name(m->name, value);
	if (has_key(text, "license", &value))
		return copy_name(m->license, value);
	if (has_key(text, "api", &value))
		return read_number(value, &m->api_version);
	return true;
}

static int read_info(struct module *m, const struct elf_section_header *s)
{
	/* A section that is not in the file may say any offset. */
	uint64_t left = s->type == ELF_SHT_NOBITS ? 0 : s->size;
	const char *text = (const char *)m->file + (left ? s->offset : 0);

	while (left) {
		size_t len = strnlen(text, left);

		if (len == left || !take_info(m, text))
			return module_refuse(m, -ENOEXEC, "damaged .modinfo");
		text += len + 1;
		left -= len + 1;
	}
	return 0;
}

/* The number of the section called @name. Returns: 0 if there is none. */
static uint32_t find_section(const struct module *m, const char *name)
{
	struct elf_section_header s;
	struct elf_file_header h;
	const char *text;

	memcpy(&h, m->file, sizeof(h));
	for (uint32_t i = 1; i < m->nsections; i++) {
		module_section_header(m, i, &s);
		text = module_string(m, h.shstrndx, s.name);
		if (text && !strcmp(text, name))
			return i;
	}
	return 0;
}

static int identify(struct module *m)
{
	uint32_t index = find_section(m, ".modinfo");
	struct elf_section_header s;
	int err;

	if (!index)
		return module_refuse(m, -ENOEXEC, "no .modinfo");
	module_section_header(m, index, &s);
	err = read_info(m, &s);
	if (!err && (!m->name[0] || !m->api_version))
		err = module_refuse(m, -ENOEXEC, "its .modinfo lacks name or api");
	return err;
}

int module_parse(const void *file, size_t len, struct module *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	module_clear_reason(out);
	out->file = file;
	out->file_len = len;
	err = check_file_header(out);
	if (!err)
		err = check_sections(out);
	for (unsigned int part = 0; !err && part < MODULE_PARTS; part++)
		err = lay_out_part(out, (enum module_part)part);
	return err ? err : identify(out);
}

bool module_find_section(const struct module *m, const char *name, struct module_range *out)
{
	uint32_t index = find_section(m, name);

	if (!module_is_loaded(m, index))
		return false;
	*out = m->sections[index].range;
	return true;
}
