/* kernel/io-manager/src/mem_devices.c: /dev/null, zero, full, random, urandom, kmsg. */
#include <errno.h>
#include <linux/fs.h>

#include <hal/entropy.h>
#include <mm/heap.h>
#include <mm/object.h>
#include <nucleus/log.h>

#include "device.h"

#define MINOR_NULL 3u
#define MINOR_ZERO 5u
#define MINOR_FULL 7u
#define MINOR_RANDOM 8u
#define MINOR_URANDOM 9u
#define MINOR_KMSG 11u

#define KMSG_BYTES (128u << 10)
#define KMSG_LINE_BYTES 1024u
#define ZERO_MAP_BYTES (1ull << 46)	/* no page exists before it is touched */

static int64_t null_read(struct io_request *rq)
{
	return 0;
}

static int64_t null_write(struct io_request *rq)
{
	uint64_t n = rq->vector.left;

	io_vector_advance(&rq->vector, n);
	return (int64_t)n;
}

static int64_t null_seek(struct file *f, int64_t offset, int whence)
{
	return 0;
}

static int64_t zero_read(struct io_request *rq)
{
	static const uint8_t zeroes[PAGE_SIZE];
	uint64_t done = 0;
	int err = 0;

	while (rq->vector.left) {
		size_t want = MIN(rq->vector.left, sizeof(zeroes)), n = io_copy_to(&rq->vector, zeroes, want, &err);

		done += n;
		if (n < want)
			break;
		sched_cond_resched();
	}
	return done ? (int64_t)done : err;
}

static int zero_map(struct file *f, uint32_t prot, bool shared, struct mm_object **out)
{
	return mm_object_create(ZERO_MAP_BYTES, shared ? MM_OBJECT_SHMEM : 0, out);
}

static int64_t full_write(struct io_request *rq)
{
	return -ENOSPC;
}

static int64_t random_read(struct io_request *rq)
{
	uint8_t bytes[256];
	uint64_t done = 0;
	int err = 0;

	while (rq->vector.left) {
		size_t want = MIN(rq->vector.left, sizeof(bytes)), n;

		kernel_random_bytes(bytes, want);
		n = io_copy_to(&rq->vector, bytes, want, &err);
		done += n;
		if (n < want)
			break;
		sched_cond_resched();
	}
	__builtin_memset(bytes, 0, sizeof(bytes));
	return done ? (int64_t)done : err;
}

static int64_t random_seek(struct file *f, int64_t offset, int whence)
{
	return whence == SEEK_SET || whence == SEEK_CUR ? 0 : -EINVAL;
}

/* The log as it is now, as one text; what is written becomes a line of it. */
static int64_t kmsg_read(struct io_request *rq)
{
	char *text = kmalloc(KMSG_BYTES, HEAP_NOZERO);
	int64_t done = 0;
	size_t len;
	int err = 0;

	if (!text)
		return -ENOMEM;
	len = log_snapshot(text, KMSG_BYTES);
	if (rq->offset < len) {
		done = (int64_t)io_copy_to(&rq->vector, text + rq->offset, len - rq->offset, &err);
		if (!done)
			done = err;
	}
	kfree(text);
	return done;
}

static int64_t kmsg_write(struct io_request *rq)
{
	uint64_t total = rq->vector.left;
	char line[KMSG_LINE_BYTES];
	size_t n;
	int err = 0;

	n = io_copy_from(&rq->vector, line, sizeof(line) - 1, &err);
	if (!n)
		return err;
	while (n && line[n - 1] == '\n')
		n--;
	line[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if ((uint8_t)line[i] < ' ')
			line[i] = ' ';
	}
	log_ratelimited(LOG_INFO, CONSOLE, "%s", line);
	io_vector_advance(&rq->vector, rq->vector.left);
	return (int64_t)total;
}

int64_t device_seek(struct file *f, int64_t offset, int whence)
{
	int64_t target;

	mutex_lock(&f->position_lock);
	target = whence == SEEK_CUR ? (int64_t)(f->offset + (uint64_t)offset) : offset;
	if ((whence != SEEK_SET && whence != SEEK_CUR) || target < 0)
		target = -EINVAL;
	else
		f->offset = (uint64_t)target;
	mutex_unlock(&f->position_lock);
	return target;
}

static const struct file_ops null_ops = {
	.name = "null", .read = null_read, .write = null_write, .seek = null_seek,
};
static const struct file_ops zero_ops = {
	.name = "zero", .read = zero_read, .write = null_write, .seek = null_seek, .map = zero_map,
};
static const struct file_ops full_ops = {
	.name = "full", .read = zero_read, .write = full_write, .seek = null_seek,
};
static const struct file_ops random_ops = {
	.name = "random", .read = random_read, .write = null_write, .seek = random_seek,
};
static const struct file_ops kmsg_ops = {
	.name = "kmsg", .read = kmsg_read, .write = kmsg_write, .seek = device_seek,
};

static const struct file_ops *const mem_devices[] = {
	[MINOR_NULL] = &null_ops, [MINOR_ZERO] = &zero_ops, [MINOR_FULL] = &full_ops,
	[MINOR_RANDOM] = &random_ops, [MINOR_URANDOM] = &random_ops, [MINOR_KMSG] = &kmsg_ops,
};

int mem_device_open(uint32_t minor, uint32_t flags, struct file **out)
{
	if (minor >= ARRAY_SIZE(mem_devices) || !mem_devices[minor])
		return -ENXIO;
	return file_create(mem_devices[minor], flags, NULL, out);
}
