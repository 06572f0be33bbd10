/* drivers/bridges/block/nvme/nvme.c: NVM Express controllers (NVM Express 1.4).
 *
 * The admin queue is polled and used while a controller starts; one I/O queue pair serves all
 * namespaces. A command's identifier is the number of its slot, which has the list of its pages.
 *
 * Locking: controller->lock guards the I/O queues and the slots.
 */
#include <errno.h>
#include <pci/pci.h>
#include <string.h>

#define CLASS_NVME 0x010802u
#define MAX_CONTROLLERS 8
#define MAX_NAMESPACES 16
#define PAGE 4096u
#define REGISTER_BYTES 0x2000u
#define ENTRIES 64u		/* of each queue; more than there are slots, so none is ever full */
#define NSLOTS 32u
#define LIST_BYTES 2048u	/* of one slot's page list, which so lies within a page */
#define MAX_PAGES 129u		/* 512 KiB that begin within a page */
#define MAX_SECTORS 1024u
#define ADMIN_TIMEOUT_NS 5000000000ull
#define TIMEOUT_UNIT_NS 500000000ull

enum reg { REG_CAP = 0x00, REG_CC = 0x14, REG_CSTS = 0x1c, REG_AQA = 0x24, REG_ASQ = 0x28, REG_ACQ = 0x30, REG_DOORBELLS = 0x1000 };
#define CC_ENABLE (1u | 6u << 16 | 4u << 20)	/* entries of 64 and 16 bytes, pages of 4 KiB */
#define CSTS_READY 1u
#define CSTS_FATAL 2u
#define GONE 0xffffffffu

enum opcode {
	ADMIN_CREATE_SQ = 0x01, ADMIN_CREATE_CQ = 0x05, ADMIN_IDENTIFY = 0x06,
	IO_FLUSH = 0x00, IO_WRITE = 0x01, IO_READ = 0x02, IO_DATASET = 0x09,
};
#define IDENTIFY_NAMESPACE 0u
#define IDENTIFY_CONTROLLER 1u
#define DATASET_DEALLOCATE 4u
#define STATUS_SPACE 0x81u	/* capacity exceeded (generic) */
#define STATUS_READ_ONLY 0x20u	/* namespace is write protected */

struct command {
	uint32_t dw0, nsid, dw2, dw3;
	uint64_t metadata, prp1, prp2;
	uint32_t dw10, dw11, dw12, dw13, dw14, dw15;
};
struct completion { uint32_t result, reserved, queue, status; };
struct range { uint32_t attributes, nblocks; uint64_t start; };

struct queue {
	struct command *commands;
	volatile struct completion *completions;
	uint32_t index, tail, head;
	bool phase;
};

struct slot {
	struct drv_block_request *rq;
	struct slot *next;
	uint64_t *list;		/* LIST_BYTES; a discard's range */
};

struct controller {
	volatile uint8_t *registers;
	uint16_t bdf;
	uint32_t unit, stride, max_sectors;
	bool is_dead, has_cache, can_discard;
	struct drv_lock lock;
	struct queue admin, io;
	uint8_t *page;		/* what IDENTIFY answers */
	struct slot slots[NSLOTS], *free;
	char serial[24], model[48];
	uint32_t nnamespaces;
	struct namespace *namespaces[MAX_NAMESPACES];
};

struct namespace {
	struct drv_block block;
	struct controller *controller;
	uint32_t id, shift;	/* sectors in a block, as a shift */
};

static uint32_t units;	/* that are in use, by bit */

static uint32_t read32(const struct controller *c, enum reg r)
{
	return *(volatile uint32_t *)(c->registers + r);
}

static void write32(struct controller *c, enum reg r, uint32_t v)
{
	*(volatile uint32_t *)(c->registers + r) = v;
}

static void write64(struct controller *c, enum reg r, uint64_t v)
{
	write32(c, r, (uint32_t)v);
	write32(c, r + 4, (uint32_t)(v >> 32));
}

static void ring(struct controller *c, uint32_t doorbell, uint32_t value)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile uint32_t *)(c->registers + REG_DOORBELLS + doorbell * c->stride) = value;
}

static void enqueue(struct controller *c, struct queue *q, const struct command *command)
{
	q->commands[q->tail] = *command;
	q->tail = (q->tail + 1) % ENTRIES;
	ring(c, 2 * q->index, q->tail);
}

