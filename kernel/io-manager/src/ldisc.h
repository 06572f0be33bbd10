/* kernel/io-manager/src/ldisc.h: the N_TTY line discipline (termios(3), POSIX.1-2017 chapter 11).
 *
 * Bytes from the device come in by ldisc_receive(): they are edited, echoed, turned into
 * signals and queued for ldisc_read(). What programs write goes out by ldisc_write().
 * Knows nothing of processes or devices, so that it runs on the host too.
 *
 * Locking: the caller serialises everything but the claims at the end, which poll asks
 * without a lock.
 */
#ifndef IO_LDISC_H
#define IO_LDISC_H

#include <asm/termbits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LDISC_BUFFER_BYTES 4096u	/* also the longest line, its end included */
#define LDISC_ECHOES 2048u

struct ldisc;

struct ldisc_ops {
	/* Bytes the device takes now. */
	size_t (*room)(struct ldisc *l);
	/* To the device; no more than room() said. */
	void (*send)(struct ldisc *l, const uint8_t *bytes, size_t n);
	/* INTR, QUIT or SUSP was typed. */
	void (*signal)(struct ldisc *l, int signal);
	/* Drop what was sent and is still here. */
	void (*flush_output)(struct ldisc *l);
	/* The queue of input was emptied by a flush. */
	void (*input_flushed)(struct ldisc *l);
	/* Output was stopped (STOP) or goes on (START). */
	void (*flow_changed)(struct ldisc *l, bool is_stopped);
};

struct ldisc {
	const struct ldisc_ops *ops;
	struct ktermios termios;
	uint64_t special[4];		/* a bit for each character that is not just data */
	uint8_t buffer[LDISC_BUFFER_BYTES];
	uint64_t line_ends[LDISC_BUFFER_BYTES / 64];	/* canonical: where lines end */
	uint32_t head, tail;		/* counts, taken modulo the size */
	uint32_t line_head;		/* canonical: end of the last complete line */
	uint32_t column;		/* of the cursor, as far as output tells */
	uint32_t line_column;		/* where the echo of the line being typed began */
	uint16_t echoes[LDISC_ECHOES];	/* waiting for room: kind << 8 | byte */
	uint32_t echo_head, echo_tail;
	bool is_stopped;
	bool is_held;			/* stopped by TCOOFF: only TCOON starts it */
	bool is_next_literal;		/* LNEXT was typed */
	bool is_erasing;		/* ECHOPRT: between \ and / */
};

/* The termios of a new terminal. */
extern const struct ktermios ldisc_default_termios;

void ldisc_init(struct ldisc *l, const struct ldisc_ops *ops, const struct ktermios *t);
void ldisc_set_termios(struct ldisc *l, const struct ktermios *t);

/* Returns: how many of @n bytes were taken; fewer when the queue is full. */
size_t ldisc_receive(struct ldisc *l, const uint8_t *bytes, size_t n);
/* Take bytes that ldisc_has_input() speaks of: one line at most when canonical.
 * *@is_complete: the line's end was reached (end of file when nothing was returned). */
size_t ldisc_read(struct ldisc *l, uint8_t *buf, size_t n, bool *is_complete);
/* Returns: how many of @n bytes went out, after OPOST. */
size_t ldisc_write(struct ldisc *l, const uint8_t *bytes, size_t n);
/* There is room again: send echoes that had to wait. */
void ldisc_send_echoes(struct ldisc *l);

void ldisc_flush_input(struct ldisc *l);
void ldisc_set_stopped(struct ldisc *l, bool is_stopped);	/* by keys */
void ldisc_hold(struct ldisc *l, bool is_held);			/* tcflow(3) */

/* Whether a read would return; @min: bytes that raw mode asks for. */
bool ldisc_has_input(const struct ldisc *l, uint32_t min);
uint32_t ldisc_input_bytes(const struct ldisc *l);	/* FIONREAD */
static inline bool ldisc_is_canonical(const struct ldisc *l) { return l->termios.c_lflag & ICANON; }

#endif
