/* kernel/compat/src/nt/command_line.c: an argument vector as one command line. */
#include <mm/heap.h>
#include <string.h>

#include "text.h"

static bool needs_quotes(const char *arg)
{
	for (const char *p = arg; *p; p++) {
		if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\v' || *p == '"')
			return true;
	}
	return !*arg;
}

/* Backslashes are plain but before a quote: there each is doubled. */
static void put_quoted(struct nt_text *t, const char *arg)
{
	size_t slashes = 0;

	nt_text_char(t, '"');
	for (const char *p = arg;; p++) {
		if (*p == '\\') {
			slashes++;
			continue;
		}
		for (size_t i = 0; i < slashes * (!*p || *p == '"' ? 2 : 1); i++)
			nt_text_char(t, '\\');
		slashes = 0;
		if (!*p)
			break;
		if (*p == '"')
			nt_text_char(t, '\\');
		/* A character may be several bytes: up to the next one that matters here. */
		size_t run = 1;

		while (p[run] && p[run] != '\\' && p[run] != '"')
			run++;
		nt_text_utf8(t, p, run);
		p += run - 1;
	}
	nt_text_char(t, '"');
}

/* The program's own name in it: programs look for options behind any slash (cmd.exe takes that of ./cmd.exe for /c). */
static void to_backslashes(char *name)
{
	for (; *name; name++) {
		if (*name == '/')
			*name = '\\';
	}
}

void nt_command_line(struct nt_text *t, const struct ps_strings *argv)
{
	char *arg = kmalloc(PS_MAX_STRING_BYTES, HEAP_NOZERO);

	if (!arg) {
		t->failed = true;
		return;
	}
	for (uint32_t i = 0; i < argv->count; i++) {
		ps_strings_get(argv, i, arg);
		if (i)
			nt_text_char(t, ' ');
		else
			to_backslashes(arg);
		if (needs_quotes(arg))
			put_quoted(t, arg);
		else
			nt_text_ascii(t, arg);
	}
	kfree(arg);
}
