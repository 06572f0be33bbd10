/* kernel/compat/src/nt/console.c: NtDeviceIoControlFile on consoles: what libwine's kernelbase asks of them.
 *
 * The codes and structures are private to that package and follow from what its functions pass (version 8.0); what they
 * mean is Microsoft's ("Console Functions"). A call without a handle is for the process's own console.
 * What a terminal cannot do (the contents of its screen, other sizes and fonts) is STATUS_NOT_SUPPORTED.
 */
#include "console.h"

#include <asm/signal.h>
#include <asm/termios.h>
#include <io/tty.h>
#include <mm/heap.h>
#include <string.h>

#define DEVICE_CONSOLE 0x50u
enum {
	GET_MODE = 0x504000, SET_MODE = 0x508004, READ_CONSOLE = 0x504028, READ_FILE = 0x50402c, READ_INPUT = 0x504030,
	WRITE_INPUT = 0x508034, PEEK_INPUT = 0x504038, GET_INPUT_INFO = 0x50403c, SET_INPUT_INFO = 0x508040,
	GET_TITLE = 0x504044, SET_TITLE = 0x508048, CTRL_EVENT = 0x50004c, BEEP = 0x500050, FLUSH_INPUT = 0x500054,
	GET_WINDOW = 0x500058, GET_PROCESS_LIST = 0x50005c, WRITE_CONSOLE = 0x508078, WRITE_FILE = 0x50807c,
	GET_OUTPUT_INFO = 0x504088, SET_OUTPUT_INFO = 0x50808c, FILL_OUTPUT = 0x508094,
};

#define ENABLE_PROCESSED_INPUT 0x1u
#define ENABLE_LINE_INPUT 0x2u
#define ENABLE_ECHO_INPUT 0x4u
#define TERMINALS_OWN (ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT)
#define DEFAULT_INPUT_REST 0x1f0u	/* mouse, insert, quick edit, extended flags, position */
#define ALL_INPUT_MODES 0x3ffu
#define DEFAULT_OUTPUT_MODE 0x7u	/* processed, wraps, control sequences */
#define ALL_OUTPUT_MODES 0x1fu
#define DEFAULT_ATTRIBUTES 0x07u
#define DEFAULT_CURSOR_PERCENT 25u
#define SEQUENCE_BYTES 64

struct call {
	struct file *f;
	struct nt_console *con;
	bool is_input;
	uint64_t in, out;	/* user addresses */
	uint32_t in_bytes, out_bytes;
	uint64_t done;		/* bytes of the answer */
};

struct nt_console *nt_console_of(struct file *f)
{
	struct nt_console *con = tty_companion(f, sizeof(*con));
	static struct spinlock set_up_lock = SPINLOCK_INIT(NT_FILES);

	if (!con || READ_ONCE(con->is_set_up))
		return con;
	spin_lock(&set_up_lock);
	if (!con->is_set_up) {
		mutex_init(&con->lock, LOCK_NT_CONSOLE);
		con->input_mode = DEFAULT_INPUT_REST;
		con->output_mode = DEFAULT_OUTPUT_MODE;
		con->attributes = DEFAULT_ATTRIBUTES;
		con->cursor_percent = DEFAULT_CURSOR_PERCENT;
		atomic_store(&con->is_set_up, true);
	}
	spin_unlock(&set_up_lock);
	return con;
}

static ntstatus give(struct call *c, const void *data, uint32_t n)
{
	if (c->out_bytes < n)
		return STATUS_BUFFER_TOO_SMALL;
	c->done = n;
	return nt_put(c->out, data, n);
}

static ntstatus take(const struct call *c, void *data, uint32_t n)
{
	return c->in_bytes < n ? STATUS_INVALID_PARAMETER : nt_get(data, c->in, n);
}

/* ---- modes ---- */

static ntstatus get_mode(struct call *c)
{
	struct ktermios modes;
	uint32_t mode = c->con->output_mode;

	if (c->is_input) {
		tty_get_modes(c->f, &modes);
		mode = c->con->input_mode & ~TERMINALS_OWN;
		mode |= (modes.c_lflag & ISIG ? ENABLE_PROCESSED_INPUT : 0) | (modes.c_lflag & ICANON ? ENABLE_LINE_INPUT : 0) |
			(modes.c_lflag & ECHO ? ENABLE_ECHO_INPUT : 0);
	}
	return give(c, &mode, sizeof(mode));
}

