/* kernel/compat/src/linux/strace_text.h: a growing line, and how strace writes plain values.
 *
 * Nothing here reads user memory, so it builds on the host too.
 */
#ifndef COMPAT_STRACE_TEXT_H
#define COMPAT_STRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRACE_LINE_BYTES 1024

struct strace_text {
	char buf[STRACE_LINE_BYTES];
	size_t len;
};

void strace_add(struct strace_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "bytes" with C escapes, and ... when there were more. */
void strace_add_string(struct strace_text *t, const char *bytes, size_t len, bool is_cut);

/* Flag words: names of the set bits, then the rest in hex. */
struct strace_flag { uint64_t bits; const char *name; };
void strace_add_flags(struct strace_text *t, uint64_t value, const struct strace_flag *flags, size_t n, const char *none);
void strace_add_open_flags(struct strace_text *t, uint64_t value);
void strace_add_prot(struct strace_text *t, uint64_t value);
void strace_add_map_flags(struct strace_text *t, uint64_t value);
void strace_add_clone_flags(struct strace_text *t, uint64_t value);
void strace_add_wait_flags(struct strace_text *t, uint64_t value);
void strace_add_at_flags(struct strace_text *t, uint64_t value);
void strace_add_access(struct strace_text *t, uint64_t value);
void strace_add_signal(struct strace_text *t, int sig);
void strace_add_sigset(struct strace_text *t, uint64_t set);
void strace_add_mode(struct strace_text *t, uint64_t mode);
void strace_add_dirfd(struct strace_text *t, int fd);
void strace_add_futex_op(struct strace_text *t, uint32_t op);
/* Values that have one name each; the number when it has none. */
void strace_add_whence(struct strace_text *t, int whence);
void strace_add_clock(struct strace_text *t, int clock);
void strace_add_fcntl(struct strace_text *t, int cmd);
void strace_add_ioctl(struct strace_text *t, uint32_t cmd);
/* "3", "-1 ENOENT (No such file or directory)", "? ERESTARTSYS (...)", "0x7f…" for addresses. */
void strace_add_result(struct strace_text *t, int64_t ret, bool is_address);

#endif
