/* kernel/io-manager/src/screen_font.h: the font that tools/gen/screen_font.py makes at build time. */
#ifndef IO_SCREEN_FONT_H
#define IO_SCREEN_FONT_H

#include <stdint.h>

#define SCREEN_GLYPH_ROWS 16
#define SCREEN_GLYPH_COLUMNS 8

struct screen_character { uint16_t code, glyph; };

extern const uint8_t screen_glyphs[][SCREEN_GLYPH_ROWS];	/* the leftmost pixel is the highest bit */
extern const struct screen_character screen_characters[];	/* ascending */
extern const unsigned screen_ncharacters;

#endif
