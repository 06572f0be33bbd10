/* kernel/compat/src/nt/console_io.c: text from and to a console (Microsoft Learn: ReadConsole, WriteConsole, "High-Level
 * Console Modes").
 *
 * Lines end with \r\n for NT programs; the terminal's discipline makes \n of the first and \r\n of \n.
 */
#include "console.h"

#include <asm/termios.h>
#include <io/tty.h>
#include <mm/heap.h>
#include <string.h>

#define PIECE_BYTES 1024u
#define CTRL_Z 0x1au

/* ---- out ---- */

static ntstatus put_all(struct file *f, const char *bytes, size_t n)
{
	const struct io_segment seg = { (uint64_t)(uintptr_t)bytes, n };
	struct io_vector v;
	int64_t done;

	io_vector_init(&v, &seg, 1, true);
	while (v.left) {
		done = nt_file_move(f, &v, true);
		if (done < 0)
			return nt_status(done);
	}
	return STATUS_SUCCESS;
}

ntstatus nt_console_put(struct file *f, const char *bytes, size_t n)
{
	return put_all(f, bytes, n);
}

/* The terminal adds the \r of \n itself. */
static ntstatus put_text(struct file *f, char *bytes, size_t n)
{
	const tcflag_t adds = OPOST | ONLCR;
	struct ktermios modes;
	size_t kept = 0;

	tty_get_modes(f, &modes);
	if ((modes.c_oflag & adds) != adds)
		return put_all(f, bytes, n);
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\r' || i + 1 == n || bytes[i + 1] != '\n')
			bytes[kept++] = bytes[i];
	}
	return put_all(f, bytes, kept);
}

ntstatus nt_console_write_bytes(struct file *f, uint64_t user, uint32_t bytes)
{
	char piece[PIECE_BYTES];
	ntstatus status = STATUS_SUCCESS;

	for (uint32_t done = 0, n; !status && done < bytes; done += n) {
		n = MIN(bytes - done, PIECE_BYTES);
		status = nt_get(piece, user + done, n);
		/* A line's end stays in one piece. */
		if (!status && n > 1 && piece[n - 1] == '\r')
			n--;
		if (!status)
			status = put_text(f, piece, n);
	}
	return status;
}

ntstatus nt_console_write_wide(struct file *f, uint64_t user, uint32_t bytes)
{
	uint16_t piece[PIECE_BYTES / 2];
	ntstatus status = STATUS_SUCCESS;

	for (uint32_t done = 0, n; !status && done + 1 < bytes; done += n * 2) {
		char *text;

		n = MIN((bytes - done) / 2, (uint32_t)ARRAY_SIZE(piece));
		status = nt_get(piece, user + done, n * 2);
		if (status)
			break;
		/* Neither a line's end nor a pair of surrogates is cut. */
		if (n > 1 && (piece[n - 1] == '\r' || (piece[n - 1] & 0xfc00) == 0xd800))
			n--;
		text = nt_utf8(piece, n);
		status = text ? put_text(f, text, strlen(text)) : STATUS_NO_MEMORY;
		kfree(text);
	}
	return status;
}

/* ---- in ---- */

/* How many of @n bytes are whole characters. */
static uint32_t whole_bytes(const uint8_t *bytes, uint32_t n)
{
	for (uint32_t back = 1; back <= MIN(n, 3u); back++) {
		uint8_t c = bytes[n - back];

		if ((c & 0xc0) == 0x80)
			continue;
		return (c >= 0xf0 && back < 4) || (c >= 0xe0 && c < 0xf0 && back < 3) || (c >= 0xc0 && c < 0xe0 && back < 2) ? n - back : n;
	}
	return n;
}

/* Add @n bytes that were typed; con->lock is held. Lines end as NT programs expect. */
static void take_in(struct nt_console *con, uint8_t *bytes, uint32_t n, bool is_line)
{
	uint32_t whole = whole_bytes(bytes, n), nunits;
	uint16_t units[PIECE_BYTES + sizeof(con->partial)];

	con->npartial = n - whole;
	memcpy(con->partial, bytes + whole, con->npartial);
	nunits = MIN(nt_utf16((const char *)bytes, whole, units, ARRAY_SIZE(units)), (uint32_t)ARRAY_SIZE(units));
	for (uint32_t i = 0; i < nunits && con->nchars + 2 <= CONSOLE_CHARS; i++) {
		if (is_line && units[i] == '\n')
			con->chars[con->nchars++] = '\r';
		con->chars[con->nchars++] = units[i];
	}
}

static int64_t read_terminal(struct file *f, struct io_vector *v, bool may_wait)
{
	struct io_request rq = { .file = f, .vector = *v, .flags = IO_NONBLOCK };

	return may_wait ? nt_file_move(f, v, false) : f->ops->read(&rq);
}

