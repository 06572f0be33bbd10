#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vterm.h>

#include <console/screen.h>

#include "guard.h"
#include "sequence.h"

#define MAX_CELLS 4096		/* a side */
#define MAX_HISTORY 2000	/* lines */

/* A cell as it stands on the frame buffer; anything else there is drawn. */
struct drawn {
	uint32_t character, fg, bg;
	bool is_underlined, is_known;
};

struct kept_cell {
	uint32_t character;
	VTermColor fg, bg;
	VTermScreenCellAttrs attrs;
};

/* A line that left the screen at its upper end, without the blanks at its own end. */
struct kept_line {
	int ncells;
	struct kept_cell cells[];
};

struct screen {
	const struct font *font;
	VTerm *vt;
	struct guard guard;
	VTermScreen *cells;
	int rows, columns;
	struct framebuffer framebuffer;	/* no pixels: not shown */
	VTermPos cursor;
	bool is_cursor_visible;
	struct drawn *drawn;		/* rows * columns */
	struct kept_line *history[MAX_HISTORY];	/* a ring */
	int newest, nhistory;
	int view;			/* how many lines of history stand above the screen's own */
	struct sequence sequence;	/* of what was written */
	screen_output_fn *output;
	void *user;
};

/* ---- history ---- */

/* The line that is @age older than the newest one. */
static struct kept_line *history_line(const struct screen *screen, int age)
{
	return screen->history[(screen->newest - age + MAX_HISTORY) % MAX_HISTORY];
}

static bool is_blank(const VTermScreenCell *cell)
{
	return (!cell->chars[0] || cell->chars[0] == ' ') && VTERM_COLOR_IS_DEFAULT_BG(&cell->bg) && !cell->attrs.reverse &&
	       !cell->attrs.underline;
}

static int on_line_gone(int ncells, const VTermScreenCell *cells, void *user)
{
	struct screen *screen = user;
	struct kept_line *line;

	while (ncells && is_blank(&cells[ncells - 1]))
		ncells--;
	line = malloc(sizeof(*line) + (size_t)ncells * sizeof(line->cells[0]));
	if (!line)
		return 0;
	line->ncells = ncells;
	for (int i = 0; i < ncells; i++)
		line->cells[i] = (struct kept_cell){ cells[i].chars[0], cells[i].fg, cells[i].bg, cells[i].attrs };
	screen->newest = (screen->newest + 1) % MAX_HISTORY;
	free(screen->history[screen->newest]);
	screen->history[screen->newest] = line;
	if (screen->nhistory < MAX_HISTORY)
		screen->nhistory++;
	/* Who looks back goes on seeing the same lines. */
	if (screen->view && screen->view < screen->nhistory)
		screen->view++;
	return 1;
}

static void forget_history(struct screen *screen)
{
	for (int i = 0; i < MAX_HISTORY; i++) {
		free(screen->history[i]);
		screen->history[i] = NULL;
	}
	screen->nhistory = screen->view = 0;
}

/* ---- drawing ---- */

/* What is to be seen at @pos. Returns: false when libvterm has no such cell. */
static bool look_at(const struct screen *screen, VTermPos pos, VTermScreenCell *cell)
{
	const struct kept_line *line;

	if (pos.row >= screen->view)
		return vterm_screen_get_cell(screen->cells, (VTermPos){ pos.row - screen->view, pos.col }, cell);
	line = history_line(screen, screen->view - 1 - pos.row);
	if (pos.col < line->ncells) {
		*cell = (VTermScreenCell){
			.chars = { line->cells[pos.col].character }, .fg = line->cells[pos.col].fg,
			.bg = line->cells[pos.col].bg, .attrs = line->cells[pos.col].attrs,
		};
	} else {
		*cell = (VTermScreenCell){ .chars = { 0 } };
		vterm_state_get_default_colors(vterm_obtain_state(screen->vt), &cell->fg, &cell->bg);
	}
	return true;
}

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

