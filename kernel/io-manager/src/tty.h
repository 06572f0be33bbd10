/* kernel/io-manager/src/tty.h: terminals.
 *
 * A tty is a line discipline between programs, who open files on it, and a driver: the
 * master of a pty, or a byte port to the host. The terminal, its size and its modes are
 * one; a hang-up cuts off all files that are open on it.
 *
 * Locking: lock (TTY, sleeping) guards the discipline, the driver's buffers and the size; no user
 * memory is touched under it. session and group, and ps_session.tty, are ps_tree_lock's.
 */
#ifndef IO_TTY_PRIVATE_H
#define IO_TTY_PRIVATE_H

#include <asm/termios.h>
#include <io/file.h>
#include <io/tty.h>
#include <nucleus/atomic.h>

#include "device.h"
#include "ldisc.h"

#define TTY_READABLE (IO_POLLIN | IO_POLLRDNORM)
#define TTY_WRITABLE (IO_POLLOUT | IO_POLLWRNORM)
#define TTY_CHUNK_BYTES 512u	/* copied through the stack at a time */

struct ps_session;
struct tty;

/* All but release are called with tty->lock held. */
struct tty_driver {
	size_t (*room)(struct tty *t);		/* also without the lock, by poll */
	void (*send)(struct tty *t, const uint8_t *bytes, size_t n);
	void (*push)(struct tty *t);		/* what was sent may go: a call or key is done */
	void (*flush_output)(struct tty *t);
	size_t (*pending)(struct tty *t);	/* bytes sent that the device has not taken yet */
	void (*input_taken)(struct tty *t);	/* there may be room for input again */
	void (*note)(struct tty *t, uint32_t bits);	/* TIOCPKT_*; may be NULL */
	void (*release)(struct tty *t);		/* the last reference went: free it */
};

struct tty {
	refcount_t refs;
	const struct tty_driver *driver;
	uint32_t rdev;
	struct mutex lock;
	struct wait_queue wait;		/* of files on the terminal */
	struct ldisc ldisc;
	struct winsize size;
	uint32_t nopen;			/* files on the terminal, also those that were hung up */
	uint32_t hangups;		/* so far */
	bool is_exclusive;		/* TIOCEXCL */
	struct ps_session *session;	/* whose controlling terminal it is */
	uint32_t group;			/* in the foreground; 0: none */
	void *companion;		/* another view's, kmalloc'd */
};

void tty_setup(struct tty *t, const struct tty_driver *driver, uint32_t rdev, const struct ktermios *modes);
static inline void tty_get(struct tty *t) { refcount_get(&t->refs); }
void tty_put(struct tty *t);
/* A file on the terminal, which becomes the opener's controlling one as open(2) says. */
int tty_open_file(struct tty *t, uint32_t flags, struct file **out);
/* Whether the terminal was hung up after the file was opened. */
bool tty_is_hung_up(const struct file *f);
void tty_hang_up(struct tty *t);
/* Bytes typed; called with the lock. Returns: how many were taken. */
size_t tty_receive(struct tty *t, const uint8_t *bytes, size_t n);
/* The device takes output again; called with the lock. */
void tty_output_drained(struct tty *t);

void tty_change_modes(struct tty *t, struct ktermios *modes);	/* tty_ioctl.c; with the lock */

/* ---- tty_session.c ---- */
/* A reference to the current process's controlling terminal, or NULL. */
struct tty *tty_controlling(void);
/* What a background process may do. @signal: SIGTTIN to read, SIGTTOU to write or change modes.
 * Returns: 0; -EIO; -EINTR when its group was signalled: to be tried again after. */
int tty_check_foreground(struct tty *t, int signal);
void tty_signal_foreground(struct tty *t, int signal);
void tty_adopt(struct tty *t);			/* open(2) by a session leader without a terminal */
int tty_set_controlling(struct tty *t, bool steal, bool may_read);	/* TIOCSCTTY */
int tty_leave(struct tty *t);			/* TIOCNOTTY */
int tty_set_group(struct tty *t, int32_t pgid);	/* TIOCSPGRP */
/* TIOCGPGRP, TIOCGSID. @by_master: asked through the pty's other side. */
int tty_get_group(struct tty *t, bool by_master, int32_t *pgid);
int tty_get_session(struct tty *t, bool by_master, int32_t *sid);
/* Part of a hang-up: the session loses the terminal, its leader is told. */
void tty_hang_up_session(struct tty *t);
void tty_session_init(void);

/* ---- tty_ioctl.c ---- */
/* The calls that both sides of a pty understand; @t is the terminal's side. */
int64_t tty_ioctl(struct file *f, struct tty *t, bool by_master, uint32_t cmd, uint64_t arg);

/* ---- devices ---- */
int tty_aux_open(uint32_t minor, uint32_t flags, struct file **out);	/* 5:N */
int ptmx_open(uint32_t flags, struct file **out);
int pts_open(uint32_t minor, uint32_t flags, struct file **out);	/* 136:N */
enum tty_terminal { TERMINAL_HOST, TERMINAL_SERIAL };
/* The terminal on the host's port, or on the serial one. */
int tty_port_open(enum tty_terminal which, uint32_t flags, struct file **out);
int tty_serial_open(uint32_t minor, uint32_t flags, struct file **out);	/* 4:N */
int console_open(uint32_t flags, struct file **out);			/* either of them, else the log */
void tty_port_init(void);
void tty_init(void);

#endif
