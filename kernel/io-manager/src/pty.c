/* kernel/io-manager/src/pty.c: pseudo terminals (man 7 pty): /dev/ptmx and /dev/pts/N.
 *
 * A pty is a terminal whose device is a file, the master: what it writes is typed, what the
 * terminal shows it reads. The master's closing hangs the terminal up and takes its name
 * away; the closing of the terminal's last file ends the master's reading until another opens.
 *
 * Locking: tty.lock guards all of a pty; ptys_lock (DEVICE) the table.
 */
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <errno.h>

#include <io/inode.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <ps/process.h>

#include "tty.h"
#include "vfs_private.h"

#define MAX_PTYS 1024u
#define OUTPUT_BYTES 8192u
#define KEPT_BYTES 4096u	/* of output, when it is flushed: what Linux's master would have by then */
#define GROUP_TTY 5u
#define PEER_MODE 0620u
#define STATUS_TO_SHOW (TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE | TIOCPKT_STOP | TIOCPKT_START | TIOCPKT_NOSTOP | TIOCPKT_DOSTOP)

struct pty {
	struct tty tty;			/* first: the terminal's side */
	uint32_t index;
	struct wait_queue master_wait;
	uint8_t output[OUTPUT_BYTES];	/* for the master to read */
	uint32_t head, tail;		/* counts */
	bool is_locked;			/* until TIOCSPTLCK: the terminal cannot be opened */
	bool was_opened;
	bool is_master_closed;
	bool is_packet_mode;		/* TIOCPKT */
	uint8_t status;			/* TIOCPKT_*, for the next read in packet mode */
};

HEAP_CACHE(pty_cache, "pty", sizeof(struct pty));

static struct spinlock ptys_lock = SPINLOCK_INIT(DEVICE);
static struct pty *ptys[MAX_PTYS];

static struct pty *pty_of(struct tty *t)
{
	return (struct pty *)t;
}

static uint32_t used(const struct pty *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail);
}

/* ---- the terminal's device ---- */

static size_t pty_room(struct tty *t)
{
	return OUTPUT_BYTES - used(pty_of(t));
}

static void pty_send(struct tty *t, const uint8_t *bytes, size_t n)
{
	struct pty *p = pty_of(t);

	for (size_t i = 0; i < n; i++)
		p->output[(p->head + i) % OUTPUT_BYTES] = bytes[i];
	atomic_store(&p->head, p->head + (uint32_t)n);
}

static void pty_push(struct tty *t)
{
	struct pty *p = pty_of(t);

	if (used(p))
		waitq_wake_all(&p->master_wait, TTY_READABLE);
}

static void pty_flush_output(struct tty *t)
{
	struct pty *p = pty_of(t);

	if (used(p) > KEPT_BYTES)
		p->head = p->tail + KEPT_BYTES;
}

/* What was written is the master's from then on. */
static size_t pty_pending(struct tty *t)
{
	return 0;
}

static void pty_input_taken(struct tty *t)
{
	waitq_wake_all(&pty_of(t)->master_wait, t->nopen ? TTY_WRITABLE : 0);
}

static void pty_note(struct tty *t, uint32_t bits)
{
	static const uint8_t opposites[][2] = { { TIOCPKT_STOP, TIOCPKT_START }, { TIOCPKT_NOSTOP, TIOCPKT_DOSTOP } };
	struct pty *p = pty_of(t);

	if (!p->is_packet_mode)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(opposites); i++) {
		if (bits & (opposites[i][0] | opposites[i][1]))
			p->status &= (uint8_t)~(opposites[i][0] | opposites[i][1]);
	}
	p->status |= (uint8_t)(bits & STATUS_TO_SHOW);
	waitq_wake_all(&p->master_wait, TTY_READABLE | IO_POLLPRI);
}

static void pty_release(struct tty *t)
{
	heap_cache_free(&pty_cache, pty_of(t));
}

static const struct tty_driver pty_driver = {
	.room = pty_room,
	.send = pty_send,
	.push = pty_push,
	.flush_output = pty_flush_output,
	.pending = pty_pending,
	.input_taken = pty_input_taken,
	.note = pty_note,
	.release = pty_release,
};

/* ---- the master ---- */

static bool is_peer_closed(const struct pty *p)
{
	return p->was_opened && !READ_ONCE(p->tty.nopen);
}

static size_t take_output(struct pty *p, uint8_t *buf, size_t n)
{
	size_t taken;

	mutex_lock(&p->tty.lock);
	taken = MIN(n, used(p));
	for (size_t i = 0; i < taken; i++)
		buf[i] = p->output[(p->tail + i) % OUTPUT_BYTES];
	atomic_store(&p->tail, p->tail + (uint32_t)taken);
	if (taken)
		tty_output_drained(&p->tty);
	mutex_unlock(&p->tty.lock);
	return taken;
}

/* Packet mode: a status has a read of its own, data follow a byte that says so. Returns: 1
 * when the read is done, 0 to go on with data; -EFAULT. */