/* The next finished command. */
static bool dequeue(struct controller *c, struct queue *q, struct completion *out)
{
	volatile struct completion *next = &q->completions[q->head];

	if ((next->status >> 16 & 1) != q->phase)
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*out = *next;
	q->head = (q->head + 1) % ENTRIES;
	q->phase ^= !q->head;
	ring(c, 2 * q->index + 1, q->head);
	return true;
}

/* ---- starting a controller ---- */

static bool wait_ready(const struct controller *c, bool ready, uint64_t timeout_ns)
{
	uint64_t deadline = drv_clock_ns() + timeout_ns;
	uint32_t status;

	do {
		status = read32(c, REG_CSTS);
		if (status == GONE || (ready && (status & CSTS_FATAL)))
			return false;
		if ((status & CSTS_READY) == ready)
			return true;
	} while (drv_clock_ns() < deadline);
	return false;
}

/* Returns: 0 or -EIO. */
static int admin(struct controller *c, const struct command *command)
{
	uint64_t deadline = drv_clock_ns() + ADMIN_TIMEOUT_NS;
	struct completion done;

	enqueue(c, &c->admin, command);
	while (!dequeue(c, &c->admin, &done)) {
		if (drv_clock_ns() > deadline)
			return -EIO;
	}
	return done.status >> 17 ? -EIO : 0;
}

static void queue_reset(struct queue *q)
{
	memset(q->commands, 0, PAGE);
	memset((void *)q->completions, 0, PAGE);
	q->tail = q->head = 0;
	q->phase = true;
}

static int queue_create(struct queue *q, uint32_t index)
{
	q->index = index;
	q->commands = drv_alloc(PAGE);
	q->completions = drv_alloc(PAGE);
	return q->commands && q->completions ? 0 : -ENOMEM;
}

static int create_io_queues(struct controller *c)
{
	const uint32_t size = (ENTRIES - 1) << 16 | 1;
	const struct command completion = {
		.dw0 = ADMIN_CREATE_CQ, .prp1 = drv_dma_address((void *)c->io.completions), .dw10 = size, .dw11 = 3,
	}, submission = {
		.dw0 = ADMIN_CREATE_SQ, .prp1 = drv_dma_address(c->io.commands), .dw10 = size, .dw11 = 1 << 16 | 1,
	};
	int err = admin(c, &completion);

	return err ? err : admin(c, &submission);
}

/* From any state to one that takes commands. */
static uint64_t timeout_of(const struct controller *c)
{
	return ((read32(c, REG_CAP) >> 24) + 1) * TIMEOUT_UNIT_NS;
}

/* From its return on the device touches no memory. Returns: false if it does not say so. */
static bool stop(struct controller *c)
{
	write32(c, REG_CC, 0);
	return wait_ready(c, false, timeout_of(c));
}

