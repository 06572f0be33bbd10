/* kernel/ps/src/strings.h: walking and copying what ps_strings holds. */
#ifndef PS_STRINGS_H
#define PS_STRINGS_H

#include <ps/process.h>

struct strings_cursor { const struct ps_strings *strings; uint64_t offset; };
void strings_cursor_init(struct strings_cursor *c, const struct ps_strings *s);
/* Go past one string. Returns: the offset where it starts. */
uint64_t strings_cursor_skip(struct strings_cursor *c);
/* Copy everything from offset @from to @address of @space. 0, -ENOMEM. */
int strings_copy_out(const struct ps_strings *s, uint64_t from, struct mm_space *space, uint64_t address);

#endif
