/* kernel/io-manager/src/tty.c: terminals as files. */
#include "tty.h"

#include <asm/fcntl.h>
#include <asm/signal.h>
#include <errno.h>

#include <linux/capability.h>

#include <ds/container_of.h>
#include <mm/heap.h>
#include <ps/process.h>

#define DECISECOND_NS (100 * NSEC_PER_MSEC)
#define HUNG_UP_EVENTS (TTY_READABLE | TTY_WRITABLE | IO_POLLERR | IO_POLLHUP)

/* ---- what the line discipline asks for ---- */

static struct tty *tty_of(struct ldisc *l)
{
	return container_of(l, struct tty, ldisc);
}

static size_t device_room(struct ldisc *l)
{
	return tty_of(l)->driver->room(tty_of(l));
}

static void device_send(struct ldisc *l, const uint8_t *bytes, size_t n)
{
	tty_of(l)->driver->send(tty_of(l), bytes, n);
}

static void note(struct tty *t, uint32_t bits)
{
	if (t->driver->note)
		t->driver->note(t, bits);
}

static void key_signal(struct ldisc *l, int signal)
{
	tty_signal_foreground(tty_of(l), signal);
}

static void flush_output(struct ldisc *l)
{
	tty_of(l)->driver->flush_output(tty_of(l));
	note(tty_of(l), TIOCPKT_FLUSHWRITE);
}

static void input_flushed(struct ldisc *l)
{
	tty_of(l)->driver->input_taken(tty_of(l));
	note(tty_of(l), TIOCPKT_FLUSHREAD);
}

static void flow_changed(struct ldisc *l, bool is_stopped)
{
	note(tty_of(l), is_stopped ? TIOCPKT_STOP : TIOCPKT_START);
	if (!is_stopped)
		waitq_wake_all(&tty_of(l)->wait, TTY_WRITABLE);
}

static const struct ldisc_ops tty_ldisc_ops = {
	.room = device_room,
	.send = device_send,
	.signal = key_signal,
	.flush_output = flush_output,
	.input_flushed = input_flushed,
	.flow_changed = flow_changed,
};

/* ---- life ---- */

void tty_setup(struct tty *t, const struct tty_driver *driver, uint32_t rdev, const struct ktermios *modes)
{
	refcount_set(&t->refs, 1);
	t->driver = driver;
	t->rdev = rdev;
	mutex_init(&t->lock, LOCK_TTY);
	waitq_init(&t->wait);
	ldisc_init(&t->ldisc, &tty_ldisc_ops, modes);
}

void tty_put(struct tty *t)
{
	if (!refcount_put(&t->refs))
		return;
	kfree(t->companion);
	t->driver->release(t);
}

size_t tty_receive(struct tty *t, const uint8_t *bytes, size_t n)
{
	size_t taken = ldisc_receive(&t->ldisc, bytes, n);

	t->driver->push(t);
	if (ldisc_has_input(&t->ldisc, 1))
		waitq_wake_all(&t->wait, TTY_READABLE);
	return taken;
}

void tty_output_drained(struct tty *t)
{
	ldisc_send_echoes(&t->ldisc);
	waitq_wake_all(&t->wait, TTY_WRITABLE);
}

void tty_hang_up(struct tty *t)
{
	mutex_lock(&t->lock);
	WRITE_ONCE(t->hangups, t->hangups + 1);
	t->is_exclusive = false;
	ldisc_hold(&t->ldisc, false);
	ldisc_flush_input(&t->ldisc);
	mutex_unlock(&t->lock);
	tty_hang_up_session(t);
	waitq_wake_all(&t->wait, 0);
}

/* A terminal has no position: its files keep there how many hang-ups came before them. */
bool tty_is_hung_up(const struct file *f)
{
	const struct tty *t = f->private;

	return READ_ONCE(t->hangups) != (uint32_t)f->offset;
}

/* ---- reading ---- */

static uint8_t control_char(const struct tty *t, unsigned index)
{
	return READ_ONCE(t->ldisc.termios.c_cc[index]);
}