static int start(struct controller *c)
{
	if (!stop(c))
		return -EIO;
	queue_reset(&c->admin);
	queue_reset(&c->io);
	write32(c, REG_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	write64(c, REG_ASQ, drv_dma_address(c->admin.commands));
	write64(c, REG_ACQ, drv_dma_address((void *)c->admin.completions));
	write32(c, REG_CC, CC_ENABLE);
	if (!wait_ready(c, true, timeout_of(c)))
		return -EIO;
	return create_io_queues(c);
}

/* ---- requests ---- */

/* The pages of @rq for @command. -EINVAL: they have gaps that pages cannot say. */
static int set_pages(struct slot *s, const struct drv_block_request *rq, struct command *command)
{
	uint32_t npages = 0;

	for (uint32_t i = 0; i < rq->nsegments; i++) {
		uint64_t at = rq->segments[i].phys, end = at + rq->segments[i].len;

		if (i && (at % PAGE || (rq->segments[i - 1].phys + rq->segments[i - 1].len) % PAGE))
			return -EINVAL;
		for (; at < end; at = (at & ~(uint64_t)(PAGE - 1)) + PAGE) {
			if (npages == MAX_PAGES)
				return -EINVAL;
			if (!npages)
				command->prp1 = at;
			else
				s->list[npages - 1] = at;
			npages++;
		}
	}
	if (npages == 2)
		command->prp2 = s->list[0];
	else if (npages > 2)
		command->prp2 = drv_dma_address(s->list);
	return 0;
}

static int make(const struct namespace *n, struct slot *s, const struct drv_block_request *rq, struct command *command)
{
	uint64_t start = rq->sector >> n->shift;
	uint32_t nblocks = (uint32_t)(rq->nsectors >> n->shift);
	struct range *range;

	command->nsid = n->id;
	switch (rq->op) {
	case DRV_BLOCK_FLUSH:
		command->dw0 = IO_FLUSH;
		return 0;
	case DRV_BLOCK_DISCARD:
		range = (struct range *)s->list;
		*range = (struct range){ .nblocks = nblocks, .start = start };
		command->dw0 = IO_DATASET;
		command->dw11 = DATASET_DEALLOCATE;
		command->prp1 = drv_dma_address(range);
		return 0;
	default:
		command->dw0 = rq->op == DRV_BLOCK_READ ? IO_READ : IO_WRITE;
		command->dw10 = (uint32_t)start;
		command->dw11 = (uint32_t)(start >> 32);
		command->dw12 = nblocks - 1;
		return set_pages(s, rq, command);
	}
}

static int submit(struct drv_block *b, struct drv_block_request *rq)
{
	struct namespace *n = b->driver;
	struct controller *c = n->controller;
	struct command command = { 0 };
	uint64_t flags = drv_lock_acquire(&c->lock);
	struct slot *s = c->free;
	int err = c->is_dead ? -ENODEV : s ? make(n, s, rq, &command) : -EAGAIN;

	if (!err) {
		c->free = s->next;
		s->rq = rq;
		command.dw0 |= (uint32_t)(s - c->slots) << 16;
		enqueue(c, &c->io, &command);
	}
	drv_lock_release(&c->lock, flags);
	return err;
}

/* Under the lock: @s is free again. Returns the request that it had, or NULL. */
static struct drv_block_request *take(struct controller *c, struct slot *s)
{
	struct drv_block_request *rq = s->rq;

	if (!rq)
		return NULL;
	s->rq = NULL;
	s->next = c->free;
	c->free = s;
	return rq;
}

static int error_of(uint32_t status)
{
	switch (status & 0x7ff) {
	case 0:
		return 0;
	case STATUS_SPACE:
		return -ENOSPC;
	case STATUS_READ_ONLY:
		return -EROFS;
	default:
		return -EIO;
	}
}

static void interrupt(void *context)
{
	struct controller *c = context;
	uint64_t flags = drv_lock_acquire(&c->lock);
	struct completion done;

	while (!c->is_dead && dequeue(c, &c->io, &done)) {
		uint32_t id = done.status & 0xffff;
		struct drv_block_request *rq = id < NSLOTS ? take(c, &c->slots[id]) : NULL;

		if (!rq)
			continue;
		drv_lock_release(&c->lock, flags);
		rq->done(rq, error_of(done.status >> 17));
		flags = drv_lock_acquire(&c->lock);
	}
	drv_lock_release(&c->lock, flags);
}

/* The device no longer touches anything: end what it was given. */
static void end_all(struct controller *c, int error)
{
	for (uint32_t i = 0; i < NSLOTS; i++) {
		uint64_t flags = drv_lock_acquire(&c->lock);
		struct drv_block_request *rq = take(c, &c->slots[i]);

		drv_lock_release(&c->lock, flags);
		if (rq)
			rq->done(rq, error);
	}
}

static void reset(struct drv_block *b)
{
	struct controller *c = ((struct namespace *)b->driver)->controller;
	uint64_t flags = drv_lock_acquire(&c->lock);
	int err;

	/* Nothing goes in or comes out meanwhile. */
	c->is_dead = true;
	drv_lock_release(&c->lock, flags);
	err = start(c);
	end_all(c, err ? -ENODEV : -EIO);
	c->is_dead = err;
	drv_log("nvme%u: reset%s", c->unit, err ? " failed" : "");
}

static void removed(void *context)
{
	struct controller *c = context;
	uint64_t flags = drv_lock_acquire(&c->lock);

	c->is_dead = true;
	drv_lock_release(&c->lock, flags);
	if (!stop(c))
		drv_log("nvme%u: does not stop", c->unit);
	end_all(c, -ENODEV);
	for (uint32_t i = 0; i < MAX_NAMESPACES; i++)
		if (c->namespaces[i] && c->namespaces[i]->block.io)
			drv_block_remove(&c->namespaces[i]->block);
	units &= ~(1u << c->unit);
}

static const struct drv_block_ops ops = { .submit = submit, .reset = reset };

/* ---- what there is ---- */

static void copy_text(char *to, const uint8_t *from, uint32_t n)
{
	while (n && (from[n - 1] == ' ' || !from[n - 1]))
		n--;
	memcpy(to, from, n);
	to[n] = '\0';
}

static uint64_t get(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static int identify(struct controller *c, uint32_t what, uint32_t nsid)
{
	const struct command command = { .dw0 = ADMIN_IDENTIFY, .nsid = nsid, .prp1 = drv_dma_address(c->page), .dw10 = what };

	memset(c->page, 0, PAGE);
	return admin(c, &command);
}

static int identify_controller(struct controller *c)
{
	int err = identify(c, IDENTIFY_CONTROLLER, 0);
	uint32_t transfer;

	if (err)
		return err;
	copy_text(c->serial, c->page + 4, 20);
	copy_text(c->model, c->page + 24, 40);
	transfer = c->page[77];
	c->max_sectors = transfer && transfer < 7 ? PAGE / 512 << transfer : MAX_SECTORS;
	c->nnamespaces = (uint32_t)get(c->page + 516, 4);
	c->can_discard = c->page[520] & 4;
	c->has_cache = c->page[525] & 1;
	return 0;
}

static void add_namespace(struct controller *c, uint32_t id)
{
	struct namespace *n;
	uint64_t nblocks;
	uint32_t shift;

	if (identify(c, IDENTIFY_NAMESPACE, id))
		return;
	nblocks = get(c->page, 8);
	shift = c->page[128 + 4 * (c->page[26] & 15) + 2];
	/* Not active, with metadata, or of blocks that we have no pages for. */
	if (!nblocks || shift < 9 || shift > 12 || get(c->page + 128 + 4 * (c->page[26] & 15), 2))
		return;
	n = drv_alloc(sizeof(*n));
	if (!n)
		return;
	n->controller = c;
	n->id = id;
	n->shift = shift - 9;
	n->block = (struct drv_block){
		.prefix = "nvme", .unit = c->unit, .nspace = id, .ops = &ops, .sectors = nblocks << n->shift,
		.block_bytes = 1u << shift, .physical_bytes = 1u << shift, .max_segments = MAX_PAGES, .max_sectors = c->max_sectors,
		.max_discard_sectors = 1u << 20, .is_cached = c->has_cache, .can_discard = c->can_discard, .driver = n,
	};
	memcpy(n->block.serial, c->serial, sizeof(c->serial));
	memcpy(n->block.model, c->model, sizeof(c->model));
	c->namespaces[id - 1] = n;
	if (drv_block_add(&n->block))
		drv_log("nvme%u: namespace %u is refused", c->unit, id);
}

static int create_slots(struct controller *c)
{
	uint8_t *lists = drv_alloc(NSLOTS * LIST_BYTES);

	if (!lists)
		return -ENOMEM;
	for (uint32_t i = 0; i < NSLOTS; i++) {
		c->slots[i].list = (uint64_t *)(lists + i * LIST_BYTES);
		c->slots[i].next = c->free;
		c->free = &c->slots[i];
	}
	return 0;
}

static int start_first(struct controller *c)
{
	int err = queue_create(&c->admin, 0);

	if (!err)
		err = queue_create(&c->io, 1);
	if (!err)
		err = create_slots(c);
	if (err)
		return err;
	c->page = drv_alloc(PAGE);
	c->registers = pci_map_bar(c->bdf, 0, REGISTER_BYTES);
	if (!c->page || !c->registers)
		return -ENOMEM;
	c->stride = 4u << (read32(c, REG_CAP + 4) & 15);
	err = pci_request_interrupt(c->bdf, interrupt, c);
	if (!err)
		err = start(c);
	return err ? err : identify_controller(c);
}

static void add_controller(uint16_t bdf, void *context)
{
	struct controller *c;
	int err;

	(void)context;
	if (pci_class(bdf) != CLASS_NVME || units == (1u << MAX_CONTROLLERS) - 1)
		return;
	c = drv_alloc(sizeof(*c));
	if (!c)
		return;
	c->bdf = bdf;
	c->unit = (uint32_t)__builtin_ctz(~units);
	units |= 1u << c->unit;
	drv_lock_init(&c->lock);
	pci_enable(bdf);
	err = start_first(c);
	/* What it has stays: the device may know addresses of it. */
	if (err) {
		drv_log("nvme%u: does not start: error %d", c->unit, -err);
		return;
	}
	for (uint32_t id = 1; id <= c->nnamespaces && id <= MAX_NAMESPACES; id++)
		add_namespace(c, id);
	drv_pci_watch(bdf, removed, c);
}

static int init(void)
{
	if (!drv_pci_present())
		return -ENODEV;
	drv_pci_for_each(add_controller, NULL);
	return units ? drv_pci_listen(add_controller, NULL) : -ENODEV;
}

DRIVER_ENTRY(nvme, init);