static void draw_glyph(const struct screen *screen, VTermPos pos, const struct drawn *cell)
{
	unsigned int width = font_width(screen->font), height = font_height(screen->font);
	unsigned int row_bytes = font_row_bytes(screen->font);
	const uint8_t *glyph = font_glyph(screen->font, cell->character);

	for (unsigned int line = 0; line < height; line++) {
		uint32_t *at = pixel_row(screen, pos.row, line) + (size_t)pos.col * width;
		const uint8_t *bits = glyph + line * row_bytes;
		bool is_underline = cell->is_underlined && line == height - 1;

		for (unsigned int x = 0; x < width; x++)
			at[x] = is_underline || bits[x / 8] & 0x80 >> x % 8 ? cell->fg : cell->bg;
	}
}

static bool is_drawn(const struct drawn *a, const struct drawn *b)
{
	return a->is_known && a->character == b->character && a->fg == b->fg && a->bg == b->bg &&
	       a->is_underlined == b->is_underlined;
}

static void draw_cell(struct screen *screen, VTermPos pos)
{
	bool is_cursor = screen->is_cursor_visible && pos.row == screen->cursor.row + screen->view &&
			 pos.col == screen->cursor.col;
	struct drawn *before = &screen->drawn[pos.row * screen->columns + pos.col], now;
	VTermScreenCell cell;

	if (!look_at(screen, pos, &cell))
		return;
	/* The right half of a wide character, which libvterm marks so: the font has no wide glyphs. */
	if (!cell.chars[0] || cell.chars[0] == UINT32_MAX)
		cell.chars[0] = ' ';
	now = (struct drawn){
		.character = cell.chars[0], .fg = color_of(screen, cell.fg), .bg = color_of(screen, cell.bg),
		.is_underlined = cell.attrs.underline != 0, .is_known = true,
	};
	if (cell.attrs.reverse ^ is_cursor) {
		uint32_t fg = now.fg;

		now.fg = now.bg;
		now.bg = fg;
	}
	if (is_drawn(before, &now))
		return;
	draw_glyph(screen, pos, &now);
	*before = now;
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
	pos.row += screen->view;
	draw_rect(screen, (VTermRect){ pos.row, pos.row + 1, pos.col, pos.col + 1 });
}

static void draw_all(struct screen *screen)
{
	draw_rect(screen, (VTermRect){ 0, screen->rows, 0, screen->columns });
}

/* ---- what libvterm tells ---- */

