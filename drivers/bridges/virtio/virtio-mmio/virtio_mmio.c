/* drivers/bridges/virtio/virtio-mmio/virtio_mmio.c: the memory-mapped transport (virtio 1.1, 4.2).
 *
 * QEMU's microvm has its slots at fixed addresses and lists them only in AML: they are
 * found by their magic. Slot i interrupts at GSI 24 + i, the second IOAPIC's lines,
 * or 16 + i where there is one IOAPIC.
 */
#include <errno.h>
#include <virtio/virtio.h>

#define FIRST_SLOT 0xfeb00000ull
#define SLOT_BYTES 0x200
#define NSLOTS_TWO_IOAPICS 24
#define NSLOTS_ONE_IOAPIC 8
#define MAGIC 0x74726976u

enum reg {
	REG_MAGIC = 0x00, REG_VERSION = 0x04, REG_DEVICE_ID = 0x08, REG_FEATURES = 0x10, REG_FEATURES_SEL = 0x14,
	REG_DRIVER_FEATURES = 0x20, REG_DRIVER_FEATURES_SEL = 0x24, REG_QUEUE_SEL = 0x30, REG_QUEUE_MAX = 0x34,
	REG_QUEUE_NUM = 0x38, REG_QUEUE_READY = 0x44, REG_NOTIFY = 0x50, REG_INTERRUPT_STATUS = 0x60,
	REG_INTERRUPT_ACK = 0x64, REG_STATUS = 0x70, REG_DESC = 0x80, REG_AVAIL = 0x90, REG_USED = 0xa0, REG_CONFIG = 0x100,
};

struct slot {
	struct virtio_device device;
	volatile uint8_t *base;
};

static uint32_t read32(struct virtio_device *d, enum reg r)
{
	return *(volatile uint32_t *)(((struct slot *)d->transport)->base + r);
}

static void write32(struct virtio_device *d, enum reg r, uint32_t v)
{
	*(volatile uint32_t *)(((struct slot *)d->transport)->base + r) = v;
}

static void write64(struct virtio_device *d, enum reg r, uint64_t v)
{
	write32(d, r, (uint32_t)v);
	write32(d, r + 4, (uint32_t)(v >> 32));
}

static uint64_t features(struct virtio_device *d)
{
	uint64_t low;

	write32(d, REG_FEATURES_SEL, 0);
	low = read32(d, REG_FEATURES);
	write32(d, REG_FEATURES_SEL, 1);
	return low | (uint64_t)read32(d, REG_FEATURES) << 32;
}

static void set_features(struct virtio_device *d, uint64_t f)
{
	write32(d, REG_DRIVER_FEATURES_SEL, 0);
	write32(d, REG_DRIVER_FEATURES, (uint32_t)f);
	write32(d, REG_DRIVER_FEATURES_SEL, 1);
	write32(d, REG_DRIVER_FEATURES, (uint32_t)(f >> 32));
}

static uint8_t status(struct virtio_device *d)
{
	return (uint8_t)read32(d, REG_STATUS);
}

static void set_status(struct virtio_device *d, uint8_t s)
{
	write32(d, REG_STATUS, s);
}

static uint32_t config(struct virtio_device *d, uint32_t offset, unsigned bytes)
{
	volatile uint8_t *p = ((struct slot *)d->transport)->base + REG_CONFIG + offset;

	switch (bytes) {
	case 1:
		return *p;
	case 2:
		return *(volatile uint16_t *)p;
	default:
		return *(volatile uint32_t *)p;
	}
}

static void set_config(struct virtio_device *d, uint32_t offset, unsigned bytes, uint32_t value)
{
	volatile uint8_t *p = ((struct slot *)d->transport)->base + REG_CONFIG + offset;

	if (bytes == 1)
		*p = (uint8_t)value;
	else if (bytes == 2)
		*(volatile uint16_t *)p = (uint16_t)value;
	else
		*(volatile uint32_t *)p = value;
}

static uint16_t queue_max(struct virtio_device *d, uint16_t index)
{
	write32(d, REG_QUEUE_SEL, index);
	return (uint16_t)read32(d, REG_QUEUE_MAX);
}

static void queue_enable(struct virtio_device *d, uint16_t index, uint16_t size, uint64_t desc, uint64_t avail, uint64_t used)
{
	write32(d, REG_QUEUE_SEL, index);
	write32(d, REG_QUEUE_NUM, size);
	write64(d, REG_DESC, desc);
	write64(d, REG_AVAIL, avail);
	write64(d, REG_USED, used);
	write32(d, REG_QUEUE_READY, 1);
}

static void notify(struct virtio_device *d, uint16_t index)
{
	write32(d, REG_NOTIFY, index);
}

static const struct virtio_transport_ops ops = {
	.features = features, .set_features = set_features, .status = status, .set_status = set_status,
	.config = config, .set_config = set_config, .queue_max = queue_max, .queue_enable = queue_enable, .notify = notify,
};

static void interrupt(void *context)
{
	struct slot *s = context;
	uint32_t pending = read32(&s->device, REG_INTERRUPT_STATUS);

	if (!pending)
		return;
	write32(&s->device, REG_INTERRUPT_ACK, pending);
	if (s->device.interrupt)
		s->device.interrupt(&s->device);
}

static int add_slot(volatile uint8_t *base, uint32_t gsi)
{
	struct slot *s = drv_alloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->base = base;
	s->device.ops = &ops;
	s->device.transport = s;
	s->device.id = *(volatile uint32_t *)(base + REG_DEVICE_ID);
	err = drv_irq_gsi(gsi, true, false, interrupt, s);
	if (err) {
		drv_free(s);
		return err;
	}
	virtio_add_device(&s->device);
	return 0;
}

static int init(void)
{
	bool two = drv_ioapic_count() > 1;
	uint32_t nslots = two ? NSLOTS_TWO_IOAPICS : NSLOTS_ONE_IOAPIC, first_gsi = two ? 24 : 16;
	volatile uint8_t *base;
	uint32_t found = 0;
	int err = 0;

	if (!drv_is_microvm())
		return -ENODEV;
	base = drv_map(FIRST_SLOT, nslots * SLOT_BYTES);
	if (!base)
		return -ENOMEM;
	for (uint32_t i = nslots; i-- && !err; ) {
		volatile uint8_t *slot = base + i * SLOT_BYTES;

		if (*(volatile uint32_t *)(slot + REG_MAGIC) != MAGIC || *(volatile uint32_t *)(slot + REG_VERSION) != 2 ||
		    !*(volatile uint32_t *)(slot + REG_DEVICE_ID))
			continue;
		found++;
		err = add_slot(slot, first_gsi + i);
	}
	return err ? err : found ? 0 : -ENODEV;
}

DRIVER_ENTRY(virtio_mmio, init);
