/* drivers/bridges/block/ahci/ahci.c: SATA disks (AHCI 1.3.1; ATA8-ACS).
 *
 * One command a port is under way, in slot 0, so that it is clear which one failed. What is
 * no disk (ATAPI, port multipliers) is left alone.
 *
 * Locking: port->lock guards the port's registers and its request.
 */
#include <errno.h>
#include <pci/pci.h>
#include <string.h>

#define CLASS_AHCI 0x010601u
#define BAR_AHCI 5
#define NPORTS 32u
#define REGISTER_BYTES (0x100u + NPORTS * 0x80u)
#define MAX_SEGMENTS 128u
#define MAX_SEGMENT_BYTES (4u << 20)
#define MAX_SECTORS 2048u
#define TIMEOUT_NS 5000000000ull

enum host { HOST_GHC = 0x04, HOST_IS = 0x08, HOST_PI = 0x0c };
#define GHC_AHCI (1u << 31)
#define GHC_INTERRUPTS 2u

enum reg {
	PORT_CLB = 0x00, PORT_FB = 0x08, PORT_IS = 0x10, PORT_IE = 0x14, PORT_CMD = 0x18, PORT_TFD = 0x20, PORT_SIG = 0x24,
	PORT_SSTS = 0x28, PORT_SERR = 0x30, PORT_CI = 0x38,
};
#define IS_DONE 0x2fu		/* a FIS came, or a descriptor ended */
#define IS_ERRORS 0x7d800010u	/* task file, bus, interface, overflow; unknown FIS */
#define CMD_START 1u
#define CMD_FIS 0x10u
#define CMD_FIS_RUNS 0x4000u
#define CMD_RUNS 0x8000u
#define TFD_BUSY 0x88u		/* BSY, DRQ */
#define TFD_ERROR 1u
#define SSTS_PRESENT 3u
#define SIGNATURE_DISK 0x101u
#define HEADER_WRITE 0x40u
#define FIS_DWORDS 5u

enum ata {
	ATA_DATASET = 0x06, ATA_READ_DMA_EXT = 0x25, ATA_WRITE_DMA_EXT = 0x35, ATA_FLUSH_EXT = 0xea, ATA_IDENTIFY = 0xec,
};
#define DATASET_TRIM 1u
#define MAX_TRIM_SECTORS (64u * 65535u)	/* one block of ranges */
#define LBA_MODE 0x40u

struct descriptor { uint64_t address; uint32_t reserved, len; };
struct table {
	uint8_t fis[64], atapi[16], reserved[48];
	struct descriptor descriptors[MAX_SEGMENTS];
};
struct header { uint32_t flags, transferred; uint64_t table; uint32_t reserved[4]; };

struct port {
	struct drv_block block;
	struct host_adapter *host;
	volatile uint8_t *registers;
	struct drv_lock lock;
	struct drv_block_request *rq;	/* under way */
	bool is_dead;
	/* One page: command list at 0, received FISes at 1024, and two for the table. */
	struct header *headers;
	struct table *table;
	uint8_t *block_buffer;	/* of 512 bytes: IDENTIFY, ranges to trim */
};

struct host_adapter {
	volatile uint8_t *registers;
	struct port *ports[NPORTS];
};

static uint32_t nhosts;

static uint32_t read32(const struct port *p, enum reg r)
{
	return *(volatile uint32_t *)(p->registers + r);
}

static void write32(struct port *p, enum reg r, uint32_t v)
{
	*(volatile uint32_t *)(p->registers + r) = v;
}

static volatile uint32_t *host_register(const struct host_adapter *h, enum host r)
{
	return (volatile uint32_t *)(h->registers + r);
}

/* ---- a port's engines ---- */

static bool wait_clear(const struct port *p, enum reg r, uint32_t bits)
{
	uint64_t deadline = drv_clock_ns() + TIMEOUT_NS;

	while (read32(p, r) & bits) {
		if (drv_clock_ns() > deadline)
			return false;
	}
	return true;
}

static bool stop(struct port *p)
{
	write32(p, PORT_CMD, read32(p, PORT_CMD) & ~CMD_START);
	return wait_clear(p, PORT_CMD, CMD_RUNS);
}

static int start(struct port *p)
{
	write32(p, PORT_CMD, read32(p, PORT_CMD) | CMD_FIS);
	write32(p, PORT_SERR, ~0u);
	write32(p, PORT_IS, ~0u);
	if (!wait_clear(p, PORT_TFD, TFD_BUSY))
		return -EIO;
	write32(p, PORT_CMD, read32(p, PORT_CMD) | CMD_START);
	return 0;
}

