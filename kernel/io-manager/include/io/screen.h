/* kernel/io-manager/include/io/screen.h: the log's lines, and a panic, on the firmware's framebuffer.
 *
 * Text only, and only until a program opens /dev/fb0: then the screen is its own, but for a panic.
 */
#ifndef IO_SCREEN_H
#define IO_SCREEN_H

#include <io/file.h>

/* Show the log on the framebuffer of boot_info, if there is one. Boot, once memory is there. */
void screen_init(void);
/* From now on a thread paints, and no longer who logs. Boot, with the scheduler. */
void screen_start_thread(void);

#endif
