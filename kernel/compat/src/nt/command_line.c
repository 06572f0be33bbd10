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

/* The program's own name: an absolute path as NT has it, and no slash in any, for programs look for options
 * behind one (cmd.exe takes that of ./cmd.exe for /c). Returns: UTF-8, kmalloc'd; NULL: no memory. */
static char *nt_name_of_program(const char *name)
{
	size_t cap = strlen(name) + 3;
	char *out = kmalloc(cap, HEAP_NOZERO), drive;

	if (!out)
		return NULL;
	if (*name == '/') {
		drive = nt_drive_of_path(&name);
		ksnprintf(out, cap, "%c:%s", drive, name);
	} else {
		memcpy(out, name, cap - 2);
	}
	for (char *p = out; *p; p++) {
		if (*p == '/')
			*p = '\\';
	}
	return out;
}

static void put_argument(struct nt_text *t, const char *arg)
{
	if (needs_quotes(arg))
		put_quoted(t, arg);
	else
		nt_text_ascii(t, arg);
}

static void put_program(struct nt_text *t, const char *arg)
{
	char *name = nt_name_of_program(arg);

	if (name)
		put_argument(t, name);
	else
		t->failed = true;
	kfree(name);
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
		if (i) {
			nt_text_char(t, ' ');
			put_argument(t, arg);
		} else {
			put_program(t, arg);
		}
	}
	kfree(arg);
}
