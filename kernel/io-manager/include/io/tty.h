/* kernel/io-manager/include/io/tty.h: terminals, for the modules above. */
#ifndef IO_TTY_H
#define IO_TTY_H

/* vhangup(2): hang up the controlling terminal of the current process, if it has one.
 * The caller has checked CAP_SYS_TTY_CONFIG. */
void tty_vhangup(void);

#endif
