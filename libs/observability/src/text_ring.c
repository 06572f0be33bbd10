#include <string.h>

#include <observability/text_ring.h>

#define DROPPED_BYTES (sizeof(TEXT_RING_DROPPED_LINE) - 1)

static char byte_at(const struct text_ring *ring, uint64_t at)
{
	return ring->buf[at % ring->size];
}

/* Where the line after the one at @at starts. */
static uint64_t next_line(const struct text_ring *ring, uint64_t at)
{
	while (at < ring->end && byte_at(ring, at++) != '\n')
		;
	return at;
}

/* Copy in at most two runs, around the buffer's end. */
static void copy_in(struct text_ring *ring, const char *bytes, size_t len)
{
	size_t offset = ring->end % ring->size;
	size_t run = len < ring->size - offset ? len : ring->size - offset;

	memcpy(ring->buf + offset, bytes, run);
	memcpy(ring->buf, bytes + run, len - run);
	ring->end += len;
}

static void copy_out(const struct text_ring *ring, uint64_t at, char *bytes, size_t len)
{
	size_t offset = at % ring->size;
	size_t run = len < ring->size - offset ? len : ring->size - offset;

	memcpy(bytes, ring->buf + offset, run);
	memcpy(bytes + run, ring->buf, len - run);
}

void text_ring_init(struct text_ring *ring, char *buf, size_t size)
{
	*ring = (struct text_ring){ .buf = buf, .size = size };
}

void text_ring_append(struct text_ring *ring, const char *line, size_t len)
{
	if (len > ring->size) {
		ring->has_dropped = true;
		return;
	}
	while (len > ring->size - (size_t)(ring->end - ring->start)) {
		ring->start = next_line(ring, ring->start);
		ring->has_dropped = true;
	}
	copy_in(ring, line, len);
}

size_t text_ring_snapshot(const struct text_ring *ring, char *buf, size_t cap)
{
	uint64_t at = ring->start;
	bool has_dropped = ring->has_dropped;
	size_t len = 0;

	while (ring->end - at + (has_dropped ? DROPPED_BYTES : 0) > cap) {
		if (at == ring->end)
			return 0;
		at = next_line(ring, at);
		has_dropped = true;
	}
	if (has_dropped) {
		memcpy(buf, TEXT_RING_DROPPED_LINE, DROPPED_BYTES);
		len = DROPPED_BYTES;
	}
	copy_out(ring, at, buf + len, (size_t)(ring->end - at));
	return len + (size_t)(ring->end - at);
}
