/* kernel/io-manager/src/screen.c: text on the framebuffer that the firmware left.
 *
 * Writers change a grid of cells, which is cheap; painting brings the pixels of the cells that
 * changed after. Whoever logs never waits for pixels once the painter's thread runs.
 *
 * Locking: the log's lock guards cells and cursor. Painting takes none: it reads each cell once and
 * remembers what it drew, so what changes meanwhile is drawn next time. is_painting admits one.
 */
#include <errno.h>
#include <hal/boot_info.h>
#include <io/screen.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <nucleus/log.h>
#include <sched/thread.h>
#include <string.h>

#include "screen.h"
#include "screen_font.h"

#define PAINT_EVERY_NS (50 * NSEC_PER_MSEC)
#define INK 0xc0u		/* of each colour */
#define TAB_COLUMNS 8u
#define REPLACEMENT 0xfffdu

static struct {
	volatile uint32_t __iomem *pixels;	/* NULL: no screen */
	uint32_t pitch;			/* pixels from one line to the next */
	uint32_t ink;
	uint32_t ncolumns, nrows;
	uint32_t column, row;		/* where the next character goes */
	uint16_t *cells, *painted;	/* glyphs, row by row */
	uint32_t code, nmissing;	/* a UTF-8 sequence, and how many of its bytes are to come */
	uint32_t is_painting;
	bool has_thread;
	bool is_taken;			/* by a program */
} screen;

static uint16_t glyph_of(uint32_t code)
{
	unsigned low = 0, high = screen_ncharacters;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (screen_characters[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < screen_ncharacters && screen_characters[low].code == code)
		return screen_characters[low].glyph;
	return code == '?' ? 0 : glyph_of(code == REPLACEMENT ? '?' : REPLACEMENT);
}

static void new_line(void)
{
	uint32_t n = screen.ncolumns, last = screen.nrows - 1;

	screen.column = 0;
	if (screen.row < last) {
		screen.row++;
		return;
	}
	memmove(screen.cells, screen.cells + n, last * n * sizeof(*screen.cells));
	for (uint32_t i = 0; i < n; i++)
		screen.cells[last * n + i] = glyph_of(' ');
}

static void put(uint32_t code)
{
	if (code == '\n') {
		new_line();
		return;
	}
	if (code == '\t') {
		screen.column = ALIGN_UP(screen.column + 1, TAB_COLUMNS);
		return;
	}
	if (code < ' ')
		return;
	if (screen.column >= screen.ncolumns)
		new_line();
	screen.cells[screen.row * screen.ncolumns + screen.column++] = glyph_of(code);
}

/* One byte of UTF-8; what is none shows as the replacement character. */
static void put_byte(uint8_t byte)
{
	if ((byte & 0xc0) == 0x80 && screen.nmissing) {
		screen.code = screen.code << 6 | (byte & 0x3f);
		if (!--screen.nmissing)
			put(screen.code);
		return;
	}
	screen.nmissing = 0;
	if (byte < 0x80) {
		put(byte);
	} else if (byte >= 0xc2 && byte < 0xf5) {
		screen.nmissing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		screen.code = byte & (0x3fu >> screen.nmissing);
	} else {
		put(REPLACEMENT);
	}
}

static void paint_cell(uint32_t index, uint16_t glyph)
{
	uint32_t x = index % screen.ncolumns * SCREEN_GLYPH_COLUMNS, y = index / screen.ncolumns * SCREEN_GLYPH_ROWS;

	for (uint32_t row = 0; row < SCREEN_GLYPH_ROWS; row++) {
		volatile uint32_t __iomem *line = screen.pixels + (uint64_t)(y + row) * screen.pitch + x;
		uint8_t bits = screen_glyphs[glyph][row];

		for (uint32_t column = 0; column < SCREEN_GLYPH_COLUMNS; column++)
			*(volatile uint32_t __force *)&line[column] = bits << column & 0x80 ? screen.ink : 0;
	}
}

static void paint(void)
{
	uint32_t ncells = screen.ncolumns * screen.nrows;

	if (__atomic_exchange_n(&screen.is_painting, 1, __ATOMIC_ACQUIRE))
		return;
	for (uint32_t i = 0; i < ncells; i++) {
		uint16_t glyph = READ_ONCE(screen.cells[i]);

		if (glyph == screen.painted[i])
			continue;
		screen.painted[i] = glyph;
		paint_cell(i, glyph);
	}
	__atomic_store_n(&screen.is_painting, 0, __ATOMIC_RELEASE);
}

static void write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_byte((uint8_t)text[i]);
	if (!screen.has_thread)
		paint();
}

/* Whoever painted may have been stopped in the middle; a program's picture is painted over. */
static void show_panic(void)
{
	memset(screen.painted, 0xff, screen.ncolumns * screen.nrows * sizeof(*screen.painted));
	screen.is_painting = 0;
	paint();
}

/* Kernel threads do not end: once a program has the screen, this one sleeps. */
static void painter(void *context)
{
	for (;;) {
		bool is_idle = READ_ONCE(screen.is_taken);

		if (!is_idle)
			paint();
		thread_block(0, is_idle ? 0 : clock_monotonic_ns() + PAINT_EVERY_NS);
	}
}

void __iomem *screen_memory(void)
{
	return (void __iomem *)screen.pixels;
}

bool screen_take(void)
{
	if (!screen.pixels)
		return false;
	WRITE_ONCE(screen.is_taken, true);
	return true;
}

static bool is_usable(const struct boot_framebuffer *fb)
{
	return fb->width >= SCREEN_GLYPH_COLUMNS && fb->height >= SCREEN_GLYPH_ROWS && fb->phys % 4 == 0 && fb->pitch % 4 == 0;
}

static int prepare(const struct boot_framebuffer *fb)
{
	uint32_t ncells;

	screen.pitch = fb->pitch / 4;
	screen.ink = INK << fb->red_shift | INK << fb->green_shift | INK << fb->blue_shift;
	screen.ncolumns = fb->width / SCREEN_GLYPH_COLUMNS;
	screen.nrows = fb->height / SCREEN_GLYPH_ROWS;
	ncells = screen.ncolumns * screen.nrows;
	screen.cells = kmalloc(ncells * sizeof(*screen.cells), 0);
	screen.painted = kmalloc(ncells * sizeof(*screen.painted), 0);
	if (screen.cells && screen.painted)
		screen.pixels = mm_map_framebuffer(fb->phys, (uint64_t)fb->pitch * fb->height);
	if (!screen.pixels)
		return -ENOMEM;
	for (uint32_t i = 0; i < ncells; i++)
		screen.cells[i] = glyph_of(' ');
	memset(screen.painted, 0xff, ncells * sizeof(*screen.painted));
	return 0;
}

void screen_init(void)
{
	static const struct log_screen log = { .write = write, .show_panic = show_panic };
	const struct boot_framebuffer *fb = &boot_info.framebuffer;

	if (!fb->width || !is_usable(fb))
		return;
	if (prepare(fb)) {
		log_warn(DISPLAY, "no memory for text on the screen");
		return;
	}
	log_set_screen(&log);
	log_info(DISPLAY, "framebuffer: %ux%u at %llxh", fb->width, fb->height, (unsigned long long)fb->phys);
}

void screen_start_thread(void)
{
	if (screen.pixels && kthread_create("screen", painter, NULL))
		WRITE_ONCE(screen.has_thread, true);
}
