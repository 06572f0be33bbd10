/* kernel/compat/src/nt/console_keys.c: what is typed as events of keys (Microsoft Learn: ReadConsoleInput,
 * KEY_EVENT_RECORD, "Virtual-Key Codes").
 *
 * A terminal sends characters: each is a key that goes down and up. Sequences of escape are the keys that
 * xterm sends them for.
 */
#include "console.h"

#include <string.h>

#define KEY_EVENT 1u
#define ENABLE_VIRTUAL_TERMINAL_INPUT 0x200u
#define LEFT_CTRL_PRESSED 0x08u
#define SHIFT_PRESSED 0x10u
#define ENHANCED_KEY 0x100u

#define VK_BACK 0x08u
#define VK_RETURN 0x0du
#define ESCAPE 0x1bu
#define DELETE 0x7fu

static const struct { const char *text; uint8_t key; } sequences[] = {
	{ "[A", 0x26 }, { "[B", 0x28 }, { "[C", 0x27 }, { "[D", 0x25 }, { "[H", 0x24 }, { "[F", 0x23 },
	{ "OA", 0x26 }, { "OB", 0x28 }, { "OC", 0x27 }, { "OD", 0x25 }, { "OH", 0x24 }, { "OF", 0x23 },
	{ "[2~", 0x2d }, { "[3~", 0x2e }, { "[5~", 0x21 }, { "[6~", 0x22 },
	{ "OP", 0x70 }, { "OQ", 0x71 }, { "OR", 0x72 }, { "OS", 0x73 },
};

static void add_key(struct nt_console *con, uint32_t key, uint16_t unit, uint32_t state)
{
	struct nt_key_event e = { .type = KEY_EVENT, .is_down = 1, .repeat = 1, .key = (uint16_t)key, .unit = unit, .state = state };

	if (con->nevents + 2 > CONSOLE_EVENTS)
		return;
	con->events[con->nevents++] = e;
	e.is_down = 0;
	con->events[con->nevents++] = e;
}

static bool is_small(uint16_t c) { return c >= 'a' && c <= 'z'; }
static bool is_capital(uint16_t c) { return c >= 'A' && c <= 'Z'; }

static void add_char(struct nt_console *con, uint16_t c)
{
	if (c == DELETE || c == VK_BACK)
		add_key(con, VK_BACK, VK_BACK, 0);
	else if (c == '\n' || c == '\r')
		add_key(con, VK_RETURN, '\r', 0);
	else if (c == '\t' || c == ESCAPE || c == ' ')
		add_key(con, c, c, 0);
	else if (c < ' ')
		add_key(con, c + '@', c, LEFT_CTRL_PRESSED);
	else if (is_small(c))
		add_key(con, c - 'a' + 'A', c, 0);
	else
		add_key(con, is_capital(c) || (c >= '0' && c <= '9') ? c : 0, c, is_capital(c) ? SHIFT_PRESSED : 0);
}

/* A sequence at @at, behind its escape. Returns: its length, 0: it is none. */
static uint32_t take_sequence(struct nt_console *con, uint32_t at)
{
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
		uint32_t n = (uint32_t)strlen(sequences[i].text), same = 0;

		while (same < n && at + same < con->nchars && con->chars[at + same] == (uint8_t)sequences[i].text[same])
			same++;
		if (same < n)
			continue;
		add_key(con, sequences[i].key, 0, ENHANCED_KEY);
		return n;
	}
	return 0;
}

/* What was typed becomes events; con->lock is held. */
static void make_events(struct nt_console *con)
{
	bool raw = con->input_mode & ENABLE_VIRTUAL_TERMINAL_INPUT;

	for (uint32_t i = 0, n; i < con->nchars; i += n) {
		n = 1;
		if (con->chars[i] == ESCAPE && !raw)
			n += take_sequence(con, i + 1);
		if (con->chars[i] == '\r' && i + 1 < con->nchars && con->chars[i + 1] == '\n')
			n = 2;
		if (n == 1 || con->chars[i] == '\r')
			add_char(con, con->chars[i]);
	}
	con->nchars = 0;
}

/* Returns with con->lock held if STATUS_SUCCESS. */
static ntstatus gather(struct file *f, struct nt_console *con, bool may_wait)
{
	bool at_end = false;
	int err = nt_console_fill(f, con, false, &at_end);

	mutex_lock(&con->lock);
	make_events(con);
	while (!con->nevents && may_wait && !at_end) {
		mutex_unlock(&con->lock);
		err = nt_console_fill(f, con, true, &at_end);
		if (err)
			return nt_status(err);
		mutex_lock(&con->lock);
		make_events(con);
	}
	return STATUS_SUCCESS;
}

ntstatus nt_console_events(struct file *f, struct nt_console *con, uint64_t user, uint32_t cap, bool takes, bool may_wait,
	uint64_t *done_bytes)
{
	ntstatus status = gather(f, con, may_wait && cap);
	uint32_t n;

	if (status)
		return status;
	n = MIN(con->nevents, cap);
	status = nt_put(user, con->events, n * sizeof(con->events[0]));
	if (!status)
		*done_bytes = n * sizeof(con->events[0]);
	if (!status && takes) {
		con->nevents -= n;
		memmove(con->events, con->events + n, con->nevents * sizeof(con->events[0]));
	}
	mutex_unlock(&con->lock);
	return status;
}

uint32_t nt_console_count_events(struct file *f, struct nt_console *con)
{
	uint32_t n;

	if (gather(f, con, false))
		return 0;
	n = con->nevents;
	mutex_unlock(&con->lock);
	return n;
}

ntstatus nt_console_add_events(struct nt_console *con, uint64_t user, uint32_t n)
{
	ntstatus status = STATUS_SUCCESS;

	mutex_lock(&con->lock);
	if (n > CONSOLE_EVENTS - con->nevents)
		status = STATUS_INSUFFICIENT_RESOURCES;
	else
		status = nt_get(con->events + con->nevents, user, n * sizeof(con->events[0]));
	if (!status)
		con->nevents += n;
	mutex_unlock(&con->lock);
	return status;
}
