/* module/module.h: the loader of kernel modules, which are relocatable x86_64 ELF files (`.ko`).
 *
 *	module_parse()	checks the headers and lays the sections out in parts of whole pages
 *	module_link()	copies the sections and applies the relocations, for the address they will run at
 *
 * Between the two the caller finds memory; after it, protects the parts: none is both
 * writable and executable. The file may be hostile: everything is checked before it is
 * used, the time is bounded by the file's length, and on failure `reason` says why.
 *
 * A module says who it is in a section `.modinfo`, NUL-terminated `key=value` strings: `name`
 * and `api` must be there, `license` may.
 *
 * Nothing here allocates, locks or keeps state. The file must not change between the calls.
 */
#ifndef MODULE_MODULE_H
#define MODULE_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODULE_MAX_FILE_BYTES (4u << 20)
#define MODULE_MAX_IMAGE_BYTES (16u << 20)
#define MODULE_MAX_SECTIONS 256
#define MODULE_NAME_BYTES 32
#define MODULE_SYMBOL_BYTES 64
#define MODULE_PAGE_BYTES 4096u

enum module_part { MODULE_TEXT, MODULE_RODATA, MODULE_DATA, MODULE_PARTS, MODULE_NOT_LOADED = MODULE_PARTS };

struct module_range {
	uint32_t offset;	/* in the image */
	uint32_t bytes;
};

struct module_section {
	uint8_t part;		/* enum module_part */
	struct module_range range;
};

struct module {
	const uint8_t *file;
	size_t file_len;
	uint32_t nsections;
	struct module_section sections[MODULE_MAX_SECTIONS];
	struct module_range parts[MODULE_PARTS];	/* whole pages, in this order, without gaps */
	uint32_t image_bytes;
	uint32_t symtab, strtab;	/* section numbers; 0: it has no symbols */
	char name[MODULE_NAME_BYTES];
	char license[MODULE_NAME_BYTES];
	uint32_t api_version;
	const char *reason;		/* why the last call failed, a static string; "" when it did not */
	char symbol[MODULE_SYMBOL_BYTES];	/* which symbol it failed for; "" for none */
};

/* Returns: 0; -ENOEXEC if it is no module that can be loaded; -E2BIG if it is too large. */
int module_parse(const void *file, size_t len, struct module *out);

/* The address of a symbol that the module does not define. Returns: false if there is none. */
typedef bool (*module_resolve_fn)(void *ctx, const char *name, uint64_t *address);

/* Write the module's image_bytes to @memory, which is zeroes, to run at @address.
 * Returns: 0; -ENOENT for a symbol that nobody defines; -ENOEXEC for a relocation that is unknown or
 * lies outside its section; -ERANGE for one whose value does not fit. */
int module_link(struct module *m, void *memory, uint64_t address, module_resolve_fn resolve, void *ctx);

/* The loaded section called @name. Returns: false if there is none. */
bool module_find_section(const struct module *m, const char *name, struct module_range *out);

/* The functions of the module, in the file's order: @at starts as 0.
 * Returns: false after the last. *@name points into the file and is terminated. */
bool module_next_function(const struct module *m, uint32_t *at, const char **name, uint32_t *offset);

#endif
