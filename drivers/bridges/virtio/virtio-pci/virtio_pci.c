/* drivers/bridges/virtio/virtio-pci/virtio_pci.c: the PCI transport, modern devices with MSI-X (virtio 1.1, 4.1). */
#include <errno.h>
#include <pci/pci.h>
#include <virtio/virtio.h>

#define VENDOR_VIRTIO 0x1af4
#define DEVICE_FIRST 0x1000	/* transitional ones, whose type is the subsystem id */
#define DEVICE_MODERN 0x1040
#define DEVICE_LAST 0x107f
#define MAX_CAPABILITIES 48
#define NBARS 6
#define NO_DEVICE 0xff	/* what reads as every register */
#define BAR_BYTES 0x4000
#define MAX_QUEUES 128

enum cfg_type { CFG_COMMON = 1, CFG_NOTIFY, CFG_ISR, CFG_DEVICE, CFG_TYPES };

/* virtio_pci_common_cfg */
enum common {
	COMMON_FEATURE_SELECT = 0x00, COMMON_FEATURE = 0x04, COMMON_DRIVER_SELECT = 0x08, COMMON_DRIVER = 0x0c,
	COMMON_MSIX = 0x10, COMMON_STATUS = 0x14, COMMON_QUEUE_SELECT = 0x16, COMMON_QUEUE_SIZE = 0x18,
	COMMON_QUEUE_MSIX = 0x1a, COMMON_QUEUE_ENABLE = 0x1c, COMMON_QUEUE_NOTIFY = 0x1e, COMMON_DESC = 0x20,
	COMMON_AVAIL = 0x28, COMMON_USED = 0x30,
};

struct function {
	struct virtio_device device;
	uint16_t bdf;
	volatile uint8_t *bars[NBARS];
	volatile uint8_t *cfg[CFG_TYPES];
	uint32_t notify_multiplier;
	volatile uint8_t *notify_at[MAX_QUEUES];	/* of those that are enabled */
};

static volatile uint8_t *common(struct virtio_device *d, enum common r)
{
	return ((struct function *)d->transport)->cfg[CFG_COMMON] + r;
}

#define R8(p) (*(volatile uint8_t *)(p))
#define R16(p) (*(volatile uint16_t *)(p))
#define R32(p) (*(volatile uint32_t *)(p))

static uint64_t features(struct virtio_device *d)
{
	uint64_t low;

	R32(common(d, COMMON_FEATURE_SELECT)) = 0;
	low = R32(common(d, COMMON_FEATURE));
	R32(common(d, COMMON_FEATURE_SELECT)) = 1;
	return low | (uint64_t)R32(common(d, COMMON_FEATURE)) << 32;
}

static void set_features(struct virtio_device *d, uint64_t f)
{
	R32(common(d, COMMON_DRIVER_SELECT)) = 0;
	R32(common(d, COMMON_DRIVER)) = (uint32_t)f;
	R32(common(d, COMMON_DRIVER_SELECT)) = 1;
	R32(common(d, COMMON_DRIVER)) = (uint32_t)(f >> 32);
}

static uint8_t status(struct virtio_device *d)
{
	return R8(common(d, COMMON_STATUS));
}

static void set_status(struct virtio_device *d, uint8_t s)
{
	R8(common(d, COMMON_STATUS)) = s;
	while (!s && R8(common(d, COMMON_STATUS)) && R8(common(d, COMMON_STATUS)) != NO_DEVICE)
		;
	if (!s)
		R16(common(d, COMMON_MSIX)) = 0;
}

static uint32_t config(struct virtio_device *d, uint32_t offset, unsigned bytes)
{
	volatile uint8_t *p = ((struct function *)d->transport)->cfg[CFG_DEVICE] + offset;

	return bytes == 1 ? R8(p) : bytes == 2 ? R16(p) : R32(p);
}

static void set_config(struct virtio_device *d, uint32_t offset, unsigned bytes, uint32_t value)
{
	volatile uint8_t *p = ((struct function *)d->transport)->cfg[CFG_DEVICE] + offset;

	if (bytes == 1)
		R8(p) = (uint8_t)value;
	else if (bytes == 2)
		R16(p) = (uint16_t)value;
	else
		R32(p) = value;
}

static uint16_t queue_max(struct virtio_device *d, uint16_t index)
{
	if (index >= MAX_QUEUES)
		return 0;
	R16(common(d, COMMON_QUEUE_SELECT)) = index;
	return R16(common(d, COMMON_QUEUE_SIZE));
}

