/* Control lines in, the end record out. */
#include <stdio.h>
#include <string.h>

#include "control.h"

char *control_input_space(struct control_input *input, size_t *room)
{
	/* A full buffer without a line end is no line of ours: drop it up to its end. */
	if (input->len == sizeof(input->bytes)) {
		input->len = 0;
		input->is_overlong = true;
	}
	*room = sizeof(input->bytes) - input->len;
	return input->bytes + input->len;
}

void control_input_add(struct control_input *input, size_t len)
{
	input->len += len;
}

/* Numbers separated by single blanks, @count of them, and nothing else.
 * Returns: whether the text is that. */
static bool parse_numbers(const char *text, unsigned int count, uint64_t *out)
{
	for (unsigned int i = 0; i < count; i++) {
		const char *start = text;

		out[i] = 0;
		for (; *text >= '0' && *text <= '9'; text++) {
			if (text - start == 18)
				return false;
			out[i] = out[i] * 10 + (uint64_t)(*text - '0');
		}
		if (text == start || *text != (i + 1 < count ? ' ' : '\0'))
			return false;
		text++;
	}
	return true;
}

static const char *after(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) ? NULL : line + len;
}

static void parse_line(const char *line, struct control_command *command)
{
	uint64_t numbers[2];
	const char *rest;

	memset(command, 0, sizeof(*command));
	rest = after(line, "winsize ");
	if (rest && parse_numbers(rest, 2, numbers) && numbers[0] <= UINT16_MAX && numbers[1] <= UINT16_MAX) {
		command->kind = CONTROL_WINSIZE;
		command->rows = (uint16_t)numbers[0];
		command->cols = (uint16_t)numbers[1];
		return;
	}
	rest = after(line, "signal ");
	if (rest && parse_numbers(rest, 1, numbers) && numbers[0] >= 1 && numbers[0] <= 64) {
		command->kind = CONTROL_SIGNAL;
		command->number = numbers[0];
		return;
	}
	rest = after(line, "eof ");
	if (rest && parse_numbers(rest, 1, numbers)) {
		command->kind = CONTROL_EOF;
		command->number = numbers[0];
		return;
	}
	if (!strcmp(line, "closed stdout"))
		command->kind = CONTROL_CLOSED_STDOUT;
	else if (!strcmp(line, "closed stderr"))
		command->kind = CONTROL_CLOSED_STDERR;
	else if (!strcmp(line, "ack"))
		command->kind = CONTROL_ACK;
}

bool control_next(struct control_input *input, struct control_command *command)
{
	char *end = memchr(input->bytes, '\n', input->len);
	bool was_overlong = input->is_overlong;
	size_t used;

	if (!end)
		return false;
	*end = '\0';
	used = (size_t)(end - input->bytes) + 1;
	/* A NUL inside a line would hide what follows it. */
	if (was_overlong || strlen(input->bytes) + 1 != used)
		memset(command, 0, sizeof(*command));
	else
		parse_line(input->bytes, command);
	input->is_overlong = false;
	input->len -= used;
	memmove(input->bytes, input->bytes + used, input->len);
	return true;
}

size_t end_record_format(const struct end_record *end, char line[END_LINE_BYTES])
{
	static const char *const kinds[] = {
		[END_CODE] = "code", [END_SIGNAL] = "signal", [END_REFUSED] = "refused",
		[END_POWEROFF] = "poweroff", [END_REBOOT] = "reboot",
	};
	bool has_text = end->kind == END_REFUSED && end->text;
	int len;

	len = snprintf(line, END_LINE_BYTES - 1, "exit %s %u %llu %llu%s%s", kinds[end->kind], end->value,
		       (unsigned long long)end->out_bytes, (unsigned long long)end->err_bytes, has_text ? " " : "",
		       has_text ? end->text : "");
	if (len > END_LINE_BYTES - 2)
		len = END_LINE_BYTES - 2;
	for (int i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[len++] = '\n';
	return (size_t)len;
}
