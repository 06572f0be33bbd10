/* See sequence.h. */
#include "sequence.h"

#define MAX_SEPARATORS 15

#define CANCEL 0x18
#define SUBSTITUTE 0x1a
#define ESCAPE 0x1b
#define DELETE 0x7f

/* Control characters work within a sequence as they do elsewhere; three of them end it. */
static enum sequence_state after_control(enum sequence_state state, unsigned char byte)
{
	switch (byte) {
	case ESCAPE:
		return SEQUENCE_ESCAPE;
	case CANCEL:
	case SUBSTITUTE:
		return SEQUENCE_NONE;
	default:
		return state;
	}
}

static bool take_argument(struct sequence *sequence, unsigned char byte)
{
	if (byte >= '@') {
		sequence->state = SEQUENCE_NONE;
		return true;
	}
	if ((byte == ';' || byte == ':') && sequence->nseparators <= MAX_SEPARATORS)
		sequence->nseparators++;
	return sequence->nseparators <= MAX_SEPARATORS;
}

bool sequence_take(struct sequence *sequence, unsigned char byte)
{
	if (byte < ' ' || byte == DELETE) {
		sequence->state = after_control(sequence->state, byte);
		return true;
	}
	if (sequence->state == SEQUENCE_ARGUMENTS)
		return take_argument(sequence, byte);
	/* libvterm passes over what is no final byte behind ESC. */
	if (sequence->state == SEQUENCE_ESCAPE && (byte < '0' || byte > DELETE))
		return true;
	sequence->state = sequence->state == SEQUENCE_ESCAPE && byte == '[' ? SEQUENCE_ARGUMENTS : SEQUENCE_NONE;
	sequence->nseparators = 0;
	return true;
}
