/* kernel/io-manager/src/ldisc_erase.c: erasing characters, words and lines, and showing it. */
#include "ldisc_private.h"

enum erase_what { ERASE_CHAR, ERASE_WORD, ERASE_LINE };

static bool is_word(uint8_t c)
{
	return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || c == '_';
}

/* Where the last character of the line begins; the head itself when only a piece of one is there. */
static uint32_t last_char(const struct ldisc *l)
{
	uint32_t at = l->head;

	do
		at--;
	while (at != l->line_head && is_continuation(l, queued_byte(l, at)));
	return is_continuation(l, queued_byte(l, at)) ? l->head : at;
}

/* A tab's width follows from what was typed before it. */
static void show_tab_erased(struct ldisc *l)
{
	uint32_t columns = 0, at = l->head;
	bool after_tab = false;

	while (at != l->line_head && !after_tab) {
		uint8_t c = queued_byte(l, --at);

		if (c == '\t')
			after_tab = true;
		else if (is_control(c))
			columns += has_lflag(l, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(l, c))
			columns++;
	}
	echo_erase_tab(l, columns, after_tab);
}

static void wipe_column(struct ldisc *l)
{
	echo_byte(l, '\b');
	echo_byte(l, ' ');
	echo_byte(l, '\b');
}

/* ECHOPRT, for terminals on paper: the erased characters appear between \ and /. */
static void print_erased(struct ldisc *l, uint32_t length)
{
	if (!l->is_erasing) {
		echo_byte(l, '\\');
		l->is_erasing = true;
	}
	echo_char(l, queued_byte(l, l->head));
	for (uint32_t i = 1; i < length; i++) {
		echo_byte(l, queued_byte(l, l->head + i));
		echo_move_back(l);
	}
}

/* The character of @length bytes at the head is no longer part of the line. */
static void show_erased(struct ldisc *l, uint32_t length, enum erase_what what)
{
	uint8_t c = queued_byte(l, l->head);

	if (has_lflag(l, ECHOPRT)) {
		print_erased(l, length);
	} else if (what == ERASE_CHAR && !has_lflag(l, ECHOE)) {
		echo_char(l, l->termios.c_cc[VERASE]);
	} else if (c == '\t') {
		show_tab_erased(l);
	} else if (!is_control(c)) {
		wipe_column(l);
	} else if (has_lflag(l, ECHOCTL)) {
		wipe_column(l);
		wipe_column(l);
	}
}

static void erase_back(struct ldisc *l, enum erase_what what)
{
	bool in_word = false;

	while (l->head != l->line_head) {
		uint32_t at = last_char(l), length = l->head - at;

		if (!length)
			break;
		if (what == ERASE_WORD) {
			if (is_word(queued_byte(l, at)))
				in_word = true;
			else if (in_word)
				break;
		}
		l->head = at;
		if (has_lflag(l, ECHO))
			show_erased(l, length, what);
		if (what == ERASE_CHAR)
			break;
	}
	if (l->head == l->line_head && has_lflag(l, ECHO))
		echo_end_erasing(l);
}

/* KILL where the screen cannot be wiped: say so, and leave the line. */
static void kill_line(struct ldisc *l)
{
	l->head = l->line_head;
	if (!has_lflag(l, ECHO))
		return;
	echo_end_erasing(l);
	echo_char(l, l->termios.c_cc[VKILL]);
	if (has_lflag(l, ECHOK))
		echo_byte(l, '\n');
}

void ldisc_erase(struct ldisc *l, uint8_t c)
{
	const tcflag_t can_wipe = ECHO | ECHOK | ECHOKE | ECHOE;

	if (l->head == l->line_head)
		return;
	if (c == l->termios.c_cc[VERASE])
		erase_back(l, ERASE_CHAR);
	else if (c == l->termios.c_cc[VWERASE] && has_lflag(l, IEXTEN))
		erase_back(l, ERASE_WORD);
	else if ((l->termios.c_lflag & can_wipe) == can_wipe)
		erase_back(l, ERASE_LINE);
	else
		kill_line(l);
}
