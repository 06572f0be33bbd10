/* kernel/io-manager/src/screen.h: the screen between the log and /dev/fb0. */
#ifndef IO_SCREEN_PRIVATE_H
#define IO_SCREEN_PRIVATE_H

#include <nucleus/compiler.h>

/* A program draws from now on: no more lines of the log. Returns: whether there is a screen. */
bool screen_take(void);

/* The framebuffer's memory; NULL: there is no screen. */
void __iomem *screen_memory(void);

#endif
