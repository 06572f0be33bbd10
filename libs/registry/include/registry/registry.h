/* registry/registry.h: read the registries under system/registry.
 *
 * One record a line, fields `key=value` separated by tabs, list items by commas; empty lines
 * and lines that start with # say nothing. Staging writes them from package.toml. What
 * is returned points into the text and is not terminated. Nothing allocates.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct registry_text {
	const char *start;
	size_t len;
};

struct registry_reader {
	struct registry_text rest;
	unsigned int line; /* of the record returned last, or the one at fault; from 1 */
};

struct registry_record {
	struct registry_text text;
};

void registry_open(struct registry_reader *reader, const char *text, size_t len);

/* Returns: 1 and the next record; 0 at the end; -EINVAL for a line with a field that has no `=`
 * or no key, a key twice, or a control byte. Reading may go on after that line. */
int registry_next(struct registry_reader *reader, struct registry_record *record);

/* The value of @key, which may be empty. Returns: false if the record has no such field. */
bool registry_field(const struct registry_record *record, const char *key, struct registry_text *value);

/* As registry_field(), for decimal numbers and true or false.
 * Returns: 0; -ENOENT; -EINVAL if the value is something else, -ERANGE if too large. */
int registry_field_u64(const struct registry_record *record, const char *key, uint64_t *value);
int registry_field_bool(const struct registry_record *record, const char *key, bool *value);

/* Take the first item off *@list. Returns: false if the list is empty. */
bool registry_list_next(struct registry_text *list, struct registry_text *item);

bool registry_text_is(struct registry_text text, const char *expected);

/* Copy @text with a NUL. Returns: 0; -ERANGE if it does not fit in @size bytes. */
int registry_text_copy(struct registry_text text, char *buf, size_t size);

#endif
