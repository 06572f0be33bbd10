#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vterm.h>

#include <console/screen.h>

#define MAX_CELLS 4096		/* a side */

struct screen {
	const struct font *font;
	VTerm *vt;
	VTermScreen *cells;
	int rows, columns;
	struct framebuffer framebuffer;	/* no pixels: not shown */
	VTermPos cursor;
	bool is_cursor_visible;
	screen_output_fn *output;
	void *user;
};

/* ---- drawing ---- */

static uint32_t color_of(const struct screen *screen, VTermColor color)
{
	vterm_screen_convert_color_to_rgb(screen->cells, &color);
	return (uint32_t)color.rgb.red << 16 | (uint32_t)color.rgb.green << 8 | color.rgb.blue;
}

static uint32_t *pixel_row(const struct screen *screen, int row, unsigned int line)
{
	size_t y = (size_t)row * font_height(screen->font) + line;

	return (uint32_t *)(void *)(screen->framebuffer.pixels + y * screen->framebuffer.stride);
}

static void draw_glyph(struct screen *screen, VTermPos pos, const VTermScreenCell *cell, uint32_t fg, uint32_t bg)
{
	unsigned int width = font_width(screen->font), height = font_height(screen->font);
	unsigned int row_bytes = font_row_bytes(screen->font);
	const uint8_t *glyph = font_glyph(screen->font, cell->chars[0] ? cell->chars[0] : ' ');

	for (unsigned int line = 0; line < height; line++) {
		uint32_t *at = pixel_row(screen, pos.row, line) + (size_t)pos.col * width;
		const uint8_t *bits = glyph + line * row_bytes;
		bool is_underline = cell->attrs.underline && line == height - 1;

		for (unsigned int x = 0; x < width; x++)
			at[x] = is_underline || bits[x / 8] & 0x80 >> x % 8 ? fg : bg;
	}
}

static void draw_cell(struct screen *screen, VTermPos pos)
{
	bool is_cursor = screen->is_cursor_visible && pos.row == screen->cursor.row && pos.col == screen->cursor.col;
	VTermScreenCell cell;
	uint32_t fg, bg;

	if (!vterm_screen_get_cell(screen->cells, pos, &cell))
		return;
	/* The right half of a wide character, which libvterm marks so: the font has no wide glyphs. */
	if (cell.chars[0] == UINT32_MAX)
		cell.chars[0] = ' ';
	fg = color_of(screen, cell.fg);
	bg = color_of(screen, cell.bg);
	if (cell.attrs.reverse ^ is_cursor)
		draw_glyph(screen, pos, &cell, bg, fg);
	else
		draw_glyph(screen, pos, &cell, fg, bg);
}

static void draw_rect(struct screen *screen, VTermRect rect)
{
	VTermPos pos;

	if (!screen->framebuffer.pixels)
		return;
	for (pos.row = rect.start_row < 0 ? 0 : rect.start_row; pos.row < rect.end_row && pos.row < screen->rows; pos.row++)
		for (pos.col = rect.start_col < 0 ? 0 : rect.start_col; pos.col < rect.end_col && pos.col < screen->columns;
		     pos.col++)
			draw_cell(screen, pos);
}

static void draw_position(struct screen *screen, VTermPos pos)
{
	draw_rect(screen, (VTermRect){ pos.row, pos.row + 1, pos.col, pos.col + 1 });
}

/* ---- what libvterm tells ---- */

static int on_damage(VTermRect rect, void *user)
{
	draw_rect(user, rect);
	return 1;
}

static int on_cursor(VTermPos pos, VTermPos old, int visible, void *user)
{
	struct screen *screen = user;

	screen->cursor = pos;
	screen->is_cursor_visible = visible;
	draw_position(screen, old);
	draw_position(screen, pos);
	return 1;
}

static int on_property(VTermProp property, VTermValue *value, void *user)
{
	struct screen *screen = user;

	if (property != VTERM_PROP_CURSORVISIBLE)
		return 1;
	screen->is_cursor_visible = value->boolean;
	draw_position(screen, screen->cursor);
	return 1;
}

static const VTermScreenCallbacks callbacks = {
	.damage = on_damage, .movecursor = on_cursor, .settermprop = on_property,
};

static void on_output(const char *bytes, size_t len, void *user)
{
	struct screen *screen = user;

	screen->output(bytes, len, screen->user);
}

/* ---- the interface ---- */

int screen_create(const struct font *font, unsigned int width, unsigned int height, screen_output_fn *output, void *user,
		  struct screen **out)
{
	unsigned int rows = height / font_height(font), columns = width / font_width(font);
	struct screen *screen;

	if (!rows || !columns || rows > MAX_CELLS || columns > MAX_CELLS)
		return -EINVAL;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->vt = vterm_new((int)rows, (int)columns);
	if (!screen->vt) {
		free(screen);
		return -ENOMEM;
	}
	screen->font = font;
	screen->rows = (int)rows;
	screen->columns = (int)columns;
	screen->output = output;
	screen->user = user;
	screen->is_cursor_visible = true;
	screen->cells = vterm_obtain_screen(screen->vt);
	vterm_set_utf8(screen->vt, 1);
	vterm_output_set_callback(screen->vt, on_output, screen);
	vterm_screen_set_callbacks(screen->cells, &callbacks, screen);
	vterm_screen_enable_altscreen(screen->cells, 1);
	vterm_screen_set_damage_merge(screen->cells, VTERM_DAMAGE_SCROLL);
	vterm_screen_reset(screen->cells, 1);
	*out = screen;
	return 0;
}

void screen_free(struct screen *screen)
{
	if (screen)
		vterm_free(screen->vt);
	free(screen);
}

unsigned int screen_rows(const struct screen *screen)
{
	return (unsigned int)screen->rows;
}

unsigned int screen_columns(const struct screen *screen)
{
	return (unsigned int)screen->columns;
}

/* Pixels beside the last column and below the last row belong to no cell. */
static void clear(struct screen *screen)
{
	for (unsigned int y = 0; y < screen->framebuffer.height; y++)
		memset(screen->framebuffer.pixels + y * screen->framebuffer.stride, 0,
		       (size_t)screen->framebuffer.width * sizeof(uint32_t));
}

void screen_show(struct screen *screen, const struct framebuffer *framebuffer)
{
	if (!framebuffer) {
		screen->framebuffer.pixels = NULL;
		return;
	}
	screen->framebuffer = *framebuffer;
	clear(screen);
	draw_rect(screen, (VTermRect){ 0, screen->rows, 0, screen->columns });
}

void screen_write(struct screen *screen, const char *bytes, size_t len)
{
	vterm_input_write(screen->vt, bytes, len);
	vterm_screen_flush_damage(screen->cells);
}

void screen_type(struct screen *screen, uint32_t character, unsigned int modifiers)
{
	vterm_keyboard_unichar(screen->vt, character, (VTermModifier)modifiers);
}

void screen_press(struct screen *screen, unsigned int key, unsigned int modifiers)
{
	vterm_keyboard_key(screen->vt, (VTermKey)key, (VTermModifier)modifiers);
}

uint32_t screen_character(const struct screen *screen, unsigned int row, unsigned int column)
{
	VTermScreenCell cell;

	if (row >= (unsigned int)screen->rows || column >= (unsigned int)screen->columns ||
	    !vterm_screen_get_cell(screen->cells, (VTermPos){ (int)row, (int)column }, &cell))
		return 0;
	return cell.chars[0] == UINT32_MAX ? 0 : cell.chars[0];
}