int nt_console_fill(struct file *f, struct nt_console *con, bool may_wait, bool *at_end)
{
	uint8_t bytes[PIECE_BYTES + sizeof(con->partial)];
	struct io_segment seg = { (uint64_t)(uintptr_t)(bytes + sizeof(con->partial)), PIECE_BYTES / 2 };
	struct ktermios modes;
	struct io_vector v;
	uint32_t before;
	int64_t n;

	*at_end = false;
	io_vector_init(&v, &seg, 1, true);
	n = read_terminal(f, &v, may_wait);
	if (n < 0)
		return (int)n;
	tty_get_modes(f, &modes);
	mutex_lock(&con->lock);
	before = con->npartial;
	memcpy(bytes + sizeof(con->partial) - before, con->partial, before);
	if (n)
		take_in(con, bytes + sizeof(con->partial) - before, (uint32_t)n + before, modes.c_lflag & ICANON);
	else
		*at_end = true;
	mutex_unlock(&con->lock);
	return 0;
}

/* Until there are characters or the end. Returns with con->lock held if STATUS_SUCCESS. */
static ntstatus wait_for_chars(struct file *f, struct nt_console *con)
{
	bool at_end = false;
	int err;

	mutex_lock(&con->lock);
	while (!con->nchars && !at_end) {
		mutex_unlock(&con->lock);
		err = nt_console_fill(f, con, true, &at_end);
		if (err)
			return nt_status(err);
		mutex_lock(&con->lock);
	}
	return STATUS_SUCCESS;
}

static void drop_chars(struct nt_console *con, uint32_t n)
{
	con->nchars -= n;
	memmove(con->chars, con->chars + n, con->nchars * sizeof(con->chars[0]));
}

/* A read ends with the line. */
static uint32_t line_chars(const struct nt_console *con)
{
	for (uint32_t i = 0; i < con->nchars; i++) {
		if (con->chars[i] == '\n')
			return i + 1;
	}
	return con->nchars;
}

ntstatus nt_console_read_wide(struct file *f, struct nt_console *con, uint64_t user, uint32_t cap, uint64_t *done_bytes)
{
	ntstatus status = cap ? wait_for_chars(f, con) : STATUS_SUCCESS;
	uint32_t n;

	if (status || !cap)
		return status;
	n = MIN(line_chars(con), cap);
	status = nt_put(user, con->chars, n * 2ull);
	if (!status) {
		drop_chars(con, n);
		*done_bytes = n * 2ull;
	}
	mutex_unlock(&con->lock);
	return status;
}

/* The UTF-8 of the first characters that fit, at most a line. */
static ntstatus give_bytes(struct nt_console *con, uint64_t user, uint32_t cap, uint64_t *done_bytes)
{
	uint32_t n = MIN(line_chars(con), cap);
	ntstatus status = STATUS_SUCCESS;
	char *text;

	do {
		if (n < con->nchars && n && (con->chars[n - 1] & 0xfc00) == 0xd800)
			n--;
		text = nt_utf8(con->chars, n);
		if (!text)
			return STATUS_NO_MEMORY;
		if (strlen(text) <= cap)
			break;
		kfree(text);
		text = NULL;
	} while (--n);
	if (!text)
		return STATUS_BUFFER_TOO_SMALL;
	*done_bytes = strlen(text);
	status = nt_put(user, text, *done_bytes);
	kfree(text);
	if (!status)
		drop_chars(con, n);
	return status;
}

ntstatus nt_console_read_bytes(struct file *f, struct nt_console *con, uint64_t user, uint32_t cap, uint64_t *done_bytes)
{
	ntstatus status = cap ? wait_for_chars(f, con) : STATUS_SUCCESS;

	if (status || !cap)
		return status;
	if (con->nchars && con->chars[0] == CTRL_Z)
		drop_chars(con, line_chars(con));
	else if (con->nchars)
		status = give_bytes(con, user, cap, done_bytes);
	mutex_unlock(&con->lock);
	return status;
}

/* ---- NtReadFile, NtWriteFile ---- */

ntstatus nt_console_transfer(struct file *f, const struct nt_completion *c, const struct io_segment *seg, bool is_write)
{
	struct nt_console *con = nt_console_of(f);
	uint64_t done = 0;
	ntstatus status = con ? nt_completion_begin(c, f) : STATUS_NO_MEMORY;

	if (status)
		return status;
	if (is_write) {
		status = nt_console_write_bytes(f, seg->base, (uint32_t)seg->len);
		done = seg->len;
	} else {
		status = nt_console_read_bytes(f, con, seg->base, (uint32_t)seg->len, &done);
	}
	return nt_complete(c, f, status, status ? 0 : done);
}
