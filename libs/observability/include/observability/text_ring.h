/* observability/text_ring.h: the last lines of a log in a buffer of fixed size.
 *
 * Lines come and go whole. Once any has been dropped, a snapshot starts with a line that
 * says so. Locking is the caller's; nothing allocates.
 */
#ifndef OBSERVABILITY_TEXT_RING_H
#define OBSERVABILITY_TEXT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_RING_DROPPED_LINE "lvl=warn cat=debug msg=\"oldest logs dropped\"\n"

struct text_ring {
	char *buf;
	size_t size;
	uint64_t start; /* counted in bytes ever appended; the buffer is indexed modulo size */
	uint64_t end;
	bool has_dropped;
};

/* @buf must outlive the ring; @size is not 0. */
void text_ring_init(struct text_ring *ring, char *buf, size_t size);

/* Append @line, which ends with its only newline, dropping the oldest lines for it. A line
 * longer than the ring is dropped itself. */
void text_ring_append(struct text_ring *ring, const char *line, size_t len);

/* Copy the newest lines that fit into @cap bytes, whole and in order.
 * Returns: the bytes written; no NUL. */
size_t text_ring_snapshot(const struct text_ring *ring, char *buf, size_t cap);

#endif
