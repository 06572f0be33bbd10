/* kernel/io-manager/include/driver/api.h: DriverKernelApiV1, all that a bridge driver may call.
 *
 * A driver is the same source whether it is linked in (`builtin = true` in its
 * package.toml) or loaded as a module. It names its entry with DRIVER_ENTRY and calls
 * nothing of the kernel that is not declared here.
 *
 * Locking: callbacks marked "interrupt" run with interrupts off and must not sleep.
 */
#ifndef DRIVER_API_H
#define DRIVER_API_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRIVER_KERNEL_API_VERSION 1

struct driver_entry {
	uint32_t api_version;
	const char *name;
	/* Probe for devices. Returns: 0; -ENODEV nothing found; other errors are logged. A module that
	 * returns an error is unloaded: it must have left nothing behind that leads into it. */
	int (*init)(void);
};
#ifndef DRIVER_LICENSE
#define DRIVER_LICENSE "MIT"
#endif
#define DRIVER_TEXT_(x) #x
#define DRIVER_TEXT(x) DRIVER_TEXT_(x)
/* The entry, and what a module says of itself in .modinfo. */
#define DRIVER_ENTRY(ident, init_fn) \
	static const char ident##_info[] __attribute__((section(".modinfo"), used, aligned(1))) = \
		"name=" #ident "\0license=" DRIVER_LICENSE "\0api=" DRIVER_TEXT(DRIVER_KERNEL_API_VERSION); \
	static const struct driver_entry ident##_entry \
		__attribute__((section(".drivers"), used, aligned(8))) = { DRIVER_KERNEL_API_VERSION, #ident, init_fn }

/* Memory: zeroed, physically contiguous, reachable by devices. Process context. */
void *drv_alloc(size_t bytes);
void drv_free(void *p);
uint64_t drv_dma_address(const void *p);	/* physical address of drv_alloc()ed memory */
/* Device registers, uncached. NULL when there is no room. */
volatile void *drv_map(uint64_t phys, size_t bytes);

/* Interrupts. 0 or a negative errno. */
int drv_irq_gsi(uint32_t gsi, bool level, bool active_low, void (*handler)(void *), void *context);
int drv_irq_msi(void (*handler)(void *), void *context, uint64_t *address, uint32_t *data);

/* A spinlock of class QUEUE that interrupt handlers may take. */
struct drv_lock { uint64_t opaque; };
void drv_lock_init(struct drv_lock *l);
uint64_t drv_lock_acquire(struct drv_lock *l);
void drv_lock_release(struct drv_lock *l, uint64_t flags);

/* PCI configuration space. */
bool drv_pci_present(void);
uint32_t drv_pci_read(uint16_t bdf, uint16_t offset, unsigned bytes);
void drv_pci_write(uint16_t bdf, uint16_t offset, unsigned bytes, uint32_t value);
/* Every function there is, behind bridges too. */
void drv_pci_for_each(void (*fn)(uint16_t bdf, void *context), void *context);

/* @removed is called once when the function is to go: afterwards it is gone. Process context. */
int drv_pci_watch(uint16_t bdf, void (*removed)(void *context), void *context);
/* The functions of @bus are to go: returns when their drivers have let them go. */
void drv_pci_removed(uint8_t bus);
/* @arrived is called for each function that comes from now on and has no driver; who has one calls drv_pci_watch().
 * What was there before drv_pci_for_each() tells. A driver that calls this stays: its init returns 0. */
int drv_pci_listen(void (*arrived)(uint16_t bdf, void *context), void *context);
/* Functions have come to @bus: @prepare makes them ready, while no driver looks. Returns: 0; what @prepare returned.
 * Process context. */
int drv_pci_added(uint8_t bus, int (*prepare)(void *context), void *context);

/* A thread that calls @fn after each wake, once for several that come together. NULL: no memory. */
struct drv_worker;
struct drv_worker *drv_worker_create(const char *name, void (*fn)(void *context), void *context);
void drv_worker_wake(struct drv_worker *w);	/* any context */

/* Ports of the I/O space. */
uint8_t drv_io_read8(uint16_t port);
void drv_io_write8(uint16_t port, uint8_t value);

/* There is a device, by its modalias (libs/alias), for drivers that are loaded later; *@is_taken, which stays,
 * tells whether one has it. PCI functions are known without. Process context. */
void drv_device_announce(const char *modalias, const bool *is_taken);
/* A driver provides @group, a string that stays: others of the group are not loaded. Process context. */
void drv_provider_add(const char *group);

uint64_t drv_clock_ns(void);
void drv_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void drv_entropy(const void *bytes, size_t n);	/* any context */
/* The controllers that firmware tables list; for devices that are not enumerated (microvm). */
uint32_t drv_ioapic_count(void);
bool drv_is_microvm(void);

/* ---- Byte ports (virtio-console) ----
 * io-manager reads and writes a port through its ops, in process context, one reader
 * and one writer at a time. */
struct drv_port;
struct drv_port_ops {
	/* Bytes at the head of what was received, in place; 0 when there are none. */
	size_t (*receive_peek)(struct drv_port *p, const void **data);
	/* The first @n of them are used up. */
	void (*receive_consume)(struct drv_port *p, size_t n);
	/* An empty send buffer and its size; NULL when all are in flight. */
	void *(*send_get)(struct drv_port *p, size_t *capacity);
	void (*send_submit)(struct drv_port *p, void *buffer, size_t n);
	void (*send_cancel)(struct drv_port *p, void *buffer);	/* not used after all */
	/* Every submitted buffer has reached the host. */
	bool (*send_is_drained)(struct drv_port *p);
};
struct drv_port {
	const char *name;
	const struct drv_port_ops *ops;
	void *io;	/* io-manager's */
};
int drv_port_add(struct drv_port *p);
/* Bytes came, a buffer was sent, or the host's side opened or closed. Interrupt. */
void drv_port_event(struct drv_port *p);

/* ---- 9P transports (virtio-9p) ---- */
struct drv_segment { uint64_t phys; uint32_t len; };
#define DRV_9P_MAX_SEGMENTS 128
struct drv_9p_request {
	const struct drv_segment *out;	/* T-message, then payload pages */
	uint32_t nout;
	const struct drv_segment *in;	/* room for the R-message, then payload pages */
	uint32_t nin;
	void (*done)(struct drv_9p_request *rq, uint32_t received);	/* interrupt */
	void *context;
};
struct drv_9p {
	const char *tag;	/* mount tag */
	/* Returns: 0; -EAGAIN the ring is full (try after the next done); -EIO. Any context. */
	int (*submit)(struct drv_9p *t, struct drv_9p_request *rq);
	/* Tell the device that there are requests; once more, should it have missed that. Any context. */
	void (*poke)(struct drv_9p *t);
	void *driver;
};
int drv_9p_add(struct drv_9p *t);

/* ---- Block devices (virtio-blk, NVMe, AHCI) ---- */
enum drv_block_op { DRV_BLOCK_READ, DRV_BLOCK_WRITE, DRV_BLOCK_FLUSH, DRV_BLOCK_DISCARD };
struct drv_block_request {
	enum drv_block_op op;
	uint64_t sector;	/* 512 bytes each, whatever the device's block size */
	uint64_t nsectors;	/* READ, WRITE: the sum of the segments */
	const struct drv_segment *segments;
	uint32_t nsegments;
	/* Once for each accepted request. @error: 0, -EIO, -ENODEV, -EROFS, -ENOSPC. Interrupt. */
	void (*done)(struct drv_block_request *rq, int error);
	void *context;
	void *driver;		/* the driver's, from submit to done */
};
struct drv_block;
struct drv_block_ops {
	/* Returns: 0; -EAGAIN the queue is full (try after the next done); -ENODEV it is gone. Any context,
	 * interrupts off, under a lock of io-manager's that `done` takes: never call that from within. */
	int (*submit)(struct drv_block *b, struct drv_block_request *rq);
	/* A request has not been done for long: end all that were accepted, with -EIO if need be, and get
	 * the device to work again. Process context, sleeps; NULL: nothing helps. */
	void (*reset)(struct drv_block *b);
	/* Tell the device once more that it has requests, should it have missed that. Under the lock of `submit`;
	 * NULL: it cannot miss it. */
	void (*poke)(struct drv_block *b);
};
struct drv_block {
	const char *prefix;	/* "vd" and "sd" get a letter, "nvme" the numbers below */
	uint32_t unit, nspace;	/* NVMe: which controller, and which namespace of it, from 1; else 0 */
	const struct drv_block_ops *ops;
	uint64_t sectors;
	uint32_t block_bytes, physical_bytes;
	uint32_t max_segments, max_segment_bytes, max_sectors, max_discard_sectors;	/* 0: no limit of its own */
	bool is_read_only, is_cached, can_discard;
	char serial[24], model[48];	/* with their NUL, trimmed */
	void *driver, *io;
};
int drv_block_add(struct drv_block *b);
/* The device vanished, or its driver leaves. Every accepted request has been done, with -ENODEV if need
 * be; submit is not called again, and @b stays until then. Process context. */
void drv_block_remove(struct drv_block *b);

/* ---- Input devices (PS/2, virtio-input) ----
 * Types, codes and values are Linux's (linux/input-event-codes.h). Bit n of a set is bit n % 8 of byte n / 8. */
#define DRV_INPUT_ABS_CODES 64
struct drv_input_abs { int32_t value, minimum, maximum, fuzz, flat, resolution; };
struct drv_input {
	char name[64], phys[32];
	uint16_t bus, vendor, product, version;
	uint8_t properties[4], types[4], keys[96], relative[2], absolute[8], misc[1], leds[2];
	struct drv_input_abs axes[DRV_INPUT_ABS_CODES];
	bool repeats_itself;	/* sends value 2 while a key is held; else the kernel does */
	/* A program sets an LED; NULL: there are none. Process context. */
	void (*set_led)(struct drv_input *d, uint16_t code, bool is_on);
	void *driver, *io;
};
static inline void drv_input_set(uint8_t *bits, unsigned n) { bits[n / 8] |= (uint8_t)(1u << n % 8); }
/* Returns: 0; -ENOMEM; -ENOSPC. Process context. */
int drv_input_add(struct drv_input *d);
/* The device vanished: @d stays, and no event of it comes any more. One that was never added is fine. Process context. */
void drv_input_remove(struct drv_input *d);
/* One event; a packet ends with EV_SYN, SYN_REPORT. Events of one device come one after the other. Interrupt. */
void drv_input_event(struct drv_input *d, uint16_t type, uint16_t code, int32_t value);

#endif
