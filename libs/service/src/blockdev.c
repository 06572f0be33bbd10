/* libs/service/src/blockdev.c: see service/blockdev.h. */
#include <service/blockdev.h>

#include <nucleus/nucleus.h>

static uint32_t id_of(const struct blockdev *dev)
{
	return (uint32_t)(uintptr_t)dev->context;
}

static int transfer(struct blockdev *dev, uint32_t op, uint64_t offset, uint64_t buffer, size_t len)
{
	int err = 0;

	for (size_t at = 0; at < len && !err; at += BLOCK_MAX_BYTES) {
		const struct block_call call = {
			.op = op, .device = id_of(dev), .offset = offset + at, .buffer = buffer + at,
			.len = len - at < BLOCK_MAX_BYTES ? len - at : BLOCK_MAX_BYTES,
		};

		err = nucleus_block(&call);
	}
	return err;
}

static int read_bytes(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	return transfer(dev, BLOCK_OP_READ, offset, (uintptr_t)buf, len);
}

static int write_bytes(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	return transfer(dev, BLOCK_OP_WRITE, offset, (uintptr_t)buf, len);
}

static int flush(struct blockdev *dev)
{
	const struct block_call call = { .op = BLOCK_OP_FLUSH, .device = id_of(dev) };

	return nucleus_block(&call);
}

static int discard(struct blockdev *dev, uint64_t offset, uint64_t len)
{
	const struct block_call call = { .op = BLOCK_OP_DISCARD, .device = id_of(dev), .offset = offset, .len = len };

	return nucleus_block(&call);
}

static const struct blockdev_ops ops = { .read = read_bytes, .write = write_bytes, .flush = flush, .discard = discard };

int service_blockdev(uint32_t id, struct blockdev *dev)
{
	struct block_info info;
	const struct block_call call = { .op = BLOCK_OP_INFO, .device = id, .buffer = (uintptr_t)&info };
	int err = nucleus_block(&call);

	if (err)
		return err;
	*dev = (struct blockdev){
		.ops = &ops, .context = (void *)(uintptr_t)id, .bytes = info.bytes, .block_bytes = info.block_bytes,
		.is_read_only = info.flags & BLOCK_READ_ONLY,
	};
	return 0;
}
