/* console/font.h: PSF fonts, as the Linux console's.
 *
 * Versions 1 and 2 with their Unicode tables, as Debian's console-setup has them below
 * /usr/share/consolefonts once they are unpacked. Glyphs point into the file's bytes, which must outlive the font.
 */
#ifndef CONSOLE_FONT_H
#define CONSOLE_FONT_H

#include <stddef.h>
#include <stdint.h>

#define FONT_MAX_WIDTH 32
#define FONT_MAX_HEIGHT 64
#define FONT_MAX_GLYPHS 65536

struct font;

/* Returns: 0 and *@font, for font_free(); -ENOMEM; -EINVAL if @bytes are no font or a damaged one. */
int font_parse(const uint8_t *bytes, size_t len, struct font **font);

/* NULL is fine. */
void font_free(struct font *font);

unsigned int font_width(const struct font *font);
unsigned int font_height(const struct font *font);

/* The rows of the glyph for @character, font_row_bytes() each, leftmost pixel in the highest bit; those of
 * U+FFFD or of '?' where there is none, or else those of the first glyph. */
const uint8_t *font_glyph(const struct font *font, uint32_t character);
unsigned int font_row_bytes(const struct font *font);

#endif
