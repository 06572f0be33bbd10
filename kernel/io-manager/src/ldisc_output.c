/* kernel/io-manager/src/ldisc_output.c: what OPOST makes of bytes on their way out. */
#include "ldisc_private.h"

#define TAB_COLUMNS 8u

size_t output_room(const struct ldisc *l)
{
	return l->is_stopped ? 0 : l->ops->room((struct ldisc *)l);
}

static bool send_bytes(struct ldisc *l, const void *bytes, size_t n)
{
	if (output_room(l) < n)
		return false;
	l->ops->send(l, bytes, n);
	return true;
}

static bool output_newline(struct ldisc *l)
{
	bool is_crlf = has_oflag(l, ONLCR);

	if (!send_bytes(l, is_crlf ? "\r\n" : "\n", is_crlf ? 2 : 1))
		return false;
	if (is_crlf || has_oflag(l, ONLRET))
		l->column = 0;
	l->line_column = l->column;
	return true;
}

static bool output_return(struct ldisc *l)
{
	bool is_newline = has_oflag(l, OCRNL);

	if (has_oflag(l, ONOCR) && !l->column)
		return true;
	if (!send_bytes(l, is_newline ? "\n" : "\r", 1))
		return false;
	if (!is_newline || has_oflag(l, ONLRET))
		l->column = l->line_column = 0;
	return true;
}

static bool output_tab(struct ldisc *l)
{
	uint32_t n = TAB_COLUMNS - l->column % TAB_COLUMNS;
	bool ok = (l->termios.c_oflag & TABDLY) == XTABS ? send_bytes(l, "        ", n) : send_bytes(l, "\t", 1);

	if (ok)
		l->column += n;
	return ok;
}

static bool output_other(struct ldisc *l, uint8_t c)
{
	if (has_oflag(l, OLCUC) && is_lower(c))
		c -= 'a' - 'A';
	if (!send_bytes(l, &c, 1))
		return false;
	if (c == '\b')
		l->column -= l->column ? 1 : 0;
	else if (!is_control(c) && !is_continuation(l, c))
		l->column++;
	return true;
}

bool output_char(struct ldisc *l, uint8_t c)
{
	if (!has_oflag(l, OPOST))
		return send_bytes(l, &c, 1);
	switch (c) {
	case '\n':
		return output_newline(l);
	case '\r':
		return output_return(l);
	case '\t':
		return output_tab(l);
	default:
		return output_other(l, c);
	}
}

/* Bytes that go out as they are, one column each. */
static size_t plain_run(const struct ldisc *l, const uint8_t *bytes, size_t n)
{
	size_t run = 0;

	while (run < n && !is_control(bytes[run]) && !is_continuation(l, bytes[run]))
		run++;
	return has_oflag(l, OLCUC) ? 0 : run;
}

static size_t output_run(struct ldisc *l, const uint8_t *bytes, size_t n)
{
	size_t room = output_room(l), run = plain_run(l, bytes, n < room ? n : room);

	if (!run)
		return output_char(l, bytes[0]) ? 1 : 0;
	l->ops->send(l, bytes, run);
	l->column += (uint32_t)run;
	return run;
}

size_t ldisc_write(struct ldisc *l, const uint8_t *bytes, size_t n)
{
	size_t done = 0, room;

	ldisc_send_echoes(l);
	if (!has_oflag(l, OPOST)) {
		room = output_room(l);
		n = n < room ? n : room;
		if (n)
			l->ops->send(l, bytes, n);
		return n;
	}
	while (done < n) {
		size_t run = output_run(l, bytes + done, n - done);

		if (!run)
			break;
		done += run;
	}
	return done;
}