static int read_packet_header(struct pty *p, struct io_request *rq)
{
	uint8_t header = TIOCPKT_DATA;
	int err = 0;

	mutex_lock(&p->tty.lock);
	if (p->is_packet_mode) {
		header = p->status;
		p->status = 0;
	}
	mutex_unlock(&p->tty.lock);
	if (header == TIOCPKT_DATA && !used(p))
		return 0;
	io_copy_to(&rq->vector, &header, 1, &err);
	return err ? err : header != TIOCPKT_DATA;
}

static int64_t read_output(struct pty *p, struct io_request *rq)
{
	uint8_t bytes[TTY_CHUNK_BYTES];
	uint64_t done = 0;
	int err = 0;
	size_t n;

	while (rq->vector.left) {
		n = take_output(p, bytes, MIN(rq->vector.left, sizeof(bytes)));
		if (!n || io_copy_to(&rq->vector, bytes, n, &err) < n)
			break;
		done += n;
	}
	if (done)
		return (int64_t)done;
	if (err)
		return err;
	return is_peer_closed(p) ? -EIO : -EAGAIN;
}

static int64_t master_read(struct io_request *rq)
{
	struct pty *p = rq->file->private;
	uint64_t before = rq->vector.left;
	int64_t n;
	int ret = 0;

	if (!before)
		return 0;
	if (READ_ONCE(p->is_packet_mode))
		ret = read_packet_header(p, rq);
	if (ret)
		return ret;
	n = rq->vector.left ? read_output(p, rq) : 0;
	return rq->vector.left < before ? (int64_t)(before - rq->vector.left) : n;
}

static int64_t master_write(struct io_request *rq)
{
	struct pty *p = rq->file->private;
	uint64_t before = rq->vector.left;
	uint8_t bytes[TTY_CHUNK_BYTES];
	int err = 0;

	while (rq->vector.left) {
		struct io_vector at = rq->vector;
		size_t n = io_copy_from(&rq->vector, bytes, sizeof(bytes), &err), taken;

		if (!n)
			break;
		mutex_lock(&p->tty.lock);
		taken = tty_receive(&p->tty, bytes, n);
		mutex_unlock(&p->tty.lock);
		if (taken == n)
			continue;
		rq->vector = at;
		io_vector_advance(&rq->vector, taken);
		err = -EAGAIN;
		break;
	}
	return rq->vector.left < before ? (int64_t)(before - rq->vector.left) : err;
}

/* Whether the line discipline would take a byte. */
static bool has_input_room(const struct pty *p)
{
	const struct ldisc *l = &p->tty.ldisc;

	if (READ_ONCE(l->head) - READ_ONCE(l->tail) + 2 < LDISC_BUFFER_BYTES)
		return true;
	return ldisc_is_canonical(l) && !ldisc_has_input(l, 1);
}

static uint32_t master_poll(struct file *f)
{
	struct pty *p = f->private;
	uint32_t events = 0;

	if (used(p))
		events |= TTY_READABLE;
	if (READ_ONCE(p->is_packet_mode) && READ_ONCE(p->status))
		events |= TTY_READABLE | IO_POLLPRI;
	if (is_peer_closed(p))
		events |= IO_POLLHUP;
	if (has_input_room(p))
		events |= TTY_WRITABLE;
	return events;
}

static struct wait_queue *master_wait_queue(struct file *f, uint32_t events)
{
	return &((struct pty *)f->private)->master_wait;
}

/* The process's own name for the terminal, so that ttyname(3) works; in another root none. */
static int open_by_name(const struct pty *p, uint32_t flags, struct file **out)
{
	struct walk_result where;
	char path[32];
	int err;

	ksnprintf(path, sizeof(path), "/dev/pts/%u", p->index);
	err = walk_path(NULL, path, 0, &where);
	if (err)
		return err;
	err = -ENOENT;
	if (where.inode->attr.rdev == p->tty.rdev && (where.inode->attr.mode & S_IFMT) == S_IFCHR)
		err = vfs_open_inode(where.inode, flags, out);
	walk_result_put(&where);
	return err;
}

