/* kernel/io-manager/src/tty_port.c: terminals on byte ports: the host's "albireo.tty", and the serial port.
 *
 * A kernel thread of each moves what was typed into the line discipline, so that Ctrl-C works while
 * nobody reads, and what did not fit the port's buffers at once out of it. Input that the
 * discipline cannot take stays in the port, which stops the host.
 */
#include <errno.h>

#include <io/port.h>
#include <mm/heap.h>
#include <nucleus/log.h>

#include "tty.h"

#define OUTPUT_BYTES 8192u
#define INPUT_BYTES 256u

struct port_tty {
	struct tty tty;			/* first */
	struct io_port *port;
	struct thread *thread;
	uint8_t output[OUTPUT_BYTES];
	uint32_t head, tail;		/* counts */
	uint8_t input[INPUT_BYTES];	/* taken from the port, for the discipline */
	uint32_t ninput;
	bool is_input_full;		/* the discipline refused some */
	bool has_ended;			/* the host closed its side */
};

/* Each is made when it is first opened, and stays. */
static struct terminal {
	const char *name;
	uint32_t rdev;
	struct port_tty *tty;		/* creation_lock */
} terminals[] = {
	[TERMINAL_HOST] = { "albireo.tty", MAKE_DEVICE_NUMBER(PORT_MAJOR, PORT_MINOR_TTY), NULL },
	[TERMINAL_SERIAL] = { "ttyS0", MAKE_DEVICE_NUMBER(MAJOR_TTY, MINOR_SERIAL), NULL },
};
static struct mutex creation_lock;

static struct port_tty *port_tty_of(struct tty *t)
{
	return (struct port_tty *)t;
}

static uint32_t used(const struct port_tty *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail);
}

static size_t port_room(struct tty *t)
{
	return OUTPUT_BYTES - used(port_tty_of(t));
}

static void port_send(struct tty *t, const uint8_t *bytes, size_t n)
{
	struct port_tty *p = port_tty_of(t);

	for (size_t i = 0; i < n; i++)
		p->output[(p->head + i) % OUTPUT_BYTES] = bytes[i];
	WRITE_ONCE(p->head, p->head + (uint32_t)n);
}

/* With the lock. Returns: whether something went. */
static bool move_output(struct port_tty *p)
{
	uint32_t before = p->tail;

	while (used(p)) {
		uint32_t at = p->tail % OUTPUT_BYTES;
		size_t n = port_write_now(p->port, p->output + at, MIN(used(p), OUTPUT_BYTES - at));

		if (!n)
			break;
		WRITE_ONCE(p->tail, p->tail + (uint32_t)n);
	}
	return p->tail != before;
}

static void port_push(struct tty *t)
{
	move_output(port_tty_of(t));
	if (used(port_tty_of(t)))
		thread_wake(port_tty_of(t)->thread);
}

static void port_flush_output(struct tty *t)
{
	struct port_tty *p = port_tty_of(t);

	WRITE_ONCE(p->tail, p->head);
}

static size_t port_pending(struct tty *t)
{
	return used(port_tty_of(t));
}

static void port_input_taken(struct tty *t)
{
	struct port_tty *p = port_tty_of(t);

	if (!p->is_input_full)
		return;
	p->is_input_full = false;
	thread_wake(p->thread);
}

/* The terminal lasts as long as the machine. */
static void port_release(struct tty *t)
{
	panic("the terminal of the machine was released");
}

static const struct tty_driver port_driver = {
	.room = port_room,
	.send = port_send,
	.push = port_push,
	.flush_output = port_flush_output,
	.pending = port_pending,
	.input_taken = port_input_taken,
	.release = port_release,
};

/* With the lock. Returns: whether the host's side has ended. */
static bool move_input(struct port_tty *p)
{
	size_t taken;

	if (!p->ninput) {
		p->ninput = (uint32_t)port_read_now(p->port, p->input, sizeof(p->input));
		if (!p->ninput)
			return port_has_input(p->port);
	}
	taken = tty_receive(&p->tty, p->input, p->ninput);
	for (size_t i = taken; i < p->ninput; i++)
		p->input[i - taken] = p->input[i];
	p->ninput -= (uint32_t)taken;
	p->is_input_full = p->ninput != 0;
	return false;
}

static bool wants_input(const struct port_tty *p)
{
	return !READ_ONCE(p->is_input_full) && !p->has_ended && (p->ninput || port_has_input(p->port));
}

static bool has_work(const struct port_tty *p)
{
	return wants_input(p) || (used(p) && port_has_room(p->port));
}

static void move_once(struct port_tty *p)
{
	bool has_ended = false;

	mutex_lock(&p->tty.lock);
	if (move_output(p))
		tty_output_drained(&p->tty);
	if (wants_input(p))
		has_ended = move_input(p);
	mutex_unlock(&p->tty.lock);
	if (!has_ended)
		return;
	p->has_ended = true;
	tty_hang_up(&p->tty);
}

static void port_thread(void *context)
{
	struct port_tty *p = context;

	p->thread = current_thread();
	for (;;) {
		(void)WAIT_EVENT(port_wait_queue(p->port), has_work(p), 0, 0);
		move_once(p);
		sched_cond_resched();
	}
}

static struct port_tty *create(struct io_port *port, uint32_t rdev)
{
	struct ktermios modes = ldisc_default_termios;
	struct port_tty *p = kmalloc(sizeof(*p), 0);

	if (!p)
		return NULL;
	/* Whoever sits there has a terminal of UTF-8, as everything else here. */
	modes.c_iflag |= IUTF8;
	modes.c_cflag |= HUPCL;
	p->port = port;
	tty_setup(&p->tty, &port_driver, rdev, &modes);
	p->thread = kthread_create("tty", port_thread, p);
	if (p->thread)
		return p;
	kfree(p);
	return NULL;
}

/* The port is there from some time after boot on, or never. */
static int find_terminal(struct terminal *t, struct port_tty **out)
{
	struct io_port *port = port_find(t->name);

	if (!port)
		return -ENXIO;
	mutex_lock(&creation_lock);
	if (!t->tty)
		t->tty = create(port, t->rdev);
	*out = t->tty;
	mutex_unlock(&creation_lock);
	return *out ? 0 : -ENOMEM;
}

int tty_port_open(enum tty_terminal which, uint32_t flags, struct file **out)
{
	struct port_tty *p;
	int err = find_terminal(&terminals[which], &p);

	return err ? err : tty_open_file(&p->tty, flags, out);
}

void tty_port_init(void)
{
	mutex_init(&creation_lock, LOCK_TTY);
}
