/* console/screen.h: a terminal drawn into memory.
 *
 * What a program writes goes through libvterm; cells that changed are drawn with a font's
 * glyphs into a frame buffer of 32-bit pixels (0x00RRGGBB). A screen without a frame buffer, or
 * with one that another screen has now, keeps its cells and is drawn whole when it gets one.
 */
#ifndef CONSOLE_SCREEN_H
#define CONSOLE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <console/font.h>

struct screen;

struct framebuffer {
	uint8_t *pixels;
	unsigned int width, height;
	size_t stride;			/* bytes from one line to the next */
};

/* Bytes that the terminal sends to the program: answers, and keys. */
typedef void screen_output_fn(const char *bytes, size_t len, void *user);

/* A screen with as many cells as glyphs of @font fit into @width and @height pixels.
 * Returns: 0 and *@screen, for screen_free(); -ENOMEM; -EINVAL if not two cells of a row fit. */
int screen_create(const struct font *font, unsigned int width, unsigned int height, screen_output_fn *output, void *user,
		  struct screen **screen);

/* NULL is fine. */
void screen_free(struct screen *screen);

unsigned int screen_rows(const struct screen *screen);
unsigned int screen_columns(const struct screen *screen);

/* Draw into @framebuffer, all of it now, and what changes after each screen_write(). It must be as large as the
 * screen was made for. NULL: draw nothing any more. */
void screen_show(struct screen *screen, const struct framebuffer *framebuffer);

/* What the program has written. */
void screen_write(struct screen *screen, const char *bytes, size_t len);

/* Move the view @lines lines up into what has left the screen, or down again if negative, as far as there are any.
 * A key for the program brings it to the end. */
void screen_look_back(struct screen *screen, int lines);

/* Empty the screen and what has left it, and set the terminal back to its beginnings. */
void screen_forget(struct screen *screen);

/* A key for the program: a character, or a key that has none (libvterm's VTermKey). @modifiers are
 * libvterm's VTermModifier. */
void screen_type(struct screen *screen, uint32_t character, unsigned int modifiers);
void screen_press(struct screen *screen, unsigned int key, unsigned int modifiers);

/* The character of a cell; 0 for an empty one, or one that does not exist. */
uint32_t screen_character(const struct screen *screen, unsigned int row, unsigned int column);

#endif