static void write64(struct virtio_device *d, enum common r, uint64_t v)
{
	R32(common(d, r)) = (uint32_t)v;
	R32(common(d, r + 4)) = (uint32_t)(v >> 32);
}

static void queue_enable(struct virtio_device *d, uint16_t index, uint16_t size, uint64_t desc, uint64_t avail, uint64_t used)
{
	struct function *f = d->transport;

	R16(common(d, COMMON_QUEUE_SELECT)) = index;
	f->notify_at[index] = f->cfg[CFG_NOTIFY] + R16(common(d, COMMON_QUEUE_NOTIFY)) * f->notify_multiplier;
	R16(common(d, COMMON_QUEUE_SIZE)) = size;
	R16(common(d, COMMON_QUEUE_MSIX)) = 0;
	write64(d, COMMON_DESC, desc);
	write64(d, COMMON_AVAIL, avail);
	write64(d, COMMON_USED, used);
	R16(common(d, COMMON_QUEUE_ENABLE)) = 1;
}

static void notify(struct virtio_device *d, uint16_t index)
{
	struct function *f = d->transport;

	R16(f->notify_at[index]) = index;
}

static const struct virtio_transport_ops ops = {
	.features = features, .set_features = set_features, .status = status, .set_status = set_status,
	.config = config, .set_config = set_config, .queue_max = queue_max, .queue_enable = queue_enable, .notify = notify,
};

static void interrupt(void *context)
{
	struct function *f = context;

	if (f->device.interrupt)
		f->device.interrupt(&f->device);
}

/* The registers behind BAR @i, mapped once. */
static volatile uint8_t *bar(struct function *f, unsigned i)
{
	if (i < NBARS && !f->bars[i])
		f->bars[i] = pci_map_bar(f->bdf, i, BAR_BYTES);
	return i < NBARS ? f->bars[i] : NULL;
}

static void removed(void *context)
{
	virtio_remove_device(&((struct function *)context)->device);
}

static void read_capability(struct function *f, uint8_t cap)
{
	uint8_t type = (uint8_t)drv_pci_read(f->bdf, (uint16_t)(cap + 3), 1);
	volatile uint8_t *base = bar(f, drv_pci_read(f->bdf, (uint16_t)(cap + 4), 1));

	if (!base || type >= CFG_TYPES)
		return;
	f->cfg[type] = base + drv_pci_read(f->bdf, (uint16_t)(cap + 8), 4);
	if (type == CFG_NOTIFY)
		f->notify_multiplier = drv_pci_read(f->bdf, (uint16_t)(cap + 16), 4);
}

static int read_capabilities(struct function *f)
{
	uint8_t cap = 0;

	for (int i = 0; i < MAX_CAPABILITIES && (cap = pci_find_capability(f->bdf, PCI_CAP_VENDOR, cap)); i++)
		read_capability(f, cap);
	return pci_request_interrupt(f->bdf, interrupt, f);
}

static void add_function(uint16_t bdf)
{
	struct function *f = drv_alloc(sizeof(*f));
	int err;

	if (!f)
		return;
	f->bdf = bdf;
	pci_enable(bdf);
	err = read_capabilities(f);
	if (err || !f->cfg[CFG_COMMON] || !f->cfg[CFG_NOTIFY] || !f->cfg[CFG_DEVICE]) {
		if (!f->cfg[CFG_COMMON] || !f->cfg[CFG_NOTIFY]) {
			drv_log("virtio-pci: %02x:%02x has no modern interface", bdf >> 8, bdf >> 3 & 31);
			drv_free(f);
			return;
		}
	}
	f->device.ops = &ops;
	f->device.transport = f;
	f->device.id = drv_pci_read(bdf, 2, 2);
	f->device.id = f->device.id < DEVICE_MODERN ? drv_pci_read(bdf, 0x2e, 2) : f->device.id - DEVICE_MODERN;
	virtio_add_device(&f->device);
	drv_pci_watch(bdf, removed, f);
}

static void look_at(uint16_t bdf, void *context)
{
	uint32_t id = drv_pci_read(bdf, 0, 4);

	(void)context;
	if ((id & 0xffff) == VENDOR_VIRTIO && id >> 16 >= DEVICE_FIRST && id >> 16 <= DEVICE_LAST)
		add_function(bdf);
}

static int init(void)
{
	if (!drv_pci_present())
		return -ENODEV;
	drv_pci_for_each(look_at, NULL);
	return drv_pci_listen(look_at, NULL);
}

DRIVER_ENTRY(virtio_pci, init);
