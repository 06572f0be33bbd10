/* drivers/libs/virtio/include/virtio/virtio.h: virtio 1.x devices, whatever their transport (OASIS virtio 1.1).
 *
 * A transport (mmio, pci) finds devices and calls virtio_add_device(); a device
 * driver claims a device id with virtio_add_driver(). Whichever comes second
 * causes the probe. Split rings, no indirect descriptors.
 *
 * Locking: a queue's callers hold a lock of the driver's, with interrupts off.
 */
#ifndef VIRTIO_VIRTIO_H
#define VIRTIO_VIRTIO_H

#include <driver/api.h>

#define VIRTIO_ID_BLOCK 2
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_RNG 4
#define VIRTIO_ID_9P 9
#define VIRTIO_ID_INPUT 18

#define VIRTIO_F_VERSION_1 (1ull << 32)

struct virtio_device;
struct virtio_queue;

/* What a transport does for the library. */
struct virtio_transport_ops {
	uint64_t (*features)(struct virtio_device *d);
	void (*set_features)(struct virtio_device *d, uint64_t features);
	uint8_t (*status)(struct virtio_device *d);
	void (*set_status)(struct virtio_device *d, uint8_t status);	/* 0 resets and waits */
	uint32_t (*config)(struct virtio_device *d, uint32_t offset, unsigned bytes);
	void (*set_config)(struct virtio_device *d, uint32_t offset, unsigned bytes, uint32_t value);
	uint16_t (*queue_max)(struct virtio_device *d, uint16_t index);	/* 0: no such queue */
	void (*queue_enable)(struct virtio_device *d, uint16_t index, uint16_t size, uint64_t desc, uint64_t avail, uint64_t used);
	void (*notify)(struct virtio_device *d, uint16_t index);
};
struct virtio_device {
	const struct virtio_transport_ops *ops;
	void *transport;
	uint32_t id;
	uint64_t features;		/* negotiated */
	void (*interrupt)(struct virtio_device *d);	/* the driver's: some queue has used buffers */
	/* The driver's, or NULL: the device is to go. Afterwards it is not touched. Process context. */
	void (*remove)(struct virtio_device *d);
	void *driver;
	struct virtio_device *next;
	bool is_claimed;
};
struct virtio_driver {
	uint32_t id;
	uint64_t features;		/* wanted beside VERSION_1 */
	int (*probe)(struct virtio_device *d);	/* 0, or the device is marked failed */
	struct virtio_driver *next;
};
void virtio_add_device(struct virtio_device *d);
/* Its transport lost it: its driver lets it go. @d stays. */
void virtio_remove_device(struct virtio_device *d);
void virtio_add_driver(struct virtio_driver *drv);

/* Make queue @index with at most @size entries (a power of two). NULL: none, no memory. */
struct virtio_queue *virtio_queue_create(struct virtio_device *d, uint16_t index, uint16_t size);
/* After the queues exist: DRIVER_OK. */
void virtio_device_ready(struct virtio_device *d);

/* Add a chain: @out read by the device, then @in written by it. @token comes back from
 * virtio_queue_take(). Returns: 0; -EAGAIN when the ring has no room. */
int virtio_queue_add(struct virtio_queue *q, const struct drv_segment *out, uint32_t nout,
	const struct drv_segment *in, uint32_t nin, void *token);
void virtio_queue_kick(struct virtio_queue *q);	/* tell the device, if it wants to know */
/* A finished chain's token, and how many bytes were written; NULL when there is none. */
void *virtio_queue_take(struct virtio_queue *q, uint32_t *written);
uint16_t virtio_queue_free(const struct virtio_queue *q);

#endif
