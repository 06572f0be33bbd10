/* `#!` lines, as Linux reads them (man 2 execve, "Interpreter scripts"). Linux looks
 * at 256 bytes that are padded with NULs when the file is shorter. That makes
 * three cases: the line ends at a newline; it ends at a NUL, and then blanks before
 * the NUL belong to the argument; or it is cut off, which is fine for an argument
 * but not for the interpreter's name. */
#include <errno.h>

#include <elf/elf.h>

enum line_end { LINE_NEWLINE, LINE_NUL, LINE_CUT };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t skip_blanks(const char *text, size_t pos, size_t end)
{
	while (pos < end && is_blank(text[pos]))
		pos++;
	return pos;
}

static size_t skip_word(const char *text, size_t pos, size_t end)
{
	while (pos < end && !is_blank(text[pos]))
		pos++;
	return pos;
}

/* Find where the line that starts at 2 ends. */
static enum line_end find_end(const char *text, size_t len, size_t *end)
{
	for (*end = 2; *end < len; (*end)++) {
		if (text[*end] == '\n')
			return LINE_NEWLINE;
		if (text[*end] == '\0')
			return LINE_NUL;
	}
	return len < ELF_SCRIPT_HEAD_BYTES ? LINE_NUL : LINE_CUT;
}

int elf_script_parse(const void *head, size_t head_len, struct elf_script *out)
{
	const char *text = head;
	size_t len = head_len < ELF_SCRIPT_HEAD_BYTES ? head_len : ELF_SCRIPT_HEAD_BYTES;
	size_t end, name, name_end, arg;
	enum line_end how;

	if (len < 2 || text[0] != '#' || text[1] != '!')
		return -ENOEXEC;
	how = find_end(text, len, &end);
	name = skip_blanks(text, 2, end);
	if (name == end)
		return how == LINE_NUL ? -ENOENT : -ENOEXEC;
	name_end = skip_word(text, name, end);
	if (how == LINE_CUT) {
		if (name_end == end)
			return -ENOEXEC;
		end--; /* Linux keeps the last byte of its buffer for a NUL */
	}
	while (how != LINE_NUL && end > name_end && is_blank(text[end - 1]))
		end--;

	*out = (struct elf_script){ .interpreter = text + name, .interpreter_len = name_end - name };
	if (name_end < end) {
		arg = skip_blanks(text, name_end, end);
		out->argument = text + arg;
		out->argument_len = end - arg;
	}
	return 0;
}
