/* drivers/bridges/char/virtio-console/virtio_console.c: named byte ports (virtio 1.1, 5.3, multiport).
 *
 * Queue 2 and 3 carry control messages; port n has its own pair. A port becomes known
 * to io-manager when the host has told its name.
 *
 * Locking: port->lock guards the port's rings; console->lock the control rings.
 */
#include <errno.h>
#include <virtio/virtio.h>

#define F_MULTIPORT 2ull
#define CONFIG_MAX_PORTS 4
#define CONTROL_RX 2
#define CONTROL_TX 3
#define CONTROL_BUFFERS 16
#define CONTROL_BYTES 128
#define MAX_PORTS 16
#define RX_BUFFERS 8
#define RX_BYTES 4096
#define TX_BUFFERS 2
#define TX_BYTES 32768
#define MAX_NAME 64

enum event { DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME };

struct control { uint32_t id; uint16_t event, value; };

struct rx_buffer { uint8_t *bytes; uint32_t len, used; struct rx_buffer *next; };

struct port {
	struct drv_port port;
	struct console *console;
	uint32_t id;
	bool is_added;
	char name[MAX_NAME];
	struct drv_lock lock;
	struct virtio_queue *rx, *tx;
	struct rx_buffer buffers[RX_BUFFERS];
	struct rx_buffer *first, **last;	/* received, not consumed */
	uint8_t *tx_bytes[TX_BUFFERS];
	bool tx_busy[TX_BUFFERS];
};

struct console {
	struct virtio_device *device;
	struct virtio_queue *control_rx, *control_tx;
	struct drv_lock lock;
	uint8_t *control_buffers[CONTROL_BUFFERS];
	struct control *control_out;	/* ring of CONTROL_BUFFERS */
	uint32_t next_out;
	struct port *ports[MAX_PORTS];
	uint32_t nports;
};

static void control_send(struct console *c, uint32_t id, enum event event, uint16_t value)
{
	uint64_t flags = drv_lock_acquire(&c->lock);
	struct control *m = &c->control_out[c->next_out++ % CONTROL_BUFFERS];
	struct drv_segment out = { drv_dma_address(m), sizeof(*m) };

	*m = (struct control){ id, (uint16_t)event, value };
	while (virtio_queue_take(c->control_tx, NULL))
		;
	if (virtio_queue_add(c->control_tx, &out, 1, NULL, 0, m))
		drv_log("virtio-console: control queue full");
	virtio_queue_kick(c->control_tx);
	drv_lock_release(&c->lock, flags);
}

static void post_rx(struct port *p, struct rx_buffer *b)
{
	struct drv_segment in = { drv_dma_address(b->bytes), RX_BYTES };

	b->used = b->len = 0;
	(void)virtio_queue_add(p->rx, NULL, 0, &in, 1, b);
}

static size_t receive_peek(struct drv_port *dp, const void **data)
{
	struct port *p = (struct port *)dp;
	uint64_t flags = drv_lock_acquire(&p->lock);
	struct rx_buffer *b = p->first;
	size_t n = 0;

	if (b) {
		*data = b->bytes + b->used;
		n = b->len - b->used;
	}
	drv_lock_release(&p->lock, flags);
	return n;
}

static void receive_consume(struct drv_port *dp, size_t n)
{
	struct port *p = (struct port *)dp;
	uint64_t flags = drv_lock_acquire(&p->lock);
	struct rx_buffer *b = p->first;

	b->used += (uint32_t)n;
	if (b->used == b->len) {
		p->first = b->next;
		if (!p->first)
			p->last = &p->first;
		post_rx(p, b);
		virtio_queue_kick(p->rx);
	}
	drv_lock_release(&p->lock, flags);
}