static int on_damage(VTermRect rect, void *user)
{
	struct screen *screen = user;

	rect.start_row += screen->view;
	rect.end_row += screen->view;
	draw_rect(screen, rect);
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
	.damage = on_damage, .movecursor = on_cursor, .settermprop = on_property, .sb_pushline = on_line_gone,
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

	/* libvterm writes a wide character's right half into a column that it takes to be there. */
	if (!rows || columns < 2 || rows > MAX_CELLS || columns > MAX_CELLS)
		return -EINVAL;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->drawn = calloc((size_t)rows * columns, sizeof(screen->drawn[0]));
	screen->vt = screen->drawn ? vterm_new((int)rows, (int)columns) : NULL;
	if (!screen->vt || guard_begin(&screen->guard)) {
		if (screen->vt)
			vterm_free(screen->vt);
		free(screen->drawn);
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
	vterm_state_set_bold_highbright(vterm_obtain_state(screen->vt), 1);
	vterm_screen_set_damage_merge(screen->cells, VTERM_DAMAGE_SCROLL);
	vterm_screen_reset(screen->cells, 1);
	*out = screen;
	return 0;
}

void screen_free(struct screen *screen)
{
	if (!screen)
		return;
	forget_history(screen);
	guard_end(&screen->guard);
	vterm_free(screen->vt);
	free(screen->drawn);
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
	memset(screen->drawn, 0, (size_t)screen->rows * (size_t)screen->columns * sizeof(screen->drawn[0]));
	draw_all(screen);
}

/* More than fills the screen makes no difference. */
static void write_repeated(struct screen *screen)
{
	const struct guard *guard = &screen->guard;
	unsigned int cells = (unsigned int)(screen->rows * screen->columns);
	unsigned int count = guard->count < cells ? guard->count : cells;

	for (unsigned int i = 0; i < count; i++)
		vterm_input_write(screen->vt, guard->character, guard->len);
}

/* In the place of a byte that libvterm does not bear. */
static void write_instead(struct screen *screen)
{
	static const char cancel = 0x18, blank_end = (char)GUARD_BLANK_END;

	if (screen->guard.found == GUARD_CONTROL) {
		vterm_input_write(screen->vt, &blank_end, 1);
	} else {
		vterm_input_write(screen->vt, &cancel, 1);
		write_repeated(screen);
	}
}

static void write_guarded(struct screen *screen, const char *bytes, size_t len)
{
	while (len) {
		size_t before = guard_scan(&screen->guard, bytes, len);

		vterm_input_write(screen->vt, bytes, before);
		if (before == len)
			break;
		write_instead(screen);
		bytes += before + 1;
		len -= before + 1;
	}
}

/* Write runs of what may pass. */
static void write_cells(struct screen *screen, const char *bytes, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		if (sequence_take(&screen->sequence, (unsigned char)bytes[i]))
			continue;
		write_guarded(screen, bytes + start, i - start);
		start = i + 1;
	}
	write_guarded(screen, bytes + start, len - start);
}

void screen_write(struct screen *screen, const char *bytes, size_t len)
{
	write_cells(screen, bytes, len);
	vterm_screen_flush_damage(screen->cells);
	if (screen->view)
		draw_all(screen);
}

void screen_look_back(struct screen *screen, int lines)
{
	int view = screen->view + lines;

	screen->view = view < 0 ? 0 : view > screen->nhistory ? screen->nhistory : view;
	draw_all(screen);
}

void screen_forget(struct screen *screen)
{
	static const char reset[] = "\x1b" "c";

	forget_history(screen);
	screen_write(screen, reset, sizeof(reset) - 1);
	/* The reset moved lines out of sight. */
	forget_history(screen);
}

/* Whoever types wants to see what becomes of it. */
static void look_at_present(struct screen *screen)
{
	if (screen->view)
		screen_look_back(screen, -screen->view);
}

/* What Control makes of a character (man 4 console_codes, man 7 ascii); the character itself where it makes nothing. */
static uint32_t control_of(uint32_t character)
{
	if (character == ' ' || character == '2')
		return 0;
	if (character >= '3' && character <= '7')
		return character - '3' + 0x1b;
	if (character == '8' || character == '?')
		return 0x7f;
	if (character == '/')
		return 0x1f;
	if ((character >= '@' && character <= '_') || (character >= 'a' && character <= 'z'))
		return character & 0x1f;
	return character;
}

/* libvterm says what no old program understands of some keys with Control; those of the Linux console are
 * understood by all. */
void screen_type(struct screen *screen, uint32_t character, unsigned int modifiers)
{
	static const char escape = 0x1b, nothing = 0;

	look_at_present(screen);
	if (modifiers & VTERM_MOD_CTRL)
		character = control_of(character);
	if (modifiers & VTERM_MOD_ALT)
		screen->output(&escape, 1, screen->user);
	if (character)
		vterm_keyboard_unichar(screen->vt, character, VTERM_MOD_NONE);
	else
		screen->output(&nothing, 1, screen->user);
}

void screen_press(struct screen *screen, unsigned int key, unsigned int modifiers)
{
	look_at_present(screen);
	if (key == VTERM_KEY_ENTER || key == VTERM_KEY_BACKSPACE || key == VTERM_KEY_ESCAPE)
		modifiers &= VTERM_MOD_ALT;
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
