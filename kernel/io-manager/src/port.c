/* kernel/io-manager/src/port.c: byte ports of drivers as files.
 *
 * Locking: read_lock and write_lock (PORT) admit one reader and one writer; the
 * driver's own lock guards its rings. Events come from interrupts and only wake.
 */
#include <errno.h>
#include <io/port.h>
#include <mm/heap.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <string.h>

#define NO_EOF (~0ull)

struct io_port {
	struct drv_port *driver;
	struct io_port *next;
	struct mutex read_lock, write_lock;
	struct wait_queue wait;
	uint64_t received, sent;
	uint64_t eof_at;
	bool is_broken;
};

static const char *const exec_ports[] = {
	[PORT_MINOR_CONTROL] = "albireo.control", [PORT_MINOR_STDIN] = "albireo.stdin",
	[PORT_MINOR_STDOUT] = "albireo.stdout", [PORT_MINOR_STDERR] = "albireo.stderr", [PORT_MINOR_TTY] = "albireo.tty",
};

static struct io_port *ports;

int drv_port_add(struct drv_port *dp)
{
	/* Interrupt context: ports are named by the host's messages. */
	struct io_port *p = kmalloc(sizeof(*p), HEAP_ATOMIC);

	if (!p)
		return -ENOMEM;
	p->driver = dp;
	mutex_init(&p->read_lock, LOCK_PORT);
	mutex_init(&p->write_lock, LOCK_PORT);
	waitq_init(&p->wait);
	p->eof_at = NO_EOF;
	dp->io = p;
	do {
		p->next = READ_ONCE(ports);
	} while (!__atomic_compare_exchange_n(&ports, &p->next, p, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	return 0;
}

void drv_port_event(struct drv_port *dp)
{
	struct io_port *p = dp->io;

	waitq_wake_all(&p->wait, IO_POLLIN | IO_POLLOUT);
}

struct io_port *port_find(const char *name)
{
	for (struct io_port *p = __atomic_load_n(&ports, __ATOMIC_ACQUIRE); p; p = p->next) {
		if (!strcmp(p->driver->name, name))
			return p;
	}
	return NULL;
}

struct wait_queue *port_wait_queue(struct io_port *p)
{
	return &p->wait;
}

bool port_has_input(struct io_port *p)
{
	const void *data;

	return p->driver->ops->receive_peek(p->driver, &data) || READ_ONCE(p->received) >= READ_ONCE(p->eof_at);
}

bool port_has_room(struct io_port *p)
{
	size_t capacity;
	void *buffer;

	if (READ_ONCE(p->is_broken))
		return true;
	buffer = p->driver->ops->send_get(p->driver, &capacity);
	if (buffer)
		p->driver->ops->send_cancel(p->driver, buffer);
	return buffer;
}

size_t port_read_now(struct io_port *p, void *buf, size_t n)
{
	const void *data;
	size_t have;

	mutex_lock(&p->read_lock);
	have = MIN(n, p->driver->ops->receive_peek(p->driver, &data));
	if (have) {
		memcpy(buf, data, have);
		p->driver->ops->receive_consume(p->driver, have);
		p->received += have;
	}
	mutex_unlock(&p->read_lock);
	return have;
}

size_t port_write_now(struct io_port *p, const void *buf, size_t n)
{
	size_t capacity;
	void *buffer;

	mutex_lock(&p->write_lock);
	buffer = p->driver->ops->send_get(p->driver, &capacity);
	n = buffer ? MIN(n, capacity) : 0;
	if (buffer) {
		memcpy(buffer, buf, n);
		p->driver->ops->send_submit(p->driver, buffer, n);
		p->sent += n;
	}
	mutex_unlock(&p->write_lock);
	return n;
}

static int64_t read_locked(struct io_port *p, struct io_request *rq)
{
	const void *data;
	size_t have = p->driver->ops->receive_peek(p->driver, &data);
	int err = 0;

	have = MIN(have, p->eof_at - p->received);
	if (!have)
		return p->received >= p->eof_at ? 0 : -EAGAIN;
	have = io_copy_to(&rq->vector, data, MIN(have, rq->vector.left), &err);
	if (have) {
		p->driver->ops->receive_consume(p->driver, have);
		p->received += have;
	}
	return have ? (int64_t)have : err;
}

static int64_t port_read(struct io_request *rq)
{
	struct io_port *p = rq->file->private;
	int64_t n;

	if (!rq->vector.left)
		return 0;
	mutex_lock(&p->read_lock);
	n = read_locked(p, rq);
	mutex_unlock(&p->read_lock);
	return n;
}

static int64_t write_locked(struct io_port *p, struct io_request *rq)
{
	size_t capacity, n;
	void *buffer;
	int err = 0;

	if (READ_ONCE(p->is_broken))
		return -EPIPE;
	buffer = p->driver->ops->send_get(p->driver, &capacity);
	if (!buffer)
		return -EAGAIN;
	n = io_copy_from(&rq->vector, buffer, MIN(capacity, rq->vector.left), &err);
	if (!n) {
		p->driver->ops->send_cancel(p->driver, buffer);
		return err;
	}
	p->driver->ops->send_submit(p->driver, buffer, n);
	p->sent += n;
	return (int64_t)n;
}

static int64_t port_write(struct io_request *rq)
{
	struct io_port *p = rq->file->private;
	int64_t n;

	if (fault_should_fail(FAULT_CONSOLE_WRITE))
		return -EIO;
	if (!rq->vector.left)
		return 0;
	mutex_lock(&p->write_lock);
	n = write_locked(p, rq);
	mutex_unlock(&p->write_lock);
	return n;
}

static uint32_t port_poll(struct file *f)
{
	struct io_port *p = f->private;

	return (port_has_input(p) ? IO_POLLIN | IO_POLLRDNORM : 0) | (port_has_room(p) ? IO_POLLOUT | IO_POLLWRNORM : 0) |
	       (READ_ONCE(p->is_broken) ? IO_POLLERR : 0);
}

static struct wait_queue *wait_queue(struct file *f, uint32_t events)
{
	(void)events;
	return &((struct io_port *)f->private)->wait;
}

static const struct file_ops port_file_ops = {
	.name = "port", .read = port_read, .write = port_write, .poll = port_poll, .wait_queue = wait_queue,
};

int port_open(uint32_t minor, uint32_t flags, struct file **out)
{
	struct io_port *p = minor < ARRAY_SIZE(exec_ports) ? port_find(exec_ports[minor]) : NULL;

	return p ? file_create(&port_file_ops, flags, p, out) : -ENXIO;
}

int port_set_eof(const char *name, uint64_t bytes)
{
	struct io_port *p = port_find(name);

	if (!p)
		return -ENODEV;
	WRITE_ONCE(p->eof_at, bytes);
	waitq_wake_all(&p->wait, IO_POLLIN);
	return 0;
}

int port_set_broken(const char *name)
{
	struct io_port *p = port_find(name);

	if (!p)
		return -ENODEV;
	WRITE_ONCE(p->is_broken, true);
	waitq_wake_all(&p->wait, IO_POLLOUT | IO_POLLERR);
	return 0;
}

int port_drain(const char *name, uint64_t *bytes)
{
	struct io_port *p = port_find(name);

	if (!p)
		return -ENODEV;
	(void)WAIT_EVENT(&p->wait, READ_ONCE(p->is_broken) || p->driver->ops->send_is_drained(p->driver), INTERRUPT_FATAL, 0);
	*bytes = READ_ONCE(p->sent);
	return 0;
}
