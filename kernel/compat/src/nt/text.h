/* kernel/compat/src/nt/text.h: UTF-16 text that grows, in kernel memory. */
#ifndef COMPAT_NT_TEXT_H
#define COMPAT_NT_TEXT_H

#include "nt.h"

struct nt_text {
	uint16_t *chars;
	uint32_t nchars, capacity;
	bool failed;		/* there was no memory: what was appended since is lost */
};

void nt_text_free(struct nt_text *t);
void nt_text_chars(struct nt_text *t, const uint16_t *chars, uint32_t n);
void nt_text_utf8(struct nt_text *t, const char *text, size_t n);
void nt_text_ascii(struct nt_text *t, const char *text);
void nt_text_char(struct nt_text *t, uint16_t c);
void nt_text_zeroes(struct nt_text *t, uint32_t n);

/* environment.c: the block of "NAME=VALUE" strings, each ended by a zero, and one more, made of the starter's
 * @envp and abi/nt/environment.def. */
void nt_environment(struct nt_text *t, const struct ps_strings *envp);
/* The value that PATH has in it. */
void nt_environment_path(struct nt_text *t, const struct ps_strings *envp);
/* "NAME=VALUE" for a Linux child, kmalloc'd: lists of folders become paths between colons. NULL: no memory. */
char *nt_environment_to_linux(const char *line);
/* command_line.c: @argv after its first @skip as one line that CommandLineToArgvW takes apart again
 * (Microsoft Learn, "Parsing C++ command-line arguments"), the program's name @first in place of argv[0]. */
void nt_command_line(struct nt_text *t, const struct ps_strings *argv);

#endif