static void issue(struct port *p, enum ata command, uint32_t features, uint64_t lba, uint32_t count, bool is_write,
		  uint32_t ndescriptors)
{
	uint8_t *f = p->table->fis;

	memset(f, 0, sizeof(p->table->fis));
	f[0] = 0x27;	/* register, host to device */
	f[1] = 0x80;	/* a command */
	f[2] = (uint8_t)command;
	f[3] = (uint8_t)features;
	f[7] = LBA_MODE;
	for (unsigned i = 0; i < 3; i++) {
		f[4 + i] = (uint8_t)(lba >> 8 * i);
		f[8 + i] = (uint8_t)(lba >> 8 * (i + 3));
	}
	f[12] = (uint8_t)count;
	f[13] = (uint8_t)(count >> 8);
	p->headers[0].flags = FIS_DWORDS | (is_write ? HEADER_WRITE : 0) | ndescriptors << 16;
	p->headers[0].transferred = 0;
	p->headers[0].table = drv_dma_address(p->table);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	write32(p, PORT_CI, 1);
}

static void describe(struct port *p, uint32_t i, uint64_t address, uint32_t len)
{
	p->table->descriptors[i] = (struct descriptor){ .address = address, .len = len - 1 };
}

/* ---- requests ---- */

/* The ranges of a trim: 48 bits of start, 16 of length. */
static void issue_trim(struct port *p, uint64_t sector, uint64_t left)
{
	uint64_t *range = (uint64_t *)p->block_buffer;

	memset(range, 0, 512);
	for (unsigned i = 0; left && i < 64; i++) {
		uint64_t n = left < 65535 ? left : 65535;

		range[i] = sector | n << 48;
		sector += n;
		left -= n;
	}
	describe(p, 0, drv_dma_address(range), 512);
	issue(p, ATA_DATASET, DATASET_TRIM, 0, 1, true, 1);
}

static void issue_request(struct port *p, const struct drv_block_request *rq)
{
	bool is_write = rq->op == DRV_BLOCK_WRITE;

	switch (rq->op) {
	case DRV_BLOCK_FLUSH:
		issue(p, ATA_FLUSH_EXT, 0, 0, 0, false, 0);
		return;
	case DRV_BLOCK_DISCARD:
		issue_trim(p, rq->sector, rq->nsectors);
		return;
	default:
		for (uint32_t i = 0; i < rq->nsegments; i++)
			describe(p, i, rq->segments[i].phys, rq->segments[i].len);
		issue(p, is_write ? ATA_WRITE_DMA_EXT : ATA_READ_DMA_EXT, 0, rq->sector, (uint32_t)rq->nsectors, is_write,
		      rq->nsegments);
	}
}

static int submit(struct drv_block *b, struct drv_block_request *rq)
{
	struct port *p = b->driver;
	uint64_t flags;
	int err = 0;

	if (rq->nsegments > MAX_SEGMENTS)
		return -EINVAL;
	flags = drv_lock_acquire(&p->lock);
	if (p->is_dead) {
		err = -ENODEV;
	} else if (p->rq) {
		err = -EAGAIN;
	} else {
		p->rq = rq;
		issue_request(p, rq);
	}
	drv_lock_release(&p->lock, flags);
	return err;
}

static void port_interrupt(struct port *p)
{
	uint64_t flags = drv_lock_acquire(&p->lock);
	uint32_t status = read32(p, PORT_IS);
	struct drv_block_request *rq = NULL;
	int error = 0;

	write32(p, PORT_IS, status);
	if (p->rq && (status & IS_ERRORS)) {
		/* AHCI 6.2.2.1: the engine has stopped; it is started anew, without what failed. */
		rq = p->rq;
		error = -EIO;
		if (!stop(p) || start(p))
			p->is_dead = true;
	} else if (p->rq && !(read32(p, PORT_CI) & 1)) {
		rq = p->rq;
		error = read32(p, PORT_TFD) & TFD_ERROR ? -EIO : 0;
	}
	if (rq)
		p->rq = NULL;
	drv_lock_release(&p->lock, flags);
	if (rq)
		rq->done(rq, error);
}

static void interrupt(void *context)
{
	struct host_adapter *h = context;
	uint32_t pending = *host_register(h, HOST_IS);

	for (uint32_t i = 0; i < NPORTS; i++) {
		if ((pending >> i & 1) && h->ports[i])
			port_interrupt(h->ports[i]);
	}
	*host_register(h, HOST_IS) = pending;
}

static void reset(struct drv_block *b)
{
	struct port *p = b->driver;
	uint64_t flags = drv_lock_acquire(&p->lock);
	struct drv_block_request *rq = p->rq;

	p->rq = NULL;
	p->is_dead = !stop(p) || start(p);
	drv_lock_release(&p->lock, flags);
	drv_log("ahci: port reset%s", p->is_dead ? " failed" : "");
	if (rq)
		rq->done(rq, p->is_dead ? -ENODEV : -EIO);
}

static const struct drv_block_ops ops = { .submit = submit, .reset = reset };

/* ---- what there is ---- */

static uint32_t word(const struct port *p, unsigned i)
{
	return p->block_buffer[2 * i] | (uint32_t)p->block_buffer[2 * i + 1] << 8;
}

/* ATA's strings have the bytes of each word exchanged. */
static void copy_text(const struct port *p, char *to, unsigned first, unsigned nwords)
{
	unsigned n = 2 * nwords, skip = 0;

	for (unsigned i = 0; i < n; i++)
		to[i] = (char)p->block_buffer[2 * first + (i ^ 1)];
	while (n && (to[n - 1] == ' ' || !to[n - 1]))
		n--;
	while (skip < n && to[skip] == ' ')
		skip++;
	memmove(to, to + skip, n - skip);
	to[n - skip] = '\0';
}

