/* Aliases as patterns, and devices' names in the same form. */
#include <errno.h>
#include <string.h>

#include <alias/alias.h>
#include <format/format.h>

#define VIRTIO_VENDOR 0x1af4u
#define MAX_DIGITS 8

/* The keys of a bus; in a pattern each is its tag and a number of fixed width. */
struct key {
	const char *name;	/* NULL: the rest of the class, no key of its own */
	const char *tag;
	unsigned int digits;
};
static const struct key pci_keys[] = {
	{ "vendor", "v", 8 }, { "device", "d", 8 }, { "subvendor", "sv", 8 }, { "subdevice", "sd", 8 },
	{ "class", "bc", 2 }, { NULL, "sc", 2 }, { NULL, "i", 2 }, { 0 },
};
static const struct key virtio_keys[] = { { "id", "d", 8 }, { "vendor", "v", 8 }, { 0 } };

#define MAX_KEYS 7

struct values {
	char text[MAX_KEYS][MAX_DIGITS + 1];	/* digits, or "*" */
};

void alias_of_pci(const struct alias_pci *id, char out[ALIAS_BYTES])
{
	fmt_snprintf(out, ALIAS_BYTES, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", id->vendor, id->device,
		     id->subvendor, id->subdevice, id->class >> 16 & 0xff, id->class >> 8 & 0xff, id->class & 0xff);
}

void alias_of_virtio(uint32_t id, char out[ALIAS_BYTES])
{
	fmt_snprintf(out, ALIAS_BYTES, "virtio:d%08Xv%08X", id, VIRTIO_VENDOR);
}

/* ---- key=value to a pattern ---- */

static bool is_hex(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

/* Parse a number of @len characters. Returns: 0, and how many digits it was written with; -EINVAL. */
static int parse_number(const char *text, size_t len, uint32_t *value, unsigned int *digits)
{
	unsigned int base = len > 2 && is_hex(text) ? 16 : 10;
	size_t i = base == 16 ? 2 : 0;

	*value = 0;
	*digits = (unsigned int)(len - i);
	if (!*digits || *digits > MAX_DIGITS)
		return -EINVAL;
	for (; i < len; i++) {
		unsigned int digit = (unsigned int)fmt_hex_digit(text[i]);

		if (digit >= base)
			return -EINVAL;
		*value = *value * base + digit;
	}
	return 0;
}

/* A class may stop after the base class or the subclass. */
static int set_class(struct values *values, unsigned int at, uint32_t value, unsigned int digits)
{
	if (digits != 2 && digits != 4 && digits != 6)
		return -EINVAL;
	for (unsigned int i = 0; i < digits / 2; i++)
		fmt_snprintf(values->text[at + i], sizeof(values->text[0]), "%02X", value >> (digits - 2 * i - 2) * 4 & 0xff);
	return 0;
}

static int set_value(const struct key *keys, struct values *values, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	unsigned int digits;
	uint32_t value;

	if (!equals || parse_number(equals + 1, len - (size_t)(equals + 1 - text), &value, &digits))
		return -EINVAL;
	for (unsigned int i = 0; keys[i].tag; i++) {
		if (!keys[i].name || strlen(keys[i].name) != (size_t)(equals - text) ||
		    memcmp(keys[i].name, text, (size_t)(equals - text)))
			continue;
		if (!strcmp(keys[i].name, "class"))
			return set_class(values, i, value, digits);
		fmt_snprintf(values->text[i], sizeof(values->text[0]), "%08X", value);
		return 0;
	}
	return -EINVAL;
}

static int pattern_of_keys(const struct key *keys, const char *bus, const char *text, char *out)
{
	struct values values;
	size_t at = 0;

	for (unsigned int i = 0; i < MAX_KEYS; i++)
		memcpy(values.text[i], "*", 2);
	while (*text) {
		const char *end = strchr(text, ';');
		size_t len = end ? (size_t)(end - text) : strlen(text);

		if (set_value(keys, &values, text, len))
			return -EINVAL;
		text += len + (text[len] == ';');
	}
	at = (size_t)fmt_snprintf(out, ALIAS_BYTES, "%s:", bus);
	for (unsigned int i = 0; keys[i].tag; i++)
		at += (size_t)fmt_snprintf(out + at, ALIAS_BYTES - at, "%s%s", keys[i].tag, values.text[i]);
	return 0;
}

int alias_pattern(const char *alias, char out[ALIAS_BYTES])
{
	const char *colon = strchr(alias, ':');
	size_t len = strlen(alias);

	if (!colon || colon == alias || !colon[1])
		return -EINVAL;
	if (len >= ALIAS_BYTES)
		return -ERANGE;
	if (strchr(colon, '=')) {
		if (!strncmp(alias, "pci:", 4))
			return pattern_of_keys(pci_keys, "pci", colon + 1, out);
		if (!strncmp(alias, "virtio:", 7))
			return pattern_of_keys(virtio_keys, "virtio", colon + 1, out);
		return -EINVAL;
	}
	memcpy(out, alias, len + 1);
	return 0;
}

/* A star takes as little as it can; when what follows does not fit, it takes one character more. Only the
 * last star is ever revisited, which bounds the time by the product of the lengths. */
bool alias_matches(const char *pattern, const char *modalias)
{
	const char *star = NULL, *taken = NULL;

	while (*modalias) {
		if (*pattern == '*') {
			star = pattern++;
			taken = modalias;
		} else if (*pattern == '?' || *pattern == *modalias) {
			pattern++;
			modalias++;
		} else if (star) {
			pattern = star + 1;
			modalias = ++taken;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
