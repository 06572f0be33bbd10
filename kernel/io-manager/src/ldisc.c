/* kernel/io-manager/src/ldisc.c: modes of the line discipline and its queue of input. */
#include "ldisc_private.h"

#include <string.h>

const struct ktermios ldisc_default_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = {
		[VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSTART] = 17,
		[VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
	},
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

static void mark_special(struct ldisc *l, uint8_t c)
{
	if (c != DISABLED_CHAR)
		l->special[c / 64] |= 1ull << c % 64;
}

static void mark_canonical(struct ldisc *l)
{
	static const uint8_t always[] = { VERASE, VKILL, VEOF, VEOL }, extended[] = { VWERASE, VLNEXT, VEOL2, VREPRINT };

	mark_special(l, '\n');
	for (size_t i = 0; i < sizeof(always); i++)
		mark_special(l, l->termios.c_cc[always[i]]);
	for (size_t i = 0; i < sizeof(extended) && has_lflag(l, IEXTEN); i++)
		mark_special(l, l->termios.c_cc[extended[i]]);
}

static void find_special(struct ldisc *l)
{
	memset(l->special, 0, sizeof(l->special));
	if (has_iflag(l, IGNCR | ICRNL))
		mark_special(l, '\r');
	if (has_iflag(l, INLCR))
		mark_special(l, '\n');
	if (has_lflag(l, ICANON))
		mark_canonical(l);
	if (has_iflag(l, IXON)) {
		mark_special(l, l->termios.c_cc[VSTART]);
		mark_special(l, l->termios.c_cc[VSTOP]);
	}
	if (has_lflag(l, ISIG)) {
		mark_special(l, l->termios.c_cc[VINTR]);
		mark_special(l, l->termios.c_cc[VQUIT]);
		mark_special(l, l->termios.c_cc[VSUSP]);
	}
}

/* What was typed in the other mode stays: canonical reads take it as a line. */
static void restart_lines(struct ldisc *l)
{
	uint32_t last = (l->head - 1) % LDISC_BUFFER_BYTES;

	memset(l->line_ends, 0, sizeof(l->line_ends));
	l->line_head = l->tail;
	if (has_lflag(l, ICANON) && l->head != l->tail) {
		l->line_ends[last / 64] |= 1ull << last % 64;
		l->line_head = l->head;
	}
	l->is_erasing = false;
	l->is_next_literal = false;
}

void ldisc_set_termios(struct ldisc *l, const struct ktermios *t)
{
	struct ktermios old = l->termios;

	l->termios = *t;
	find_special(l);
	if ((old.c_lflag ^ t->c_lflag) & ICANON)
		restart_lines(l);
	if ((old.c_iflag & IXON) && !has_iflag(l, IXON))
		ldisc_set_stopped(l, false);
}

void ldisc_init(struct ldisc *l, const struct ldisc_ops *ops, const struct ktermios *t)
{
	memset(l, 0, sizeof(*l));
	l->ops = ops;
	l->termios = *t;
	find_special(l);
}

void ldisc_hold(struct ldisc *l, bool is_held)
{
	l->is_held = false;
	ldisc_set_stopped(l, is_held);
	l->is_held = is_held;
}

void ldisc_set_stopped(struct ldisc *l, bool is_stopped)
{
	if (l->is_stopped == is_stopped || l->is_held)
		return;
	l->is_stopped = is_stopped;
	l->ops->flow_changed(l, is_stopped);
	ldisc_send_echoes(l);
}

void ldisc_flush_input(struct ldisc *l)
{
	memset(l->line_ends, 0, sizeof(l->line_ends));
	l->tail = l->line_head = l->head;
	l->is_erasing = false;
	l->ops->input_flushed(l);
}

/* ---- reading ---- */

static bool take_line_end(struct ldisc *l, uint32_t at)
{
	uint64_t *word = &l->line_ends[at % LDISC_BUFFER_BYTES / 64], bit = 1ull << at % 64;
	bool is_end = *word & bit;

	*word &= ~bit;
	return is_end;
}

static bool is_line_end(const struct ldisc *l, uint32_t at)
{
	return l->line_ends[at % LDISC_BUFFER_BYTES / 64] >> at % 64 & 1;
}

static bool is_eof_mark(const struct ldisc *l, uint32_t at)
{
	return is_line_end(l, at) && queued_byte(l, at) == DISABLED_CHAR;
}

static size_t read_line(struct ldisc *l, uint8_t *buf, size_t n, bool *is_complete)
{
	size_t done = 0;

	while (l->tail != l->line_head && !*is_complete) {
		/* An EOF right behind what just fits belongs to it: the next read would see a false end. */
		if (is_eof_mark(l, l->tail))
			*is_complete = true;
		else if (done == n)
			break;
		else
			buf[done++] = queued_byte(l, l->tail);
		if (take_line_end(l, l->tail))
			*is_complete = true;
		l->tail++;
	}
	return done;
}

static size_t read_raw(struct ldisc *l, uint8_t *buf, size_t n)
{
	uint32_t have = l->head - l->tail, at = l->tail % LDISC_BUFFER_BYTES, first;

	if (n > have)
		n = have;
	first = LDISC_BUFFER_BYTES - at < n ? LDISC_BUFFER_BYTES - at : (uint32_t)n;
	memcpy(buf, l->buffer + at, first);
	memcpy(buf + first, l->buffer, n - first);
	l->tail += (uint32_t)n;
	return n;
}

size_t ldisc_read(struct ldisc *l, uint8_t *buf, size_t n, bool *is_complete)
{
	*is_complete = false;
	return has_lflag(l, ICANON) ? read_line(l, buf, n, is_complete) : read_raw(l, buf, n);
}

bool ldisc_has_input(const struct ldisc *l, uint32_t min)
{
	const volatile struct ldisc *v = l;
	uint32_t tail = v->tail;

	if (v->termios.c_lflag & ICANON)
		return v->line_head != tail;
	return v->head - tail >= (min ? min : 1);
}

uint32_t ldisc_input_bytes(const struct ldisc *l)
{
	uint32_t n = 0;

	if (!has_lflag(l, ICANON))
		return l->head - l->tail;
	for (uint32_t at = l->tail; at != l->line_head; at++)
		n += !is_eof_mark(l, at);
	return n;
}
