/* fat: names as they are typed, and as a directory has them. */
#include <errno.h>
#include <string.h>

#include <unicode/unicode.h>

#include "private.h"

#define LOWER_BASE 0x08u
#define LOWER_EXT 0x10u
#define BASE_LEN 8u
#define EXT_LEN 3u
#define KANJI_E5 0x05u		/* stands for E5h at a short name's start */

/* Code page 437 from 80h on. */
static const uint16_t oem[128] = {
	0xc7, 0xfc, 0xe9, 0xe2, 0xe4, 0xe0, 0xe5, 0xe7, 0xea, 0xeb, 0xe8, 0xef, 0xee, 0xec, 0xc4, 0xc5,
	0xc9, 0xe6, 0xc6, 0xf4, 0xf6, 0xf2, 0xfb, 0xf9, 0xff, 0xd6, 0xdc, 0xa2, 0xa3, 0xa5, 0x20a7, 0x192,
	0xe1, 0xed, 0xf3, 0xfa, 0xf1, 0xd1, 0xaa, 0xba, 0xbf, 0x2310, 0xac, 0xbd, 0xbc, 0xa1, 0xab, 0xbb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
	0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x3b1, 0xdf, 0x393, 0x3c0, 0x3a3, 0x3c3, 0xb5, 0x3c4, 0x3a6, 0x398, 0x3a9, 0x3b4, 0x221e, 0x3c6, 0x3b5, 0x2229,
	0x2261, 0xb1, 0x2265, 0x2264, 0x2320, 0x2321, 0xf7, 0x2248, 0xb0, 0x2219, 0xb7, 0x221a, 0x207f, 0xb2, 0x25a0, 0xa0,
};

static bool is_forbidden(uint32_t c)
{
	return c < 0x20 || c == 0x7f || (c < 0x80 && strchr("\"*/:<>?\\|", (int)c));
}

static bool is_short_char(uint32_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && c < 0x80 && strchr("$%'-_@~`!(){}^#&", (int)c));
}

static uint16_t fold(uint16_t c)
{
	return (uint16_t)unicode_upper(c);
}

static int add_char(struct name *out, uint32_t c)
{
	unsigned int n = c < 0x10000 ? 1 : 2;

	if (c >= UNICODE_LIMIT || is_forbidden(c))
		return -EINVAL;
	if (out->nunits + n > FAT_NAME_UNITS)
		return -ENAMETOOLONG;
	if (n == 1) {
		out->units[out->nunits++] = (uint16_t)c;
		return 0;
	}
	out->units[out->nunits++] = (uint16_t)(0xd7c0 + (c >> 10));
	out->units[out->nunits++] = (uint16_t)(0xdc00 + (c & 0x3ff));
	return 0;
}

/* One part of a short name, @most characters at most, of one case. */
static bool fit_part(const uint16_t *units, unsigned int n, unsigned int most, uint8_t *raw, bool *has_case, bool *is_lower)
{
	bool has_lower = false, has_upper = false;

	if (n > most)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (units[i] >= 0x80 || !is_short_char(fold(units[i])))
			return false;
		has_lower |= units[i] >= 'a' && units[i] <= 'z';
		has_upper |= units[i] >= 'A' && units[i] <= 'Z';
		raw[i] = (uint8_t)fold(units[i]);
	}
	*is_lower = has_lower;
	*has_case &= !(has_lower && has_upper);
	return true;
}

/* As a short name, with the bits that say which part is in lower case. */
static void fit_short(struct name *name)
{
	bool has_one_case = true, lower_base = false, lower_ext = false;
	unsigned int dot = name->nunits;

	for (unsigned int i = 0; i < name->nunits && dot == name->nunits; i++)
		if (name->units[i] == '.')
			dot = i;
	memset(name->raw, ' ', SHORT_LEN);
	name->is_long = true;
	if (!dot || !fit_part(name->units, dot, BASE_LEN, name->raw, &has_one_case, &lower_base))
		return;
	if (dot < name->nunits && !fit_part(name->units + dot + 1, name->nunits - dot - 1, EXT_LEN, name->raw + BASE_LEN,
					    &has_one_case, &lower_ext))
		return;
	name->has_raw = true;
	name->is_long = !has_one_case;
	if (has_one_case)
		name->lower = (uint8_t)((lower_base ? LOWER_BASE : 0) | (lower_ext ? LOWER_EXT : 0));
}

int fat_name_parse(const char *text, size_t len, struct name *out)
{
	const char *end = text + len;
	int err;

	while (end > text && end[-1] == '.')
		end--;
	memset(out, 0, sizeof(*out));
	if (end == text)
		return len ? -EINVAL : -ENOENT;
	while (text < end) {
		err = add_char(out, unicode_next(&text, end));
		if (err)
			return err;
	}
	for (unsigned int i = 0; i < out->nunits; i++)
		out->folded[i] = fold(out->units[i]);
	fit_short(out);
	return 0;
}

/* At most @most characters that a short name may have; others become '_'. */
static unsigned int make_part(const uint16_t *units, unsigned int n, unsigned int most, uint8_t *out)
{
	unsigned int len = 0;

	for (unsigned int i = 0; i < n && len < most; i++) {
		uint16_t c = fold(units[i]);

		if (c == ' ' || c == '.')
			continue;
		out[len++] = is_short_char(c) ? (uint8_t)c : '_';
	}
	return len;
}

static uint32_t hash_units(const struct name *name, uint32_t salt)
{
	uint32_t hash = 2166136261u ^ salt * 0x9e3779b9u;

	for (unsigned int i = 0; i < name->nunits; i++)
		hash = (hash ^ name->units[i]) * 16777619u;
	return hash ^ hash >> 16;
}