static int64_t open_peer(struct pty *p, uint32_t flags)
{
	struct handle_table *handles;
	struct file *f;
	int err;

	if (flags & ~(uint32_t)(O_ACCMODE | O_NOCTTY | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = open_by_name(p, flags & ~(uint32_t)O_CLOEXEC, &f);
	if (err)
		err = pts_open(p->index, flags & ~(uint32_t)O_CLOEXEC, &f);
	if (err)
		return err;
	handles = ps_current()->handles;
	err = handle_install(handles, &f->object, RIGHT_ALL,
			     flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0, 0, (int)MIN(ps_limit(7), 1ull << 20));
	file_put(f);
	return err;
}

static int64_t set_packet_mode(struct pty *p, uint64_t arg)
{
	int value;

	if (get_user(value, (const int __user *)arg))
		return -EFAULT;
	mutex_lock(&p->tty.lock);
	if (value && !p->is_packet_mode)
		p->status = 0;
	p->is_packet_mode = value;
	mutex_unlock(&p->tty.lock);
	return 0;
}

static int64_t set_lock(struct pty *p, uint64_t arg)
{
	int value;

	if (get_user(value, (const int __user *)arg))
		return -EFAULT;
	WRITE_ONCE(p->is_locked, value != 0);
	return 0;
}

static int64_t send_signal(struct pty *p, uint64_t signal)
{
	if (!signal || signal > PS_NSIG)
		return -EINVAL;
	tty_signal_foreground(&p->tty, (int)signal);
	return 0;
}

static int64_t flush_master(struct pty *p, uint64_t what)
{
	if (what > TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&p->tty.lock);
	if (what != TCOFLUSH) {
		p->tail = p->head;
		tty_output_drained(&p->tty);
	}
	mutex_unlock(&p->tty.lock);
	return 0;
}

static int64_t master_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct pty *p = f->private;

	switch (cmd) {
	case TIOCGPTN:
		return put_user(p->index, (uint32_t __user *)arg);
	case TIOCSPTLCK:
		return set_lock(p, arg);
	case TIOCGPTLCK:
		return put_user((int)p->is_locked, (int __user *)arg);
	case TIOCGPTPEER:
		return open_peer(p, (uint32_t)arg);
	case TIOCPKT:
		return set_packet_mode(p, arg);
	case TIOCGPKT:
		return put_user((int)p->is_packet_mode, (int __user *)arg);
	case TIOCSIG:
		return send_signal(p, arg);
	case FIONREAD:
		return put_user((int)used(p), (int __user *)arg);
	case TIOCOUTQ:
		return put_user(0, (int __user *)arg);
	case TCFLSH:
		return flush_master(p, arg);
	case TCSBRK:
	case TCSBRKP:
		return 0;
	default:
		return tty_ioctl(f, &p->tty, true, cmd, arg);
	}
}

/* ---- life ---- */

static void publish_name(const struct pty *p, bool is_there)
{
	const struct credentials *c = ps_credentials();
	char name[16];
	int err;

	ksnprintf(name, sizeof(name), "pts/%u", p->index);
	err = is_there ? vfs_publish_device(name, S_IFCHR | PEER_MODE, p->tty.rdev, c->fsuid, GROUP_TTY) :
			 vfs_unpublish_device(name);
	if (err)
		log_ratelimited(LOG_WARN, CONSOLE, "name %s of a terminal: error %d", name, -err);
}

static void master_release(struct file *f)
{
	struct pty *p = f->private;

	publish_name(p, false);
	mutex_lock(&p->tty.lock);
	WRITE_ONCE(p->is_master_closed, true);
	p->is_packet_mode = false;
	mutex_unlock(&p->tty.lock);
	tty_hang_up(&p->tty);
	spin_lock(&ptys_lock);
	ptys[p->index] = NULL;
	spin_unlock(&ptys_lock);
	tty_put(&p->tty);
}

static const struct file_ops master_ops = {
	.name = "ptmx",
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.wait_queue = master_wait_queue,
	.ioctl = master_ioctl,
	.release = master_release,
};

/* Returns: false when all numbers are taken. */
static bool take_index(struct pty *p)
{
	uint32_t i = 0;

	spin_lock(&ptys_lock);
	while (i < MAX_PTYS && ptys[i])
		i++;
	if (i < MAX_PTYS)
		ptys[i] = p;
	spin_unlock(&ptys_lock);
	p->index = i;
	return i < MAX_PTYS;
}

int ptmx_open(uint32_t flags, struct file **out)
{
	struct pty *p = heap_cache_alloc(&pty_cache, 0);
	int err;

	if (!p)
		return -ENOMEM;
	waitq_init(&p->master_wait);
	p->is_locked = true;
	tty_setup(&p->tty, &pty_driver, 0, &ldisc_default_termios);
	if (!take_index(p)) {
		tty_put(&p->tty);
		return -ENOSPC;
	}
	p->tty.rdev = device_number(MAJOR_PTS, p->index);
	err = file_create(&master_ops, flags, p, out);
	if (err) {
		spin_lock(&ptys_lock);
		ptys[p->index] = NULL;
		spin_unlock(&ptys_lock);
		tty_put(&p->tty);
		return err;
	}
	publish_name(p, true);
	return 0;
}

int pts_open(uint32_t minor, uint32_t flags, struct file **out)
{
	struct pty *p = NULL;
	int err = -EIO;

	spin_lock(&ptys_lock);
	if (minor < MAX_PTYS && ptys[minor] && refcount_get_unless_zero(&ptys[minor]->tty.refs))
		p = ptys[minor];
	spin_unlock(&ptys_lock);
	if (!p)
		return -ENXIO;
	if (!READ_ONCE(p->is_locked) && !READ_ONCE(p->is_master_closed))
		err = tty_open_file(&p->tty, flags, out);
	if (!err)
		p->was_opened = true;
	tty_put(&p->tty);
	return err;
}
