/* drivers/bridges/char/uart-8250/uart_8250.c: the first serial port of a PC, as byte port "ttyS0".
 *
 * A 16550 with its FIFOs on (TI PC16550D data sheet). 115200 8N1, RTS and DTR up, no flow control.
 *
 * Locking: lock guards ring, buffer and registers; the interrupt handler takes it.
 */
#include <driver/api.h>
#include <errno.h>

#define BASE 0x3f8
#define GSI 4
#define DATA 0			/* divisor, low, with LCR_DIVISOR */
#define INTERRUPTS 1		/* divisor, high */
#define IDENTITY 2		/* reading */
#define FIFO 2			/* writing */
#define LINE_CONTROL 3
#define MODEM_CONTROL 4
#define LINE_STATUS 5
#define SCRATCH 7

#define IER_RECEIVED 1
#define IER_SENT 2
#define IIR_NONE 1
#define FCR_ON 0xc7		/* emptied; interrupt at 14 bytes, or when they wait */
#define LCR_8N1 3
#define LCR_DIVISOR 0x80
#define MCR_READY 0xb		/* DTR, RTS, and OUT2, which lets interrupts out */
#define LSR_RECEIVED 1
#define LSR_SENT 0x20		/* the transmit FIFO is empty */
#define DIVISOR_115200 1
#define FIFO_BYTES 16

#define CAUSES_MAX 256		/* of one interrupt: a port that went mad must not keep us */

#define RING_BYTES 4096u
#define SEND_BYTES 1024u

struct uart {
	struct drv_port port;
	struct drv_lock lock;
	uint8_t ring[RING_BYTES];
	uint32_t head, tail;		/* counts */
	uint8_t buffer[SEND_BYTES];
	uint32_t sent, nsend;		/* of the buffer; nsend 0: nothing in flight */
	bool is_lent;			/* the buffer is being filled */
};

static void out(unsigned reg, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "d"((uint16_t)(BASE + reg)));
}

static uint8_t in(unsigned reg)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "d"((uint16_t)(BASE + reg)));
	return v;
}

static struct uart *uart_of(struct drv_port *p)
{
	return (struct uart *)p;
}

static void set_interrupts(const struct uart *u)
{
	out(INTERRUPTS, (uint8_t)((u->head - u->tail < RING_BYTES ? IER_RECEIVED : 0) | (u->nsend ? IER_SENT : 0)));
}

/* With the lock. Bytes for which there is no room stay in the device. */
static void receive(struct uart *u)
{
	while (u->head - u->tail < RING_BYTES && (in(LINE_STATUS) & LSR_RECEIVED)) {
		u->ring[u->head % RING_BYTES] = in(DATA);
		__atomic_store_n(&u->head, u->head + 1, __ATOMIC_RELEASE);
	}
}

/* With the lock. */
static void transmit(struct uart *u)
{
	if (!u->nsend || !(in(LINE_STATUS) & LSR_SENT))
		return;
	for (unsigned i = 0; i < FIFO_BYTES && u->sent < u->nsend; i++)
		out(DATA, u->buffer[u->sent++]);
	if (u->sent == u->nsend)
		u->nsend = 0;
}

static void interrupt(void *context)
{
	struct uart *u = context;
	uint64_t flags = drv_lock_acquire(&u->lock);

	/* Edge-triggered: no cause may be left, or the line never falls again. */
	for (unsigned i = 0; i < CAUSES_MAX && !(in(IDENTITY) & IIR_NONE); i++) {
		receive(u);
		transmit(u);
		set_interrupts(u);
	}
	drv_lock_release(&u->lock, flags);
	drv_port_event(&u->port);
}

static size_t receive_peek(struct drv_port *p, const void **data)
{
	struct uart *u = uart_of(p);
	uint32_t at = u->tail % RING_BYTES, have = __atomic_load_n(&u->head, __ATOMIC_ACQUIRE) - u->tail;

	*data = u->ring + at;
	return have < RING_BYTES - at ? have : RING_BYTES - at;
}

static void receive_consume(struct drv_port *p, size_t n)
{
	struct uart *u = uart_of(p);
	uint64_t flags = drv_lock_acquire(&u->lock);

	u->tail += (uint32_t)n;
	receive(u);
	set_interrupts(u);
	drv_lock_release(&u->lock, flags);
}

static void *send_get(struct drv_port *p, size_t *capacity)
{
	struct uart *u = uart_of(p);
	uint64_t flags = drv_lock_acquire(&u->lock);
	bool is_free = !u->nsend && !u->is_lent;

	if (is_free)
		u->is_lent = true;
	drv_lock_release(&u->lock, flags);
	*capacity = SEND_BYTES;
	return is_free ? u->buffer : NULL;
}

static void send_submit(struct drv_port *p, void *buffer, size_t n)
{
	struct uart *u = uart_of(p);
	uint64_t flags = drv_lock_acquire(&u->lock);

	u->is_lent = false;
	u->sent = 0;
	u->nsend = (uint32_t)n;
	transmit(u);
	set_interrupts(u);
	drv_lock_release(&u->lock, flags);
}

static void send_cancel(struct drv_port *p, void *buffer)
{
	struct uart *u = uart_of(p);
	uint64_t flags = drv_lock_acquire(&u->lock);

	u->is_lent = false;
	drv_lock_release(&u->lock, flags);
}

static bool send_is_drained(struct drv_port *p)
{
	return !__atomic_load_n(&uart_of(p)->nsend, __ATOMIC_ACQUIRE);
}

static const struct drv_port_ops ops = {
	.receive_peek = receive_peek, .receive_consume = receive_consume, .send_get = send_get,
	.send_submit = send_submit, .send_cancel = send_cancel, .send_is_drained = send_is_drained,
};

/* A register that only remembers tells a UART from an empty port. */
static bool is_there(void)
{
	out(SCRATCH, 0x5a);
	if (in(SCRATCH) != 0x5a)
		return false;
	out(SCRATCH, 0xa5);
	return in(SCRATCH) == 0xa5;
}

static void set_up(void)
{
	out(INTERRUPTS, 0);
	out(LINE_CONTROL, LCR_DIVISOR);
	out(DATA, DIVISOR_115200);
	out(INTERRUPTS, 0);
	out(LINE_CONTROL, LCR_8N1);
	out(FIFO, FCR_ON);
	out(MODEM_CONTROL, MCR_READY);
}

static int init(void)
{
	struct uart *u;
	int err;

	if (drv_is_microvm() || !is_there())
		return -ENODEV;
	u = drv_alloc(sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->port.name = "ttyS0";
	u->port.ops = &ops;
	drv_lock_init(&u->lock);
	set_up();
	err = drv_irq_gsi(GSI, false, false, interrupt, u);
	if (!err)
		err = drv_port_add(&u->port);
	if (!err)
		set_interrupts(u);
	return err;
}

DRIVER_ENTRY(uart_8250, init);