static void *send_get(struct drv_port *dp, size_t *capacity)
{
	struct port *p = (struct port *)dp;
	uint64_t flags = drv_lock_acquire(&p->lock);
	void *found = NULL;

	for (int i = 0; i < TX_BUFFERS && !found; i++) {
		if (!p->tx_busy[i]) {
			p->tx_busy[i] = true;
			found = p->tx_bytes[i];
		}
	}
	drv_lock_release(&p->lock, flags);
	*capacity = TX_BYTES;
	return found;
}

static void release_tx(struct port *p, void *buffer)
{
	for (int i = 0; i < TX_BUFFERS; i++) {
		if (p->tx_bytes[i] == buffer)
			p->tx_busy[i] = false;
	}
}

static void send_submit(struct drv_port *dp, void *buffer, size_t n)
{
	struct port *p = (struct port *)dp;
	struct drv_segment out = { drv_dma_address(buffer), (uint32_t)n };
	uint64_t flags = drv_lock_acquire(&p->lock);

	if (virtio_queue_add(p->tx, &out, 1, NULL, 0, buffer))
		release_tx(p, buffer);
	else
		virtio_queue_kick(p->tx);
	drv_lock_release(&p->lock, flags);
}

static void send_cancel(struct drv_port *dp, void *buffer)
{
	struct port *p = (struct port *)dp;
	uint64_t flags = drv_lock_acquire(&p->lock);

	release_tx(p, buffer);
	drv_lock_release(&p->lock, flags);
}

static bool send_is_drained(struct drv_port *dp)
{
	struct port *p = (struct port *)dp;
	uint64_t flags = drv_lock_acquire(&p->lock);
	bool busy = false;

	for (int i = 0; i < TX_BUFFERS; i++)
		busy |= p->tx_busy[i];
	drv_lock_release(&p->lock, flags);
	return !busy;
}

static const struct drv_port_ops port_ops = {
	.receive_peek = receive_peek, .receive_consume = receive_consume, .send_get = send_get,
	.send_submit = send_submit, .send_cancel = send_cancel, .send_is_drained = send_is_drained,
};

/* Take what the device has finished on @p's rings. Returns: true if anything. */
static bool service_port(struct port *p)
{
	uint64_t flags = drv_lock_acquire(&p->lock);
	struct rx_buffer *b;
	bool any = false;
	uint32_t n;
	void *sent;

	while ((b = virtio_queue_take(p->rx, &n))) {
		b->len = n < RX_BYTES ? n : RX_BYTES;
		b->next = NULL;
		if (b->len) {
			*p->last = b;
			p->last = &b->next;
		} else {
			post_rx(p, b);
		}
		any = true;
	}
	while ((sent = virtio_queue_take(p->tx, NULL))) {
		release_tx(p, sent);
		any = true;
	}
	drv_lock_release(&p->lock, flags);
	return any;
}

static void copy_name(struct port *p, const uint8_t *name, uint32_t n)
{
	if (n >= MAX_NAME)
		n = MAX_NAME - 1;
	for (uint32_t i = 0; i < n; i++)
		p->name[i] = (char)name[i];
}

static void control_message(struct console *c, const struct control *m, uint32_t len)
{
	struct port *p = m->id < MAX_PORTS ? c->ports[m->id] : NULL;

	if (!p)
		return;
	switch (m->event) {
	case PORT_ADD:
		control_send(c, m->id, PORT_READY, 1);
		break;
	case PORT_NAME:
		if (p->is_added)
			break;
		copy_name(p, (const uint8_t *)(m + 1), len - (uint32_t)sizeof(*m));
		p->is_added = !drv_port_add(&p->port);
		control_send(c, m->id, PORT_OPEN, 1);
		break;
	case PORT_OPEN:
		drv_port_event(&p->port);
		break;
	}
}

static void post_control(struct console *c, uint8_t *buffer)
{
	struct drv_segment in = { drv_dma_address(buffer), CONTROL_BYTES };

	(void)virtio_queue_add(c->control_rx, NULL, 0, &in, 1, buffer);
}