/* "NAME~1" to "NAME~4"; then "NA1F2E~1" to "NA1F2E~9" with four digits of a hash. */
void fat_name_make_aliases(struct name *name, uint32_t salt)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned int start = 0, dot = name->nunits;
	uint32_t hash = hash_units(name, salt);
	uint8_t base[6], ext[EXT_LEN];
	unsigned int base_len, ext_len;

	while (start < name->nunits && (name->units[start] == '.' || name->units[start] == ' '))
		start++;
	for (unsigned int i = start; i < name->nunits; i++)
		if (name->units[i] == '.')
			dot = i;
	base_len = make_part(name->units + start, dot - start, sizeof(base), base);
	ext_len = dot < name->nunits ? make_part(name->units + dot + 1, name->nunits - dot - 1, EXT_LEN, ext) : 0;
	if (!base_len)
		base[base_len++] = '_';
	for (unsigned int i = 0; i < ALIASES; i++) {
		unsigned int len = i < NUMBERED || base_len < 2 ? base_len : 2;
		uint8_t *raw = name->aliases[i];

		memset(raw, ' ', SHORT_LEN);
		memcpy(raw, base, len);
		if (i >= NUMBERED)
			for (unsigned int d = 0; d < 4; d++)
				raw[len++] = (uint8_t)digits[hash >> 4 * d & 15];
		raw[len++] = '~';
		raw[len] = (uint8_t)('1' + (i < NUMBERED ? i : i - NUMBERED));
		memcpy(raw + BASE_LEN, ext, ext_len);
	}
}

unsigned int fat_name_slots(const struct name *name)
{
	return name->is_long ? (name->nunits + SLOT_UNITS - 1) / SLOT_UNITS + 1 : 1;
}

bool fat_name_is_same(const struct name *name, const uint16_t *units, unsigned int nunits)
{
	if (name->nunits != nunits)
		return false;
	for (unsigned int i = 0; i < nunits; i++)
		if (name->folded[i] != fold(units[i]))
			return false;
	return true;
}

static uint16_t short_char(uint8_t c, bool is_lower)
{
	if (c >= 0x80)
		return oem[c - 0x80];
	if (is_lower && c >= 'A' && c <= 'Z')
		return (uint16_t)(c + 'a' - 'A');
	return is_forbidden(c) || c == '.' ? '_' : c;
}

unsigned int fat_name_of_short(const uint8_t raw[SHORT_LEN], uint8_t lower, uint16_t units[SHORT_LEN + 1])
{
	unsigned int base = BASE_LEN, ext = EXT_LEN, n = 0;

	while (base && raw[base - 1] == ' ')
		base--;
	while (ext && raw[BASE_LEN + ext - 1] == ' ')
		ext--;
	for (unsigned int i = 0; i < base; i++)
		units[n++] = short_char(!i && raw[0] == KANJI_E5 ? SLOT_FREE : raw[i], lower & LOWER_BASE);
	if (ext)
		units[n++] = '.';
	for (unsigned int i = 0; i < ext; i++)
		units[n++] = short_char(raw[BASE_LEN + i], lower & LOWER_EXT);
	if (!n)
		units[n++] = '_';
	return n;
}

unsigned int fat_name_of_label(const uint8_t raw[SHORT_LEN], uint16_t units[SHORT_LEN + 1])
{
	unsigned int n = SHORT_LEN;

	while (n && raw[n - 1] == ' ')
		n--;
	for (unsigned int i = 0; i < n; i++)
		units[i] = short_char(raw[i], false);
	return n;
}

size_t fat_name_to_utf8(const uint16_t *units, unsigned int nunits, char *out)
{
	size_t len = 0;

	for (unsigned int i = 0; i < nunits; i++) {
		uint32_t c = units[i];

		if ((c & 0xfc00) == 0xd800 && i + 1 < nunits && (units[i + 1] & 0xfc00) == 0xdc00)
			c = 0x10000 + ((c & 0x3ff) << 10) + (units[++i] & 0x3ffu);
		len += unicode_put(c, out + len);
	}
	out[len] = '\0';
	return len;
}

bool fat_name_is_showable(const uint16_t *units, unsigned int nunits)
{
	bool is_dots = true;

	for (unsigned int i = 0; i < nunits; i++) {
		if (is_forbidden(units[i]))
			return false;
		is_dots &= units[i] == '.';
	}
	return nunits && !is_dots;
}

uint8_t fat_short_checksum(const uint8_t raw[SHORT_LEN])
{
	uint8_t sum = 0;

	for (unsigned int i = 0; i < SHORT_LEN; i++)
		sum = (uint8_t)((sum << 7 | sum >> 1) + raw[i]);
	return sum;
}

/* Where a slot has its characters. */
static const uint8_t unit_at[SLOT_UNITS] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };

void fat_name_fill_slot(const struct name *name, unsigned int order, unsigned int total, uint8_t slot[32])
{
	memset(slot, 0, SLOT_BYTES);
	slot[0] = (uint8_t)(order | (order == total ? LONG_LAST : 0));
	slot[11] = LONG_ATTR;
	slot[13] = fat_short_checksum(name->raw);
	for (unsigned int i = 0; i < SLOT_UNITS; i++) {
		unsigned int at = (order - 1) * SLOT_UNITS + i;

		put16(slot + unit_at[i], at < name->nunits ? name->units[at] : at == name->nunits ? 0 : 0xffff);
	}
}

void fat_name_read_slot(const uint8_t slot[32], uint16_t units[SLOT_UNITS])
{
	for (unsigned int i = 0; i < SLOT_UNITS; i++)
		units[i] = get16(slot + unit_at[i]);
}
