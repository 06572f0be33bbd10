/* kernel/io-manager/src/tty_ioctl.c: ioctl_tty(2).
 *
 * What changes a terminal is refused or stopped in the background as a write with TOSTOP
 * would be; what asks is not.
 */
#include "tty.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <errno.h>
#include <string.h>

#include <linux/capability.h>
#include <linux/tty.h>

#include <mm/usercopy.h>
#include <ps/process.h>

#define DRAIN_REASONS (INTERRUPT_SIGNAL | INTERRUPT_FATAL | INTERRUPT_SUSPEND)

/* What the calls that set modes do first. */
enum set_when { SET_NOW, SET_AFTER_DRAIN, SET_AFTER_FLUSH };

static int wait_for_drain(struct tty *t)
{
	return WAIT_EVENT(&t->wait, !t->driver->pending(t), DRAIN_REASONS, 0);
}

/* ---- modes ---- */

static struct ktermios modes_of(struct tty *t)
{
	struct ktermios modes;

	mutex_lock(&t->lock);
	modes = t->ldisc.termios;
	mutex_unlock(&t->lock);
	return modes;
}

/* Whether Ctrl-S and Ctrl-Q are the keys that stop and start. */
static bool has_usual_flow_keys(const struct ktermios *m)
{
	return (m->c_iflag & IXON) && m->c_cc[VSTOP] == 19 && m->c_cc[VSTART] == 17;
}

