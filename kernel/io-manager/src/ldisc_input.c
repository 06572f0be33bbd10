/* kernel/io-manager/src/ldisc_input.c: what a typed character does. */
#include "ldisc_private.h"

#include <asm/signal.h>

static bool is_char(const struct ldisc *l, unsigned index, uint8_t c)
{
	return l->termios.c_cc[index] == c;
}

static bool is_special(const struct ldisc *l, uint8_t c)
{
	return l->special[c / 64] >> c % 64 & 1;
}

static void queue_byte(struct ldisc *l, uint8_t c)
{
	l->buffer[l->head % LDISC_BUFFER_BYTES] = c;
	l->head++;
}

static void queue_line_end(struct ldisc *l, uint8_t c)
{
	uint32_t at = l->head % LDISC_BUFFER_BYTES;

	l->line_ends[at / 64] |= 1ull << at % 64;
	queue_byte(l, c);
	__atomic_store_n(&l->line_head, l->head, __ATOMIC_RELEASE);
}

/* PARMRK: a byte of all ones is doubled, so that it is not taken for a mark. */
static void queue_typed(struct ldisc *l, uint8_t c)
{
	if (c == 0xff && has_iflag(l, PARMRK))
		queue_byte(l, c);
	queue_byte(l, c);
}

static void restart_if_any(struct ldisc *l)
{
	if (l->is_stopped && has_iflag(l, IXON) && has_iflag(l, IXANY))
		ldisc_set_stopped(l, false);
}

static void receive_plain(struct ldisc *l, uint8_t c)
{
	restart_if_any(l);
	if (has_lflag(l, ECHO)) {
		echo_end_erasing(l);
		echo_typed(l, c);
	}
	queue_typed(l, c);
}

static bool receive_flow(struct ldisc *l, uint8_t c)
{
	if (is_char(l, VSTART, c)) {
		ldisc_set_stopped(l, false);
		ldisc_send_echoes(l);
	} else if (is_char(l, VSTOP, c)) {
		ldisc_set_stopped(l, true);
	} else {
		return false;
	}
	return true;
}

static bool receive_signal(struct ldisc *l, uint8_t c)
{
	int signal = is_char(l, VINTR, c) ? SIGINT : is_char(l, VQUIT, c) ? SIGQUIT : is_char(l, VSUSP, c) ? SIGTSTP : 0;

	if (!signal)
		return false;
	l->ops->signal(l, signal);
	if (!has_lflag(l, NOFLSH)) {
		echo_drop(l);
		l->ops->flush_output(l);
		ldisc_flush_input(l);
	}
	if (has_iflag(l, IXON))
		ldisc_set_stopped(l, false);
	if (has_lflag(l, ECHO))
		echo_char(l, c);
	return true;
}

static void receive_literal_next(struct ldisc *l)
{
	l->is_next_literal = true;
	if (!has_lflag(l, ECHO))
		return;
	echo_end_erasing(l);
	if (has_lflag(l, ECHOCTL)) {
		echo_byte(l, '^');
		echo_byte(l, '\b');
	}
}

static void receive_reprint(struct ldisc *l, uint8_t c)
{
	echo_end_erasing(l);
	echo_char(l, c);
	echo_byte(l, '\n');
	for (uint32_t at = l->line_head; at != l->head; at++)
		echo_char(l, queued_byte(l, at));
}

static bool receive_end(struct ldisc *l, uint8_t c)
{
	if (c == '\n') {
		if (has_lflag(l, ECHO | ECHONL))
			echo_byte(l, '\n');
		queue_line_end(l, c);
	} else if (is_char(l, VEOF, c)) {
		queue_line_end(l, DISABLED_CHAR);
	} else if (is_char(l, VEOL, c) || (is_char(l, VEOL2, c) && has_lflag(l, IEXTEN))) {
		if (has_lflag(l, ECHO))
			echo_typed(l, c);
		if (c == 0xff && has_iflag(l, PARMRK))
			queue_byte(l, c);
		queue_line_end(l, c);
	} else {
		return false;
	}
	return true;
}

static bool receive_canonical(struct ldisc *l, uint8_t c)
{
	bool is_extended = has_lflag(l, IEXTEN);

	if (is_char(l, VERASE, c) || is_char(l, VKILL, c) || (is_char(l, VWERASE, c) && is_extended))
		ldisc_erase(l, c);
	else if (is_char(l, VLNEXT, c) && is_extended)
		receive_literal_next(l);
	else if (is_char(l, VREPRINT, c) && is_extended && has_lflag(l, ECHO))
		receive_reprint(l, c);
	else
		return receive_end(l, c);
	return true;
}

static void receive_special(struct ldisc *l, uint8_t c)
{
	if (has_iflag(l, IXON) && receive_flow(l, c))
		return;
	if (has_lflag(l, ISIG) && receive_signal(l, c))
		return;
	restart_if_any(l);
	if (c == '\r') {
		if (has_iflag(l, IGNCR))
			return;
		if (has_iflag(l, ICRNL))
			c = '\n';
	} else if (c == '\n' && has_iflag(l, INLCR)) {
		c = '\r';
	}
	if (has_lflag(l, ICANON) && receive_canonical(l, c))
		return;
	if (has_lflag(l, ECHO)) {
		echo_end_erasing(l);
		if (c == '\n')
			echo_byte(l, c);
		else
			echo_typed(l, c);
	}
	queue_typed(l, c);
}

static uint8_t fold(const struct ldisc *l, uint8_t c)
{
	if (has_iflag(l, ISTRIP))
		c &= 0x7f;
	if (has_iflag(l, IUCLC) && has_lflag(l, IEXTEN) && is_upper(c))
		c += 'a' - 'A';
	return c;
}

static void receive_byte(struct ldisc *l, uint8_t c)
{
	c = fold(l, c);
	if (l->is_next_literal) {
		l->is_next_literal = false;
		receive_plain(l, c);
	} else if (is_special(l, c)) {
		receive_special(l, c);
	} else {
		receive_plain(l, c);
	}
}

/* A line that is too long goes on in its last place, so that its end can still be typed. */
static bool make_room(struct ldisc *l)
{
	uint32_t wanted = has_iflag(l, PARMRK) ? 2 : 1;

	if (l->head - l->tail + wanted < LDISC_BUFFER_BYTES)
		return true;
	if (!has_lflag(l, ICANON) || l->line_head != l->tail)
		return false;
	while (l->head - l->tail + wanted > LDISC_BUFFER_BYTES)
		l->head--;
	return true;
}

size_t ldisc_receive(struct ldisc *l, const uint8_t *bytes, size_t n)
{
	size_t done = 0;

	while (done < n && make_room(l))
		receive_byte(l, bytes[done++]);
	ldisc_send_echoes(l);
	return done;
}