static void set_flag(tcflag_t *flags, tcflag_t bits, bool on)
{
	*flags = on ? *flags | bits : *flags & ~bits;
}

static ntstatus set_input_mode(struct call *c, uint32_t mode)
{
	bool is_line = mode & ENABLE_LINE_INPUT;
	struct ktermios modes;
	int err;

	if ((mode & ~ALL_INPUT_MODES) || ((mode & ENABLE_ECHO_INPUT) && !is_line))
		return STATUS_INVALID_PARAMETER;
	tty_get_modes(c->f, &modes);
	set_flag(&modes.c_lflag, ISIG, mode & ENABLE_PROCESSED_INPUT);
	set_flag(&modes.c_lflag, ICANON | IEXTEN, is_line);
	set_flag(&modes.c_lflag, ECHO, mode & ENABLE_ECHO_INPUT);
	/* The return key is \r where no lines are made. */
	set_flag(&modes.c_iflag, ICRNL, is_line);
	if (!is_line) {
		modes.c_cc[VMIN] = 1;
		modes.c_cc[VTIME] = 0;
	}
	err = tty_set_modes(c->f, &modes);
	if (!err)
		WRITE_ONCE(c->con->input_mode, mode & ~TERMINALS_OWN);
	return nt_status(err);
}

static ntstatus set_mode(struct call *c)
{
	uint32_t mode;
	ntstatus status = take(c, &mode, sizeof(mode));

	if (status)
		return status;
	if (c->is_input)
		return set_input_mode(c, mode);
	if (mode & ~ALL_OUTPUT_MODES)
		return STATUS_INVALID_PARAMETER;
	WRITE_ONCE(c->con->output_mode, mode);
	return STATUS_SUCCESS;
}

/* ---- text ---- */

static ntstatus read_console(struct call *c)
{
	return nt_console_read_wide(c->f, c->con, c->out, c->out_bytes / 2, &c->done);
}

static ntstatus read_file(struct call *c)
{
	return nt_console_read_bytes(c->f, c->con, c->out, c->out_bytes, &c->done);
}

static ntstatus write_console(struct call *c)
{
	return nt_console_write_wide(c->f, c->in, c->in_bytes);
}

static ntstatus write_file(struct call *c)
{
	return nt_console_write_bytes(c->f, c->in, c->in_bytes);
}

/* ---- keys ---- */

static ntstatus read_input(struct call *c)
{
	return nt_console_events(c->f, c->con, c->out, c->out_bytes / sizeof(struct nt_key_event), true, true, &c->done);
}

static ntstatus peek_input(struct call *c)
{
	return nt_console_events(c->f, c->con, c->out, c->out_bytes / sizeof(struct nt_key_event), false, false, &c->done);
}

static ntstatus write_input(struct call *c)
{
	return nt_console_add_events(c->con, c->in, c->in_bytes / sizeof(struct nt_key_event));
}

static ntstatus flush_input(struct call *c)
{
	int err = tty_flush_input(c->f);

	mutex_lock(&c->con->lock);
	c->con->nchars = c->con->nevents = c->con->npartial = 0;
	mutex_unlock(&c->con->lock);
	return nt_status(err);
}

/* ---- the console as a whole ---- */

struct input_info { uint32_t input_page, output_page, nevents; };
struct input_change { uint32_t mask, input_page, output_page, window; };
#define CHANGES_INPUT_PAGE 1u
#define CHANGES_OUTPUT_PAGE 2u

static ntstatus get_input_info(struct call *c)
{
	struct input_info info = { CONSOLE_CODE_PAGE, CONSOLE_CODE_PAGE, nt_console_count_events(c->f, c->con) };

	return give(c, &info, sizeof(info));
}

