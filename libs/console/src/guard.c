/* See guard.h. */
#include "guard.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define REP 'b'
#define MAX_COUNT 100000
#define CONTROL_LEAD 0xc2	/* of U+0080 to U+00BF */

static bool is_control(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f;
}

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* One that makes a control character behind CONTROL_LEAD. */
static bool is_low_continuation(uint8_t byte)
{
	return byte >= 0x80 && byte < 0xa0;
}

static void take_text(struct guard *guard, uint8_t byte)
{
	if (is_low_continuation(byte) && guard->len == 1 && (uint8_t)guard->character[0] == CONTROL_LEAD) {
		guard->found = GUARD_CONTROL;
		byte = GUARD_BLANK_END;
	}
	/* Malformed text counts byte by byte; what it is drawn as has a width. */
	if (!is_continuation(byte) || guard->len == GUARD_CHARACTER_BYTES)
		guard->len = 0;
	guard->character[guard->len++] = (char)byte;
}

/* Given all that is left; text ends at the first control character. Returns: the bytes taken. */
static int on_text(const char *bytes, size_t len, void *user)
{
	size_t i;

	for (i = 0; i < len && !is_control((uint8_t)bytes[i]); i++)
		take_text(user, (uint8_t)bytes[i]);
	return (int)i;
}

static int on_sequence(const char *leader, const long args[], int argcount, const char *intermediates, char command,
		       void *user)
{
	struct guard *guard = user;
	long count;

	if (command != REP || (leader && *leader) || (intermediates && *intermediates))
		return 1;
	count = argcount && !CSI_ARG_IS_MISSING(args[0]) ? CSI_ARG(args[0]) : 1;
	guard->found = GUARD_REPEAT;
	guard->count = count < 1 ? 1 : count > MAX_COUNT ? MAX_COUNT : (unsigned int)count;
	return 1;
}

static const VTermParserCallbacks callbacks = { .text = on_text, .csi = on_sequence };

int guard_begin(struct guard *guard)
{
	memset(guard, 0, sizeof(*guard));
	guard->parser = vterm_new(1, 1);
	if (!guard->parser)
		return -ENOMEM;
	vterm_set_utf8(guard->parser, 1);
	vterm_parser_set_callbacks(guard->parser, &callbacks, guard);
	return 0;
}

void guard_end(struct guard *guard)
{
	vterm_free(guard->parser);
}

/* Could bytes[i] be one that guard_scan() is to find? A character may have sequences between its bytes. */
static bool is_suspect(const char *bytes, size_t i)
{
	uint8_t before = i ? (uint8_t)bytes[i - 1] : 0;

	return bytes[i] == REP || (is_low_continuation((uint8_t)bytes[i]) && (before < 0x80 || before == CONTROL_LEAD));
}

/* What is found is told of while its last byte is taken, so that a piece ends behind each suspect. */
size_t guard_scan(struct guard *guard, const char *bytes, size_t len)
{
	size_t start = 0;

	guard->found = GUARD_NOTHING;
	for (size_t i = 0; i < len; i++) {
		if (i + 1 < len && !is_suspect(bytes, i))
			continue;
		vterm_input_write(guard->parser, bytes + start, i + 1 - start);
		if (guard->found)
			return i;
		start = i + 1;
	}
	return len;
}
