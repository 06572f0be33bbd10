#include <errno.h>
#include <string.h>

#include <registry/registry.h>

/* Take what is before the first @separator off *@text, and the separator too. */
static struct registry_text take_until(struct registry_text *text, char separator)
{
	const char *found = text->len ? memchr(text->start, separator, text->len) : NULL;
	struct registry_text taken = { text->start, found ? (size_t)(found - text->start) : text->len };
	size_t skipped = taken.len + (found ? 1 : 0);

	text->start += skipped;
	text->len -= skipped;
	return taken;
}

static bool texts_equal(struct registry_text a, struct registry_text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.start, b.start, a.len) == 0);
}

/* Split `key=value`. Returns: false if there is no `=` or no key. */
static bool split_field(struct registry_text field, struct registry_text *key, struct registry_text *value)
{
	*value = field;
	*key = take_until(value, '=');
	return key->len > 0 && key->len < field.len;
}

static bool find_field(struct registry_text record, struct registry_text key, struct registry_text *value)
{
	struct registry_text found;

	while (record.len)
		if (split_field(take_until(&record, '\t'), &found, value) && texts_equal(found, key))
			return true;
	return false;
}

static bool has_control_bytes(struct registry_text text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (((unsigned char)text.start[i] < 0x20 && text.start[i] != '\t') || text.start[i] == 0x7f)
			return true;
	return false;
}

static bool is_record_valid(struct registry_text record)
{
	struct registry_text key, value, other;

	if (has_control_bytes(record) || record.start[record.len - 1] == '\t')
		return false;
	while (record.len) {
		if (!split_field(take_until(&record, '\t'), &key, &value))
			return false;
		if (find_field(record, key, &other))
			return false;
	}
	return true;
}

void registry_open(struct registry_reader *reader, const char *text, size_t len)
{
	*reader = (struct registry_reader){ .rest = { text, len } };
}

int registry_next(struct registry_reader *reader, struct registry_record *record)
{
	while (reader->rest.len) {
		struct registry_text line = take_until(&reader->rest, '\n');

		reader->line++;
		if (line.len == 0 || line.start[0] == '#')
			continue;
		if (!is_record_valid(line))
			return -EINVAL;
		record->text = line;
		return 1;
	}
	return 0;
}

bool registry_field(const struct registry_record *record, const char *key, struct registry_text *value)
{
	return find_field(record->text, (struct registry_text){ key, strlen(key) }, value);
}

int registry_field_u64(const struct registry_record *record, const char *key, uint64_t *value)
{
	struct registry_text text;
	uint64_t digit;
	size_t i;

	if (!registry_field(record, key, &text))
		return -ENOENT;
	if (text.len == 0)
		return -EINVAL;
	*value = 0;
	for (i = 0; i < text.len; i++) {
		if (text.start[i] < '0' || text.start[i] > '9')
			return -EINVAL;
		digit = (uint64_t)(text.start[i] - '0');
		if (*value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		*value = *value * 10 + digit;
	}
	return 0;
}

int registry_field_bool(const struct registry_record *record, const char *key, bool *value)
{
	struct registry_text text;

	if (!registry_field(record, key, &text))
		return -ENOENT;
	*value = registry_text_is(text, "true");
	return *value || registry_text_is(text, "false") ? 0 : -EINVAL;
}

bool registry_list_next(struct registry_text *list, struct registry_text *item)
{
	if (list->len == 0)
		return false;
	*item = take_until(list, ',');
	return true;
}

bool registry_text_is(struct registry_text text, const char *expected)
{
	return texts_equal(text, (struct registry_text){ expected, strlen(expected) });
}

int registry_text_copy(struct registry_text text, char *buf, size_t size)
{
	if (text.len >= size)
		return -ERANGE;
	if (text.len)
		memcpy(buf, text.start, text.len);
	buf[text.len] = '\0';
	return 0;
}