static int identify(struct port *p)
{
	describe(p, 0, drv_dma_address(p->block_buffer), 512);
	issue(p, ATA_IDENTIFY, 0, 0, 0, false, 1);
	if (!wait_clear(p, PORT_CI, 1) || (read32(p, PORT_TFD) & TFD_ERROR))
		return -EIO;
	return word(p, 83) & 1 << 10 ? 0 : -ENODEV;	/* 48-bit addresses */
}

static void read_geometry(struct port *p)
{
	uint32_t sizes = word(p, 106);
	struct drv_block *b = &p->block;

	*b = (struct drv_block){
		.prefix = "sd", .ops = &ops, .driver = p, .block_bytes = 512, .max_segments = MAX_SEGMENTS,
		.max_segment_bytes = MAX_SEGMENT_BYTES, .max_sectors = MAX_SECTORS, .max_discard_sectors = MAX_TRIM_SECTORS,
		.is_cached = word(p, 82) & 1 << 5, .can_discard = word(p, 169) & 1,
	};
	b->sectors = word(p, 100) | (uint64_t)word(p, 101) << 16 | (uint64_t)word(p, 102) << 32 | (uint64_t)word(p, 103) << 48;
	if ((sizes & 0xd000) == 0x5000)	/* valid, and larger logical sectors */
		b->block_bytes = (word(p, 117) | word(p, 118) << 16) * 2;
	b->sectors *= b->block_bytes / 512;
	b->physical_bytes = b->block_bytes;
	if ((sizes & 0xe000) == 0x6000)
		b->physical_bytes <<= sizes & 15;
	copy_text(p, b->serial, 10, 10);
	copy_text(p, b->model, 27, 20);
}

static int start_first(struct port *p)
{
	uint8_t *lists = drv_alloc(4096);

	p->table = drv_alloc(4096);
	p->block_buffer = drv_alloc(512);
	if (!lists || !p->table || !p->block_buffer)
		return -ENOMEM;
	p->headers = (struct header *)lists;
	if (!stop(p))
		return -EIO;
	write32(p, PORT_CMD, read32(p, PORT_CMD) & ~CMD_FIS);
	if (!wait_clear(p, PORT_CMD, CMD_FIS_RUNS))
		return -EIO;
	write32(p, PORT_CLB, (uint32_t)drv_dma_address(lists));
	write32(p, PORT_CLB + 4, (uint32_t)(drv_dma_address(lists) >> 32));
	write32(p, PORT_FB, (uint32_t)drv_dma_address(lists + 1024));
	write32(p, PORT_FB + 4, (uint32_t)(drv_dma_address(lists + 1024) >> 32));
	return start(p);
}

static void add_port(struct host_adapter *h, uint32_t i)
{
	struct port *p = drv_alloc(sizeof(*p));
	int err;

	if (!p)
		return;
	p->host = h;
	p->registers = h->registers + 0x100 + i * 0x80;
	drv_lock_init(&p->lock);
	if ((read32(p, PORT_SSTS) & 15) != SSTS_PRESENT) {
		drv_free(p);
		return;
	}
	err = start_first(p);
	if (!err && read32(p, PORT_SIG) != SIGNATURE_DISK)
		return;
	if (!err)
		err = identify(p);
	if (err) {
		drv_log("ahci: port %u does not start: error %d", i, -err);
		return;
	}
	read_geometry(p);
	write32(p, PORT_IS, ~0u);
	h->ports[i] = p;
	write32(p, PORT_IE, IS_DONE | IS_ERRORS);
	if (drv_block_add(&p->block))
		drv_log("ahci: port %u: the disk is refused", i);
}

static void add_host(uint16_t bdf, void *context)
{
	struct host_adapter *h;
	int err;

	(void)context;
	if (pci_class(bdf) != CLASS_AHCI)
		return;
	h = drv_alloc(sizeof(*h));
	if (!h)
		return;
	pci_enable(bdf);
	h->registers = pci_map_bar(bdf, BAR_AHCI, REGISTER_BYTES);
	err = h->registers ? pci_request_interrupt(bdf, interrupt, h) : -ENODEV;
	if (err) {
		drv_log("ahci: does not start: error %d", -err);
		drv_free(h);
		return;
	}
	nhosts++;
	*host_register(h, HOST_GHC) |= GHC_AHCI;
	*host_register(h, HOST_GHC) |= GHC_INTERRUPTS;
	for (uint32_t i = 0; i < NPORTS; i++) {
		if (*host_register(h, HOST_PI) >> i & 1)
			add_port(h, i);
	}
}

static int init(void)
{
	if (!drv_pci_present())
		return -ENODEV;
	drv_pci_for_each(add_host, NULL);
	return nhosts ? 0 : -ENODEV;
}

DRIVER_ENTRY(ahci, init);
