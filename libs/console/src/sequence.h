/* libs/console/src/sequence.h: what of a program's output may reach libvterm.
 *
 * libvterm 0.1.4 has room for 16 arguments of a control sequence (CSI, ECMA-48 5.4) and writes further ones
 * over what lies behind. The arguments after the 16th are left out here; the sequence keeps its end.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stdbool.h>

enum sequence_state {
	SEQUENCE_NONE,
	SEQUENCE_ESCAPE,		/* behind ESC, before its final byte */
	SEQUENCE_ARGUMENTS,		/* behind CSI, before its final byte */
};

/* All zero: at the beginning of the output. */
struct sequence {
	enum sequence_state state;
	unsigned int nseparators;
};

/* Take the next byte of the output. Returns: whether it may be passed on. */
bool sequence_take(struct sequence *sequence, unsigned char byte);

#endif
