/* kernel/io-manager/include/io/tty.h: terminals, for the modules above.
 *
 * The calls on a file take one that file_is_tty(). They may sleep.
 */
#ifndef IO_TTY_H
#define IO_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct ktermios;
struct winsize;

/* vhangup(2): hang up the controlling terminal of the current process, if it has one.
 * The caller has checked CAP_SYS_TTY_CONFIG. */
void tty_vhangup(void);

bool file_is_tty(const struct file *f);
/* A file on the current process's controlling terminal. 0; -ENXIO it has none; -ENOMEM. */
int tty_open_controlling(struct file **out);
void tty_get_modes(struct file *f, struct ktermios *out);
/* As tcsetattr(3) with TCSANOW. Returns: 0; -EIO -EINTR in the background. */
int tty_set_modes(struct file *f, const struct ktermios *modes);
int tty_flush_input(struct file *f);	/* likewise */
void tty_get_size(struct file *f, struct winsize *out);
uint32_t tty_get_column(struct file *f);	/* of the cursor, as far as output tells */
/* Memory that another view keeps with the terminal: zeroed when the first caller makes it, freed with the
 * terminal. NULL: no memory. */
void *tty_companion(struct file *f, size_t bytes);

#endif
