/* kernel/io-manager/src/ldisc_echo.c: echoes, which wait their turn when the device has no room.
 *
 * What an echo does depends on the column that the output before it leaves, so a waiting
 * echo is kept as what it means and made into bytes when it is sent.
 */
#include "ldisc_private.h"

enum echo_kind { ECHO_BYTE, ECHO_CONTROL, ECHO_LINE_BEGINS, ECHO_MOVE_BACK, ECHO_ERASE_TAB, ECHO_ERASE_TAB_AFTER_TAB };

#define TAB_COLUMNS 8u

static void echo_add(struct ldisc *l, enum echo_kind kind, uint8_t c)
{
	/* A flood of input loses its oldest echoes, never input. */
	if (l->echo_head - l->echo_tail == LDISC_ECHOES)
		l->echo_tail++;
	l->echoes[l->echo_head % LDISC_ECHOES] = (uint16_t)(kind << 8 | c);
	l->echo_head++;
}

void echo_byte(struct ldisc *l, uint8_t c)
{
	echo_add(l, ECHO_BYTE, c);
}

void echo_char(struct ldisc *l, uint8_t c)
{
	echo_add(l, has_lflag(l, ECHOCTL) && is_control(c) && c != '\t' ? ECHO_CONTROL : ECHO_BYTE, c);
}

void echo_typed(struct ldisc *l, uint8_t c)
{
	if (l->line_head == l->head)
		echo_add(l, ECHO_LINE_BEGINS, 0);
	echo_char(l, c);
}

void echo_end_erasing(struct ldisc *l)
{
	if (!l->is_erasing)
		return;
	echo_byte(l, '/');
	l->is_erasing = false;
}

void echo_move_back(struct ldisc *l)
{
	echo_add(l, ECHO_MOVE_BACK, 0);
}

void echo_erase_tab(struct ldisc *l, uint32_t columns, bool after_tab)
{
	echo_add(l, after_tab ? ECHO_ERASE_TAB_AFTER_TAB : ECHO_ERASE_TAB, columns % TAB_COLUMNS);
}

void echo_drop(struct ldisc *l)
{
	l->echo_tail = l->echo_head;
}

static bool send_control(struct ldisc *l, uint8_t c)
{
	uint8_t bytes[2] = { '^', c ^ 0x40 };

	if (output_room(l) < sizeof(bytes))
		return false;
	l->ops->send(l, bytes, sizeof(bytes));
	l->column += sizeof(bytes);
	return true;
}

static bool send_erase_tab(struct ldisc *l, uint32_t columns)
{
	uint32_t n = TAB_COLUMNS - columns % TAB_COLUMNS;
	static const uint8_t back[TAB_COLUMNS] = "\b\b\b\b\b\b\b\b";

	if (output_room(l) < n)
		return false;
	l->ops->send(l, back, n);
	l->column -= l->column < n ? l->column : n;
	return true;
}

/* Linux sends this one past OPOST. */
static bool send_all_ones(struct ldisc *l)
{
	static const uint8_t byte = 0xff;

	if (!output_room(l))
		return false;
	l->ops->send(l, &byte, 1);
	l->column++;
	return true;
}

/* Returns: false when there is no room for it. */
static bool send_echo(struct ldisc *l, enum echo_kind kind, uint8_t c)
{
	switch (kind) {
	case ECHO_CONTROL:
		return send_control(l, c);
	case ECHO_ERASE_TAB:
		return send_erase_tab(l, c + l->line_column);
	case ECHO_ERASE_TAB_AFTER_TAB:
		return send_erase_tab(l, c);
	case ECHO_LINE_BEGINS:
		l->line_column = l->column;
		return true;
	case ECHO_MOVE_BACK:
		if (l->column)
			l->column--;
		return true;
	case ECHO_BYTE:
		break;
	}
	return c == 0xff ? send_all_ones(l) : output_char(l, c);
}

void ldisc_send_echoes(struct ldisc *l)
{
	while (l->echo_tail != l->echo_head) {
		uint16_t e = l->echoes[l->echo_tail % LDISC_ECHOES];

		if (!send_echo(l, (enum echo_kind)(e >> 8), (uint8_t)e))
			return;
		l->echo_tail++;
	}
}
