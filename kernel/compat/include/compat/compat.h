/* kernel/compat/include/compat/compat.h: the edge between user mode and the mechanisms. */
#ifndef COMPAT_COMPAT_H
#define COMPAT_COMPAT_H

/* Boot, after ps and io: take over system calls, user exceptions and the way back to user mode. */
void compat_init(void);

#endif