static void service_control(struct console *c)
{
	uint64_t flags = drv_lock_acquire(&c->lock);
	uint8_t *buffer;
	uint32_t n;

	while ((buffer = virtio_queue_take(c->control_rx, &n))) {
		drv_lock_release(&c->lock, flags);
		if (n >= sizeof(struct control) && n <= CONTROL_BYTES)
			control_message(c, (const struct control *)buffer, n);
		flags = drv_lock_acquire(&c->lock);
		post_control(c, buffer);
	}
	virtio_queue_kick(c->control_rx);
	drv_lock_release(&c->lock, flags);
}

static void interrupt(struct virtio_device *d)
{
	struct console *c = d->driver;

	service_control(c);
	for (uint32_t i = 0; i < c->nports; i++) {
		if (c->ports[i] && service_port(c->ports[i]) && c->ports[i]->is_added)
			drv_port_event(&c->ports[i]->port);
	}
}

static int create_port(struct console *c, uint32_t id)
{
	uint16_t first = (uint16_t)(id ? 2 + id * 2 : 0);
	struct port *p = drv_alloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->console = c;
	p->id = id;
	p->port.ops = &port_ops;
	p->port.name = p->name;
	p->last = &p->first;
	drv_lock_init(&p->lock);
	p->rx = virtio_queue_create(c->device, first, RX_BUFFERS);
	p->tx = virtio_queue_create(c->device, (uint16_t)(first + 1), TX_BUFFERS * 4);
	if (!p->rx || !p->tx)
		return -ENOMEM;
	for (int i = 0; i < RX_BUFFERS; i++) {
		p->buffers[i].bytes = drv_alloc(RX_BYTES);
		if (!p->buffers[i].bytes)
			return -ENOMEM;
		post_rx(p, &p->buffers[i]);
	}
	for (int i = 0; i < TX_BUFFERS; i++) {
		p->tx_bytes[i] = drv_alloc(TX_BYTES);
		if (!p->tx_bytes[i])
			return -ENOMEM;
	}
	c->ports[id] = p;
	return 0;
}

static int create_control(struct console *c)
{
	c->control_rx = virtio_queue_create(c->device, CONTROL_RX, CONTROL_BUFFERS);
	c->control_tx = virtio_queue_create(c->device, CONTROL_TX, CONTROL_BUFFERS);
	c->control_out = drv_alloc(CONTROL_BUFFERS * sizeof(struct control));
	if (!c->control_rx || !c->control_tx || !c->control_out)
		return -ENOMEM;
	for (int i = 0; i < CONTROL_BUFFERS; i++) {
		c->control_buffers[i] = drv_alloc(CONTROL_BYTES);
		if (!c->control_buffers[i])
			return -ENOMEM;
		post_control(c, c->control_buffers[i]);
	}
	return 0;
}

static int probe(struct virtio_device *d)
{
	struct console *c = drv_alloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	if (!(d->features & F_MULTIPORT))
		return -ENODEV;
	c->device = d;
	c->nports = d->ops->config(d, CONFIG_MAX_PORTS, 4);
	if (c->nports > MAX_PORTS)
		c->nports = MAX_PORTS;
	drv_lock_init(&c->lock);
	err = create_control(c);
	for (uint32_t i = 0; i < c->nports && !err; i++)
		err = create_port(c, i);
	if (err)
		return err;
	d->driver = c;
	d->interrupt = interrupt;
	virtio_device_ready(d);
	for (uint32_t i = 0; i < c->nports; i++)
		virtio_queue_kick(c->ports[i]->rx);
	virtio_queue_kick(c->control_rx);
	control_send(c, 0, DEVICE_READY, 1);
	return 0;
}

static struct virtio_driver driver = { .id = VIRTIO_ID_CONSOLE, .features = F_MULTIPORT, .probe = probe };

static int init(void)
{
	virtio_add_driver(&driver);
	return 0;
}

DRIVER_ENTRY(virtio_console, init);
