/* kernel/io-manager/src/ldisc_private.h: what the parts of the line discipline share. */
#ifndef IO_LDISC_PRIVATE_H
#define IO_LDISC_PRIVATE_H

#include "ldisc.h"

#define DISABLED_CHAR 0u	/* a control character that no key has; also marks EOF in the queue */

static inline bool has_iflag(const struct ldisc *l, tcflag_t f) { return l->termios.c_iflag & f; }
static inline bool has_oflag(const struct ldisc *l, tcflag_t f) { return l->termios.c_oflag & f; }
static inline bool has_lflag(const struct ldisc *l, tcflag_t f) { return l->termios.c_lflag & f; }

static inline bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}
/* Letters are ISO 8859-1's, as Linux has them; so the first byte of most UTF-8 letters is one. */
static inline bool is_upper(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);
}
static inline bool is_lower(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0xdf && c != 0xf7);
}
/* Not the first byte of a UTF-8 character. */
static inline bool is_continuation(const struct ldisc *l, uint8_t c)
{
	return has_iflag(l, IUTF8) && (c & 0xc0) == 0x80;
}
static inline uint8_t queued_byte(const struct ldisc *l, uint32_t at)
{
	return l->buffer[at % LDISC_BUFFER_BYTES];
}

/* ---- echo (ldisc_echo.c) ---- */
void echo_byte(struct ldisc *l, uint8_t c);		/* as it is */
void echo_char(struct ldisc *l, uint8_t c);		/* control characters as ^X if ECHOCTL */
void echo_typed(struct ldisc *l, uint8_t c);		/* a character that joins the line */
void echo_end_erasing(struct ldisc *l);
void echo_move_back(struct ldisc *l);
/* Go back over a tab: @columns since the line's begin or, if @after_tab, since the tab before. */
void echo_erase_tab(struct ldisc *l, uint32_t columns, bool after_tab);
void echo_drop(struct ldisc *l);

/* ERASE, WERASE or KILL (@c) on the line being typed (ldisc_erase.c). */
void ldisc_erase(struct ldisc *l, uint8_t c);

/* One byte through OPOST (ldisc_output.c). Returns: false when there is no room. */
bool output_char(struct ldisc *l, uint8_t c);
size_t output_room(const struct ldisc *l);

#endif