/* There is no line: eight bits and a receiver always, whatever is asked for. */
void tty_change_modes(struct tty *t, struct ktermios *modes)
{
	bool had_flow = has_usual_flow_keys(&t->ldisc.termios), has_flow = has_usual_flow_keys(modes);

	modes->c_cflag = (modes->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD;
	ldisc_set_termios(&t->ldisc, modes);
	if (t->driver->note && had_flow != has_flow)
		t->driver->note(t, has_flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
	waitq_wake_all(&t->wait, 0);
}

static int64_t set_modes(struct tty *t, struct ktermios *modes, enum set_when when)
{
	int err = 0;

	if (when == SET_AFTER_FLUSH) {
		mutex_lock(&t->lock);
		ldisc_flush_input(&t->ldisc);
		mutex_unlock(&t->lock);
	}
	if (when != SET_NOW)
		err = wait_for_drain(t);
	if (err)
		return err;
	mutex_lock(&t->lock);
	tty_change_modes(t, modes);
	mutex_unlock(&t->lock);
	return 0;
}

/* struct termios and struct termios2 are the beginning of the kernel's. */
static int64_t get_modes(struct tty *t, uint64_t arg, size_t bytes)
{
	struct ktermios modes = modes_of(t);

	return copy_to_user((void __user *)arg, &modes, bytes);
}

static uint32_t speed_of(tcflag_t baud, uint32_t other)
{
	static const uint32_t slow[] = {
		0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
	};
	static const uint32_t fast[] = {
		0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000,
		3500000, 4000000,
	};

	if (baud == BOTHER)
		return other;
	return baud & CBAUDEX ? fast[baud & 15] : slow[baud & 15];
}

static int64_t change_modes(struct tty *t, uint64_t arg, size_t bytes, enum set_when when)
{
	struct ktermios modes = modes_of(t);
	tcflag_t input;
	int err = tty_check_foreground(t, SIGTTOU);

	if (err)
		return err;
	if (copy_from_user(&modes, (const void __user *)arg, bytes))
		return -EFAULT;
	modes.c_ospeed = speed_of(modes.c_cflag & CBAUD, modes.c_ospeed);
	input = modes.c_cflag >> IBSHIFT & CBAUD;
	modes.c_ispeed = input ? speed_of(input, modes.c_ispeed) : modes.c_ospeed;
	return set_modes(t, &modes, when);
}

/* struct termio: the older half of the flags and the first characters. */
static int64_t get_termio(struct tty *t, uint64_t arg)
{
	struct ktermios modes = modes_of(t);
	struct termio old = {
		.c_iflag = (uint16_t)modes.c_iflag, .c_oflag = (uint16_t)modes.c_oflag, .c_cflag = (uint16_t)modes.c_cflag,
		.c_lflag = (uint16_t)modes.c_lflag, .c_line = modes.c_line,
	};

	memcpy(old.c_cc, modes.c_cc, NCC);
	return copy_to_user((void __user *)arg, &old, sizeof(old));
}

static int64_t change_termio(struct tty *t, uint64_t arg, enum set_when when)
{
	struct ktermios modes = modes_of(t);
	struct termio old;
	int err = tty_check_foreground(t, SIGTTOU);

	if (err)
		return err;
	if (copy_from_user(&old, (const void __user *)arg, sizeof(old)))
		return -EFAULT;
	modes.c_iflag = (modes.c_iflag & ~0xffffu) | old.c_iflag;
	modes.c_oflag = (modes.c_oflag & ~0xffffu) | old.c_oflag;
	modes.c_cflag = (modes.c_cflag & ~0xffffu) | old.c_cflag;
	modes.c_lflag = (modes.c_lflag & ~0xffffu) | old.c_lflag;
	modes.c_line = old.c_line;
	memcpy(modes.c_cc, old.c_cc, NCC);
	return set_modes(t, &modes, when);
}

/* These and the next ones: -ENOTTY when the call is not theirs. */
static int64_t modes_ioctl(struct tty *t, uint32_t cmd, uint64_t arg)
{
	const size_t v1 = sizeof(struct termios), v2 = sizeof(struct termios2);

	switch (cmd) {
	case TCGETS:
		return get_modes(t, arg, v1);
	case TCSETS:
		return change_modes(t, arg, v1, SET_NOW);
	case TCSETSW:
		return change_modes(t, arg, v1, SET_AFTER_DRAIN);
	case TCSETSF:
		return change_modes(t, arg, v1, SET_AFTER_FLUSH);
	case TCGETS2:
		return get_modes(t, arg, v2);
	case TCSETS2:
		return change_modes(t, arg, v2, SET_NOW);
	case TCSETSW2:
		return change_modes(t, arg, v2, SET_AFTER_DRAIN);
	case TCSETSF2:
		return change_modes(t, arg, v2, SET_AFTER_FLUSH);
	case TCGETA:
		return get_termio(t, arg);
	case TCSETA:
		return change_termio(t, arg, SET_NOW);
	case TCSETAW:
		return change_termio(t, arg, SET_AFTER_DRAIN);
	case TCSETAF:
		return change_termio(t, arg, SET_AFTER_FLUSH);
	default:
		return -ENOTTY;
	}
}

/* ---- the line ---- */

static int64_t flush(struct tty *t, uint64_t what)
{
	int err = tty_check_foreground(t, SIGTTOU);

	if (err)
		return err;
	if (what > TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&t->lock);
	if (what != TCOFLUSH)
		ldisc_flush_input(&t->ldisc);
	if (what != TCIFLUSH) {
		t->driver->flush_output(t);
		if (t->driver->note)
			t->driver->note(t, TIOCPKT_FLUSHWRITE);
		tty_output_drained(t);
	}
	mutex_unlock(&t->lock);
	return 0;
}

static void send_flow_char(struct tty *t, unsigned index)
{
	uint8_t c = t->ldisc.termios.c_cc[index];

	if (c && t->driver->room(t))
		t->driver->send(t, &c, 1);
}

static int64_t control_flow(struct tty *t, uint64_t what)
{
	int err = tty_check_foreground(t, SIGTTOU);

	if (err)
		return err;
	mutex_lock(&t->lock);
	switch (what) {
	case TCOOFF:
		ldisc_hold(&t->ldisc, true);
		break;
	case TCOON:
		ldisc_hold(&t->ldisc, false);
		break;
	case TCIOFF:
		send_flow_char(t, VSTOP);
		break;
	case TCION:
		send_flow_char(t, VSTART);
		break;
	default:
		err = -EINVAL;
	}
	t->driver->push(t);
	mutex_unlock(&t->lock);
	return err;
}

/* Breaks mean nothing on these lines; what was written has gone when the call returns. */
static int64_t send_break(struct tty *t)
{
	int err = tty_check_foreground(t, SIGTTOU);

	return err ? err : wait_for_drain(t);
}

static int64_t simulate_input(struct tty *t, uint64_t arg)
{
	struct tty *mine = tty_controlling();
	uint8_t c;

	if (mine)
		tty_put(mine);
	if (mine != t && !ps_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(c, (const uint8_t __user *)arg))
		return -EFAULT;
	mutex_lock(&t->lock);
	tty_receive(t, &c, 1);
	mutex_unlock(&t->lock);
	return 0;
}

static int64_t line_ioctl(struct tty *t, uint32_t cmd, uint64_t arg)
{
	int value;

	switch (cmd) {
	case TCFLSH:
		return flush(t, arg);
	case TCXONC:
		return control_flow(t, arg);
	case TCSBRK:
	case TCSBRKP:
	case TIOCSBRK:
		return send_break(t);
	case TIOCCBRK:
		return tty_check_foreground(t, SIGTTOU);
	case TIOCSTI:
		return simulate_input(t, arg);
	case FIONREAD:
		mutex_lock(&t->lock);
		value = (int)ldisc_input_bytes(&t->ldisc);
		mutex_unlock(&t->lock);
		return put_user(value, (int __user *)arg);
	case TIOCOUTQ:
		return put_user((int)t->driver->pending(t), (int __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* ---- size ---- */

static int64_t get_size(struct tty *t, uint64_t arg)
{
	struct winsize size;

	mutex_lock(&t->lock);
	size = t->size;
	mutex_unlock(&t->lock);
	return copy_to_user((void __user *)arg, &size, sizeof(size));
}

static int64_t set_size(struct tty *t, uint64_t arg)
{
	struct winsize size;
	bool is_new;

	if (copy_from_user(&size, (const void __user *)arg, sizeof(size)))
		return -EFAULT;
	mutex_lock(&t->lock);
	is_new = memcmp(&size, &t->size, sizeof(size)) != 0;
	t->size = size;
	mutex_unlock(&t->lock);
	if (is_new)
		tty_signal_foreground(t, SIGWINCH);
	return 0;
}

/* ---- sessions and the rest ---- */

static int64_t set_group(struct tty *t, uint64_t arg)
{
	int32_t pgid;

	if (get_user(pgid, (const int32_t __user *)arg))
		return -EFAULT;
	return tty_set_group(t, pgid);
}

static int64_t session_ioctl(struct file *f, struct tty *t, bool by_master, uint32_t cmd, uint64_t arg)
{
	int32_t number = 0;
	int err;

	switch (cmd) {
	case TIOCGPGRP:
		err = tty_get_group(t, by_master, &number);
		break;
	case TIOCGSID:
		err = tty_get_session(t, by_master, &number);
		break;
	case TIOCSPGRP:
		return set_group(t, arg);
	case TIOCSCTTY:
		return by_master ? -ENOTTY : tty_set_controlling(t, arg == 1, f->access & RIGHT_READ);
	case TIOCNOTTY:
		return by_master ? -ENOTTY : tty_leave(t);
	default:
		return -ENOTTY;
	}
	return err ? err : put_user(number, (int32_t __user *)arg);
}

static int64_t set_discipline(uint64_t arg)
{
	int32_t number;

	if (get_user(number, (const int32_t __user *)arg))
		return -EFAULT;
	return number == N_TTY ? 0 : -EINVAL;
}

static int64_t set_local(struct tty *t, uint64_t arg)
{
	struct ktermios modes;
	uint32_t is_local;

	if (get_user(is_local, (const uint32_t __user *)arg))
		return -EFAULT;
	mutex_lock(&t->lock);
	modes = t->ldisc.termios;
	modes.c_cflag = (modes.c_cflag & ~(tcflag_t)CLOCAL) | (is_local ? CLOCAL : 0);
	ldisc_set_termios(&t->ldisc, &modes);
	mutex_unlock(&t->lock);
	return 0;
}

static int64_t other_ioctl(struct tty *t, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case TIOCEXCL:
		t->is_exclusive = true;
		return 0;
	case TIOCNXCL:
		t->is_exclusive = false;
		return 0;
	case TIOCGEXCL:
		return put_user((int)t->is_exclusive, (int __user *)arg);
	case TIOCGETD:
		return put_user(N_TTY, (int __user *)arg);
	case TIOCSETD:
		return set_discipline(arg);
	case TIOCGSOFTCAR:
		return put_user((int)!!(t->ldisc.termios.c_cflag & CLOCAL), (int __user *)arg);
	case TIOCSSOFTCAR:
		return set_local(t, arg);
	case TIOCGDEV:
		return put_user(device_shown(t->rdev), (uint32_t __user *)arg);
	case TIOCGWINSZ:
		return get_size(t, arg);
	case TIOCSWINSZ:
		return set_size(t, arg);
	case TIOCVHANGUP:
		if (!ps_capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hang_up(t);
		return 0;
	default:
		return -ENOTTY;
	}
}

int64_t tty_ioctl(struct file *f, struct tty *t, bool by_master, uint32_t cmd, uint64_t arg)
{
	int64_t ret = modes_ioctl(t, cmd, arg);

	if (ret == -ENOTTY)
		ret = session_ioctl(f, t, by_master, cmd, arg);
	if (ret == -ENOTTY)
		ret = other_ioctl(t, cmd, arg);
	/* The master has a queue of its own. */
	if (ret == -ENOTTY && !by_master)
		ret = line_ioctl(t, cmd, arg);
	return ret;
}
