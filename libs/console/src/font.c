#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <console/font.h>

#define PSF1_MAGIC 0x0436u
#define PSF1_HEADER_BYTES 4
#define PSF1_MODE_512 1
#define PSF1_MODE_TABLE 6	/* a Unicode table, with sequences or without */
#define PSF1_END 0xffff
#define PSF1_SEQUENCE 0xfffe
#define PSF2_MAGIC 0x864ab572u
#define PSF2_HEADER_BYTES 32
#define PSF2_TABLE 1
#define PSF2_END 0xff
#define PSF2_SEQUENCE 0xfe
#define REPLACEMENT 0xfffd

struct mapping {
	uint32_t character, glyph;
};

struct font {
	const uint8_t *glyphs;
	uint32_t nglyphs, glyph_bytes;
	uint32_t width, height;
	struct mapping *mappings;	/* sorted by character */
	size_t nmappings, room;
	uint32_t fallback;		/* a glyph */
};

static uint32_t read_u32(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

unsigned int font_row_bytes(const struct font *font)
{
	return (font->width + 7) / 8;
}

unsigned int font_width(const struct font *font)
{
	return font->width;
}

unsigned int font_height(const struct font *font)
{
	return font->height;
}

/* ---- Unicode tables ---- */

static int add_mapping(struct font *font, uint32_t character, uint32_t glyph)
{
	if (font->nmappings == font->room) {
		size_t room = font->room ? font->room * 2 : 512;
		struct mapping *more = realloc(font->mappings, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		font->mappings = more;
		font->room = room;
	}
	font->mappings[font->nmappings++] = (struct mapping){ character, glyph };
	return 0;
}

/* Sequences of several characters come after the single ones of their glyph; a cell shows one character, so
 * that they are passed over. */
static int read_psf1_table(struct font *font, const uint8_t *at, const uint8_t *end)
{
	bool in_sequence = false;
	uint32_t glyph = 0;
	int err;

	for (; glyph < font->nglyphs && end - at >= 2; at += 2) {
		uint32_t value = at[0] | (uint32_t)at[1] << 8;

		if (value == PSF1_END) {
			glyph++;
			in_sequence = false;
		} else if (value == PSF1_SEQUENCE) {
			in_sequence = true;
		} else if (!in_sequence) {
			err = add_mapping(font, value, glyph);
			if (err)
				return err;
		}
	}
	return glyph == font->nglyphs ? 0 : -EINVAL;
}

/* Take one character off UTF-8 text. Returns: its bytes; 0 if it is none. */
static size_t take_utf8(const uint8_t *at, size_t len, uint32_t *character)
{
	static const uint8_t leads[] = { 0x00, 0xc0, 0xe0, 0xf0 }, masks[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	size_t n = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;

	if (n > len || (n > 1 && *at < 0xc0) || (*at & (uint8_t)~masks[n - 1]) != leads[n - 1])
		return 0;
	*character = *at & masks[n - 1];
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (at[i] & 0x3f);
	}
	return n;
}

static int read_psf2_table(struct font *font, const uint8_t *at, const uint8_t *end)
{
	bool in_sequence = false;
	uint32_t glyph = 0;

	while (glyph < font->nglyphs && at < end) {
		uint32_t character;
		size_t n = 1;
		int err = 0;

		if (*at == PSF2_END) {
			glyph++;
			in_sequence = false;
		} else if (*at == PSF2_SEQUENCE) {
			in_sequence = true;
		} else {
			n = take_utf8(at, (size_t)(end - at), &character);
			if (!n)
				return -EINVAL;
			if (!in_sequence)
				err = add_mapping(font, character, glyph);
		}
		if (err)
			return err;
		at += n;
	}
	return glyph == font->nglyphs ? 0 : -EINVAL;
}

/* Without a table glyphs are in the order of characters. */
static int map_by_number(struct font *font)
{
	int err = 0;

	for (uint32_t glyph = 0; !err && glyph < font->nglyphs; glyph++)
		err = add_mapping(font, glyph, glyph);
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct mapping *first = a, *second = b;

	return first->character < second->character ? -1 : first->character > second->character;
}

static const struct mapping *find(const struct font *font, uint32_t character)
{
	struct mapping key = { character, 0 };

	return bsearch(&key, font->mappings, font->nmappings, sizeof(key), compare);
}

/* ---- files ---- */

static int read_psf1(struct font *font, const uint8_t *bytes, size_t len)
{
	size_t glyphs_bytes;

	font->nglyphs = bytes[2] & PSF1_MODE_512 ? 512 : 256;
	font->width = 8;
	font->height = font->glyph_bytes = bytes[3];
	font->glyphs = bytes + PSF1_HEADER_BYTES;
	glyphs_bytes = (size_t)font->nglyphs * font->glyph_bytes;
	if (!font->height || font->height > FONT_MAX_HEIGHT || glyphs_bytes > len - PSF1_HEADER_BYTES)
		return -EINVAL;
	if (bytes[2] & PSF1_MODE_TABLE)
		return read_psf1_table(font, font->glyphs + glyphs_bytes, bytes + len);
	return map_by_number(font);
}

static int read_psf2(struct font *font, const uint8_t *bytes, size_t len)
{
	uint32_t header_bytes = read_u32(bytes + 8);
	size_t glyphs_bytes;

	font->nglyphs = read_u32(bytes + 16);
	font->glyph_bytes = read_u32(bytes + 20);
	font->height = read_u32(bytes + 24);
	font->width = read_u32(bytes + 28);
	if (header_bytes < PSF2_HEADER_BYTES || header_bytes > len || !font->nglyphs || font->nglyphs > FONT_MAX_GLYPHS ||
	    !font->height || font->height > FONT_MAX_HEIGHT || !font->width || font->width > FONT_MAX_WIDTH ||
	    font->glyph_bytes != font->height * font_row_bytes(font))
		return -EINVAL;
	font->glyphs = bytes + header_bytes;
	glyphs_bytes = (size_t)font->nglyphs * font->glyph_bytes;
	if (glyphs_bytes > len - header_bytes)
		return -EINVAL;
	if (read_u32(bytes + 12) & PSF2_TABLE)
		return read_psf2_table(font, font->glyphs + glyphs_bytes, bytes + len);
	return map_by_number(font);
}

static uint32_t choose_fallback(const struct font *font)
{
	const struct mapping *mapping = find(font, REPLACEMENT);

	if (!mapping)
		mapping = find(font, '?');
	return mapping ? mapping->glyph : 0;
}

int font_parse(const uint8_t *bytes, size_t len, struct font **out)
{
	struct font *font = calloc(1, sizeof(*font));
	int err = -EINVAL;

	if (!font)
		return -ENOMEM;
	if (len >= PSF2_HEADER_BYTES && read_u32(bytes) == PSF2_MAGIC)
		err = read_psf2(font, bytes, len);
	else if (len >= PSF1_HEADER_BYTES && (bytes[0] | (uint32_t)bytes[1] << 8) == PSF1_MAGIC)
		err = read_psf1(font, bytes, len);
	if (err) {
		font_free(font);
		return err;
	}
	if (font->nmappings)
		qsort(font->mappings, font->nmappings, sizeof(*font->mappings), compare);
	font->fallback = choose_fallback(font);
	*out = font;
	return 0;
}

void font_free(struct font *font)
{
	if (font)
		free(font->mappings);
	free(font);
}

const uint8_t *font_glyph(const struct font *font, uint32_t character)
{
	const struct mapping *mapping = font->nmappings ? find(font, character) : NULL;

	return font->glyphs + (size_t)(mapping ? mapping->glyph : font->fallback) * font->glyph_bytes;
}