/* Text is UTF-8 here, and nothing else. */
static ntstatus set_input_info(struct call *c)
{
	struct input_change change;
	ntstatus status = take(c, &change, sizeof(change));

	if (status)
		return status;
	if (change.mask & ~(CHANGES_INPUT_PAGE | CHANGES_OUTPUT_PAGE))
		return STATUS_NOT_SUPPORTED;
	if (((change.mask & CHANGES_INPUT_PAGE) && change.input_page != CONSOLE_CODE_PAGE) ||
	    ((change.mask & CHANGES_OUTPUT_PAGE) && change.output_page != CONSOLE_CODE_PAGE))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

static ntstatus get_title(struct call *c)
{
	uint32_t bytes;
	ntstatus status;

	if (c->out_bytes < sizeof(bytes))
		return STATUS_BUFFER_TOO_SMALL;
	mutex_lock(&c->con->lock);
	bytes = c->con->ntitle * 2;
	status = nt_put32(c->out, c->con->ntitle);
	bytes = MIN(bytes, c->out_bytes - (uint32_t)sizeof(bytes));
	if (!status)
		status = nt_put(c->out + sizeof(bytes), c->con->title, bytes);
	c->done = sizeof(bytes) + bytes;
	mutex_unlock(&c->con->lock);
	return status;
}

/* The terminal shows it (xterm's OSC 2). */
static ntstatus set_title(struct call *c)
{
	uint32_t n = MIN(c->in_bytes / 2, CONSOLE_TITLE_CHARS);
	uint16_t title[CONSOLE_TITLE_CHARS];
	ntstatus status = nt_get(title, c->in, n * 2ull);
	char *text = status ? NULL : nt_utf8(title, n);

	if (!text)
		return status ? status : STATUS_NO_MEMORY;
	mutex_lock(&c->con->lock);
	memcpy(c->con->title, title, n * 2ull);
	c->con->ntitle = n;
	mutex_unlock(&c->con->lock);
	status = nt_console_put(c->f, "\033]2;", 4);
	if (!status)
		status = nt_console_put(c->f, text, strlen(text));
	if (!status)
		status = nt_console_put(c->f, "\a", 1);
	kfree(text);
	return status;
}

struct ctrl_event { uint32_t event, group; };

static ntstatus ctrl_event(struct call *c)
{
	struct ctrl_event e;
	ntstatus status = take(c, &e, sizeof(e));
	int sig;

	if (status)
		return status;
	if (e.event > 1)
		return STATUS_INVALID_PARAMETER;
	sig = e.event ? SIGQUIT : SIGINT;
	return nt_status(signal_kill(e.group ? (int32_t)(e.group / 4) : 0, sig, NULL));
}

static ntstatus beep(struct call *c)
{
	return nt_console_put(c->f, "\a", 1);
}

/* There is none. */
static ntstatus get_window(struct call *c)
{
	uint32_t window = 0;

	return give(c, &window, sizeof(window));
}

#define MAX_PROCESSES 256u
struct processes { struct ps_session *session; uint32_t n, ids[MAX_PROCESSES]; };

static void note_process(struct process *p, void *context)
{
	struct processes *list = context;

	if (p->nt && p->state == PROCESS_ALIVE && p->group && p->group->session == list->session && list->n < MAX_PROCESSES)
		list->ids[list->n++] = p->pid * 4;
}

/* Too many for the buffer: the answer is how many there are. */
static ntstatus get_process_list(struct call *c)
{
	struct processes *list = kmalloc(sizeof(*list), 0);
	ntstatus status = STATUS_SUCCESS;

	if (!list)
		return STATUS_NO_MEMORY;
	list->session = ps_current()->group->session;
	ps_for_each(note_process, list);
	c->done = list->n * sizeof(list->ids[0]);
	if (c->done > c->out_bytes)
		status = STATUS_BUFFER_TOO_SMALL;
	else
		status = nt_put(c->out, list->ids, c->done);
	kfree(list);
	return status;
}

/* ---- the screen ---- */

struct output_info {
	int16_t cursor_percent, is_cursor_visible, x, y, width, height, attributes, popup_attributes;
	int16_t left, top, right, bottom, max_width, max_height, font_width, font_height, font_weight, font_family;
	uint32_t colors[16];
};
_Static_assert(sizeof(struct output_info) == 100, "what kernelbase wants");
struct output_change { uint32_t mask; struct output_info to; };
#define CHANGES_CURSOR 1u
#define CHANGES_POSITION 2u
#define CHANGES_ATTRIBUTES 8u

static const uint32_t colors[16] = {
	0x000000, 0x800000, 0x008000, 0x808000, 0x000080, 0x800080, 0x008080, 0xc0c0c0,
	0x808080, 0xff0000, 0x00ff00, 0xffff00, 0x0000ff, 0xff00ff, 0x00ffff, 0xffffff,
};
#define USUAL_ROWS 25
#define USUAL_COLUMNS 80

static void size_of_screen(struct file *f, int16_t *width, int16_t *height)
{
	struct winsize size;

	tty_get_size(f, &size);
	*width = (int16_t)(size.ws_col ? size.ws_col : USUAL_COLUMNS);
	*height = (int16_t)(size.ws_row ? size.ws_row : USUAL_ROWS);
}

/* The screen is its own buffer. The row of the cursor is the terminal's own secret but where a program has put it. */
static ntstatus get_output_info(struct call *c)
{
	const struct nt_console *con = c->con;
	struct output_info info = { .cursor_percent = (int16_t)con->cursor_percent, .is_cursor_visible = !con->is_cursor_hidden,
		.attributes = (int16_t)con->attributes };

	size_of_screen(c->f, &info.width, &info.height);
	info.x = (int16_t)MIN(tty_get_column(c->f), (uint32_t)info.width - 1);
	info.y = (int16_t)MIN((int16_t)con->cursor_row, info.height - 1);
	info.right = info.width - 1;
	info.bottom = info.height - 1;
	info.max_width = info.width;
	info.max_height = info.height;
	memcpy(info.colors, colors, sizeof(colors));
	return give(c, &info, sizeof(info));
}

static ntstatus put_sequence(struct call *c, const char *format, unsigned a, unsigned b)
{
	char text[SEQUENCE_BYTES];

	ksnprintf(text, sizeof(text), format, a, b);
	return nt_console_put(c->f, text, strlen(text));
}

/* The console's bits are blue, green, red; the terminal's are red, green, blue. */
static unsigned color_of(uint16_t bits)
{
	return (bits & 4u) >> 2 | (bits & 2u) | (bits & 1u) << 2;
}

static ntstatus set_attributes(struct call *c, uint16_t attributes)
{
	c->con->attributes = attributes;
	if (attributes == DEFAULT_ATTRIBUTES)
		return nt_console_put(c->f, "\033[m", 3);
	return put_sequence(c, "\033[%u;%um", (attributes & 8 ? 90 : 30) + color_of(attributes),
			    (attributes & 0x80 ? 100 : 40) + color_of(attributes >> 4));
}

static ntstatus set_output_info(struct call *c)
{
	struct output_change change;
	int16_t width, height;
	ntstatus status = take(c, &change, sizeof(change));

	if (status)
		return status;
	if (change.mask & ~(CHANGES_CURSOR | CHANGES_POSITION | CHANGES_ATTRIBUTES))
		return STATUS_NOT_SUPPORTED;
	size_of_screen(c->f, &width, &height);
	if ((change.mask & CHANGES_POSITION) && ((uint16_t)change.to.x >= width || (uint16_t)change.to.y >= height))
		return STATUS_INVALID_PARAMETER;
	if (change.mask & CHANGES_CURSOR) {
		c->con->cursor_percent = (uint16_t)change.to.cursor_percent;
		c->con->is_cursor_hidden = !change.to.is_cursor_visible;
		status = put_sequence(c, "\033[?25%c", c->con->is_cursor_hidden ? 'l' : 'h', 0);
	}
	if (!status && (change.mask & CHANGES_POSITION)) {
		c->con->cursor_row = (uint16_t)change.to.y;
		status = put_sequence(c, "\033[%u;%uH", change.to.y + 1u, change.to.x + 1u);
	}
	if (!status && (change.mask & CHANGES_ATTRIBUTES))
		status = set_attributes(c, (uint16_t)change.to.attributes);
	return status;
}

struct fill { uint32_t x, y, mode, count, wraps; uint16_t unit, attributes; };
#define FILL_CHARS 0u

static ntstatus put_repeated(struct call *c, uint16_t unit, uint32_t count)
{
	char *one = nt_utf8(&unit, 1);
	ntstatus status = one ? STATUS_SUCCESS : STATUS_NO_MEMORY;

	while (!status && count--)
		status = nt_console_put(c->f, one, strlen(one));
	kfree(one);
	return status;
}

/* The cursor comes back afterwards (DECSC, DECRC). Attributes alone cannot be changed. */
static ntstatus fill_output(struct call *c)
{
	int16_t width, height;
	struct fill fill;
	ntstatus status = take(c, &fill, sizeof(fill));

	if (status)
		return status;
	if (fill.mode != FILL_CHARS)
		return STATUS_NOT_SUPPORTED;
	size_of_screen(c->f, &width, &height);
	if (fill.x >= (uint32_t)width || fill.y >= (uint32_t)height)
		return STATUS_INVALID_PARAMETER;
	fill.count = MIN(fill.count, (uint32_t)(width * (height - (int)fill.y)) - fill.x);
	status = put_sequence(c, "\0337\033[%u;%uH", fill.y + 1, fill.x + 1);
	if (!status)
		status = put_repeated(c, fill.unit, fill.count);
	if (!status)
		status = nt_console_put(c->f, "\0338", 2);
	return status ? status : give(c, &fill.count, sizeof(fill.count));
}

/* ---- the call ---- */

static const struct control {
	uint32_t code;
	ntstatus (*run)(struct call *c);
} controls[] = {
	{ GET_MODE, get_mode }, { SET_MODE, set_mode }, { READ_CONSOLE, read_console }, { READ_FILE, read_file },
	{ READ_INPUT, read_input }, { WRITE_INPUT, write_input }, { PEEK_INPUT, peek_input },
	{ GET_INPUT_INFO, get_input_info }, { SET_INPUT_INFO, set_input_info }, { GET_TITLE, get_title },
	{ SET_TITLE, set_title }, { CTRL_EVENT, ctrl_event }, { BEEP, beep }, { FLUSH_INPUT, flush_input },
	{ GET_WINDOW, get_window }, { GET_PROCESS_LIST, get_process_list }, { WRITE_CONSOLE, write_console },
	{ WRITE_FILE, write_file }, { GET_OUTPUT_INFO, get_output_info }, { SET_OUTPUT_INFO, set_output_info },
	{ FILL_OUTPUT, fill_output },
};

static ntstatus control_console(struct call *c, uint32_t code)
{
	if (!file_is_tty(c->f))
		return STATUS_INVALID_HANDLE;
	c->con = nt_console_of(c->f);
	if (!c->con)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
		if (controls[i].code == code)
			return controls[i].run(c);
	}
	return STATUS_NOT_SUPPORTED;
}

