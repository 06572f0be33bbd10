/* libs/console/src/guard.h: finds what libvterm does not bear in a program's output.
 *
 * It never returns from a request to repeat the last character (REP, ECMA-48 8.3.103) if that takes no cell or if
 * there was none, and it takes U+0080 to U+009F for characters with a width of -1, after which the cursor stands
 * outside of the screen. A parser of its own finds both, for what belongs to a sequence is libvterm's to say.
 */
#ifndef CONSOLE_GUARD_H
#define CONSOLE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include <vterm.h>

#define GUARD_CHARACTER_BYTES 4
#define GUARD_BLANK_END 0xa0	/* makes a blank where a control character would be */

enum guard_finding {
	GUARD_NOTHING,
	GUARD_REPEAT,	/* the last byte of a request to repeat */
	GUARD_CONTROL,	/* the last byte of a character U+0080 to U+009F; GUARD_BLANK_END is to be in its place */
};

struct guard {
	VTerm *parser;
	enum guard_finding found;
	unsigned int count;			/* of the last request */
	char character[GUARD_CHARACTER_BYTES];	/* the last one, in UTF-8 */
	size_t len;				/* 0: none */
};

/* Returns: 0; -ENOMEM. */
int guard_begin(struct guard *guard);
void guard_end(struct guard *guard);

/* Take bytes of the program's, up to one that is not for libvterm if there is one: guard->found says what.
 * Returns: how many come before that byte, @len without one. */
size_t guard_scan(struct guard *guard, const char *bytes, size_t len);

#endif
