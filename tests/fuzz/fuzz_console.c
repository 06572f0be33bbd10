/* The input is a font's length, a font, and then what a program writes to its terminal. */
#include <console/screen.h>

#include "fuzz_support.h"

#define WIDTH 200
#define HEIGHT 100
#define GUARD_BYTES 64

static void ignore_output(const char *bytes, size_t len, void *user)
{
	touch(bytes, len);
}

static void draw(const struct font *font, const uint8_t *text, size_t len)
{
	size_t bytes = (size_t)WIDTH * HEIGHT * sizeof(uint32_t);
	struct framebuffer framebuffer = { .width = WIDTH, .height = HEIGHT, .stride = WIDTH * sizeof(uint32_t) };
	struct screen *screen;

	if (screen_create(font, WIDTH, HEIGHT, ignore_output, NULL, &screen))
		return;
	framebuffer.pixels = malloc(bytes + GUARD_BYTES);
	memset(framebuffer.pixels + bytes, 0x5a, GUARD_BYTES);
	screen_write(screen, (const char *)text, len / 2);
	screen_show(screen, &framebuffer);
	screen_write(screen, (const char *)text + len / 2, len - len / 2);
	for (size_t i = 0; i < GUARD_BYTES; i++)
		REQUIRE(framebuffer.pixels[bytes + i] == 0x5a);
	screen_free(screen);
	free(framebuffer.pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct font *font;
	size_t font_len;

	if (size < 2)
		return 0;
	font_len = data[0] | (size_t)data[1] << 8;
	if (font_len > size - 2)
		font_len = size - 2;
	if (font_parse(data + 2, font_len, &font))
		return 0;
	for (uint32_t character = 0; character < 0x200; character++)
		touch(font_glyph(font, character), (size_t)font_row_bytes(font) * font_height(font));
	draw(font, data + 2 + font_len, size - 2 - font_len);
	font_free(font);
	return 0;
}