/* The file of @handle, a reference; 0: the process's console. */
static ntstatus find_file(uint64_t handle, uint32_t code, struct call *c)
{
	struct object *obj;
	uint32_t granted;
	ntstatus status;

	if (!handle && code >> 16 == DEVICE_CONSOLE)
		return tty_open_controlling(&c->f) ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
	status = nt_handle_lookup_in(ps_current(), handle, &obj, &granted);
	if (status)
		return status;
	if (obj->type->kind != OBJECT_FILE) {
		object_put(obj);
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	c->f = file_from_object(obj);
	c->is_input = !(granted & FILE_WRITE_DATA);
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtDeviceIoControlFile(const uint64_t *a)
{
	const struct nt_completion to = { a[1], a[2], a[3], a[4] };
	struct call c = { .in = a[6], .in_bytes = (uint32_t)a[7], .out = a[8], .out_bytes = (uint32_t)a[9] };
	uint32_t code = (uint32_t)a[5];
	ntstatus status = find_file(a[0], code, &c);

	if (status)
		return status;
	status = nt_completion_begin(&to, c.f);
	if (!status)
		status = code >> 16 == DEVICE_CONSOLE ? control_console(&c, code) : STATUS_INVALID_DEVICE_REQUEST;
	status = nt_complete(&to, c.f, status, c.done);
	file_put(c.f);
	return status;
}

/* ---- handles ---- */

bool nt_console_is_input_name(const struct nt_string *name)
{
	static const char input[] = "\\conin$";
	const uint32_t n = sizeof(input) - 1;

	if (name->nchars < n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint16_t c = name->chars[name->nchars - n + i];

		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)input[i])
			return false;
	}
	return true;
}

void nt_console_mark_standard(int fd)
{
	struct handle_table *handles = ps_current()->handles;
	struct object *obj;
	uint32_t access;

	if (handle_lookup(handles, fd, OBJECT_FILE, 0, &obj))
		return;
	access = nt_map_access(OBJECT_FILE, NT_GENERIC_ALL);
	if (file_is_tty(file_from_object(obj)))
		(void)handle_set_access(handles, fd, obj, fd ? access : access & ~(FILE_WRITE_DATA | FILE_APPEND_DATA));
	object_put(obj);
}
