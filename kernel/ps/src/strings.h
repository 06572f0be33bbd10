/* kernel/ps/src/strings.h: reading and copying what ps_strings holds. */
#ifndef PS_STRINGS_H
#define PS_STRINGS_H

#include <ps/process.h>

/* Offset of string @i; of the end when there is none. */
uint64_t strings_start(const struct ps_strings *s, uint32_t i);
/* Copy everything from offset @from to @address of @space. 0, -ENOMEM. */
int strings_copy_out(const struct ps_strings *s, uint64_t from, struct mm_space *space, uint64_t address);

#endif
