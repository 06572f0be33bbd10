/* services/initd/src/control.h: the lines of the control port (albireo/exec_request.h). */
#ifndef INITD_CONTROL_H
#define INITD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum control_kind {
	CONTROL_BAD,		/* not a line that this version knows */
	CONTROL_WINSIZE,
	CONTROL_SIGNAL,
	CONTROL_EOF,
	CONTROL_CLOSED_STDOUT,
	CONTROL_CLOSED_STDERR,
	CONTROL_ACK,
};

struct control_command {
	enum control_kind kind;
	uint64_t number;	/* SIGNAL: which; EOF: bytes */
	uint16_t rows, cols;
};

/* Bytes that have come, until they make lines. */
struct control_input {
	char bytes[512];
	size_t len;
	bool is_overlong;	/* inside a line that does not fit: skipped to its end */
};

/* Where to read more bytes to. *@room is never 0. */
char *control_input_space(struct control_input *input, size_t *room);
/* @len bytes were read there. */
void control_input_add(struct control_input *input, size_t len);
/* Take the next whole line. Returns: false when there is none yet. */
bool control_next(struct control_input *input, struct control_command *command);

/* Why the machine is done; `text` for END_REFUSED only. */
enum end_kind { END_CODE, END_SIGNAL, END_REFUSED, END_POWEROFF, END_REBOOT };

struct end_record {
	enum end_kind kind;
	uint32_t value;
	uint64_t out_bytes, err_bytes;
	const char *text;
};

#define END_LINE_BYTES 512

/* Write the "exit" line with its newline. Line ends inside the text become blanks, a long
 * text is cut. Returns: bytes. */
size_t end_record_format(const struct end_record *end, char line[END_LINE_BYTES]);

#endif