/* Copy what is there to the request. Returns: 0; -EFAULT when nothing could be. */
static int take_input(struct tty *t, struct io_request *rq, bool *is_complete)
{
	uint8_t bytes[TTY_CHUNK_BYTES];
	size_t n, want;
	int err = 0;

	do {
		mutex_lock(&t->lock);
		want = MIN(rq->vector.left, sizeof(bytes));
		n = ldisc_read(&t->ldisc, bytes, want, is_complete);
		t->driver->input_taken(t);
		mutex_unlock(&t->lock);
		if (n && io_copy_to(&rq->vector, bytes, n, &err) < n)
			break;
	} while (n && rq->vector.left && !*is_complete);
	return err;
}

static bool is_read_ready(struct io_request *rq)
{
	const struct tty *t = rq->file->private;

	return ldisc_has_input(&t->ldisc, 1) || tty_is_hung_up(rq->file);
}

/* Raw mode: VMIN bytes are wanted, VTIME bounds the wait (termios(3)). What has been taken
 * is counted in rq->private; the vector has it already. */
static int64_t read_raw(struct tty *t, struct io_request *rq)
{
	uint64_t before = rq->vector.left, taken = (uintptr_t)rq->private;
	uint64_t wait_ns = control_char(t, VTIME) * DECISECOND_NS;
	uint32_t min = control_char(t, VMIN);
	bool is_complete;
	int err = take_input(t, rq, &is_complete);

	taken += before - rq->vector.left;
	rq->private = (void *)(uintptr_t)taken;
	if (err && !taken)
		return err;
	if (err || !rq->vector.left || (taken && taken >= min))
		return (int64_t)taken;
	if (rq->vector.left < before)
		rq->timed_out = false;
	if (rq->timed_out || (!min && !wait_ns))
		return (int64_t)taken;
	/* Without VMIN the clock runs from the call on, with it from the latest byte. */
	if (wait_ns && (min ? rq->vector.left < before : !rq->deadline_ns))
		rq->deadline_ns = clock_monotonic_ns() + wait_ns;
	rq->is_ready = is_read_ready;
	return -EAGAIN;
}

static int64_t read_line(struct tty *t, struct io_request *rq)
{
	uint64_t before = rq->vector.left;
	bool is_complete = false;
	int err;

	if (!ldisc_has_input(&t->ldisc, 1))
		return -EAGAIN;
	err = take_input(t, rq, &is_complete);
	if (rq->vector.left < before)
		return (int64_t)(before - rq->vector.left);
	return err ? err : is_complete ? 0 : -EAGAIN;
}

static int64_t tty_read(struct io_request *rq)
{
	struct tty *t = rq->file->private;
	int err;

	if (tty_is_hung_up(rq->file) || !rq->vector.left)
		return 0;
	err = tty_check_foreground(t, SIGTTIN);
	if (err)
		return err;
	return ldisc_is_canonical(&t->ldisc) && !rq->private ? read_line(t, rq) : read_raw(t, rq);
}

/* ---- writing ---- */

/* One piece of what is to be written. Returns: bytes taken; 0: none, *@err says why. */
static size_t write_chunk(struct tty *t, struct io_request *rq, int *err)
{
	struct io_vector before = rq->vector;
	uint8_t bytes[TTY_CHUNK_BYTES];
	size_t n = io_copy_from(&rq->vector, bytes, sizeof(bytes), err), taken;

	if (!n)
		return 0;
	mutex_lock(&t->lock);
	taken = tty_is_hung_up(rq->file) ? 0 : ldisc_write(&t->ldisc, bytes, n);
	t->driver->push(t);
	mutex_unlock(&t->lock);
	if (taken == n)
		return n;
	*err = -EAGAIN;
	rq->vector = before;
	io_vector_advance(&rq->vector, taken);
	return taken;
}

static int64_t tty_write(struct io_request *rq)
{
	struct tty *t = rq->file->private;
	uint64_t before = rq->vector.left;
	int err = 0;

	if (tty_is_hung_up(rq->file))
		return -EIO;
	if (t->ldisc.termios.c_lflag & TOSTOP)
		err = tty_check_foreground(t, SIGTTOU);
	while (!err && rq->vector.left) {
		write_chunk(t, rq, &err);
		sched_cond_resched();
	}
	return rq->vector.left < before ? (int64_t)(before - rq->vector.left) : err;
}

/* ---- the rest ---- */

static uint32_t tty_poll(struct file *f)
{
	struct tty *t = f->private;
	uint32_t min = control_char(t, VTIME) ? 1 : control_char(t, VMIN), events = 0;

	if (tty_is_hung_up(f))
		return HUNG_UP_EVENTS;
	if (ldisc_has_input(&t->ldisc, min))
		events |= TTY_READABLE;
	if (!READ_ONCE(t->ldisc.is_stopped) && t->driver->room(t))
		events |= TTY_WRITABLE;
	return events;
}

static struct wait_queue *tty_wait_queue(struct file *f, uint32_t events)
{
	return &((struct tty *)f->private)->wait;
}

static int64_t tty_file_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	if (tty_is_hung_up(f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	return tty_ioctl(f, f->private, false, cmd, arg);
}

static void tty_release(struct file *f)
{
	struct tty *t = f->private;

	mutex_lock(&t->lock);
	t->nopen--;
	if (!t->nopen)
		t->is_exclusive = false;
	/* A pty's master sees the last file of the other side go. */
	t->driver->input_taken(t);
	mutex_unlock(&t->lock);
	tty_put(t);
}

static const struct file_ops tty_ops = {
	.name = "tty",
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.wait_queue = tty_wait_queue,
	.ioctl = tty_file_ioctl,
	.release = tty_release,
};

bool file_is_tty(const struct file *f)
{
	return f->ops == &tty_ops;
}

int tty_open_file(struct tty *t, uint32_t flags, struct file **out)
{
	int err;

	if (READ_ONCE(t->is_exclusive) && !ps_capable(CAP_SYS_ADMIN))
		return -EBUSY;
	err = file_create(&tty_ops, flags, t, out);
	if (err)
		return err;
	tty_get(t);
	mutex_lock(&t->lock);
	t->nopen++;
	(*out)->offset = t->hangups;
	mutex_unlock(&t->lock);
	if (!(flags & O_NOCTTY) && ((*out)->access & RIGHT_READ))
		tty_adopt(t);
	return 0;
}

/* ---- for the modules above ---- */

int tty_open_controlling(struct file **out)
{
	struct tty *t = tty_controlling();
	int err = t ? tty_open_file(t, O_RDWR | O_NOCTTY, out) : -ENXIO;

	if (t)
		tty_put(t);
	return err;
}

void tty_get_modes(struct file *f, struct ktermios *out)
{
	struct tty *t = f->private;

	mutex_lock(&t->lock);
	*out = t->ldisc.termios;
	mutex_unlock(&t->lock);
}

int tty_set_modes(struct file *f, const struct ktermios *modes)
{
	struct tty *t = f->private;
	struct ktermios copy = *modes;
	int err = tty_check_foreground(t, SIGTTOU);

	if (err)
		return err;
	mutex_lock(&t->lock);
	tty_change_modes(t, &copy);
	mutex_unlock(&t->lock);
	return 0;
}

int tty_flush_input(struct file *f)
{
	struct tty *t = f->private;
	int err = tty_check_foreground(t, SIGTTOU);

	if (err)
		return err;
	mutex_lock(&t->lock);
	ldisc_flush_input(&t->ldisc);
	mutex_unlock(&t->lock);
	return 0;
}

void tty_get_size(struct file *f, struct winsize *out)
{
	struct tty *t = f->private;

	mutex_lock(&t->lock);
	*out = t->size;
	mutex_unlock(&t->lock);
}

uint32_t tty_get_column(struct file *f)
{
	return READ_ONCE(((struct tty *)f->private)->ldisc.column);
}

void *tty_companion(struct file *f, size_t bytes)
{
	struct tty *t = f->private;
	void *made = READ_ONCE(t->companion) ? NULL : kmalloc(bytes, 0);

	mutex_lock(&t->lock);
	if (!t->companion) {
		t->companion = made;
		made = NULL;
	}
	mutex_unlock(&t->lock);
	kfree(made);
	return t->companion;
}
